"""The best weights of auxiliary tasks: F(phi) = L_A(w_*(phi)), its Hessian, and its minima over phi >= 0."""
from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import natural
from quadmeta.problems._bilevel import QuadraticBound
from quadmeta.problems.auxiliary_tasks import AuxiliaryTasks

Array = Any


def outer_loss(problem: AuxiliaryTasks, alpha: Array) -> float:
    """F = L_A(w_*(alpha))."""
    return float(problem.outer(problem.at(alpha).minimizer))


def curvature(problem: AuxiliaryTasks, phi: Array) -> Array:
    """The Hessian (K, K) of F in the weights: S_j' A_A S_k - v' H^-1 (A_j S_k + A_k S_j), S_k = -H^-1 grad l_k(w_*).

    Raises:
        ValueError: softplus = True, or a singular L_T Hessian.
    """
    if problem.softplus:
        raise ValueError("softplus = True learns another parameter than the weights: build the problem without it")
    bound = problem.at(phi)
    (lam, Q), W = bound.spectrum, bound.minimizer
    inverse = Q / lam @ Q.T
    S = -inverse @ problem.rows(bound.alpha, W)
    x = inverse @ (problem.outer_hessian @ W - problem.outer_linear)
    cross = np.einsum("jab,kbo,ao->jk", problem.grams[1:], S, x)
    return np.einsum("jao,ab,kbo->jk", S, problem.outer_hessian, S) - cross - cross.T


class Minima(NamedTuple):
    """Local minima of F over weights >= 0 by increasing value, at pi = (1, phi) / (1 + sum phi) of the simplex."""

    pi: Array
    """(minima, K + 1)"""
    value: Array

    @property
    def phi(self) -> Array:
        """The weights (minima, K); infinite, where used, if the main task has none (pi_0 = 0)."""
        main, others = self.pi[:, :1], self.pi[:, 1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(others > 0, others / main, 0.0)


def simplex_minimum(problem: AuxiliaryTasks) -> Minima:
    """The global minimum for tasks with the inputs of the main one and no ridge: a convex programme on the simplex.

    w_* = sum pi_k b_k, so F = ||E pi||^2 / 2 for columns E_k = X_A b_k - y_A over sqrt n_A; non-negative least squares
    for the rows [E; 1'] with target [0; 1], up to scale.

    Raises:
        ValueError: other inputs, a ridge, or a singular X_0'X_0.
    """
    from scipy.optimize import nnls
    if problem.rho or np.abs(problem.grams - problem.grams[0]).max() > 1e-12 * np.abs(problem.grams).max():
        raise ValueError("the tasks need the inputs of the main one and rho = 0: use local_minima")
    X, Y = (np.asarray(part, dtype=float) for part in problem.auxiliary)
    lam, Q = _bound(problem, np.eye(len(problem.grams))[0]).spectrum
    b = Q / lam @ Q.T @ problem.moments
    E = ((X @ b) - Y.reshape(len(X), -1)).reshape(len(b), -1).T / np.sqrt(len(X))
    scale = np.abs(E).max() or 1.0
    x = nnls(np.vstack([E / scale, np.ones(len(b))]), np.append(np.zeros(len(E)), 1.0))[0]
    pi = x / x.sum()
    return Minima(pi[None], np.array([((E @ pi) ** 2).sum() / 2]))


def local_minima(problem: AuxiliaryTasks, starts: int = 20, seed: int = 0) -> Minima:
    """All local minima in which descents from ``starts`` random points and from near every corner end.

    Two of them are distinct if they train different w_*: with more tasks than dimensions a flat set of weights is one.

    Sequential quadratic programming on the simplex with exact gradients; the weight of the main task stops at 1e-9, to
    be read as 0. With own designs there can be several minima, and one descent cannot tell.
    """
    from scipy.optimize import minimize
    n, rng = len(problem.grams), np.random.default_rng(seed)

    def objective(pi: Array) -> tuple[float, Array]:
        bound = _bound(problem, pi)
        (lam, Q), W = bound.spectrum, bound.minimizer
        x = Q / lam @ Q.T @ (problem.outer_hessian @ W - problem.outer_linear)
        slope = -((problem.grams @ W - problem.moments) * x).sum(axis=(1, 2))
        slope[0] -= problem.rho * (W * x).sum()
        return float(problem.outer(W)), slope

    found = []
    for x in (*(np.eye(n) * 0.98 + 0.02 / n), *rng.dirichlet(np.ones(n), natural("starts", starts))):
        run = minimize(objective, x, jac=True, method="SLSQP", bounds=[(1e-9, 1.0)] + [(0.0, 1.0)] * (n - 1),
                       constraints={"type": "eq", "fun": lambda pi: pi.sum() - 1, "jac": np.ones_like},
                       options={"ftol": 1e-15, "maxiter": 500})
        pi = np.where(run.x <= 2e-9, 0.0, run.x)
        H = np.tensordot(pi, problem.grams, 1)
        if not pi[0] and np.linalg.matrix_rank(H, hermitian=True) < len(H):
            pi[0] = 1e-9  # the other tasks alone do not determine w
        pi = pi / pi.sum()
        found.append((*objective(pi), pi))
    found.sort(key=lambda one: one[0])
    kept: list[tuple[Array, float]] = []
    trained: list[Array] = []
    for value, slope, pi in found:
        # at a minimum pi'slope <= every slope, with equality where pi > 0
        stationary = (np.where(pi > 0, np.abs(slope - pi @ slope), pi @ slope - slope) <= 1e-5 * abs(value)).all()
        W = _bound(problem, pi).minimizer
        if (stationary or not kept) and not any(np.abs(W - X).max() < 1e-3 * np.abs(X).max() for X in trained):
            kept.append((pi, value))
            trained.append(W)
    return Minima(np.array([pi for pi, _ in kept]), np.array([value for _, value in kept]))


def _bound(problem: AuxiliaryTasks, pi: Array) -> QuadraticBound:
    """L_T divided by 1 + sum phi: sum pi_k l_k + pi_0 rho ||W||^2 / 2, defined without a main task too."""
    H = np.tensordot(pi, problem.grams, 1) + pi[0] * problem.rho * np.eye(len(problem.outer_hessian))
    return QuadraticBound(H, np.tensordot(pi, problem.moments, 1), problem, pi[1:])
