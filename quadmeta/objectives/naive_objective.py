"""The naive meta-objective F(eta) = f(w_T) - floor, the inner loss after T steps."""
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives._base import Objective
from quadmeta.optimizers._base import LogMoments

Array = Any


@dataclass(frozen=True, eq=False, repr=False)
class NaiveObjective(Objective):
    """F = sum_i omega_i a_i^(2T), F' = -2T sum omega lambda a^(2T-1), F'' = 2T (2T-1) sum omega lambda^2 a^(2T-2).

    Values are always ``SignLog``: F, F' and F'' grow or vanish like rho(eta)^(2T), beyond float64 for ordinary T.
    Strictly convex for kappa > 1. Source: Wang, Yuan, Wu, Ge 2021, Theorem 3.
    """

    def transform(self, moments: LogMoments, order: int) -> SignLog:
        """F, F' = -2T F E[u], F'' = 2T (2T - 1) F (Var(u) + E[u]^2)."""
        T, m = self.optimizer.steps, moments.mean
        if order == 2 and T == 1:  # 2 sum omega lambda^2, also where F = 0
            lam, omega = self.spectrum()
            return SignLog.of(np.broadcast_to(2 * (omega * lam**2).sum(axis=-1), m.shape))
        value = SignLog(np.where(np.isneginf(moments.level), 0.0, 1.0), moments.level)
        if order:
            value *= -2 * T * m if order == 1 else 2 * T * (2 * T - 1) * (moments.variance + m * m)
        return value

    def chain(self, loss: Array) -> Array:
        """1."""
        return loss**0

    def compose(self, derivatives: tuple[Array, ...]) -> Array:
        """The derivative itself."""
        return derivatives[-1]
