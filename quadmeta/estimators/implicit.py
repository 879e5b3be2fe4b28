"""Implicit differentiation at w_T with an exact linear solve."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.estimators._base import Estimator
from quadmeta.estimators._tape import Tape

Array = Any


@dataclass(frozen=True)
class Implicit(Estimator):
    """-J(w_T) H(w_T)^-1 g_T; its target is the limit T -> infinity, not the unrolled derivative.

    Raises:
        ValueError: a singular inner Hessian, or the step size as parameter.
    """

    steps_matter = False
    reference = "Pedregosa 2016; Lorraine, Vicol, Duvenaud 2020"

    def estimate(self, tape: Tape) -> Array:
        """B (I - A)^-1 g with the P columns of A."""
        if tape.step_size_is_tuned:
            raise ValueError("implicit differentiation of the step size is 0 at the inner minimum: use Reverse instead")
        for _ in tape.stream():
            pass
        g = tape.outer_gradient()
        system = np.eye(len(g)) - tape.A(tape.steps, np.eye(len(g)))
        try:
            x = np.linalg.solve(system, g)
        except np.linalg.LinAlgError:
            raise ValueError("the inner Hessian at w_T is singular: add a ridge, or use ConjugateGradient") from None
        return tape.B(tape.steps, x)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """P Hessian products (or one factorisation) and one mixed product."""
        return {"hvps": P, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}
