"""Many samples: both meta-objectives work, and how much better the validated one remains."""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import NOISE, train_risk
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class Talk2021ManySamples(Claim):
    """Train-by-train on n samples, train-by-validation on n_1 = f n of them, and ridge on these
    (risk zeta); limit, T = infinity.

    nu = n/d, s = sigma^2/R^2; an instance names n_1 by zeta: f nu = (1 - zeta)(s + zeta)/zeta.
    Risks over R^2. Reading: for n much larger than d both work: with f nu >= 1 + s/epsilon both
    risks are at most epsilon. The training set alone then suffices; for nu >= 1 + s/(1 - f) it is
    even the better use of n samples (``derived_fair_split_descent``). Stated, for ridge instead of
    validated gradient descent, E_ridge = zeta, on the same n_1 > d samples as train-by-train: they
    work equally well only for n >> (1 + s) d,

        E_TbT/E_ridge = 1 + (s + zeta)/(nu_1 - 1),   s/(nu_1 + s) <= zeta <= s/(nu_1 + s - 1):

    at any n/d enough noise makes train-by-train worse by any factor.

    Proof. zeta (nu_1 + s - 1 + zeta) = s with 0 < zeta < 1, the ridge quadratic: the bounds, and
    E_TbT = s/(nu_1 - 1) is zeta (nu_1 - 1 + s + zeta)/(nu_1 - 1). Reading:
    s/(nu - 1) <= s/(f nu - 1) <= epsilon, and zeta <= E_TbV(n_1) <= s/(f nu - 1), as a step size
    tuned on validation samples may be the one that trains best.
    """

    reference = "Ge 2021, talk; n much larger than d"
    source = SOURCE
    standing = "sentence"
    strength = "upper"
    algebra_of = "the Marchenko-Pastur limit of both risks"
    forms = {
        "reading": Form(
            r"\tfrac{n_1}d\ge1+\tfrac s\epsilon:\quad E_{\rm TbT}(n)\le\epsilon R^2,\ "
            r"E_{\rm ridge}(n_1)\le E_{\rm TbV}(n_1)\le\epsilon R^2",
            "holds",
            "proof + exact",
            "at a fixed noise level",
            proved=True,
        ),
        "stated": Form(
            r"n>d:\quad\tfrac{E_{\rm TbT}}{E_{\rm ridge}}=1+\tfrac{s+\zeta}{\nu-1},\quad\tfrac "
            r"s{\nu+s}\le"
            r"\zeta\le\tfrac s{\nu+s-1}",
            "holds",
            "proof + exact",
            "equally well only for n >> d (1 + sigma^2/R^2)",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "ridge": Parameter(r"\zeta(n_1)", open=True, high=Fraction(1)),
        "noise": NOISE,
        "fraction": Parameter("f=n_1/n", open=True, high=Fraction(1)),
        "epsilon": Parameter(r"\epsilon", open=True, reach=2),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More samples than dimensions; as read enough of them."""
        nu = _ratio(x)
        if form == "reading":
            enough = {"n_1/d >= 1 + s/epsilon": nu - 1 - x["noise"] / x["epsilon"]}
        else:
            enough = {}
        return {"n_1 > d": nu - 1, **enough}

    def prepare(self, x: Instance) -> Instance:
        """A risk that belongs to n_1 > d, and no smaller target than it allows."""
        zeta = min(x["ridge"], x["noise"] / (2 + 2 * x["noise"]))
        x = {**x, "ridge": zeta}
        return {**x, "epsilon": max(x["epsilon"], x["noise"] / (_ratio(x) - 1))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Both risks and epsilon; or the identity in both directions and the bounds of zeta."""
        nu = _ratio(x)
        s = x["noise"]
        zeta = x["ridge"]
        if form == "reading":
            return np.array([train_risk(nu / x["fraction"], s), zeta]), np.array([x["epsilon"]] * 2)
        risk = train_risk(nu, s)
        formula = zeta * (1 + (s + zeta) / (nu - 1))
        return np.array([risk, formula, s / (nu + s), zeta]), np.array(
            [formula, risk, zeta, s / (nu + s - 1)]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Exactly n_1/d = 1 + s/epsilon without a split; so many samples that the bounds are
        equalities; much noise.
        """
        yield {"ridge": "1/3", "noise": 1, "fraction": 1, "epsilon": "3/5"}
        yield {"ridge": Fraction(1, 10**14), "noise": 1, "fraction": "1/2", "epsilon": "1/1000"}
        yield {"ridge": "9/10", "noise": 100, "fraction": "1/2", "epsilon": 10}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Not enough for epsilon, of the whole or of the part; n_1 < d."""
        yield {"ridge": "1/3", "noise": 1, "fraction": 1, "epsilon": "1/2"}
        yield {"ridge": "1/2", "noise": "1/10", "fraction": 1, "epsilon": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """nu by the ridge quadratic, r = s/(1 + s): divided by 1 + s, zeta nu is
        (1 - zeta)(r + zeta (1 - r)).
        """

        def product(x: Mapping[str, Any]) -> tuple[Any, Any, Any]:
            r = x["r"]
            zeta = x["zeta"]
            return (1 - zeta) * (r + zeta * (1 - r)), zeta * r, zeta * (1 - r)

        def upper(x: Mapping[str, Any]) -> tuple[Any, Any]:
            nu, s, one = product(x)
            return nu - one + (s if form == "stated" else 0), x["r"]

        def lower(x: Mapping[str, Any]) -> tuple[Any, Any]:
            nu, s, _ = product(x)
            return x["r"], nu + s

        def box(
            sides: Any, component: int, shift: Callable[[Any], Any], least: Fraction, note: str
        ) -> Box:
            def reduce(x: Instance) -> list[Reduced]:
                s = x["noise"]
                zeta = x["ridge"]
                inside = least <= zeta <= Fraction(1, 2) and 2 * least * (1 + s) <= s <= 7
                if inside:
                    return [
                        Reduced(
                            {"zeta": zeta, "r": s / (1 + s)},
                            (1 + s) / (_ratio(x) + shift(s)),
                            component,
                        )
                    ]
                return []

            return Box(
                {"zeta": (least, "1/2"), "r": (2 * least, "7/8")},
                sides,
                note + "; zeta = 0 and s = oo are equality",
                reduce,
            )

        def split(x: Instance) -> list[Reduced]:
            nu = _ratio(x)
            s = x["noise"]
            f = x["fraction"]
            if 16 * f <= 15:
                return [Reduced({"x": 1 / nu, "f": f}, s * nu / (nu - 1) / (nu - f))]
            return []

        eighth = Fraction(1, 8)
        if form == "reading":
            yield Box(
                {"x": (0, 1), "f": (0, "15/16")},
                lambda x: (x["f"] * (1 - x["x"]), 1 - x["f"] * x["x"]),
                "all s: s/(nu/f - 1) <= s/(nu - 1), x = 1/nu; f = 1 is equality",
                split,
            )
            yield box(upper, 1, lambda s: -1, eighth, "zeta <= s/(nu - 1)")
        else:
            yield box(lower, 2, lambda s: s, eighth, "s/(nu + s) <= zeta")
            yield box(upper, 3, lambda s: s - 1, 2 * eighth, "zeta <= s/(nu + s - 1)")


def _ratio(x: Values) -> Any:
    """n_1/d at which the ridge risk is zeta."""
    return (1 - x["ridge"]) * (x["noise"] + x["ridge"]) / x["ridge"]
