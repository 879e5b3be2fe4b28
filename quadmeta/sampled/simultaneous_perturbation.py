"""SPSA: a difference along random signs, one for each step of the run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import number
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts.base import Moments, SampledEstimator
from quadmeta.sampled.parts.smoothing import differences
from quadmeta.sampled.parts.spectra import Spectrum


@dataclass(frozen=True)
class SimultaneousPerturbation(SampledEstimator):
    """sum_t (f(eta + c Delta) - f(eta - c Delta)) / (2 c Delta_t) for independent signs Delta_t on
    the step sizes of all T steps: the derivative in each of them, added up.

    With k positive signs it is (2k - T) (Phi(k) - Phi(T - k)) / (2c), Phi(k) = sum_i omega_i
    (a_i - c lambda_i)^(2k) (a_i + c lambda_i)^(2(T-k)): all moments are sums of T + 1 terms. Its
    mean is that of ``PersistentEvolution`` in windows of one step with sigma = c.

    Parameters
    ----------
    step
        c > 0, unit of the step size.

    Raises
    ------
    ValueError
        a step that is not > 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 3.0], error=[2**0.5, (2 / 3) ** 0.5])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> found = qm.moments(loss, 0.5, qm.SimultaneousPerturbation(step=0.1))
    >>> round(found.mean.to_float(), 6), round(found.variance.to_float(), 6)
    (1.52, 2.3104)
    """

    step: float
    reference = "Spall 1992"

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", number("step", self.step, above=0))

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From T signs, of which only the number counts, and two runs."""
        run = Spectrum.of(objective, theta)
        k = int(random.integers(0, 2, run.steps).sum())
        return float(self._estimates(run)[k].to_float())

    def _estimates(self, run: Spectrum) -> SignLog:
        """The estimate for 0, 1, ..., T positive signs."""
        # with y = c lambda and m = |2k - T| both sides share (a^2 - y^2)^(T - m), so that it is
        # m / (2c) sum omega (a^2 - y^2)^(T - m) ((a - y)^2m - (a + y)^2m), where m = 0 counts 0
        T = run.steps
        left = np.abs(T - 2 * np.arange(T + 1))[:, None]
        y = self.step * run.lam
        a = run.factors
        shared = (SignLog.of(a - y) * SignLog.of(a + y)) ** (T - left)
        apart = differences(run, np.full(left.shape, self.step), np.maximum(left, 1))
        found = run.weighed(shared * apart) * left[:, 0]
        return found / (2 * SignLog.of(self.step))

    def moments(self, objective: Any, theta: Any) -> Moments:
        """By the binomial distribution of the number of positive signs."""
        run = Spectrum.of(objective, theta)
        found = self._estimates(run)
        chance = SignLog(np.ones(run.steps + 1), _log_binomial(run.steps))
        mean = (found * chance).sum()
        apart = found - mean
        return Moments(
            mean=mean,
            variance=(apart * apart * chance).sum(),
            target=mean,
            truth=objective.gradient(theta),
            cost=self.cost(objective),
        )

    def cost(self, objective: Any) -> Mapping[str, float]:
        """Two runs."""
        return {"inner_gradients": 2.0 * objective.optimizer.steps}


def _log_binomial(T: int) -> Array:
    """log of binom(T, k) / 2^T."""
    logs = [math.lgamma(T + 1) - math.lgamma(k + 1) - math.lgamma(T - k + 1) for k in range(T + 1)]
    return np.array(logs) - T * math.log(2)
