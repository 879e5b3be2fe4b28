"""Evolution strategies on a whole run: the loss at random step sizes, times what was drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import flag, natural, number
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.log_objective import LogObjective
from quadmeta.sampled.parts import smoothing
from quadmeta.sampled.parts.base import Moments, SampledEstimator
from quadmeta.sampled.parts.spectra import Spectrum


@dataclass(frozen=True)
class EvolutionStrategies(SampledEstimator):
    """xi (F(eta + sigma xi) - F(eta - sigma xi)) / (2 sigma), xi standard normal, for the step size
    of gradient descent on a quadratic: of the naive objective F, or of the log objective in its
    place.

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
        if isinstance(objective, LogObjective):
            return self._draw_logarithm(objective, theta, xi)
        run = Spectrum.of(objective, theta)
        upper = run.loss(run.eta + self.sigma * xi)
        if not self.antithetic:
            return float(xi * upper / self.sigma)
        return float(xi * (upper - run.loss(run.eta - self.sigma * xi)) / (2 * self.sigma))

    def _draw_logarithm(self, objective: Any, theta: Any, xi: float) -> float:
        run = Spectrum.of_logarithm(objective, theta)
        self._require_both_sides()
        # the same for xi and -xi
        apart = smoothing.log_ratio(run, np.array([self.sigma * abs(xi)]))[0]
        return float(abs(xi) * apart / (2 * self.sigma * run.steps))

    def _require_both_sides(self) -> None:
        if not self.antithetic:
            raise ValueError(
                "antithetic = False: the variance of one side of a log objective is that of its "
                "level over sigma, pass antithetic=True"
            )

    def moments(self, objective: Any, theta: Any) -> Moments:
        """The mean by moments of one normal variable, the second moment by a rule that is exact to
        rounding at every T. For the log objective of gradient descent both by quadrature, to about
        1e-12; there the second moment is at most 3 B^2, B the largest |G'|, for every T and sigma.
        """
        if isinstance(objective, LogObjective):
            return self._of_logarithm(objective, theta)
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

    def _of_logarithm(self, objective: Any, theta: Any) -> Moments:
        self._require_both_sides()
        run = Spectrum.of_logarithm(objective, theta)
        mean, variance = smoothing.of_logarithm(run, self.sigma)
        truth = objective.gradient(theta)
        return Moments(mean, variance, mean, truth, self.cost(objective))

    def visible(self, objective: Any, theta: Any, draws: int) -> SignLog:
        """What so many antithetic draws see of the mean: its part from perturbations that are not
        rarer than one in ``draws``. A sample mean is near this number, and so is its standard error
        as if nothing were beyond.

        Raises
        ------
        ValueError
            fewer than two draws, one side alone, or another objective than the naive one.

        Examples
        --------
        >>> import quadmeta as qm
        >>> problem = qm.Quadratic.from_spectrum([0.05, 0.3, 1.0], error=[1.0, 1.0, 1.0])
        >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=100))
        >>> es = qm.EvolutionStrategies(sigma=0.1)
        >>> es.visible(loss, 0.8, draws=10**5), qm.moments(loss, 0.8, es).mean
        (SignLog(-0.00012592), SignLog(-1.64694))
        """
        self._require_both_sides()
        run = Spectrum.of(objective, theta)
        return smoothing.visible_slope(run, self.sigma, natural("draws", draws, least=2))

    def _second(self, run: Spectrum) -> SignLog:
        """E of the square of a draw."""
        if self.antithetic:
            return smoothing.antithetic_square(run, self.sigma)
        return smoothing.plain_square(run, self.sigma)

    def cost(self, objective: Any) -> Mapping[str, float]:
        """Two runs where antithetic, else one."""
        runs = 2.0 if self.antithetic else 1.0
        return {"inner_gradients": runs * objective.optimizer.steps}
