"""What every least-squares problem shares: training from 0 in the eigen-coordinates of the rows."""

from abc import abstractmethod

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.base import QuadraticProblem, point
from quadmeta.problems.parts.losses import DenseLoss, SeparableLoss


class RegressionProblem(QuadraticProblem):
    """f(w) = floor + sum_k lambda_k (w_k - fitted_k)^2 / 2 from w_0 = 0, with named outer losses
    of the trained w.
    """

    eigenvalues: Array
    """(..., r) of X'X / n, positive."""

    @property
    @abstractmethod
    def fitted(self) -> Array:
        """(..., r) the minimum-norm solution in the eigenbasis."""

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
        gap: Array = (self.eigenvalues * (w - self.fitted) ** 2).sum(axis=-1) / 2
        return self.floor + gap

    def gradient(self, w: Array) -> Array:
        """lambda (w - fitted)."""
        w = point("w", w, self.eigenvalues.shape[-1])
        gradient: Array = self.eigenvalues * (w - self.fitted)
        return gradient

    def hvp(self, w: Array, v: Array) -> Array:
        """lambda v."""
        return self.eigenvalues * point("v", v, self.eigenvalues.shape[-1])
