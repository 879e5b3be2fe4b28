"""Which case neural networks are in: not a statement about quadratics; what decides it for linear
models is.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import RATIO, ridge_quadratic, train_risk
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class Talk2021NetworksFirstCase(Claim):
    """ "For neural networks it is usually the first case": few samples, validation needed.

    Printed: about networks and what is usual; no quadratic decides it. Stated: more parameters
    than samples, nu = n/d < 1, do not decide it for a linear model either; noise does. With
    n_1 = f n and s = sigma^2/R^2, ridge with a validated penalty loses to train-by-train on all n
    samples for every s <= (1 - f) (1 - nu), and so does gradient descent, which is worse than ridge
    (``derived_fair_split_descent``); ridge wins for every s >= 1 - nu, and gradient descent as well
    (``talk2021_few_samples``). Sides: the ridge quadratic of n_1
    at the risk E of train-by-train, of the sign of E - zeta, at a noise level of the first kind and
    0; 0 and the same at one of the second kind.

    Proof (stated). Up to nu/(1 - nu)^2 > 0 the quadratic is P(s) = s^2 - g nu (1 - nu) s - g (1
    - nu)^3, g = 1 - f (``derived_fair_split``), with one positive root. P(g (1 - nu)) = -f g (1 -
    nu)^3 < 0 < f (1 - nu)^2 = P(1 - nu).
    """

    reference = "Ge 2021, talk; neural networks"
    source = SOURCE
    standing = "sentence"
    strength = "ordering"
    algebra_of = "the Marchenko-Pastur limit of both risks"
    relation = "<"
    forms = {
        "printed": Form(
            r"\text{neural networks are usually in the first case}",
            "undecided",
            "none",
            "about networks and practice: no quadratic decides it",
            testable=False,
        ),
        "stated": Form(
            r"\nu<1:\quad s\le(1-f)(1-\nu)\implies E_{\rm TbT}(n)<E_{\rm ridge}(fn);\quad "
            r"s\ge1-\nu\implies E_{\rm TbT}(n)>E_{\rm ridge}(fn)",
            "holds",
            "proof + exact",
            "for linear models with more parameters than samples the noise decides",
            proved=True,
        ),
    }
    domain = {
        "ratio": RATIO,
        "fraction": Parameter("f=n_1/n", open=True, high=Fraction(1)),
        "low": Parameter(r"s/((1-f)(1-\nu))", open=True, high=Fraction(1)),
        "high": Parameter(r"s/(1-\nu)", low=Fraction(1), reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More parameters than samples, and a split."""
        return {"n < d": 1 - x["ratio"], "f < 1": 1 - x["fraction"]}

    def prepare(self, x: Instance) -> Instance:
        """n below d."""
        return {**x, "ratio": x["ratio"] / (1 + x["ratio"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The quadratic at little noise, and 0; 0, and the quadratic at much noise."""
        nu = x["ratio"]
        f = x["fraction"]
        zero = 0 * x["ratio"]
        levels = (x["low"] * (1 - f) * (1 - nu), x["high"] * (1 - nu))
        little, much = (ridge_quadratic(train_risk(nu, s), f * nu, s) for s in levels)
        return np.array([little, zero]), np.array([zero, much])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Both borders, in the middle, with hardly a split and with hardly a sample."""
        yield {"ratio": "1/2", "fraction": "1/2", "low": 1, "high": 1}
        yield {"ratio": "1/100", "fraction": "99/100", "low": 1, "high": 1}
        yield {"ratio": "99/100", "fraction": "1/100", "low": "1/10", "high": 5}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """No split: nothing is lost."""
        yield {"ratio": "1/2", "fraction": 1, "low": 1, "high": 1}
        yield {"ratio": 2, "fraction": "1/2", "low": 1, "high": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """P(s)/(1 - nu)^2 of both kinds, g = 1 - f: at little noise over g, at much noise with
        u = (1 - nu)/s.
        """

        def little(x: Instance) -> list[Reduced]:
            nu = x["ratio"]
            g = 1 - x["fraction"]
            if max(nu, g) * 16 <= 15:
                return [Reduced({"nu": nu, "g": g, "low": x["low"]}, nu * g)]
            return []

        def much(x: Instance) -> list[Reduced]:
            nu = x["ratio"]
            g = 1 - x["fraction"]
            u = 1 / x["high"]
            if g * 16 <= 15:
                return [Reduced({"nu": nu, "g": g, "u": u}, nu / u**2, 1)]
            return []

        if form == "stated":
            most = (0, "15/16")
            yield Box(
                {"nu": most, "g": most, "low": (0, 1)},
                lambda x: (x["g"] * x["low"] * (x["low"] - x["nu"]), 1 - x["nu"]),
                "every s <= (1 - f)(1 - nu); nu = 1 and f = 0 are equality",
                little,
            )
            yield Box(
                {"nu": (0, 1), "g": most, "u": (0, 1)},
                lambda x: (x["g"] * x["u"] * (x["nu"] + (1 - x["nu"]) * x["u"]), 1),
                "every s >= 1 - nu; f = 0 is equality",
                much,
            )
