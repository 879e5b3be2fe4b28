"""The run of gradient descent on a bilevel problem with its hyperparameters as parameters, in
float64.
"""

from typing import Any

import numpy as np

from quadmeta.estimators.parts.solvable import share_of_null_space
from quadmeta.estimators.parts.tape import Tape
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.problems.parts.bilevel import QuadraticBound

Array = Any


class HyperTape(Tape):
    """A v = v - eta H(w) v, B v = -eta J(w) v, outer gradient grad L_2(w)."""

    def __init__(self, objective: OuterLoss, theta: Array, start: Array = None) -> None:
        super().__init__()
        self.objective = objective
        self.theta = theta
        self.given = start
        self.bound = objective.problem.at(theta)
        self.steps = objective.optimizer.steps
        self.eta = objective.step_size
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
        """The exact unrolled hypergradient; where the inner loss is not quadratic, by reverse mode
        and its products.
        """
        if isinstance(self.bound, QuadraticBound):
            return self.objective.gradient(self.theta, self.given)
        self.record()
        b = self.outer_gradient()
        gradient = np.zeros(self.width)
        for t in reversed(range(self.steps)):
            gradient = gradient + self.B(t, b)
            b = self.A(t, b) if t else b
        return gradient

    def null_share(self, v: Array) -> tuple[float, float] | None:
        """From the eigenvalues of a quadratic."""
        if not isinstance(self.bound, QuadraticBound):
            return None
        lam, Q = self.bound.eigen
        return share_of_null_space(lam, Q, v.reshape(self.bound.B.shape))

    def diverged(self) -> str:
        """With the step size and the largest stable one."""
        return (
            f"the inner run diverged, w_T is not finite: step_size = {self.eta:.6g} must be "
            "below 2/L = "
            f"{self.objective.largest_step_size(self.theta):.6g}"
        )
