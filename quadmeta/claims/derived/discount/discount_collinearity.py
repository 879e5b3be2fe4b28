"""Started in the inner minimiser, the discounted hypergradient is a multiple of the one-step
hypergradient.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.families.discount import DISCOUNT
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, STEPS, Parameter, Values

VECTOR = Parameter("x_i", low=Fraction(-2), axis="d", reach=4)


class DerivedDiscountCollinearity(Claim):
    """w_0 = w_*: ghat = S_T(gamma) B_T g_T, whatever the losses, eta and gamma.

    So near an inner optimum T mixed products buy nothing over one, and an outer optimiser that is
    free of scale moves alike. Instances: the weight of one sample, J(w) = (x'w - y) x', and a
    linear one, J = -c'.

    Proof. Phi(w_*) = w_*: all w_t, and with them B_t and g_t, are equal; sum_t
    gamma^(T-t) = S_T(gamma).
    """

    reference = "derived; Yakovlev et al. 2023, slide 5"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"w_0=w_*:\quad\hat g=\tfrac{1-\gamma^T}{1-\gamma}B_Tg_T",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "minimizer": VECTOR,
        "sample": VECTOR,
        "cross": VECTOR,
        "outer": VECTOR,
        "label": Parameter("y"),
        "eta": STEP_SIZE,
        "gamma": DISCOUNT,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A step size, of any length."""
        return {"eta > 0": x["eta"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """ghat by the loop from w_*, and the multiple of the last step alone."""
        H = x["eigenvalues"]
        gamma = x["gamma"]
        T = x["steps"]
        sample = x["sample"]
        w = x["minimizer"]
        total = 0 * x["cross"][:2].repeat(2)[:2]
        b = H * x["minimizer"]
        last = total
        for _ in range(T):
            J = np.array([(sample @ w - x["label"]) * sample, -x["cross"]], dtype=object)
            w = w - x["eta"] * (H * w - b)
            last = -x["eta"] * (J @ (2 * w - x["outer"]))
            total = gamma * total + last
        return total, geometric_sum(gamma, T) * last

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Beyond 2/L too."""
        yield {
            "eigenvalues": (1, 3),
            "minimizer": (1, 2),
            "sample": (1, -1),
            "cross": (2, 1),
            "outer": (1, 1),
            "label": 3,
            "eta": 1,
            "gamma": "1/2",
            "steps": 4,
        }
