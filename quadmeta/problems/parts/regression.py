"""What every least-squares problem shares: training from 0 in the eigen-coordinates of the row
space.
"""

from abc import abstractmethod
from typing import Any

import numpy as np

from quadmeta.problems.parts.base import QuadraticProblem, point
from quadmeta.problems.parts.losses import DenseLoss, SeparableLoss

Array = Any


class RegressionProblem(QuadraticProblem):
    """f(w) = floor + sum_k lambda_k (w_k - fitted_k)^2 / 2 from w_0 = 0, with named outer losses
    of the trained w.
    """

    eigenvalues: Array
    floor: Array
    fitted: Array

    @abstractmethod
    def outer(self, name: str) -> SeparableLoss | DenseLoss:
        """The loss "train", "population" (excess risk ||w - w_*||^2) or "validation" (mean squared
        error / 2).
        """

    def require(self, steps: int) -> None:
        """Refuse a number of steps for which the modes do not represent the problem."""

    @property
    def start(self) -> Array:
        """(..., r) w_0 = 0."""
        return np.zeros_like(self.eigenvalues)

    def loss(self, w: Array) -> Array:
        """Training loss of w (..., r)."""
        w = point("w", w, self.eigenvalues.shape[-1])
        return self.floor + (self.eigenvalues * (w - self.fitted) ** 2).sum(axis=-1) / 2

    def gradient(self, w: Array) -> Array:
        """lambda (w - fitted)."""
        return self.eigenvalues * (point("w", w, self.eigenvalues.shape[-1]) - self.fitted)

    def hvp(self, w: Array, v: Array) -> Array:
        """lambda v."""
        return self.eigenvalues * point("v", v, self.eigenvalues.shape[-1])
