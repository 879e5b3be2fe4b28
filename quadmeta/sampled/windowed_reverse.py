"""Reverse mode in windows: each loss differentiated through its own window alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import natural
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.log_objective import LogObjective
from quadmeta.sampled.parts.base import Moments, SampledEstimator
from quadmeta.sampled.parts.spectra import Spectrum
from quadmeta.sampled.parts.windows import Windows


@dataclass(frozen=True)
class WindowedReverse(SampledEstimator):
    """Truncated back-propagation along one run of N windows of K steps: the sum of the derivatives
    of the losses f_n at the ends of the windows, each through its own window alone.

    Nothing is drawn. Of gradient descent each of the nK steps before f_n contributes the same, so
    that the estimate is sum_n F_n' / n where the derivative of the sum of losses is sum_n F_n': it
    is the exact derivative of another objective, sum_n F_n / n. With a ``LogObjective`` the losses
    are log f_n / T. A loss at the end alone is ``Truncated(K)``, and K/T times the derivative.

    Parameters
    ----------
    window
        K, the steps of a window; it divides T.

    Raises
    ------
    ValueError
        a window that does not divide T.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.05, 1.0], error=[1.0, 1.0])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=10))
    >>> found = qm.moments(loss, 1.5, qm.WindowedReverse(window=5))
    >>> round(found.mean.to_float(), 6), round(found.truth.to_float(), 6)
    (0.000736, -0.002096)
    """

    window: int
    reference = "Williams, Peng 1990"

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", natural("window", self.window))

    def _windows(self, objective: Any, theta: Any) -> Windows:
        """The windows of a run, of either objective."""
        if isinstance(objective, LogObjective):
            run = Spectrum.of_logarithm(objective, theta)
        else:
            run = Spectrum.of(objective, theta)
        return Windows.of(run, 0.0, self.window)

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """Reverse mode along a tape, with no random number."""
        windows = self._windows(objective, theta)
        tape = objective.tape(theta)
        tape.record()
        found = 0.0
        for n in range(1, windows.count + 1):
            end = n * self.window
            v = tape.outer_gradient(end)
            for t in range(end - 1, end - self.window - 1, -1):
                found = found + tape.B(t, v)
                if t > end - self.window:
                    v = tape.A(t, v)
        return float(found)

    def moments(self, objective: Any, theta: Any) -> Moments:
        """sum_n F_n' / n, of a log objective sum_n F_n' / (n F_n T); the variance is 0."""
        windows = self._windows(objective, theta)
        run = windows.run
        n = np.arange(1, windows.count + 1)
        parts = _slopes(run, 2 * self.window * n)
        if isinstance(objective, LogObjective):
            parts = parts / _losses(run, 2 * self.window * n) / run.steps
        mean = (parts / n).sum()
        return Moments(
            mean=mean,
            variance=SignLog.of(0.0),
            target=mean,
            truth=parts.sum(),
            cost=self.cost(objective),
        )

    def cost(self, objective: Any) -> Mapping[str, float]:
        """One run, and each window backwards."""
        T = objective.optimizer.steps
        N = T // self.window
        return {
            "inner_gradients": float(T),
            "hvps": float(N * (self.window - 1)),
            "mixed": float(T),
            "outer_gradients": float(N),
        }


def _powers(run: Spectrum, exponents: Array) -> SignLog:
    """a_i to whole exponents (N,), shape (N, d)."""
    a = SignLog.of(run.factors)
    sign = np.where(exponents % 2, 1, 2)[:, None]
    return SignLog(a.sign**sign, exponents[:, None] * a.log)


def _losses(run: Spectrum, exponents: Array) -> SignLog:
    """sum_i omega_i a_i^m for each even exponent m."""
    return run.weighed(_powers(run, exponents))


def _slopes(run: Spectrum, exponents: Array) -> SignLog:
    """Their derivatives in eta."""
    return run.weighed(_powers(run, exponents - 1) * run.lam) * -exponents
