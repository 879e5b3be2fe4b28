"""The naive meta-objective F(eta) = f(w_T) - floor, the inner loss after T steps."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array, Floats, Numbers
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.transformed import TransformedObjective
from quadmeta.optimizers.parts.base import LogLoss

_ONE = SignLog.of(1)


@dataclass(frozen=True, eq=False, repr=False)
class NaiveObjective(TransformedObjective):
    """The inner loss after T steps itself, above its minimum.

    F = sum_i omega_i a_i^(2T), F' = -2T sum omega lambda a^(2T-1), F'' = 2T (2T-1) sum omega
    lambda^2 a^(2T-2).

    Values are always ``SignLog``: F, F' and F'' grow or vanish like rho(eta)^(2T), beyond float64
    for ordinary T. Strictly convex for kappa > 1. Source: Wang, Yuan, Wu, Ge 2021, Theorem 3.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> qm.NaiveObjective(problem, qm.GradientDescent(steps=1000))(3.0)
    SignLog(10**601.8)
    """

    def transform(self, loss: LogLoss, order: int) -> SignLog:
        """F, F' = F (F'/F), F'' = F (F''/F)."""
        log = np.asarray(loss.level)
        sign = (log != -np.inf) * 1.0
        if order:
            axes = (...,) + (None,) * (order * len(self.optimizer.shape))
            factor = (loss.slope, loss.second)[order - 1]
            log = log[axes] + _log_abs(factor)
            sign = sign[axes] * np.sign(factor)
        return _ONE._make(sign, log)

    def __call__(self, theta: Numbers) -> SignLog:
        """F at step sizes ``theta`` of any shape."""
        value: SignLog = super().__call__(theta)
        return value

    def gradient(self, theta: Numbers) -> SignLog:
        """F' at step sizes ``theta``: the exact meta-gradient."""
        value: SignLog = super().gradient(theta)
        return value

    def curvature(self, theta: Numbers) -> SignLog:
        """F''; where F = 0 it has no value relative to F and is summed as it stands.

        Raises
        ------
        ValueError
            F = 0 at a vector of parameters.
        """
        loss = self.log_loss(theta)
        if not np.isneginf(loss.level).any():
            return self.transform(loss, 2)
        lam, omega = self.source.spectrum
        k = self.source.exponent
        p, p1, p2 = self.polynomial.signed_residual(lam, self.optimizer.read(theta))
        second: SignLog = 2 * (omega * (p1 * p1 + p * p2)).sum(axis=-1)
        if k:
            return second * SignLog(1.0, k * math.log(2))
        return second

    def chain(self, loss: Array) -> Value:
        """1."""
        return loss**0

    def compose(self, derivatives: tuple[Array, ...]) -> Value:
        """The derivative itself."""
        return derivatives[-1]


def _log_abs(x: Floats) -> Any:
    """log |x|, -inf where x = 0."""
    if isinstance(x, float) and x:  # a context slows every call of numpy down, not its own alone
        return np.log(abs(x))
    with np.errstate(divide="ignore"):
        return np.log(np.abs(x))
