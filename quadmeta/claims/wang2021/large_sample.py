"""Train-by-train with many samples: within 1 + epsilon of d sigma^2/n, from n = (1 + 1/epsilon) d
on.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import HORIZON, NOISE, ROOT, edges, gain, train_risk
from quadmeta.claims.reductions.semicircle import bias, scatter
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class Wang2021LargeSample(Claim):
    """Risk of train-by-train against (1 + epsilon) d sigma^2/n, 0 < epsilon < 1. Limit d =
    infinity, where every number m of tasks gives the same mean training loss, nu = n/d = 1/psi,
    s = sigma^2/R^2.

    Printed: n >= (c d/epsilon^2) log(nm/(epsilon d)), T >= c_2 log(n/(epsilon d)) and m large
    suffice for constants c, c_2 that depend on sigma and are not given. The paper has d >= c_4;
    only the limit is shown here, where it holds with

        c = 9 max(1, R^2/(4 sigma^2)),   c_2 = 4,

    c = 9 where sigma >= R, as in the paper. Of the first logarithm only that it is >= 1 is used,
    as n >= d and m >= 3 make it, and of T only that (l_+/(4 sqrt(psi)))^T >= n/(epsilon d).
    Sides: E at T = infinity, and at T and any eta from 1/l_+ to 1/(1 + psi), of which eta*_train is
    one; the target. That the paper stops a run at the length 40 sigma changes nothing from
    s = 1/300 on, as in ``wang2021_small_sample_train``: |w_t|^2 <= 4 R^2 (1 + s/(nu - 1)) <= R^2 (4
    + s/2).

    Stated: at T = infinity the risk is sigma^2/(nu - 1), and the bound holds iff
    n/d >= 1 + 1/epsilon: no square, no logarithm; equality on the border. (Mean over Gaussian data
    at finite n > d + 1, sigma^2 d/(n - d - 1): iff n >= (1 + 1/epsilon)(d + 1).) At finite T and
    every eta <= 1/(1 + psi), of which eta*_train is one,

        E <= rho^(2T) + (1 + rho^T)^2 s/(nu - 1),   rho = 1 - eta l_- = 1 - eta (1 - sqrt(psi))^2.

    Proof. Stated. (1 + epsilon)/nu - 1/(nu - 1) = epsilon (nu - 1 - 1/epsilon)/(nu (nu - 1)): its
    sign. Finite T: E = int q^2 dMP + s psi int (1 - q)^2/l dMP with |q| = |1 - eta l|^T <= rho^T on
    the bulk, as eta <= 2/(l_- + l_+), and int dMP/l = 1/(1 - psi).
    Printed. 1/l_+ <= eta*_train <= 1/(1 + psi) as in ``wang2021_small_sample_train``, so rho <=
    1 - l_-/l_+ = 4 sqrt(psi)/l_+, which is <= 3/4 <= exp(-1/4) as sqrt(psi) <= epsilon/3 <= 1/3:
    T >= 4 log(nu/epsilon) gives rho^T <= epsilon/nu. The bound of finite T over s/nu is nu
    rho^(2T)/s + (1 + rho^T)^2 (1 + 1/(nu - 1)). The first term is at most epsilon^2/(nu s) <=
    4 epsilon^4/9, the second at most (1 + 3 epsilon/nu)(1 + 1/(nu - 1)) <= (1 + epsilon^3/3)(1 +
    epsilon^2/8) <= 1 + epsilon/2.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 6"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    algebra_of = "the Marchenko-Pastur limit of the risk"
    forms = {
        "printed": Form(
            r"n\ge\tfrac{cd}{\epsilon^2}\log\tfrac{nm}{\epsilon d},\ T\ge c_2\log\tfrac "
            r"n{\epsilon d}:"
            r"\quad E\|w_T-w_*\|^2\le(1+\epsilon)\tfrac{d\sigma^2}n,\text{ read with }"
            r"c=9\max\big(1,\tfrac{R^2}{4\sigma^2}\big),\ c_2=4",
            "holds",
            "proof + exact",
            "in the limit, with far more samples than needed",
            proved=True,
        ),
        "stated": Form(
            r"T=\infty:\ E\|w_T-w_*\|^2\le(1+\epsilon)\tfrac{d\sigma^2}n\iff\tfrac "
            r"nd\ge1+\tfrac1\epsilon;"
            r"\quad T<\infty:\ \le R^2\rho^{2T}+(1+\rho^T)^2\tfrac{\sigma^2}{\nu-1}",
            "holds",
            "proof + exact",
            "d/epsilon samples, and no fewer",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "root": ROOT,
        "noise": NOISE,
        "epsilon": Parameter(r"\epsilon", open=True, high=Fraction(1)),
        "scale": Parameter(r"(1+\psi)\eta", open=True, high=Fraction(1)),
        "steps": HORIZON,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More samples than dimensions, n/d = 1/root^2, and enough of them for epsilon; as printed
        also enough steps, of a size that may train best.
        """
        nu = 1 / x["root"] ** 2
        eps = x["epsilon"]
        if form == "printed":
            edge = edges(x["root"])[1]
            return {
                "n/d >= 9/epsilon^2": nu - 9 / eps**2,
                "n/d >= 9/4 R^2/(epsilon sigma)^2": nu - 9 / (4 * x["noise"] * eps**2),
                "(l_+/(4 sqrt(psi)))^T >= n/(epsilon d)": (edge / (4 * x["root"])) ** x["steps"]
                - nu / eps,
                "eta >= 1/l_+": x["scale"] * edge - 1 - x["root"] ** 2,
            }
        enough = {"n/d >= 1 + 1/epsilon": nu - 1 - 1 / eps}
        return {"n > d": nu - 1, **enough}

    def prepare(self, x: Instance) -> Instance:
        """n raised to between 2 and 3 of 1 + 1/epsilon or so: 1/root a little above
        sqrt(2)/epsilon. For T = 4 and 6 as printed: 1/root from 3/epsilon on, a larger eta, and T
        the least that is enough, or more.
        """
        eps = x["epsilon"]
        if x["steps"] % 2 or x["steps"] < 4:
            return {**x, "root": eps * 2 / (3 + x["root"] / 8)}
        root = eps * min(2 * x["noise"], Fraction(1)) / (3 + x["root"] / 8)
        least = (1 + root**2) / (1 + root) ** 2
        steps = x["steps"] // 2
        while ((1 + root) ** 2 / (4 * root)) ** steps * root**2 * eps < 1:
            steps += 1
        return {**x, "root": root, "scale": 1 - (1 - least) * (1 - x["scale"]), "steps": steps}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Risk at T = infinity and its target; risk at T and the same target, or its bound."""
        root = x["root"]
        s = x["noise"]
        T = x["steps"]
        psi = root**2
        final = train_risk(1 / psi, s)
        target = (1 + x["epsilon"]) * s * psi
        eta = x["scale"] / (1 + psi)
        if form == "printed":
            return np.array([final, 1 - gain(psi, s * psi, eta, T)]), np.array([target, target])
        q = (1 - eta * edges(root)[0]) ** T
        return (
            np.array([final, 1 - gain(psi, s * psi, eta, T)]),
            np.array([target, q**2 + (1 + q) ** 2 * s * psi / (1 - psi)]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """So many samples that rho^T is rounding. Stated: on the border n/d = 1 + 1/epsilon.
        Printed: as few samples and steps as may be, at both ends of the step size.
        """
        yield {"root": "1/100000", "noise": 2, "epsilon": "1/2", "scale": 1, "steps": 3}
        if form == "stated":
            yield {"root": "1/2", "noise": 3, "epsilon": "1/3", "scale": 1, "steps": 6}
            yield {"root": "2/3", "noise": "1/5", "epsilon": "4/5", "scale": "1/2", "steps": 4}
            return
        yield {"root": "1/3", "noise": "1/4", "epsilon": 1, "scale": "5/8", "steps": 8}
        yield {"root": "1/30", "noise": 1, "epsilon": "1/10", "scale": 1, "steps": 5}
        yield {"root": "1/3000", "noise": 1, "epsilon": "1/1000", "scale": 1, "steps": 4}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Just below the border; as printed too few samples, too little noise, one step, a small
        step.
        """
        yield {"root": "1/2", "noise": 1, "epsilon": "1/4", "scale": 1, "steps": 1}
        yield {"root": "2/3", "noise": 1, "epsilon": "79/100", "scale": 1, "steps": 1}
        yield {"root": "1/2", "noise": 40, "epsilon": "1/4", "scale": 1, "steps": 24}
        least = {"root": "1/3", "noise": "1/4", "epsilon": 1, "scale": "5/8", "steps": 8}
        yield {**least, "noise": "1/1000"}
        yield {**least, "steps": 1}
        yield {**least, "scale": "1/5"}

    def boxes(self, form: str) -> Iterable[Box]:
        """The target with psi = p epsilon/(1 + epsilon); as stated also the parts of the risk
        without and with s at T = 1, 2, 3, 5.
        """

        def target(x: Instance) -> list[Reduced]:
            eps = x["epsilon"]
            psi = x["root"] ** 2
            return [
                Reduced({"p": psi * (1 + eps) / eps, "epsilon": eps}, x["noise"] * psi / (1 - psi))
            ]

        def at(x: Instance, T: int, noise: bool) -> list[Reduced]:
            psi = x["root"] ** 2
            if noise:
                scale = x["noise"] * psi / (1 + psi) ** 2
            else:
                scale = x["scale"] * x["root"] / (1 + psi)
            if x["steps"] == T:
                return [Reduced({"root": x["root"], "theta": x["scale"]}, scale, 1)]
            return []

        yield Box(
            {"p": (0, 1), "epsilon": (0, 1)},
            lambda x: (0, x["epsilon"] * (1 - x["p"])),
            "T = infinity, every n, sigma: (1 + epsilon) (1 - psi) - 1, factored",
            target,
        )
        for T in (1, 2, 3, 5) if form == "stated" else ():
            for part, noise, name in ((bias, False, "R"), (scatter, True, "sigma")):
                yield Box(
                    {"root": (0, Fraction(23, 32)), "theta": (0, 1)},
                    partial(part, T=T),
                    f"T = {T}, every n and sigma: term of {name}",
                    partial(at, T=T, noise=noise),
                )
