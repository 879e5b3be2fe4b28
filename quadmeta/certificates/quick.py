"""``Quick``: a ``Fraction`` whose own operations cost a third.

The library's fractions look up their method, their parts and their constructor again in each
operation, which takes longer than the arithmetic of short numbers. The values are the same, in
lowest terms.
"""

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from numbers import Number
from typing import Any

_blank = object.__new__


class Quick(Fraction):
    """A fraction for long computations; with an int or a fraction it gives a ``Quick``.

    Any other operand, and a power that is no whole number, is left to ``Fraction``.

    Examples
    --------
    >>> Quick(1, 2) + Fraction(1, 3) == Fraction(5, 6)
    True
    """

    __slots__ = ()
    # the slots themselves: the library's properties call a function
    numerator = Fraction._numerator  # type: ignore[attr-defined]
    denominator = Fraction._denominator  # type: ignore[attr-defined]

    def __neg__(self) -> "Quick":
        return lowest(-self.numerator, self.denominator)

    def __pos__(self) -> "Quick":
        return self

    def __abs__(self) -> "Quick":
        return lowest(abs(self.numerator), self.denominator)

    def __pow__(self, exponent: Any) -> Any:
        if not isinstance(exponent, int):
            return Fraction.__pow__(self, exponent)
        n = self.numerator
        d = self.denominator
        if exponent >= 0:
            return lowest(n**exponent, d**exponent)
        return _ratio(d**-exponent, n**-exponent)

    __hash__ = Fraction.__hash__


def lowest(n: int, d: int) -> Quick:
    """n/d for whole numbers without a common divisor, d > 0: neither is looked at."""
    x = _blank(Quick)
    x._numerator = n  # type: ignore[attr-defined]
    x._denominator = d  # type: ignore[attr-defined]
    return x


def reduced(n: int, d: int) -> Quick:
    """n/d for whole numbers with d > 0, which is not looked at."""
    common = gcd(n, d)
    return lowest(n // common, d // common)


def _ratio(n: int, d: int) -> Quick:
    """n/d without a common divisor; d of either sign."""
    if d > 0:
        return lowest(n, d)
    if d == 0:
        raise ZeroDivisionError(f"Fraction({n}, 0)")
    return lowest(-n, -d)


def _plus(a: int, b: int, c: int, d: int) -> Quick:
    """a/b + c/d."""
    # made as by ``lowest``, without the call
    x: Any = _blank(Quick)
    common = gcd(b, d)
    if common == 1:
        x._numerator = a * d + b * c
        x._denominator = b * d
        return x  # type: ignore[no-any-return]
    share = b // common
    total = a * (d // common) + c * share
    rest = gcd(total, common)
    if rest > 1:
        total //= rest
        d //= rest
    x._numerator = total
    x._denominator = share * d
    return x  # type: ignore[no-any-return]


def _minus(a: int, b: int, c: int, d: int) -> Quick:
    """a/b - c/d."""
    return _plus(a, b, -c, d)


def _times(a: int, b: int, c: int, d: int) -> Quick:
    """a/b times c/d."""
    first = gcd(a, d)
    if first > 1:
        a //= first
        d //= first
    second = gcd(c, b)
    if second > 1:
        c //= second
        b //= second
    x: Any = _blank(Quick)
    x._numerator = a * c
    x._denominator = b * d
    return x  # type: ignore[no-any-return]


def _over(a: int, b: int, c: int, d: int) -> Quick:
    """a/b divided by c/d."""
    first = gcd(a, c)
    if first > 1:
        a //= first
        c //= first
    second = gcd(b, d)
    if second > 1:
        b //= second
        d //= second
    return _ratio(a * d, b * c)


def _less(a: int, b: int, c: int, d: int) -> bool:
    return a * d < c * b


def _at_most(a: int, b: int, c: int, d: int) -> bool:
    return a * d <= c * b


def _more(a: int, b: int, c: int, d: int) -> bool:
    return a * d > c * b


def _at_least(a: int, b: int, c: int, d: int) -> bool:
    return a * d >= c * b


def _equal(a: int, b: int, c: int, d: int) -> bool:
    return a == c and b == d


class _Foreign(dict[type, bool]):
    """Whether a type is that of no number, such as an array: looked up once for each type."""

    def __missing__(self, kind: type) -> bool:
        self[kind] = not issubclass(kind, Number)
        return self[kind]


_foreign = _Foreign()


def _forward(rule: Callable[..., Any], library: Callable[..., Any]) -> Callable[..., Any]:
    def method(x: Any, y: Any) -> Any:
        kind = type(y)
        if kind is Quick or kind is Fraction:
            return rule(x._numerator, x._denominator, y._numerator, y._denominator)
        if kind is int:
            return rule(x._numerator, x._denominator, y, 1)
        if _foreign[kind] or isinstance(y, Fraction):
            # what is no number, and another kind of fraction, knows what becomes of both
            return NotImplemented
        return library(x, y)

    return _alone(method)


def _backward(rule: Callable[..., Any], library: Callable[..., Any]) -> Callable[..., Any]:
    def method(x: Any, y: Any) -> Any:
        kind = type(y)
        if kind is Fraction:
            return rule(y._numerator, y._denominator, x._numerator, x._denominator)
        if kind is int:
            return rule(y, 1, x._numerator, x._denominator)
        return library(x, y)

    return _alone(method)


def _alone(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method with code of its own: the interpreter adapts code to the functions that it calls,
    which for methods of the same code would be all rules by turns.
    """
    function: Any = method
    function.__code__ = function.__code__.replace()
    return method


for _name, _rule in (("add", _plus), ("sub", _minus), ("mul", _times), ("truediv", _over)):
    for _prefix, _side in (("", _forward), ("r", _backward)):
        _method = f"__{_prefix}{_name}__"
        setattr(Quick, _method, _side(_rule, getattr(Fraction, _method)))
for _name, _compare in (
    ("lt", _less),
    ("le", _at_most),
    ("gt", _more),
    ("ge", _at_least),
    ("eq", _equal),
):
    setattr(Quick, f"__{_name}__", _forward(_compare, getattr(Fraction, f"__{_name}__")))


def quick(x: Any) -> Any:
    """A fraction as ``Quick``, also in a tuple; anything else as it is."""
    if type(x) is Fraction:
        return lowest(x.numerator, x.denominator)
    if isinstance(x, tuple):
        return tuple(map(quick, x))
    return x


def slow(x: Any) -> Any:
    """The reverse of ``quick``: a plain ``Fraction``."""
    if type(x) is Quick:
        out: Any = _blank(Fraction)
        out._numerator = x.numerator
        out._denominator = x.denominator
        return out
    if isinstance(x, tuple):
        return tuple(map(slow, x))
    return x
