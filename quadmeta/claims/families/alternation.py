"""Alternating updates of parameters and task weights on rational tasks in the plane, as a function
of both.
"""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import Dual, neumann
from quadmeta.claims.families.collapse import SIGNED, Tasks, plane
from quadmeta.verification.parameters import STEP_SIZE, STEPS, Parameter, Values

REAL = Parameter(r"w", low=None, reach=2)
ALTERNATION = {
    "spread": Parameter(r"\lambda_2(A_A)", open=True, reach=3),
    "tilt": SIGNED,
    "aim1": REAL,
    "aim2": REAL,
    "w1": REAL,
    "w2": REAL,
    "nu": Parameter(r"\nu", open=True, reach=1),
    "products": Parameter("J", whole=True, reach=3),
    "eta": STEP_SIZE,
    "steps": STEPS,
    "beta": Parameter(r"\beta", open=True, reach=2),
}
"""Outer loss with eigenvalues 1 and "spread" and minimiser "aim"; "w" is the start or an offset."""


class Alternation(NamedTuple):
    """T gradient steps of size eta on L_T(., phi), then phi <- max(0, phi - beta ghat) with J + 1
    Neumann terms.
    """

    tasks: Tasks
    A: Array
    b: Array
    """L_A = (w - b)' A (w - b)/2."""
    nu: Any
    J: int
    eta: Any
    T: int
    beta: Any

    @classmethod
    def of(cls, x: Values) -> "Alternation":
        """From the parameters."""
        return cls(
            Tasks.of(x),
            plane(Fraction(1), x["spread"], x["tilt"]),
            np.array([x["aim1"], x["aim2"]]),
            x["nu"],
            x["products"],
            x["eta"],
            x["steps"],
            x["beta"],
        )

    def __call__(self, w: Array, phi: Array) -> tuple[Array, Array]:
        """(w, phi) after one round, by its loops."""
        for _ in range(self.T):
            w = w - (self.tasks.hessian(phi) @ w - self.tasks.force(phi)) * self.eta
        after = phi - self.slopes(w, phi) * self.beta
        return w, np.array(
            [f if (f.value if isinstance(f, Dual) else f) > 0 else 0 * f for f in after],
            dtype=object,
        )

    def slopes(self, w: Array, phi: Array) -> Any:
        """ghat_k = -v' f(H) u_k, v = grad L_A(w), u_k = grad ell_k(w)."""
        backward = neumann(self.tasks.hessian(phi), self.A @ (w - self.b), self.nu, self.J)
        return -(backward @ self.tasks.slopes(w))

    def outer(self, phi: Array) -> Any:
        """F(phi) = L_A(w_*(phi))."""
        e = self.tasks.solution(phi) - self.b
        return e @ self.A @ e / 2

    def parts(self, w: Array, f: Array, divided: Array) -> tuple[Array, Array]:
        """G_w (K, 2) and G_phi (K, K) at w, for f(H) and its divided differences in the eigenbasis
        of H.
        """
        v = self.A @ (w - self.b)
        U = self.tasks.slopes(w)
        along = np.stack([-v @ f @ A for A in self.tasks.A[1:]]) - U.T @ f @ self.A
        return along, np.stack([-v @ (divided * A) @ U for A in self.tasks.A[1:]], axis=1)
