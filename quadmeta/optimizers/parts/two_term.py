"""Two-term methods z_{t+1} = h z_t - b z_{t-1}, z_{-1} = z_0 = 1, as a search for their best
parameters sees them, and p_T = z_T in plain float64.

The roots of z^2 = h z - b are (h +- sqrt D) / 2 with D = h^2 - 4 b. With g = h - 2 b,

    p_T = a_T + g c_T,   a_n + c_n sqrt D = ((h + sqrt D) / 2)^n,

and the power is taken by squaring pairs (a, c), in which no square root appears.
"""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np

from quadmeta._types import Array, Floats, Ring
from quadmeta.arithmetic.double_double import DoubleDouble

BLOCK = 2**15
"""Numbers in one temporary array."""
_PART = 2**14  # the same in plain float64, where each takes less time than its way to memory
_SMALL = -570.0  # e to this power is the square of a number that is held to all digits
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


def dot(x: Array, y: Array) -> Array:
    """Sums of products over the last axis, which is short, of (n, d)."""
    total: Array = np.einsum("nd,nd->n", x, y)
    return total


def parts(points: int, modes: int) -> Iterator[slice]:
    """So many points at a time that arrays stay in the cache."""
    size = max(1, _PART // modes)
    for k in range(0, points, size):
        yield slice(k, k + size)


def float_run(method: TwoTerm, lam: Array, eta: Array, beta: Array) -> tuple[Array, Array]:
    """(p, log s) with p_T = p s^T at n points (n, 1): no bound of its error next to equal roots.

    s (n, 1) is the largest modulus of a root. It belongs to the smallest or the largest
    eigenvalue, those of ``lam`` (d,) at its ends.
    """
    h, b, _, gap = _float_parts(method, eta * lam[[0, -1]], beta)
    moduli = np.maximum(np.sqrt(np.abs(b)), (np.abs(h) + np.sqrt(np.maximum(gap, 0))) / 2)
    scale = np.maximum(moduli[:, :1], moduli[:, 1:]) + _TINY
    h, b, g, gap = _float_parts(method, eta * lam, beta)
    # roots of size at most 1: h / s, g / s, D / s^2; the pairs (a, 2 c) with D / 4
    half = np.multiply(h, 0.5 / scale, out=h)
    g *= 0.5 / scale
    gap *= (0.5 / scale) ** 2
    a = half.copy()
    c = np.ones_like(a)
    spare = np.empty_like(a)
    for bit in bin(method.steps)[3:]:
        np.multiply(c, c, out=spare)
        spare *= gap
        c *= a
        c *= 2
        a *= a
        a += spare
        if bit == "1":
            np.multiply(gap, c, out=spare)
            c *= half
            c += a
            a *= half
            a += spare
    g *= c
    a += g
    return a, np.log(scale)


def _float_parts(method: TwoTerm, x: Array, beta: Array) -> tuple[Array, Array, Array, Array]:
    """(h, b, g, D), of which h, g and D are new arrays of the shape of x."""
    h, b = method.coefficients(x, beta)
    g = method.tilt(x, beta)
    return h, b, g, g * g - 4 * b * x


def rough(method: TwoTerm, lam: Array, omega: Array, points: Array) -> Array:
    """log F in float64 at points (n, 2), for choosing where to start: 12 T 2^-53 of its largest
    terms may be wrong.
    """
    root = np.sqrt(omega)
    level = np.empty(len(points))
    with np.errstate(all="ignore"):
        for part in parts(len(points), len(lam)):
            value, scale = float_run(method, lam, *points[part].T[..., None])
            value *= root
            total = np.log(dot(value, value))
            small = np.flatnonzero(total < _SMALL)
            if small.size:  # squares have lost digits
                value = value[small]
                top = np.abs(value).max(axis=-1)
                value /= top[:, None]
                total[small] = np.log(dot(value, value)) + 2 * np.log(top)
            level[part] = total + 2 * method.steps * scale[:, 0]
    return np.where(np.isnan(level), np.inf, level)
