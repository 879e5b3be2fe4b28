"""Forward mode: the tangent z_t = d w_t / d eta runs along with the iterates."""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta._types import Array
from quadmeta.estimators.parts.unrolled import UnrolledFilter
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class Forward(UnrolledFilter):
    """The tangents z_t = d w_t / d theta run along: z_{t+1} = A_t' z_t + B_t', result <z_T, outer
    gradient>.

    Memory of one vector, h times the work. z_0 = d w_0 / d theta, which is 0 unless the start
    depends on the parameters; exact in either case. On ``DataCleaning`` z_T is taken in closed
    form, and what the algorithm spends on it is counted.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Forward())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (38, 40, 1, 1)
    """

    reference = "Franceschi, Donini, Frasconi, Pontil 2017, forward hypergradient"

    def estimate(self, tape: Tape) -> Derivative:
        """<z_T, outer gradient>; where z_0 = 0, the first A-product is not spent."""
        z = tape.last_tangents()
        gradient: Array = (tape.outer_gradient() * z).sum(axis=-1)
        return gradient

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """h (T - 1) Hessian and h T mixed products."""
        return {"hvps": h * (T - 1), "mixed": h * T, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """Always."""
        return True
