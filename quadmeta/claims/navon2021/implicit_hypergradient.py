"""The hypergradient of auxiliary weights by implicit differentiation, and its derivative."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import APART, Family, bend, family, slope, solve
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class Navon2021ImplicitHypergradient(Claim):
    """d F / d phi_k = -v' H^-1 u_k for F(phi) = L_A(w_*(phi)), with v = grad L_A and u_k = grad
    l_k at w_*(phi).

    The left side differentiates the rational function F by dual numbers. Stated beside it: with
    S_k = -H^-1 u_k the second derivative is S_j' A_A S_k - v' H^-1 (A_j S_k + A_k S_j).

    Proof. Differentiate H w_* = r_0 + sum phi_k r_k: A_k w_* + H S_k = r_k, so S_k = -H^-1 u_k is
    d w_* / d phi_k; once more, H d^2 w_* / d phi_j d phi_k = -A_j S_k - A_k S_j. Chain rule on
    L_A.
    """

    reference = "Note on Navon et al. 2021, gradient of L_A in phi"
    source = SOURCE
    standing = "formula"
    strength = "identity"
    draws = 60
    forms = {
        "printed": Form(
            r"\partial_kF=-\nabla L_A^\top(\nabla_w^2L_T)^{-1}\nabla\ell_k",
            "holds",
            "proof + exact",
            proved=True,
        ),
        "stated": Form(
            r"\partial_{jk}F=S_j^\top A_AS_k-v^\top H^{-1}(A_jS_k+A_kS_j)",
            "holds",
            "proof + exact",
            "the second derivative",
            proved=True,
        ),
    }
    domain = family(2)

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The inner problem has one minimiser."""
        f = Family.of(x)
        return {"H(phi) > 0": f.convexity(f.phi)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Derivatives of F by dual numbers, 1 and 2, or 11, 12 and 22 (stated); the formulas."""
        f = Family.of(x)
        pairs = ((0, 0), (0, 1), (1, 1))
        tasks = f.tasks[1:]
        w = f.minimiser(f.phi)
        H = f.hessian(f.phi)
        adjoint = solve(H, f.outer.gradient(w))
        if form == "printed":
            exact = [slope(f.value, f.phi, k) for k in range(2)]
            first = [-adjoint @ task.gradient(w) for task in tasks]
            return np.array(exact, dtype=object), np.array(first, dtype=object)
        exact = [bend(f.value, f.phi, *jk) for jk in pairs]
        S = [-solve(H, task.gradient(w)) for task in tasks]
        second = [
            S[j] @ f.outer.A @ S[k] - adjoint @ (tasks[j].A @ S[k] + tasks[k].A @ S[j])
            for j, k in pairs
        ]
        return np.array(exact, dtype=object), np.array(second, dtype=object)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Diagonal tasks of which the first has F' = 523/3375 and F'' = -2206/16875; three that do
        not commute.
        """
        zero = (0, 0)
        yield {
            "rho": 0,
            "s0": (1, "1/4"),
            "p0": zero,
            "b0": zero,
            "s1": ("1/2", 1),
            "p1": zero,
            "b1": (1, 2),
            "s2": zero,
            "p2": (1, 1),
            "b2": (1, 1),
            "sA": (1, 1),
            "pA": zero,
            "bA": ("1/2", 1),
            "phi1": 1,
            "phi2": 0,
        }
        yield {
            **APART,
            "s0": zero,
            "s2": zero,
            "p2": (1, -1),
            "b2": (2, 0),
            "phi1": 2,
            "phi2": 1,
        }
