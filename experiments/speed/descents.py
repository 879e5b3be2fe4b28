"""Routes of the speed table that clean data: descents on one weight a sample, by every estimator.

A hundred outer steps are timed by a few of them; all cost the same.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.data_cleaning.rows import METHODS
from experiments.speed.route import Case, Inputs, Route

Array = Any
OUTER = 100
"""Outer steps of a descent."""
DONE = {"full": 10, "smoke": 2}
"""Those that are timed."""
RATE = 0.1
ESTIMATORS: dict[str, Any] = METHODS | {"closed form": qm.ClosedForm()}
BARE = "Neumann, 9"
"""The estimator whose descent is compared with its products alone."""
ORDER = 9


def cleaning(case: Case, given: Inputs) -> qm.OuterLoss:
    """Validation loss after T steps, as a function of one weight a sample."""
    problem = qm.DataCleaning((given["X"], given["Y"]), (given["X2"], given["Y2"]), given["rho"])
    return qm.OuterLoss(problem, qm.GradientDescent(case["T"], given["eta"]))


def descents(case: Case, given: Inputs) -> dict[str, Route]:
    """{estimator: the weights after some outer steps}, and the products of one of them alone."""
    loss = cleaning(case, given)
    done = DONE[case["size"]]

    def descend(estimator: Any) -> Callable[[], Array]:
        def run() -> Array:
            descent = qm.bilevel_descent(loss, given["alpha"], estimator, qm.Adam(RATE))
            return [state.alpha for state in islice(descent, done)][-1]

        return run

    found = {
        name: Route(descend(estimator), share=done / OUTER, target=_target(name))
        for name, estimator in ESTIMATORS.items()
    }
    alone = _products(loss, given, case["T"], done)
    return found | {"products alone": Route(alone, share=done / OUTER, target="products")}


def _target(name: str) -> str | None:
    """None for conjugate gradients, which amplify the rounding of w_T to the fifth digit."""
    if name.startswith("conj"):
        return None
    return f"descent, {name}"


def points(loss: qm.OuterLoss, alpha: Array, done: int) -> list[tuple[Array, Array]]:
    """(alpha, w_0) where a descent with that estimator takes its products."""
    descent = qm.bilevel_descent(loss, alpha, ESTIMATORS[BARE], qm.Adam(RATE))
    states = list(islice(descent, done - 1))
    return [(alpha, loss.problem.start), *((state.alpha, state.start) for state in states)]


def _products(loss: qm.OuterLoss, given: Inputs, T: int, done: int) -> Callable[[], Array]:
    """The package's own products that these outer steps take, without the descent around them: to
    bind the problem, T gradients, 9 products with the Hessian, a mixed one.
    """
    eta = given["eta"]
    along = points(loss, given["alpha"], done)

    def run() -> Array:
        values = []
        for alpha, w in along:
            inner = loss.problem.at(alpha)
            for _ in range(T):
                w = w - eta * inner.gradient(w)
            v = loss.problem.outer_gradient(w, alpha)
            total = v
            for _ in range(ORDER):
                v = v - eta * inner.hvp(w, v)
                total = total + v
            values.append(-eta * inner.mixed(w, total))
        return np.array(values)

    return run


def descended(case: Case, given: Inputs, name: str) -> Array:
    """The same descent written out: Adam as in its source, training step by step, hypergradients at
    each point alone, in closed form where the estimate is exact.
    """
    loss = cleaning(case, given)
    estimator = ESTIMATORS[name]
    alpha, w = given["alpha"], loss.problem.start
    first, second = np.zeros_like(alpha), np.zeros_like(alpha)
    for k in range(1, DONE[case["size"]] + 1):
        if name in ("exact", "closed form"):
            g = loss.gradient(alpha, w)
        else:
            g = qm.hypergradient(loss, alpha, estimator, start=w).value
        inner = loss.problem.at(alpha)
        for _ in range(case["T"]):
            w = w - given["eta"] * inner.gradient(w)
        first = 0.9 * first + 0.1 * g
        second = 0.999 * second + 0.001 * g * g
        size = np.sqrt(second / (1 - 0.999**k)) + 1e-12
        alpha = alpha - RATE * first / (1 - 0.9**k) / size
    return alpha


def products_along(case: Case, given: Inputs) -> Array:
    """The estimates of the descent that is compared with its products."""
    loss = cleaning(case, given)
    along = points(loss, given["alpha"], DONE[case["size"]])
    estimator = ESTIMATORS[BARE]
    return np.array([qm.hypergradient(loss, alpha, estimator, start=w).value for alpha, w in along])
