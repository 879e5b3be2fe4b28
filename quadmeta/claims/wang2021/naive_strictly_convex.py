"""F(eta) = f(w_T) is strictly convex and has one minimiser, between 1/L and 1/mu."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread
from quadmeta.claims.reductions.steps import end_weights
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Values,
)


class Wang2021NaiveStrictlyConvex(Claim):
    """The naive objective F = sum_i omega_i a_i^(2T), a_i = 1 - eta lambda_i, is strictly convex
    for kappa > 1.

    Compared with 0: F''(eta), -F'(1/L) and F'(1/mu), so that the one minimiser lies in
    (1/L, 1/mu); (0, 2/L) need not contain it. At kappa = 1 and T >= 2 the second derivative
    vanishes at 1/L.

    Proof. F'' = 2T (2T-1) sum omega lambda^2 a^(2T-2) >= 0, and for kappa > 1 some a_i is not 0.
    At 1/L every a_i is >= 0 and one is > 0, so F' < 0; at 1/mu every a_i is <= 0 and one is < 0,
    so F' > 0.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 3"
    source = SOURCE
    standing = "theorem"
    strength = "lower"
    relation = ">"
    forms = {
        "printed": Form(
            r"F''(\eta)>0\ \text{ for every }\eta,\quad F'(1/L)<0<F'(1/\mu)\quad(\kappa>1)",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct active eigenvalues."""
        return {"kappa > 1": spread(x["eigenvalues"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(F''(eta), -F'(1/L), F'(1/mu)) and 0."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        T = x["steps"]
        ends = [derivatives(lam, omega, 1 / end, T)[1] for end in (lam.max(), lam.min())]
        lhs = np.array([derivatives(lam, omega, x["eta"], T)[2], -ends[0], ends[1]])
        return lhs, lhs * 0

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Where all but one residual factor vanish, and a nearly inactive mode."""
        yield {"eigenvalues": (1, 1, 2), "weights": (1, 1, "1/1000"), "eta": 1, "steps": 5}
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "eta": "1/2", "steps": 2}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One eigenvalue, at its inverse."""
        yield {"eigenvalues": (3,), "weights": (5,), "eta": "1/3", "steps": 4}

    def boxes(self, form: str) -> Iterable[Box]:
        """F'' > 0 at T = 2, 3, 5 (a constant at T = 1), by the two extreme modes."""

        def convex(T: int) -> Box:
            m = 2 * T

            def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
                mu = x["mu"]
                eta = x["x"]
                return mu**2 * (1 - mu * eta) ** (m - 2) + (1 - eta) ** (m - 2), 0

            def reduce(x: Instance) -> list[Reduced]:
                lam = x["eigenvalues"]
                L = max(x["eigenvalues"])
                point = {"mu": min(lam) / L, "x": x["eta"] * L}
                least = min(end_weights(lam, x["weights"]))
                inside = x["steps"] == T and 1 <= 16 * point["mu"] <= 15 and point["x"] <= 4
                if inside:
                    return [Reduced(point, m * (m - 1) * L**2 * least)]
                return []

            return Box(
                {"mu": ("1/16", "15/16"), "x": (0, 4)},
                sides,
                f"T = {T}, any d and weights: modes mu and L = "
                "1, x = eta L; at x = 1 it is 0 for mu = 0 and 1",
                reduce,
            )

        yield from map(convex, (2, 3, 5))
