"""The error of a truncated Neumann series in the hypergradient of auxiliary weights."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import SPECTRUM, neumann, reflection, solve, turned
from quadmeta.claims.reductions.angles import aligned, filtered
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedNeumannTruncation(Claim):
    """ghat_k - g_k = sum_i (1 - nu lambda_i)^(J+1) v_i u_i / lambda_i in the eigenbasis of H, for
    J products with H.

    So each eigen-direction of g_k has the relative error (1 - nu lambda_i)^(J+1), and
    |ghat_k - g_k| <= max_i |1 - nu lambda_i|^(J+1) / lambda_i |v| |u_k|, attained for v and u_k
    along the maximising eigenvector. It holds for every nu, also where the series diverges.

    Proof. ghat_k = -u_k' x_J and x_J = H^-1 (I - (I - nu H)^(J+1)) v, the geometric sum.
    Cauchy-Schwarz.
    """

    reference = "derived; on a truncated Neumann series"
    aliases = ("navon2021_neumann_truncation",)
    strength = "tight"
    draws = 80
    forms = {
        "stated": Form(
            r"\hat g_k-g_k=\sum_i\tfrac{(1-\nu\lambda_i)^{J+1}}{\lambda_i}\tilde v_i\tilde u_{k,i},"
            r"\quad|\hat g_k-g_k|\le\max_i\tfrac{|1-\nu\lambda_i|^{J+1}}{\lambda_i}\|v\|\|u_k\|",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = SPECTRUM

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain, H > 0."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Loop minus solve, and the sum, as <= both ways; its square, and that of the bound."""
        lam, v, u, nu, J = (x[key] for key in ("eigenvalues", "outer", "task", "nu", "products"))
        H = turned(lam, x["turn"])
        R = reflection(x["turn"])
        error = u @ solve(H, v) - u @ neumann(H, v, nu, J)
        factors = (1 - nu * lam) ** (J + 1) / lam
        total = (factors * (R @ v) * (R @ u)).sum()
        bound = max(factors**2) * (v @ v) * (u @ u)
        return np.array([error, -error, error**2], dtype=object), np.array(
            [total, -total, bound], dtype=object
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Along the slow eigenvector (3, 4), of either sign; along the diverging one (4, -3);
        across.
        """
        slow = {
            "eigenvalues": (1, 3),
            "turn": (2, 1),
            "outer": (3, 4),
            "task": (3, 4),
            "nu": "1/3",
            "products": 2,
        }
        yield slow
        yield {**slow, "task": ("-3/4", -1)}
        yield {**slow, "outer": ("4/3", -1), "task": ("4/3", -1), "nu": 1}
        yield {**slow, "task": (1, 2), "nu": "1/2"}

    def boxes(self, form: str) -> Iterable[Box]:
        """The bound, at any J and nu: Cauchy-Schwarz with the factors
        (1 - nu lambda_i)^(J+1) / lambda_i.
        """

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            lam = x["eigenvalues"]
            R = reflection(x["turn"])
            factors = (1 - x["nu"] * lam) ** (x["products"] + 1) / lam
            return filtered(factors, R @ x["outer"], R @ x["task"], Fraction(1), component=2)

        yield aligned(reduce)
