"""Rows of each part of the figure on learned weights that collapse: runs and closed forms."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from math import ceil
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.auxiliary_collapse.weights import Pencil, filtered, root, two_stage
from experiments.shared.tables import Rows
from quadmeta.training.auxiliary import joint_training
from quadmeta.training.optimal_weights import curvature, local_minima, outer_loss

START = 2.0
BETA = 0.3
ETA = 0.1
MAIN = 60
EACH = 120
HELD_OUT = 300
REST = 357
SEED = 0
METHODS = ("joint", "consistent", "training set", "implicit", "Neumann")
REAL = ("joint", "implicit", "Neumann", "equal", "pooled")


def shown(J: int) -> list[tuple[str, float, Any]]:
    """The filters that are drawn."""
    return [
        ("implicit", 0, qm.Implicit()),
        *(("Neumann", N, qm.Neumann(N)) for N in (0, J, J + 1)),
        ("conjugate gradients", J + 1, qm.ConjugateGradient(J + 1)),
    ]


@cache
def example() -> tuple[qm.AuxiliaryTasks, float]:
    """One task that helps, held-out data in the limit; its best weight."""
    problem = qm.AuxiliaryTasks.draw(
        10, [20, 40], [1.0, 0.7], [0.5], SEED, covariance=np.geomspace(0.03, 1, 10)
    )
    return problem, float(local_minima(problem, starts=2).phi[0, 0])


def path(name: str, scale: float, J: int, steps: int, beta: float) -> Rows:
    """A weight against the step, its closed recursion, its bound, where it ends, what was spent."""
    problem, best = example()
    nu = scale / problem.at(np.array([best])).spectrum[0][-1]
    least = outer_loss(problem, np.array([best]))
    limit = {"implicit": best, "Neumann": root(problem, nu, J)}.get(name, 0.0)
    problem, states = run(name, problem, nu, J, beta)
    pencil = Pencil(problem)
    phi = START
    distance = 1.0
    rows = []
    slopes: dict[str, Callable[[float], float]] = {
        "joint": pencil.loss,
        "training set": lambda x: x * pencil.chi(x),
        "implicit": pencil.slope,
        "Neumann": lambda x: float(filtered(problem, x, nu, J)[0]),
        "consistent": lambda x: distance**2 / 2,
    }
    bounds: dict[str, Callable[[int], float]] = {
        "joint": lambda t: max(0.0, START - beta * pencil.c * t),
        "training set": lambda t: START * (1 - beta * pencil.chi(START)) ** t,
        "consistent": lambda t: (
            START - beta / 2 * sum((1 - ETA) ** (2 * s) for s in range(1, t + 1))
        ),
    }
    kept = set(np.geomspace(1, steps, 70).round().astype(int).tolist())
    for t, (found, hvps, mixed) in enumerate(islice(states, steps), start=1):
        distance *= 1 - ETA * (1 + phi)
        before = phi
        phi = max(0.0, phi - beta * slopes[name](phi))
        if t in kept or phi == 0 < before:
            rows.append(
                {
                    "parameter": J if name == "Neumann" else None,
                    "x": t,
                    "measured": found[0],
                    "theory": phi,
                    "bound": bounds[name](t) if name in bounds else None,
                    "limit": limit,
                    "excess": outer_loss(problem, found) / least - 1 if limit else None,
                    "hvps": hvps,
                    "mixed": mixed,
                    "solves": t * (name != "consistent"),
                    "inner": t * (name == "consistent"),
                }
            )
    return rows


def run(
    name: str, problem: qm.AuxiliaryTasks, nu: float, J: int, beta: float
) -> tuple[qm.AuxiliaryTasks, Iterator[Any]]:
    """The problem of a path, and its weights with the products spent."""
    start = np.array([START])
    if name == "consistent":  # A_0 = A_1 = I and |w_0 - b| = 1
        problem = qm.AuxiliaryTasks.draw(10, [20, 40], 0.0, [0.0], SEED, fixed=True)
    if name in ("joint", "consistent"):
        inner = None
        if name == "consistent":
            inner = qm.GradientDescent(1, ETA)
        return problem, ((state.phi, 0, 0) for state in joint_training(problem, start, beta, inner))
    if name == "training set":
        problem = qm.AuxiliaryTasks(problem.main, problem.tasks, problem.main)
    estimator: qm.Estimator = qm.Implicit()
    if name == "Neumann":
        estimator = qm.Neumann(J)
    states = two_stage(problem, start, estimator, beta, nu)
    return problem, ((state.alpha, state.jvps - state.step, state.step) for state in states)


def fixed_point(name: str, scale: float, J: int, steps: int) -> Rows:
    """Where descent with J products ends, the root, the first order; and the loss of each over the
    least one.
    """
    problem, best = example()
    nu = scale / problem.at(np.array([best])).spectrum[0][-1]
    pencil = Pencil(problem)
    exact = root(problem, nu, J)
    bend = curvature(problem, np.array([best]))[0, 0]
    least = pencil.excess(best)
    gradient = filtered(problem, best, nu, J)[0]
    slope = (
        filtered(problem, 1.001 * exact, nu, J)[0] - filtered(problem, 0.999 * exact, nu, J)[0]
    ) / (0.002 * exact)
    beta = min(100.0, 1 / slope)
    found = last(two_stage(problem, np.array([START]), qm.Neumann(J), beta, nu), steps).alpha
    F = outer_loss(problem, np.array([best]))
    return [
        {
            "parameter": J,
            "x": J + 1,
            "measured": found[0],
            "theory": exact,
            "first": best - gradient / bend,
            "limit": best,
            "excess": outer_loss(problem, found) / F - 1,
            "excess_theory": (pencil.excess(exact) - least) / F,
            "excess_first": gradient**2 / bend / 2 / F,
        }
    ]


def digits(name: str, J: int, steps: int, seed: int) -> Rows:
    """Weights of nine tasks on one split of real data with what they should be, the held-out and
    the test loss.
    """
    whole = qm.AuxiliaryTasks.digits(1, MAIN, EACH, HELD_OUT + REST, seed)
    X, y = whole.main
    XA, yA = whole.auxiliary
    tasks = whole.tasks
    held = (XA[:HELD_OUT], yA[:HELD_OUT])
    rest = (XA[HELD_OUT:], yA[HELD_OUT:])
    problem, test = (qm.AuxiliaryTasks(whole.main, tasks, part, whole.rho) for part in (held, rest))
    parameter = J if name == "Neumann" else None
    rows: Rows = [{"x": digit, "parameter": parameter} for digit in range(10) if digit != 1]
    start = np.full(9, 0.1)
    phi = np.full(9, float(name == "equal"))
    nu = 1 / problem.at(start).spectrum[0][-1]
    theory: Any = [None] * 9
    bound = inner = theory
    if name == "joint":
        path = np.array([state.phi for state in islice(joint_training(problem, start, 0.05), 60)])
        least = [np.mean((x @ np.linalg.lstsq(x, z, rcond=None)[0] - z) ** 2) / 2 for x, z in tasks]
        phi = path[-1]
        theory = [0.0] * 9
        inner = ((path > 0).sum(axis=0) + 1).tolist()
        bound = [ceil(0.1 / (0.05 * c)) for c in least]
    elif name == "implicit":
        phi = last(two_stage(problem, start, qm.Implicit(), 0.3, nu), steps).alpha
        theory = local_minima(problem, starts=4).phi[0]
    elif name == "Neumann":
        phi = last(two_stage(problem, start, qm.Neumann(J), 8.0, nu), steps).alpha
        theory = np.maximum(0, phi - 8.0 * filtered(problem, phi, nu, J))
    elif name == "pooled":  # the main task alone, with the held-out images among its training data
        test = qm.AuxiliaryTasks(
            (np.vstack([X, held[0]]), np.append(y, held[1])), tasks, rest, whole.rho
        )
    return [
        row
        | {
            "measured": phi[k],
            "theory": theory[k],
            "bound": bound[k],
            "inner": inner[k],
            "outer": outer_loss(problem, phi),
            "test": outer_loss(test, phi),
        }
        for k, row in enumerate(rows)
    ]


def last(states: Iterator[Any], count: int) -> Any:
    """The state after so many steps."""
    return next(islice(states, count - 1, None))
