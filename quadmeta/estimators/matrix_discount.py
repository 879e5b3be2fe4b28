"""Matrix discount: the scalar gamma replaced by the operator itself, forward and without a stored
trajectory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.parts.tape import Tape

Array = Any


@dataclass(frozen=True)
class MatrixDiscount(Estimator):
    """v_t = A(w_t) v_{t-1} + g_t from v_0 = 0, result B(w_T) v_T: asymptotically exact, as no
    scalar weights are.
    """

    reference = "derived"

    def estimate(self, tape: Tape) -> Array:
        """Running form; the first A-product would act on 0 and is not spent."""
        v: Array = 0
        for t in tape.stream():
            g = tape.outer_gradient(t + 1)
            v = tape.A(t + 1, v) + g if t else g
        return tape.B(tape.steps, v)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """T - 1 Hessian products, one mixed product, T outer gradients."""
        return {"hvps": T - 1, "mixed": 1, "outer_gradients": T, "stored_vectors": 1}
