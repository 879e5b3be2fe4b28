"""The printed bias bound needs a step size restriction that is not printed; a bound for all losses
up to 2/(L + mu).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from quadmeta.claims.families.discount import BENT, LINE, Bent, bent, bent_margins, signed_square
from quadmeta.claims.reductions.bent import expansion, farthest
from quadmeta.claims.reductions.discount import path, rising
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import bias_bound_any_curvature, bias_bound_as_printed
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023BiasBoundStepSize(Claim):
    """The bias bounds for step sizes above 1/L, B bounding eta ||J||.

    Printed: the printed bound on quadratics (H_w = 0). Assumption 3, 1 - eta L <= gamma <= 1 - eta
    mu, gives no more than eta <= 1/mu. False even where the inner loop converges, eta < 2/L;
    yakovlev2023_bias_bound_cross has a proof up to 2/(L + mu). Repaired:
    ``quadmeta.theory.discount.bias_bound_any_curvature``, for every twice differentiable inner
    loss, without a Lipschitz Hessian.

    Proof (repaired). The transient part as in yakovlev2023_bias_bound: |w_t - w_*| <= a_mu^t R for
    eta <= 2/(L + mu). A_s = c + E_s, c = 1 - eta (L + mu)/2 >= 0,
    |E_s| <= r = eta (L - mu)/2, c + r = a_mu; expanding the product P_k of k of them,
    |P_k - c^k| <= (c + r)^k - c^k; |gamma^k - c^k| has one sign for all k. For gamma <= c the sum
    is S_T( a_mu) - S_T(gamma), attained by H = mu.
    """

    reference = "Yakovlev et al. 2023, theorem on the bias"
    source = SOURCE
    standing = "theorem"
    strength = "tight"
    draws = 120
    forms = {
        "printed": Form(
            r"H_w=0,\ 1-\eta L\le\gamma\le1-\eta\mu,\ \eta<\tfrac2L:\ \|\hat g-g\|\le"
            r"\frac{2LBRq^T}{q^{-1}-1}+B\|g_T\|\tfrac1\eta\big(\tfrac1\mu-\tfrac1L+\tfrac{(1-"
            r"\eta\mu)^T}L"
            r"\big)",
            "refuted",
            "exact",
            "false for 2/(L + mu) < eta < 2/L",
            fault="condition missing",
        ),
        "repaired": Form(
            r"\eta\le\tfrac2{L+\mu}:\ \|\hat g-g\|\le\eta "
            r"B\Big\{L_2R\sum_{k=1}^{T-1}\gamma^ka_\mu^{T-k}"
            r"\min\{1+a_\mu^k,\kappa(1-a_\mu^k)\}+\|g_T\|\big(|S_T(\gamma)-S_T(c)|+S_T(a_"
            r"\mu)-S_T(c)\big)"
            r"\Big\}",
            "holds",
            "proof + exact",
            "no Lipschitz Hessian needed",
            proved=True,
            attained=True,
        ),
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As printed with H constant and eta < 2/L; as repaired eta <= 2/(L + mu)."""
        if form == "repaired":
            return bent_margins(x, "eta <= 2/(L + mu)")
        return {
            **bent_margins(x, "eta < 2/L"),
            "gamma > 0": x["gamma"],
            "H_w = 0": x["slopes"].sum(),
        }

    def prepare(self, x: Instance) -> Instance:
        """Curvatures and discount moved into their ranges; straight and with long steps where T is
        even.
        """
        if x["steps"] % 2:
            return bent(x, "eta <= 2/(L + mu)")
        return bent({**x, "slopes": tuple(0 * s for s in x["slopes"])}, "eta < 2/L")

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops and the squared bound."""
        found = Bent(x)
        known = found.scales
        if form == "printed":
            bound = bias_bound_as_printed(replace(known, L2=known.L))
        else:
            bound = bias_bound_any_curvature(known)
        bias = found.bias()
        return bias @ bias, signed_square(bound)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A start in the minimiser with H = L at eta = 3/2 / L; as repaired also equality,
        gamma = 0 < c, H = mu.
        """
        plain = {
            **LINE,
            "heights": ("3/4",),
            "levels": ("3/4",),
            "gamma": "1/4",
            "steps": 3,
        }
        yield {**plain, "heights": ("1/4",), "levels": ("1/4",)}
        if form == "repaired":
            yield {
                **plain,
                "q": "3/5",
                "eta": "1/2",
                "heights": ("3/5",),
                "levels": (0,),
                "slopes": (1,),
                "gamma": "3/50",
                "L2": "3/2",
            }

    def boxes(self, form: str) -> Iterable[Box]:
        """The part of R at T = 2, 3, that of ||g_T|| at T = 3 and, all |A_s - c| the largest, at
        T = 5.
        """
        if form == "repaired":
            yield from map(path, (2, 3))
            yield expansion()
            yield rising(5, farthest)
