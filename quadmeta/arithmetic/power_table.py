"""Powers of the residual factors a = 1 - eta lambda of one step size, and their divided differences
between all pairs.

    P_i = a_i^T,   D_ij = (a_i^T - a_j^T) / (a_i - a_j) = sum_{k<T} a_i^k a_j^(T-1-k)

As ``power_difference`` has them one by one, without its logarithms: for equal signs D is the larger
|a|^(T-1) times expm1(T log1p(q)) / q with q = -|a_i - a_j| / max(|a_i|, |a_j|), in which nothing
cancels.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.residual import Factor, factor, log_abs


class PowerTable(NamedTuple):
    """What T steps make of d modes, every number divided by e^shift = max(1, max |a|^T)."""

    powers: Array
    """(d,) a_i^T."""
    sums: Array
    """(d,) sum_{k<T} a_i^k."""
    differences: Array
    """(d, d) D_ij, with T a_i^(T-1) on the diagonal."""
    shift: float


def power_table(eta: float, lam: Array, steps: int) -> PowerTable:
    """The table of one step size eta >= 0 and eigenvalues lambda (d,) >= 0 for T = ``steps`` >= 1.

    Relative errors are a few eps times 1 + shift + T |log |a|| of the larger factor, also where
    powers of opposite signs nearly cancel.
    """
    T = steps
    # the last factor is a = 1, whose differences are the sums
    values = np.append(lam, 0.0)
    x = factor(np.float64(eta), values)
    log = log_abs(x)
    shift = max(0.0, float(T * log.max()))
    powers = _sign(x.value, T) * np.exp(T * log - shift)
    if T == 1:
        ones = np.full((len(values), len(values)), np.exp(-shift))
        return PowerTable(powers[:-1], ones[-1, :-1], ones[:-1, :-1], shift)
    below = _sign(x.value, T - 1) * np.exp((T - 1) * log - shift)
    size = np.abs(x.value)
    gap = eta * np.abs(np.subtract.outer(values, values))
    largest = np.maximum.outer(size, size)
    largest[largest == 0] = 1.0
    # opposite signs lie beyond 1 and are written below
    table = _quotient(np.minimum(gap / largest, 1.0), T)
    if x.value.min() >= 0:
        table *= np.maximum.outer(below, below)
    else:
        # not by the rounded factors, which may tie
        larger = np.abs(below[:, None]) >= np.abs(below)
        table *= np.where(larger, below[:, None], below)
        _opposite(table, x, gap, np.abs(powers), T)
    return PowerTable(powers[:-1], table[-1, :-1], table[:-1, :-1], shift)


def _sign(values: Array, n: int) -> Array:
    """The sign of a^n."""
    if n % 2:
        return np.sign(values)
    return np.ones_like(values)


def _quotient(q: Array, T: int) -> Array:
    """(1 - (1 - q)^T) / q for 0 <= q <= 1, T at q = 0."""
    power = _complement(q, T)
    zero = q == 0
    power[zero] = T
    q[zero] = 1.0
    power /= q
    return power


def _complement(q: Array, T: int) -> Array:
    """1 - (1 - q)^T for 0 <= q <= 1."""
    with np.errstate(divide="ignore"):  # q = 1
        log = np.log1p(-q)
    log *= T
    power: Array = np.expm1(log, out=log)
    return np.negative(power, out=power)


def _opposite(table: Array, x: Factor, gap: Array, powers: Array, T: int) -> None:
    """Write the differences of factors of opposite signs, where a power may be odd."""
    low = np.flatnonzero(x.value < 0)
    high = np.flatnonzero(x.value >= 0)
    pairs = np.ix_(low, high)
    size = np.abs(x.value)
    largest = np.maximum.outer(size[low], size[high])
    # |a_high| - |a_low|, with what rounding took of both
    apart = np.add.outer(x.value[low], x.value[high]) + np.add.outer(x.tail[low], x.tail[high])
    power = np.where(apart >= 0, powers[high], powers[low][:, None])
    rest = _complement(np.minimum(np.abs(apart) / largest, 1.0), T)
    if T % 2:
        value = power * (2 - rest) / gap[pairs]
    else:
        value = np.sign(apart) * power * rest / gap[pairs]
    table[pairs] = value
    table[np.ix_(high, low)] = value.T
