"""Matrix discount: the scalar gamma replaced by the operator itself, forward and without a stored
trajectory.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta._types import Array
from quadmeta.estimators.parts.unrolled import UnrolledFilter
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class MatrixDiscount(UnrolledFilter):
    """The discount is the operator A itself, forward and without a stored trajectory.

    v_t = A(w_t) v_{t-1} + g_t from v_0 = 0, result B(w_T) v_T: asymptotically exact, as no scalar
    weights are, where every step is the same. A is the operator of the optimizer's own step, on
    all that it carries.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.MatrixDiscount())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (19, 1, 20, 1)
    """

    reference = "derived"

    def estimate(self, tape: Tape) -> Derivative:
        """Running form; the first A-product would act on 0 and is not spent."""
        v: Array | None = None
        for t in tape.stream():
            g = tape.outer_gradient(t + 1)
            if v is None:
                v = g
            else:
                v = tape.A(t, v, tape.state(t + 1)) + g
        assert v is not None  # T >= 1
        return tape.B(tape.steps - 1, v, tape.state(tape.steps))

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """T - 1 Hessian products, one mixed product, T outer gradients."""
        return {"hvps": T - 1, "mixed": 1, "outer_gradients": T, "stored_vectors": 1}
