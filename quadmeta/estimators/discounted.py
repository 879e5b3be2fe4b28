"""Greedy discounted hypergradient: every step's own one-step hypergradient, discounted towards the
past.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.discount import discount
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class Discounted(Estimator):
    """The one-step hypergradient of every step, discounted towards the past.

    It is sum_t gamma^(T-t) B_t g_t, online as s <- gamma s + B_t g_t: no Hessian product, memory of
    one vector.

    B_t is taken at a fixed state: under momentum or Adam it sees what the gradient of one step does
    to the next weights, and nothing of what the optimizer carries on from it.

    Two replacements are made in the exact sum: A_{t+1} ... A_T by gamma^(T-t), and g_T by g_t. At
    w_0 = w_* it is S_T(gamma) times OneStep, whatever the losses.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Discounted(gamma=0.9))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (0, 20, 20, 1)
    """

    gamma: float
    reference = "Yakovlev, Bakhteev, Strijov 2023, slide 5"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "gamma", discount(self.gamma))

    def estimate(self, tape: Tape) -> Derivative:
        """Running form; g_t is the outer gradient at the state that step t reaches."""
        total = tape.product_sum()
        for t in tape.stream():
            total.scale(self.gamma)
            total.add(t, tape.outer_gradient(t + 1))
        return total.value()

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """T mixed products and T outer gradients."""
        return {"hvps": 0, "mixed": T, "outer_gradients": T, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1

    def filter_at(self, at: Spectral) -> Any:
        """eta S_T(gamma), the same at every lambda."""
        return filters.discounted(at.lam, at.step_size, self.gamma, at.steps)
