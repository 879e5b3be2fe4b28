"""The logarithm of a loss over T, shared by the log of the mean and the mean of the logs."""
from typing import Any

from quadmeta.arithmetic import elementary
from quadmeta.optimizers._base import LogMoments

Array = Any


def transform(moments: LogMoments, T: int, order: int) -> Array:
    """G = log F / T, G' = -2 E[u], G'' = (4T - 2) Var(u) - 2 E[u]^2."""
    if order == 0:
        return moments.level / T
    return -2 * moments.mean if order == 1 else (4 * T - 2) * moments.variance - 2 * moments.mean**2


def chain(loss: Array, T: int) -> Array:
    """dG/dF = (1/T)/F in the arithmetic of the loss."""
    return loss**0 / T / loss  # in this order: it decides where a format overflows


def compose(derivatives: tuple[Array, ...], T: int) -> Array:
    """G from F, G' from (F, F'), G'' from (F, F', F'')."""
    loss = derivatives[0]
    if len(derivatives) == 1:
        return elementary.log(loss) / T
    slope = derivatives[1] / loss / T
    return slope if len(derivatives) == 2 else derivatives[2] / loss / T - T * slope * slope
