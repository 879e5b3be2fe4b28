"""Routes of the speed table by loops over the steps in plain numpy: what is left where no autodiff
is installed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.speed.route import Case, Inputs, Route, partly

Array = Any
SLOW = 2000  # steps that a loop of python is asked to unroll; more are scaled from these


def routes(case: Case, given: Inputs) -> dict[str, Route]:
    """{"numpy": how}; reverse mode of W4 is one of the estimators."""
    if case["workload"] == "W1":
        return {"numpy": partly(case, given, {"T": SLOW}, _reverse)}
    if case["workload"] == "W5":
        return {"numpy": Route(_reverse(case, given))}
    if case["workload"] == "W2":
        return {"numpy": partly(case, given, {"tasks": 3}, _grid)}
    if case["workload"] == "W3":
        return {"numpy": partly(case, given, {"tasks": 1, "T": 40 * 100 // case["d"]}, _sweep)}
    return {}


def _reverse(case: Case, given: Inputs) -> Callable[[], Array]:
    """Back-propagation through log f / T: one product a step forwards, one backwards."""
    H = given["H"]
    start = given["w"]
    T = case["T"]
    steps = np.broadcast_to(given["eta"], T)

    def run() -> Array:
        states = [start]
        images = [H @ start]
        for eta in steps:
            states.append(states[-1] - eta * images[-1])
            images.append(H @ states[-1])
        b = images[-1] / (states[-1] @ images[-1] / 2) / T
        slope = np.empty(T)
        for t in range(T - 1, -1, -1):
            slope[t] = -(b @ images[t])
            b = b - steps[t] * (H @ b)
        if np.ndim(given["eta"]) == 0:
            return slope.sum()
        return slope

    return run


def _grid(case: Case, given: Inputs) -> Callable[[], Array]:
    """The recursion of w alone at all step sizes: dw_T/deta = -T H w_{T-1}."""
    T = case["T"]
    eta = given["eta"]

    def one(H: Array, w: Array) -> Array:
        W = before = np.broadcast_to(w[:, None], (len(w), len(eta)))
        for _ in range(T):
            before = H @ W
            W = W - eta * before
        g = H @ W
        return -2 * (g * before).sum(axis=0) / (W * g).sum(axis=0)

    def run() -> Array:
        return np.stack([one(H, w) for H, w in zip(given["H"], given["w"], strict=True)], axis=1)

    return run


def _sweep(case: Case, given: Inputs) -> Callable[[], Array]:
    """Training losses, validation losses and their derivatives from dw_T/deta = -T grad
    f(w_{T-1}).
    """
    T = case["T"]
    eta = given["eta"]
    n = case["n"]

    def one(X: Array, y: Array, X2: Array, y2: Array) -> Array:
        W = g = np.zeros((X.shape[1], len(eta)))
        for _ in range(T):
            g = X.T @ (X @ W - y[:, None]) / n
            W = W - eta * g
        rows = []
        for A, b in ((X, y), (X2, y2)):
            left = A @ W - b[:, None]
            rows += [(left * left).sum(axis=0) / (2 * n), -T * (left * (A @ g)).sum(axis=0) / n]
        return np.array(rows)

    def run() -> Array:
        return np.mean(
            [
                one(*task)
                for task in zip(*(given[name] for name in ("X", "y", "X2", "y2")), strict=True)
            ],
            axis=0,
        )

    return run
