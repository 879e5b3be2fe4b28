"""Routes of the speed table through this package: closed forms, Lanczos, estimators."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.speed.descents import descents
from experiments.speed.route import Case, Inputs, Route
from experiments.speed.tuned import minimisers, minimizer, momentum_minimisers

Array = Any
Calls = dict[str, Callable[[], Any]]
TARGETS: dict[str, str | None] = {
    "closed form, value and gradient": "pair",
    "minimizer": "minimum",
    "implicit": "implicit",
    "discounted": None,
    "DrMAD": None,
    "Neumann": None,
    "CG": None,
    "closed form, momentum": None,
}


def routes(case: Case, given: Inputs) -> dict[str, Route]:
    """{route: how}."""
    if case["workload"] == "W6":
        return minimisers(case, given)
    if case["workload"] == "W7":
        return descents(case, given)
    calls = _ROUTES[case["workload"]](case, given)
    found = {name: Route(call, target=TARGETS.get(name, "exact")) for name, call in calls.items()}
    if case["workload"] == "W1" and case["slot"] == "small":
        found |= momentum_minimisers(case, given)
    return found


def _meta_gradient(case: Case, given: Inputs) -> Calls:
    """G'(eta): by modes that are there, from the matrix on, from products with it alone."""
    H = given["H"]
    w = given["w"]
    eta = given["eta"]
    gd = qm.GradientDescent(case["T"])
    problem = qm.Quadratic.from_matrix(H, start=w)
    log = qm.LogObjective(problem, gd)

    def slope(problem: Any) -> Array:
        return qm.LogObjective(problem, gd).scan(eta)[1]

    found = {
        "closed form": lambda: log.scan(eta)[1],
        "closed form, full accuracy": lambda: log.gradient(eta),
        "closed form with eigh": lambda: slope(qm.Quadratic.from_matrix(H, start=w)),
    }
    if case["slot"] in ("small", "T1"):
        found["closed form, value and gradient"] = lambda: log.value_and_gradient(eta)
    if case["slot"] == "small":
        found["minimizer"] = minimizer(problem, gd)
    if case["slot"] == "large":  # where the eigendecomposition is what costs
        k = min(case["d"], 400)
        found["Lanczos"] = lambda: slope(qm.OperatorQuadratic.from_error(H, w, k, quantity=slope))
    if case["slot"].startswith("T"):  # where T is varied
        ball = qm.LogObjective(problem, qm.Nesterov(case["T"], momentum=0.5))
        found["closed form, momentum"] = lambda: ball.gradient(eta)
    return found


def _grid(case: Case, given: Inputs) -> Calls:
    """G' of each task on a grid, eigendecompositions counted; tasks on two threads, as the peers
    use both cores.
    """
    eta = given["eta"][:, None]
    gd = qm.GradientDescent(case["T"])

    def solve(part: slice) -> Array:
        problem = qm.Quadratic.from_matrix(given["H"][part], start=given["w"][part])
        return qm.LogObjective(problem, gd, pooled=False).scan(eta)[1]

    problem = qm.Quadratic.from_matrix(given["H"], start=given["w"])
    log = qm.LogObjective(problem, gd, pooled=False)
    return {
        "closed form": lambda: np.concatenate(_halves(solve, case["tasks"]), axis=1),
        "closed form, one thread": lambda: solve(slice(None)),
        "closed form without eigh": lambda: log.scan(eta)[1],
        "closed form, full accuracy": lambda: log.gradient(eta),
    }


def _sweep(case: Case, given: Inputs) -> Calls:
    """Mean training and validation loss with derivatives, decompositions counted; tasks on two
    threads.
    """
    gd = qm.GradientDescent(case["T"])

    def solve(part: slice) -> Array:
        X, y, X2, y2 = (given[name][part] for name in ("X", "y", "X2", "y2"))
        problem = qm.LeastSquares.from_data(X, y, (X2, y2))
        return np.array(
            [
                values
                for loss in (qm.TrainByTrain, qm.TrainByValidation)
                for values in loss(problem, gd).scan(given["eta"])
            ]
        )

    return {
        "closed form": lambda: np.mean(_halves(solve, case["tasks"]), axis=0),
        "closed form, one thread": lambda: solve(slice(None)),
    }


def _halves(solve: Callable[[slice], Array], tasks: int) -> list[Array]:
    """Both halves of an even number of tasks, each on a thread."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(solve, (slice(tasks // 2), slice(tasks // 2, None))))


def _hypergradient(case: Case, given: Inputs) -> Calls:
    """Hypergradients of sample weights from the data on; the reverse mode and its relatives are
    estimators.
    """
    problem = qm.DataCleaning((given["X"], given["Y"]), (given["X2"], given["Y2"]), given["rho"])
    loss = qm.OuterLoss(problem, qm.GradientDescent(case["T"], given["eta"]))
    alpha = given["alpha"]
    estimators = {
        "reverse": qm.Reverse(),
        "discounted": qm.Discounted(gamma=0.99),
        "DrMAD": qm.DrMad(),
        "Neumann": qm.Neumann(order=20),
        "CG": qm.ConjugateGradient(budget=20),
    }
    found = {"closed form": lambda: loss.gradient(alpha), "implicit": lambda: loss.implicit(alpha)}

    def estimate(estimator: Any) -> Callable[[], Any]:
        return lambda: qm.hypergradient(loss, alpha, estimator).value

    return found | {name: estimate(estimator) for name, estimator in estimators.items()}


def _schedule(case: Case, given: Inputs) -> Calls:
    """Gradient of G in all T step sizes."""
    log = qm.LogObjective(
        qm.Quadratic.from_matrix(given["H"], start=given["w"]), qm.Schedule(case["T"])
    )

    def whole() -> Array:
        problem = qm.Quadratic.from_matrix(given["H"], start=given["w"])
        return qm.LogObjective(problem, qm.Schedule(case["T"])).scan(given["eta"])[1]

    return {
        "closed form": lambda: log.scan(given["eta"])[1],
        "closed form with eigh": whole,
        "closed form, full accuracy": lambda: log.gradient(given["eta"]),
    }


def _growth(case: Case, given: Inputs) -> Calls:
    """(G, G') on a grid, modes known."""
    problem = qm.Quadratic.from_spectrum(given["lam"], error=given["w"])
    log = qm.LogObjective(problem, qm.GradientDescent(case["T"]))
    return {"closed form": lambda: log.scan(given["eta"])[1]}


_ROUTES = {
    "W1": _meta_gradient,
    "W2": _grid,
    "W3": _sweep,
    "W4": _hypergradient,
    "W5": _schedule,
    "growth": _growth,
}
