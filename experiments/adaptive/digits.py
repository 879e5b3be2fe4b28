"""Weights of corrupted images behind training by Adam: the hypergradient by reverse mode, with the
rule of automatic differentiation at v = 0 and with the right one.
"""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta.objectives.parts.hyper_tape import HyperTape
from quadmeta.optimizers.parts.adaptive.step import AdaptiveStep
from quadmeta.typing import Array

NOISE = 0.5
STEP_SIZE = 0.01
SPREAD = 1e-3
"""Standard deviation of the random start."""


class AutomaticStep(AdaptiveStep):
    """The same with d sqrt(v) / dv = 0.5 / sqrt(v) everywhere, infinite at v = 0."""

    def slope_of_root(self, root: Array) -> Array:
        """1 / (2 s)."""
        found: Array = 0.5 / root
        return found


def rows(samples: int, T: int, seed: int) -> Rows:
    """How many weights of each pixel begin at a zero gradient; the share of hyperparameters without
    a number by each rule, from W_0 = 0 and from a random start; and the error of what is a number.
    """
    problem = qm.DataCleaning.digits(noise=NOISE, seed=seed, samples=samples)
    loss = qm.OuterLoss(problem, qm.InnerAdam(T, STEP_SIZE))
    alpha = np.zeros(samples)
    X, Y = problem.train
    # at W = 0 the gradient is -X'Y / (2 n): 0 where no image of the class has ink in the pixel
    ink = np.count_nonzero(((X > 0).T @ Y) == 0, axis=1)
    still = _first(loss, alpha, problem.start).reshape(X.shape[1], -1) == 0
    zeros = np.count_nonzero(still, axis=1)
    # the last column of X is a constant
    table = [
        row("pixel", x=k, measured=int(zeros[k]), theory=int(ink[k])) for k in range(len(ink) - 1)
    ]
    random = SPREAD * np.random.default_rng(seed).standard_normal(len(problem.start))
    for setting, start in (("zero", problem.start), ("random", random)):
        silent = int(np.count_nonzero(_first(loss, alpha, start) == 0))
        exact = loss.definition(alpha, start)  # forward mode
        for mode, step in (("automatic", AutomaticStep), ("right", AdaptiveStep)):
            with np.errstate(all="ignore"):
                found = reverse(loss, alpha, start, step)
            missing = float(np.isnan(found).mean())
            predicted = float(mode == "automatic" and silent > 0)
            given = {"setting": setting, "mode": mode, "x": silent}
            table.append(row("share", measured=missing, theory=predicted, **given))
            if missing == 0:
                error = float(abs(found - exact).max() / abs(exact).max())
                table.append(row("error", measured=error, theory=0.0, **given))
    return table


def _first(loss: qm.OuterLoss, alpha: Array, start: Array) -> Array:
    """The gradient of the inner loss at the start."""
    return loss.problem.at(alpha).gradient(start)


def reverse(loss: qm.OuterLoss, alpha: Array, start: Array, step: type[AdaptiveStep]) -> Array:
    """Reverse mode through a run whose steps have these derivatives."""
    optimizer: Any = loss.optimizer
    inner = loss.problem.at(alpha)
    tape = HyperTape(loss.problem, inner, alpha, start, optimizer.steps, step(optimizer))
    return np.asarray(qm.Reverse().estimate(tape))


def row(part: str, **given: Any) -> dict[str, Any]:
    """A row of the table; ``measured`` is None where a derivative is nan or infinite."""
    empty = {
        "setting": None,
        "mode": None,
        "name": None,
        "x": None,
        "measured": None,
        "theory": None,
        "returned": None,
        "predicted": None,
    }
    return {"part": part} | empty | given
