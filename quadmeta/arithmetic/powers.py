"""Powers, geometric sums and complete homogeneous polynomials, without the cancellation of their
quotients.

    sum_{k<n} a^k b^(n-1-k) = (a^n - b^n) / (a - b),    h_n(x) = sum over |k| = n of x_1^k_1 ...
                                                        x_m^k_m.

Where a function is called polymorphic it uses + * and integer powers only and runs on float64,
int, Fraction, mpf, object arrays of these, SignLog and Interval. Every rounding error is then
relative to the same sum over magnitudes, because no formula here subtracts what its definition
does not: about 4 log2(n) * 2^-53 in float64, exact in Fraction. A float64 result that overflows
raises OverflowError; one below 2.2e-308 loses digits, as any float64 product does.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Rational
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Operand
from quadmeta._validate import finite, natural, show, unrounded, whole
from quadmeta.arithmetic.container import Container

_BEYOND = "the result exceeds 1.8e308: pass SignLog.of(...) or smaller n"


def power_complement(x: Operand, n: int) -> Any:
    """1 - (1 - x)^n in float64, for every real x and n >= 0.

    Relative error a few eps times 1 + |log|(1 - x)^n|| where that power is large, a few eps
    elsewhere: near x = 0 and, for even n, near x = 2 nothing cancels.

    Raises
    ------
    ValueError
        n is not a whole number >= 0, or x is not finite.
    OverflowError
        the result exceeds float64.
    """
    x = finite("x", x)
    n = _count("n", n)
    if n == 0:
        return x * 0.0 + 0.0
    with _in_range():
        # |1 - x| is 1 + (-x) up to x = 1 and 1 + (x - 2) beyond, where x - 2 is exact as long as
        # it matters
        log = n * np.log1p(np.where(x <= 1, -x, x - 2))
        value = np.where((x > 1) & (n % 2 == 1), 1 + np.exp(log), -np.expm1(log))
    return _no_overflow(value[()])


def geometric_sum_at(x: Operand, n: int) -> Any:
    """sum_{k<n} (1 - x)^k in float64 from x itself: (1 - (1 - x)^n) / x, and n at x = 0.

    Accuracy and errors as ``power_complement``.
    """
    x = finite("x", x)
    n = _count("n", n)
    with _in_range():
        value = np.where(x == 0, float(n), power_complement(x, n) / x)
    return _no_overflow(value[()])


def geometric_sum(a: Operand, n: int) -> Any:
    """sum_{k<n} a^k, polymorphic, with O(log n) operations; errors as ``divided_difference``."""
    return divided_difference(a, 1, n)


def divided_difference(a: Operand, b: Operand, n: int) -> Any:
    """D_n(a, b) = sum_{k<n} a^k b^(n-1-k) = (a^n - b^n) / (a - b), also at a = b; polymorphic,
    O(log n) operations.

    float64: error below 2e-14 of sum |a|^k |b|^(n-1-k) for n up to 10^6.

    Raises
    ------
    ValueError
        n is not a whole number >= 0, or a float is not finite.
    OverflowError
        float64 cannot hold the sum of magnitudes.
    """
    x = _entry("a", a)
    y = _entry("b", b)
    n = _count("n", n)
    with _in_range():
        total = x * 0 + y * 0
        for shift in reversed(range(n.bit_length())):
            k = n >> shift
            half = k // 2
            # D_2h = D_h (a^h + b^h) and D_(k+1) = a D_k + b^k
            total = total * (x**half + y**half)
            if k % 2:
                total = x * total + y ** (k - 1)
    return _no_overflow(total)


def complete_homogeneous(values: Sequence[Operand], degree: int) -> Any:
    """h_n(x_1, ..., x_m) for a sequence of m numbers or arrays that broadcast; polymorphic, O(m^2
    log n) operations.

    h_0 = 1, h_-1 = 0, h_n(x) = x^n, h_n(x, y) = D_(n+1)(x, y). float64: error below 3e-14 of
    h_n(|x|) for m <= 4 and n up to 10^6.

    Raises
    ------
    ValueError
        degree is not a whole number >= -1, no values, or a float is not finite.
    OverflowError
        float64 cannot hold h_n(|x|).
    """
    if not isinstance(values, Sequence | np.ndarray | Container) or isinstance(values, str | bytes):
        raise ValueError(
            f"values = {show(values)} must be a sequence: pass a list of numbers or arrays"
        )
    if not len(values):
        raise ValueError("values is empty: pass at least one number or array")
    x = [_entry(f"values[{i}]", value) for i, value in enumerate(values)]
    zero = sum(y * 0 for y in x)
    if whole(degree) and degree == -1:
        return zero
    n = _count("degree", degree)
    # prod 1/(1 - x_i t) = prod (1 + x_i t) / prod (1 - x_i^2 t^2), hence, over the i of the parity
    # of n, h_n(x) = sum_i e_i(x) h_((n-i)/2)(x^2): the degree halves while the numbers are
    # squared, and m neighbours suffice
    h = {0: zero + 1}
    with _in_range():
        for shift in reversed(range(n.bit_length())):
            k = n >> shift
            e = _elementary([y ** (1 << shift) for y in x], k)
            h = {
                d: sum(e[i] * h[(d - i) // 2] for i in range(d % 2, min(len(e) - 1, d) + 1, 2))
                for d in range(max(0, k - len(x) + 1), k + 1)
            }
    return _no_overflow(h[n])


def _elementary(x: Sequence[Any], degree: int) -> list[Any]:
    """[e_0, ..., e_min(m, degree)]: the coefficients of prod (1 + x_i t), no higher, so that none
    overflows early.
    """
    e: list[Any] = [1]
    for y in x:
        e = [1, *(e[i] + y * e[i - 1] for i in range(1, len(e))), y * e[-1]][: degree + 1]
    return e


def _count(name: str, n: int) -> int:
    """A whole number >= 0 as a Python int, so that exact powers cannot wrap around."""
    return natural(name, n, least=0)


def _entry(name: str, x: Any) -> Any:
    """Floats and arrays of machine numbers as finite float64; every other number type as it is."""
    if whole(x):
        return int(x)
    if isinstance(x, Container):  # SignLog, Interval
        return x
    array = unrounded(name, x)
    if array.dtype == object:
        # a fraction is finite, and one that records its history must not record this check
        if any(not isinstance(v, Rational) and v - v != 0 for v in array.flat):
            raise ValueError(
                f"{name} = {show(x)} has a non-finite entry: remove NaN and infinite entries"
            )
        return array[()]
    return finite(name, array)[()]


@contextmanager
def _in_range() -> Iterator[None]:
    """Without warnings, and with the remedy where an int is too large for a float."""
    try:
        with np.errstate(all="ignore"):
            yield
    except OverflowError:
        raise OverflowError(_BEYOND) from None


def _no_overflow(value: Arithmetic) -> Any:
    if (
        isinstance(value, (np.ndarray, float))
        and np.asarray(value).dtype == float
        and not np.isfinite(value).all()
    ):
        raise OverflowError(_BEYOND)
    return value
