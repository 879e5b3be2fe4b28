"""The best step sizes that minimisers of the speed table are checked against: scans, then roots of
derivatives, in plain numpy.
"""

from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize

import quadmeta as qm
from experiments.speed.route import Case, Inputs

Array = Any
POINTS = 400  # of a scan of step sizes
STARTS = 3
ROWS = 20  # of a scan of step sizes and momenta


def best(case: Case, given: Inputs, target: str) -> Array:
    """Where the objective of that name is least."""
    if target in ("validation", "population"):
        return _step_size(case, given, target)
    lam, Q = np.linalg.eigh(given["H"])
    weights = (Q.T @ given["w"]) ** 2 * lam / 2
    if target == "minimum":
        return _log_loss(lam, weights, case["T"])
    return _pair(lam, weights, case["T"], nesterov=target == "Nesterov")


def excess(case: Case, given: Inputs, name: str, found: Array, exact: Array) -> float:
    """How far log F of one pair (step size, momentum) is above that of another."""
    lam, Q = np.linalg.eigh(given["H"])
    weights = (Q.T @ given["w"]) ** 2 * lam / 2
    low, high = (_log(lam, weights, case["T"], name == "Nesterov", x) for x in (exact, found))
    return max(0.0, float(high - low))


def _root(slope: Any, low: float, high: float, value: Any) -> float:
    """The best of a scan of step sizes, and the root of the derivative beside it."""
    grid = np.geomspace(low, high, POINTS)
    k = int(np.argmin([value(eta) for eta in grid]))
    return float(brentq(slope, grid[k - 1], grid[k + 1], xtol=1e-300, rtol=1e-14))


def _step_size(case: Case, given: Inputs, target: str) -> float:
    """The mean over tasks of the validation loss, or of the squared distance to w_*."""
    T = case["T"]
    problem = qm.LeastSquares.draw(**given)
    lam = problem.eigenvalues
    fitted = problem.signal + problem.sigma * problem.noise
    rows = np.eye(lam.shape[-1]) * np.ones((len(lam), 1, 1))
    goal = problem.signal
    if target == "validation" and problem.validation is not None:
        rows, clean, noise = problem.validation[:3]
        goal = clean + problem.sigma * noise
    A = rows * fitted[:, None, :]

    def residual(eta: float) -> Array:
        return (A @ (1 - (1 - eta * lam) ** T)[..., None])[..., 0] - goal

    def value(eta: float) -> float:
        return float((residual(eta) ** 2).sum())

    def slope(eta: float) -> float:
        moved = (A @ (T * lam * (1 - eta * lam) ** (T - 1))[..., None])[..., 0]
        return float((residual(eta) * moved).sum())

    top = 2 / float(lam.max())
    return _root(slope, 1e-4 * top, top, value)


def _log_loss(lam: Array, weights: Array, T: int) -> float:
    """The log objective: the root of sum omega lambda (1 - eta lambda)^(2T - 1)."""

    def slope(eta: float) -> float:
        return -float(weights @ (lam * (1 - eta * lam) ** (2 * T - 1)))

    def value(eta: float) -> float:
        return float(weights @ (1 - eta * lam) ** (2 * T))

    return _root(slope, 1e-2 / lam[-1], 2 / lam[0], value)


def _log(lam: Array, weights: Array, T: int, nesterov: bool, theta: Array) -> Array:
    """log F at pairs (step size, momentum), by the recursion of the modes."""
    eta, beta = (np.asarray(x)[..., None] for x in theta)
    a = 1 - eta * lam
    before, now = np.ones_like(a), np.ones_like(a)
    for _ in range(T):
        ahead = now + beta * (now - before)
        before, now = now, a * ahead if nesterov else ahead - eta * lam * now
    return np.log((weights * now * now).sum(axis=-1))


def _pair(lam: Array, weights: Array, T: int, nesterov: bool) -> Array:
    """(step size, momentum) of the least loss by the recursion of the modes: a scan, then descent
    from its best points.
    """
    eta, beta = np.meshgrid(np.linspace(0.05, 4, ROWS) / lam[-1], np.linspace(0, 0.98, ROWS))
    values = _log(lam, weights, T, nesterov, (eta, beta)).ravel()
    scale = 1 / lam[-1]
    found = [
        minimize(
            lambda x: _log(lam, weights, T, nesterov, (x[0] * scale, x[1])),
            (eta.ravel()[k] / scale, beta.ravel()[k]),
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-13, "maxiter": 1000},
        )
        for k in np.argsort(values)[:STARTS]
    ]
    least = min(found, key=lambda one: float(one.fun)).x
    return np.array([least[0] * scale, least[1]])
