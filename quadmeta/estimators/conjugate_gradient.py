"""Implicit differentiation at w_T with conjugate gradients for the inverse Hessian."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta._validate import natural
from quadmeta.estimators._base import Estimator
from quadmeta.estimators._tape import Tape

Array = Any


@dataclass(frozen=True)
class ConjugateGradient(Estimator):
    """-J(w_T) x with x after N iterations of conjugate gradients on H(w_T) x = g_T from 0, which spend N - 1 products.

    ``products`` = N counts the products in all, the mixed one included: exact to rounding once N - 1 reaches the number
    of distinct eigenvalues. It stops early at a residual of rounding size.

    Raises:
        ValueError: products < 2, a singular or indefinite inner Hessian, or the step size as parameter.
    """

    products: int
    steps_matter = False
    reference = "Pedregosa 2016; Grazzi, Franceschi, Pontil, Salzo 2020"

    def __post_init__(self) -> None:
        if natural("products", self.products) < 2:
            raise ValueError(f"products = {self.products} must be at least 2: one Hessian and one mixed product")

    def estimate(self, tape: Tape) -> Array:
        """B x with (I - A) x = g."""
        if tape.step_size_is_tuned:
            raise ValueError("implicit differentiation of the step size is 0 at the inner minimum: use Reverse instead")
        for _ in tape.stream():
            pass
        T = tape.steps
        r = tape.outer_gradient()
        x, p, rr = 0 * r, r, r @ r
        first = rr
        for _ in range(self.products - 1):
            if rr <= 1e-32 * first:
                break
            q = p - tape.A(T, p)
            curvature = p @ q
            if not curvature > 0:
                raise ValueError("the inner Hessian at w_T is singular or indefinite along a direction: add a ridge")
            step = rr / curvature
            x, r = x + step * p, r - step * q
            rr, old = r @ r, rr
            p = r + rr / old * p
        return tape.B(T, x)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """N products (fewer where it stops early)."""
        return {"hvps": self.products - 1, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}
