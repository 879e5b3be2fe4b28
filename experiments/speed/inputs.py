"""The inputs of the workloads of the speed table, alike for every route."""

from typing import Any

import numpy as np

from experiments.speed.route import Case, Inputs
from quadmeta._extras import dataset

Array = Any


def inputs(case: Case, seed: int) -> Inputs:
    """The data of one case: matrices, start, step sizes."""
    return _MAKERS[case["workload"]](case, np.random.default_rng([seed, case["d"]]))


def _quadratic(case: Case, rng: np.random.Generator) -> Inputs:
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


def _schedule(case: Case, rng: np.random.Generator) -> Inputs:
    found = _quadratic(case, rng)
    return found | {"eta": found["eta"] * rng.permutation(np.linspace(0.5, 1.5, case["T"]))}


def _tasks(case: Case, rng: np.random.Generator) -> Inputs:
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


def _regression(case: Case, rng: np.random.Generator) -> Inputs:
    m = case["tasks"]
    n = case["n"]
    d = case["d"]
    X, y, X2, y2 = (rng.standard_normal(shape) for shape in ((m, n, d), (m, n), (m, n, d), (m, n)))
    top = max(float(np.linalg.eigvalsh(x @ x.T / n)[-1]) for x in X)
    return {"X": X, "y": y, "X2": X2, "y2": y2, "eta": np.geomspace(1e-3, 1.9, case["grid"]) / top}


def _cleaning(case: Case, rng: np.random.Generator) -> Inputs:
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


def _drawn(case: Case, rng: np.random.Generator) -> Inputs:
    """What the least squares of W6 are drawn by: their solution is known, and their data are gone
    once the spectrum is there.
    """
    sizes = {name: case[name] for name in ("n", "d", "tasks")}
    return sizes | {"sigma": 1.0, "seed": int(rng.integers(2**31)), "validation": case["n"]}


def _line(case: Case, rng: np.random.Generator) -> Inputs:
    """Eigenvalues even in [0.01, 1], and a grid of step sizes."""
    return {
        "lam": np.linspace(0.01, 1, case["d"]),
        "w": rng.standard_normal(case["d"]),
        "eta": np.linspace(0.01, 1.9, case["grid"]),
    }


_MAKERS = {
    "W1": _quadratic,
    "W2": _tasks,
    "W3": _regression,
    "W4": _cleaning,
    "W5": _schedule,
    "W6": _drawn,
    "W7": _cleaning,
    "growth": _line,
}
