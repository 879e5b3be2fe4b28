"""Two-term methods z_{t+1} = h z_t - b z_{t-1}, z_{-1} = z_0 = 1, as a search for their best
parameters sees them, and p_T = z_T in plain float64.

The roots of z^2 = h z - b are (h +- sqrt D) / 2 with D = h^2 - 4 b. With g = h - 2 b,

    p_T = a_T + g c_T,   a_n + c_n sqrt D = ((h + sqrt D) / 2)^n,

and the power is taken by squaring pairs (a, c), in which no square root appears.
"""

import math
from typing import Any, Protocol, TypeVar

import numpy as np

from quadmeta._types import Array, Floats, Ring
from quadmeta.arithmetic.double_double import DoubleDouble

BLOCK = 2**15
"""Numbers in one temporary array."""
_TINY = 1e-300  # in place of a root 0, which has no exponent


class TwoTerm(Protocol):
    """What is asked of a two-term method; x = eta lambda, beta the momentum."""

    @property
    def steps(self) -> int:
        """T."""

    def coefficients(self, x: Ring, beta: Ring) -> tuple[Any, Any]:
        """(h, b)."""

    def tilt(self, x: Ring, beta: Ring) -> Any:
        """g = h - 2 b."""

    def gap(self, x: DoubleDouble, beta: Floats) -> DoubleDouble:
        """D = h^2 - 4 b."""

    def spread(self, x: Array, beta: Floats, dx: Floats, dbeta: Floats) -> tuple[Floats, Floats]:
        """How far h and b move at most where x and beta move by at most dx and dbeta, in the
        complex plane.
        """

    def growth(self, x: Array, beta: Floats) -> Array:
        """|h| - |b| for x beyond the stability limit: |p_T| is at least its power T, where it is
        at least 1.
        """


class Plain:
    """float64 arrays with the part of the interface of DoubleDouble that ``ring_power`` uses."""

    def __init__(self, hi: Array) -> None:
        self.hi = hi

    def ldexp(self, exponent: Array | int) -> "Plain":
        """Times 2**exponent."""
        return Plain(np.ldexp(self.hi, exponent))

    def __add__(self, other: "Plain | float") -> "Plain":
        if isinstance(other, Plain):
            return Plain(self.hi + other.hi)
        return Plain(self.hi + other)

    def __mul__(self, other: "Plain | float") -> "Plain":
        if isinstance(other, Plain):
            return Plain(self.hi * other.hi)
        return Plain(self.hi * other)


Number = TypeVar("Number", Plain, DoubleDouble)


def ring_power(half: Number, gap: Number, g: Number, steps: int) -> tuple[Array, Array]:
    """(p, k) with p_T = a_T + g c_T = p 2^k, p in float64, from half = h / 2 and gap = D."""
    # (a + c sqrt D) = (h + sqrt D) / 2 to the power n, the leading bits of T
    a = half
    c = half * 0.0 + 0.5
    n = 1
    exponent: Any = 0
    for bit in bin(steps)[3:]:
        # the square: (a + c sqrt D)^2 = a^2 + D c^2 + 2 a c sqrt D
        square = a * a + gap * (c * c)
        c = (a * c) * 2.0
        a = square
        n = 2 * n
        exponent = 2 * exponent
        if bit == "1":
            # once more: (a + c sqrt D) (h + sqrt D) / 2
            product = half * a + (gap * c) * 0.5
            c = half * c + a * 0.5
            a = product
            n = n + 1
        # powers of two are taken out before anything can overflow
        if n >= 64:
            k = np.frexp(np.maximum(np.abs(a.hi), np.abs(c.hi)))[1].astype(np.int64)
            a = a.ldexp(-k)
            c = c.ldexp(-k)
            exponent = exponent + k
    return (a + g * c).hi, exponent


def float_run(method: TwoTerm, lam: Array, eta: Array, beta: Array) -> tuple[Array, Array]:
    """(p, k) with p_T = p 2^k from rounded h and D: no bound of its error next to equal roots."""
    x = eta * lam
    h, b = method.coefficients(x, beta)
    g = method.tilt(x, beta)
    gap = g * g - 4 * b * x
    # roots of size about 1: h / 2^s, g / 2^s, D / 4^s
    shift = np.frexp(np.maximum(np.abs(h), np.sqrt(np.abs(gap))) + _TINY)[1].astype(np.int64)
    value, exponent = ring_power(
        Plain(np.ldexp(h, -shift - 1)),
        Plain(np.ldexp(gap, -2 * shift)),
        Plain(np.ldexp(g, -shift)),
        method.steps,
    )
    return value, exponent + method.steps * shift


def rough(method: TwoTerm, lam: Array, omega: Array, points: Array) -> Array:
    """log F in float64 at points (n, 2), for choosing where to start: 12 T 2^-53 of its largest
    terms may be wrong.
    """
    size = max(1, BLOCK // len(lam))
    parts = []
    with np.errstate(all="ignore"):
        for k in range(0, len(points), size):
            eta, beta = points[k : k + size].T[..., None]
            value, exponent = float_run(method, lam, eta, beta)
            # log sqrt(omega_i) |p_i|
            score = np.log(np.abs(value)) + math.log(2) * exponent + np.log(omega) / 2
            top = score.max(axis=-1)
            parts.append(2 * top + np.log(np.exp(2 * (score - top[:, None])).sum(axis=-1)))
    level = np.concatenate(parts)
    return np.where(np.isnan(level), np.inf, level)
