"""One window of an episode, drawn at random: what a step-unlocked worker returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import flag
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts import episodes, smoothing
from quadmeta.sampled.parts.base import Moments
from quadmeta.sampled.parts.windows import Windows, persistent_square


@dataclass(frozen=True)
class NoiseReuse(episodes.WindowedEstimator):
    """N times the term of one uniformly drawn window, with the perturbation of the whole episode:
    on average the estimate of the sum of the losses.

    With ``persistent`` the window has the weight of ``PersistentEvolution`` in place of the
    perturbation that all windows share.

    Parameters
    ----------
    sigma, window
        as for ``SingleEvolution``; the loss is the sum.
    persistent
        fresh perturbations, weighed by their sum.

    Raises
    ------
    ValueError
        sigma that is not > 0, another loss than "sum", or a window that does not divide T.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 3.0], error=[2**0.5, (2 / 3) ** 0.5])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> found = qm.moments(loss, 0.5, qm.NoiseReuse(sigma=0.1, window=1))
    >>> round(found.mean.to_float(), 6), round(found.variance.to_float(), 6)
    (4.56, 97.1904)
    """

    persistent: bool = False
    loss: str = "sum"
    reference = "Li, Harrison, Sohl-Dickstein, Smith, Metz 2023"

    def __post_init__(self) -> None:
        super().__post_init__()
        flag("persistent", self.persistent)
        if self.loss != "sum":
            raise ValueError(f"loss = {self.loss!r} must be 'sum': a worker sees one window of it")

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From a window, and the normal numbers up to it."""
        windows = self.windows(objective, theta)
        N = windows.count
        last = int(random.integers(N))
        if self.persistent:
            xi = random.standard_normal(N)
            weight = xi[: last + 1].sum()
        else:
            weight = random.standard_normal()
            xi = np.full(N, weight)
        return float(N * weight * episodes.episode(windows, xi)[last] / (2 * self.sigma))

    def moments(self, objective: Any, theta: Any) -> Moments:
        """N times the sum of the second moments of all windows alone."""
        windows = self.windows(objective, theta)
        slope = episodes.separate_slope if self.persistent else episodes.common_slope
        mean = slope(windows, "sum")
        squares = [self._square(windows, n) for n in range(1, windows.count + 1)]
        second = windows.count * episodes.total(squares)
        return Moments(
            mean=mean,
            variance=second - mean * mean,
            target=mean,
            truth=episodes.truth(windows, "sum"),
            cost=self.cost(objective),
        )

    def _square(self, windows: Windows, n: int) -> SignLog:
        """The second moment of the estimate of f_n alone."""
        run = windows.run.of_length(n * windows.length)
        if not self.persistent:
            return smoothing.antithetic_square(run, self.sigma)
        alone = Windows(run, self.sigma, windows.length)
        return persistent_square(alone, "final") / SignLog.of(self.sigma) ** 2

    def cost(self, objective: Any) -> dict[str, float]:
        """Two windows of a run that goes on: the episode's states are kept from draw to draw."""
        return {"inner_gradients": 2.0 * self.window}
