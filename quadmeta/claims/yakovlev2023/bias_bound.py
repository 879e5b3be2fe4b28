"""The printed bound of the bias of the discounted hypergradient is negative for few steps; the
bound corrected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from quadmeta.claims.families.discount import BENT, Bent, bent, bent_margins, signed_square
from quadmeta.claims.reductions.bent import bends
from quadmeta.claims.reductions.discount import mixture, path, positions
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import bias_bound_as_printed, bias_bound_lipschitz_hessian
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023BiasBound(Claim):
    """||ghat - g|| under assumptions 1-6, B bounding ||d Phi/d
    alpha|| = eta ||J|| (what the units ask for), eta <= 1/L.

    Printed: with q^2 = 1 - eta mu, the bound of ``quadmeta.theory.discount.bias_bound_as_printed``.
    Its factor of H_w is q^T (T - 1 - sum_{j<=T} q^j), negative for T < 4, 9, 29 at eta mu = 1/2,
    1/10, 1/100, though the bias is 0 at T = 1; that term also lacks a length, and its index
    slipped. H_w is the best constant here: there is one bend. Repaired:
    ``bias_bound_lipschitz_hessian``, attained at R = 0 with gamma = 1 - eta L and H(w_*) g = mu g.

    Proof (repaired). ghat - g = sum_k gamma^k B_{T-k} (g_{T-k} - g_T) + sum_k B_{T-k}
    (gamma^k - P_k) g_T with P_k = A_{T-k+1} ... A_T. First sum: |w_t - w_T| is at most the two
    distances to w_*, R (a_mu^t + a_mu^T), and at most the path
    sum_{t<=s<T} eta L R a_mu^s = (L/mu) R (a_mu^t - a_mu^T). Second: |gamma^k - A_*^k| is at most
    max(|a_mu^k - gamma^k|, |gamma^k - a_L^k|); telescoping,
    |P_k - A_*^k| <= sum_{s=T-k+1}^T a_mu^(k-1) eta H_w a_mu^(s-1) R
    = (H_w R/mu) a_mu^(T-1) (1 - a_mu^k); and P_1 = A_T is symmetric with eigenvalues in
    [a_L, a_mu].
    """

    reference = "Yakovlev et al. 2023, theorem on the bias"
    source = SOURCE
    standing = "theorem"
    strength = "tight"
    draws = 120
    forms = {
        "printed": Form(
            r"\|\hat g-g\|\le\frac{2LBRq^T}{q^{-1}-1}+B\|g_T\|\Big[\tfrac1\eta\big(\tfrac1\mu"
            r"-\tfrac1L"
            r"+\tfrac{(1-\eta\mu)^T}L\big)+2\eta "
            r"H_w\big((T-1)q^T-\tfrac{q^{T-1}-(1-\eta\mu)^T}{q^{-1}-1}"
            r"\big)\Big]",
            "refuted",
            "exact",
            "the factor of H_w is negative for T below about sqrt(8/(eta mu)); a length is missing",
            fault="false",
        ),
        "repaired": Form(
            r"\|\hat g-g\|\le\eta B\Big\{L_2R\sum_{k=1}^{T-1}\gamma^ka_\mu^{T-k}\min\{1+a_\mu^k,"
            r"\kappa(1-a_\mu^k)\}+\|g_T\|\Big[\sum_{k=1}^{T-1}\max(a_\mu^k-\gamma^k,"
            r"\gamma^k-a_L^k)+"
            r"\tfrac{H_wR}\mu a_\mu^{T-1}\sum_{k=2}^{T-1}(1-a_\mu^k)\Big]\Big\}",
            "holds",
            "proof + exact",
            "index and length restored, loose relaxations removed",
            proved=True,
            attained=True,
        ),
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """mu <= H, H_2 <= L, the range of gamma and eta <= 1/L; as printed one bend, so that no
        smaller H_w serves.
        """
        margins = bent_margins(x)
        more = {"gamma > 0": x["gamma"], "bends <= 1": 1 - len(x["slopes"])}
        if form == "printed":
            return {**margins, **more}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """Curvatures, discount and step size moved into their ranges."""
        return bent(x)

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the square of the bound with its sign."""
        found = Bent(x)
        known = found.scales
        # J = -I: reading "step" has B = eta in print; L serves both losses there
        if form == "printed":
            bound = bias_bound_as_printed(replace(known, L2=known.L))
        else:
            bound = bias_bound_lipschitz_hessian(known)
        bias = found.bias()
        return bias @ bias, signed_square(bound)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One step and two, mu = 3/4, L = 1, H_w = 2; as repaired also equality at R = 0, and two
        bends.
        """
        bend = {
            "q": "1/2",
            "eta": 1,
            "heights": ("1/4",),
            "levels": ("1/8",),
            "slopes": (2,),
            "angles": (0,),
            "start": 0,
            "R": 1,
            "L2": 1,
            "gradient": 0,
            "gamma": "1/8",
        }
        yield {**bend, "G": 11, "steps": 1}
        yield {**bend, "G": 100, "steps": 2}
        if form == "repaired":
            yield {**bend, "levels": (0,), "G": 1, "R": 0, "gamma": 0, "steps": 4}
            yield {
                **bend,
                "q": "4/5",
                "heights": ("1/4", "1/4"),
                "levels": (0, "1/8"),
                "slopes": (1, 1),
                "L2": "1/2",
                "angles": (0, "1/2"),
                "start": "1/3",
                "G": 1,
                "gamma": "1/2",
                "steps": 5,
            }

    def boxes(self, form: str) -> Iterable[Box]:
        """The parts of R at T = 2, 3, of the spectrum at all T, and of H_w at T = 3, 4."""
        if form == "repaired":
            yield from map(path, (2, 3))
            yield mixture(lambda x: positions(x, bias_bound_lipschitz_hessian))
            yield from (bends(T, False, bias_bound_lipschitz_hessian) for T in (3, 4))
