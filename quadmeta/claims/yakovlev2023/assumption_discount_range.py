"""Assumption 3: read literally it has no upper limit for gamma; the tight bound needs no range at
all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from quadmeta.claims.families.discount import BENT, LINE, Bent, bent, bent_margins, signed_square
from quadmeta.claims.reductions.discount import ends, modes, rising
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import bias_bound_as_printed, bias_bound_quadratic
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023AssumptionDiscountRange(Claim):
    """ "1 - eta L <= gamma 1 - eta mu" with a lost sign, read as
    1 - eta L <= gamma <= 1 - eta mu. H_w = 0.

    Printed: the printed bias bound where both literal readings hold, 1 - eta L <= gamma - eta mu
    and 1 - eta L <= gamma (1 - eta mu). They have no upper limit, and the sum of gamma^k then
    exceeds 1/(eta mu). With the sign put back it holds (yakovlev2023_bias_bound_cross); the range
    implies eta <= 1/mu and no more, so that eta <= 1/L has to be added. Repaired:
    ``bias_bound_quadratic`` for every gamma in [0, 1), without assumption 3.

    Proof (repaired): in derived_discount_bound, where no range of gamma is used:
    |S_T(gamma) - S_T(a)| is largest at an end of [a_L, a_mu] wherever gamma lies.
    """

    reference = "Yakovlev et al. 2023, assumption 3"
    source = SOURCE
    standing = "assumption"
    strength = "tight"
    draws = 60
    forms = {
        "printed": Form(
            r"1-\eta L\le\gamma\,1-\eta\mu:\ \|\hat "
            r"g-g\|\le\frac{2LBRq^T}{q^{-1}-1}+B\|g_T\|\tfrac1\eta"
            r"\big(\tfrac1\mu-\tfrac1L+\tfrac{(1-\eta\mu)^T}L\big)",
            "refuted",
            "exact",
            "a sign is lost, so that gamma has no upper limit",
            fault="misprint",
            judged="needed",
        ),
        "repaired": Form(
            r"0\le\gamma<1:\ \|\hat g-g\|\le\eta B\Big\{L_2R\max_{a\in[a_L,a_\mu]}\sum_{k=1}^{T-1}"
            r"\gamma^k(a^{T-k}-a^T)+\|g_T\|\max_{a\in[a_L,a_\mu]}|S_T(\gamma)-S_T(a)|\Big\}",
            "holds",
            "proof + exact",
            "any discount",
            proved=True,
            attained=True,
            judged="not needed",
        ),
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Those of the bias theorem with H constant; as repaired none on gamma but gamma < 1."""
        margins = bent_margins(x)
        del margins["1 - eta L <= gamma <= 1 - eta mu"]
        margins["H_w = 0"] = x["slopes"].sum()
        if form == "repaired":
            return margins
        a_mu = x["q"] ** 2
        a_L = a_mu - x["eta"] * x["heights"].sum()
        literal = min(x["gamma"] - 1 + a_mu - a_L, x["gamma"] * a_mu - a_L)
        return {**margins, "1 - eta L <= gamma 1 - eta mu": literal}

    def prepare(self, x: Instance) -> Instance:
        """Straight; gamma where it was drawn."""
        return {**bent({**x, "slopes": tuple(0 * s for s in x["slopes"])}), "gamma": x["gamma"]}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops and the squared bound."""
        run = Bent(x)
        known = run.scales
        bias = run.bias()
        if form == "printed":
            bound = bias_bound_as_printed(replace(known, L2=known.L))
        else:
            bound = bias_bound_quadratic(known, 20)
        return bias @ bias, signed_square(bound)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """gamma = 3/4 above all contraction factors, along H = L = 1; as repaired also below them,
        along H = mu.
        """
        line = {
            **LINE,
            "gamma": "3/4",
            "steps": 3,
        }
        yield line
        if form == "repaired":
            yield {**line, "heights": ("1/8",), "levels": (0,), "gamma": "1/16", "L2": "3/4"}

    def boxes(self, form: str) -> Iterable[Box]:
        """S_T is largest at the ends, for any gamma, at T = 3 and 5."""

        def last(x: Instance) -> list[Reduced]:
            found, parts = modes(x)
            known = found.scales
            return [
                point
                for mode in parts
                for point in ends(
                    mode.factors[0],
                    known.a_L,
                    known.a_mu,
                    found.gamma,
                    found.T,
                    found.eta * mode.gradient,
                )
            ]

        if form == "repaired":
            yield from (rising(T, last) for T in (3, 5))
