"""The discounted hypergradient whose weights are the impulse response of momentum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import number
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.inner_system import require_hyperparameters
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class MomentumDiscount(Estimator):
    """The one-step hypergradient of every step, with the weights that heavy ball gives it at one
    nominal curvature.

    It is sum_t s_{T-t} B_t g_t, online as u <- h u - beta u_- + B_t g_t with h = 1 + beta - eta
    lambda0: s_k is the impulse response of heavy ball at lambda0, where a scalar discount has
    gamma^k. It costs as much as ``Discounted``, and one vector more. At an inner minimum its total
    is a constant, as that of every scalar discount: momentum changes what is made of the transient
    alone. With momentum 0 it is Discounted(1 - eta lambda0).

    Parameters
    ----------
    curvature
        lambda0 > 0.
    momentum
        0 <= beta < 1, that of the inner optimizer.

    Raises
    ------
    ValueError
        arguments outside their domain, an optimizer without a step size, or the step size as
        parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.HeavyBall(20, step_size=0.4, momentum=0.3))
    >>> estimator = qm.MomentumDiscount(curvature=1.0, momentum=0.3)
    >>> found = qm.hypergradient(loss, [0.1, -0.2], estimator)
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (0, 20, 20, 1)
    """

    curvature: float
    momentum: float
    reference = "derived"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "curvature", number("curvature", self.curvature, above=0))
        object.__setattr__(self, "momentum", number("momentum", self.momentum, least=0, below=1))

    def estimate(self, tape: Tape) -> Derivative:
        """Running form; g_t is the outer gradient at the state that step t reaches."""
        require_hyperparameters(tape, "for which no nominal curvature is known")
        step_size = getattr(tape, "step_size", None)
        if step_size is None:
            raise ValueError(
                "the inner optimizer has no step size, so that the nominal curvature has no unit: "
                "use Discounted"
            )
        beta = self.momentum
        h = 1 + beta - step_size * self.curvature
        before = np.zeros(tape.width)
        u = before
        for t in tape.stream():
            before, u = u, h * u - beta * before + tape.B(t, tape.outer_gradient(t + 1))
        return u

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """T mixed products and T outer gradients."""
        return {"hvps": 0, "mixed": T, "outer_gradients": T, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1

    def filter_at(self, at: Spectral) -> Any:
        """eta sum_{k<T} s_k(lambda0), the same at every lambda."""
        weight = filters.momentum(self.curvature, at.step_size, self.momentum, at.steps)
        return 0 * at.lam + weight
