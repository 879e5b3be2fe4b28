"""What an unfinished run and rounding add to the error of a hypergradient at most, relative to
||J|| ||x||.

With r = grad L_1(w_T), e = w_T - w_* = H^-1 r, m = H^-1 H_2 e = x_T - x_* and D_k = H_k e, an
implicit estimate at w_T differs from that at w_* by

    J_T x_T - J_* x_* = J_T m + D (x_T - m).

Where the eigenvectors of H are there, it is computed; elsewhere ||e|| <= ||r|| / mu and so on.
Estimators see H by products with A = I - nu H, nu the step size of the run: their rounding is that
of an H of the size max(L, 1 / nu).
"""

import math

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.parts.solvable import ROUNDING
from quadmeta.theory import filters
from quadmeta.training.advice.sizes import EPS, Sizes

_SMALL = 100_000_000
"""Products of numbers up to which the norm of J is computed and not bounded from below."""


def implicit_errors(sizes: Sizes, own: bool, step_size: float) -> tuple[float, float]:
    """(of the run, of rounding) relative to ||J|| ||H^-1 g||; ``own`` where the eigenvectors of H
    may be used, ``step_size`` nu. Infinite where g or J is 0 to rounding.
    """
    seen = max(sizes.L, 1 / step_size) / sizes.mu
    if own:
        return _computed(sizes, seen)
    return _bounded(sizes, seen)


def keeps_digits(sizes: Sizes, own: bool, step_size: float) -> bool:
    """Whether estimators that solve H x = g do not refuse x for its rounding."""
    P = sizes.g.size
    # at least max(1, ||I - A||) / nu
    top = max(1 / step_size, P**0.5 * sizes.L)
    inverse = 1 / sizes.mu
    if own and sizes.g.any():
        inverse = float(np.linalg.norm(_solved(sizes, sizes.g)) / np.linalg.norm(sizes.g))
    return bool(top * inverse * P * EPS <= ROUNDING)


class Unrolled:
    """T steps of gradient descent on a quadratic with |1 - eta lambda| <= 1, where mu may be 0:
    errors relative to max ||J|| ||S_T(H) g||, S_T = eta sum_{k<T} (1 - eta lambda)^k.

    Parameters
    ----------
    sizes
        norms at w_T.
    steps, step_size
        T and eta.
    first
        w_0.
    own
        whether the eigenvectors of H may be used.
    """

    def __init__(self, sizes: Sizes, steps: int, step_size: float, first: Array, own: bool) -> None:
        self.sizes = sizes
        self.steps = steps
        self.eta = step_size
        self.first = first
        self.g = float(np.linalg.norm(sizes.g))
        self.start_gradient = float(np.linalg.norm(sizes.inner.gradient(first)))
        slowest = max(abs(1 - step_size * sizes.mu), abs(1 - step_size * sizes.L))
        self.memory = min(float(steps), 1 / (1 - slowest) if slowest < 1 else math.inf)
        """sum_{k<T} |1 - eta lambda|^k at most: over how many steps errors of one add up."""
        self.J = max(least_norm(sizes.inner.jacobian(w)) for w in (sizes.w, first))
        self.summed = self._summed(own)

    def _summed(self, own: bool) -> float:
        """At most ||S_T(H) g||."""
        if own:
            lam, Q = self.sizes.inner.eigen
            response = filters.unrolled(lam, self.eta, self.steps)
            return float(np.linalg.norm(response[:, None] * (Q.T @ self.sizes.g)))
        # S_T falls in lambda while 1 - eta lambda >= 0
        left = abs(1 - self.eta * self.sizes.L) ** self.steps
        return (1 - left) / self.sizes.L * self.g

    def rounding(self, steps: int = 0) -> float:
        """What rounding adds to reverse mode at most, through at least so many ``steps``: errors of
        single steps add up over n of them, those of w to the n-th part of the path, those of v =
        A^k g to n^2.
        """
        sizes = self.sizes
        n = max(self.memory, float(steps))
        longest = float(np.linalg.norm(self.first)) + self.memory * self.eta * self.start_gradient
        w_off = n * sizes.unit * self.eta * (sizes.L * longest + sizes.linear)
        g_off = sizes.outer_hessian * w_off + sizes.g_rounding
        summed = self.summed - n * self.eta * g_off
        J_off = sizes.all_slopes * w_off + sizes.all_mixed_rounding
        if not (summed > 0 and self.J > J_off):
            return math.inf
        terms = n * self.eta * self.g
        backwards = sizes.unit * n * terms
        return (n * self.eta * g_off + terms * J_off / self.J + backwards) / summed

    def surrogate(self, degree: int) -> float:
        """What is lost by the surrogate of a degree K < T at most, with rounding.

        With R = grad L_1(w_0), the derivative is -<J_0, S G> - <H_k, S[.,.] o G R'>, S[x, y] the
        divided differences. Cut after K, S in a = 1 - eta lambda loses c = sum_{k>K} c_k, and its
        derivative d = sum_{k>K} k^2 c_k, since |T_k'| <= k^2: so S[x, y] loses eta^2 d at most.
        """
        sizes = self.sizes
        size = self.J * self.summed
        if not size > 0:
            return math.inf
        c, d = cut_weights(self.steps, degree)
        lost = self.eta * c
        lost_slope = self.eta**2 * d
        most = self.eta * self.memory
        R = self.start_gradient
        g_off = sizes.outer_hessian * lost * R
        g = self.g + g_off
        start = float(np.linalg.norm(sizes.inner.jacobian(self.first)))
        total = start * (lost * g + most * g_off)
        total += sizes.frobenius * R * (lost_slope * g + most**2 * g_off)
        return total / size + self.rounding(degree)


def cut_weights(steps: int, degree: int) -> tuple[float, float]:
    """(sum c_k, sum k^2 c_k) over k > K = ``degree`` at most, for the Chebyshev coefficients c_k of
    sum_{j<T} a^j.

    Those of a^j are the probabilities of |X| = k for a sum X of j signs, which are 0 for k > j, and
    P(|X| >= m) <= 2 exp(-m^2 / 2j) (Hoeffding). By parts the sum of k^2 P(|X| = k) over k >= m is
    at most 2 exp(-m^2 / 2j) (m^2 + 2j).
    """
    m = degree + 1
    j = np.arange(m, steps)
    tails = 2 * np.exp(-m * m / (2 * j))
    return float(tails.sum()), float(tails @ (m * m + 2 * j))


def least_norm(J: Array) -> float:
    """||J|| of rows (h, P), or a lower bound where that would take long."""
    h, P = J.shape
    if h * P * min(h, P) <= _SMALL:
        return float(np.linalg.norm(J, 2))
    rows = np.linalg.norm(J, axis=1)
    return float(max(rows.max(), np.linalg.norm(rows) / math.sqrt(min(h, P))))


def _solved(sizes: Sizes, V: Array) -> Array:
    """H^-1 V by the eigenvectors of H."""
    lam, Q = sizes.inner.eigen
    found: Array = Q @ (Q.T @ V / np.maximum(lam, sizes.mu)[:, None])
    return found


def _computed(sizes: Sizes, seen: float) -> tuple[float, float]:
    """With e, x and m themselves; rounding of an estimate is ``seen`` times that of a product."""
    inner = sizes.inner
    norm = np.linalg.norm
    e = _solved(sizes, inner.H @ sizes.W - inner.B)
    x = _solved(sizes, sizes.g)
    m = _solved(sizes, inner.outer.hessian @ e)
    J = inner.jacobian(sizes.w)
    D = J - inner.jacobian(inner.flat(sizes.W - e))
    kappa = sizes.L / sizes.mu
    # rounding of r, of the solves, of J and of D, which is a difference of two J
    x_off = seen * sizes.unit * norm(x) + sizes.g_rounding / sizes.mu
    e_off = (sizes.residual - sizes.computed_residual) / sizes.mu + kappa * sizes.unit * norm(e)
    m_off = sizes.outer_hessian * e_off / sizes.mu + kappa * sizes.unit * norm(m)
    D_off = sizes.all_slopes * e_off + 2 * sizes.all_mixed_rounding
    size = (least_norm(J) - sizes.all_mixed_rounding) * (norm(x) - x_off)
    if not (size > 0 and norm(x) > x_off):
        return math.inf, math.inf
    run = norm(J @ inner.flat(m) + D @ inner.flat(x - m))
    largest = norm(J)
    off = largest * (x_off + m_off + sizes.unit * norm(x)) + sizes.all_mixed_rounding * norm(x)
    off += norm(D) * (x_off + m_off) + D_off * (norm(x) + norm(m))
    return float(run / size), float(off / size)


def _bounded(sizes: Sizes, seen: float) -> tuple[float, float]:
    """From norms alone, ||x|| >= ||g|| / L; ``seen`` as above."""
    g = float(np.linalg.norm(sizes.g)) - sizes.g_rounding
    J = least_norm(sizes.inner.jacobian(sizes.w)) - sizes.all_mixed_rounding
    if not (g > 0 and J > 0):
        return math.inf, math.inf

    def run(residual: float) -> float:
        away = residual / sizes.mu
        moved = sizes.outer_hessian * away / sizes.mu * sizes.L / g
        turned = sizes.all_slopes * away / J
        return moved + turned * (1 + moved)

    without = run(sizes.computed_residual)
    kappa = sizes.L / sizes.mu
    solve = seen * sizes.unit + kappa * sizes.g_rounding / g
    mixed = sizes.unit + sizes.all_mixed_rounding / J
    return without, run(sizes.residual) - without + solve + mixed
