"""What an estimator that draws is: single estimates by the seed, and their exact mean, variance and
cost.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, natural, seeded
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.base import Objective


@dataclass(frozen=True, eq=False)
class Moments:
    """What one draw of an estimator has on average, and how it scatters: exact, nothing is
    sampled.

    Of a number each is a number, a ``SignLog`` where float64 might not hold it. Of a vector (h,)
    the variance is the covariance matrix (h, h).
    """

    mean: Any
    variance: Any
    target: Any
    """What the estimator is unbiased for: the derivative of a smoothed, expected or other loss;
    None where it is no derivative.
    """
    truth: Any
    """The exact derivative of the objective."""
    cost: Mapping[str, float]
    """What one draw takes on average: inner_gradients, hvps, mixed, outer_gradients."""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bias(self) -> Any:
        """mean - truth."""
        return self.mean - self.truth

    @property
    def mean_square_error(self) -> Any:
        """E ||draw - truth||^2: the variance, or its trace, and the square of the bias."""
        bias = self.bias
        if np.ndim(bias) == 0:
            return self.variance + bias * bias
        return np.trace(self.variance) + bias @ bias

    @property
    def relative_deviation(self) -> float:
        """The standard deviation over |mean|, of a vector the root of the trace over the norm;
        infinite where the mean is 0.

        Raises
        ------
        OverflowError
            a quotient beyond float64.
        """
        if isinstance(self.mean, SignLog):
            if self.mean.sign == 0:
                return math.inf
            if self.variance.sign == 0:
                return 0.0
            log = float(self.variance.log) / 2 - float(self.mean.log)
            return float(SignLog(1.0, log).to_float())
        variance = float(np.trace(np.atleast_2d(self.variance)))
        size = float(np.linalg.norm(np.atleast_1d(self.mean).astype(float)))
        return math.sqrt(max(variance, 0.0)) / size if size else math.inf

    def __repr__(self) -> str:
        return (
            f"Moments(mean={self.mean!r}, variance={self.variance!r}, truth={self.truth!r}, "
            f"cost={dict(self.cost)!r})"
        )


@dataclass(frozen=True, eq=False)
class Draws:
    """Estimates that were drawn, one a row."""

    values: Array
    """(count,), or (count, h)."""

    @property
    def mean(self) -> Any:
        """Their mean."""
        return self.values.mean(axis=0)

    @property
    def standard_error(self) -> Any:
        """The standard error of the mean, as the draws themselves have it: where moments are heavy
        it is as blind as they are.
        """
        return self.values.std(axis=0, ddof=1) / math.sqrt(len(self.values))


@dataclass(frozen=True)
class SampledEstimator(ABC):
    """An estimator of a derivative that draws random numbers.

    A subclass, a frozen dataclass, gives three methods:

    - ``draw(objective, theta, random)`` returns one estimate, from the generator ``random`` alone;
    - ``moments(objective, theta)`` returns the exact ``Moments`` of a draw, and refuses an
      objective for which it has none;
    - ``cost(objective)`` is what one draw takes on average.

    Examples
    --------
    Forward differences along a random sign, exact in the mean for a quadratic loss:

    >>> from dataclasses import dataclass
    >>> import quadmeta as qm
    >>> @dataclass(frozen=True)
    ... class RandomSign(qm.SampledEstimator):
    ...     step: float
    ...     def draw(self, objective, theta, random):
    ...         sign = random.choice([-1.0, 1.0])
    ...         moved = objective(theta + sign * self.step).to_float()
    ...         return (moved - objective(theta).to_float()) / (sign * self.step)
    ...     def moments(self, objective, theta):
    ...         found = [
    ...             (objective(theta + s * self.step) - objective(theta)) / (s * self.step)
    ...             for s in (-1, 1)
    ...         ]
    ...         mean = (found[0] + found[1]) / 2
    ...         half = (found[0] - found[1]) / 2
    ...         truth = objective.gradient(theta)
    ...         return qm.Moments(mean, half * half, None, truth, self.cost(objective))
    ...     def cost(self, objective):
    ...         return {"inner_gradients": 2.0 * objective.optimizer.steps}
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=1))
    >>> found = qm.moments(loss, 0.3, RandomSign(0.1))
    >>> abs(found.bias.to_float()) < 1e-12, round(found.variance.to_float(), 6)
    (True, 0.003164)
    """

    reference = ""
    """Where it is published."""

    @abstractmethod
    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> Any:
        """One estimate: a float, or an array (h,)."""

    @abstractmethod
    def moments(self, objective: Any, theta: Any) -> Moments:
        """The exact mean, variance, target, truth and cost of a draw.

        Raises
        ------
        ValueError
            an objective for which there is no exact form; the remedy is to draw.
        """

    @abstractmethod
    def cost(self, objective: Any) -> Mapping[str, float]:
        """Average number of inner_gradients, hvps, mixed, outer_gradients of one draw."""


def moments(objective: Objective, theta: Numbers, estimator: SampledEstimator) -> Moments:
    """The exact mean, variance, bias and cost of one draw of an estimator at ``theta``.

    Parameters
    ----------
    objective
        what is differentiated.
    theta
        a step size, or hyperparameters (h,).
    estimator
        one that draws.

    Raises
    ------
    ValueError
        an argument of another kind, or an objective for which the estimator has no exact form.

    Examples
    --------
    Evolution strategies are unbiased for a smoothed loss, not for the loss:

    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 3.0], error=[2**0.5, (2 / 3) ** 0.5])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> found = qm.moments(loss, 0.5, qm.EvolutionStrategies(sigma=0.1))
    >>> [round(x.to_float(), 6) for x in (found.mean, found.truth, found.variance)]
    [2.56, 1.0, 40.4384]
    """
    instance("objective", objective, Objective, "NaiveObjective(problem, GradientDescent(100))")
    instance("estimator", estimator, SampledEstimator, "EvolutionStrategies(sigma=0.1)")
    return estimator.moments(objective, theta)


def draws(
    objective: Objective,
    theta: Numbers,
    estimator: SampledEstimator,
    count: int = 1000,
    seed: int = 0,
) -> Draws:
    """Estimates at ``theta``, drawn one after the other.

    Parameters
    ----------
    objective, theta, estimator
        as for ``moments``.
    count
        how many.
    seed
        of the random stream, a whole number: the same seed gives the same estimates.

    Raises
    ------
    ValueError
        an argument of another kind, no draws, or a seed that is no whole number.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> found = qm.draws(loss, 0.5, qm.EvolutionStrategies(sigma=0.1), count=200, seed=1)
    >>> exact = qm.moments(loss, 0.5, qm.EvolutionStrategies(sigma=0.1))
    >>> bool(abs(found.mean - exact.mean.to_float()) < 4 * found.standard_error)
    True
    """
    instance("objective", objective, Objective, "NaiveObjective(problem, GradientDescent(100))")
    instance("estimator", estimator, SampledEstimator, "EvolutionStrategies(sigma=0.1)")
    count = natural("count", count)
    random = np.random.default_rng(seeded("seed", seed))
    return Draws(np.array([estimator.draw(objective, theta, random) for _ in range(count)]))
