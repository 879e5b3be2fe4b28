"""A method that existed in 2020 is asymptotically exact at the same number T of products."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.families.discount import BENT, Bent, bent, bent_margins
from quadmeta.claims.reductions.bent import bends
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import Scales, floor
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023ExistingMethods(Claim):
    """ghat = -eta J(w_T) sum_{k<T} (I - eta H(w_T))^k g_T, Neumann's series at w_T
    (Lorraine et al. 2020): T - 1 products with the Hessian and one with J, that is T, and one outer
    gradient.

    Printed: existing methods do not guarantee an asymptotically unbiased gradient without more
    computation. Read so that an instance can decide: at T products the bias of none is below the
    floor of scalar weights, half of eta B ||g_T|| (S_T(a_mu) - S_T(a_L)). The weaker reading, that
    none is unbiased on every instance, contradicts the repaired form. So do the matrix discount
    (derived_matrix_discount, T + 1 products) and reverse mode (2T - 1). Repaired: where J is
    constant (here -I) the bias of this one is at most the bound, which tends to 0, for every inner
    loss that meets assumptions 1 and 2, and 0 on quadratics.

    Proof (repaired). With P_k = A_{T-k+1} ... A_T and A' = I - eta H(w_T),
    ghat - g = eta sum_{k<T} (A'^k - P_k) g_T. Telescoping,
    |A'^k - P_k| <= sum_{s=T-k+1}^T a_mu^(k-1) eta H_w |w_{s-1} - w_T| and
    |w_{s-1} - w_T| <= 2 a_mu^(s-1) R, which is 2 (H_w R/mu) a_mu^(T-1) (1 - a_mu^k); sum over k.
    """

    reference = "Yakovlev et al. 2023, slide Problem; Lorraine et al. 2020"
    source = SOURCE
    standing = "sentence"
    strength = "upper"
    draws = 60
    forms = {
        "reading": Form(
            r"\#\mathrm{JVP}\le T:\ \|\hat g-g\|\ge\tfrac12\eta "
            r"B\|g_T\|\big(S_T(a_\mu)-S_T(a_L)\big)\text"
            r"{ for every existing method}",
            "refuted",
            "exact",
            "the Neumann series of T terms at w_T spends T products and is exact on quadratics",
            fault="false",
        ),
        "repaired": Form(
            r"\eta\le\tfrac2{L+\mu}:\ \Big\|-\eta J\sum_{k<T}(I-\eta H(w_T))^kg_T-g\Big\|"
            r"\le\tfrac{2\eta BH_wR}\mu\|g_T\|a_\mu^{T-1}\big(T-S_T(a_\mu)\big)\to0",
            "holds",
            "proof + exact",
            "one that is asymptotically exact at T products",
            proved=True,
        ),
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Those of the bias theorem and eta <= 1/L; as repaired mu <= H and eta <= 2/(L + mu)
        only.
        """
        if form == "reading":
            return {**bent_margins(x), "gamma > 0": x["gamma"]}
        margins = bent_margins(x, "eta <= 2/(L + mu)")
        return {name: margins[name] for name in ("mu > 0", "0 <= c_j <= h_j", "eta <= 2/(L + mu)")}

    def prepare(self, x: Instance) -> Instance:
        """Into their ranges; longer steps for odd T."""
        return bent(x, "eta <= 2/(L + mu)" if x["steps"] % 2 else "eta <= 1/L")

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The squared floor and |ghat - g|^2 by loops; as repaired |ghat - g|^2 and the squared
        bound.
        """
        found = Bent(x)
        bias = found.neumann_bias()
        if form == "reading":
            return floor(found.scales) ** 2, bias @ bias
        known = found.scales
        a = x["q"] ** 2
        bound = _bound(known, a, found.T)
        return bias @ bias, bound**2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A quadratic, where the bias is 0; two bends that do not commute."""
        plain = {
            "q": "1/2",
            "eta": 1,
            "heights": ("1/4",),
            "levels": (0,),
            "slopes": (0,),
            "angles": (0,),
            "start": 0,
            "R": 1,
            "G": 1,
            "L2": 1,
            "gradient": 0,
            "gamma": "1/8",
            "steps": 2,
        }
        yield plain
        yield {
            **plain,
            "q": "4/5",
            "heights": ("1/4", "1/4"),
            "levels": (0, "1/8"),
            "slopes": (1, 1),
            "L2": "1/2",
            "angles": (0, "1/2"),
            "start": "1/3",
            "gamma": "1/2",
            "steps": 5,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """T = 3, 4: |w_(s-1) - w_T| <= b^(s-1) (1 + b^(T-s+1)) R x_s for |w_(s-1)| = b^(s-1) R
        x_s.
        """
        if form == "repaired":
            yield from map(distances, (3, 4))


def _bound(known: Scales, a: Any, T: int) -> Any:
    """2 eta H_w R / mu |g_T| a^(T-1) (T - S_T(a)) with a = 1 - eta mu."""
    return (
        2
        * known.eta
        * known.H_w
        * known.R
        / known.mu
        * known.G
        * a ** (T - 1)
        * (T - geometric_sum(a, T))
    )


def distances(T: int) -> Box:
    """sum_(0<k<T) sum_(s=T-k+1)^T b^(s-T+k-1) x_s (1 + b^(T-s+1))/2 <= sum_k S_k(b)."""
    terms = [(s, s - T + k - 1) for k in range(1, T) for s in range(T - k + 1, T + 1)]

    def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
        b = x["b"]
        return (
            -(1 - b) / 2 * sum(b**j * x[f"x_{s}"] * geometric_sum(b, T - s + 1) for s, j in terms),
            sum(b**j * (1 - x[f"x_{s}"]) for s, j in terms),
        )

    return replace(
        bends(T, False, lambda known: 2 * _bound(known, known.a_mu, known.steps)),
        sides=sides,
        equality="b = 1 and all x_s = 1",
    )
