"""Truncated evolution strategies: each window alone, as if it were the whole run."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import choice
from quadmeta.arithmetic.gaussian import signed_moment
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts import episodes, smoothing
from quadmeta.sampled.parts.base import Moments
from quadmeta.sampled.parts.spectra import Spectrum
from quadmeta.sampled.parts.windows import Windows, fresh_square

STATES = ("mean", "own")
"""Where a window begins: on the run without perturbations, or where its own run has come to."""


@dataclass(frozen=True)
class TruncatedEvolution(episodes.WindowedEstimator):
    """sum_n xi_n (L_n(+xi) - L_n(-xi)) / (2 sigma): each loss f_n is weighed by the perturbation of
    its own window alone, so that what earlier windows did to it is lost.

    Parameters
    ----------
    sigma, window
        as for ``SingleEvolution``; the loss is the sum of the losses at the ends of the windows.
    states
        where a window begins: "mean", on the run without perturbations; "own", where its own run
        has come to.

    Raises
    ------
    ValueError
        sigma that is not > 0, other states, another loss than "sum", or a window that does not
        divide T.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 3.0], error=[2**0.5, (2 / 3) ** 0.5])
    >>> loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    >>> for states in ("mean", "own"):
    ...     found = qm.moments(loss, 0.5, qm.TruncatedEvolution(0.1, 1, states=states))
    ...     print(round(found.mean.to_float(), 6), round(found.truth.to_float(), 6))
    2.5 3.0
    2.76 3.0
    """

    states: str = "mean"
    loss: str = "sum"
    reference = "Metz, Maheswaranathan, Nixon, Freeman, Sohl-Dickstein 2019"

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("states", self.states, STATES)
        if self.loss != "sum":
            raise ValueError(f"loss = {self.loss!r} must be 'sum': each window has its own loss")

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From N normal numbers and two runs."""
        windows = self.windows(objective, theta)
        xi = random.standard_normal(windows.count)
        if self.states == "own":
            values = episodes.episode(windows, xi)
        else:
            parts = zip(self._begun(windows), xi, strict=True)
            values = np.array([_one(run, self.sigma * x) for run, x in parts])
        return float(xi @ values / (2 * self.sigma))

    def _begun(self, windows: Windows) -> list[Spectrum]:
        """Each window as a run of K steps from the state of the run without perturbations."""
        runs = []
        for n in range(windows.count):
            power = windows.run.factors ** (2 * n * windows.length)
            runs.append(windows.run.of_length(windows.length, windows.run.omega * power))
        return runs

    def moments(self, objective: Any, theta: Any) -> Moments:
        """Windows on the mean run are independent; on their own run as for persistent ones."""
        windows = self.windows(objective, theta)
        if self.states == "own":
            mean = self._own(windows)
            second = fresh_square(windows) / SignLog.of(self.sigma) ** 2
            variance = second - mean * mean
        else:
            runs = self._begun(windows)
            slopes = [smoothing.slope(run, self.sigma) for run in runs]
            squares = [smoothing.antithetic_square(run, self.sigma) for run in runs]
            mean = episodes.total(slopes)
            variance = episodes.total([b - a * a for a, b in zip(slopes, squares, strict=True)])
        return Moments(
            mean=mean,
            variance=variance,
            target=None,
            truth=episodes.truth(windows, "sum"),
            cost=self.cost(objective),
        )

    def _own(self, windows: Windows) -> SignLog:
        """-2K sum_n sum_i omega_i lambda_i M_2K^(n-1) M_(2K-1)."""
        run = windows.run
        K = windows.length
        s = self.sigma * run.lam
        whole = signed_moment(2 * K, run.factors, s)
        last = signed_moment(2 * K - 1, run.factors, s) * run.lam
        parts = [run.weighed(whole**n * last) for n in range(windows.count)]
        return -2 * K * episodes.total(parts)


def _one(run: Spectrum, shift: float) -> float:
    """The loss at eta + shift minus that at eta - shift."""
    return run.loss(run.eta + shift) - run.loss(run.eta - shift)
