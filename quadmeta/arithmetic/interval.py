"""Outward-rounded intervals: the set {f(x, y) : x in X, y in Y} lies inside f(X, Y), in float64
with no exception.

A sum knows its rounding error exactly (Knuth's two-sum) and moves an end only when it was rounded;
products, quotients and powers by squaring move each end by one ``np.nextafter``, not across a zero
that the signs exclude. Library functions such as exp or power are not correctly rounded and are
therefore never used.
"""

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Operand
from quadmeta._validate import frozen, show, unrounded, whole
from quadmeta.arithmetic.container import Container, summed

LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True, eq=False, repr=False)
class Interval(Container):
    """An array of closed intervals [lower, upper] of real numbers; the ends may be infinite.

    Arithmetic ``+ - * /`` and integer powers enclose every real result. Comparisons are statements
    that are certain: ``a < b`` is true where every number of a is below every number of b, so that
    ``a < b`` and ``a >= b`` may both be false; ``a == b`` needs two equal single numbers, ``a !=
    b`` disjoint intervals. Division by an interval with zero inside gives (-inf, inf), with zero
    at an end the unbounded side of it. Ends that float64 does not hold are rounded outward.

    Raises
    ------
    ValueError
        NaN, lower > upper, or an interval that holds no real number.
    ZeroDivisionError
        a divisor [0, 0], or [0, 0] to a negative power.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from quadmeta import Interval
    >>> x = Interval.of(Fraction(1, 10)) + Fraction(2, 10)
    >>> bool(x.contains(Fraction(3, 10))), bool(x.width < 1e-15)
    (True, True)
    """

    lower: Array
    upper: Array

    if TYPE_CHECKING:
        # numbers and lists are taken too; the attributes are arrays
        def __init__(self, lower: Operand, upper: Operand) -> None: ...

    def __post_init__(self) -> None:
        lower, upper = _broadcast(_ends("lower", self.lower)[0], _ends("upper", self.upper)[1])
        if not ((lower <= upper) & (lower < np.inf) & (upper > -np.inf)).all():
            raise ValueError(
                f"lower = {show(self.lower)}, upper = {show(self.upper)} must be real numbers with "
                "lower <= upper: use Interval.hull for ends in any order"
            )
        object.__setattr__(self, "lower", frozen(lower))
        object.__setattr__(self, "upper", frozen(upper))

    @classmethod
    def of(cls, x: Operand) -> "Interval":
        """The tightest enclosure of x: floats have width zero; int, Fraction and mpf are rounded
        outward if at all.
        """
        if isinstance(x, cls):
            return x
        return cls(*_ends("x", x))

    @classmethod
    def hull(cls, a: Operand, b: Operand) -> "Interval":
        """The smallest intervals that hold a and b, which may be numbers (infinite ones too),
        arrays or intervals.
        """
        a_lower, a_upper = _ends("a", a)
        b_lower, b_upper = _ends("b", b)
        return cls(np.minimum(a_lower, b_lower), np.maximum(a_upper, b_upper))

    @property
    def _parts(self) -> tuple[Array, Array]:
        return self.lower, self.upper

    @classmethod
    def _operand(cls, x: object) -> "Interval | None":
        if isinstance(x, (cls, Real, np.ndarray, np.generic, list)):
            return cls.of(x)
        return None

    def _show(self, k: int) -> str:
        return f"[{float(self.lower.flat[k])!r}, {float(self.upper.flat[k])!r}]"

    def __add__(self, other: Arithmetic) -> "Interval":
        if (b := self._operand(other)) is None:
            return NotImplemented
        return Interval(_plus(self.lower, b.lower)[0], _plus(self.upper, b.upper)[1])

    def __mul__(self, other: Arithmetic) -> "Interval":
        if (b := self._operand(other)) is None:
            return NotImplemented
        return _around([_times(x, y) for x in (self.lower, self.upper) for y in (b.lower, b.upper)])

    def __truediv__(self, other: Arithmetic) -> "Interval":
        if (b := self._operand(other)) is None:
            return NotImplemented
        if ((b.lower == 0) & (b.upper == 0)).any():
            raise ZeroDivisionError(
                "division by the interval [0, 0]: remove the zero entries of the divisor"
            )
        inside = (b.lower < 0) & (b.upper > 0)
        # a zero end is approached from within: its sign is that of the other end
        side = np.where(b.upper > 0, 1.0, -1.0)
        ends = [np.where(end == 0, np.copysign(0.0, side), end) for end in (b.lower, b.upper)]
        quotient = _around([_over(x, y, side) for x in (self.lower, self.upper) for y in ends])
        return Interval(
            np.where(inside, -np.inf, quotient.lower), np.where(inside, np.inf, quotient.upper)
        )

    def __pow__(self, exponent: int | Array) -> "Interval":
        if not whole(exponent):
            raise ValueError(
                f"exponent = {show(exponent)} must be one integer: intervals have no other powers"
            )
        n = int(exponent)
        if n < 0:
            return 1 / self**-n
        if n == 0:
            return Interval(np.ones(self.shape), np.ones(self.shape))
        if n % 2 == 0:
            size = abs(self)
            return Interval(_power(size.lower, n)[0], _power(size.upper, n)[1])
        return Interval(
            *(
                np.where(end < 0, -_power(-end, n)[1 - k], _power(end, n)[k])
                for k, end in enumerate((self.lower, self.upper))
            )
        )

    def __neg__(self) -> "Interval":
        return Interval(-self.upper, -self.lower)

    def __abs__(self) -> "Interval":
        return Interval(
            np.maximum(0.0, np.maximum(self.lower, -self.upper)),
            np.maximum(-self.lower, self.upper),
        )

    def sum(self, axis: "int | None" = None) -> "Interval":
        """Sum over all entries or one axis, by halves."""
        axis = summed(axis, self.ndim)
        if axis is None:
            total = self.ravel()
        else:
            total = Interval(*(np.moveaxis(x, axis, 0) for x in (self.lower, self.upper)))
        while len(total) != 1:
            if len(total) % 2 or not len(total):
                pad = np.zeros((1,) + total.shape[1:])
                total = Interval(
                    np.concatenate([total.lower, pad]), np.concatenate([total.upper, pad])
                )
            else:
                total = total[::2] + total[1::2]
        return total[0]

    def __lt__(self, other: Arithmetic) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return self.upper < b.lower

    def __le__(self, other: Arithmetic) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return self.upper <= b.lower

    def __gt__(self, other: Arithmetic) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return self.lower > b.upper

    def __ge__(self, other: Arithmetic) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return self.lower >= b.upper

    def __eq__(self, other: object) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return (self <= b) & (self >= b)

    def __ne__(self, other: object) -> Any:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return (self < b) | (self > b)

    def __bool__(self) -> bool:
        raise ValueError(
            "the truth of an Interval is ambiguous: compare it, or its .lower and .upper, with a "
            "number"
        )

    def contains(self, x: Operand) -> Any:
        """Whether x lies inside, decided exactly for float, int, Fraction and mpf; a whole
        interval for Interval.
        """
        if isinstance(x, Interval):
            return (self.lower <= x.lower) & (x.upper <= self.upper)
        x = unrounded("x", x)
        return np.asarray((self.lower <= x) & (x <= self.upper), dtype=bool)[()]

    @property
    def width(self) -> Array:
        """upper - lower, rounded up."""
        return _plus(self.upper, -self.lower)[1]

    @property
    def midpoint(self) -> Array:
        """A finite float64 number inside, in the middle up to rounding (infinite ends count as the
        largest float).
        """
        lower = np.maximum(self.lower, -LARGEST)
        upper = np.minimum(self.upper, LARGEST)
        return np.clip(lower / 2 + upper / 2, lower, upper)


def _down(x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.nextafter(x, -np.inf)


def _up(x: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.nextafter(x, np.inf)


def _plus(x: Array, y: Array) -> tuple[Array, Array]:
    """Lower and upper bound of x + y."""
    with np.errstate(all="ignore"):
        total = x + y
        part = total - x
        # exactly x + y - total, and not finite only after an overflow
        error = (x - (total - part)) + (y - part)
        error = np.where(np.isfinite(error), error, np.nan)
    return np.where(error >= 0, total, _down(total)), np.where(error <= 0, total, _up(total))


def _rounded(value: Array, sign: Array) -> tuple[Array, Array]:
    """Lower and upper bound of a number that was rounded to ``value`` and whose sign is known."""
    return (
        np.where(sign < 0, _down(value), np.maximum(_down(value), 0.0)),
        np.where(sign > 0, _up(value), np.minimum(_up(value), 0.0)),
    )


def _times(x: Array, y: Array) -> tuple[Array, Array]:
    """Lower and upper bound of x y, with 0 * inf = 0."""
    with np.errstate(all="ignore"):
        return _rounded(np.where((x == 0) | (y == 0), 0.0, x * y), np.sign(x) * np.sign(y))


def _over(x: Array, y: Array, side: Array) -> tuple[Array, Array]:
    """Lower and upper bound of x / y for y on the given side of zero, with 0 / 0 = inf / inf = 0
    (limits cover it).
    """
    with np.errstate(all="ignore"):
        quotient = x / y
    return _rounded(np.where(np.isnan(quotient), 0.0, quotient), np.sign(x) * side)


def _power(x: Array, n: int) -> tuple[Array, Array]:
    """Lower and upper bound of x**n for x >= 0 and n >= 1, by squaring (entries x < 0 are not
    used).
    """
    lower = upper = x = np.maximum(x, 0.0)
    for bit in bin(n)[3:]:
        lower = _times(lower, lower)[0]
        upper = _times(upper, upper)[1]
        if bit == "1":
            lower = _times(lower, x)[0]
            upper = _times(upper, x)[1]
    return lower, upper


def _around(corners: "list[tuple[Array, Array]]") -> Interval:
    """The interval around the bounds of all four corners."""
    lowers, uppers = zip(*corners, strict=False)
    return Interval(
        np.minimum.reduce(np.broadcast_arrays(*lowers)),
        np.maximum.reduce(np.broadcast_arrays(*uppers)),
    )


def _broadcast(lower: Array, upper: Array) -> tuple[Array, Array]:
    if lower.shape == upper.shape:
        return lower, upper
    try:
        lower, upper = np.broadcast_arrays(lower, upper)
    except ValueError:
        raise ValueError(
            f"lower has shape {lower.shape}, upper {upper.shape}: pass shapes that broadcast"
        ) from None
    return lower, upper


def _nearest(x: Any) -> float:
    """float(x), infinite where it overflows."""
    try:
        with np.errstate(all="ignore"):
            return float(x)
    except OverflowError:
        return np.inf if x == abs(x) else -np.inf


def _ends(name: str, x: Operand) -> tuple[Array, Array]:
    """The neighbouring float64 numbers around x, equal where x is one."""
    if isinstance(x, Interval):
        return x.lower, x.upper
    exact = unrounded(name, x)
    nearest = exact
    if exact.dtype == object:
        nearest = np.array([_nearest(v) for v in exact.flat]).reshape(exact.shape)
    if np.isnan(nearest).any():
        raise ValueError(f"{name} = {show(x)} holds NaN: remove the entries that are not numbers")
    if nearest is exact:
        return exact, exact
    return np.where(nearest <= exact, nearest, _down(nearest)), np.where(
        nearest >= exact, nearest, _up(nearest)
    )
