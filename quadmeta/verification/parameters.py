"""Parameters of a statement: each range is declared once; drawing, shrinking and validation read
it.

An instance is a mapping from parameter names to a ``Fraction``, an ``int`` or a tuple of
``Fraction``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Any

from quadmeta._validate import show

Instance = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A real or whole number, or a vector of them, within [low, high] (``open``: low itself
    excluded).
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
    step_size: bool = False
    """Unit 1/eigenvalue: drawn on the scale of the instance's eigenvalues, and at its kinks."""
    reach: int = 8
    """Largest offset from ``low``, or from 0 where that is None, that is drawn."""

    def read(self, name: str, value: Any) -> Any:
        """The value as Fraction, int or tuple of Fractions, if it lies in the range."""
        if self.axis:
            return tuple(self._one(f"{name}[{i}]", entry) for i, entry in enumerate(value))
        return self._one(name, value)

    def _one(self, name: str, value: Any) -> Any:
        number = Fraction(value)
        inside = self.low is None or (number > self.low if self.open else number >= self.low)
        if (
            not inside
            or (self.high is not None and number > self.high)
            or (self.whole and number.denominator > 1)
        ):
            raise ValueError(f"{name} = {show(value)} must lie in {self}: pass another instance")
        if self.whole:
            return int(number)
        return number

    def draw(self, random: Random, length: int) -> Any:
        """A value of small numerator and denominator inside the range."""
        if self.axis:
            return tuple(self._draw(random) for _ in range(length))
        return self._draw(random)

    def _draw(self, random: Random) -> Any:
        if self.low is None:
            low = Fraction(-self.reach)
        else:
            low = self.low
        span = Fraction(2 * self.reach if self.low is None else self.reach)
        if self.high is None:
            span = span
        else:
            span = min(span, self.high - low)
        if self.whole:
            denominator = 1
        else:
            denominator = random.randint(1 if span >= 1 else ceil(1 / span), 5)
        # no draw is thrown away: the generator may be one that shrinks, or the coordinates of a
        # point
        number = low + Fraction(
            random.randint(int(self.open), floor(span * denominator)), denominator
        )
        if self.whole:
            return int(number)
        return number

    def __str__(self) -> str:
        if self.open or self.low is None:
            left = "("
        else:
            left = "["
        right = ")" if self.high is None else "]"
        if self.whole:
            return f"{{{self.low}, {int(self.low or 0) + 1}, ...}}"
        return f"{left}{'-inf' if self.low is None else self.low}, {'inf' if self.high is None else self.high}{right}"


EIGENVALUES = Parameter(r"\lambda_i", open=True, axis="d")
WEIGHTS = Parameter(r"\omega_i", open=True, axis="d")
"""Spectral weights omega_i = lambda_i c_i^2 / 2 of active modes."""
ENERGY = Parameter(r"c_i^2", open=True, axis="d")
"""Squared components of w_0 - w_*: squares, so that a unit start is a point with rational
coordinates.
"""
STEP_SIZE = Parameter(r"\eta", step_size=True, reach=4)
STEPS = Parameter("T", low=Fraction(1), whole=True, reach=6)


def draw(domain: Mapping[str, Parameter], random: Random) -> Instance:
    """One random instance; a step size is p/q on the scale of 1/L or 1/mu, or 1/lambda_i, 2/L,
    2/(L + mu) exactly.
    """
    axes = {p.axis: random.choice((1, 2, 2, 3, 3, 4)) for p in domain.values() if p.axis}
    x = {name: p.draw(random, axes.get(p.axis, 1)) for name, p in domain.items()}
    lam = next(
        (value for name, value in x.items() if name.startswith("eigenvalues")), (Fraction(1),)
    )
    kinks = [*(1 / v for v in lam), 2 / max(lam), 2 / (max(lam) + min(lam))]
    for name in (name for name, p in domain.items() if p.step_size):
        x[name] = (
            random.choice(kinks)
            if random.random() < 0.3
            else x[name] / random.choice((max(lam), min(lam)))
        )
    return x


def size(x: Instance) -> int:
    """How long an instance is to read: the sum of all numerators and denominators."""
    numbers = [
        entry for value in x.values() for entry in (value if isinstance(value, tuple) else (value,))
    ]
    return sum(abs(q.numerator) + q.denominator for q in map(Fraction, numbers))


def simpler(domain: Mapping[str, Parameter], x: Instance) -> Iterator[Instance]:
    """Instances one change away with smaller numbers: a dimension less, or one number replaced by
    a simpler one.
    """
    for axis in {p.axis: None for p in domain.values() if p.axis}:
        along = [name for name, p in domain.items() if p.axis == axis]
        for i in range(len(x[along[0]])):
            if len(x[along[0]]) > 1:
                yield {**x, **{name: x[name][:i] + x[name][i + 1 :] for name in along}}
    for name, p in domain.items():
        if p.axis:
            for i, entry in enumerate(x[name]):
                yield from (
                    {**x, name: x[name][:i] + (q,) + x[name][i + 1 :]} for q in _below(p, entry)
                )
        else:
            yield from ({**x, name: q} for q in _below(p, x[name]))


def _below(p: Parameter, value: Any) -> list[Any]:
    """Simpler numbers in the range: small whole ones, the nearest of smaller denominators,
    neighbours.
    """
    q = Fraction(value)
    if p.whole:
        return [k for k in range(int(p.low or 0), int(q))]
    near = [q.limit_denominator(k) for k in range(1, min(q.denominator, 12))]
    cut = [
        Fraction(n, m)
        for n, m in (
            (q.numerator - 1, q.denominator),
            (q.numerator // 2, q.denominator),
            (q.numerator, max(1, q.denominator - 1)),
            (q.numerator + 1, q.denominator),
        )
    ]
    small = [Fraction(n) for n in ("0", "1", "2", "3", "1/2", "3/2", "1/3", "2/3", "1/4", "3/4")]
    result = [
        c
        for c in [*small, *near, *cut]
        if abs(c.numerator) + c.denominator < abs(q.numerator) + q.denominator
    ]
    return [
        c
        for c in result
        if (p.low is None or c > p.low or (c == p.low and not p.open))
        and (p.high is None or c <= p.high)
    ]
