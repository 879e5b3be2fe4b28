"""G = log F / T decreases strictly up to one step size and increases strictly after it."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread
from quadmeta.claims.reductions.steps import end_weights, increasing, slope_increases
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


class Wang2021LogUniqueMinimizer(Claim):
    """The log objective G = log F / T has one stationary point, its minimiser; G' has the sign of
    F'.

    Compared for two step sizes left < right: F(left) > 0, F'(left) < F'(right),
    F'(1/L) < 0 < F'(1/mu). So G' < 0 before the zero of F' and > 0 after it. At kappa = 1 the loss
    reaches 0 at 1/L: G has a pole there and no minimum.

    Proof. kappa > 1: some a_i is not 0, so F > 0 and F'' > 0 at every eta; G' = F' / (T F). At 1/L
    all a_i >= 0, at 1/mu all a_i <= 0, and not all of them are 0.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 4"
    source = SOURCE
    standing = "theorem"
    strength = "ordering"
    relation = "<"
    forms = {
        "printed": Form(
            r"G'<0\text{ on }(-\infty,\eta^*_T),\quad G'>0\text{ on }(\eta^*_T,\infty),\quad"
            r"1/L<\eta^*_T<1/\mu\quad(\kappa>1)",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "left": STEP_SIZE,
        "right": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct active eigenvalues and two ordered step sizes."""
        return {"kappa > 1": spread(x["eigenvalues"]), "left < right": x["right"] - x["left"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(F'(left), 0, F'(1/L), 0) and (F'(right), F(left), 0, F'(1/mu))."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        T = x["steps"]
        left, right, first, last = (
            derivatives(lam, omega, eta, T)
            for eta in (x["left"], x["right"], 1 / lam.max(), 1 / lam.min())
        )
        return np.array([left[1], 0, first[1], 0]), np.array([right[1], left[0], 0, last[1]])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Around 2/(L + mu), and a nearly inactive mode at the other's inverse."""
        yield {
            "eigenvalues": (1, 3),
            "weights": (1, 1),
            "left": "499/1000",
            "right": "501/1000",
            "steps": 6,
        }
        yield {
            "eigenvalues": (1, 2),
            "weights": (1, "1/1000"),
            "left": 1,
            "right": "1001/1000",
            "steps": 3,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One eigenvalue, at its inverse."""
        if assumption == "kappa > 1":
            yield {"eigenvalues": (3,), "weights": (5,), "left": "1/3", "right": 1, "steps": 4}

    def boxes(self, form: str) -> Iterable[Box]:
        """F' increases at T = 2, 3, 5 (F' is linear at T = 1); F > 0 since two modes do not vanish
        at once.
        """

        def positive(T: int) -> Box:
            def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
                return 0, (1 - x["mu"] * x["x"]) ** (2 * T) + (1 - x["x"]) ** (2 * T)

            def reduce(x: Instance) -> list[Reduced]:
                L = max(x["eigenvalues"])
                point = {"mu": min(x["eigenvalues"]) / L, "x": x["left"] * L}
                inside = x["steps"] == T and 16 * point["mu"] <= 15 and point["x"] <= 4
                if inside:
                    return [Reduced(point, min(end_weights(x["eigenvalues"], x["weights"])), 1)]
                return []

            return Box(
                {"mu": (0, "15/16"), "x": (0, 4)},
                sides,
                f"T = {T}, any d and weights: modes mu and L = 1, "
                "x = eta L; mu = 1 is one mode, which vanishes at x = 1",
                reduce,
            )

        yield from (
            increasing(T, lambda x: slope_increases(x["eigenvalues"], x["weights"], x, 0))
            for T in (2, 3, 5)
        )
        yield from map(positive, (1, 2, 3))
