"""Routes of the speed table by PyTorch in float64: a loop over the steps and autograd."""

from collections.abc import Callable
from typing import Any

import torch

from experiments.speed.clock import cores
from experiments.speed.route import Case, Inputs, Route, partly

Array = Any
torch.set_default_dtype(torch.float64)
torch.set_num_threads(cores())  # not the one that the environment gives to BLAS


def routes(case: Case, given: Inputs) -> dict[str, Route]:
    """{"torch": how} of what is unrolled one problem at a time."""
    workload = case["workload"]
    if workload == "W1":
        return {"torch": partly(case, given, {"T": 2000}, _reverse)}
    if workload == "W4":
        return {"torch": Route(_weights(case, given))}
    if workload == "W5":
        return {"torch": Route(_reverse(case, given))}
    return {}


def _reverse(case: Case, given: Inputs) -> Callable[[], Array]:
    H = torch.tensor(given["H"])
    start = torch.tensor(given["w"])
    T = case["T"]
    eta = torch.tensor(given["eta"], requires_grad=True)

    def run() -> Array:
        w = start
        for step in eta.unbind() if eta.ndim else [eta] * T:
            w = w - step * (H @ w)
        return torch.autograd.grad(torch.log(w @ (H @ w) / 2) / T, eta)[0].numpy()

    return run


def _weights(case: Case, given: Inputs) -> Callable[[], Array]:
    """Training on the loss as it is written."""
    X, Y, X2, Y2 = (torch.tensor(given[name]) for name in ("X", "Y", "X2", "Y2"))
    alpha = torch.tensor(given["alpha"], requires_grad=True)

    def run() -> Array:
        s = torch.sigmoid(alpha)[:, None] / len(X)
        W = torch.zeros(X.shape[1], Y.shape[1])
        for _ in range(case["T"]):
            W = W - given["eta"] * (X.T @ (s * (X @ W - Y)) + given["rho"] * W)
        return torch.autograd.grad(((X2 @ W - Y2) ** 2).sum() / (2 * len(X2)), alpha)[0].numpy()

    return run
