"""Up to ridge's border of a fair split gradient descent loses to train-by-train, whatever its step
size and T.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.least_squares import HORIZON, NOISE, RATIO, gain, train_risk
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedFairSplitDescent(Claim):
    """Gradient descent on n_1 = f n samples against train-by-train on all n at T = infinity; limit,
    nu = n/d, s = sigma^2/R^2.

    Where s <= s_c, the border of ``derived_fair_split``, every step size and every T give a larger
    risk than train-by-train has, so that validation on the other samples loses. The converse is
    false: s_c is the border of ridge, and that of gradient flow stopped at its best time,
    ``phases.fair_split_flow``, lies above it (1.0278 instead of 1 at nu = 3, f = 1/2).

    Proof. With ridge's filter h_*(l) = 1/(l + delta), delta = s/(f nu), the risk of a filter h is
    that of ridge plus E_Q[(l + delta)(h - h_*)^2], and a polynomial h is not h_*: the risk is
    larger than zeta, ridge's. For s <= s_c zeta is at least the risk of train-by-train
    (``derived_fair_split``).
    """

    reference = "derived; on Wang, Yuan, Wu, Ge 2021, Theorem 5"
    strength = "ordering"
    algebra_of = "the Marchenko-Pastur limit of both risks"
    relation = "<"
    draws = 100
    forms = {
        "stated": Form(
            r"s\le s_c\implies E_{\rm TbT}(n)<E_{T,\eta}(fn)\quad(T\ge1,\ \eta\ge0)",
            "holds",
            "proof + exact",
            "one direction only: gradient descent needs more noise than ridge to win",
            proved=True,
        )
    }
    domain = {
        "ratio": RATIO,
        "noise": NOISE,
        "fraction": Parameter("f=n_1/n", open=True, high=Fraction(1)),
        "eta": Parameter(r"\eta", reach=2),
        "steps": HORIZON,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Noise up to ridge's border, given by the quadratic of which it is the root."""
        nu = x["ratio"]
        s = x["noise"]
        g = 1 - x["fraction"]
        if nu > 1:
            room = g * (nu - 1) - s
        else:
            room = g * (1 - nu) * (nu * s + (1 - nu) ** 2) - s**2
        return {"n != d": abs(nu - 1), "s <= s_c": room}

    def prepare(self, x: Instance) -> Instance:
        """No more noise than (1 - f)|1 - nu|, and a step size of the order of 1/l_+."""
        most = (1 - x["fraction"]) * abs(1 - x["ratio"])
        part = x["fraction"] * x["ratio"]
        if most:
            x = {**x, "noise": min(x["noise"], most)}
        return {**x, "eta": x["eta"] * part / (1 + part)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Risk of train-by-train at n, and of T steps of size eta at n_1."""
        s = x["noise"]
        psi = 1 / (x["fraction"] * x["ratio"])
        return train_risk(x["ratio"], s), 1 - gain(psi, s * psi, x["eta"], x["steps"])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """On the border, n > d and n < d; next to no noise."""
        yield {"ratio": 3, "noise": 1, "fraction": "1/2", "eta": "3/10", "steps": 3}
        yield {"ratio": "1/3", "noise": "4/9", "fraction": "1/2", "eta": "1/8", "steps": 2}
        yield {"ratio": "1/2", "noise": "1/1000", "fraction": "9/10", "eta": "1/8", "steps": 6}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """More noise than at the border of the flow."""
        yield {"ratio": 3, "noise": 2, "fraction": "1/2", "eta": "1/4", "steps": 3}
