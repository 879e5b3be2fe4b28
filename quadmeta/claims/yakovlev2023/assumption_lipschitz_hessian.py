"""Assumption 2: the Lipschitz constant of the Hessian enters because Hessians along the path need
not commute.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from quadmeta._types import Array
from quadmeta.claims.families.discount import BENT, Bent, turned
from quadmeta.claims.reductions.bent import expansion, farthest
from quadmeta.claims.reductions.discount import rising
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import bias_bound_any_curvature, bias_bound_lipschitz_hessian
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023AssumptionLipschitzHessian(Claim):
    """Without assumption 2: the inner loss of ``BENT`` with c_j = h_j, whatever its slopes, J = -I,
    R = 1, a linear outer loss of |g| = 1 (its transient part is 0; one with L_2 R far below |g_T|
    is near it), gamma = 1 - eta mu, L = 1/eta.

    Conjectured: the first bound of yakovlev2023_bias_bound with its H_w term left out. It is false,
    since |gamma^2 - A_2 A_3| may exceed a_mu^2 - a_L^2 where A_2 and A_3 do not commute. In one
    dimension, at T <= 2 and for gamma = a_L = 1 - eta L it is true. Stated:
    ``bias_bound_any_curvature``, larger by at most a factor 2 here, for every twice differentiable
    inner loss.

    Proof (stated): in yakovlev2023_bias_bound_step_size. The three exceptions: the bias is at most
    eta B |g_T| sum_k |gamma^k - P_k|, 0 < k < T, where P_k is a product of k matrices A_s with
    a_L <= A_s <= a_mu and a_L >= 0. At T <= 2 only P_1 = A_T occurs, symmetric with eigenvalues in
    [a_L, a_mu]. In one dimension P_k is a number in [a_L^k, a_mu^k]. For gamma = a_L write
    A_s = a_L + E_s with |E_s| <= a_mu - a_L; expanding the product,
    |P_k - a_L^k| <= (a_L + a_mu - a_L)^k - a_L^k. Each time |gamma^k - P_k| is at most
    max(a_mu^k - gamma^k, gamma^k - a_L^k).
    """

    reference = "Yakovlev et al. 2023, assumption 2"
    source = SOURCE
    standing = "assumption"
    strength = "upper"
    draws = 60
    forms = {
        "conjectured": Form(
            r"\|\hat g-g\|\le\eta "
            r"B\|g_T\|\sum_{k=1}^{T-1}\max(a_\mu^k-\gamma^k,\gamma^k-a_L^k)\text{ "
            r"for every }H_w",
            "refuted",
            "exact",
            "Hessians along the path need not commute",
            judged="needed",
        ),
        "stated": Form(
            r"\|\hat g-g\|\le\eta B\|g_T\|\big(|S_T(\gamma)-S_T(c)|+S_T(a_\mu)-S_T(c)\big)\text{ "
            r"for "
            r"every }H_w",
            "holds",
            "proof + exact",
            "a larger bound that needs no assumption 2",
            proved=True,
            judged="not needed",
        ),
    }
    domain = {
        name: BENT[name]
        for name in ("q", "eta", "heights", "slopes", "angles", "start", "gradient", "steps")
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """mu > 0 and H <= 1/eta: trace and determinant of what is left."""
        a = x["q"] ** 2
        eta = x["eta"]
        left = [2 * a - eta * x["heights"].sum(), a**2]
        # det(a - E) = a^2 - a tr E + det E, det E = sum_{i<j} h_i h_j sin^2
        left[1] = (
            left[1]
            - a * eta * x["heights"].sum()
            + eta**2 * _determinant(x["heights"], x["angles"])
        )
        return {"mu > 0": 1 - a, "H <= 1/eta": min(left), "0 <= slopes": min(x["slopes"])}

    def prepare(self, x: Instance) -> Instance:
        """Heights that fit."""
        excess = max(x["eta"] * sum(x["heights"]) / x["q"] ** 2, Fraction(1))
        return {
            **x,
            "heights": tuple(h / excess for h in x["heights"]),
            "slopes": tuple(
                s if h else 0 * s for s, h in zip(x["slopes"], x["heights"], strict=True)
            ),
        }

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the squared bound."""
        one = x["eta"] / x["eta"]
        run = Bent(
            {**x, "levels": x["heights"], "R": one, "G": one, "L2": 0 * one, "gamma": x["q"] ** 2}
        )
        known = replace(run.scales, L=1 / x["eta"], H_w=0 * one)
        bias = run.bias()
        square = bias @ bias
        if form == "conjectured":
            bound = bias_bound_lipschitz_hessian(known)
        else:
            bound = bias_bound_any_curvature(known)
        return square, bound**2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """H(w_1) and H(w_2) with axes apart, a_L = 0."""
        yield {
            "q": "4/5",
            "eta": "2/5",
            "heights": (1, 1),
            "slopes": (0, 5),
            "angles": (0, 2),
            "start": 0,
            "gradient": 5,
            "steps": 3,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """Those of the smaller bound with L = mu + sum h_j <= 1/eta, at T = 3 and, all |A_s - c|
        the largest, 5.
        """

        def full(box: Box) -> Box:
            one = Fraction(1)
            more = {"R": one, "G": one, "L2": 0 * one}
            return replace(
                box,
                reduce=lambda x: box.reduce(
                    {**x, **more, "levels": x["heights"], "gamma": x["q"] ** 2}
                ),
            )

        if form == "stated":
            yield from map(full, (expansion(), rising(5, farthest)))


def _determinant(heights: Array, tangents: Array) -> Any:
    """Determinant of sum_j h_j u_j u_j'."""
    total = 0 * heights[0]
    parts = [(h, turned(t)) for h, t in zip(heights, tangents, strict=True)]
    for i, (h, u) in enumerate(parts):
        total = total + sum(h * k * (u[0] * v[1] - u[1] * v[0]) ** 2 for k, v in parts[:i])
    return total
