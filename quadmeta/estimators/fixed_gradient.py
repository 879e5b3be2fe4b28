"""Discounted hypergradient with the outer gradient of the last state throughout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.discount import discount
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class FixedGradient(Estimator):
    """Discounted hypergradient with the outer gradient of the last state throughout.

    It is sum_t gamma^(T-t) B_t g_T: it needs w_T first, so the trajectory is stored (or replayed).

    On a constant cross term it is S_T(gamma) times OneStep for every w_0. For the step size and
    gamma = 1 it is the stop-gradient estimator.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.FixedGradient(gamma=0.9))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (0, 20, 1, 20)
    """

    gamma: float
    reference = "Lee, Lee, Shin, Lee 2022, equation 7"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "gamma", discount(self.gamma))

    def estimate(self, tape: Tape) -> Derivative:
        """Weighted sum over the stored states."""
        tape.require_parts()
        tape.record()
        g = tape.outer_gradient()
        total = tape.product_sum()
        for t in range(tape.steps):
            total.scale(self.gamma)
            total.add(t, g)
        return total.value()

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """T mixed products, T stored vectors."""
        return {"hvps": 0, "mixed": T, "outer_gradients": 1, "stored_vectors": T}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1

    def filter_at(self, at: Spectral) -> Any:
        """eta S_T(gamma), the same at every lambda."""
        return filters.discounted(at.lam, at.step_size, self.gamma, at.steps)
