"""The loss of gradient descent under its softmax weights pi_i = omega_i a_i^(2T) / F, with u_i =
lambda_i / a_i.
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.residual import SMALL
from quadmeta.optimizers.parts.loss import LogLoss


class LogMoments(NamedTuple):
    """The loss under the softmax weights pi_i = omega_i a_i^(2T) / F, with u_i = lambda_i / a_i."""

    level: Array
    """log F, -inf where F = 0."""
    mean: Array
    """E_pi[u]."""
    variance: Any
    """Var_pi(u), or None."""


def log_loss_of(moments: LogMoments, T: int) -> LogLoss:
    """F'/F = -2T E[u], F''/F = 2T (2T - 1) (Var(u) + E[u]^2), R''/R = (2T - 1) Var(u).

    Raises
    ------
    OverflowError
        F''/F exceeds float64.
    """
    level, mean, variance = moments
    if variance is None:
        return LogLoss(level, -2 * T * mean)
    with np.errstate(over="ignore", invalid="ignore"):
        square = mean * mean
        return finite(
            LogLoss(
                level,
                -2 * T * mean,
                2 * T * (2 * T - 1) * (variance + square),
                T * ((4 * T - 2) * variance - 2 * square),
                (2 * T - 1) * variance,
            )
        )


def variance_of(
    shift: Array, v: Array, total: Array, weights: Array, omega_r: Array, exponent: Array
) -> Array:
    """Var_pi(u) from the differences u_i - u_r (..., d) and pi_i = v_i / total, where v_i =
    (omega_i / omega_r) e^exponent_i.
    """
    with np.errstate(all="ignore"):
        centre = (v * shift).sum(axis=-1, keepdims=True) / total[..., None]
        shift = shift - centre
        spread = v * shift**2
        if (v < SMALL).any():  # what v loses there, a large u may need
            log_v = np.log(weights) - np.log(omega_r) + exponent
            spread = np.where(v < SMALL, np.exp(log_v + 2 * np.log(np.abs(shift))), spread)
        variance: Array = spread.sum(axis=-1) / total
    return variance


def finite(loss: LogLoss) -> LogLoss:
    """The loss, if its second derivatives fit in float64.

    Raises
    ------
    OverflowError
        one of them does not.
    """
    if not all(np.isfinite(part).all() for part in loss[2:]):
        raise OverflowError(
            "a derivative of the loss relative to the loss exceeds float64: use objective.exactly"
        )
    return loss
