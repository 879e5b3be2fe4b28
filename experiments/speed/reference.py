"""What the routes of the speed table are checked against: mpmath, full accuracy, loops."""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.speed.best import best, excess
from experiments.speed.descents import descended, products_along
from experiments.speed.route import Case, Inputs
from experiments.speed.tuned import OPTIMIZERS

Array = Any
EVERY = 20  # of the step sizes of a grid


def reference(case: Case, given: Inputs, target: str) -> Array:
    """The result of a workload by another way than the one that is timed.

    W1: mpmath at 50 digits on the modes; W2, W3, W5 and growth: the forms in full accuracy, on
    every 20th step size of a grid; W4: reverse mode by loops, or for the implicit gradient a dense
    solve; W6 and minimisers: plain numpy; W7: the descent written out.
    """
    eta: Any = given.get("eta")
    gd = qm.GradientDescent(case["T"])
    workload = case["workload"]
    if workload == "W6" or workload == "W1" and target not in ("exact", "pair"):
        return best(case, given, target)
    if workload == "W1":
        log = qm.LogObjective(qm.Quadratic.from_matrix(given["H"], start=given["w"]), gd)
        slope = float(log.exactly(eta, 1, "mpmath"))
        if target == "exact":
            return slope
        return np.array([float(log.exactly(eta, 0, "mpmath")), slope])
    if workload == "W7":
        if target == "products":
            return products_along(case, given)
        return descended(case, given, target.removeprefix("descent, "))
    if workload == "growth":
        problem = qm.Quadratic.from_spectrum(given["lam"], error=given["w"])
        return qm.LogObjective(problem, gd).gradient(eta[::EVERY])
    if workload == "W2":
        problem = qm.Quadratic.from_matrix(given["H"], start=given["w"])
        return qm.LogObjective(problem, gd, pooled=False).gradient(eta[::EVERY, None])
    if workload == "W3":
        data = qm.LeastSquares.from_data(given["X"], given["y"], (given["X2"], given["y2"]))
        return np.array(
            [
                values.to_float()
                for loss in (qm.TrainByTrain, qm.TrainByValidation)
                for at in [loss(data, gd)]
                for values in (at(eta[::EVERY]), at.gradient(eta[::EVERY]))
            ]
        )
    if workload == "W5":
        problem = qm.Quadratic.from_matrix(given["H"], start=given["w"])
        return qm.LogObjective(problem, qm.Schedule(case["T"])).gradient(eta)
    cleaning = qm.DataCleaning((given["X"], given["Y"]), (given["X2"], given["Y2"]), given["rho"])
    if target == "exact":
        return qm.OuterLoss(cleaning, qm.GradientDescent(case["T"], eta)).definition(given["alpha"])
    bound = cleaning.at(given["alpha"])
    w = np.linalg.solve(bound.H, bound.B)
    v = np.linalg.solve(bound.H, cleaning.outer_hessian @ w - cleaning.outer_linear)
    return -bound.mixed(w.ravel(), v.ravel())


def error(case: Case, given: Inputs, target: str, found: Array, exact: Array) -> float:
    """Largest deviation relative to the largest entry; each of several quantities of a sweep on
    its own. Of a step size with a momentum what log F is above that of the best known.
    """
    if target in OPTIMIZERS:
        return excess(case, given, target, found, exact)
    found = np.asarray(found, dtype=float)
    exact = np.asarray(exact, dtype=float)
    axis = None
    if case["workload"] in ("W2", "growth"):
        found = found[::EVERY]
    if case["workload"] == "W3":
        found = found[:, ::EVERY]
        axis = -1
    if found.shape == (2,):  # quantities of different sizes
        return float((np.abs(found - exact) / np.abs(exact)).max())
    return float((np.abs(found - exact).max(axis=axis) / np.abs(exact).max(axis=axis)).max())
