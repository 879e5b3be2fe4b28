"""Rows of each part of the figure on the choice of the discount."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq

import quadmeta as qm
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.theory import discount

MU = 0.1  # of L = eta = 1
PROBLEM = [("warm", 20), ("cold", 20), ("cold", 80)]
SEED = 7


def estimated(problem: Any, T: int, estimator: Any) -> tuple[Any, Any]:
    """An estimate and the exact hypergradient."""
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
    alpha = np.zeros(problem.hyperparameters)
    return qm.hypergradient(loss, alpha, estimator).value, loss.gradient(alpha)


def closed(problem: qm.Coupled, T: int, gamma: float) -> tuple[Any, Any, Any]:
    """Bias, exact and one-step hypergradient in closed form."""
    lam, Q = (bound := problem.at(np.zeros(problem.hyperparameters))).spectrum
    center = bound.minimizer[:, 0]
    error = Q.T @ (problem.start - center)
    cross = Q.T @ problem.cross
    outer = Q.T @ problem.outer_hessian @ Q
    last = Q.T @ problem.outer_gradient(center) + outer @ ((1 - lam) ** T * error)
    return (
        discount.bias(lam, cross, outer, error, last, 1.0, gamma, T),
        cross.T @ (geometric_sum(1 - lam, T) * last),
        cross.T @ last,
    )


def worst(kind: str, T: int, xs: list[float]) -> Any:
    """One-dimensional problems of all curvatures side by side, at w_0 = w_* = 0 and g_* = 1; the x
    are discounts.
    """
    lam = np.linspace(MU, 1, 19)
    eye = np.eye(len(lam))
    problem = qm.Coupled(np.diag(lam), eye, 0 * lam, eye, -1 + 0 * lam)
    matrix, g = estimated(problem, T, qm.MatrixDiscount())
    for gamma in xs:
        scales = discount.Scales(MU, 1.0, 1.0, gamma, T, R=0.0)
        bias = abs(estimated(problem, T, qm.Discounted(gamma))[0] - g)
        sums = geometric_sum(1 - lam[[0, -1]], T)
        yield (
            gamma,
            {
                "measured": max(bias) / sums[0],
                "theory": discount.bias_bound_quadratic(scales) / sums[0],
                "relative": max(bias / g),
                "relative_theory": max(abs(geometric_sum(gamma, T) / sums - 1)),
                "floor": discount.floor(scales) / sums[0],
                "matrix": max(abs(matrix - g)) / sums[0],
            },
        )


def one_problem(kind: str, T: int, xs: list[float]) -> Any:
    """One random problem; the x are discounts, and the best one of the warm start."""
    problem = qm.Coupled.random(np.linspace(MU, 1, 12), 4, SEED)
    bound = problem.at(np.zeros(4))
    lam, Q = bound.spectrum
    center = bound.minimizer[:, 0]
    away = problem.start - center
    problem = replace(problem, start=center)
    _, exact, one = closed(problem, T, 0.5)
    sine = np.sin(2 * np.arcsin(np.sqrt(opening(exact, one) / 2)))
    if kind == "cold":
        problem = replace(problem, start=center + 12 / np.linalg.norm(away) * away)
    else:
        xs = [
            *xs,
            discount.best_gamma(
                lam, Q.T @ problem.cross, Q.T @ problem.outer_gradient(center), 1.0, T
            ),
        ]
    matrix, g = estimated(problem, T, qm.MatrixDiscount())
    size = np.linalg.norm(g)
    for gamma in xs:
        bias = closed(problem, T, gamma)[0]
        found = estimated(problem, T, qm.Discounted(gamma))[0]
        yield (
            gamma,
            {
                "measured": np.linalg.norm(found - g) / size,
                "theory": np.linalg.norm(bias) / size,
                "floor": sine,
                "matrix": np.linalg.norm(matrix - g) / size,
            },
        )


def _measured_bias(problem: qm.Coupled, T: int, gamma: float) -> float:
    """Relative bias of the discounted estimate in one dimension, as it runs."""
    found, g = estimated(problem, T, qm.Discounted(gamma))
    return float(found[0] / g[0] - 1)


def _closed_bias(problem: qm.Coupled, T: int, gamma: float) -> float:
    """The bias in closed form, 0 at the same discount."""
    return float(closed(problem, T, gamma)[0][0])


def exact_discount(kind: str, T: int, xs: list[float]) -> Any:
    """The discount that is exact in one dimension, a = 0.8; w_0 is 1 or 0; the x are gradients g_*
    at 0.
    """
    for gradient in xs:
        problem = qm.Coupled([[0.2]], [[1.0]], [0.0], [[1.0]], [-gradient], [float(kind == "cold")])

        roots = [
            brentq(partial(bias, problem, T), 0.3, 0.99, xtol=1e-14, rtol=1e-14)
            for bias in (_measured_bias, _closed_bias)
        ]
        yield gradient, {"measured": roots[0], "theory": roots[1]}


def angle(kind: str, T: int, xs: list[float]) -> Any:
    """1 - cos between discounted and one-step hypergradient at gamma*; the x are distances ||w_0 -
    w_*||.
    """
    gamma = discount.minimax_gamma(1.0, MU, 1.0)
    problem: Any = qm.Coupled.random(np.linspace(MU, 1, 12), 4, SEED)
    if kind == "log-cosh":
        problem = qm.LogCosh.random(6, 4, SEED, MU)
        problem = replace(problem, scale=problem.scale * (1 - MU) / (problem.L - MU))
    center = qm.OuterLoss(problem, qm.GradientDescent(2000, 1.0)).trained(np.zeros(4))
    away = problem.start / np.linalg.norm(problem.start)
    for distance in xs:
        problem = replace(problem, start=center + distance * away)
        found, one = (
            estimated(problem, T, estimator)[0]
            for estimator in (qm.Discounted(gamma), qm.OneStep())
        )
        row = {
            "measured": opening(found, one),
            "relative": np.linalg.norm(found) / np.linalg.norm(one),
            "relative_theory": geometric_sum(gamma, T),
        }
        if kind == "quadratic":
            bias, exact, last = closed(problem, T, gamma)
            row["theory"] = opening(exact + bias, last)
        yield distance, row


def opening(x: Any, y: Any) -> float:
    """1 - cos of the angle between two vectors, without cancellation."""
    return float(sum((x / np.linalg.norm(x) - y / np.linalg.norm(y)) ** 2) / 2)
