"""The expected loss of a problem with noisy gradients after T steps of SGD: F(eta) = E outer(w_T),
no sampling.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import choice
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.base import Value
from quadmeta.optimizers.parts.base import LogLoss, Optimizer
from quadmeta.problems.parts.stochastic import StochasticProblem


@dataclass(frozen=True, eq=False)
class ExpectedLoss:
    """F of a problem, an optimizer and a named outer loss: "train" is the inner loss above its
    floor.
    """

    problem: StochasticProblem
    optimizer: Optimizer
    outer: str
    floor: float = 0.0
    """Added to the value."""

    exponent = 0

    def __post_init__(self) -> None:
        if self.optimizer.shape:
            raise ValueError(
                f"{self.optimizer!r} has a vector of parameters: pass "
                "StochasticGradientDescent(steps)"
            )

    @property
    def spectrum(self) -> tuple[Array, Array]:
        """Not defined."""
        raise ValueError(
            f"{self.problem!r} has noisy gradients, so its loss is not a sum over modes: use "
            "values and "
            "derivatives of the objective"
        )

    def require_logarithm(self, name: str) -> None:
        """Refuse a loss that is 0 for every step size."""
        probes = self.value(self.problem.mean_square_limit() * np.array([0.5, 0.3])).sign
        if not probes.any():
            raise ValueError(
                f"{name}: no initial error and no noise, so the loss has no logarithm: start "
                "elsewhere"
            )
        if not probes.all():
            raise ValueError(
                f"{name}: one mode without noise reaches a loss of 0, where the logarithm has a "
                "pole: use "
                "NaiveObjective"
            )

    def value(self, theta: Numbers, order: int = 0) -> SignLog:
        """F or F' as SignLog."""
        theta = self.optimizer.read(theta)
        found = self.problem.expected(self.optimizer.steps, theta, self.outer, order)
        if order:
            return found
        return found + self.floor

    def log_loss(self, theta: Numbers, order: int) -> LogLoss:
        """log F and F'/F; second derivatives are refused by the problem."""
        F, *derivatives = (self.value(theta, k) for k in range(order + 1))
        if not derivatives:
            return LogLoss(F.log)
        zero = F.sign == 0
        slope = derivatives[0]
        log = np.where(zero | (slope.sign == 0), 0.0, slope.log) - np.where(zero, 0.0, F.log)
        return LogLoss(F.log, np.where(zero, 0.0, slope.sign * np.exp(log)))

    def exactly(
        self,
        compose: Callable[[tuple[Array, ...]], Value],
        theta: Numbers,
        order: int,
        kind: str,
        digits: int,
    ) -> Value:
        """``compose`` of F and F' by the recursion of the moments, at one step size in one
        arithmetic.
        """
        import mpmath

        from quadmeta.arithmetic.exact import convert, evaluate

        # the recursion of the moments runs in these
        choice("kind", kind, ("float64", "fraction", "mpmath"))
        self._one(theta)
        with mpmath.workdps(digits):
            eta = convert(kind, theta)
            return evaluate(
                lambda *parts: compose(parts), *self._moments(eta, order), kind=kind, digits=digits
            )

    def definition(self, theta: Numbers, order: int) -> tuple[Array, ...]:
        """F and F' by the recursion of the moments in float64."""
        return self._moments(self._one(theta), order)

    def _one(self, theta: Numbers) -> float:
        found = self.optimizer.read(theta)
        if found.ndim:
            raise ValueError(
                f"step_size has shape {found.shape}: the recursion takes one step size, a number"
            )
        return float(found)

    def _moments(self, eta: Any, order: int) -> tuple[Array, ...]:
        found = [
            self.problem.recursion(self.optimizer.steps, eta, self.outer, k)
            for k in range(order + 1)
        ]
        return found[0] + type(eta)(self.floor), *found[1:]

    def minimizer(self) -> float:
        """The best step size below the mean-square limit: the best of a grid (60 points even in
        its logarithm, 40 even ones), then the root of the derivative beside it, to rounding; 0 if
        no step helps. A narrower dip is missed.
        """
        from scipy.optimize import brentq

        def slope(eta: float) -> float:
            F = self.value(np.float64(eta))
            D = self.value(np.float64(eta), 1)
            return float(D.sign * np.exp(np.clip(D.log - np.where(F.sign, F.log, 0.0), -300, 300)))

        limit = self.problem.mean_square_limit()
        grid = limit * np.unique(
            np.concatenate(
                [np.geomspace(1e-4 / self.optimizer.steps, 0.5, 60), np.linspace(0.5, 1, 41)[:-1]]
            )
        )
        k = int(np.argmin(self.value(grid).log))
        low = float(grid[max(k - 1, 0)])
        high = float(np.append(grid, limit)[k + 1])
        if slope(0.0) >= 0 and k == 0:
            return 0.0
        while slope(low) >= 0 and low > 1e-290:
            low, high = low / 100, low
        if slope(high) <= 0:
            return high
        return float(brentq(slope, low, high, xtol=1e-300, rtol=1e-15))
