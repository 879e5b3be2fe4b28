"""G'' >= -G'^2 / 2: the curvature of the log objective is bounded below, i.e. the root objective
is convex.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.formulas import derivatives
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


class DerivedLogCurvature(Claim):
    """G'' + G'^2 / 2 >= 0 for G = log F / T wherever F > 0; equivalently R'' >= 0 for the root
    R = F^(1/2T).

    Multiplied by 2 T^2 F^2 it reads 2T F F'' >= (2T - 1) F'^2. Equality iff u_i = lambda_i / a_i is
    the same for all modes with a_i != 0 (T >= 2): one eigenvalue, or two of which one has a_i = 0.

    Proof. F' = -2T sum omega lambda a^(2T-1), F'' = 2T (2T-1) sum omega lambda^2 a^(2T-2), and
    Cauchy-Schwarz for the vectors omega^(1/2) a^T and omega^(1/2) lambda a^(T-1).
    """

    reference = "derived; Wang, Yuan, Wu, Ge 2021 give no lower bound of the curvature"
    strength = "tight"
    relation = ">="
    forms = {
        "stated": Form(
            r"G''\ge-\tfrac12G'^2\iff2T\,F\,F''\ge(2T-1)\,F'^2",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None: where F = 0 both sides are 0."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """2T F F'' and (2T - 1) F'^2."""
        T = x["steps"]
        loss, slope, curvature = derivatives(x["eigenvalues"], x["weights"], x["eta"], T)
        return 2 * T * loss * curvature, (2 * T - 1) * slope**2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality for one eigenvalue, and for two at eta = 1/L."""
        yield {"eigenvalues": (2,), "weights": (3,), "eta": 5, "steps": 3}
        yield {"eigenvalues": (1, 2), "weights": (1, 1), "eta": "1/2", "steps": 2}
        yield {"eigenvalues": (1, 2), "weights": (1, 1), "eta": "2/3", "steps": 4}

    def boxes(self, form: str) -> Iterable[Box]:
        """Lagrange's identity: 4T^2 (2T-1) sum_(i<j) omega_i omega_j (a_i a_j)^(2T-2)
        (lambda_j a_i - lambda_i a_j)^2.

        So each pair of modes has to show P^2 + Q^2 >= 2 P Q; the larger is scaled to 1.
        """

        def reduce(x: Instance) -> list[Reduced]:
            T = x["steps"]
            modes = sorted(zip(x["eigenvalues"], x["weights"], strict=True))
            v, c = modes[0]
            w, e = modes[-1]
            a = 1 - x["eta"] * v
            b = 1 - x["eta"] * w
            other, top = sorted((w * a, v * b), key=abs)
            scale = 4 * T**2 * (2 * T - 1) * c * e * (a * b) ** (2 * T - 2) * top**2
            if len(modes) > 1 and scale > 0:
                return [Reduced({"q": other / top}, scale)]
            return []

        yield Box(
            {"q": (-1, 1)},
            lambda x: (1 + x["q"] ** 2, 2 * x["q"]),
            "any d, T, eta, spectrum and weights: two modes, q the ratio of u_i = lambda_i / a_i",
            reduce,
            equality="q = 1: u_i is the same for both",
        )
