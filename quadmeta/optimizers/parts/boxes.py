"""A lower bound of F = sum_i omega_i p_T(lambda_i)^2 over a whole box of (step size, momentum).

On a box with centre c and half-widths r, written c + r delta, |delta_j| <= 1, each v_i =
sqrt(omega_i) p_T(lambda_i) is interpolated, v_i = v_i(c) + sum_j (J_ij delta_j + H_ij delta_j^2 /
2) + C_i delta_1 delta_2 + (at most e_i): J and H from the two points c +- r_j, C from the corner.
Since delta^2 / 2 = 1/4 +- 1/4,

    sqrt F >= min over delta of |v(c) + sum_j H_j / 4 + J delta| - |E|,   E_i = sum_j |H_ij| / 4 +
        |C_i| + e_i,

a least-squares problem in one or two unknowns.

**e**, the rest of a power series. As a power series in delta, p_T has coefficients at most M K^-k
in degree k, if |p_T| <= M for all complex |delta_j| <= K (Cauchy). What interpolation leaves of
delta^k is at most 1 on [-1, 1], of a mixed product at most 2: e <= M sum_{k >= 3} K^-k for one
parameter, M sum_{k >= 3} 2 k K^-k for two.

**M**, from generating functions. With z_n the run of ``companion``, sum_n z_n y^n = (1 - b y) /
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
2^-53 r^T (1 + |g| / nu), with 2^-100 for 2^-53 in 106 bits. Centres and half-widths are dyadic and
exact. Logarithms, only in bounds, are given a relative slack of 1e-9.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.optimizers.parts.square import least_norm, norm
from quadmeta.optimizers.parts.two_term import Plain, TwoTerm, ring_power

_SLACK = 1e-9
_UNITS = ((1.0, 0.0), (0.0, 1.0))


class Boxes(NamedTuple):
    """Boxes [center - radius, center + radius] of (eta, beta), each (n, 2), with the halvings of
    each side (n, 2).
    """

    center: Array
    radius: Array
    depth: Array

    def pick(self, index: Array | slice) -> "Boxes":
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
    """r."""
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
    """Bounds of sqrt F / 2^unit on the boxes, along the sides ``free``; ``fine`` in 106 bits."""
    T = method.steps
    root = np.sqrt(omega)
    eta, beta = boxes.center.T[..., None]
    side, turn = boxes.radius.T[..., None]
    with np.errstate(all="ignore"):

        def at(one: float, two: float) -> Run:
            """The run at delta = (one, two)."""
            return _run(method, lam, eta + one * side, beta + two * turn, unit, fine)

        middle = at(0, 0)
        center = middle.value
        error = middle.error
        J = []
        bent = 0 * middle.value
        ends = [(at(*_UNITS[k]), at(*(-x for x in _UNITS[k]))) for k in free]
        for up, down in ends:
            J.append(root * ((up.value - down.value) / 2))
            # H delta^2 / 2 = H / 4 +- H / 4
            quarter = ((up.value - middle.value) + (down.value - middle.value)) / 4
            center = center + quarter
            bent = bent + np.abs(quarter)
            error = error + up.error + down.error + middle.error
        if len(free) == 2:
            # C = v(corner) - v(first end) - v(second end) + v(middle)
            corner = at(1, 1)
            first = ends[0][0]
            second = ends[1][0]
            twisted = (corner.value - first.value) - (second.value - middle.value)
            bent = bent + np.abs(twisted)
            error = error + corner.error + first.error + second.error + middle.error
        x = eta * lam
        r = middle.modulus
        m = middle.amplitude
        # how fast T m (u + w/r) / r grows along each side
        alone = (method.spread(x, beta, side * lam, 0), method.spread(x, beta, 0, turn))
        paces = [T * m * (u + w / r) / r for u, w in alone]
        K = np.clip(3 / (paces[0] + paces[1]), 1.5, 1e9)
        largest = _largest(method, x, beta, middle, K * side * lam, K * turn, unit)
        E = norm(root * (bent + largest * _rest(K, len(free)) + error)) * (1 + _SLACK)
        lower = least_norm(root * center, J) - E
        lower = np.where(np.isfinite(lower), np.maximum(lower, 0), 0)
        lower = np.maximum(
            lower, _unstable(method, x - side * lam, beta + turn, root, unit).max(axis=-1)
        )
        # modes count by their size against sqrt F: one that is next to 0 may turn as it likes
        share = np.fmin(root * largest, 1e6)
        pace = np.stack([(share * np.fmin(p, 1e3)).sum(axis=-1) for p in paces], axis=-1)
    return Bounds(norm(root * middle.value), lower, norm(root * error), pace)


def _rest(K: Array, parameters: int) -> Array:
    """sum_{k >= 3} K^-k for one parameter, sum_{k >= 3} 2 k K^-k for two."""
    q = 1 / K
    if parameters == 1:
        return q**3 / (1 - q)
    return 2 * q**3 * (3 - 2 * q) / (1 - q) ** 2


def _largest(
    method: TwoTerm, x: Array, beta: Array, middle: Run, dx: Array, dbeta: Array, unit: int
) -> Array:
    """M / 2^unit, a bound of |p_T| where x and beta move by at most dx and dbeta."""
    T = method.steps
    u, w = method.spread(x, beta, dx, dbeta)
    A = middle.modulus + middle.amplitude * u
    w = middle.amplitude * w
    R = (A + np.sqrt(A * A + 4 * w)) / 2
    # M = R^T (m_p + m w / R)
    log = T * np.log2(R) + np.log2(middle.own + w / R) - unit
    slack = 1 + _SLACK + 4e-16 * np.abs(T * np.log2(R)) + 1e-14 * T
    bound: Array = np.exp2(log) * slack
    return bound


def _unstable(method: TwoTerm, x: Array, beta: Array, root: Array, unit: int) -> Array:
    """A lower bound of sqrt(omega) |p_T| / 2^unit beyond the stability limit of a mode, else 0."""
    T = method.steps
    grown = method.growth(x, beta)
    log = T * np.log2(np.maximum(grown, 1)) + np.log2(root) - unit
    log -= _SLACK + 1e-14 * T * (1 + np.log2(np.maximum(grown, 1)))
    return np.where(grown >= 1 + 1e-12, np.exp2(np.minimum(log, 1023)), 0)


def _run(method: TwoTerm, lam: Array, eta: Array, beta: Array, unit: int, fine: bool) -> Run:
    """p_T / 2^unit by the ring a + c sqrt D, in float64 or (``fine``) in 106 bits."""
    T = method.steps
    x = DoubleDouble.of(eta) * lam
    momentum = DoubleDouble.of(beta)
    h, b = method.coefficients(x, momentum)
    g = method.tilt(x, momentum)
    gap = method.gap(x, beta)
    size = np.abs(g.hi)
    root = np.sqrt(np.abs(gap.hi))
    # complex roots have the modulus sqrt b, of real ones the larger is (|h| + sqrt D) / 2
    modulus = np.where(gap.hi < 0, np.sqrt(np.abs(b.hi)), (np.abs(h.hi) + root) / 2)
    r = modulus * (1 + 1e-15) + 1e-300
    m = np.minimum(T + 1, 2 * r / root)
    # roots of size about 1
    shift = np.frexp(r)[1].astype(np.int64)
    half = h.ldexp(-shift - 1)
    gap = gap.ldexp(-2 * shift)
    g = g.ldexp(-shift)
    if fine:
        value, exponent = ring_power(half, gap, g, T)
        rounding = 2.0**-100
    else:
        value, exponent = ring_power(Plain(half.hi), Plain(gap.hi), Plain(g.hi), T)
        rounding = 2.0**-53
    value = np.ldexp(value, exponent + T * shift - unit)
    power = np.exp2(T * np.log2(r) - unit)
    nu = np.maximum(root, r / T)
    error = 12 * T * rounding * power * (1 + size / nu) * (1 + 1e-6)
    return Run(value, error + 2.0**-53 * np.abs(value), r, m, 1 + size * m / (2 * r))
