"""The loss after T steps as a sum over modes, F = sum_i omega_i p_T(lambda_i)^2."""

from typing import Any, NamedTuple, Protocol


class LogLoss(NamedTuple):
    """The loss F at one or many parameters, as its logarithm and derivatives relative to F.

    So nothing overflows, whatever T. In float64; derivatives in a parameter of ``shape`` () have
    the shape of the batch, those of a vector of length k have further axes (k,), and (k, k).
    Entries of a higher order than was asked for are None.
    """

    level: Any
    """log F, -inf where F = 0 (and then the others are 0)."""
    slope: Any = None
    """F' / F."""
    second: Any = None
    """F'' / F."""
    curvature: Any = None
    """(log F)'' = F''/F - (F'/F)^2."""
    root: Any = None
    """R'' / R of R = F^(1/2T): (F''/F - (1 - 1/2T) (F'/F)^2) / 2T."""


class OneTask(Protocol):
    """The loss of one task as a function of one float parameter."""

    def log_loss(self, theta: float, order: int) -> LogLoss | None:
        """The loss and its derivatives up to ``order``; None where the optimizer's own
        ``log_loss`` is to be asked.
        """

    def slope(self, theta: float) -> Any:
        """F'/F; None as ``log_loss``."""
