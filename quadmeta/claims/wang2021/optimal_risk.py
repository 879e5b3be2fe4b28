"""d sigma^2/n is not the optimal risk of a signal of known norm: one tuned gradient step can be
below it.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import NOISE, ridge_quadratic
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class Wang2021OptimalRisk(Claim):
    """Is d sigma^2/n a lower bound of the excess risk? Gaussian inputs, s = sigma^2/R^2, psi = d/n,
    risks in units of R^2.

    Reading: train-by-train "can get close to error d sigma^2/n, which is optimal", as an exact
    lower bound for n > d. False for any fixed norm of w_*, at finite sizes: one gradient step from
    0 of the best size has the mean risk 1 - 1/(1 + (d + 1)/n + s psi), below s psi iff
    n (d + 1) < s d (d + 1 + s d); for d = 2, n = 3, sigma = R 5/8 against 2/3. Repaired, in the
    limit: the best linear spectral filter, ridge, has a risk zeta < s psi iff sigma^2 > R^2/(1 +
    psi); thus always for sigma >= R, the paper's setting. Below the border d sigma^2/n is a lower
    bound for all such filters. (Over unbounded w_* the minimax risk is the larger
    d sigma^2/(n - d - 1).) As zeta >= s/(nu + s) for nu = n/d, the sentence is true to leading
    order for n/d to infinity at any fixed sigma. Sides, an identity in two directions: the ridge
    quadratic at s/nu, of the sign of s/nu - zeta, and s ((1 + nu) s - nu)/nu^2.

    Proof. One step: w_1 = eta (S w_* + X'xi/n) with S = X'X/n, E S = I and E S^2 =
    (n (d + 2) + n (n - 1)) I/n^2, so the mean risk is 1 - 2 eta + eta^2 (1 + (d + 1)/n + s psi),
    least at the inverse of the bracket. Ridge: the risk of a filter h is 1 - E_Q[h_*] + E_Q[(l +
    delta)(h - h_*)^2], h_* = 1/(l + delta), delta = s psi, and g = E_Q[h_*], a Stieltjes transform
    of the semicircle law Q, solves g = 1/(1 + psi + delta - psi g); zeta = 1 - g is the positive
    root of zeta^2 + (nu + s - 1) zeta - s. At s/nu it is s (s/nu + s - 1)/nu.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 2 (informal)"
    source = SOURCE
    standing = "sentence"
    strength = "lower"
    algebra_of = "the mean risk of one step, and the limit of that of ridge"
    forms = {
        "reading": Form(
            r"n>d:\quad\inf_{\rm methods}E\|w-w_*\|^2\ge\tfrac{d\sigma^2}n",
            "refuted",
            "exact",
            "true to leading order for n >> d, or where the signal has no bound",
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
    domain = {
        "dimension": Parameter("d", low=Fraction(1), whole=True),
        "samples": Parameter("n", low=Fraction(1), whole=True),
        "noise": NOISE,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More samples than dimensions as read, none as repaired."""
        if form == "reading":
            return {"n > d": x["samples"] - x["dimension"]}
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Mean risk of one step at its best and d sigma^2/(n R^2); as repaired both sides of the
        identity, twice.
        """
        d = x["dimension"]
        n = x["samples"]
        nu = Fraction(n, d)
        s = x["noise"]
        if form == "reading":
            return 1 - 1 / (1 + Fraction(d + 1, n) + s / nu), s / nu
        value = ridge_quadratic(s / nu, nu, s)
        factored = s * ((1 + nu) * s - nu) / nu**2
        return np.array([value, factored]), np.array([factored, value])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """As read, sigma = R. As repaired, on the border sigma^2 = R^2/(1 + psi), where the
        quadratic is 0, and on either side.
        """
        if form == "reading":
            yield {"dimension": 2, "samples": 3, "noise": 1}
            return
        yield {"dimension": 1, "samples": 2, "noise": "2/3"}
        yield {"dimension": 1, "samples": 3, "noise": 1}
        yield {"dimension": 1, "samples": 9, "noise": "1/100"}
