"""The run of gradient descent on a bilevel problem with its hyperparameters as parameters, in float64."""
from typing import Any

import numpy as np

from quadmeta.estimators._tape import Tape
from quadmeta.objectives.outer_loss import OuterLoss

Array = Any


class HyperTape(Tape):
    """A v = v - eta H(w) v, B v = -eta J(w) v, outer gradient grad L_2(w)."""

    def __init__(self, objective: OuterLoss, theta: Array, start: Array = None) -> None:
        super().__init__()
        self.objective, self.theta, self.given = objective, theta, start
        self.bound, self.steps, self.eta = objective.problem.at(theta), objective.optimizer.steps, objective.step_size
        self.start = objective._start(start)

    @property
    def width(self) -> int:
        """h."""
        return self.objective.problem.hyperparameters

    def _first(self) -> Array:
        return self.start

    def _step(self, t: int) -> None:
        w = self._states[t]
        self._states[t + 1] = w - self.eta * self.bound.gradient(w)

    def _transposed(self, t: int, v: Array, w: Array) -> Array:
        return v - self.eta * self.bound.hvp(w, v)

    def _contracted(self, t: int, v: Array, w: Array) -> Array:
        return -self.eta * self.bound.mixed(w, v)

    def _columns(self, t: int) -> Array:
        return -self.eta * self.bound.jacobian(self._states[t])

    def _outer(self, t: int) -> Array:
        return np.asarray(self.objective.problem.outer_gradient(self._states[t]))

    def closed_form(self) -> Array:
        """The exact unrolled hypergradient."""
        return self.objective.gradient(self.theta, self.given)
