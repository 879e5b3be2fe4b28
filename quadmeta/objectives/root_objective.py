"""The root meta-objective R(eta) = (f(w_T) - floor)^(1/2T)."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic import elementary
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.log import square
from quadmeta.objectives.parts.transformed import TransformedObjective
from quadmeta.optimizers.parts.base import LogLoss


@dataclass(frozen=True, eq=False, repr=False)
class RootObjective(TransformedObjective):
    """The 2T-th root of the inner loss after T steps.

    R = F^(1/2T), R' = -R E_pi[u], R'' = (2T - 1) R Var_pi(u): neither explodes nor vanishes,
    and is convex.

    R is the weighted l_2T norm of the vector (1 - eta lambda_i)_i, which is affine in eta; R ->
    rho(eta) as T grows.

    Raises
    ------
    ValueError
        zero initial error, or one distinct active eigenvalue (R has a kink at 1/L).
    OverflowError
        R or a derivative of it exceeds float64.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> objective = qm.RootObjective(problem, qm.GradientDescent(steps=10))
    >>> round(objective.gradient(0.3), 6)
    -0.493867
    """

    logarithmic = True

    def transform(self, loss: LogLoss, order: int) -> Value:
        """R, R' = R F'/F / 2T or R''."""
        T = self.optimizer.steps
        axes = (...,) + (None,) * (order * len(self.optimizer.shape))
        with np.errstate(over="ignore"):
            value = np.exp(loss.level / (2 * T))[axes]
            if order:
                value = value * (loss.slope / (2 * T) if order == 1 else loss.root)
        if not np.isfinite(value).all():
            raise OverflowError(
                f"RootObjective: derivative number {order} exceeds float64: use LogObjective, or "
                "rescale the problem"
            )
        return value

    def chain(self, loss: Array) -> Value:
        """F^(1/2T) / (2T F)."""
        T = self.optimizer.steps
        return elementary.exp(elementary.log(loss) / (2 * T)) / (2 * T) / loss

    def compose(self, derivatives: tuple[Array, ...]) -> Value:
        """R, R' = R F' / (2T F), R'' = R (F'' / (2T F) - (2T - 1) (F' / (2T F))^2)."""
        T = self.optimizer.steps
        loss = derivatives[0]
        root = elementary.exp(elementary.log(loss) / (2 * T))
        if len(derivatives) == 1:
            return root
        slope = derivatives[1] / loss / (2 * T)
        if len(derivatives) == 2:
            return root * slope
        return root * (
            derivatives[2] / loss / (2 * T) - (2 * T - 1) * square(slope, derivatives[2])
        )
