"""The naive meta-objective F(eta) = f(w_T) - floor, the inner loss after T steps."""
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives._base import Objective
from quadmeta.optimizers._base import LogLoss

Array = Any


@dataclass(frozen=True, eq=False, repr=False)
class NaiveObjective(Objective):
    """F = sum_i omega_i a_i^(2T), F' = -2T sum omega lambda a^(2T-1), F'' = 2T (2T-1) sum omega lambda^2 a^(2T-2).

    Values are always ``SignLog``: F, F' and F'' grow or vanish like rho(eta)^(2T), beyond float64 for ordinary T.
    Strictly convex for kappa > 1. Source: Wang, Yuan, Wu, Ge 2021, Theorem 3.
    """

    def transform(self, loss: LogLoss, order: int) -> SignLog:
        """F, F' = F (F'/F), F'' = F (F''/F)."""
        if order == 2 and self.optimizer.steps == 1 and not self.optimizer.shape:
            lam, omega = self.spectrum()  # one step: F'' = 2 sum omega lambda^2, also where F = 0
            return SignLog.of(np.broadcast_to(2 * (omega * lam**2).sum(axis=-1), np.shape(loss.slope)))
        axes = (...,) + (None,) * (order * len(self.optimizer.shape))
        value = SignLog(np.where(np.isneginf(loss.level), 0.0, 1.0), loss.level)[axes]
        return value * (loss.slope, loss.second)[order - 1] if order else value

    def chain(self, loss: Array) -> Array:
        """1."""
        return loss**0

    def compose(self, derivatives: tuple[Array, ...]) -> Array:
        """The derivative itself."""
        return derivatives[-1]
