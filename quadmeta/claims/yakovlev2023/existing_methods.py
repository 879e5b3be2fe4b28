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
    gradient. The discounted sum spends T products as well, so that T is "without more computation".

    The sentence: existing methods do not guarantee an asymptotically unbiased gradient without
    more computation. Our reading, which an instance can decide: started at w_0 = w_*, on the worse
    of two problems, H = mu and H = L along g_T, the bias of every method of at most T products is
    no less than half of eta B ||g_T|| (S_T(a_mu) - S_T(a_L)), the floor of scalar weights
    (derived_scalar_discount_no_go) and so of the discounted sum. False: Neumann's series is exact
    on both. (The two problems have levels, slopes and angles of their own, not the instance's.)
    The weaker reading, that each method keeps a bias in the limit on some problem, contradicts the
    repaired form, which carries the row. The matrix discount (derived_matrix_discount, T products
    as well) contradicts it too, but was no existing method.

    Repaired: where J is constant (here -I) and eta <= 2/(L + mu), the bias of Neumann's series is
    at most the bound, which tends to 0, for every inner loss that meets assumptions 1 and 2; it is
    0 on quadratics.

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
            r"\#\mathrm{JVP}\le T,\ w_0=w_*:\ \max_{H\in\{\mu,L\}}\|\hat g-g\|\ge\tfrac12\eta "
            r"B\|g_T\|\big(S_T(a_\mu)-S_T(a_L)\big)\text"
            r"{ for every existing method}",
            "refuted",
            "exact",
            "the Neumann series of T terms at w_T spends T products and is exact on both problems",
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
        """Those of the bias theorem, eta <= 1/L and w_0 = w_*; as repaired mu <= H and
        eta <= 2/(L + mu) only.
        """
        if form == "reading":
            return {**bent_margins(x), "gamma > 0": x["gamma"], "R = 0": x["R"]}
        margins = bent_margins(x, "eta <= 2/(L + mu)")
        return {name: margins[name] for name in ("mu > 0", "0 <= c_j <= h_j", "eta <= 2/(L + mu)")}

    def prepare(self, x: Instance) -> Instance:
        """Into their ranges; longer steps for odd T."""
        return bent(x, "eta <= 2/(L + mu)" if x["steps"] % 2 else "eta <= 1/L")

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The squared floor and the larger |ghat - g|^2 of both problems by loops; as repaired
        |ghat - g|^2 and the squared bound.
        """
        if form == "reading":
            biases = [run.neumann_bias() for run in ends(x)]
            return floor(Bent(x).scales) ** 2, max(bias @ bias for bias in biases)
        found = Bent(x)
        bias = found.neumann_bias()
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
        if form == "reading":
            yield {**plain, "R": 0}
            return
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


def ends(x: Values) -> tuple[Bent, Bent]:
    """The quadratics with H = mu and, along g_T, H = L."""
    flat = {**x, "slopes": 0 * x["slopes"], "angles": 0 * x["angles"] + x["gradient"]}
    return Bent({**flat, "levels": 0 * x["heights"]}), Bent({**flat, "levels": x["heights"]})


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
