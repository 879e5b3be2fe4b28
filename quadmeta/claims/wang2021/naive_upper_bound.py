"""|F'(eta)| <= T sum_i c_i^2 lambda_i^2 |1 - eta lambda_i|^(2T-1)."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, ENERGY, STEP_SIZE, STEPS, Instance, Values


class Wang2021NaiveUpperBound(Claim):
    """Upper bound of the meta-gradient of the naive objective F(eta) = f(w_T).

    Printed: for eta < 2/L the bound above, where it says that the meta-gradient vanishes
    exponentially in T. Repaired: the same for every real eta, with equality for eta <= 1/L and for
    eta >= 1/mu.

    Proof. F' = -T sum c_i^2 lambda_i^2 a_i^(2T-1) with a_i = 1 - eta lambda_i: triangle
    inequality. All a_i are >= 0 for eta <= 1/L and <= 0 for eta >= 1/mu: no cancellation.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 3"
    source = SOURCE
    standing = "theorem"
    strength = "tight"
    forms = {
        "printed": Form(
            r"|F'(\eta)| \le T\sum_i c_i^2\lambda_i^2|1-\eta\lambda_i|^{2T-1}\quad(\eta<2/L)",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        ),
        "stated": Form(
            r"|F'(\eta)| \le T\sum_i c_i^2\lambda_i^2|1-\eta\lambda_i|^{2T-1}\quad(\eta\ge0),"
            r"\text{ equality for }\eta\le1/L\text{ and }\eta\ge1/\mu",
            "holds",
            "proof + exact",
            "no restriction of the step size is needed",
            proved=True,
            attained=True,
        ),
    }
    domain = {"eigenvalues": EIGENVALUES, "energy": ENERGY, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta < 2/L as printed, none as repaired."""
        if form == "printed":
            return {"eta < 2/L": 2 / x["eigenvalues"].max() - x["eta"]}
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|F'| and the sum of magnitudes; as stated also the other way round where they are said
        to be equal, and 0 elsewhere.
        """
        lam = x["eigenvalues"]
        energy = x["energy"]
        eta = x["eta"]
        T = x["steps"]
        size = abs(derivatives(lam, lam * energy / 2, eta, T)[1])
        bound = T * (energy * lam**2 * abs(1 - eta * lam) ** (2 * T - 1)).sum(axis=-1)
        if form == "printed":
            return size, bound
        equal = int(eta <= 1 / lam.max() or eta >= 1 / lam.min())
        return np.array([size, equal * bound]), np.array([bound, equal * size])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality at 1/L (and at 1/mu), strict inequality between."""
        inside = ("1/3", "1/2")
        beyond = ("1", "5")
        for eta in inside if form == "printed" else inside + beyond:
            yield {"eigenvalues": (1, 3), "energy": (2, "2/3"), "eta": eta, "steps": 2}

    def boxes(self, form: str) -> Iterable[Box]:
        """1/L < eta < 1/mu, where a_mu > 0 > a_L; elsewhere it is an identity. Other modes add no
        less to the bound.
        """

        def opposite(T: int) -> Box:
            n = 2 * T - 1

            def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
                return abs(x["k"] * x["g"] ** n - 1), x["k"] * x["g"] ** n + 1

            def reduce(x: Instance) -> list[Reduced]:
                modes = sorted(zip(x["eigenvalues"], x["energy"], strict=True))
                parts = [(1 - x["eta"] * v, c * v**2) for v, c in (modes[0], modes[-1])]
                (a, small), (b, large) = sorted(parts, key=lambda part: abs(part[0]))
                inside = x["steps"] == T and a * b < 0 and small <= 16 * large
                if inside:
                    return [Reduced({"k": small / large, "g": abs(a / b)}, T * large * abs(b) ** n)]
                return []

            return Box(
                {"k": (0, 16), "g": (0, 1)},
                sides,
                f"T = {T}, any d: modes mu and L, g <= 1 the ratio of |a|, k that of c^2 lambda^2",
                reduce,
            )

        yield from map(opposite, (1, 2, 3, 5))
