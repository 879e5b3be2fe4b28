"""For which auxiliary weights the Neumann series of a fixed scale converges, and what it returns
outside.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY, PRODUCTS, neumann, pivots, reflection, solve
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedNeumannStability(Claim):
    """One auxiliary task: convergent iff phi < phi_crit = 1/theta_max,
    A_1 x = theta (2/nu I - A_0) x, rho I in A_0.

    At phi_crit, where nu L = 2, the sum x_J of the top eigenvector v alternates: 0 for odd J,
    nu v = 2 v/L for even J, while the exact value is v/L. Beyond, f_J(L) < 0 for odd J: the sign
    flips before anything blows up; for even J f_J > 0 always.

    Here 2/nu I - A_0 = B B' and A_1 = B diag(theta) B' with B = R_1 diag(scales) R_2: they need
    not commute.

    Proof. 2/nu I - H(phi) = B (I - phi diag(theta)) B' is positive definite iff phi theta_max < 1,
    singular along B'^-1 e_max at phi_crit; with H >= A_0 > 0 this is |1 - nu lambda| < 1 for every
    eigenvalue. f_J(lambda) = (1 - (1 - nu lambda)^(J+1))/lambda: an odd power of 1 - nu lambda < 1
    is < 1, an even one iff nu lambda < 2, and 1 at 2.
    """

    reference = "derived; on a truncated Neumann series"
    strength = "identity"
    draws = 80
    forms = {
        "stated": Form(
            r"\|I-\nu H(\phi)\|<1\iff\phi\theta_{\max}<1;\quad f_J(H(\phi))\succ0\iff J\text{ "
            r"even or"
            r" }\phi\theta_{\max}<1;\quad f_J(2/\nu)=\nu\,[J\text{ even}]",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "scales": Parameter("s_i", open=True, axis="d", reach=3),
        "thetas": Parameter(r"\theta_i", axis="d"),
        "left": ANY,
        "right": ANY,
        "nu": Parameter(r"\nu", open=True, reach=3),
        "phi": Parameter(r"\phi", reach=3),
        "products": PRODUCTS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A strongly convex main task, and an auxiliary one with curvature."""
        return {"A_0 > 0": 2 / x["nu"] - max(x["scales"]) ** 2, "A_1 != 0": max(x["thetas"])}

    def prepare(self, x: Instance) -> Instance:
        """nu where A_0 > 0; every third weight critical."""
        nu = min(x["nu"], Fraction(9, 5) / max(x["scales"]) ** 2)
        top = max(x["thetas"])
        return {**x, "nu": nu, "phi": 1 / top if top and x["products"] % 3 == 0 else x["phi"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Whether I - (I - nu H)^2 and the looped f_J(H) are positive definite, x_J of the
        critical top eigenvector.
        """
        theta = x["thetas"]
        nu = x["nu"]
        phi = x["phi"]
        J = x["products"]
        B = (reflection(x["left"]) * x["scales"]) @ reflection(x["right"])
        one = reflection(0 * x["left"])
        main = 2 / nu * one - B @ B.T
        task = (B * theta) @ B.T
        stable = phi * max(theta) < 1
        even = J % 2 == 0
        H = main + phi * task
        definite = [
            min(pivots(A)) > 0
            for A in (one - (one - nu * H) @ (one - nu * H), neumann(H, one, nu, J))
        ]
        top = solve(B.T, one[:, int(np.argmax(theta))])
        critical = neumann(main + task / max(theta), top, nu, J)
        return (
            np.array([*map(int, definite), *critical], dtype=object),
            np.array([int(stable), int(stable or even), *(nu * even * top)], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Odd and even J just below, at and just beyond the critical weight 1/3."""
        for phi in ("33/100", "1/3", "34/100"):
            for J in (2, 3):
                yield {
                    "scales": (1, "1/2"),
                    "thetas": (1, 3),
                    "left": (1, 2),
                    "right": (1, 1),
                    "nu": 1,
                    "phi": phi,
                    "products": J,
                }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A concave direction of the main task."""
        yield {
            "scales": (1, 2),
            "thetas": (1, 1),
            "left": (0, 0),
            "right": (0, 0),
            "nu": 1,
            "phi": "1/2",
            "products": 1,
        }
