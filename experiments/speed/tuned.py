"""Routes of the speed table to the best step size: global minimisers, and scans beside them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import quadmeta as qm
from experiments.speed.route import Case, Inputs, Route

Array = Any
OBJECTIVES = {"validation": qm.TrainByValidation, "population": qm.PopulationRisk}
HOW = ("minimizer", "scanned")
OPTIMIZERS = {"heavy ball": qm.HeavyBall, "Nesterov": qm.Nesterov}

# Seconds of ``scanned`` before its kernel was rewritten (commit f7b80b9), in units of one logarithm
# and one exponential of an element, of which it mostly consisted: measured once, on 2026-11-29 on
# the machine of the published table, the median quotient of 25 rounds in turns.
BEFORE = {
    ("few", "validation"): 1.0e7,
    ("few", "population"): 1.0e7,
    ("many", "validation"): 3.9e7,
    ("many", "population"): 1.9e7,
}


def minimisers(case: Case, given: Inputs) -> dict[str, Route]:
    """The step size that is best for the mean over tasks, by ``minimizer`` and by ``scanned``."""
    problem = qm.LeastSquares.draw(**given)
    gd = qm.GradientDescent(case["T"])
    found = {}
    for name, objective in OBJECTIVES.items():
        minimum, scan = (partial(_fresh, objective, problem, gd, how) for how in HOW)
        found[f"{name}, minimizer"] = Route(minimum, target=name)
        found[f"{name}, scanned"] = Route(scan, target=name)
    return found


def momentum_minimisers(case: Case, given: Inputs) -> dict[str, Route]:
    """(step size, momentum) of the least log objective, both free."""
    problem = qm.Quadratic.from_matrix(given["H"], start=given["w"])
    found = {}
    for name, optimizer in OPTIMIZERS.items():
        minimum = minimizer(problem, optimizer(case["T"]))
        found[f"minimizer, {name}"] = Route(minimum, target=name)
    return found


def minimizer(problem: Any, optimizer: Any) -> Callable[[], Any]:
    """That of the log objective."""
    return partial(_fresh, qm.LogObjective, problem, optimizer, "minimizer")


def _fresh(objective: Any, problem: Any, optimizer: Any, method: str) -> Any:
    """What a method of a new objective finds: one that was asked before may remember."""
    return getattr(objective(problem, optimizer), method)()
