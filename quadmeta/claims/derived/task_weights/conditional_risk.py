"""The expected risk of weighted tasks given the inputs, and its derivative: an outer loss without
sampling.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.collapse import (
    REGRESSION,
    Regression,
    diagonal,
    inverse,
    jacobian,
    trace,
)
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class DerivedConditionalRisk(Claim):
    """Tasks of parameters w + delta_k with independent noise, any inputs and ridge: R(phi) = E
    |w_* - w|^2_Sigma.

    With phi_0 = 1, C = sum_k phi_k^2 sigma_k^2/n_k A_k and the bias
    zeta = H^-1 (sum_k phi_k A_k delta_k - rho w), R = zeta' Sigma zeta + tr(Sigma H^-1 C H^-1) and
    dR/dphi_k = 2 zeta' Sigma H^-1 A_k (delta_k - zeta) + 2 phi_k sigma_k^2/n_k
    tr(Sigma H^-1 A_k H^-1) - 2 tr(Sigma H^-1 A_k H^-1 C H^-1). Compared are the risk, from the
    responses of w_* to one direction of label noise at a time, and its derivatives, by dual
    numbers, with these.

    Proof. w_* - w = zeta + H^-1 sum_k phi_k X_k'e_k/n_k, and X_k'e_k/n_k has mean 0 and covariance
    sigma_k^2/n_k A_k. dH/dphi_k = A_k gives dzeta = H^-1 A_k (delta_k - zeta), dH^-1 = -H^-1 A_k
    H^-1.
    """

    reference = "derived"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"\mathcal R=\zeta^\top\Sigma\zeta+\mathrm{tr}(\Sigma H^{-1}CH^{-1}),\quad\partial_k"
            r"\mathcal R=2\zeta^\top\Sigma H^{-1}A_k(\delta_k-\zeta)+2\phi_k\tfrac{\sigma_k^2}{n_k}"
            r"\mathrm{tr}(\Sigma H^{-1}A_kH^{-1})-2\,\mathrm{tr}(\Sigma H^{-1}A_kH^{-1}CH^{-1})",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {**REGRESSION, "shared": Parameter("c", reach=1)}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Noise independent of that of the main task."""
        return {"c = 0": x["shared"]}

    def prepare(self, x: Values) -> Any:
        """Independent noise."""
        return {**x, "shared": 0 * x["shared"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """R, dR/dphi_1 and the sum of the derivatives, twice."""
        model = Regression.of(x, x["shared"] / x["n0"])
        phi = x["weights"]
        slopes = jacobian(model.risk, phi)
        A = [R @ R for R in model.roots]
        full = (1, *phi)
        backward = inverse(
            sum(f * M for f, M in zip(full, A, strict=True)) + diagonal(model.rho, model.rho)
        )
        center = np.array([model.rho, model.rho])
        zeta = backward @ (
            sum(f * M @ d for f, M, d in zip(full, A, model.shift, strict=True)) - center
        )
        moved = [f * backward @ R for f, R in zip(full, model.roots, strict=True)]
        risk = zeta @ model.Sigma @ zeta + sum(
            s * trace(G.T @ model.Sigma @ G) for s, G in zip(model.noise, moved, strict=True)
        )
        C = sum(f * f * s * M for f, s, M in zip(full, model.noise, A, strict=True))
        formula = [
            2
            * (
                zeta @ model.Sigma @ backward @ M @ (d - zeta)
                + f * s * trace(model.Sigma @ backward @ M @ backward)
                - trace(model.Sigma @ backward @ M @ backward @ C @ backward)
            )
            for M, d, f, s in zip(A[1:], model.shift[1:], phi, model.noise[1:], strict=True)
        ]
        return (
            np.array([model.risk(phi), slopes[0], sum(slopes)]),
            np.array([risk, formula[0], sum(formula)]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two tasks of inputs that do not commute, with a ridge."""
        yield {
            "p": 1,
            "q": 2,
            "low": (0, 1),
            "high": (1, 2),
            "turn": ("1/2", 0),
            "x": (1, 2),
            "y": (0, -1),
            "noise0": 2,
            "n0": 3,
            "noise": (1, 3),
            "n": (6, 4),
            "spread": 2,
            "tilt": 1,
            "rho": "1/2",
            "weights": ("1/3", 2),
            "shared": 0,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Shared noise."""
        yield {**next(iter(self.cases("stated"))), "shared": "1/2"}
