"""The gap between train-by-train and train-by-validation need not fall with more samples: where
these are split it changes its sign, where both have all it falls from n = d on.
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
    """Train-by-train minus train-by-validation at n and at n' > n samples, in the limit, T =
    infinity for train-by-train.

    Reading: in the protocol of the experiment, the RMSE sqrt(E + sigma^2), sigma = R = 1,
    validation on n/2 of n samples and its result reported at n_1 = n/2, the gap decreases for n >
    d. False: against ridge it is 0 at n = 3d, negative beyond and tends to 0; of the risks it is
    -4/39 at n = 16d/3 and -18/215 at n = 48d/5. Gradient descent (odd T, or the flow) has a risk
    between those of ridge and of one step, each at its best (``derived_gain_sandwich``), so that a
    gap at n with ridge below one at n' with one step refutes the reading for all of them. With the
    risks E and V the gap (E - V)/(sqrt(1 + E) + sqrt(1 + V)) of RMSE has a denominator between 2
    and 2 + (E + V)/2.

    Repaired: the same samples for both, and ridge at its best, of the risk R^2 zeta: for every s >
    0 the gap strictly increases on n < d, peaks at n = d with infinite height (at finite T of order
    sqrt(T)), and strictly decreases on n > d. An instance names the size by zeta, which decreases
    in it, so that all is rational: n/d, as read n_1/d, is (1 - zeta)(s + zeta)/zeta.

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
            r"\sigma=R,\ d<n<n':\quad {\rm RMSE}_{\rm TbT}(n)-{\rm RMSE}_{\rm TbV}(\tfrac n2)>"
            r"{\rm RMSE}_{\rm TbT}(n')-{\rm RMSE}_{\rm TbV}(\tfrac{n'}2)",
            "refuted",
            "exact",
            "an observation: against ridge true from d to 3d, beyond which train-by-train wins",
            fault="condition missing",
        ),
        "repaired": Form(
            r"E_{\rm TbT}-E_{\rm ridge}\text{ increases strictly for }n<d,\ "
            r"\text{decreases for }n>d",
            "holds",
            "proof + exact",
            "the same samples for both, T = infinity",
            proved=True,
        ),
    }
    domain = {
        "ridge": Parameter(r"\zeta", open=True, high=Fraction(1)),
        "ridge_later": Parameter(r"\zeta'", open=True, high=Fraction(1)),
        "noise": NOISE,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """n' > n, both above d and sigma = R as read, on one side of d as repaired."""
        before, after = (ratio(x[key], x["noise"]) for key in ("ridge", "ridge_later"))
        later = {"n' > n": x["ridge"] - x["ridge_later"]}
        if form == "reading":
            return {"n > d": 2 * before - 1, **later, "sigma = R": x["noise"] - 1}
        return {"n > 0": before, **later, "(n - d)(n' - d) > 0": (before - 1) * (after - 1)}

    def prepare(self, x: Instance) -> Instance:
        """The two ordered and below 1."""
        low, high = sorted((x["ridge"], x["ridge_later"]))
        low = low if low < high else high / 2
        return {**x, "ridge": high if high < 1 else (1 + low) / 2, "ridge_later": low}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """As read, an upper bound of the gap at n and a lower one of that at n'; as repaired the
        gaps at n and n', the larger one first.
        """
        s = x["noise"]
        if form == "reading":
            nu, later = (2 * ratio(x[key], s) for key in ("ridge", "ridge_later"))
            one_step = (1 + s) / (1 + later / 2 + s)
            return (
                rmse_gap(train_risk(nu, s), x["ridge"])[1],
                rmse_gap(train_risk(later, s), one_step)[0],
            )
        before, after = (
            train_risk(ratio(x[key], s), s) - x[key] for key in ("ridge", "ridge_later")
        )
        if ratio(x["ridge"], s) < 1:
            return (after, before)
        return (before, after)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """As read, n = 16d/3 and a larger n'. As repaired, close together, above d and below."""
        if form == "reading":
            for later in (5, 20, 60):
                yield {"ridge": "1/3", "ridge_later": Fraction(1, later), "noise": 1}
            return
        yield {"ridge": "1/3", "ridge_later": "1/4", "noise": 1}
        yield {"ridge": "1/100", "ridge_later": "1/101", "noise": "1/5"}
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


def rmse_gap(train: Quantity, validation: Quantity) -> tuple[Any, Any]:
    """Bounds of sqrt(1 + E) - sqrt(1 + V), lower and upper."""
    gap = train - validation
    ends = (gap / 2, gap / (2 + (train + validation) / 2))
    return min(ends), max(ends)
