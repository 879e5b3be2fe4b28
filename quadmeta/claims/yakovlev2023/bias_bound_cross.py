"""Read literally, with B a bound of the mixed derivative, the printed bias bound fails for step
sizes above 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.discount import BENT, LINE, Bent, bent, bent_margins, signed_square
from quadmeta.claims.reductions.bent import printed_shape
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import bias_bound_as_printed
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023BiasBoundCross(Claim):
    """The printed bias bound where its H_w term is absent: quadratic inner losses (H_w = 0).

    Printed: B bounds ||J||, assumption 4 literally. A factor eta is missing: false for eta > 1,
    which L < 1 admits, even where eta <= 1/L. Repaired: B bounds eta ||J||, for eta <= 2/(L + mu).

    Proof (repaired). |a| <= a_mu = q^2 for the eigenvalues a of A, and gamma <= a_mu. The
        transient part is at most
    B L R sum_k gamma^k |a^(T-k) - a^T| <= 2 B L R (T - 1) q^(2T), and (T - 1) q^(T-1) (1 - q) <=
        (q + ... + q^(T-1)) (1
    - q) < 1. The other part is at most B |g_T| times a difference of S_T(x) = (1 - x^T)/(1 - x)
      between two points, the
    greatest of which is S_T(a_mu): eta S_T(a_mu) <= (1 - a_mu^T)/mu, eta S_T(a) >= (1 -
        a_mu^T)/lambda >= (1 -
    a_mu^T)/L.
    """

    reference = "Yakovlev et al. 2023, theorem on the bias"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    draws = 120
    forms = {
        "reading": Form(
            r"H_w=0,\ B\ge\|J\|:\ \|\hat "
            r"g-g\|\le\frac{2LBRq^T}{q^{-1}-1}+B\|g_T\|\tfrac1\eta\big(\tfrac1"
            r"\mu-\tfrac1L+\tfrac{(1-\eta\mu)^T}L\big)",
            "refuted",
            "exact",
            "false for eta > 1",
            fault="misprint",
        ),
        "repaired": Form(
            r"H_w=0,\ B\ge\eta\|J\|,\ \eta\le\tfrac2{L+\mu}:\ \|\hat "
            r"g-g\|\le\frac{2LBRq^T}{q^{-1}-1}+B"
            r"\|g_T\|\tfrac1\eta\big(\tfrac1\mu-\tfrac1L+\tfrac{(1-\eta\mu)^T}L\big)",
            "holds",
            "proof + exact",
            "B bounds the derivative of the step",
            proved=True,
        ),
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As printed with H constant; eta <= 1/L, or 2/(L + mu) as repaired."""
        if form == "reading":
            step = "eta <= 1/L"
        else:
            step = "eta <= 2/(L + mu)"
        margins = {**bent_margins(x, step), "H_w = 0": x["slopes"].sum()}
        if form == "reading":
            return {**margins, "gamma > 0": x["gamma"]}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """Straight instead of bent; longer steps where T is odd."""
        return bent(
            {**x, "slopes": tuple(0 * s for s in x["slopes"])},
            "eta <= 2/(L + mu)" if x["steps"] % 2 else "eta <= 1/L",
        )

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops and the squared bound."""
        found = Bent(x)
        if form == "reading":
            reading = "cross"
        else:
            reading = "step"
        bound = bias_bound_as_printed(replace(found.scales, L2=found.scales.L), reading)
        bias = found.bias()
        return bias @ bias, signed_square(bound)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A start in the minimiser, H = L = 2 mu, and a long step; as printed also one of two
        steps.
        """
        if form == "reading":
            yield {
                "q": "1/2",
                "eta": 3,
                "heights": ("1/12",),
                "levels": (0,),
                "slopes": (0,),
                "angles": (0,),
                "start": 0,
                "R": 0,
                "G": 1,
                "L2": "1/3",
                "gradient": 0,
                "gamma": "1/8",
                "steps": 2,
            }
        yield {
            **LINE,
            "gamma": "1/4",
            "steps": 6,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """Both parts at T = 2, 3, 5."""
        if form == "repaired":
            for T, low in ((2, Fraction(1, 8)), (3, Fraction(1, 4)), (5, Fraction(1, 2))):
                yield from printed_shape(T, low)
