"""A discount is an isotropic inner curvature: gamma = 0 is one step, gamma = 1 no curvature at
all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.discount import QUADRATIC, Quadratic
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class Yakovlev2023DiscountSpecialCases(Claim):
    """gamma in [0, 1], the slide's (0, 1) with its ends; quadratic losses, any eta.

    At w_0 = w_* the discounted sum is the exact hypergradient of the inner problem whose Hessian
    is (1 - gamma)/eta I. At gamma = 0, from any start, it is the one-step hypergradient B_T g_T
    (Hessian I/eta); at gamma = 1 the Hessian is 0 and the bias at w_0 = w_* is eta C' (T - S_T(A))
    g_*, which grows like T: assumption 3 keeps gamma away from 1.

    Proof. A_t = gamma I there, and all g_t are equal at w_0 = w_*; with 0^0 = 1 only t = T is left
    at gamma = 0.
    """

    reference = "Yakovlev et al. 2023, range of gamma"
    source = SOURCE
    standing = "formula"
    strength = "identity"
    draws = 80
    forms = {
        "stated": Form(
            r"w_0=w_*:\ \hat g(\gamma)=g\big|_{H=\frac{1-\gamma}\eta I};\quad\hat "
            r"g(0)=B_Tg_T;\quad "
            r"w_0=w_*:\ \hat g(1)-g=\eta C^\top\Big(TI-\sum_{k<T}A^k\Big)g_*",
            "holds",
            "proof + exact",
            "which says what gamma near 0 and near 1 do",
            proved=True,
        )
    }
    domain = QUADRATIC

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain."""
        return {"eta > 0": x["eta"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The three estimates by loops, and what they are."""
        p = Quadratic.of(x)
        at_rest = Quadratic.of({**x, "R": 0 * x["R"]})
        estimate = at_rest.weighted(lambda k: p.gamma**k)
        isotropic = at_rest._replace(a=p.gamma + 0 * p.a).exact()
        ones = at_rest._replace(gamma=1 + 0 * p.gamma)
        lost = p.eta * p.C * (p.T - sum(p.a**k for k in range(p.T))) * p.gradient
        one_step = p.weighted(lambda k: (0 * p.gamma) ** k)
        last = p.eta * p.C * p.gradient
        return np.array([*estimate, *one_step, *ones.bias()]), np.array([*isotropic, *last, *lost])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Both ends and between."""
        for gamma in (0, "1/2", 1):
            yield {
                "eigenvalues": ("1/4", 1),
                "cross": (1, 2),
                "error": (1, 2),
                "gradient": (1, 1),
                "outer": (2, 1),
                "R": 1,
                "G": 1,
                "L2": 1,
                "mu2": "1/2",
                "eta": 1,
                "gamma": gamma,
                "steps": 4,
            }
