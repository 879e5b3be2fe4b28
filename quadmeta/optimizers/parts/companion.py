"""p_T = z_T of z_{t+1} = h z_t - b z_{t-1}, z_{-1} = z_0 = 1, with its derivatives, in O(log T)
and for every h and b.

The roots of z^2 = h z - b are (h +- sqrt D) / 2, D = h^2 - 4 b, complex, real or equal. The power
of a root is computed in the ring of pairs a + c sqrt D, where D alone enters and no square root is
taken:

    ((h + sqrt D) / 2)^n = a_n + c_n sqrt D,   (a + c sqrt D)^2 = a^2 + D c^2 + 2 a c sqrt D,
    p_T = a_T + g c_T,   g = h - 2 b,   D = g^2 - 4 b x,   x = 1 - h + b = eta lambda.

Error. Numbers carry 106 bits, and D keeps its relative digits next to equal roots because it is
summed exactly. A squaring doubles a relative error and adds a few 2^-104 to it, so that p_T is off
by about 8 T 2^-104 times r^T min(T, r / sqrt|D|), r the larger modulus of a root: below 1e-15 for
every T up to 2^50, for equal roots too. (A recursion in h and b alone is not as good: there D
enters as a difference of rounded numbers, and a long run next to equal roots multiplies their
rounding by T^2.)

Where x is small, p_T is next to 1 and its derivative in the momentum next to 0. There p_T = 1 - x
A_T, A_T = s_0 + ... + s_{T-1} with s_n = 2 c_{n+1} and A_2n = A_n (2 - x A_n) + b s_{n-1}^2, in
which nothing cancels.

Powers of two are taken out into integer exponents: so nothing overflows.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.parts.loss import LogLoss
from quadmeta.optimizers.parts.stacked import StackedJet

_SMALL = 2.0**-20  # below this eta lambda, 1 - p_T is summed
_CHUNK = 8192  # so many numbers at a time: their products stay in the cache


Powers: TypeAlias = tuple[Jet, Array]
"""(y, k) of numbers y 2^k."""

Chunk: TypeAlias = Callable[[Sequence[StackedJet], DoubleDouble, int], tuple[StackedJet, Array]]


def power(h: Jet, b: Jet, g: Jet, x: Jet, gap: DoubleDouble, steps: int) -> Powers:
    """(p, k) with p_T = p 2^k and T = ``steps`` >= 1, for Jets of DoubleDouble of one shape (...,
    d).

    ``gap`` is the value of D to all its digits.
    """
    return _by_chunks([h, b, g, x], gap, steps, _chunk)


def started(h: Jet, b: Jet, g: Jet, x: Jet, gap: DoubleDouble, steps: int, tilt: Jet) -> Powers:
    """z_T for another z_{-1} than 1: ``tilt`` is h - 2 b z_{-1}."""
    return _by_chunks([h, b, g, x, tilt], gap, steps, _from_tilt)


def summed(h: Jet, b: Jet, g: Jet, x: Jet, gap: DoubleDouble, steps: int) -> Powers:
    """A_T = s_0 + ... + s_{T-1} = (1 - p_T) / x: summed where x is small, else by the quotient."""
    return _by_chunks([h, b, g, x], gap, steps, _total)


def _by_chunks(jets: Sequence[Jet], gap: DoubleDouble, steps: int, chunk: Chunk) -> Powers:
    """A function of h, b, g and x, part by part."""
    shape = jets[3].value.hi.shape
    stacks = [StackedJet.of(y) for y in jets]
    flat = DoubleDouble(*(np.broadcast_to(part, shape).ravel() for part in (gap.hi, gap.lo)))
    exponent = np.empty(flat.hi.shape, dtype=np.int64)
    found = stacks[0].rows
    hi = np.empty_like(found.hi)
    lo = np.empty_like(found.lo)
    for start in range(0, flat.hi.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        here = DoubleDouble(flat.hi[part], flat.lo[part])
        p, exponent[part] = chunk([y.at(part) for y in stacks], here, steps)
        hi[:, part] = p.rows.hi
        lo[:, part] = p.rows.lo
    return StackedJet(DoubleDouble(hi, lo), stacks[0].k).jet(shape), exponent.reshape(shape)


def _from_tilt(
    stacks: Sequence[StackedJet], gap: DoubleDouble, steps: int
) -> tuple[StackedJet, Array]:
    """``started`` of a part of the numbers."""
    h, b, g, x, tilt = stacks
    return _power(h, tilt, _gap(b, g, x, gap), steps)


def _total(stacks: Sequence[StackedJet], gap: DoubleDouble, steps: int) -> tuple[StackedJet, Array]:
    """``summed`` of a part of the numbers."""
    h, b, g, x = stacks
    delta = _gap(b, g, x, gap)
    p, exponent = _power(h, g, delta, steps)
    top = np.maximum(exponent, 0)
    small = x.value < _SMALL
    inverse = x.reciprocal(where=~small)
    # (2^-top - p 2^(k - top)) / x
    rest = p.ldexp(exponent - top).times(-1).plus(np.ldexp(1.0, -top))
    total = rest * inverse
    if small.any():
        near = _sum(h.at(small), b.at(small), x.at(small), delta.at(small), steps)
        total.rows.hi[:, small] = near.rows.hi
        total.rows.lo[:, small] = near.rows.lo
        top[small] = 0
    return total, top


def _gap(b: StackedJet, g: StackedJet, x: StackedJet, gap: DoubleDouble) -> StackedJet:
    """D with its derivatives, and the value ``gap``."""
    delta = g * g + (b * x).times(-4)
    delta.rows.hi[0] = gap.hi
    delta.rows.lo[0] = gap.lo
    return delta


def _chunk(stacks: Sequence[StackedJet], gap: DoubleDouble, steps: int) -> tuple[StackedJet, Array]:
    """``power`` of a part of the numbers h, b, g and x."""
    h, b, g, x = stacks
    delta = _gap(b, g, x, gap)
    p, exponent = _power(h, g, delta, steps)
    small = x.value < _SMALL
    if not small.any():
        return p, exponent
    h, b, x, delta = (y.at(small) for y in (h, b, x, delta))
    near = (x * _sum(h, b, x, delta, steps)).times(-1).plus(1)
    # where p_T has left the neighbourhood of 1, its own digits are in ``p``
    close = np.abs(near.value - 1) < 0.5
    index = np.flatnonzero(small)[close]
    exponent[index] = 0
    p.rows.hi[:, index] = near.rows.hi[:, close]
    p.rows.lo[:, index] = near.rows.lo[:, close]
    return p, exponent


def _power(h: StackedJet, g: StackedJet, delta: StackedJet, steps: int) -> tuple[StackedJet, Array]:
    """a_T + g c_T, over a power of two."""
    # roots of size about 1: h / 2^e, g / 2^e, D / 4^e
    unit = _exponent(np.maximum(np.abs(h.value), np.sqrt(np.abs(delta.value))))
    half = h.times(0.5).ldexp(-unit)
    g = g.ldexp(-unit)
    delta = delta.ldexp(-2 * unit)
    a = half
    c = half.times(0).plus(0.5)
    exponent = np.zeros_like(unit)
    for bit in bin(steps)[3:]:
        a, c = _squared(a, c, delta)
        if bit == "1":
            a, c = _advanced(a, c, half, delta)
        a, c, shift = _rescaled(a, c)
        exponent = 2 * exponent + shift
    return a + g * c, exponent + steps * unit


def _squared(a: StackedJet, c: StackedJet, delta: StackedJet) -> tuple[StackedJet, StackedJet]:
    """(a + c sqrt D)^2 = a^2 + D c^2 + 2 a c sqrt D."""
    return a * a + delta * (c * c), (a * c).times(2)


def _advanced(
    a: StackedJet, c: StackedJet, half: StackedJet, delta: StackedJet
) -> tuple[StackedJet, StackedJet]:
    """(a + c sqrt D) (h + sqrt D) / 2, one power more, from half = h / 2."""
    return half * a + (delta * c).times(0.5), half * c + a.times(0.5)


def _sum(h: StackedJet, b: StackedJet, x: StackedJet, delta: StackedJet, steps: int) -> StackedJet:
    """A_T for small x, where no root is larger than 1."""
    half = h.times(0.5)
    a = half
    c = half.times(0).plus(0.5)
    exponent = np.zeros(h.value.shape, dtype=np.int64)
    total = half.times(0).plus(1)
    for bit in bin(steps)[3:]:
        # A_2n = A_n (2 - x A_n) + b s_{n-1}^2 with s_{n-1} = 2 c_n
        last = (b * (c * c)).times(4).ldexp(2 * exponent)
        total = total * (x * total).times(-1).plus(2) + last
        a, c = _squared(a, c, delta)
        exponent = 2 * exponent
        if bit == "1":
            a, c = _advanced(a, c, half, delta)
            # A_{n+1} = A_n + s_n with s_n = 2 c_{n+1}
            total = total + c.ldexp(exponent).times(2)
        a, c, shift = _rescaled(a, c)
        exponent = exponent + shift
    return total


def _exponent(size: Array) -> Array:
    """The integer k with 2^(k-1) <= size < 2^k, 0 where size is 0."""
    return np.frexp(size)[1].astype(np.int64)


def _rescaled(a: StackedJet, c: StackedJet) -> tuple[StackedJet, StackedJet, Array]:
    """a and c over the power of two next to the larger value (of the derivatives, where both are
    0).
    """
    sizes = np.maximum(np.abs(a.rows.hi), np.abs(c.rows.hi))
    shift = _exponent(np.where(sizes[0] > 0, sizes[0], np.max(sizes, axis=0)))
    return a.ldexp(-shift), c.ldexp(-shift), shift


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
    """F = sum_i omega_i (p_i 2^k_i)^2 and its relative derivatives, of the order that ``p``
    carries.

    With g_a = (dp/dtheta_a) / p under pi_i = omega_i p_i^2 / F: (log F)_a = 2 E[g_a] and
    (log F)_ab = 4 Cov(g_a, g_b) + 2 E[p_ab / p - g_a g_b], all from differences taken in 106 bits.

    Raises
    ------
    OverflowError
        a relative derivative exceeds float64.
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
            """E_pi[p x / p] = sum_i omega_i x_i / F, 0 where F = 0."""
            if isinstance(x, DoubleDouble):
                x = x.hi
            return np.where(vanished, 0, (weights * x).sum(axis=-1, keepdims=True) / total)

        means = [mean(p.value * x) for x in p.first]
        slope = 2 * np.concatenate(means, axis=-1)
        apart = [(x - p.value * m).hi for x, m in zip(p.first, means, strict=True)]
        if p.second:
            # (log F)_ab = 4 Cov(g_a, g_b) + 2 E[p_ab / p - g_a g_b], p_a - p E[g_a] being ``apart``
            rows = []
            for x, y, row in zip(p.first, apart, p.second, strict=True):
                entries = [
                    4 * mean(y * z) + 2 * mean(p.value * xz - x * w)
                    for w, z, xz in zip(p.first, apart, row, strict=True)
                ]
                rows.append(np.concatenate(entries, axis=-1))
            curvature = np.stack(rows, axis=-2)
        else:
            curvature = None
    for x in (slope, curvature):
        if x is not None and not np.isfinite(x).all():
            raise OverflowError(
                "a derivative of the loss relative to the loss exceeds float64: use "
                "objective.exactly"
            )
    if not vector:
        slope = slope[..., 0]
        if curvature is not None:
            curvature = curvature[..., 0, 0]
    if curvature is None:
        return LogLoss(level, slope)
    if vector:
        square = slope[..., :, None] * slope[..., None, :]
    else:
        square = slope * slope
    return LogLoss(
        level,
        slope,
        curvature + square,
        curvature,
        (curvature + square / (2 * steps)) / (2 * steps),
    )
