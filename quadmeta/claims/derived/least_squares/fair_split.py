"""Ridge on f n of n samples, validated on the rest, beats train-by-train on all n from s_c on."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.least_squares import NOISE, RATIO, ridge_quadratic, train_risk
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class DerivedFairSplit(Claim):
    """Ridge on n_1 = f n samples at its best penalty, reported at n_1, against train-by-train on n;
    limit, nu = n/d, s = sigma^2/R^2.

    E_ridge is ridge's risk zeta at n_1, not that of gradient descent with a validated step size,
    which is larger: for it only "s <= s_c implies that validation loses" holds
    (``derived_fair_split_descent``), and its own border is ``phases.fair_split_flow``. At the risk
    E of train-by-train the ridge quadratic of n_1, which has the sign of E - zeta, is

        nu E/(nu - 1) (s - (1 - f)(nu - 1))                                   for nu > 1,
        nu/(1 - nu)^2 (s^2 - (1 - f) nu (1 - nu) s - (1 - f)(1 - nu)^3)       for nu < 1,

    so ridge wins iff s > s_c = (1 - f)(nu - 1) or (1 - nu)/2 ((1 - f) nu + sqrt((1 - f)^2
    nu^2 + 4 (1 - f)(1 - nu))). For nu -> 0 s_c -> sqrt(1 - f), at n = d it is 0, and for n < d it
    is below 1: sigma >= R suffices.

    Proof. Insert E = s/(nu - 1), or 1 - nu + s nu/(1 - nu), into zeta^2 + (f nu + s - 1) zeta - s;
    its other root is negative. s_c < 1: the second bracket at s = 1 is 1 - (1 - f)(1 - nu)(nu + (1
    - nu)^2) > 0.
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 5"
    strength = "identity"
    algebra_of = "the Marchenko-Pastur limit of both risks"
    forms = {
        "stated": Form(
            r"E_{\rm ridge}(fn)<E_{\rm TbT}(n)\iff s>s_c,\quad s_c=(1-f)(\nu-1)\ (\nu>1),\quad "
            r"s_c^2=(1-f)(1-\nu)\big(\nu s_c+(1-\nu)^2\big)\ (\nu<1)",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "ratio": RATIO,
        "noise": NOISE,
        "fraction": Parameter("f=n_1/n", open=True, high=Fraction(1)),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """n != d, where the risk of train-by-train is infinite."""
        return {"n != d": abs(x["ratio"] - 1)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Ridge quadratic of n_1 at the risk of train-by-train, and its factored form."""
        nu = x["ratio"]
        s = x["noise"]
        g = 1 - x["fraction"]
        risk = train_risk(nu, s)
        D = 1 - nu
        lhs = ridge_quadratic(risk, x["fraction"] * nu, s)
        return lhs, nu * risk / -D * (s + g * D) if nu > 1 else nu / D**2 * (
            s**2 - g * nu * D * s - g * D**3
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """On the border s_c for n > d and, where its root is rational, for n < d; and on either
        side.
        """
        yield {"ratio": 3, "noise": 1, "fraction": "1/2"}
        yield {"ratio": "1/3", "noise": "4/9", "fraction": "1/2"}
        for s in ("1/4", 1):
            yield {"ratio": "1/3", "noise": s, "fraction": "1/2"}
            yield {"ratio": "3/2", "noise": s, "fraction": "1/4"}
