"""The best schedule of T step sizes reaches the loss of T steps of conjugate gradients."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY, reflection, turned
from quadmeta.claims.families.schedules import (
    conjugate_gradients,
    distinct,
    enriched,
    least,
    orthogonal,
)
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEPS, Instance, Parameter, Values


class DerivedScheduleOptimumIsCg(Claim):
    """min F over eta_1, ..., eta_T = f(w_T) of conjugate gradients from w_0 = 1 / sum_{k <= T}
    phi_k(0)^2.

    phi_k are orthonormal for the measure sum_i omega_i delta(lambda_i) and 1/eta_t are the roots
    of the monic polynomial psi_T orthogonal for the weights omega_i lambda_i: the Ritz values of
    the residual H (w_0 - w_*), simple and inside (mu, L). H = R diag(lambda) R, w_0 - w_* = R c
    with a reflection R along "turn".

    Sides: f(w_T) of conjugate gradients, twice, their residual polynomial at each lambda_i, and
    the sign changes of psi_0, ..., psi_T at L and at mu (T minus these is the number of roots left
    of L, and of mu); the minimum over all polynomials by the normal equations, the sum,
    psi_T(lambda_i)/psi_T(0), and 0 and T.

    Proof. Conjugate gradients minimise f over w_0 + K_T(H, r_0), that is F over all p of degree T
    with p(0) = 1. The first-order condition sum omega lambda p r = 0 for deg r < T makes p a
    multiple of psi_T, whose roots are real, simple and inside (mu, L): so p is the product of a
    schedule. By Cauchy and Schwarz for the coefficients of p in the basis phi_k, 1 = p(0)^2 <= F
    sum_k phi_k(0)^2, with equality for one p. Sturm: sign changes count roots.
    """

    reference = "derived; Hestenes and Stiefel 1952"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"\min_{\eta\in\mathbb R^T}F=f(w_T^{\rm CG})=\Big(\sum_{k\le "
            r"T}\varphi_k(0)^2\Big)^{-1},"
            r"\quad1/\eta_t\text{ the Ritz values}",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": Parameter("c_i", open=True, axis="d"),
        "turn": ANY,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Fewer steps than distinct eigenvalues."""
        return {"T < distinct eigenvalues": distinct(x["eigenvalues"]) - x["steps"]}

    def prepare(self, x: Instance) -> Instance:
        """Two eigenvalues at least, and fewer steps."""
        more = enriched(x, 2, "error")
        return {
            **more,
            "turn": x["turn"] + x["turn"][:1] * (len(more["error"]) - len(x["error"])),
            "steps": min(x["steps"], distinct(more["eigenvalues"]) - 1),
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Conjugate gradients; the minimum, the kernel and the orthogonal polynomial."""
        lam = x["eigenvalues"]
        c = x["error"]
        T = x["steps"]
        H = turned(lam, x["turn"])
        R = reflection(x["turn"])
        omega = lam * c**2 / 2
        e = conjugate_gradients(H, R @ c, T)
        value = e @ H @ e / 2
        kernel = sum(at[0] ** 2 / norm for at, norm in orthogonal(lam, omega, T, 0 * lam[:1]))
        points = np.array([0 * lam[0], lam.max(), lam.min(), *lam], dtype=object)
        psi = np.array([at for at, norm in orthogonal(lam, omega * lam, T, points)])
        changes = (psi[1:] * psi[:-1] < 0).sum(axis=0)
        best = least([(omega * lam**k).sum() for k in range(2 * T + 1)], T)
        return (
            np.array([value, value, *(R @ e / c), *map(int, changes[1:3])], dtype=object),
            np.array([best, 1 / kernel, *(psi[-1, 3:] / psi[-1, 0]), 0, T], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A repeated eigenvalue; T = d - 1; the optimum (1, 1/2)."""
        yield {
            "eigenvalues": (1, 3, 3, 5),
            "error": (1, 2, 1, 1),
            "turn": (1, 2, 0, -1),
            "steps": 2,
        }
        yield {"eigenvalues": (1, 2, 4, 5), "error": (1, 1, 1, 1), "turn": (1, 1, 1, 2), "steps": 3}
        yield {"eigenvalues": (1, 3), "error": (1, 1), "turn": (0, 0), "steps": 1}
