"""The gap between train-by-train and train-by-validation grows with n up to n = d, and only then
decreases.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from quadmeta.claims.families.least_squares import NOISE, train_risk
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values


class Wang2021GapDecreases(Claim):
    """Risk of train-by-train minus that of train-by-validation on the same n, at n and at n' > n
    samples.

    Limit, T = infinity, train-by-validation at its best, the ridge risk R^2 zeta. An instance names
    n by zeta, which decreases in n, so that all is rational: n/d = (1 - zeta)(s + zeta)/zeta.
    Printed: the gap decreases as n grows. False below d, where it increases; it peaks at n = d,
    with infinite height (at finite T of order sqrt(T)). Repaired: strictly increasing on n < d,
    strictly decreasing on n > d, for every s > 0.

    Proof. zeta^2 + (nu + s - 1) zeta - s = 0 gives zeta' = -zeta^2/(zeta^2 + s). For nu < 1 the
    gap 1 - nu + s nu/(1 - nu) - zeta has the derivative s/(1 - nu)^2 - s/(zeta^2 + s), > 0 since
    zeta > 1 - nu (the quadratic is -s nu there). For nu > 1 the derivative of s/(nu - 1) - zeta is
    -s/(nu - 1)^2 + zeta^2/(zeta^2 + s) < 0, since zeta < s/(nu - 1) (the quadratic is > 0 there).
    """

    reference = "Wang, Yuan, Wu, Ge 2021; experiments with more samples"
    source = SOURCE
    standing = "sentence"
    strength = "ordering"
    algebra_of = "the Marchenko-Pastur limit of both risks"
    relation = ">"
    forms = {
        "reading": Form(
            r"n<n'\implies E_{\rm TbT}(n)-E_{\rm TbV}(n)>E_{\rm TbT}(n')-E_{\rm TbV}(n')",
            "refuted",
            "exact",
            "the gap increases for n < d and peaks at n = d",
            fault="condition missing",
        ),
        "repaired": Form(
            r"E_{\rm TbT}-E_{\rm TbV}\text{ strictly increases for }n<d,\text{ decreases for }n>d",
            "holds",
            "proof + exact",
            "same samples for both, T = infinity",
            proved=True,
        ),
    }
    domain = {
        "ridge": Parameter(r"\zeta(n)", open=True, high=Fraction(1)),
        "ridge_later": Parameter(r"\zeta(n')", open=True, high=Fraction(1)),
        "noise": NOISE,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """n < n', neither of them d; as repaired on one side of d."""
        before, after = (ratio(x[key], x["noise"]) for key in ("ridge", "ridge_later"))
        if form == "reading":
            side = {"(n - d)(n' - d) != 0": abs((before - 1) * (after - 1))}
        else:
            side = {"(n - d)(n' - d) > 0": (before - 1) * (after - 1)}
        return {"n > 0": before, "n' > n": x["ridge"] - x["ridge_later"], **side}

    def prepare(self, x: Instance) -> Instance:
        """The two ordered and below 1."""
        low, high = sorted((x["ridge"], x["ridge_later"]))
        low = low if low < high else high / 2
        return {**x, "ridge": high if high < 1 else (1 + low) / 2, "ridge_later": low}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Gaps at n and n', the larger one first."""
        before, after = (
            train_risk(ratio(x[key], x["noise"]), x["noise"]) - x[key]
            for key in ("ridge", "ridge_later")
        )
        grows = form == "repaired" and ratio(x["ridge"], x["noise"]) < 1
        if grows:
            return (after, before)
        return (before, after)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Both above d, close together, and (repaired) both below."""
        yield {"ridge": "1/3", "ridge_later": "1/4", "noise": 1}
        yield {"ridge": "1/100", "ridge_later": "1/101", "noise": "1/5"}
        if form == "repaired":
            yield {"ridge": "3/4", "ridge_later": "2/3", "noise": 1}
            yield {"ridge": "99/100", "ridge_later": "98/100", "noise": "1/100"}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """n < d < n'."""
        yield {"ridge": "3/4", "ridge_later": "1/10", "noise": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """Gaps s^2 (1 - zeta)/(zeta P) below d, zeta^2 (s + zeta)/N above it, P = zeta^2 + s zeta
        - s = -N.

        zeta' = omega zeta; the difference over zeta - zeta' and over common positive factors.
        Below d: s (1 - zeta') = p zeta'^2. Above: m = zeta (s + zeta)/s, kappa = zeta/(s + zeta).
        """

        def below(x: Mapping[str, Any]) -> tuple[Any, Any]:
            z = x["zeta"]
            w = x["omega"]
            p = x["p"]
            return 1 + w + w**2, w * z * (1 + w) + p * w**2 * (1 - z)

        def above(x: Mapping[str, Any]) -> tuple[Any, Any]:
            m = x["m"]
            w = x["omega"]
            k = x["kappa"]
            rest = m * w**2 * (1 - k + k * w) * (1 + k * w)
            return (1 + w + k * w**2) * (1 - m * w * (1 - k) - m * k * w**2) + rest, 0

        def reduce(x: Instance, few: bool) -> list[Reduced]:
            z = x["ridge"]
            late = x["ridge_later"]
            s = x["noise"]
            N = s * (1 - z) - z**2
            M = s * (1 - late) - late**2
            m = z * (s + z) / s
            if few:
                point = {"zeta": z, "p": s * (1 - late) / late**2}
            else:
                point = {"m": m, "kappa": z / (s + z)}
            if few:
                scale = s**2 * (z - late) * z / (late * N * M)
            else:
                scale = (z - late) * s**2 * m / (N * M)
            if few == (N < 0):
                return [Reduced({**point, "omega": late / z}, scale)]
            return []

        for side, few, names, note in (
            (below, True, ("zeta", "omega", "p"), "all n < n' < d, every sigma"),
            (above, False, ("m", "omega", "kappa"), "all d < n < n', every sigma"),
        ):
            if form == "repaired":
                yield Box(dict.fromkeys(names, (0, 1)), side, note, partial(reduce, few=few))


def ratio(zeta: Quantity, s: Quantity) -> Any:
    """n/d at which the ridge risk is zeta."""
    return (1 - zeta) * (s + zeta) / zeta
