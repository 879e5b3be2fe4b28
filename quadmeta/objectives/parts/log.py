"""The logarithm of a loss over T, shared by the log of the mean and the mean of the logs."""

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic import elementary
from quadmeta.objectives.parts.base import Value
from quadmeta.optimizers.parts.base import LogLoss


def transform(loss: LogLoss, T: int, order: int) -> Value:
    """G = log F / T, G' = F'/F / T, G'' = (log F)'' / T."""
    return (loss.level, loss.slope, loss.curvature)[order] / T


def chain(loss: Array, T: int) -> Value:
    """dG/dF = (1/T)/F in the arithmetic of the loss."""
    return loss**0 / T / loss  # in this order: it decides where a format overflows


def compose(derivatives: tuple[Array, ...], T: int) -> Value:
    """G from F, G' from (F, F'), G'' from (F, F', F'')."""
    loss = derivatives[0]
    if len(derivatives) == 1:
        return elementary.log(loss) / T
    slope = derivatives[1] / loss / T
    if len(derivatives) == 2:
        return slope
    return derivatives[2] / loss / T - T * square(slope, derivatives[2])


def square(slope: Array, second: Array) -> Value:
    """slope slope' if ``second`` is a matrix, else slope^2."""
    if np.ndim(second) > np.ndim(slope):
        return slope[:, None] * slope[None]
    return slope * slope
