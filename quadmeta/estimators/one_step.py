"""T1-T2: back-propagation through the last step only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class OneStep(Estimator):
    """Back-propagation through the last step only.

    It is B_T grad L_2(w_T): implicit differentiation with eta H replaced by the identity.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.OneStep())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (0, 1, 1, 1)
    """

    reference = "Luketina, Berglund, Greff, Raiko 2016, equation 3"

    def estimate(self, tape: Tape) -> Derivative:
        """B_T g_T."""
        tape.record(1)
        return tape.B(tape.steps - 1, tape.outer_gradient())

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """One mixed product."""
        return {"hvps": 0, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1

    def filter_at(self, at: Spectral) -> Any:
        """eta."""
        return 0 * at.lam + at.step_size
