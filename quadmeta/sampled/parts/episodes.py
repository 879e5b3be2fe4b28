"""Episodes of N windows: what is drawn from them, and the derivatives that they aim at."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import choice, natural, number
from quadmeta.arithmetic.gaussian import signed_moment
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts import smoothing
from quadmeta.sampled.parts.base import SampledEstimator
from quadmeta.sampled.parts.spectra import Spectrum
from quadmeta.sampled.parts.windows import LOSSES, Windows


@dataclass(frozen=True)
class WindowedEstimator(SampledEstimator):
    """An antithetic estimator whose episode is a run in windows.

    Parameters
    ----------
    sigma
        the scale of the perturbation, > 0, unit of the step size.
    window
        K, the steps of a window; it divides T.
    loss
        "final": f(w_T); "sum": the sum of the losses at the ends of the windows; "telescoped": the
        sum of their changes, which is the final loss up to a constant.
    """

    sigma: float
    window: int
    loss: str = field(default="final", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", number("sigma", self.sigma, above=0))
        object.__setattr__(self, "window", natural("window", self.window))
        choice("loss", self.loss, LOSSES)

    def windows(self, objective: Any, theta: Any) -> Windows:
        """The windows of a run at a step size."""
        return Windows.of(Spectrum.of(objective, theta), self.sigma, self.window)

    def cost(self, objective: Any) -> dict[str, float]:
        """Two runs."""
        return {"inner_gradients": 2.0 * objective.optimizer.steps}


def episode(windows: Windows, xi: Array) -> Array:
    """f_n at eta + sigma xi minus f_n at eta - sigma xi for n = 1..N, from N perturbations."""
    run = windows.run
    shift = windows.sigma * xi[:, None] * run.lam
    found = []
    for sign in (-1, 1):
        factors = (run.factors + sign * shift) ** (2 * windows.length)
        found.append((run.omega * np.cumprod(factors, axis=0)).sum(axis=-1))
    difference: Array = found[0] - found[1]
    return difference


def changes(values: Array, loss: str) -> Array:
    """What each window contributes: nothing but the last, the loss, or its change."""
    if loss == "final":
        return np.where(np.arange(len(values)) == len(values) - 1, values, 0.0)
    if loss == "sum":
        return values
    return np.diff(values, prepend=0.0)


def horizons(windows: Windows, loss: str) -> list[int]:
    """The numbers n of windows whose losses f_n an episode adds up, telescoped."""
    if loss == "sum":
        return list(range(1, windows.count + 1))
    return [windows.count]


def truth(windows: Windows, loss: str) -> SignLog:
    """d/d eta of the episode's loss at the mean step size."""
    run = windows.run
    a = SignLog.of(run.factors)
    steps = [2 * n * windows.length for n in horizons(windows, loss)]
    parts = [-T * run.weighed(a ** (T - 1) * run.lam) for T in steps]
    return total(parts)


def common_slope(windows: Windows, loss: str) -> SignLog:
    """d/d eta of the episode's loss with one perturbation of all windows."""
    runs = [windows.run.of_length(n * windows.length) for n in horizons(windows, loss)]
    return total([smoothing.slope(run, windows.sigma) for run in runs])


def separate_slope(windows: Windows, loss: str) -> SignLog:
    """d/d eta of sum_n sum_i omega_i M_2K^n, each window with a perturbation of its own."""
    return total([_separate(windows, n) for n in horizons(windows, loss)])


def _separate(windows: Windows, n: int) -> SignLog:
    run = windows.run
    K = windows.length
    s = windows.sigma * run.lam
    whole = signed_moment(2 * K, run.factors, s)
    last = signed_moment(2 * K - 1, run.factors, s)
    return -2 * K * n * run.weighed(whole ** (n - 1) * last * run.lam)


def total(parts: list[SignLog]) -> SignLog:
    """The sum of numbers."""
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found
