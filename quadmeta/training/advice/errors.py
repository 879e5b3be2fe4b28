"""What an unfinished run and rounding add to the error of a hypergradient at most, relative to
||J|| ||x||.

With r = grad L_1(w_T), e = w_T - w_* = H^-1 r, m = H^-1 H_2 e = x_T - x_* and D_k = H_k e, an
implicit estimate at w_T differs from that at w_* by

    J_T x_T - J_* x_* = J_T m + D (x_T - m).

Where the eigenvectors of H are there, it is computed; elsewhere ||e|| <= ||r|| / mu and so on.
"""

import math

import numpy as np

from quadmeta._types import Array
from quadmeta.theory import filters
from quadmeta.training.advice.sizes import Sizes

_SMALL = 100_000_000
"""Products of numbers up to which the norm of J is computed and not bounded from below."""


def implicit_errors(sizes: Sizes, own: bool) -> tuple[float, float]:
    """(of the run, of rounding) relative to ||J|| ||H^-1 g||; ``own`` where the eigenvectors of H
    may be used. Infinite where g or J is 0 to rounding.
    """
    if own:
        return _computed(sizes)
    return _bounded(sizes)


def unrolled_rounding(sizes: Sizes, steps: int, step_size: float, first: Array, own: bool) -> float:
    """Of a run and of reverse mode through it, relative to max ||J|| ||S_T(H) g||, with w_0 =
    ``first``, for |1 - eta lambda| <= 1: mu may be 0.

    Errors of single steps add up over n = min(T, 1 / (eta mu)) steps: those of w to the n-th part
    of the path, those of v = A^k g to n^2.
    """
    T = steps
    eta = step_size
    n = min(T, 1 / (eta * sizes.mu)) if sizes.mu else T
    g = float(np.linalg.norm(sizes.g))
    moved = first_gradient(sizes, first)
    longest = float(np.linalg.norm(first)) + n * eta * moved
    w_off = n * sizes.unit * eta * (sizes.L * longest + sizes.linear)
    g_off = sizes.outer_hessian * w_off + sizes.g_rounding
    summed = _summed(sizes, T, eta, own) - n * eta * g_off
    J = max(least_norm(sizes.inner.jacobian(w)) for w in (sizes.w, first))
    J_off = sizes.all_slopes * w_off + sizes.all_mixed_rounding
    if not (summed > 0 and J > J_off):
        return math.inf
    terms = n * eta * g
    backwards = sizes.unit * n * terms
    return (n * eta * g_off + terms * J_off / J + backwards) / summed


def first_gradient(sizes: Sizes, first: Array) -> float:
    """||grad L_1(w_0)||."""
    return float(np.linalg.norm(sizes.inner.gradient(first)))


def least_norm(J: Array) -> float:
    """||J|| of rows (h, P), or a lower bound where that would take long."""
    h, P = J.shape
    if h * P * min(h, P) <= _SMALL:
        return float(np.linalg.norm(J, 2))
    rows = np.linalg.norm(J, axis=1)
    return float(max(rows.max(), np.linalg.norm(rows) / math.sqrt(min(h, P))))


def _summed(sizes: Sizes, T: int, eta: float, own: bool) -> float:
    """At most ||S_T(H) g|| with S_T = eta sum_{k<T} (1 - eta lambda)^k."""
    if own:
        lam, Q = sizes.inner.eigen
        modes = Q.T @ sizes.g
        return float(np.linalg.norm(filters.unrolled(lam, eta, T)[:, None] * modes))
    # S_T falls in lambda while 1 - eta lambda >= 0
    left = abs(1 - eta * sizes.L) ** T
    return (1 - left) / sizes.L * float(np.linalg.norm(sizes.g))


def _computed(sizes: Sizes) -> tuple[float, float]:
    """With e, x and m themselves."""
    inner = sizes.inner
    lam, Q = inner.eigen
    norm = np.linalg.norm

    def solved(V: Array) -> Array:
        found: Array = Q @ (Q.T @ V / np.maximum(lam, sizes.mu)[:, None])
        return found

    e = solved(inner.H @ sizes.W - inner.B)
    x = solved(sizes.g)
    m = solved(inner.outer.hessian @ e)
    J = inner.jacobian(sizes.w)
    D = J - inner.jacobian(inner.flat(sizes.W - e))
    kappa = sizes.L / sizes.mu
    # rounding of r, of the solves, of J and of D, which is a difference of two J
    x_off = kappa * sizes.unit * norm(x) + sizes.g_rounding / sizes.mu
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


def _bounded(sizes: Sizes) -> tuple[float, float]:
    """From norms alone, ||x|| >= ||g|| / L."""
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
    solve = kappa * (sizes.unit + sizes.g_rounding / g)
    mixed = sizes.unit + sizes.all_mixed_rounding / J
    return without, run(sizes.residual) - without + solve + mixed
