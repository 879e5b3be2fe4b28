"""The workloads of the speed table: sizes, and inputs that every route gets alike."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from quadmeta._extras import dataset

Array = Any
Inputs = dict[str, Any]
_SLOTS = ("small", "T1", "T2", "T3", "T4", "large")
_FULL = {
    "W1": ((20, 80), (100, 100), (100, 1000), (100, 10**4), (100, 10**5), (1000, 1000)),
    "W2": {"d": 50, "T": 100, "tasks": 100, "grid": 1000},
    "W3": (
        {"d": 100, "T": 1000, "tasks": 100, "grid": 200, "n": 50},
        {"d": 1000, "T": 1000, "tasks": 10, "grid": 200, "n": 500},
    ),
    "W4": {"d": 65, "n": 1000},
    "steps": (50, 200, 1000),
    "W5": {"d": 100, "T": 1000},
}
_SMOKE = {
    "W1": ((5, 8), (10, 10), (10, 20), (10, 40), (10, 60), (20, 20)),
    "W2": {"d": 5, "T": 10, "tasks": 20, "grid": 20},
    "W3": (
        {"d": 10, "T": 30, "tasks": 10, "grid": 40, "n": 5},
        {"d": 20, "T": 30, "tasks": 2, "grid": 40, "n": 10},
    ),
    "W4": {"d": 65, "n": 100},
    "steps": (3, 6, 9),
    "W5": {"d": 10, "T": 20},
}


def cases(size: str) -> list[dict[str, Any]]:
    """The cases of the table at "full" or "smoke" size; a workload and a slot name one of them."""
    s: Any = {"full": _FULL, "smoke": _SMOKE}[size]
    found = [
        *(
            {"workload": "W1", "slot": slot, "d": d, "T": T}
            for slot, (d, T) in zip(_SLOTS, s["W1"], strict=True)
        ),
        {"workload": "W2", "slot": "grid"} | s["W2"],
        *(
            {"workload": "W3", "slot": slot} | x
            for slot, x in zip(("small", "large"), s["W3"], strict=True)
        ),
        *(
            {"workload": "W4", "slot": f"T{k}", "T": T} | s["W4"]
            for k, T in enumerate(s["steps"], 1)
        ),
        {"workload": "W5", "slot": "schedule"} | s["W5"],
    ]
    return [case | {"size": size} for case in found]


class Route(NamedTuple):
    """One way to do a workload, or a part of it: some tasks, some steps. ``share`` is that part of
    the work.
    """

    call: Callable[[], Any]
    part: dict[str, int] = {}
    share: float = 1.0
    target: str | None = "exact"
    """What its result should be: "exact", "implicit", or None for an estimate of its own."""


def reduced(
    case: dict[str, Any], given: Inputs, part: dict[str, int]
) -> tuple[dict[str, Any], Inputs]:
    """The same case with fewer tasks or steps."""
    if "tasks" in part:
        given = {name: x if name == "eta" else x[: part["tasks"]] for name, x in given.items()}
    return case | part, given


def partly(
    case: dict[str, Any],
    given: Inputs,
    part: dict[str, int],
    route: Callable[[dict[str, Any], Inputs], Callable[[], Any]],
) -> Route:
    """A route that does part of the work; time is proportional to tasks and to steps."""
    part = {name: min(value, case[name]) for name, value in part.items()}
    share = float(np.prod([value / case[name] for name, value in part.items()]))
    return Route(route(*reduced(case, given, part)), part, share)


def inputs(case: dict[str, Any], seed: int) -> Inputs:
    """The data of one case: matrices, start, step sizes."""
    return _MAKERS[case["workload"]](case, np.random.default_rng([seed, case["d"]]))


def _quadratic(case: dict[str, Any], rng: np.random.Generator) -> Inputs:
    d = case["d"]
    X = rng.standard_normal((2 * d, d))
    H = X.T @ X / d
    lam = np.linalg.eigvalsh((H + H.T) / 2)
    # where T varies the loss must not leave float64 before T = 10^5, or every unrolled route
    # returns nan
    if case["slot"].startswith("T"):
        eta = 2.5e-3 / lam[0]
    else:
        eta = 1.1 / lam[-1]
    return {"H": (H + H.T) / 2, "w": rng.standard_normal(d), "eta": float(eta)}


def _schedule(case: dict[str, Any], rng: np.random.Generator) -> Inputs:
    found = _quadratic(case, rng)
    return found | {"eta": found["eta"] * rng.permutation(np.linspace(0.5, 1.5, case["T"]))}


def _tasks(case: dict[str, Any], rng: np.random.Generator) -> Inputs:
    d = case["d"]
    m = case["tasks"]
    X = rng.standard_normal((m, 2 * d, d))
    H = np.swapaxes(X, -1, -2) @ X / d
    H = (H + np.swapaxes(H, -1, -2)) / 2
    top = float(np.linalg.eigvalsh(H).max())
    return {
        "H": H,
        "w": rng.standard_normal((m, d)),
        "eta": np.linspace(0.01, 3, case["grid"]) / top,
    }


def _regression(case: dict[str, Any], rng: np.random.Generator) -> Inputs:
    m = case["tasks"]
    n = case["n"]
    d = case["d"]
    X, y, X2, y2 = (rng.standard_normal(shape) for shape in ((m, n, d), (m, n), (m, n, d), (m, n)))
    top = max(float(np.linalg.eigvalsh(x @ x.T / n)[-1]) for x in X)
    return {"X": X, "y": y, "X2": X2, "y2": y2, "eta": np.geomspace(1e-3, 1.9, case["grid"]) / top}


def _cleaning(case: dict[str, Any], rng: np.random.Generator) -> Inputs:
    """Digits with a weight a sample; a fifth of the training labels is random."""
    pixels, digits = dataset("digits", "the workload W4 of speed")
    n = case["n"]
    order = rng.permutation(len(digits))
    X = np.column_stack([pixels / 16, np.ones(len(order))])[order]
    labels = digits[order]
    wrong = np.flatnonzero(rng.random(n) < 0.2)
    labels[wrong] = rng.integers(0, 10, len(wrong))
    Y = np.eye(10)[labels]
    rho = 1e-2
    top = float(np.linalg.eigvalsh(X[:n].T @ X[:n] / n)[-1])
    return {
        "X": X[:n],
        "Y": Y[:n],
        "X2": X[n:],
        "Y2": Y[n:],
        "rho": rho,
        "eta": 1 / (top + rho),
        "alpha": rng.standard_normal(n),
    }


_MAKERS = {"W1": _quadratic, "W2": _tasks, "W3": _regression, "W4": _cleaning, "W5": _schedule}
