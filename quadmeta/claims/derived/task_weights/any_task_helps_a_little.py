"""No task, however biased and noisy, raises the expected risk to first order in its weight."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.collapse import REGRESSION, Regression, inverse, jacobian, trace
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedAnyTaskHelpsALittle(Claim):
    """At phi = 0 without ridge: dR/dphi_k = -2 sigma_0^2/n_0 tr(Sigma A_0^-1 A_k A_0^-1) <= 0 for
    every task k.

    Bias enters at second order only. Where the slope is 0, as for A_k = 0, nothing is said of a
    finite weight; it is < 0 for any other task if Sigma > 0 and sigma_0 > 0. Compared are the
    slopes of the risk of the general solution by dual numbers with the formula, and the largest
    slope above 0 with 0. Noise shared with the main task (n_k = n_0 paired samples, of covariance
    c) adds 2 c/n tr(Sigma A_0^-1 R_0 R_k A_0^-1), R_k = A_k^(1/2), and a ridge already shrinks:
    either may turn the sign. It is an expectation over label noise: the slope of one sample has
    either sign. A task that pulls to 0, A_k = I, is ridge regression (Hoerl and Kennard 1970).

    Proof. H^-1 = A_0^-1 - phi A_0^-1 A_k A_0^-1 + O(phi^2); the bias is O(phi), its square
    O(phi^2), the covariance sigma_0^2/n_0 H^-1 (A_0 + O(phi^2)) H^-1. The trace is that of a
    product of positive semidefinite matrices.
    """

    reference = "derived; Hoerl and Kennard 1970 for A_k = I"
    strength = "identity"
    draws = 120
    forms = {
        "stated": Form(
            r"\rho=0,\ \phi=0:\quad\partial_{\phi_k}\mathcal "
            r"R=-\tfrac{2\sigma_0^2}{n_0}\,\mathrm{tr}"
            r"(\Sigma A_0^{-1}A_kA_0^{-1})\le0",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {**REGRESSION, "shared": Parameter("c", reach=3)}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """No ridge, independent noise; if not, of paired samples and with a covariance matrix."""
        unpaired = sum(abs(n - x["n0"]) for n in x["n"])
        definite = x["noise0"] * min(x["noise"]) - len(x["n"]) * x["shared"] ** 2
        return {
            "rho = 0": x["rho"],
            "c = 0": x["shared"],
            "noise covariance >= 0": min(definite, -x["shared"] * unpaired),
        }

    def prepare(self, x: Instance) -> Instance:
        """No ridge, independent noise."""
        return {**x, "rho": 0 * x["rho"], "shared": 0 * x["shared"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(First slope, their sum, largest slope or 0) and (the formula, its sum, 0)."""
        model = Regression.of(x, x["shared"] / x["n0"])
        slopes = jacobian(model.risk, 0 * x["weights"])
        root = inverse(model.roots[0] @ model.roots[0])
        formula = [
            -2 * model.noise[0] * trace(model.Sigma @ root @ R @ R @ root) for R in model.roots[1:]
        ]
        worst = max(Fraction(0), *slopes)
        return (
            np.array([slopes[0], sum(slopes), worst]),
            np.array([formula[0], sum(formula), Fraction(0)]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A strongly biased and noisy task of rank one and a clean one; ridge regression as a
        task; a task without inputs, of slope 0.
        """
        base = {
            "p": 1,
            "q": 2,
            "low": (0, 1),
            "high": (1, 2),
            "turn": ("1/2", 0),
            "x": (50, 0),
            "y": (70, 0),
            "weights": (0, 0),
            "noise0": 2,
            "n0": 3,
            "noise": (900, "1/2"),
            "n": (6, 2),
            "spread": 2,
            "tilt": 1,
            "rho": 0,
            "shared": 0,
        }
        yield base
        yield self._ridge("1/2")
        yield {**self._ridge("1/2"), "low": (0,), "high": (0,)}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """More ridge than the optimum; noise of the main task that the other amplifies."""
        yield {**self._ridge("1/2"), "rho": 9}
        yield {**self._ridge(9), "n": (2,), "shared": 2}

    def _ridge(self, noise: Any) -> Mapping[str, Any]:
        return {
            "p": 1,
            "q": 1,
            "low": (1,),
            "high": (1,),
            "turn": (1,),
            "x": (-1,),
            "y": (-1,),
            "weights": (0,),
            "noise0": 1,
            "n0": 2,
            "noise": (noise,),
            "n": (5,),
            "spread": 1,
            "tilt": 0,
            "rho": 0,
            "shared": 0,
        }
