"""The best weights of auxiliary tasks: F(phi) = L_A(w_*(phi)), its Hessian, and its minima over
phi >= 0.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, natural, seeded, shaped
from quadmeta.problems.auxiliary_tasks import AuxiliaryTasks
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


def outer_loss(problem: AuxiliaryTasks, alpha: Numbers) -> float:
    """The held-out loss after exact training, F(alpha) = L_A(w_*(alpha)), for alpha (h,).

    Examples
    --------
    >>> import quadmeta as qm
    >>> from quadmeta.training.optimal_weights import outer_loss
    >>> problem = qm.AuxiliaryTasks.diabetes()
    >>> outer_loss(problem, [0.0] * problem.hyperparameters) > 0
    True
    """
    _require(problem)
    return float(problem.outer(problem.at(alpha).minimizer))


def curvature(problem: AuxiliaryTasks, phi: Numbers) -> Array:
    """The Hessian of F in the weights of the auxiliary tasks.

    With S_k = -H^-1 grad l_k(w_*), the derivative of w_* in phi_k, and v = grad L_A(w_*) it is

        F''_jk = S_j' A_A S_k - v' H^-1 (A_j S_k + A_k S_j).

    Parameters
    ----------
    problem
        weights themselves are learned (``softplus=False``).
    phi
        (K,) weights.

    Returns
    -------
    (K, K), symmetric.

    Raises
    ------
    ValueError
        softplus = True, or a singular L_T Hessian.
    """
    _require(problem)
    if problem.softplus:
        raise ValueError(
            "problem: softplus = True learns another parameter than the weights: build it without"
        )
    weights = shaped("phi", phi, (problem.hyperparameters,), "(K,), one weight an auxiliary task")
    bound = problem.at(weights)
    lam, Q = bound.spectrum
    W = bound.minimizer
    inverse = Q / lam @ Q.T
    S = -inverse @ problem.rows(bound.alpha, W)
    # x = H^-1 v
    x = inverse @ (problem.outer_hessian @ W - problem.outer_linear)
    cross = np.einsum("jab,kbo,ao->jk", problem.grams[1:], S, x)
    direct = np.einsum("jao,ab,kbo->jk", S, problem.outer_hessian, S)
    hessian: Array = direct - cross - cross.T
    return hessian


class Minima(NamedTuple):
    """Local minima of F over weights >= 0 by increasing value.

    They are given on the simplex, at the shares pi = (1, phi) / (1 + sum phi).
    """

    pi: Array
    """(minima, K + 1)"""
    value: Array

    @property
    def phi(self) -> Array:
        """The weights (minima, K); infinite, where used, if the main task has none (pi_0 = 0)."""
        main = self.pi[:, :1]
        others = self.pi[:, 1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(others > 0, others / main, 0.0)


def simplex_minimum(problem: AuxiliaryTasks) -> Minima:
    """The best weights where all tasks have the inputs of the main one and there is no ridge.

    That is a convex programme on the simplex. There w_* = sum pi_k b_k with b_k what task k alone
    trains, so F = ||E pi||^2 / 2 for columns E_k = (X_A b_k - y_A) / sqrt n_A, in rotated
    coordinates: non-negative least squares for the rows [E; 1'] with target [0; 1], up to scale.

    Raises
    ------
    ValueError
        other inputs, a ridge, or a singular X_0'X_0.
    """
    from scipy.optimize import nnls

    _require(problem)
    apart = np.abs(problem.grams - problem.grams[0]).max()
    if problem.rho or apart > 1e-12 * np.abs(problem.grams).max():
        raise ValueError("the tasks need the inputs of the main one and rho = 0: use local_minima")
    lam, Q = _bound(problem, np.eye(len(problem.grams))[0]).spectrum
    # b_k = (X_0'X_0)^-1 X_0'y_k, what each task alone would train
    b = Q / lam @ Q.T @ problem.moments
    minus_one = -np.eye(b.shape[2])
    E = np.array([(problem.factors[-1] @ np.vstack([one, minus_one])).ravel() for one in b]).T
    scale = np.abs(E).max() or 1.0
    rows = np.vstack([E / scale, np.ones(len(b))])
    target = np.append(np.zeros(len(E)), 1.0)
    x = nnls(rows, target)[0]
    pi = x / x.sum()
    return Minima(pi[None], np.array([((E @ pi) ** 2).sum() / 2]))


def local_minima(problem: AuxiliaryTasks, starts: int = 20, seed: int = 0) -> Minima:
    """Local minima of F, of which there can be several: one descent cannot tell.

    One task: all sign changes of F' on a grid of 1000 weights even in log phi from 1e-9 to 1e9,
    each root to rounding, and the ends. More tasks: where sequential quadratic programming on the
    simplex ends, from ``starts`` random points and from near every corner; a minimum that attracts
    none of them is missed. The main task's share stops at 1e-9 where the others alone do not
    determine w_*. Two minima are distinct if they train different w_*: with more tasks than
    dimensions a flat set of weights is one.

    Parameters
    ----------
    problem
        auxiliary tasks.
    starts
        random points of the simplex from which to descend.
    seed
        of these points.

    Raises
    ------
    ArithmeticError
        no descent converged.
    """
    _require(problem)
    starts = natural("starts", starts)
    seed = seeded("seed", seed)
    n = len(problem.grams)
    rng = np.random.default_rng(seed)
    if n == 2:
        found = _on_the_line(problem)
    else:
        corners = np.eye(n) * 0.98 + 0.02 / n
        found = _descents(problem, np.vstack([corners, rng.dirichlet(np.ones(n), starts)]))
    # how far apart the w_* of the tasks are: the measure of when two are distinct
    ends = [_bound(problem, pi).minimizer for pi in np.eye(n) * 0.9 + 0.1 / n]
    spread = max(np.abs(W - ends[0]).max() for W in ends) or 1.0
    points: list[Array] = []
    values: list[float] = []
    fits: list[Array] = []
    for pi, value in sorted(found, key=lambda point: point[1]):
        W = _bound(problem, pi).minimizer
        if not any(np.abs(W - kept).max() < 1e-3 * spread for kept in fits):
            points.append(pi)
            values.append(value)
            fits.append(W)
    return Minima(np.array(points), np.array(values))


def _require(problem: AuxiliaryTasks) -> None:
    instance("problem", problem, AuxiliaryTasks, "AuxiliaryTasks.diabetes()")


def _on_the_line(problem: AuxiliaryTasks) -> list[tuple[Array, float]]:
    """(pi, F) of the local minima for one auxiliary task."""
    from scipy.optimize import brentq

    # refuses tasks that do not determine w_* together
    _ = _bound(problem, np.full(2, 0.5)).spectrum

    def share(log: float | Array) -> Array:
        return np.array([1 / (1 + np.exp(log)), 1 / (1 + np.exp(-log))])

    def rise(pi: Array) -> float:
        slope = _outer(problem, pi)[1]
        return float(slope[1] - slope[0])

    logs = np.linspace(-20.7, 20.7, 1000)
    # a hundred at a time: together the matrices of many inputs need much memory
    parts = [_regular_slopes(problem, share(part).T) for part in np.array_split(logs, 10)]
    grid = logs[np.concatenate([regular for regular, _ in parts])]
    slopes = np.concatenate([found for _, found in parts])
    rises = slopes[:, 1] - slopes[:, 0]
    turns = np.flatnonzero((rises[:-1] < 0) & (rises[1:] >= 0))
    points = [
        share(brentq(lambda log: rise(share(log)), x, y, xtol=1e-14, rtol=1e-15))
        for x, y in zip(grid[turns], grid[turns + 1], strict=True)
        # one by one, where rounding alone may set the sign
        if rise(share(x)) < 0 <= rise(share(y))
    ]
    # at an end F is least if it rises, seen from there
    ends = [(np.array([1.0, 0.0]), share(grid[0]), 1), (np.array([0.0, 1.0]), share(grid[-1]), -1)]
    for end, near, sign in ends:
        pi = near if _singular(problem, end) else end
        if sign * rise(pi) >= -1e-13 * np.abs(rises).max():
            points.append(pi)
    return [(pi, _outer(problem, pi)[0]) for pi in points]


def _descents(problem: AuxiliaryTasks, points: Array) -> list[tuple[Array, float]]:
    """(pi, F) where descents end that converged, with F shifted and scaled to the size of its
    slopes.
    """
    from scipy.optimize import minimize

    n = points.shape[1]
    base = _outer(problem, points[0])[0]
    slopes = [(x, _outer(problem, x)[1]) for x in points]
    unit = max(np.abs(s - x @ s).max() for x, s in slopes) or 1.0

    def scaled(pi: Array) -> tuple[float, Array]:
        value, slope = _outer(problem, pi)
        return (value - base) / unit, slope / unit

    found = []
    for x in points:
        run = minimize(
            scaled,
            x,
            jac=True,
            method="SLSQP",
            bounds=[(1e-9, 1.0)] + [(0.0, 1.0)] * (n - 1),
            constraints={"type": "eq", "fun": lambda pi: pi.sum() - 1, "jac": np.ones_like},
            options={"ftol": 1e-15, "maxiter": 500},
        )
        pi = np.where(run.x <= 2e-9, 0.0, run.x)
        if not pi[0] and _singular(problem, pi):
            pi[0] = 1e-9
        pi = pi / pi.sum()
        value, slope = _outer(problem, pi)
        # at a minimum pi'slope <= every slope, with equality where pi > 0
        excess = pi @ slope - slope
        violation = np.where(pi > 0, np.abs(excess), excess)
        if (violation <= 1e-5 * unit).all():
            found.append((pi, value))
    if not found:
        raise ArithmeticError(
            f"local_minima: none of {len(points)} descents converged: pass more starts, or rescale "
            "the inputs of the tasks to one size"
        )
    return found


def _outer(problem: AuxiliaryTasks, pi: Array) -> tuple[float, Array]:
    """F and its derivative in pi."""
    bound = _bound(problem, pi)
    lam, Q = bound.spectrum
    W = bound.minimizer
    # dF = -v' H^-1 d(H W - b), with v = grad L_A and H W - b = 0 the equation of W
    x = Q / lam @ Q.T @ (problem.outer_hessian @ W - problem.outer_linear)
    slope = -((problem.grams @ W - problem.moments) * x).sum(axis=(1, 2))
    slope[0] -= problem.rho * (W * x).sum()
    return float(problem.outer(W)), slope


def _regular_slopes(problem: AuxiliaryTasks, points: Array) -> tuple[Array, Array]:
    """Where L_T is not singular, of points (n, K + 1), and the derivatives of F there, all at once.

    The first is (n,) of bool.
    """
    main = points[:, 0, None, None]
    p = len(problem.outer_hessian)
    lam, Q = np.linalg.eigh(np.tensordot(points, problem.grams, 1) + main * problem.rho * np.eye(p))
    regular = lam[:, 0] > p * np.finfo(float).eps * lam[:, -1]
    lam = lam[regular, :, None]
    Q = Q[regular]
    back = Q.swapaxes(1, 2)
    W = Q @ (back @ np.tensordot(points[regular], problem.moments, 1) / lam)
    # as in _outer
    x = Q @ (back @ (problem.outer_hessian @ W - problem.outer_linear) / lam)
    pull = problem.grams @ W[:, None] - problem.moments
    slopes = -(pull * x[:, None]).sum(axis=(2, 3))
    slopes[:, 0] -= problem.rho * (W * x).sum(axis=(1, 2))
    return regular, slopes


def _singular(problem: AuxiliaryTasks, pi: Array) -> bool:
    lam = np.linalg.eigvalsh(_bound(problem, pi).H)
    return bool(lam[0] <= len(lam) * np.finfo(float).eps * lam[-1])


def _bound(problem: AuxiliaryTasks, pi: Array) -> QuadraticInnerLoss:
    """L_T divided by 1 + sum phi, which is defined without a main task too.

    It is sum pi_k l_k + pi_0 rho ||W||^2 / 2.
    """
    ridge = pi[0] * problem.rho * np.eye(len(problem.outer_hessian))
    H = np.tensordot(pi, problem.grams, 1) + ridge
    return QuadraticInnerLoss(H, np.tensordot(pi, problem.moments, 1), problem, pi[1:])
