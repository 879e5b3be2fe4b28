"""The best weights of auxiliary tasks: F(phi) = L_A(w_*(phi)), its Hessian, and its minima over phi >= 0."""
from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import natural
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
    """Local minima of F over phi >= 0 by increasing value; ``tau`` = phi / (1 + phi), 1 where a weight is infinite."""

    tau: Array
    value: Array

    @property
    def phi(self) -> Array:
        """The weights, inf at tau = 1."""
        with np.errstate(divide="ignore"):
            return self.tau / (1 - self.tau)


def simplex_minimum(problem: AuxiliaryTasks) -> Minima:
    """The global minimum for tasks with the inputs of the main one and no ridge: a convex programme on the simplex.

    w_* = sum pi_k b_k with pi = (1, phi) / (1 + sum phi), so F = ||E pi||^2 / 2 for columns E_k = X_A b_k - y_A over
    sqrt n_A; non-negative least squares for the rows [E; 1'] with target [0; 1], up to scale. pi_0 = 0 is phi = inf for
    every task in use.

    Raises:
        ValueError: other inputs, a ridge, or a singular X_0'X_0.
    """
    from scipy.optimize import nnls
    if problem.rho or np.abs(problem.grams - problem.grams[0]).max() > 1e-12 * np.abs(problem.grams).max():
        raise ValueError("the tasks need the inputs of the main one and rho = 0: use local_minima")
    X, Y = (np.asarray(part, dtype=float) for part in problem.auxiliary)
    bound = problem.at(np.zeros(problem.hyperparameters))
    lam, Q = bound.spectrum
    b = Q / lam @ Q.T @ problem.moments
    E = ((X @ b) - Y.reshape(len(X), -1)).reshape(len(b), -1).T / np.sqrt(len(X))
    scale = np.abs(E).max() or 1.0
    x = nnls(np.vstack([E / scale, np.ones(len(b))]), np.append(np.zeros(len(E)), 1.0))[0]
    pi = x / x.sum()
    tau = pi[1:] / (pi[0] + pi[1:]) if pi[0] > 0 else (pi[1:] > 0).astype(float)
    return Minima(tau[None], np.array([((E @ pi) ** 2).sum() / 2]))


def local_minima(problem: AuxiliaryTasks, starts: int = 20, seed: int = 0) -> Minima:
    """All distinct local minima that descents from ``starts`` random points (and the corners near 0 and 1) end in.

    Bounded quasi-Newton descent (L-BFGS-B) of F in tau = phi / (1 + phi) with exact gradients: with own designs there
    can be several, and one descent cannot tell. tau stops at 1 - 1e-9, to be read as an infinite weight.
    """
    from scipy.optimize import minimize
    K, high = problem.hyperparameters, 1 - 1e-9

    def objective(tau: Array) -> tuple[float, Array]:
        bound = problem.at(tau / (1 - tau))
        (lam, Q), W = bound.spectrum, bound.minimizer
        V = Q / lam @ Q.T @ (problem.outer_hessian @ W - problem.outer_linear)
        return problem.outer(W), -problem.pair(bound.alpha, V @ W.T, V) / (1 - tau) ** 2

    rng = np.random.default_rng(seed)
    points = [np.full(K, 1e-3), np.full(K, 0.999), *rng.random((natural("starts", starts), K))]
    found = [minimize(objective, x, jac=True, method="L-BFGS-B", bounds=[(0, high)] * K,
                      options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 1000}) for x in points]
    found.sort(key=lambda result: float(result.fun))
    kept: list[Any] = []
    for result in found:
        near = (np.abs(result.x - other.x).max() < 1e-3 for other in kept)
        slope = result.jac
        free = ((result.x > 0) | (slope < 0)) & ((result.x < high) | (slope > 0))
        if np.abs(slope[free]).max(initial=0) <= 1e-5 * max(1.0, abs(result.fun)) and not any(near):
            kept.append(result)
    tau = np.array([result.x for result in kept])
    return Minima(np.where(tau >= high, 1.0, tau), np.array([float(result.fun) for result in kept]))
