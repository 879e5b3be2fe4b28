"""Train-by-train with fewer samples than dimensions: step size of order 1, risk of order sigma^2,
for every sigma.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import (
    HORIZON,
    NOISE,
    ROOT,
    edges,
    gain,
    train_balance,
    train_risk,
)
from quadmeta.claims.reductions.semicircle import mean, series, square, variance
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class Wang2021SmallSampleTrain(Claim):
    """d/4 <= n <= 3d/4; eta*_train minimises the mean training loss after T steps, E is the excess
    risk over R^2. Limit d = m = infinity, nu = n/d = 1/psi, s = sigma^2/R^2, delta = s psi.

    Printed: for sigma, T, d, m large, eta*_train = Theta(1) and E = Omega(1) s, with high
    probability; constants are not given. It holds in the limit with

        1/9 <= eta*_train <= 3/7,   E >= 4s/81   for every T >= 1 and sigma > 0

    (that finite d and m are enough is not shown here), and at T = infinity, where eta*_train =
    1/(1 + psi), with 1/5, 3/7 and 1/3. Sides: at eta = 1/9 and 3/7 the parts E_Q[(l + delta) p] and
    E_Q[(l + delta) eta l p], p = (1 - eta l)^(2T-2), of which the first is the larger one as long
    as eta <= eta*_train; E at any eta from 1/l_+ to 1/(1 + psi), of which eta*_train is one; E at
    T = infinity.

    The paper stops a run whose iterate reaches the length 40 sigma and puts a vector of that length
    in its place. From s = 1/400 on this changes nothing: such a vector, its direction drawn apart
    from the data, has a larger loss than w = 0, and for eta <= 1/(1 + psi) the iterates have
    |w_t|^2 <= 4 R^2 (nu + s nu/(1 - nu)) <= R^2 (3 + 12 s) < 1600 sigma^2.

    Stated, in the same limit. With rho = 1 - eta l_- and every eta <= 1/(1 + psi), of which
    eta*_train is one (``derived_train_step_limit``), at every T,

        E >= 1 - nu + (1 - rho^T)^2 s nu/(1 - nu),   and at T = infinity   E = 1 - nu + s nu/(1 -
            nu) >= 1 - nu + s/3,

    equality at n = d/4. No sigma is too small. What a large sigma buys is E > 1, worse than not
    training: at T = infinity it starts at sigma = sqrt(1 - nu) R, between R/2 and sqrt(3) R/2
    (``derived_worse_than_not_training``).

    Proof. E = (1 - nu) + int_{l>0} q^2 dMP + s psi E_Q[h^2] with q = x^T, x = 1 - eta l,
    h = (1 - q)/l.
    Printed. The slope of the training loss is -E_Q[(l + delta) x^(2T-1)] up to a positive factor,
    and it increases in eta. Up to eta = 1/l_+ >= 1/9 all x >= 0: it is negative. At eta =
    1/(1 + psi) <= 3/7 x is symmetric under Q, l = (1 + psi)(1 - x), and it is (1 + psi) E_Q[x^(2T)]
    > 0. Risk: Q has mass 1, so E >= 1 - nu + s psi E_Q[h]^2. For T >= 2 and |x| <= 1, h >=
    (1 - x^2)/l = eta (2 - eta l), and h = eta for T = 1; eta E_Q[l] = eta (1 + psi) <= 1, hence
    E_Q[h] >= eta >= 1/l_+. Last, psi/l_+^2 is the square of r/(1 + r)^2, r = sqrt(psi), which
    decreases for r >= 1 to 2/9 at psi = 4.
    Stated. For eta <= 2/(l_- + l_+) = 1/(1 + psi) |x| <= rho on the bulk, so
    (1 - q)^2 >= (1 - rho^T)^2, and psi E_Q[1/l^2] = nu/(1 - nu) for nu < 1. At T = infinity
    q = 0. nu/(1 - nu) increases from 1/3 at nu = 1/4.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 5"
    source = SOURCE
    standing = "theorem"
    strength = "lower"
    algebra_of = "the Marchenko-Pastur limit of the risk"
    forms = {
        "printed": Form(
            r"\tfrac d4\le n\le\tfrac{3d}4,\ \sigma\ge c_1:\quad\eta^*_{\rm train}=\Theta(1),\quad "
            r"E\|w_T-w_*\|^2=\Omega(1)\sigma^2,\text{ read with }\tfrac19\le\eta^*_{\rm train}\le"
            r"\tfrac37,\ \tfrac4{81}\sigma^2",
            "holds",
            "proof + exact",
            "in the limit, for every T and sigma; at T = infinity with 1/5, 3/7 and 1/3",
            proved=True,
        ),
        "stated": Form(
            r"E\|w_T-w_*\|^2\ge R^2(1-\nu)+(1-\rho^T)^2\tfrac{\nu}{1-\nu}\sigma^2,\quad "
            r"T=\infty:\ \ge R^2(1-\nu)+\tfrac13\sigma^2,\text{ every }\sigma>0",
            "holds",
            "proof + exact",
            "no large sigma is needed, only T large against 1/log(1/rho)",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "root": ROOT,
        "noise": NOISE,
        "scale": Parameter(r"(1+\psi)\eta", open=True, high=Fraction(1)),
        "steps": HORIZON,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """n/d = 1/root^2 between 1/4 and 3/4; as printed the step size is one that may train
        best.
        """
        margins = {"n >= d/4": 4 - x["root"] ** 2, "n <= 3d/4": 3 * x["root"] ** 2 - 4}
        if form == "printed":
            edge = edges(x["root"])[1]
            return {**margins, "eta >= 1/l_+": x["scale"] * edge - 1 - x["root"] ** 2}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """The root moved into [6/5, 2]."""
        root = 1 + x["root"] / (1 + x["root"])
        if 4 <= 3 * x["root"] ** 2 <= 12:
            return x
        return {**x, "root": root if 3 * root**2 >= 4 else 3 - root}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Printed: parts of the slope at 1/9 and 3/7, risk at T and at infinity. Stated: the risks
        and their bounds.
        """
        root = x["root"]
        s = x["noise"]
        T = x["steps"]
        psi = root**2
        nu = 1 / root**2
        best = 1 / (1 + psi)
        final = train_risk(nu, s)
        one = root / root
        if form == "printed":
            below = train_balance(psi, s * psi, one / 9, T)
            above = train_balance(psi, s * psi, one * 3 / 7, T)
            risk = 1 - gain(psi, s * psi, x["scale"] * best, T)
            return np.array([below[0], above[1], risk, final]), np.array(
                [below[1], above[0], 4 * s / 81, s / 3]
            )
        eta = x["scale"] * best
        q = (1 - eta * edges(root)[0]) ** T
        bounds = [1 - nu + (1 - q) ** 2 * s * nu / (1 - nu), 1 - nu + s / 3]
        return np.array([1 - gain(psi, s * psi, eta, T), final]), np.array(bounds)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Both borders nearly, T from 1 to where rho^T is rounding, sigma from tiny to huge. As
        printed, one step of size 1/l_+ and much noise: there E is hardly more than 4s/81.
        """
        if form == "printed":
            yield {"root": 2, "noise": 10**6, "scale": "5/9", "steps": 1}
            yield {"root": 2, "noise": "1/1000", "scale": "5/9", "steps": 1}
            yield {"root": "7/6", "noise": "1/1000", "scale": 1, "steps": 12}
            yield {"root": "7/6", "noise": 1000, "scale": 1, "steps": 2}
            return
        for noise in (1, "1/1000", 1000):
            yield {"root": 2, "noise": noise, "scale": 1, "steps": 3}
            yield {"root": "7/6", "noise": noise, "scale": "1/2", "steps": 20}
        yield {"root": 2, "noise": 1, "scale": 1, "steps": 140}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A smaller step than any that trains best; so few samples that hardly any noise is
        fitted.
        """
        yield {"root": 2, "noise": 1000, "scale": "1/5", "steps": 1}
        yield {"root": 8, "noise": 1000, "scale": 1, "steps": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """The terms with s at T = 1, 2, 3 and 5 and at infinity; that without s is the mean of a
        square. As printed at T = 2 and 3, l_+ eta = 1 + 2 t root/(1 + psi).

        Unit 1 + psi: E_Q[h^2] psi against (1 - rho^T)^2/(psi - 1), 1 - rho^T and h without a
        factor theta each.
        """

        def box(T: int) -> Box:
            def sides(point: Mapping[str, Any]) -> tuple[Any, Any]:
                root = point["root"]
                theta = point["theta"]
                q = 1 - theta * (root - 1) ** 2 / (1 + root**2)
                risk = mean(square(series(T, 1 - theta))[::2], variance(root**2) * theta**2)
                return root**2 * (root + 1) * risk, (root - 1) ** 3 * (
                    1 + sum(q**t for t in range(1, T))
                ) ** 2

            def reduce(x: Instance) -> list[Reduced]:
                scale = x["noise"] * x["scale"] ** 2 / ((1 + x["root"] ** 2) ** 2 * (x["root"] + 1))
                if x["steps"] == T:
                    return [Reduced({"root": x["root"], "theta": x["scale"]}, scale)]
                return []

            return Box(
                {"root": (Fraction(9, 8), 2), "theta": (0, 1)},
                sides,
                f"T = {T}, n/d in [1/4, 64/81], every sigma: term of sigma; that of R is >= 0",
                reduce,
            )

        def printed(T: int) -> Box:
            def sides(point: Mapping[str, Any]) -> tuple[Any, Any]:
                root = point["root"]
                edge = 1 + 2 * point["t"] * root / (1 + root**2)
                theta = edge * (1 + root**2) / (1 + root) ** 2
                risk = mean(square(series(T, 1 - theta))[::2], variance(root**2) * theta**2)
                return 81 * (root * edge) ** 2 * risk, 4 * (1 + root) ** 4

            def reduce(x: Instance) -> list[Reduced]:
                root = x["root"]
                t = (x["scale"] * (1 + root) ** 2 - 1 - root**2) / (2 * root)
                if x["steps"] == T:
                    scale = x["noise"] / (81 * (1 + root) ** 4)
                    return [Reduced({"root": root, "t": t}, scale, 2)]
                return []

            note = f"T = {T}, every n and sigma, eta from 1/l_+ on: risk"
            return Box({"root": (Fraction(9, 8), 2), "t": (0, 1)}, sides, note, reduce)

        def final(x: Instance) -> list[Reduced]:
            return [Reduced({"root": x["root"]}, x["noise"] / (3 * x["root"] ** 2 - 3), 1)]

        if form == "printed":
            yield from map(printed, (2, 3))
        else:
            yield from map(box, (1, 2, 3, 5))
            yield Box(
                {"root": (Fraction(9, 8), 2)},
                lambda point: ((2 - point["root"]) * (2 + point["root"]), 0),
                "T = infinity, d/n in [81/64, 4]: 1/(psi - 1) - 1/3, divisors cleared",
                final,
                "n = d/4",
            )
