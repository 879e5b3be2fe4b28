"""Symmetric affine recursions with geometric forcing, v_{t+1} = (I - B) v_t + sum_i (1 - rho_i)^t
beta_i, at any T.

With B = Q diag(delta) Q', theta = 1 - delta and a_i = 1 - rho_i, the divided differences f[x, y]
and f[x, y, z] of f(x) = x^T (complete homogeneous polynomials of degree T - 1 and T - 2) give v_T
and its derivative in a parameter:

    v_T  = Q (f(theta) Q'v_0 + sum_i f[theta, a_i] Q'beta_i)
    v_T' = Q (F Q'v_0 + sum_i (H_i Q'beta_i + f[theta, a_i] Q'beta_i' - rho_i' f[theta, a_i, a_i]
        Q'beta_i)),
    F_jl = -f[theta_j, theta_l] (Q'B'Q)_jl,    H_i,jl = -f[theta_j, theta_l, a_i] (Q'B'Q)_jl
        (Daleckii-Krein).

Powers are kept as logarithms and theta as delta, which keeps its digits next to theta = 1.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.residual import Factor, factor, log_abs, power_difference
from quadmeta.arithmetic.signlog import SignLog

# of the series of f[x, y, z] for T |x - y|, T |x - z| <= |x|: the next one is below 1e-17 of the
# first
_TERMS = 20
_BLOCK = 2**16  # entries of the second differences that are taken at once


@dataclass(frozen=True, eq=False)
class Affine:
    """The recursion, in float64. Its derivative in a parameter is a second one, of the derivatives
    of the fields. For its values, leading axes hold several recursions.

    A result is in error by a few eps (1 + T |delta|) times the sum of the magnitudes of its terms.
    """

    decay: Array
    """(..., k, k) symmetric B."""
    start: Array
    """(k,) v_0."""
    rates: Array
    """(..., m) rho_i, 0 for a constant forcing."""
    forcing: Array
    """(..., k, m) beta_i as columns."""

    @cached_property
    def _eigen(self) -> tuple[Array, Array]:
        return eigen(self.decay)

    def power(self, steps: int, weights: Array) -> SignLog:
        """weights'v_T (...), from one eigendecomposition whatever T."""
        delta, Q = self._eigen
        theta = factor(1.0, delta)
        p = weights @ Q
        mixed = power_difference(_column(theta), _row(factor(1.0, self.rates)), steps)
        free = SignLog.of(p * (self.start @ Q)) * signed(theta) ** steps
        forced = SignLog.of(p[..., None] * (np.swapaxes(Q, -1, -2) @ self.forcing)) * mixed
        total: SignLog = free.sum(axis=-1)
        return total + forced.reshape((*total.shape, -1)).sum(axis=-1)

    def slope(self, steps: int, weights: Array, derivative: "Affine") -> SignLog:
        """weights'v_T', in O(k^3 + k^2 m) whatever T."""
        delta, Q = self._eigen
        theta = factor(1.0, delta)
        a = factor(1.0, self.rates)
        p = weights @ Q
        beta = Q.T @ self.forcing
        turn = -p[:, None] * (Q.T @ derivative.decay @ Q)
        pairs = power_difference(_column(theta), _row(theta), steps)
        mixed = power_difference(_column(theta), _row(a), steps)
        total: SignLog = (SignLog.of(turn * (self.start @ Q)) * pairs).sum()
        total = total + (SignLog.of(p * (derivative.start @ Q)) * signed(theta) ** steps).sum()
        total = total + (SignLog.of(p[:, None] * (Q.T @ derivative.forcing)) * mixed).sum()
        driven = np.flatnonzero(beta.any(axis=0))
        size = max(1, _BLOCK // turn.size)
        for k in range(0, len(driven), size):
            some = driven[k : k + size]
            force = beta[:, some].T
            one = _take(a, (some, None))
            edge = SignLog(mixed.sign[:, some].T, mixed.log[:, some].T)
            bends = second_difference(
                _column(theta),
                _row(theta),
                _column(one),
                steps,
                (pairs, edge[:, None, :], edge[:, :, None]),
            )
            terms = SignLog.of(turn * force[:, None]) * bends
            turned = terms.reshape((len(some), -1)).sum(axis=-1)
            rates = derivative.rates[some]
            bends = second_difference(theta, one, one, steps)
            moved = (SignLog.of(p * force * rates[:, None]) * bends).sum(axis=-1)
            for i in range(len(some)):
                total = total + turned[i]
                if rates[i]:
                    total = total - moved[i]
        return total


def eigen(B: Array) -> tuple[Array, Array]:
    """(delta, Q) with B = Q diag(delta) Q' (..., k, k), refined once.

    Where B is graded, small eigenvalues and small entries of Q then are accurate relative to
    themselves, and not only to the norm of B, because the residual Q'BQ is.
    """
    return refined(B, np.linalg.eigh(B)[1])


def refined(B: Array, Q: Array) -> tuple[Array, Array]:
    """(delta, Q) after one Newton step from approximate eigenvectors (Ogita, Aishima 2018,
    algorithm 1), in any float.

    Vectors of eigenvalues that are closer than the root of the rounding unit are made orthonormal
    only.
    """
    k = B.shape[-1]
    R = np.eye(k) - np.swapaxes(Q, -1, -2) @ Q
    S = np.swapaxes(Q, -1, -2) @ (B @ Q)
    delta = _diagonal(S) / (1 - _diagonal(R))
    column = delta[..., None]
    delta = delta[..., None, :]
    gap = delta - column
    # what rounding leaves of S - S' is divided by the gap: between close eigenvalues Q would not
    # stay orthogonal
    S = np.where(np.abs(gap) < np.abs(delta + column) / 8, (S + np.swapaxes(S, -1, -2)) / 2, S)
    largest = np.abs(delta).max(axis=-1, keepdims=True)
    near = np.abs(gap) <= np.sqrt(np.finfo(B.dtype).eps) * largest
    Q = Q + Q @ np.where(near, R / 2, (S + delta * R) / np.where(near, 1, gap))
    # the same between two small eigenvalues whose gap is as small: there Q'Q = I + O(eps / gap).
    # Entries of R that are rounding stay out, since they would cost the small entries of Q their
    # digits
    R = np.eye(k) - np.swapaxes(Q, -1, -2) @ Q
    Q = Q + Q @ np.where(np.abs(R) > 64 * np.finfo(B.dtype).eps, R / 2, 0)
    return (Q * (B @ Q)).sum(axis=-2) / (Q * Q).sum(axis=-2), Q


def _diagonal(x: Array) -> Array:
    return np.diagonal(x, axis1=-2, axis2=-1)


def signed(x: Factor) -> SignLog:
    """The factor as a number of its own."""
    return SignLog(np.sign(x.value), log_abs(x))


def second_difference(
    x: Factor, y: Factor, z: Factor, n: int, pairs: tuple[SignLog, ...] = ()
) -> SignLog:
    """f[x, y, z] of f(x) = x^n: the sum of x^i y^j z^k over i + j + k = n - 2, also where some of
    the three agree.

    It is (f[x, y] - f[y, z]) / (x - z) over the widest of the three gaps, and the series

        f[x, y, z] = m^(n-2) sum_q C(n, q+2) h_q(u, v),    the three = m, m (1 + u), m (1 + v),

    where n times that gap is below the magnitude of the largest, m. eta = 1 in all three.

    Parameters
    ----------
    pairs
        f[x, y], f[y, z], f[z, x], where they are known already.
    """
    xy, yz, zx = pairs or (
        power_difference(x, y, n),
        power_difference(y, z, n),
        power_difference(z, x, n),
    )
    dx, dy, dz = np.broadcast_arrays(x.eigenvalue, y.eigenvalue, z.eigenvalue)
    gaps = dz - dx, dx - dy, dy - dz  # x - z, y - x, z - y
    wide = np.argmax(np.abs(gaps), axis=0)
    gap = np.choose(wide, gaps)
    signs = [np.broadcast_to(pair.sign, gap.shape) for pair in (xy, yz, zx)]
    logs = [np.broadcast_to(pair.log, gap.shape) for pair in (xy, yz, zx)]
    # the gap x - z belongs to xy - yz, y - x to yz - zx, z - y to zx - xy
    first = np.choose(wide, logs)
    second = np.choose(wide, logs[1:] + logs[:1])
    top = np.maximum(first, second)
    top = np.where(top == -np.inf, 0, top)
    with np.errstate(divide="ignore"):
        value = np.choose(wide, signs) * np.exp(first - top)
        value = value - np.choose(wide, signs[1:] + signs[:1]) * np.exp(second - top)
        near = n * np.abs(gap) <= np.max(np.abs([1 - dx, 1 - dy, 1 - dz]), axis=0)
        value = value / np.where(gap == 0, 1, gap)
        sign = np.sign(value)
        log = top + np.log(np.abs(value))
    sign[near], log[near] = _series(dx[near], dy[near], dz[near], n)
    return SignLog(sign, log)


def _series(x: Array, y: Array, z: Array, n: int) -> tuple[Array, Array]:
    """Sign and logarithm of f[1 - x, 1 - y, 1 - z] where the three are close."""
    points = np.array([x, y, z])
    order = np.argsort(-np.abs(1 - points), axis=0)
    largest, *rest = np.take_along_axis(points, order, axis=0)
    m = factor(1.0, largest)
    u, v = (n * (largest - point) / np.where(m.value == 0, 1, m.value) for point in rest)
    h = np.ones_like(u)
    power = np.ones_like(u)
    coefficient = n * (n - 1) / 2
    total = coefficient * h
    for q in range(1, min(_TERMS, n - 1)):
        power = power * v
        h = u * h + power
        # C(n, q + 2) / n^q, as u and v are n times those above
        coefficient *= (n - q - 1) / n / (q + 2)
        total = total + coefficient * h
    result = SignLog.of(total) * signed(m) ** max(n - 2, 0)
    return result.sign, result.log


def _take(x: Factor, index: Any) -> Factor:
    return Factor(x.eta, *(part[index] for part in x[1:]))


def _column(x: Factor) -> Factor:
    return _take(x, (..., None))


def _row(x: Factor) -> Factor:
    return _take(x, (..., None, slice(None)))
