"""Reverse mode (back-propagation through the T steps), in the floating-point format of choice."""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta.estimators.parts.unrolled import UnrolledFilter
from quadmeta.objectives.parts.tape import Derivative, Tape, back_propagated


@dataclass(frozen=True)
class Reverse(UnrolledFilter):
    """Back-propagation through all T steps: b_T = outer gradient, b_t = A_t b_{t+1}, result sum_t
    B_t b_{t+1}.

    Exact, also in a start that depends on the parameters. For the log objective the sizes are w_t
    ~ rho^t, F ~ rho^(2T), b_t ~ rho^-t: the format overflows or underflows at the step that
    ``failure_horizon`` predicts.

    References
    ----------
    Wang, Yuan, Wu, Ge 2021, Corollary 1.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Reverse())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (19, 20, 1, 20)
    """

    reference = "Franceschi, Donini, Frasconi, Pontil 2017, reverse hypergradient"

    def estimate(self, tape: Tape) -> Derivative:
        """Sum over t of B_t b_{t+1}; the A-product after the last B-product is not spent."""
        return back_propagated(tape, tape.steps)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """T - 1 Hessian and T mixed products, T stored vectors."""
        return {"hvps": T - 1, "mixed": T, "outer_gradients": 1, "stored_vectors": T}

    def exact_when(self, T: int) -> bool:
        """Always."""
        return True
