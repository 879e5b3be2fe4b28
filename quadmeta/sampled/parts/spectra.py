"""The loss of gradient descent as a function of the step size, mode by mode: what estimators of
its derivative draw from and integrate.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import show
from quadmeta.arithmetic.residual import factor
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.log_objective import LogObjective
from quadmeta.objectives.naive_objective import NaiveObjective
from quadmeta.optimizers.gradient_descent import GradientDescent


@dataclass(frozen=True, eq=False)
class Spectrum:
    """F(eta) = sum_i omega_i a_i^(2T), a_i = 1 - eta lambda_i, at one step size."""

    lam: Array
    """(d,) eigenvalues."""
    omega: Array
    """(d,) weights > 0."""
    eta: float
    steps: int
    """T."""

    @classmethod
    def of(cls, objective: Any, theta: Any) -> "Spectrum":
        """From the naive objective of one task, or of several pooled.

        Raises
        ------
        ValueError
            another objective or optimizer, or several step sizes.
        """
        return cls._of(objective, theta, NaiveObjective)

    @classmethod
    def of_logarithm(cls, objective: Any, theta: Any) -> "Spectrum":
        """From the log objective: the loss whose logarithm over T it is.

        Raises
        ------
        ValueError
            another objective or optimizer, or several step sizes.
        """
        return cls._of(objective, theta, LogObjective)

    @classmethod
    def _of(cls, objective: Any, theta: Any, kind: type[Any]) -> "Spectrum":
        plain = isinstance(objective, kind) and isinstance(objective.optimizer, GradientDescent)
        if not plain or objective.source.spectrum[0].ndim > 1:
            raise ValueError(
                f"objective = {show(objective)} has no exact moments here: pass "
                f"{kind.__name__}(problem, GradientDescent(steps)) of one task"
            )
        eta = objective.optimizer.read(theta)
        if eta.ndim:
            raise ValueError(f"step_size has shape {eta.shape}: pass one number")
        lam, omega = objective.source.spectrum
        weights = np.ldexp(omega, objective.source.exponent)
        return cls(lam, weights, float(eta), objective.optimizer.steps)

    def of_length(self, steps: int, omega: Array | None = None) -> "Spectrum":
        """The run of another number of steps, from this start or from another one."""
        if omega is None:
            omega = self.omega
        return Spectrum(self.lam, omega, self.eta, steps)

    @property
    def factors(self) -> Array:
        """(d,) a_i = 1 - eta lambda_i, each right to rounding of itself."""
        values: Array = factor(np.float64(self.eta), self.lam).value
        return values

    def loss(self, eta: float) -> float:
        """F at another step size, also below 0, in float64: infinite where it overflows."""
        with np.errstate(over="ignore", under="ignore"):
            return float((self.omega * (1 - eta * self.lam) ** (2 * self.steps)).sum())

    def weighed(self, values: SignLog) -> SignLog:
        """sum_i omega_i value_i over the last axis."""
        total: SignLog = (values * self.omega).sum(axis=-1)
        return total
