"""Parameters of a statement: each range is declared once; drawing, shrinking and validation read
it.

An instance is a mapping from parameter names to a ``Fraction``, an ``int`` or a tuple of
``Fraction``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from random import Random
from typing import Any, Protocol, TypeAlias

from quadmeta._types import Arithmetic
from quadmeta._validate import show
from quadmeta.certificates.quick import Quick, quick, reduced, slow

Number: TypeAlias = Fraction | int
Value: TypeAlias = Number | tuple[Fraction, ...]
Instance: TypeAlias = Mapping[str, Any]
"""An instance as it is drawn and kept: each ``Value`` by the name of its parameter."""
Values: TypeAlias = Mapping[str, Any]
"""An instance as statements compute with it: its vectors are object arrays, and its numbers may be
traced ones or intervals instead of fractions.
"""


class Quantity(Arithmetic, Protocol):
    """A number of a statement, or an array of them: a fraction, an interval, a traced number."""

    def __abs__(self) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...


@dataclass(frozen=True)
class Parameter:
    """A real or whole number, or a vector of them, within [low, high]
    (``open``: low itself excluded).

    Examples
    --------
    >>> Parameter(r"\\gamma", high=Fraction(1), open=True).read("gamma", "3/4")
    Fraction(3, 4)
    """

    symbol: str
    low: Fraction | None = Fraction(0)
    """None: unbounded."""
    high: Fraction | None = None
    """None: unbounded."""
    open: bool = False
    whole: bool = False
    axis: str = ""
    """Vectors along one axis have equal length; "" is a single number."""
    spectrum: bool = False
    """Eigenvalues: the first such vector of a domain is the scale of its step sizes."""
    step_size: bool = False
    """Unit 1/eigenvalue: drawn on the scale of the instance's eigenvalues, and at its kinks."""
    reach: int = 8
    """Largest offset from ``low``, or from 0 where that is None, that is drawn."""

    def read(self, name: str, value: Any) -> Any:
        """The value as Fraction, int or tuple of Fractions, if it lies in the range.

        Raises
        ------
        ValueError
            it is no number, or outside.
        """
        if self.axis:
            return tuple(self._one(f"{name}[{i}]", entry) for i, entry in enumerate(value))
        return self._one(name, value)

    def _one(self, name: str, value: Any) -> Number:
        number = Fraction(value)
        if not self._holds(number) or (self.whole and number.denominator > 1):
            raise ValueError(f"{name} = {show(value)} must lie in {self}: pass another instance")
        return self._kind(number)

    def _holds(self, number: Number) -> bool:
        """Whether the number lies in the range."""
        if self.low is not None and (number < self.low or (self.open and number == self.low)):
            return False
        return self.high is None or number <= self.high

    def _kind(self, number: Fraction) -> Number:
        """An int where the parameter is a whole number."""
        if self.whole:
            return int(number)
        return number

    def draw(self, random: Random, length: int) -> Any:
        """A value of small numerator and denominator inside the range."""
        if self.axis:
            return tuple(self._draw(random) for _ in range(length))
        return self._draw(random)

    def _draw(self, random: Random) -> Number:
        """low + k/n with n <= 5, at most ``reach`` away; on both sides of 0 where low is None."""
        low, span = self._drawn
        denominator = 1
        if not self.whole:
            # a short range needs a fine grid to hold a number at all
            denominator = random.randint(-(-span.denominator // span.numerator), 5)
        # no draw is thrown away: the generator may be one that shrinks, or the coordinates of a
        # point
        numerator = random.randint(int(self.open), span.numerator * denominator // span.denominator)
        top = low.numerator * denominator + numerator * low.denominator
        return self._kind(reduced(top, low.denominator * denominator))

    @cached_property
    def _drawn(self) -> tuple[Fraction, Fraction]:
        """From where on and how far numbers are drawn."""
        low = self.low
        span = Fraction(self.reach)
        if low is None:
            low = Fraction(-self.reach)
            span = 2 * span
        if self.high is not None:
            span = min(span, self.high - low)
        return Fraction(low), Fraction(span)

    def simpler(self, value: Number) -> list[Number]:
        """Shorter numbers in the range: small ones, the nearest of smaller denominators,
        neighbours.
        """
        q = Fraction(value)
        if self.whole:
            return list(range(int(self.low or 0), int(q)))
        near = [q.limit_denominator(k) for k in range(1, min(q.denominator, 12))]
        cut = [
            Fraction(q.numerator - 1, q.denominator),
            Fraction(q.numerator // 2, q.denominator),
            Fraction(q.numerator, max(1, q.denominator - 1)),
            Fraction(q.numerator + 1, q.denominator),
        ]
        shorter = [c for c in [*SMALL, *near, *cut] if _length(c) < _length(q)]
        return [c for c in shorter if self._holds(c)]

    def __str__(self) -> str:
        if self.whole:
            return f"{{{self.low}, {int(self.low or 0) + 1}, ...}}"
        if self.low is None:
            left = "(-inf"
        elif self.open:
            left = f"({self.low}"
        else:
            left = f"[{self.low}"
        if self.high is None:
            return f"{left}, inf)"
        return f"{left}, {self.high}]"


SMALL = tuple(map(Fraction, ("0", "1", "2", "3", "1/2", "3/2", "1/3", "2/3", "1/4", "3/4")))
"""What a counterexample is made of if it can be."""
EIGENVALUES = Parameter(r"\lambda_i", open=True, axis="d", spectrum=True)
WEIGHTS = Parameter(r"\omega_i", open=True, axis="d")
"""Spectral weights omega_i = lambda_i c_i^2 / 2 of active modes."""
ENERGY = Parameter(r"c_i^2", open=True, axis="d")
"""Squared components of w_0 - w_*: squares, so that a unit start is a point with rational
coordinates.
"""
STEP_SIZE = Parameter(r"\eta", step_size=True, reach=4)
STEPS = Parameter("T", low=Fraction(1), whole=True, reach=6)


def draw(domain: Mapping[str, Parameter], random: Random) -> Instance:
    """One random instance of ``Quick`` numbers; a step size is p/q on the scale of 1/L or 1/mu, or
    1/lambda_i, 2/L, 2/(L + mu) exactly.
    """
    axes = {p.axis: random.choice((1, 2, 2, 3, 3, 4)) for p in domain.values() if p.axis}
    x = {name: p.draw(random, axes.get(p.axis, 1)) for name, p in domain.items()}
    steps = [name for name, p in domain.items() if p.step_size]
    if not steps:
        return x
    spectra = [x[name] for name, p in domain.items() if p.spectrum]
    lam = spectra[0] if spectra else (Quick(1),)
    most = max(lam)
    least = min(lam)
    kinks = [*(1 / v for v in lam), 2 / most, 2 / (most + least)]
    for name in steps:
        if random.random() < 0.3:
            x[name] = random.choice(kinks)
        else:
            x[name] = x[name] / random.choice((most, least))
    return x


def quickly(x: Instance) -> Instance:
    """The instance for computations: its fractions as ``Quick``."""
    return {name: quick(value) for name, value in x.items()}


def plainly(x: Instance) -> Instance:
    """The instance to show and to keep: its fractions as those of the library."""
    return {name: slow(value) for name, value in x.items()}


def size(x: Instance) -> int:
    """How long an instance is to read: the sum of all numerators and denominators."""
    total = 0
    for value in x.values():
        entries = value if isinstance(value, tuple) else (value,)
        total += sum(map(_length, entries))
    return total


def _length(q: Number) -> int:
    return abs(q.numerator) + q.denominator


def simpler(domain: Mapping[str, Parameter], x: Instance) -> Iterator[Instance]:
    """Instances one change away with smaller numbers: a dimension less, or one number replaced by
    a simpler one.
    """
    for axis in {p.axis: None for p in domain.values() if p.axis}:
        along = [name for name, p in domain.items() if p.axis == axis]
        length = len(x[along[0]])
        for i in range(length if length > 1 else 0):
            yield {**x, **{name: x[name][:i] + x[name][i + 1 :] for name in along}}
    for name, p in domain.items():
        value = x[name]
        if p.axis:
            for i, entry in enumerate(value):
                yield from ({**x, name: (*value[:i], q, *value[i + 1 :])} for q in p.simpler(entry))
        else:
            yield from ({**x, name: q} for q in p.simpler(value))
