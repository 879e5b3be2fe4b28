"""ES-Single: one perturbation for all windows of an episode."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.sampled.parts import episodes, smoothing
from quadmeta.sampled.parts.base import Moments


@dataclass(frozen=True)
class SingleEvolution(episodes.WindowedEstimator):
    """sum_n xi (L_n(+xi) - L_n(-xi)) / (2 sigma) with one normal xi on the step sizes of all
    windows: evolution strategies on the whole run, unlocked at the ends of windows.

    Its mean is the derivative of the loss smoothed once, for every window length; where the loss is
    not quadratic in the step size (T >= 2) that is not the derivative of the loss itself.

    Parameters
    ----------
    sigma
        the scale of the perturbation, > 0, unit of the step size.
    window
        K, the steps of a window; it divides T.
    loss
        "final": f(w_T); "sum": the sum of the losses at the ends of the windows; "telescoped": the
        sum of their changes, which is the final loss up to a constant.

    Raises
    ------
    ValueError
        sigma that is not > 0, another loss, or a window that does not divide T.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 3.0], error=[2**0.5, (2 / 3) ** 0.5])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> found = qm.moments(loss, 0.5, qm.SingleEvolution(sigma=0.1, window=1, loss="sum"))
    >>> round(found.mean.to_float(), 6), round(found.truth.to_float(), 6)
    (4.56, 3.0)
    """

    reference = "Vicol, Kolter, Swersky 2023"

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From one normal number and two runs."""
        windows = self.windows(objective, theta)
        xi = random.standard_normal()
        differences = episodes.episode(windows, np.full(windows.count, xi))
        values = episodes.changes(differences, self.loss)
        return float(xi * values.sum() / (2 * self.sigma))

    def moments(self, objective: Any, theta: Any) -> Moments:
        """By the rule that is exact at every T."""
        windows = self.windows(objective, theta)
        steps = [n * windows.length for n in episodes.horizons(windows, self.loss)]
        mean = episodes.common_slope(windows, self.loss)
        second = smoothing.antithetic_square(windows.run, self.sigma, steps)
        return Moments(
            mean=mean,
            variance=second - mean * mean,
            target=mean,
            truth=episodes.truth(windows, self.loss),
            cost=self.cost(objective),
        )
