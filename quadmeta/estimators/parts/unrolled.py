"""The filter that all estimators share which go back through every step."""

from typing import Any

from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.theory import filters


class UnrolledFilter(Estimator):
    """An estimator whose filter is that of steps of gradient descent: all T, unless
    ``steps_back`` says fewer.
    """

    def steps_back(self, T: int) -> int:
        """How many steps are differentiated, T by default."""
        return T

    def filter_at(self, at: Spectral) -> Any:
        """eta S_T(1 - eta lambda), with S_T(a) = sum_{k<T} a^k of the steps that count."""
        return filters.unrolled(at.lam, at.step_size, self.steps_back(at.steps))

    def filter_error_at(self, at: Spectral) -> Any:
        """(1 - eta lambda)^T of the steps that count."""
        return filters.unrolled_residual(at.lam, at.step_size, self.steps_back(at.steps))
