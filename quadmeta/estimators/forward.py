"""Forward mode: the tangent z_t = d w_t / d eta runs along with the iterates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.parts.tape import Tape


@dataclass(frozen=True)
class Forward(Estimator):
    """z_{t+1} = A_t z_t + B_t', z_0 = 0; result <z_T, outer gradient>. Memory of one vector, h
    times the work.
    """

    reference = "Franceschi, Donini, Frasconi, Pontil 2017, forward hypergradient"

    def estimate(self, tape: Tape) -> Any:
        """<z_T, outer gradient>; the first A-product would act on 0 and is not spent."""
        z = 0
        for t in tape.stream():
            if t:
                z = tape.A(t, z) + tape.tangent(t)
            else:
                z = tape.tangent(t)
        return (tape.outer_gradient() * z).sum(axis=-1)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """h (T - 1) Hessian and h T mixed products."""
        return {"hvps": h * (T - 1), "mixed": h * T, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """Always."""
        return True
