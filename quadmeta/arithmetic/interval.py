"""Outward-rounded intervals: the set {f(x, y) : x in X, y in Y} lies inside f(X, Y), in float64
with no exception.

A sum knows its rounding error exactly (Knuth's two-sum) and moves an end only when it was rounded;
products, quotients and powers by squaring move each end by one ``np.nextafter``, not across a zero
that the signs exclude. Library functions such as exp or power are not correctly rounded and are
therefore never used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
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
    def _enclosing(cls, lower: Array, upper: Array) -> "Interval":
        """The result of an operation, whose new ends need no check and no copy."""
        found = object.__new__(cls)
        for name, end in (("lower", np.asarray(lower)), ("upper", np.asarray(upper))):
            end.setflags(write=False)
            object.__setattr__(found, name, end)
        return found

    @classmethod
    def _operand(cls, x: object) -> "Interval | None":
        if type(x) is cls:
            return x
        if type(x) is Fraction:
            return cls._enclosing(*_around_fraction(x))
        if isinstance(x, (cls, Real, np.ndarray, np.generic, list)):
            return cls.of(x)
        return None

    def _show(self, k: int) -> str:
        return f"[{float(self.lower.flat[k])!r}, {float(self.upper.flat[k])!r}]"

    def __add__(self, other: Arithmetic) -> "Interval":
        if (b := self._operand(other)) is None:
            return NotImplemented
        with np.errstate(all="ignore"):
            return self._enclosing(_sum_below(self.lower, b.lower), _sum_above(self.upper, b.upper))

    def __mul__(self, other: Arithmetic) -> "Interval":
        if (b := self._operand(other)) is None:
            return NotImplemented
        with np.errstate(all="ignore"):
            return self._enclosing(*_product(self, b))

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
            return self._enclosing(_power(size.lower, n, _down), _power(size.upper, n, _up))
        return self._enclosing(
            np.where(self.lower < 0, -_power(-self.lower, n, _up), _power(self.lower, n, _down)),
            np.where(self.upper < 0, -_power(-self.upper, n, _down), _power(self.upper, n, _up)),
        )

    def __neg__(self) -> "Interval":
        return self._enclosing(-self.upper, -self.lower)

    def __abs__(self) -> "Interval":
        return self._enclosing(
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
        with np.errstate(all="ignore"):
            return _sum_above(self.upper, -self.lower)

    @property
    def midpoint(self) -> Array:
        """A finite float64 number inside, in the middle up to rounding (infinite ends count as the
        largest float).
        """
        lower = np.maximum(self.lower, -LARGEST)
        upper = np.minimum(self.upper, LARGEST)
        return np.clip(lower / 2 + upper / 2, lower, upper)


def _down(x: Array) -> Array:
    """The float64 number below; the caller mutes numpy, here and in ``_up``."""
    return np.nextafter(x, -np.inf)


def _up(x: Array) -> Array:
    return np.nextafter(x, np.inf)


def _sum_below(x: Array, y: Array) -> Array:
    """A lower bound of x + y."""
    total, error = _two_sum(x, y)
    return np.where(error >= 0, total, _down(total))


def _sum_above(x: Array, y: Array) -> Array:
    """An upper bound of x + y."""
    total, error = _two_sum(x, y)
    return np.where(error <= 0, total, _up(total))


def _two_sum(x: Array, y: Array) -> tuple[Array, Array]:
    """x + y in float64 and exactly what that leaves out, NaN after an overflow; the caller mutes
    numpy.
    """
    total = x + y
    part = total - x
    error = (x - (total - part)) + (y - part)
    return total, np.where(np.isfinite(error), error, np.nan)


def _rounded(value: Array, sign: Array) -> tuple[Array, Array]:
    """Lower and upper bound of a number that was rounded to ``value`` and whose sign is known."""
    with np.errstate(all="ignore"):
        below = _down(value)
        above = _up(value)
    return (
        np.where(sign < 0, below, np.maximum(below, 0.0)),
        np.where(sign > 0, above, np.minimum(above, 0.0)),
    )


def _product(a: Interval, b: Interval) -> tuple[Array, Array]:
    """The ends of a b, with 0 * inf = 0; the caller mutes numpy.

    One step outward from the least and the greatest product of two ends. An end that is 0 there is
    rounded only if the product is not 0: if a pair of numbers has signs that put it beyond 0.
    """
    ends = (b.lower,) if b.lower is b.upper else (b.lower, b.upper)
    others = (a.lower,) if a.lower is a.upper else (a.lower, a.upper)
    products = [x * y for x in others for y in ends]
    least = greatest = products[0]
    for product in products[1:]:
        least = np.minimum(least, product)
        greatest = np.maximum(greatest, product)
    if np.isnan(least).any():
        products = [np.where(np.isnan(product), 0.0, product) for product in products]
        least = np.minimum.reduce(products)
        greatest = np.maximum.reduce(products)
    lower = _down(least)
    upper = _up(greatest)
    if not least.all():
        negative = ((a.lower < 0) & (b.upper > 0)) | ((a.upper > 0) & (b.lower < 0))
        lower = np.where(negative, lower, np.maximum(lower, 0.0))
    if not greatest.all():
        positive = ((a.lower < 0) & (b.lower < 0)) | ((a.upper > 0) & (b.upper > 0))
        upper = np.where(positive, upper, np.minimum(upper, 0.0))
    return lower, upper


def _over(x: Array, y: Array, side: Array) -> tuple[Array, Array]:
    """Lower and upper bound of x / y for y on the given side of zero, with 0 / 0 = inf / inf = 0
    (limits cover it).
    """
    with np.errstate(all="ignore"):
        quotient = x / y
    return _rounded(np.where(np.isnan(quotient), 0.0, quotient), np.sign(x) * side)


def _power(x: Array, n: int, outward: Callable[[Array], Array]) -> Array:
    """A bound of x**n for x >= 0 and n >= 1, by squaring (entries x < 0 are not used)."""
    x = np.maximum(x, 0.0)
    found = x
    with np.errstate(all="ignore"):
        for bit in bin(n)[3:]:
            found = np.where(found == 0, 0.0, np.maximum(outward(found * found), 0.0))
            if bit == "1":
                found = np.where(found == 0, 0.0, np.maximum(outward(found * x), 0.0))
    return found


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


@lru_cache(1024)  # the constants of a formula come again and again
def _around_fraction(x: Fraction) -> tuple[Array, Array]:
    """The neighbouring float64 numbers around x, the same array twice where x is one."""
    nearest = _nearest(x)
    end = np.array(nearest)
    if np.isinf(nearest):
        above = np.sign(nearest)
    else:
        top, bottom = nearest.as_integer_ratio()
        above = top * x.denominator - x.numerator * bottom
    with np.errstate(all="ignore"):
        if above == 0:
            return end, end
        if above < 0:
            return end, _up(end)
        return _down(end), end


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
    with np.errstate(all="ignore"):
        below = _down(nearest)
        above = _up(nearest)
    return np.where(nearest <= exact, nearest, below), np.where(nearest >= exact, nearest, above)
