"""Runs of hypergradient descent on the weights of corrupted images, and their estimates."""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows

METHODS: dict[str, Any] = {
    "one step": qm.OneStep(),
    "discounted, 0.9": qm.Discounted(0.9),
    "discounted, 0.99": qm.Discounted(0.99),
    "fixed gradient, 0.99": qm.FixedGradient(0.99),
    "truncated, 5": qm.Truncated(5),
    "DrMAD": qm.DrMad(),
    "matrix discount": qm.MatrixDiscount(),
    "exact": qm.Reverse(),
    "Neumann, 9": qm.Neumann(9),
    "Neumann, (9, 5)": qm.Neumann(9, 5),
    "Neumann, (4, 10)": qm.Neumann(4, 10),
    "conj. gradients, 10": qm.ConjugateGradient(10),
    "implicit": qm.Implicit(),
}
BASELINES = ("no tuning", "oracle")


def row(
    loss: Any, seed: int, method: str, estimator: Any = None, found: Any = None, **given: Any
) -> dict[str, Any]:
    """One row: what an outer step spends as counted and as published, and the columns that are
    ``given``.
    """
    empty = {
        "place": "last",
        "step": None,
        "accuracy": None,
        "auc": None,
        "cosine": None,
        "error": None,
        "ratio": None,
        "ratio_theory": None,
        "published": 0,
    }
    spent = {name: getattr(found, name, 0) for name in ("hvps", "mixed", "outer_gradients")}
    if estimator:
        cost = estimator.cost(
            loss.optimizer.steps, loss.problem.hyperparameters, len(loss.problem.start)
        )
        spent["published"] = cost["hvps"] + cost["mixed"]
    return {"seed": seed, "method": method} | empty | spent | given


def run(loss: Any, seed: int, method: str, outer: int) -> Rows:
    """Accuracy and AUC at the last outer step; the exact run takes the closed form, at the price
    of reverse mode.
    """
    problem = loss.problem
    zero = np.zeros(loss.problem.hyperparameters)
    T = loss.optimizer.steps
    if method in BASELINES:
        if method == "oracle":
            alpha = np.where(problem.corrupted, -40.0, 40.0)
        else:
            alpha = zero
        trained = qm.OuterLoss(problem, qm.GradientDescent(T * outer, loss.step_size)).trained(
            alpha
        )
        return [
            row(
                loss,
                seed,
                method,
                step=outer,
                accuracy=problem.accuracy(trained),
                auc=auc(problem.corrupted, alpha),
            )
        ]
    estimator = METHODS[method]
    descent = qm.bilevel_descent(
        loss, zero, qm.ClosedForm() if method == "exact" else estimator, qm.Adam(0.1)
    )
    state = next(state for state in descent if state.step == outer)
    found = qm.hypergradient(loss, state.alpha, estimator, start=state.start)
    return [
        row(
            loss,
            seed,
            method,
            estimator,
            found,
            step=outer,
            accuracy=problem.accuracy(state.start),
            auc=auc(problem.corrupted, state.alpha),
        )
    ]


def auc(corrupted: Any, alpha: Any) -> float:
    """Probability that a corrupted sample has a smaller alpha than a clean one, ties one half."""
    low = alpha[corrupted][:, None]
    high = alpha[~corrupted]
    return float((low < high).mean() + (low == high).mean() / 2)


def comparison(loss: Any, seed: int, place: str, step: int, alpha: Any, start: Any) -> Rows:
    """Every estimator against the closed form; at the first two places also those that must be
    exact there.
    """
    T = loss.optimizer.steps
    controls = {
        "forward": qm.Forward(),
        "truncated, T": qm.Truncated(T),
        "Neumann, T - 1": qm.Neumann(T - 1),
    }
    exact = loss.gradient(alpha, start)
    unit = np.linalg.norm(qm.hypergradient(loss, alpha, qm.OneStep(), start=start).value)
    rows = []
    for name, estimator in (METHODS | (controls if place != "along the run" else {})).items():
        found = qm.hypergradient(loss, alpha, estimator, start=start)
        gamma = getattr(estimator, "gamma", 0.0 if name == "one step" else None)
        if gamma is not None and place == "warm":
            theory = sum(gamma**k for k in range(T))
        else:
            theory = None
        size = np.linalg.norm(found.value)
        rows.append(
            row(
                loss,
                seed,
                name,
                estimator,
                found,
                place=place,
                step=step,
                cosine=float(found.value @ exact / (size * np.linalg.norm(exact))),
                error=float(np.linalg.norm(found.value - exact) / np.linalg.norm(exact)),
                ratio=float(size / unit),
                ratio_theory=theory,
            )
        )
    return rows
