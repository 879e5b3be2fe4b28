"""Rows of each part of the figure on schedules: losses, horizons, rounding, ripples, slopes."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
from scipy.optimize import minimize

import quadmeta as qm
from experiments.schedules.krylov import conjugate_gradients, least, log10_loss, ritz, start_loss
from quadmeta._extras import dataset
from quadmeta.training import schedules

# relative, of the steps of a start
SPREAD = {"constant": 0.0, "plain, constant": 0.0, "nearly constant": 1e-3}
PLAIN = 10.0  # scale of plain descent
MOMENTUM = 0.7


# mean square of the relative rounding error of float64, mantissas evenly spread in log
LAST_BIT = 2.0**-106 / 3 * 0.54


@cache
def instance(kind: str) -> qm.Quadratic:
    """Least squares on digits, Chebyshev's instance, or equal errors on a geometric spectrum."""
    if kind == "chebyshev":
        found = schedules.chebyshev_instance(0.01, 1.0, 24)
        return qm.Quadratic.from_spectrum(found.eigenvalues, weights=found.weights)
    if kind == "geometric":
        return qm.Quadratic.from_spectrum(qm.spectra.geometric(0.01, 1.0, 24), error=np.ones(24))
    X, y = dataset("digits", "the real data of schedules")
    X = X[:, X.std(axis=0) > 0]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = y - y.mean()
    return qm.Quadratic.from_design(X, y)


def level_and_slope(eta: Any, objective: qm.LogObjective) -> tuple[float, Any]:
    """G and its gradient at step sizes (T,), to the last bit those of two calls, from one."""
    T = objective.optimizer.steps
    found = objective.log_loss(eta, 1)
    return float(found.level) / T, found.slope / T


def descent(kind: str, T: int, size: int, seed: int) -> Any:
    """Iterations, log10 loss, where it has to end, and the Morse index at the end."""
    problem = instance("digits")
    objective = qm.LogObjective(problem, qm.Schedule(T))
    unit = start_loss(problem)
    best = qm.LogObjective(problem, qm.GradientDescent(T))
    rng = np.random.default_rng([seed, len(kind), *kind.encode()])
    noise = rng.uniform(-1, 1, T)
    start = best.minimizer() / 2 * (1 + SPREAD[kind] * noise if kind in SPREAD else 2 + 1.9 * noise)
    if kind.startswith("plain"):
        path = list(islice(qm.meta_descent(objective, start, PLAIN / problem.L**2), size))
    else:
        path = [start]
        minimize(
            level_and_slope,
            start,
            args=(objective,),
            jac=True,
            method="BFGS",
            callback=lambda x: path.append(x.copy()),
            options={"gtol": 1e-10 * problem.L},
        )
    if SPREAD.get(kind) == 0:
        level = T * best(best.minimizer()) / np.log(10) - unit
    else:
        level = least(problem, T)
    for k in np.unique(np.geomspace(1, len(path), 40).round().astype(int)):
        if k == len(path):
            index = int((np.linalg.eigvalsh(objective.curvature(path[k - 1])) < 0).sum())
        else:
            index = None
        yield k, T * objective(path[k - 1]) / np.log(10) - unit, level, None, index


def roots(kind: str, T: int, size: int, seed: int) -> Any:
    """t, the learned 1/(eta_t L), the Ritz value and Chebyshev's root in the same unit, the Morse
    index.
    """
    problem = instance(kind)
    objective = qm.LogObjective(problem, qm.Schedule(T))
    mu, L = (0.01, 1.0) if kind == "chebyshev" else (problem.mu, problem.L)
    start = (
        np.random.default_rng(seed).uniform(0.1, 2, T)
        * qm.LogObjective(problem, qm.GradientDescent(T)).minimizer()
    )
    found = schedules.descend(objective, start)
    eta = found.step_sizes
    for _ in range(2):
        eta = eta - np.linalg.solve(objective.curvature(eta), objective.gradient(eta))
    learned = np.sort(1 / eta)
    best = ritz(problem, T)
    for t, row in enumerate(
        zip(learned / L, best / L, np.sort(1 / schedules.chebyshev(mu, L, T)) / L, strict=True)
    ):
        yield t + 1, *row, found.morse_index


METHODS: dict[str, Any] = {
    "constant": qm.GradientDescent,
    "Nesterov": qm.Nesterov,
    "heavy ball": qm.HeavyBall,
    "Chebyshev": None,
    "schedule": None,
    "conjugate gradients": None,
}


def horizon(kind: str, T: int, size: int, seed: int) -> Any:
    """T, log10 loss of the run, in closed form, and what rounding makes of the best schedule."""
    problem = instance("digits")
    unit = start_loss(problem)
    measured = None
    other = None
    if METHODS[kind]:
        optimizer = METHODS[kind](T)
        objective = qm.LogObjective(problem, optimizer)
        theta = objective.minimizer()
        *_, w = optimizer.run(problem.gradient, problem.start, theta)
        measured = log10_loss(problem, w)
        theory = T * objective(theta) / np.log(10) - unit
    elif kind == "conjugate gradients":
        measured = log10_loss(problem, conjugate_gradients(problem, T))
        theory = least(problem, T)
    else:
        objective = qm.LogObjective(problem, qm.Schedule(T))
        if kind == "Chebyshev":
            eta = schedules.chebyshev(problem.mu, problem.L, T)
            theory = T * objective(eta) / np.log(10) - unit
            if T & (T - 1) == 0:
                *_, w = qm.Schedule(T).run(
                    problem.gradient, problem.start, eta[schedules.lebedev_finogenov(T)]
                )
                measured = log10_loss(problem, w)
        else:
            eta = 1 / ritz(problem, T)
            found = objective.log_loss(eta)
            measured = found.level / np.log(10) - unit
            theory = least(problem, T)
            added = np.log10(LAST_BIT / 2 * (np.diag(found.second) * eta**2).sum()) + measured
            other = float(np.logaddexp2(theory / np.log10(2), added / np.log10(2)) * np.log10(2))
    yield T, measured, theory, other, None


ORDERS: dict[str, Callable[[int, int], Any]] = {
    "rising": lambda T, seed: np.arange(T),
    "falling": lambda T, seed: np.arange(T)[::-1],
    "random": lambda T, seed: np.random.default_rng([seed, T]).permutation(T),
    "Lebedev-Finogenov": lambda T, seed: schedules.lebedev_finogenov(T),
}


def rounding(kind: str, T: int, size: int, seed: int) -> Any:
    """T, log10 error of the computed w_T - w_* over the initial error, log10 of 2^-53 times the
    growth.
    """
    problem = instance("digits")
    ascending = schedules.chebyshev(problem.mu, problem.L, T)
    eta = ascending[ORDERS[kind](T, seed)]
    lam = problem.eigenvalues
    e_0 = problem.basis @ problem.error
    *_, e = qm.Schedule(T).run(lambda e: problem.hessian @ e, e_0, eta)
    exact = (
        qm.Schedule(T).residual(lam, ascending[schedules.lebedev_finogenov(T)])[0] * problem.error
    )
    error = np.linalg.norm(e - problem.basis @ exact) / np.linalg.norm(problem.error)
    yield T, np.log10(error), schedules.growth(eta, lam).log10_abs - 53 * np.log10(2), None, None


RIPPLES: dict[str, Callable[[int, float], Any]] = {
    "gradient descent": lambda T, beta: qm.GradientDescent(T),
    "Nesterov": lambda T, beta: qm.Nesterov(T, momentum=beta),
    "heavy ball": lambda T, beta: qm.HeavyBall(T, momentum=beta),
}


def odd(kind: str, T: int, beta: float) -> Any:
    """The objective of one step size on lambda = 1, 3, 5, 7, 9 with equal weights."""
    problem = qm.Quadratic.from_spectrum(np.arange(1.0, 10, 2), weights=np.ones(5))
    return qm.LogObjective(problem, RIPPLES[kind](T, beta))


def ripples(kind: str, T: int, size: int, seed: int) -> Any:
    """eta L, G by the loop at every thirtieth, G and G' / L in closed form."""
    objective = odd(kind, T, MOMENTUM)
    grid = np.linspace(0, 0.45, size + 1)[1:]
    for k, (eta, G, first) in enumerate(
        zip(grid, objective(grid), objective.gradient(grid), strict=True)
    ):
        yield 9 * eta, objective.definition(eta) if k % 30 == 15 else None, G, first / 9, None


def slope(kind: str, T: int, size: int, seed: int) -> Any:
    """T, |G'| / L in fractions at the usual tuning and its rate; for gradient descent the largest
    and its bound.
    """
    objective = odd(kind, T, 0.5 if kind == "Nesterov" else 0.25)
    if kind == "gradient descent":
        grid = np.linspace(0, 1, 20001)
        yield (
            T,
            np.abs(objective.gradient(grid)).max() / 9,
            objective.gradient_bound() / 9,
            None,
            None,
        )
        return
    if kind == "heavy ball":
        eta, rate = Fraction(1, 4), (0.9 * 9 - 0.1) / 1.5
    else:
        eta, rate = Fraction(1, 9), 9 / 24
    yield T, abs(float(objective.exactly(eta, 1))) / 9, rate * T / 9, None, None
