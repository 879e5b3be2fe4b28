"""A lower bound of F = sum_i omega_i p_T(lambda_i)^2 over a whole box of (step size, momentum), by
branch and bound.

On a box with centre c and half-widths r, written c + r delta, |delta_j| <= 1, each v_i =
sqrt(omega_i) p_T(lambda_i) is interpolated, v_i = v_i(c) + sum_j (J_ij delta_j + H_ij delta_j^2 /
2) + C_i delta_1 delta_2 + (at most e_i): J and H from the two points c +- r_j, C from the corner.
Since delta^2 / 2 = 1/4 +- 1/4,

    sqrt F >= min over delta of |v(c) + sum_j H_j / 4 + J delta| - |E|,   E_i = sum_j |H_ij| / 4 +
        |C_i| + e_i,

a least-squares problem in one or two unknowns. Boxes whose bound reaches the best value known are
dropped, the others are cut in half. When none is left, the best value known is the minimum, up to
``GAP``.

**e**, the rest of a power series. As a power series in delta, p_T has coefficients at most M K^-k
in degree k, if |p_T| <= M for all complex |delta_j| <= K (Cauchy). What interpolation leaves of
delta^k is at most 1 on [-1, 1], of a mixed product at most 2: e <= M sum_{k >= 3} K^-k for one
parameter, M sum_{k >= 3} 2 k K^-k for two.

**M**, from generating functions. With z_n the run of ``_companion``, sum_n z_n y^n = (1 - b y) /
(1 - h y + b y^2). At the centre |s_n| <= m r^n and |z_n| <= m_p r^n for n <= T, where r is the
larger modulus of a root, D = h^2 - 4 b, m = min(T + 1, 2 r / sqrt|D|) and m_p = 1 + |g| m / (2 r).
If h moves by at most u and b by at most w, then coefficient by coefficient the series is at most
(m_p + m w y) / (1 - (r + m u) y - m w y^2), so that

    |p_T| <= M = m_p R^T + m w R^(T-1),   R = (A + sqrt(A^2 + 4 m w)) / 2,   A = r + m u.

M is within a small factor of |p_T| itself while T m (u + w/r) / r is of order 1, for complex and
for equal roots.

**Rounding.** D, h and g enter with a relative error of 2^-53, from 106 bits. The ring a + c sqrt D
has the norm |a| + nu |c|, or its Euclidean form for complex roots, nu = max(sqrt|D|, r/T), in
which a product adds 5 2^-53 and z^n is at most e^(1/2) r^n: p_T = a + g c is off by at most 12 T
2^-53 r^T (1 + |g| / nu). Where that blurs the comparison with the best value, the box is done
again in 106 bits, with 2^-100 for 2^-53. Centres and half-widths are dyadic and exact. Logarithms,
only in bounds, are given a relative slack of 1e-9.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from quadmeta.arithmetic.double_double import DoubleDouble

Array = Any
GAP = 1e-9  # what a proof leaves open, relative to F
_DEPTH = 50  # halvings of one side, after which centres would no longer be exact
_BLOCK = 2**15  # numbers in one temporary array
_SLACK = 1e-9


class TwoTerm(Protocol):
    """What is asked of a two-term method z_{t+1} = h z_t - b z_{t-1}; x = eta lambda."""

    @property
    def steps(self) -> int:
        """T."""

    def coefficients(self, x: Array, beta: Array) -> tuple[Array, Array]:
        """(h, b)."""

    def tilt(self, x: Array, beta: Array) -> Array:
        """h - 2 b."""

    def gap(self, x: DoubleDouble, beta: Array) -> DoubleDouble:
        """h^2 - 4 b."""

    def spread(self, x: Array, beta: Array, dx: Array, dbeta: Array) -> tuple[Array, Array]:
        """How far h and b move at most where x and beta move by at most dx and dbeta, in the
        complex plane.
        """

    def growth(self, x: Array, beta: Array) -> Array:
        """|h| - |b| for x beyond the stability limit: |p_T| is at least its power T, where it is
        at least 1.
        """


class Boxes(NamedTuple):
    """Boxes [center - radius, center + radius] of (eta, beta), each (n, 2), with the halvings of
    each side (n, 2).
    """

    center: Array
    radius: Array
    depth: Array

    def pick(self, index: Any) -> "Boxes":
        """Some of them."""
        return Boxes(self.center[index], self.radius[index], self.depth[index])


class Bounds(NamedTuple):
    """What is known of sqrt F on each box, in units of a power of two."""

    middle: Array
    """At the centre, (n,)."""
    lower: Array
    """A lower bound on the box, (n,)."""
    rounding: Array
    """What rounding takes of it, (n,)."""
    pace: Array
    """How fast the modes turn along each side, (n, 2): the faster side is cut."""


class Run(NamedTuple):
    """p_T of all modes at n points, (n, d), with what bounds its rounding and its neighbourhood."""

    value: Array
    error: Array
    modulus: Array
    amplitude: Array
    """m."""
    own: Array
    """m_p."""


def bounds(
    method: TwoTerm,
    lam: Array,
    omega: Array,
    boxes: Boxes,
    free: tuple[int, ...],
    unit: int,
    fine: bool = False,
) -> Bounds:
    """Bounds of sqrt F / 2^unit on the boxes."""
    T = method.steps
    root = np.sqrt(omega)
    (eta, beta) = boxes.center.T[..., None]
    (side, turn) = boxes.radius.T[..., None]
    with np.errstate(all="ignore"):

        def at(one: float, two: float) -> Run:
            return _run(method, lam, eta + one * side, beta + two * turn, unit, fine)

        middle = at(0, 0)
        center = middle.value
        error = middle.error
        J = []
        bent = 0 * middle.value
        units = [((1.0, 0.0), (0.0, 1.0))[k] for k in free]
        ends = [(at(*e), at(-e[0], -e[1])) for e in units]
        for up, down in ends:
            J.append(root * ((up.value - down.value) / 2))
            # H delta^2 / 2 = H / 4 +- H / 4
            quarter = ((up.value - middle.value) + (down.value - middle.value)) / 4
            center = center + quarter
            bent = bent + np.abs(quarter)
            error = error + up.error + down.error + middle.error
        if len(free) == 2:
            corner = at(1, 1)
            bent = bent + np.abs(
                (corner.value - ends[0][0].value) - (ends[1][0].value - middle.value)
            )
            error = error + corner.error + ends[0][0].error + ends[1][0].error + middle.error
        x = eta * lam
        r = middle.modulus
        m = middle.amplitude
        alone = [method.spread(x, beta, *pair) for pair in ((side * lam, 0), (0, turn))]
        paces = [T * m * (u + w / r) / r for u, w in alone]
        K = np.clip(3 / (paces[0] + paces[1]), 1.5, 1e9)
        u, w = method.spread(x, beta, K * side * lam, K * turn)
        A = r + m * u
        w = m * w
        R = (A + np.sqrt(A * A + 4 * w)) / 2
        # M = R^T (m_p + m w / R), over 2^unit
        log = T * np.log2(R) + np.log2(middle.own + w / R) - unit
        M = np.exp2(log) * (1 + _SLACK + 4e-16 * np.abs(T * np.log2(R)) + 1e-14 * T)
        q = 1 / K
        if len(free) == 1:
            rest = q**3 / (1 - q)
        else:
            rest = 2 * q**3 * (3 - 2 * q) / (1 - q) ** 2
        E = _norm(root * (bent + M * rest + error)) * (1 + _SLACK)
        lower = _least(root * center, J) - E
        lower = np.where(np.isfinite(lower), np.maximum(lower, 0), 0)
        # beyond the stability limit of a mode
        grown = method.growth(x - side * lam, beta + turn)
        log = T * np.log2(np.maximum(grown, 1)) + np.log2(root) - unit
        log -= _SLACK + 1e-14 * T * (1 + np.log2(np.maximum(grown, 1)))
        grown = np.where(grown >= 1 + 1e-12, np.exp2(np.minimum(log, 1023)), 0).max(axis=-1)
        lower = np.maximum(lower, grown)
        # modes count by their size against sqrt F: one that is next to 0 may turn as it likes
        share = np.fmin(root * M, 1e6)
        pace = np.stack([(share * np.fmin(p, 1e3)).sum(axis=-1) for p in paces], axis=-1)
    return Bounds(_norm(root * middle.value), lower, _norm(root * error), pace)


def _run(method: TwoTerm, lam: Array, eta: Array, beta: Array, unit: int, fine: bool) -> Run:
    """p_T / 2^unit by the ring a + c sqrt D, in float64 or (``fine``) in 106 bits."""
    T = method.steps
    x = DoubleDouble.of(eta) * lam
    momentum = DoubleDouble.of(beta)
    (h, b) = method.coefficients(x, momentum)
    g = method.tilt(x, momentum)
    gap = method.gap(x, beta)
    size = np.abs(g.hi)
    root = np.sqrt(np.abs(gap.hi))
    r = (
        np.where(gap.hi < 0, np.sqrt(np.abs(b.hi)), (np.abs(h.hi) + root) / 2) * (1 + 1e-15)
        + 1e-300
    )
    m = np.minimum(T + 1, 2 * r / root)
    # roots of size about 1
    shift = np.frexp(r)[1].astype(np.int64)
    a = h.ldexp(-shift - 1)
    gap = gap.ldexp(-2 * shift)
    g = g.ldexp(-shift)
    value, exponent = (
        _power(a, gap, g, T) if fine else _power(_Float(a.hi), _Float(gap.hi), _Float(g.hi), T)
    )
    value = np.ldexp(value, exponent + T * shift - unit)
    power = np.exp2(T * np.log2(r) - unit)
    error = (
        12
        * T
        * (2.0**-100 if fine else 2.0**-53)
        * power
        * (1 + size / np.maximum(root, r / T))
        * (1 + 1e-6)
    )
    return Run(value, error + 2.0**-53 * np.abs(value), r, m, 1 + size * m / (2 * r))


class _Float:
    """float64 arrays with the interface of DoubleDouble that ``_power`` uses."""

    def __init__(self, hi: Array) -> None:
        self.hi = hi

    def ldexp(self, exponent: Array) -> "_Float":
        """Times 2**exponent."""
        return _Float(np.ldexp(self.hi, exponent))

    def __add__(self, other: Any) -> "_Float":
        return _Float(self.hi + (other.hi if isinstance(other, _Float) else other))

    def __mul__(self, other: Any) -> "_Float":
        return _Float(self.hi * (other.hi if isinstance(other, _Float) else other))


def _power(half: Any, gap: Any, g: Any, steps: int) -> tuple[Array, Array]:
    """(p, k) with p_T = p 2^k, p in float64."""
    a = half
    c = half * 0.0 + 0.5
    exponent = 0
    n = 1
    for bit in bin(steps)[3:]:
        a, c, exponent, n = a * a + gap * (c * c), (a * c) * 2.0, 2 * exponent, 2 * n
        if bit == "1":
            a, c, n = half * a + (gap * c) * 0.5, half * c + a * 0.5, n + 1
        if n >= 64:
            k = np.frexp(np.maximum(np.abs(a.hi), np.abs(c.hi)))[1].astype(np.int64)
            a = a.ldexp(-k)
            c = c.ldexp(-k)
            exponent = exponent + k
    return (a + g * c).hi, exponent


def _norm(v: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.sqrt((v * v).sum(axis=-1))


def _least(v: Array, J: list[Array]) -> Array:
    """A lower bound of |v + sum_j delta_j J_j| over |delta_j| <= 1, for v and J_j of shape (n, d).

    The square is convex, so at any delta* it is at least |v*|^2 + min over delta of 2 v* J (delta
    - delta*): what delta* lacks to the minimum costs a little of the bound, and never its truth.
    """
    size = _norm(v) + sum(map(_norm, J))
    if len(J) == 1:
        places = [_clipped(v, J[0])]
    else:
        places = list(_corner(v, *J))
    at = v + sum(delta[:, None] * j for delta, j in zip(places, J, strict=True))
    square = (at * at).sum(axis=-1)
    for delta, j in zip(places, J, strict=True):
        slope = 2 * (at * j).sum(axis=-1)
        square = square + np.minimum(slope * (1 - delta), slope * (-1 - delta))
    return np.sqrt(np.maximum(square - (v.shape[-1] + 8) * 4e-15 * size**2, 0))


def _corner(v: Array, one: Array, two: Array) -> tuple[Array, Array]:
    """The (p, q) in the square with the least |v + p one + q two|: the free minimum, or the best
    one of four sides.
    """
    (aa, ab, bb) = ((x * y).sum(axis=-1) for x, y in ((one, one), (one, two), (two, two)))
    av = (one * v).sum(axis=-1)
    bv = (two * v).sum(axis=-1)
    det = aa * bb - ab * ab
    p = (ab * bv - bb * av) / det
    q = (ab * av - aa * bv) / det
    inside = (np.abs(p) <= 1) & (np.abs(q) <= 1)
    p = np.where(inside, p, 0)
    q = np.where(inside, q, 0)
    best = np.where(inside, _norm(v + p[:, None] * one + q[:, None] * two), np.inf)
    for sign in (1.0, -1.0):
        first = _clipped(v + sign * one, two)
        second = _clipped(v + sign * two, one)
        for new in ((np.full(len(v), sign), first), (second, np.full(len(v), sign))):
            here = _norm(v + new[0][:, None] * one + new[1][:, None] * two)
            p = np.where(here < best, new[0], p)
            q = np.where(here < best, new[1], q)
            best = np.minimum(best, here)
    return p, q


def _clipped(v: Array, J: Array) -> Array:
    """The delta of [-1, 1] with the least |v + delta J|."""
    square = (J * J).sum(axis=-1)
    return np.clip(-(v * J).sum(axis=-1) / np.where(square > 0, square, 1), -1, 1)


class Search(NamedTuple):
    """What branch and bound has found: the best parameters (k,), log F there, a lower bound of it,
    boxes looked at.
    """

    theta: Array
    level: float
    lower: float
    boxes: int


def search(
    method: TwoTerm,
    lam: Array,
    omega: Array,
    root: Boxes,
    free: tuple[int, ...],
    best: tuple[Array, float],
    polish: Callable[[Array], tuple[Array, float]],
    budget: int,
) -> Search:
    """Branch and bound from one box; ``polish`` takes centres (n, k) to the best local minimum
    near them.

    It stops when no box is left, or when more than ``budget`` boxes would be looked at.
    """
    boxes = root
    count = 0
    left = math.inf
    theta, level = best
    lowest = -math.inf
    while len(boxes.center):
        if count + len(boxes.center) > budget:
            left = min(left, lowest)
            break
        count += len(boxes.center)
        unit = round(level / 2 / math.log(2))
        found = _in_blocks(method, lam, omega, boxes, free, unit)
        known = math.exp(level / 2 - unit * math.log(2))
        if found.middle.min() < known * (1 - 1e-10):
            order = np.argsort(found.middle)[:4]
            new = polish(boxes.center[order][:, list(free)])
            if new[1] < level:
                theta, level = new
                known = math.exp(level / 2 - unit * math.log(2))
        keep = found.lower < known * (1 - GAP / 2)
        # float64 cannot tell: 106 bits
        blurred = keep & (found.rounding > 0.1 * GAP * known)
        if blurred.any():
            again = _in_blocks(method, lam, omega, boxes.pick(blurred), free, unit, True)
            for old, new_ in zip(found, again, strict=True):
                old[blurred] = new_
            keep = found.lower < known * (1 - GAP / 2)
        deep = keep & (boxes.depth.max(axis=-1) >= _DEPTH)
        if deep.any():
            left = min(left, _log(found.lower[deep].min(), unit))
            keep &= ~deep
        if keep.any():
            lowest = _log(found.lower[keep].min(), unit)
        boxes = _halved(boxes.pick(keep), found.pace[keep], free)
    return Search(theta, level, min(level + math.log1p(-GAP), left), count)


def _log(root: float, unit: int) -> float:
    """log F from sqrt F / 2^unit."""
    if root > 0:
        return 2 * (math.log(root) + unit * math.log(2))
    return -math.inf


def _in_blocks(
    method: TwoTerm,
    lam: Array,
    omega: Array,
    boxes: Boxes,
    free: tuple[int, ...],
    unit: int,
    fine: bool = False,
) -> Bounds:
    size = max(1, _BLOCK // len(lam))
    parts = [
        bounds(method, lam, omega, boxes.pick(slice(k, k + size)), free, unit, fine)
        for k in range(0, len(boxes.center), size)
    ]
    return Bounds(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _halved(boxes: Boxes, pace: Array, free: tuple[int, ...]) -> Boxes:
    """Both halves of each box, cut across the side along which the modes turn faster."""
    sides = np.array(free)[np.argmax(pace[:, list(free)], axis=-1)]
    cut = np.arange(2) == sides[:, None]
    radius = np.where(cut, boxes.radius / 2, boxes.radius)
    depth = boxes.depth + cut
    shift = np.where(cut, radius, 0)
    return Boxes(
        *(
            np.concatenate(pair)
            for pair in (
                (boxes.center - shift, boxes.center + shift),
                (radius, radius),
                (depth, depth),
            )
        )
    )


def rough(method: TwoTerm, lam: Array, omega: Array, points: Array) -> Array:
    """log F in float64 at points (n, 2), for choosing where to start: 12 T 2^-53 of its largest
    terms may be wrong.
    """
    size = max(1, _BLOCK // len(lam))
    parts = []
    with np.errstate(all="ignore"):
        for k in range(0, len(points), size):
            eta, beta = points[k : k + size].T[..., None]
            value, exponent = _float_run(method, lam, eta, beta)
            score = np.log(np.abs(value)) + math.log(2) * exponent + np.log(omega) / 2
            top = score.max(axis=-1)
            parts.append(2 * top + np.log(np.exp(2 * (score - top[:, None])).sum(axis=-1)))
    level = np.concatenate(parts)
    return np.where(np.isnan(level), np.inf, level)


def _float_run(method: TwoTerm, lam: Array, eta: Array, beta: Array) -> tuple[Array, Array]:
    """(p, k) with p_T = p 2^k from rounded h and D: no bound of its error next to equal roots."""
    x = eta * lam
    (h, b) = method.coefficients(x, beta)
    g = method.tilt(x, beta)
    gap = g * g - 4 * b * x
    shift = np.frexp(np.maximum(np.abs(h), np.sqrt(np.abs(gap))) + 1e-300)[1].astype(np.int64)
    half, gap, g = (
        _Float(np.ldexp(y, n)) for y, n in ((h, -shift - 1), (gap, -2 * shift), (g, -shift))
    )
    value, exponent = _power(half, gap, g, method.steps)
    return value, exponent + method.steps * shift
