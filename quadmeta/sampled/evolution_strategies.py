"""Evolution strategies on a whole run: the loss at random step sizes, times what was drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import flag, number
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts import smoothing
from quadmeta.sampled.parts.base import Moments, SampledEstimator
from quadmeta.sampled.parts.spectra import Spectrum


@dataclass(frozen=True)
class EvolutionStrategies(SampledEstimator):
    """xi (F(eta + sigma xi) - F(eta - sigma xi)) / (2 sigma), xi standard normal, for the step size
    of gradient descent on a quadratic.

    Its mean is the derivative of the smoothed loss F_sigma(eta) = E F(eta + sigma xi), which for
    every sigma > 0 explodes in T, also where F vanishes.

    Parameters
    ----------
    sigma
        the scale of the perturbation, > 0, unit of the step size.
    antithetic
        the difference of the two sides as above; without it xi F(eta + sigma xi) / sigma.

    Raises
    ------
    ValueError
        sigma that is not > 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.05, 0.3, 1.0], error=[1.0, 1.0, 1.0])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=100))
    >>> found = qm.moments(loss, 0.8, qm.EvolutionStrategies(sigma=0.1))
    >>> found.truth, found.mean
    (SignLog(-7.41166e-05), SignLog(-1.64694))
    """

    sigma: float
    antithetic: bool = True
    reference = "Salimans, Ho, Chen, Sidor, Sutskever 2017"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", number("sigma", self.sigma, above=0))
        flag("antithetic", self.antithetic)

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From one normal number, two runs where antithetic and one elsewhere."""
        xi = random.standard_normal()
        run = Spectrum.of(objective, theta)
        upper = run.loss(run.eta + self.sigma * xi)
        if not self.antithetic:
            return float(xi * upper / self.sigma)
        return float(xi * (upper - run.loss(run.eta - self.sigma * xi)) / (2 * self.sigma))

    def moments(self, objective: Any, theta: Any) -> Moments:
        """The mean by moments of one normal variable, the second moment by a rule that is exact to
        rounding at every T.
        """
        run = Spectrum.of(objective, theta)
        mean = smoothing.slope(run, self.sigma)
        second = self._second(run)
        return Moments(
            mean=mean,
            variance=second - mean * mean,
            target=mean,
            truth=objective.gradient(theta),
            cost=self.cost(objective),
        )

    def _second(self, run: Spectrum) -> SignLog:
        """E of the square of a draw."""
        if self.antithetic:
            return smoothing.antithetic_square(run, self.sigma)
        return smoothing.plain_square(run, self.sigma)

    def cost(self, objective: Any) -> Mapping[str, float]:
        """Two runs where antithetic, else one."""
        runs = 2.0 if self.antithetic else 1.0
        return {"inner_gradients": runs * objective.optimizer.steps}
