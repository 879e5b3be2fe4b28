"""d sigma^2/n is not the optimal risk of a signal of known norm: one tuned gradient step can be
below it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import NOISE, RATIO, ridge_quadratic
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class Wang2021OptimalRisk(Claim):
    """Is d sigma^2/n a lower bound of the excess risk? Limit, nu = n/d, s = sigma^2/R^2, risks in
    units of R^2.

    Printed: train-by-train "can get close to error d sigma^2/n, which is optimal". False for n > d
    and any fixed norm of w_*: one gradient step of the best size has the risk (1 + s)/(1 + nu + s),
    below s/nu iff s (1 + s) > nu. Repaired: the best linear spectral filter, ridge, has risk
    zeta < s/nu iff sigma^2 > R^2/(1 + psi), psi = d/n; thus always for sigma >= R, the paper's
    setting. Below the border d sigma^2/n is a lower bound for all such filters. (Over unbounded w_*
    the minimax risk is the larger d sigma^2/(n - d - 1).) Sides, an identity in two directions: the
    ridge quadratic at s/nu, of the sign of s/nu - zeta, and s ((1 + nu) s - nu)/nu^2.

    Proof. One step: risk 1 - 2 eta + eta^2 (1 + psi + delta), least 1 - 1/(1 + psi + delta). Ridge:
    the risk of a filter h is 1 - E_Q[h_*] + E_Q[(l + delta)(h - h_*)^2], h_* = 1/(l + delta),
    delta = s psi, and g = E_Q[h_*], a Stieltjes transform of the semicircle law Q, solves
    g = 1/(1 + psi + delta - psi g); zeta = 1 - g is the positive root of zeta^2 + (nu + s - 1)
    zeta - s. At s/nu it is s (s/nu + s - 1)/nu.
    """

    reference = "Wang, Yuan, Wu, Ge 2021; remark on Theorem 6"
    source = SOURCE
    standing = "sentence"
    strength = "lower"
    algebra_of = "the limit of the risk of one step and of ridge"
    forms = {
        "reading": Form(
            r"n>d:\quad\inf_{\rm methods}E\|w-w_*\|^2\ge\tfrac{d\sigma^2}n",
            "refuted",
            "exact",
            "true without a bound on the signal, or to leading order for n >> d and sigma <= R",
            fault="wording",
        ),
        "repaired": Form(
            r"\min_{\rm filters}E\|w-w_*\|^2<\tfrac{d\sigma^2}n\iff\sigma^2>\tfrac{R^2}{1+d/n}",
            "holds",
            "proof + exact",
            "a lower bound only for little noise",
            proved=True,
            attained=True,
        ),
    }
    domain = {"ratio": RATIO, "noise": NOISE}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More samples than dimensions as printed, none as repaired."""
        if form == "reading":
            return {"n > d": x["ratio"] - 1}
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Risk of one tuned step and d sigma^2/(n R^2); as repaired both sides of the identity,
        twice.
        """
        nu = x["ratio"]
        s = x["noise"]
        if form == "reading":
            return (1 + s) / (1 + nu + s), s / nu
        value = ridge_quadratic(s / nu, nu, s)
        factored = s * ((1 + nu) * s - nu) / nu**2
        return np.array([value, factored]), np.array([factored, value])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """On the border sigma^2 = R^2/(1 + psi), where the quadratic is 0, and on either side."""
        yield {"ratio": 2, "noise": "2/3"}
        yield {"ratio": 3, "noise": 1}
        yield {"ratio": 9, "noise": "1/100"}
