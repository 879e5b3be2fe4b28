"""Few samples and much noise: one validated gradient step beats the step size that trains best."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.least_squares import NOISE, RATIO, train_risk
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class Talk2021FewSamples(Claim):
    """Train-by-validation on n_1 = f n samples against train-by-train on all n; limit,
    nu = n/d, s = sigma^2/R^2.

    Printed: better if sigma is a large enough constant and n a constant fraction of d. The constant
    is R: sigma >= R is large enough at every nu < 1 and every split f, reported at n_1. The
    summary's sentence on few samples and noise is the same. Stated: s >= 1 - nu is enough, and
    T = 1 is: train-by-train (T = infinity) then has a risk E >= R^2, while one step of the best
    size has (1 + s)/(1 + f nu + s) < 1, and more steps are no worse (``derived_gain_sandwich``).
    Both are about train-by-train at T = infinity. At every T its risk is at least 1 - nu + s psi/
    l_+^2, psi = 1/nu, l_+ = (1 + sqrt(psi))^2 (the proof of ``wang2021_small_sample_train`` uses
    only n < d), which is >= 1 from s = (1 + sqrt(nu))^4 on: sigma >= 4R is enough at every T.
    With validation samples on top no noise level is needed. The exact border of a fair split is
    ``phases.fair_split_flow``; where ridge is validated instead of gradient descent it is
    ``derived_fair_split``.

    Proof. s >= 1 gives s >= 1 - nu. E = 1 - nu + s nu/(1 - nu) = 1 + nu (s - (1 - nu))/(1 - nu).
    One step has risk 1 - 2 eta + eta^2 (1 + psi_1 + s psi_1), psi_1 = 1/(f nu), which is at least
    1 - 1/(1 + psi_1 + s psi_1), with equality at the best eta.
    """

    reference = "Ge 2021, talk; few samples, much noise"
    source = SOURCE
    standing = "sentence"
    strength = "ordering"
    algebra_of = "the Marchenko-Pastur limit of both risks"
    relation = "<"
    forms = {
        "printed": Form(
            r"n<d,\ \sigma\ge R:\quad E_{\rm TbV}(fn)<E_{\rm TbT}(n)",
            "holds",
            "proof + exact",
            "with c = R, in the limit, for every n < d and every split",
            proved=True,
        ),
        "stated": Form(
            r"\nu<1,\ s\ge1-\nu:\quad\tfrac{1+s}{1+f\nu+s}<1\le1-\nu+\tfrac{s\nu}{1-\nu}",
            "holds",
            "proof + exact",
            "how large sigma must be; already one step",
            proved=True,
        ),
    }
    domain = {
        "ratio": RATIO,
        "noise": NOISE,
        "fraction": Parameter("f=n_1/n", open=True, high=Fraction(1)),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Fewer samples than dimensions, and noise."""
        if form == "printed":
            large = {"sigma >= R": x["noise"] - 1}
        else:
            large = {"sigma^2 >= (1 - n/d) R^2": x["noise"] - 1 + x["ratio"]}
        return {"n < d": 1 - x["ratio"], **large}

    def prepare(self, x: Instance) -> Instance:
        """n below d."""
        return {**x, "ratio": x["ratio"] / (1 + x["ratio"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Risk of the best single step at n_1, and of train-by-train at n."""
        nu = x["ratio"]
        s = x["noise"]
        return (1 + s) / (1 + x["fraction"] * nu + s), train_risk(nu, s)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Hardly a sample to train on; next to n = d; (stated) exactly s = 1 - nu."""
        yield {"ratio": "1/4", "noise": 1, "fraction": "1/1000"}
        yield {"ratio": "99/100", "noise": 1000, "fraction": 1}
        if form == "stated":
            yield {"ratio": "3/4", "noise": "1/4", "fraction": "1/2"}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Many samples, at which a split costs more than it brings; little noise."""
        yield {"ratio": 9, "noise": 1, "fraction": "1/2"}
        yield {"ratio": "3/4", "noise": "1/100", "fraction": "1/4"}

    def boxes(self, form: str) -> Iterable[Box]:
        """With s = (1 - nu)/u, 0 < u <= 1: f u^2 + (1 - u)(1 - nu + u (1 + f nu)) > 0, the
        divisors cleared.
        """

        def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
            nu = x["nu"]
            f = x["f"]
            u = x["u"]
            return (u - 1) * (1 - nu + u * (1 + f * nu)), f * u**2

        def reduce(x: Instance) -> list[Reduced]:
            nu = x["ratio"]
            f = x["fraction"]
            u = (1 - x["ratio"]) / x["noise"]
            inside = 16 * nu <= 15 and 16 * f >= 1
            if inside:
                return [Reduced({"nu": nu, "f": f, "u": u}, nu / u / (1 - nu + u * (1 + f * nu)))]
            return []

        yield Box(
            {"nu": (0, "15/16"), "f": ("1/16", 1), "u": (0, 1)},
            sides,
            "every s >= 1 - nu, as u = (1 - nu)/s; f = 0 with u = 1 and nu = 1 are equality",
            reduce,
        )
