"""The choice of the discount, and what no discount can do.

At w_0 = w_* the discounted hypergradient is S_T(gamma) times the one-step one, so gamma only sets its length. Over
curvatures in [mu, L] the worst absolute bias is least at gamma* = 1 - 2 eta mu L/(mu + L), the worst relative bias at
c = 1 - eta (L + mu)/2, and no weights of the T terms go below half the width of {S_T(a)}: the matrix discount does. In
one dimension the exact discount moves from a^2 (no gradient at the minimiser) towards a as T grows.

Source: Yakovlev, Bakhteev, Strijov 2023, Theorem 2 ("asymptotically exact"); the rest is derived.
"""
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

import quadmeta as qm
from quadmeta import discount
from quadmeta.arithmetic.powers import geometric_sum

Rows = list[dict[str, Any]]
MU = 0.1  # of L = eta = 1

# settings
CAPTION = (r"Choice of $\gamma$; $\eta=L=1$, $\mu=0.1$; lines: closed form, markers: measured. (a) Worst case over "
           r"curvatures in $[\mu,L]$ at $w_0=w_*$, $T=200$: the absolute bias (over the largest $\Vert g\Vert$) is least at "
           r"$\gamma^*=1-2\eta\mu L/(\mu+L)$, where it meets the floor of all scalar weights; the relative one at "
           r"$c=1-\eta(L+\mu)/2$; the matrix discount is exact. (b) One random problem, warm ($w_0=w_*$) and cold start, "
           r"$T=100$: a discount leaves the angle between $\hat g$ and $g$ at its best $\gamma^\circ$ (circle); "
           r"the matrix discount from the cold start goes below. (c) One dimension, $a=0.9$: the discount at which $\hat g=g$, "
           r"for several outer gradients $g_*$ at the minimiser, relative to $L_2\Vert w_0-w_*\Vert$. (d) "
           r"$1-\cos$ of the angle between the discounted and the one-step hypergradient for a quadratic (filled) "
           r"and a log-cosh inner loss (open) against the distance of the start from the minimiser.")
SEED = 7
FULL: dict[str, Any] = {"gammas": 49, "horizons": [2, 3, 5, 8, 12, 20, 32, 50, 80, 128, 200],
                        "gradients": [0.0, 1e-3, 0.1], "distances": [10.0**k for k in range(-6, 3)], "steps": [10, 100]}
SMOKE: dict[str, Any] = FULL | {"gammas": 13, "horizons": [2, 12, 50], "distances": [1e-6, 1e-4, 1.0]}


def points(gammas: int, horizons: list[int], gradients: list[float], distances: list[float], steps: list[int]
           ) -> list[dict[str, Any]]:
    """Discounts for the worst case and for one problem, horizons of the exact discount, distances of the start."""
    grid = sorted([*np.linspace(0.02, 0.98, gammas).round(6).tolist(), discount.minimax_gamma(1.0, MU, 1.0),
                   discount.minimax_gamma(1.0, MU, 1.0, relative=True)])
    found: list[dict[str, Any]] = [{"part": "worst", "kind": "warm", "T": 200, "xs": grid}]
    found += [{"part": "problem", "kind": kind, "T": 40, "xs": grid} for kind in ("warm", "cold")]
    found += [{"part": "exact", "kind": "cold", "T": T, "xs": gradients} for T in horizons]
    found += [{"part": "exact", "kind": "warm", "T": T, "xs": [1.0]} for T in horizons]
    return found + [{"part": "angle", "kind": kind, "T": T, "xs": [0.0, *distances]}
                    for kind in ("quadratic", "log-cosh") for T in steps]


# compute
def measure(part: str, kind: str, T: int, xs: list[float]) -> Rows:
    """Rows over discounts, outer gradients or distances."""
    find = {"worst": worst, "problem": one_problem, "exact": exact_discount, "angle": angle}[part]
    empty = dict.fromkeys(("measured", "theory", "relative", "relative_theory", "floor", "matrix"))
    return [{"part": part, "kind": kind, "T": T, "x": x} | empty | row for x, row in find(kind, T, xs)]


def estimated(problem: Any, T: int, estimator: Any) -> tuple[Any, Any]:
    """An estimate and the exact hypergradient."""
    loss, alpha = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0)), np.zeros(problem.hyperparameters)
    return qm.hypergradient(loss, alpha, estimator).value, loss.gradient(alpha)


def closed(problem: qm.Coupled, T: int, gamma: float) -> tuple[Any, Any, Any]:
    """Bias, exact and one-step hypergradient in closed form."""
    (lam, Q), center = (bound := problem.at(np.zeros(problem.hyperparameters))).spectrum, bound.minimizer[:, 0]
    error, cross, outer = Q.T @ (problem.start - center), Q.T @ problem.cross, Q.T @ problem.outer_hessian @ Q
    last = Q.T @ problem.outer_gradient(center) + outer @ ((1 - lam) ** T * error)
    return (discount.bias(lam, cross, outer, error, last, 1.0, gamma, T),
            cross.T @ (geometric_sum(1 - lam, T) * last), cross.T @ last)


def worst(kind: str, T: int, xs: list[float]) -> Any:
    """One-dimensional problems of all curvatures side by side, at w_0 = w_* = 0 and g_* = 1; the x are discounts."""
    lam = np.linspace(MU, 1, 19)
    eye = np.eye(len(lam))
    problem = qm.Coupled(np.diag(lam), eye, 0 * lam, eye, -1 + 0 * lam)
    matrix, g = estimated(problem, T, qm.MatrixDiscount())
    for gamma in xs:
        scales = discount.Scales(MU, 1.0, 1.0, gamma, T, R=0.0)
        bias = abs(estimated(problem, T, qm.Discounted(gamma))[0] - g)
        sums = geometric_sum(1 - lam[[0, -1]], T)
        yield gamma, {"measured": max(bias) / sums[0], "theory": discount.bound_a(scales) / sums[0],
                      "relative": max(bias / g), "relative_theory": max(abs(geometric_sum(gamma, T) / sums - 1)),
                      "floor": discount.floor(scales) / sums[0], "matrix": max(abs(matrix - g)) / sums[0]}


def one_problem(kind: str, T: int, xs: list[float]) -> Any:
    """One random problem; the x are discounts, and the best one of the warm start."""
    problem = qm.Coupled.random(np.linspace(MU, 1, 12), 4, SEED)
    bound = problem.at(np.zeros(4))
    (lam, Q), center = bound.spectrum, bound.minimizer[:, 0]
    if kind == "warm":
        problem = replace(problem, start=center)
        xs = [*xs, discount.best_gamma(lam, Q.T @ problem.cross, Q.T @ problem.outer_gradient(center), 1.0, T)]
    _, exact, one = closed(replace(problem, start=center), T, 0.5)
    sine = np.sin(2 * np.arcsin(np.sqrt(opening(exact, one) / 2)))
    matrix, g = estimated(problem, T, qm.MatrixDiscount())
    size = np.linalg.norm(g)
    for gamma in xs:
        bias, found = closed(problem, T, gamma)[0], estimated(problem, T, qm.Discounted(gamma))[0]
        yield gamma, {"measured": np.linalg.norm(found - g) / size, "theory": np.linalg.norm(bias) / size,
                      "floor": sine, "matrix": np.linalg.norm(matrix - g) / size}


def exact_discount(kind: str, T: int, xs: list[float]) -> Any:
    """The discount that is exact in one dimension, a = 0.8; the x are gradients g_* at the minimiser 0, w_0 is 1 or 0."""
    for gradient in xs:
        problem = qm.Coupled([[0.2]], [[1.0]], [0.0], [[1.0]], [-gradient], [float(kind == "cold")])

        def measured(gamma: float) -> float:
            found, g = estimated(problem, T, qm.Discounted(gamma))
            return float(found[0] / g[0] - 1)

        def theory(gamma: float) -> float:
            return float(closed(problem, T, gamma)[0][0])
        roots = [brentq(function, 0.3, 0.99, xtol=1e-14, rtol=1e-14) for function in (measured, theory)]
        yield gradient, {"measured": roots[0], "theory": roots[1]}


def angle(kind: str, T: int, xs: list[float]) -> Any:
    """1 - cos between discounted and one-step hypergradient at gamma*; the x are distances ||w_0 - w_*||."""
    gamma = discount.minimax_gamma(1.0, MU, 1.0)
    problem: Any = qm.Coupled.random(np.linspace(MU, 1, 12), 4, SEED)
    if kind == "log-cosh":
        problem = qm.LogCosh.random(6, 4, SEED, MU)
        problem = replace(problem, scale=problem.scale * (1 - MU) / (problem.L - MU))
    center = qm.OuterLoss(problem, qm.GradientDescent(2000, 1.0)).trained(np.zeros(4))
    away = problem.start / np.linalg.norm(problem.start)
    for distance in xs:
        problem = replace(problem, start=center + distance * away)
        found, one = (estimated(problem, T, estimator)[0] for estimator in (qm.Discounted(gamma), qm.OneStep()))
        row = {"measured": opening(found, one), "relative": np.linalg.norm(found) / np.linalg.norm(one),
               "relative_theory": geometric_sum(gamma, T)}
        if kind == "quadratic":
            bias, exact, last = closed(problem, T, gamma)
            row["theory"] = opening(exact + bias, last)
        yield distance, row


def opening(x: Any, y: Any) -> float:
    """1 - cos of the angle between two vectors, without cancellation."""
    return float(sum((x / np.linalg.norm(x) - y / np.linalg.norm(y)) ** 2) / 2)
