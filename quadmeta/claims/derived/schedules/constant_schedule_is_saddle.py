"""The best constant step size is a saddle among schedules, of Morse index T - 1."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread
from quadmeta.claims.families.schedules import Loss, enriched, negative
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Values,
)


class DerivedConstantScheduleIsSaddle(Claim):
    """The Hessian of G = log F / T in eta_1, ..., eta_T where all equal the best constant step
    size, F'(eta) = 0.

    With q = E[u^2] = sum_i omega_i lambda_i^2 a_i^(2T - 2) / F, a = 1 - eta lambda, the eigenvalues
    are (4 - 2/T) q along (1, ..., 1) and -2q/T on the rest: a strict saddle for T >= 2. The
    gradient has equal entries at any constant schedule, so that descent from there never leaves the
    diagonal. Sides: the Hessian and (4 1 1'/T - 2 I/T) q by entries; its number of negative pivots,
    and T - 1.

    An instance meets F'(eta) = 0 by the scale of the weights with a_i < 0.

    Proof. u = lambda / a, E over weights omega a^(2T)/F: the Hessian of G is (4/T) Cov(U) - (2/T)
    diag(E[U_t^2]) with all U_t = u, and E[u] = -F'/(2TF) = 0. q > 0: for kappa > 1 some a_i is not
    0. Where a_i = 0 and T >= 2 the mode contributes nothing to q and to the Hessian; at T = 1 it
    adds 2 omega lambda^2 / F to both.
    """

    reference = "derived"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"\eta_t=\eta^*_T:\quad\nabla^2G=\tfrac4TE_\pi[u^2]\mathbf 1\mathbf 1^\top-\tfrac2TE_"
            r"\pi[u^2]I,\quad\text{index }T-1",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The stationary step size of a task with two eigenvalues."""
        return {
            "kappa > 1": spread(x["eigenvalues"]),
            "F'(eta) = 0": derivatives(x["eigenvalues"], x["weights"], x["eta"], x["steps"])[1],
        }

    def prepare(self, x: Instance) -> Instance:
        """A step size between 1/L and 1/mu, and weights for which it is stationary."""
        x = enriched(x, 2, "weights")
        lam = x["eigenvalues"]
        eta = x["eta"]
        odd = 2 * x["steps"] - 1
        if not 1 / max(lam) < eta < 1 / min(lam):
            eta = 2 / (max(lam) + min(lam))
        terms = [w * v * (1 - eta * v) ** odd for w, v in zip(x["weights"], lam, strict=True)]
        scale = -sum(t for t in terms if t > 0) / sum(t for t in terms if t < 0)
        return {
            **x,
            "eta": eta,
            "weights": tuple(
                w * scale if t < 0 else w for w, t in zip(x["weights"], terms, strict=True)
            ),
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Entries of the Hessian and its index; the formula and T - 1."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        T = x["steps"]
        F = Loss.at(lam, omega, np.array([x["eta"]] * T))
        H = (F.hessian / F.value - np.outer(F.gradient, F.gradient) / F.value**2) / T
        q = (omega * lam**2 * (1 - x["eta"] * lam) ** (2 * T - 2)).sum() / F.value
        formula = np.array([[(4 - 2 * (s == t)) * q / T for t in range(T)] for s in range(T)])
        return (
            np.array([*H.flat, negative(H)], dtype=object),
            np.array([*formula.flat, T - 1], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A symmetric spectrum with a mode at 1/eta; T = 1."""
        for steps in (1, 2, 5):
            yield {"eigenvalues": (1, 2, 3), "weights": (3, 1, 1), "eta": "1/2", "steps": steps}
