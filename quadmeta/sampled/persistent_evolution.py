"""Persistent evolution strategies: windows perturbed anew, weighed by all that came before."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts import episodes
from quadmeta.sampled.parts.base import Moments
from quadmeta.sampled.parts.windows import persistent_square


@dataclass(frozen=True)
class PersistentEvolution(episodes.WindowedEstimator):
    """sum_n S_n (L_n(+xi) - L_n(-xi)) / (2 sigma): the losses of N windows of K steps, each with a
    fresh normal xi_n on its step size, weighed by the sum S_n = xi_1 + ... + xi_n.

    It has no truncation bias: the mean is the derivative of the loss smoothed window by window,
    sum_i omega_i M_2K(a_i)^n, which is another number than the derivative of the loss itself.

    Parameters
    ----------
    sigma, window, loss
        as for ``SingleEvolution``.

    Raises
    ------
    ValueError
        sigma that is not > 0, another loss, or a window that does not divide T.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 3.0], error=[2**0.5, (2 / 3) ** 0.5])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> found = qm.moments(loss, 0.5, qm.PersistentEvolution(sigma=0.1, window=1))
    >>> [round(x.to_float(), 6) for x in (found.truth, found.mean, found.variance)]
    [1.0, 1.52, 12.608]
    """

    reference = "Vicol, Metz, Sohl-Dickstein 2021"

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From N normal numbers and two runs."""
        windows = self.windows(objective, theta)
        xi = random.standard_normal(windows.count)
        values = episodes.changes(episodes.episode(windows, xi), self.loss)
        return float(np.cumsum(xi) @ values / (2 * self.sigma))

    def moments(self, objective: Any, theta: Any) -> Moments:
        """In O(N d^2) products of logarithms."""
        windows = self.windows(objective, theta)
        mean = episodes.separate_slope(windows, self.loss)
        second = persistent_square(windows, self.loss) / SignLog.of(self.sigma) ** 2
        return Moments(
            mean=mean,
            variance=second - mean * mean,
            target=mean,
            truth=episodes.truth(windows, self.loss),
            cost=self.cost(objective),
        )
