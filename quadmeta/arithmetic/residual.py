"""The residual factor a = 1 - eta lambda of one gradient step, its logarithm, and ratios of two
factors.

Everything that float64 loses in a power a^(2T) it loses here first. So a is kept as an unevaluated
sum of two floats, ``value + tail``, and log(|a_i| / |a_j|) is formed from eta (lambda_j -
lambda_i) or from a_i + a_j instead of from two rounded logarithms. Both then keep a relative error
of a few units in the last place, also where eta lambda is next to 0, 1 or 2 and where |a_i| is
next to |a_j|. Magnitudes between 1e-150 and 1e150 are assumed.
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array, Floats
from quadmeta.arithmetic.signlog import SignLog

SMALL = 1e-300
"""Quotients between this and its inverse are taken as they are, others by logarithms."""
_SPLITTER = 2.0**27 + 1.0


class Factor(NamedTuple):
    """Residual factors of step sizes eta and eigenvalues lambda, broadcast against each other."""

    eta: Any
    eigenvalue: Any
    value: Array
    """a = 1 - eta lambda rounded, relative error about eps even next to its zero."""
    tail: Array
    """What rounding took: value + tail = 1 - eta lambda up to about eps^2."""


def two_sum(x: Floats, y: Floats) -> tuple[Any, Any]:
    """(s, e) with s = fl(x + y) and s + e = x + y exactly (Knuth)."""
    s = x + y
    back = s - x
    return s, (x - (s - back)) + (y - back)


def split(x: Floats) -> tuple[Any, Any]:
    """(h, l) of at most 26 bits each with h + l = x (Veltkamp), for magnitudes up to 1e150."""
    c = _SPLITTER * x
    h = c - (c - x)
    return h, x - h


def product_of_split(
    x: Floats, y: Floats, first: tuple[Any, Any], second: tuple[Any, Any]
) -> tuple[Any, Any]:
    """``two_product(x, y)`` where x and y were split before."""
    p = x * y
    x1, x2 = first
    y1, y2 = second
    return p, ((x1 * y1 - p) + x1 * y2 + x2 * y1) + x2 * y2


def two_product(x: Floats, y: Floats) -> tuple[Any, Any]:
    """(p, e) with p = fl(x y) and p + e = x y exactly (Dekker), for magnitudes between 1e-150 and
    1e150.
    """
    return product_of_split(x, y, split(x), split(y))


def factor(eta: Floats, eigenvalue: Floats) -> Factor:
    """Residual factors of eta and lambda >= 0, arrays that broadcast."""
    h, l = two_product(eta, eigenvalue)
    s, e = two_sum(1.0, -h)
    e -= l
    value = s + e
    return Factor(eta, eigenvalue, value, e - (value - s))


def pick(x: Array, index: Array) -> Array:
    """Entries of x (d,) or (..., d) at one index of the last axis each, ``index`` of shape (...,
    1).
    """
    if x.ndim == 1:
        return x[index]
    # take_along_axis, whose own indices take longer than the entries
    first = np.arange(0, x.size, x.shape[-1]).reshape(*x.shape[:-1], 1)
    return x.reshape(-1)[first + index]


def take(x: Factor, index: Array) -> Factor:
    """The factors at one index of the last axis each; eta has a last axis of length 1."""
    return Factor(x.eta, *(pick(part, index) for part in (x.eigenvalue, x.value, x.tail)))


def scaled(x: Array, reference: Array, exponent: Array, log_quotient: Array | None = None) -> Array:
    """x / reference times e^exponent for x >= 0, by logarithms where that quotient leaves float64.

    ``log_quotient`` is log(x / reference), where x itself may have left float64.
    """
    with np.errstate(all="ignore"):
        quotient = x / reference
        terms = quotient * np.exp(exponent)
        # below e^-708 the exponential itself has lost digits, which a large quotient would show
        fits = (quotient > SMALL) & (quotient < 1 / SMALL) & ((quotient < 1e7) | (exponent > -708))
        if fits.all():
            return terms
        if log_quotient is None:
            log_quotient = np.log(x) - np.log(reference)
        return np.where(fits, terms, np.exp(log_quotient + exponent))


def log_abs(x: Factor) -> Array:
    """log |a|, relative error about eps; -inf where a = 0."""
    # log(value + tail): next to |a| = 1, log1p of |a| - 1 = -eta lambda or eta lambda - 2
    h, l = two_product(x.eta, x.eigenvalue)
    small = h < 0.5
    two = np.abs(h - 2) < 0.5
    with np.errstate(divide="ignore"):
        log = np.log(np.abs(x.value))
    log = np.where(small, np.log1p(-np.where(small, h, 0)) - l / np.where(small, 1 - h, 1), log)
    return np.where(two, np.log1p(np.where(two, (h - 2) + l, 0)), log)


def log_ratio(x: Factor, r: Factor) -> Array:
    """log(|a_x| / |a_r|) for factors of the same step sizes, a_r != 0; relative error of a few
    eps.
    """
    same = (x.value >= 0) == (r.value >= 0)
    # |a_x|/|a_r| - 1 = eta (lam_r - lam_x)/a_r with equal signs, -(a_x + a_r)/a_r with opposite
    # ones
    gap = np.where(
        same, r.eta * (r.eigenvalue - x.eigenvalue), -((x.value + r.value) + (x.tail + r.tail))
    )
    q = gap / r.value
    near = np.abs(q) <= 0.5
    with np.errstate(divide="ignore"):
        far = np.log(np.abs(x.value / r.value))
    return np.where(near, np.log1p(np.where(near, q, 0)), far)


def power_difference(x: Factor, y: Factor, n: int) -> SignLog:
    """(a_x^n - a_y^n) / (a_x - a_y) = sum_{k<n} a_x^k a_y^(n-1-k) for n >= 1, in O(1), also where
    a_x = a_y.

    With |a_y| <= |a_x| and r = log(|a_y| / |a_x|) it is a_x^(n-1) times expm1(n r) / expm1(r) for
    equal signs (n at r = 0), (1 - (-1)^n e^(n r)) / (1 + e^r) for opposite ones: no difference of
    rounded powers is ever formed.
    """
    nothing = x.value == 0
    r = log_ratio(y, x._replace(value=np.where(nothing, 1, x.value)))
    swap = nothing | (r > 0)  # by the ratio: rounded magnitudes may tie
    r = np.where(nothing, -np.inf, -np.abs(r))
    value = np.where(swap, y.value, x.value)
    log: Array = np.where(swap, log_abs(y), log_abs(x))
    if n == 1:
        return SignLog(np.ones(r.shape), np.zeros(r.shape))
    same = (x.value >= 0) == (y.value >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        core = np.where(r == 0, n, np.expm1(n * r) / np.expm1(r))
        if not same.all():
            opposite = (-np.expm1(n * r) if n % 2 == 0 else 1 + np.exp(n * r)) / (1 + np.exp(r))
            core = np.where(same, core, opposite)
        log = np.log(core) + (n - 1) * log
    sign = np.sign(value) if n % 2 == 0 else 1.0
    return SignLog(np.where(log == -np.inf, 0.0, sign), log)
