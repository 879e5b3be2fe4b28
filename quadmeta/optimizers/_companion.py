"""p_T = z_T of z_{t+1} = h z_t - b z_{t-1}, z_{-1} = z_0 = 1, with its derivatives, in O(log T) and for every h and b.

With s_n = b^(n/2) U_n(h / (2 sqrt b)), U_n the Chebyshev polynomials of the second kind, p_T = s_T - b s_{T-1} and

    s_2n = s_n^2 - b s_{n-1}^2,   s_{2n-1} = s_{n-1} (2 s_n - h s_{n-1}),   s_{n+1} = h s_n - b s_{n-1},

whether the roots of z^2 = h z - b are complex, real or equal, and for b = 0 and b < 0. Squaring multiplies a rounding
error by T, next to equal roots by T^2: so the numbers carry 106 bits. Powers of two are taken out into integer
exponents: so nothing overflows.
"""
import math
from typing import Any

import numpy as np

from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers._base import LogLoss

Array = Any


def power(h: Jet, b: Any, steps: int) -> tuple[Jet, Array]:
    """(p, k) with p_T = p 2^k, for Jets of DoubleDouble of shape (..., d) and T = ``steps`` >= 1."""
    h = h.map(lambda x: x)
    s, r, exponent = _rescaled(h, h * 0 + 1, 0)
    for bit in bin(steps)[3:]:
        s, r = s * s - b * (r * r), r * (2 * s - h * r)
        if bit == "1":
            s, r = h * s - b * r, s
        s, r, exponent = _rescaled(s, r, 2 * exponent)
    return s - b * r, exponent


def _rescaled(s: Jet, r: Jet, exponent: Array) -> tuple[Jet, Jet, Array]:
    """s and r over the power of two next to the larger value (of the derivatives, where both are 0)."""
    sizes = [np.maximum(np.abs(x.hi), np.abs(y.hi)) for x, y in zip(_entries(s), _entries(r), strict=True)]
    shift = np.frexp(np.where(sizes[0] > 0, sizes[0], np.max(sizes, axis=0)))[1].astype(np.int64)
    return s.map(lambda x: x.ldexp(-shift)), r.map(lambda x: x.ldexp(-shift)), exponent + shift


def _entries(x: Jet) -> list[DoubleDouble]:
    return [x.value, *x.first, *(entry for row in x.second for entry in row)]


def signlog(x: DoubleDouble, exponent: Array) -> SignLog:
    """x 2^exponent, with log|x| from log1p next to 1."""
    half, shift = np.frexp(x.hi)
    shift = np.where(np.abs(half) < math.sqrt(0.5), shift - 1, shift)
    x = x.ldexp(-shift)
    sign = np.sign(x.hi)
    with np.errstate(divide="ignore"):
        log = np.log1p((np.abs(x.hi) - 1) + sign * x.lo) + (shift + exponent) * math.log(2)
    return SignLog(sign, np.where(sign == 0, -np.inf, log))


def log_loss(p: Jet, exponent: Array, weights: Array, steps: int, vector: bool) -> LogLoss:
    """F = sum_i omega_i (p_i 2^k_i)^2 and its relative derivatives, of the order that ``p`` carries.

    With g_a = (dp/dtheta_a) / p under pi_i = omega_i p_i^2 / F: (log F)_a = 2 E[g_a] and
    (log F)_ab = 4 Cov(g_a, g_b) + 2 E[p_ab / p - g_a g_b], all from differences taken in 106 bits.

    Raises:
        OverflowError: a relative derivative exceeds float64.
    """
    with np.errstate(divide="ignore"):
        score = np.log2(weights) / 2 + np.log2(np.abs(p.value.hi)) + exponent
    top = score.max(axis=-1, keepdims=True)
    vanished = np.isneginf(top)
    top = np.rint(np.where(vanished, 0, top)).astype(np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        p = p.map(lambda x: x.ldexp(exponent - top))
        total = np.where(vanished, 1, (weights * p.value.hi**2).sum(axis=-1, keepdims=True))
        level = np.where(vanished, -np.inf, np.log(total) + 2 * math.log(2) * top)[..., 0]
        if not p.first:
            return LogLoss(level)

        def mean(x: DoubleDouble | Array) -> Array:
            x = (weights * (x.hi if isinstance(x, DoubleDouble) else x)).sum(axis=-1, keepdims=True) / total
            return np.where(vanished, 0, x)
        means = [mean(p.value * x) for x in p.first]
        slope = 2 * np.concatenate(means, axis=-1)
        apart = [(x - p.value * m).hi for x, m in zip(p.first, means, strict=True)]
        curvature = np.stack([np.concatenate([4 * mean(y * z) + 2 * mean(p.value * xz - x * w) for w, z, xz in
                                              zip(p.first, apart, row, strict=True)], axis=-1)
                              for x, y, row in zip(p.first, apart, p.second, strict=False)], axis=-2) \
            if p.second else None
    for x in (slope, curvature):
        if x is not None and not np.isfinite(x).all():
            raise OverflowError("a derivative of the loss relative to the loss exceeds float64: use objective.exactly")
    if not vector:
        slope, curvature = slope[..., 0], None if curvature is None else curvature[..., 0, 0]
    if curvature is None:
        return LogLoss(level, slope)
    square = slope[..., :, None] * slope[..., None, :] if vector else slope * slope
    return LogLoss(level, slope, curvature + square, curvature, (curvature + square / (2 * steps)) / (2 * steps))
