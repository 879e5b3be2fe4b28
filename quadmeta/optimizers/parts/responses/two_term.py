"""Divided differences of the sums of a two-term recursion, in O(d log T + d^2).

    z_{t+1} = h(lambda) z_t - b(lambda) z_{t-1},   A(lambda) = s_0 + ... + s_{T-1}

with s the solution of s_0 = 1, s_{-1} = 0 is known in 106 bits at any lambda, with its derivative
(``companion``). So A[x, y] = (A(x) - A(y)) / (x - y) may lose many digits and still has those of
float64; where x and y are too close for that, it is A'((x + y) / 2), at a midpoint in 106 bits.

With K a bound of how fast relative changes in eta lambda are multiplied, the quotient is off by
about 2^-101 / (eta |x - y|), relative, and the slope by (eta |x - y| K)^2 / 24. They are taken on
either side of eta |x - y| K = 1e-6: the first is then below 1e-12 up to K of 1e12, the second below
1e-13. K = T min(T, 2 / (1 - r)), r^2 = max |b|.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.residual import two_sum
from quadmeta.optimizers.parts.companion import Powers

_CLOSE = 1e-6


@dataclass(frozen=True)
class Differenced:
    """f and f[x, y] at eigenvalues (d,), over 2^``exponent``."""

    value: DoubleDouble
    """(d,)"""
    between: Array
    """(d, d)"""
    exponent: int

    def over(self, exponent: int) -> tuple[Array, Array]:
        """Both in float64, over another power of two."""
        down = self.exponent - exponent
        return np.ldexp(self.value.hi, down), np.ldexp(self.between, down)


def differenced(
    function: Callable[[Jet], Powers], lam: Array, scale: float, amplified: float
) -> Differenced:
    """A function that is known in 106 bits, and its divided differences.

    Parameters
    ----------
    function
        of a Jet of ``DoubleDouble`` (n,), with a derivative or without.
    lam
        (d,) eigenvalues.
    scale
        eta.
    amplified
        K.
    """
    nodes = DoubleDouble(lam, np.zeros_like(lam))
    value, exponent = function(Jet(nodes, (), ()))
    gap = np.subtract.outer(lam, lam)
    close = scale * np.abs(gap) * amplified < _CLOSE
    rows, columns = np.nonzero(np.triu(close))
    middle, place = _midpoints(lam[rows], lam[columns])
    one = DoubleDouble(np.ones_like(middle.hi), np.zeros_like(middle.hi))
    at_middle, high = function(Jet(middle, (one,), ()))
    top = int(max(exponent.max(), high.max()))
    f = value.value.ldexp(exponent - top)
    left = DoubleDouble(f.hi[:, None], f.lo[:, None])
    between = (left - DoubleDouble(f.hi[None], f.lo[None])).hi / np.where(close, 1.0, gap)
    slopes = at_middle.first[0].ldexp(high - top).hi[place]
    between[rows, columns] = slopes
    between[columns, rows] = slopes
    return Differenced(f, between, top)


def _midpoints(x: Array, y: Array) -> tuple[DoubleDouble, Array]:
    """The distinct ones among (x + y) / 2, exactly, and the place of each among them."""
    hi, lo = two_sum(x, y)
    distinct, place = np.unique(np.stack([hi, lo]) / 2, axis=1, return_inverse=True)
    return DoubleDouble(distinct[0], distinct[1]), place.ravel()


def amplification(steps: int, largest: float) -> float:
    """K, from the largest |b|."""
    r = np.sqrt(largest)
    within = 2 / (1 - r) if r < 1 else np.inf
    T = float(min(steps, 10**100))
    return T * min(T, within)
