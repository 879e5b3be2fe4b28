"""The residual factor a = 1 - eta lambda of one gradient step, its logarithm, and ratios of two factors.

Everything that float64 loses in a power a^(2T) it loses here first, so the product eta lambda is kept exactly, as a sum
h + l of two floats, and log(|a_i| / |a_j|) is formed from eta (lambda_j - lambda_i) or eta (lambda_i + lambda_j) - 2
instead of from two rounded logarithms. Both then keep a relative error of a few units in the last place, also where
eta lambda is next to 0, 1 or 2 and where |a_i| is next to |a_j|. Magnitudes between 1e-150 and 1e150 are assumed.
"""
from typing import Any, NamedTuple

import numpy as np

Array = Any
_SPLITTER = 2.0**27 + 1.0  # Veltkamp: splits 53 bits into 26 + 26


class Factor(NamedTuple):
    """Residual factors of step sizes eta and eigenvalues lambda, broadcast against each other."""

    eta: Array
    eigenvalue: Array
    value: Array
    """a = 1 - eta lambda, relative error about eps even next to its zero."""
    log: Array
    """log |a|, relative error about eps; -inf where a = 0."""


def two_sum(x: Array, y: Array) -> tuple[Array, Array]:
    """(s, e) with s = fl(x + y) and s + e = x + y exactly (Knuth)."""
    s = x + y
    back = s - x
    return s, (x - (s - back)) + (y - back)


def two_product(x: Array, y: Array) -> tuple[Array, Array]:
    """(p, e) with p = fl(x y) and p + e = x y exactly (Dekker), for magnitudes between 1e-150 and 1e150."""
    p = x * y
    cx, cy = _SPLITTER * x, _SPLITTER * y
    x1, y1 = cx - (cx - x), cy - (cy - y)
    x2, y2 = x - x1, y - y1
    return p, ((x1 * y1 - p) + x1 * y2 + x2 * y1) + x2 * y2


def factor(eta: Array, eigenvalue: Array) -> Factor:
    """Residual factors of eta and lambda >= 0, arrays that broadcast."""
    h, l = two_product(eta, eigenvalue)
    a = (1 - h) - l
    near_two = (h - 2) + l
    with np.errstate(divide="ignore"):
        log = np.log(np.abs(a))
    # log(1 - h - l) = log1p(-h) - l/(1 - h) + O(l^2) near eta lambda = 0, log1p(h + l - 2) near 2
    small, two = h < 0.5, np.abs(near_two) < 0.5
    log = np.where(small, np.log1p(-np.where(small, h, 0)) - l / np.where(small, 1 - h, 1), log)
    log = np.where(two, np.log1p(np.where(two, near_two, 0)), log)
    return Factor(eta, eigenvalue, a, log)


def take(x: Factor, index: Array) -> Factor:
    """The factors at one index of the last axis each: index has a last axis of length 1."""
    shape = x.value.shape
    return Factor(*(np.take_along_axis(np.broadcast_to(part, shape), index, axis=-1) for part in x))


def log_ratio(x: Factor, r: Factor) -> Array:
    """log(|a_x| / |a_r|) for factors of the same step sizes, a_r != 0; relative error of a few eps."""
    eta = r.eta
    same = (x.value >= 0) == (r.value >= 0)
    s, e = two_sum(x.eigenvalue, r.eigenvalue)
    p, f = two_product(eta, s)
    # |a_x|/|a_r| - 1 = eta (lam_r - lam_x)/a_r with equal signs, (eta (lam_x + lam_r) - 2)/a_r with opposite ones
    q = np.where(same, eta * (r.eigenvalue - x.eigenvalue), (p - 2) + (f + eta * e)) / r.value
    near = np.abs(q) <= 0.5
    return np.where(near, np.log1p(np.where(near, q, 0)), x.log - r.log)
