"""The mean over tasks of their log meta-objectives, (1/m) sum_k log F_k(eta) / T."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.log import chain, compose, transform
from quadmeta.objectives.parts.transformed import TransformedObjective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts.base import LogLoss
from quadmeta.problems.parts.base import QuadraticProblem


class Minima(NamedTuple):
    """Local minima of a one-dimensional objective, by increasing step size."""

    step_size: Array
    value: Array


@dataclass(frozen=True, eq=False, repr=False)
class MeanLogObjective(TransformedObjective):
    """Mean of G_k over the m tasks of a batch; unlike the log of the mean it can have several
    local minima.

    As T grows it tends to (2/m) sum_k log rho_k(eta), concave between the kinks 2 / (L_k + mu_k):
    at most m minima.

    Raises
    ------
    ValueError
        a task with zero initial error or with one distinct active eigenvalue; ``pooled=True``.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.random(d=3, seed=0, tasks=2)
    >>> objective = qm.MeanLogObjective(problem, qm.GradientDescent(steps=10))
    >>> len(objective.minima().step_size)
    1
    """

    pooled: bool = False
    logarithmic = True

    def __post_init__(self) -> None:
        self._read_arguments()
        if self.pooled:
            raise ValueError("pooled = True is the log of the mean: use LogObjective")
        if not isinstance(self.problem, QuadraticProblem):
            raise ValueError(f"{self.problem!r} is one task with noisy gradients: use LogObjective")
        super().__post_init__()

    def log_loss(self, theta: Numbers, order: int = 2) -> LogLoss:
        """Of each task: shape of ``theta`` followed by the task axes."""
        if isinstance(theta, float):
            return super().log_loss(theta, order)
        axes = tuple(range(-self.source.spectrum[0].ndim + 1, 0))
        return super().log_loss(np.expand_dims(self.optimizer.read(theta), axes), order)

    def transform(self, loss: LogLoss, order: int) -> Value:
        """Mean over the task axes of G, G' or G''."""
        return self._mean(transform(loss, self.optimizer.steps, order))

    def chain(self, loss: Array) -> Value:
        """(1/T) / F_k / m for each task."""
        return chain(loss, self.optimizer.steps) / np.size(loss)

    def compose(self, derivatives: tuple[Array, ...]) -> Value:
        """Mean over tasks of the composed logs."""
        return self._mean(compose(derivatives, self.optimizer.steps))

    def _mean(self, values: Array) -> Array:
        shape = self.source.spectrum[0].shape[:-1]
        for m in reversed(shape):
            values = values.sum(axis=-1) / m
        return values

    def minima(self) -> Minima:
        """All local minima found: sign changes of the gradient on a grid refined around every
        task's own minimiser.

        Every stationary point lies between the smallest and the largest of the tasks' minimisers
        eta_k. The grid has 1000 even points there and, around each eta_k, offsets from a hundredth
        of the width 1/(T (L + mu)) of its kink upwards by factors of 1.3. A pair of stationary
        points closer than the grid can be missed.
        """
        from scipy.optimize import brentq

        if not isinstance(self.optimizer, GradientDescent):
            raise ValueError(
                f"{self.optimizer!r}: the minima are bracketed for GradientDescent, whose every "
                "task has "
                "one: search a grid of this objective"
            )
        lam, omega = self.source.spectrum
        own = np.sort(np.ravel(super().minimizer()))
        low = own[0]
        high = own[-1]
        if low == high:
            return Minima(own[:1], np.atleast_1d(self(own[0])))
        width = 0.01 / (self.optimizer.steps * 2 * lam.max())
        offsets = width * 1.3 ** np.arange(np.log((high - low) / width) / np.log(1.3) + 1)
        around = (own[:, None] + np.concatenate([-offsets, offsets])).ravel()
        grid = np.unique(np.concatenate([np.linspace(low, high, 1000), around, own]))
        grid = grid[(grid >= low) & (grid <= high)]
        slope = self.gradient(grid)
        # a zero of the slope counts with its left neighbour
        rises = np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0))
        points = np.array(
            [brentq(self.gradient, grid[k], grid[k + 1], xtol=1e-300, rtol=1e-15) for k in rises]
        )
        points = np.concatenate([own[:1][slope[:1] >= 0], points])
        return Minima(points, self(points))

    def minimizer(self) -> Value:
        """The best of ``minima()``."""
        minima = self.minima()
        return float(minima.step_size[np.argmin(minima.value)])
