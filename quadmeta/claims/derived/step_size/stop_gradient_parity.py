"""For even T the stop-gradient meta-gradient of log f(w_T) / T is negative on (0, 2/L]."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives
from quadmeta.claims.reductions.steps import end_weights
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


class DerivedStopGradientParity(Claim):
    """The estimator that detaches the inner gradients, so that d w_T / d eta becomes
    (w_T - w_0)/eta.

    On G = log F / T it returns G'_sg = 2/(eta T) (1 - sum_i omega_i a_i^T / F), a_i = 1 - eta
    lambda_i. For even T it is negative on (0, 2/L], so that descent along it runs to the edge of
    stability; not so for odd T. Some mode must have 0 < |a_i| < 1: where each is at 0 or at +-1 it
    is 0, as for lambda = (1, 2), eta = 1, T = 2.

    Proof. For even T and |a| <= 1, a^T - a^(2T) = a^T (1 - a^T) >= 0, and > 0 for
    0 < |a| < 1: F < sum omega a^T. On (0, 2/L] every |a_i| <= 1.
    """

    reference = "derived; on the script released with Wang, Yuan, Wu, Ge 2021"
    strength = "ordering"
    relation = "<"
    forms = {
        "stated": Form(
            r"G'_{\rm sg}=\tfrac2{\eta T}\big(1-\tfrac1F\sum_i\omega_ia_i^T\big)<0\quad"
            r"(0<\eta\le2/L,\ T\text{ even},\ 0<|a_i|<1\text{ for some }i)",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Even T, a stable step size, and a mode that neither stands still in size nor vanishes at
        once.
        """
        a = 1 - x["eta"] * x["eigenvalues"]
        return {
            "T mod 2 = 0": x["steps"] % 2,
            "eta > 0": x["eta"],
            "eta <= 2/L": 2 / x["eigenvalues"].max() - x["eta"],
            "0 < |a_i| < 1 for some i": max(np.minimum(abs(a), 1 - abs(a))),
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """G'_sg and 0."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        eta = x["eta"]
        T = x["steps"]
        loss = derivatives(lam, omega, eta, T)[0]
        value = 2 / (eta * T) * (1 - (omega * (1 - eta * lam) ** T).sum() / loss)
        return value, value * 0

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """At 2/L, at 2/(L + mu) (where it says -6 and the exact G' is 4), and a hardly contracting
        mode.
        """
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "eta": "1/2", "steps": 2}
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "eta": "2/3", "steps": 4}
        yield {"eigenvalues": ("1/1000", 1), "weights": (1, "1/1000"), "eta": 2, "steps": 2}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """An odd T between 2/(L + mu) and 2/L; a step size beyond; modes at 0 and -1."""
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "eta": "3/5", "steps": 3}
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "eta": 1, "steps": 2}
        yield {"eigenvalues": (1, 2), "weights": (1, 1), "eta": 1, "steps": 2}

    def boxes(self, form: str) -> Iterable[Box]:
        """F < sum omega a^T by the two extreme modes; every other one has |a| <= 1 as well and
        adds no less.
        """

        def even(T: int) -> Box:
            def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
                a = (1 - x["mu"] * x["x"]) ** T
                b = (1 - x["x"]) ** T
                return a**2 + b**2, a + b

            def reduce(x: Instance) -> list[Reduced]:
                lam = x["eigenvalues"]
                omega = x["weights"]
                eta = x["eta"]
                L = max(x["eigenvalues"])
                point = {"mu": min(lam) / L, "x": eta * L}
                loss = sum(c * (1 - eta * v) ** (2 * T) for v, c in zip(lam, omega, strict=True))
                inside = (
                    x["steps"] == T and 1 <= 16 * point["mu"] <= 15 and 1 <= 8 * point["x"] <= 15
                )
                if inside:
                    return [Reduced(point, 2 * min(end_weights(lam, omega)) / (eta * T * loss))]
                return []

            return Box(
                {"mu": ("1/16", "15/16"), "x": ("1/8", "15/8")},
                sides,
                f"T = {T}, any d and weights: modes mu "
                "and L = 1, x = eta L; equal at x = 0, and at x = 2 for mu = 1/2",
                reduce,
            )

        yield from map(even, (2, 4, 6))
