"""Batches in a given order on a bilevel problem: reverse mode, or the form of whole epochs where
that is shorter.
"""

import math
from typing import cast

import numpy as np

from quadmeta._types import Array
from quadmeta.objectives.parts.runs.base import OwnRun
from quadmeta.objectives.parts.runs.epochs import Epochs
from quadmeta.optimizers.minibatches import Minibatches
from quadmeta.problems.parts.batch import BatchLoss
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss

_STEP = 1e5  # what a step costs beside its arithmetic, in the time of so many operations


class BatchRun(OwnRun):
    """The run of ``Minibatches``."""

    def __init__(self, problem: BilevelProblem, optimizer: Minibatches) -> None:
        super().__init__(problem, optimizer)
        self.order = optimizer

    def require(self, inner: InnerLoss, start: Array) -> None:
        """An inner loss that has these rows."""
        self._parts(inner)

    def _parts(self, inner: InnerLoss) -> list[InnerLoss]:
        return [inner.batch(index) for index in self.order.rows]

    def trained(self, inner: InnerLoss, start: Array) -> Array:
        """w_T by the loop."""
        parts = self._parts(inner)
        turn = iter(range(self.order.steps))
        w = start
        for state in self.order.run(lambda w: parts[next(turn) % len(parts)].gradient(w), start):
            w = state
        return w

    def gradient(self, inner: InnerLoss, alpha: Array, start: Array, moving: Array) -> Array:
        """By whichever costs less."""
        parts = self._parts(inner)
        if all(isinstance(part, BatchLoss) for part in parts):
            known = cast(list[BatchLoss], parts)
            if self._shorter(known):
                return self.by_epochs(known, alpha, start, moving)
        found = self.backward(inner, alpha, start)
        value: Array = found.value + moving @ found.start
        return value

    def _shorter(self, parts: list[BatchLoss]) -> bool:
        """Whether whole epochs cost less than their steps, forth and back."""
        p, outputs = parts[0].form.B.shape
        m = len(parts)
        epochs = self.order.steps // m
        if epochs < 2:
            return False
        entries = sum(part.X.size for part in parts) * outputs
        one = (p + outputs) ** 3
        whole: float = 6 * one * (m + 3 * math.log2(epochs))
        return bool(whole < (epochs - 1) * (8 * entries + m * _STEP))

    def by_epochs(self, parts: list[BatchLoss], alpha: Array, start: Array, moving: Array) -> Array:
        """The last steps, which are no whole epoch, by reverse mode, the epochs in one."""
        form = parts[0].form.B.shape
        sizes = self.order.sizes
        epochs, rest = divmod(self.order.steps, len(parts))
        run = Epochs(parts, sizes, form)
        W = start.reshape(form)
        w = run.trained(epochs, W).reshape(-1)
        states = []
        for b in range(rest):
            states.append(w)
            w = w - sizes[b] * parts[b].gradient(w)
        v = self.problem.outer_gradient(w, alpha)
        value = np.zeros(self.problem.hyperparameters)
        for b in reversed(range(rest)):
            value = value - sizes[b] * parts[b].mixed(states[b], v)
            v = v - sizes[b] * parts[b].hvp(states[b], v)
        by_epochs, v0 = run.pulled(epochs, W, v.reshape(form))
        found: Array = value + by_epochs + moving @ v0.reshape(-1)
        return found
