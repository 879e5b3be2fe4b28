"""With the matrix I - eta H(w_t) in place of the discount the bias goes to 0: no floor remains."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from quadmeta.claims.families.discount import LINE, TWO_BENDS
from quadmeta.claims.families.ramps import RAMPS, Ramps, ramp_margins, ramped
from quadmeta.claims.reductions.bent import bends, matrix_drift
from quadmeta.theory.discount import bias_bound_matrix_discount
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class DerivedMatrixDiscount(Claim):
    """v_t = (I - eta H(w_t)) v_{t-1} + g_t, ghat = -eta J(w_T) v_T:
    ||ghat - g|| <= ``bias_bound_matrix_discount`` for eta <= 1/L, B bounding ||J(w_t)||, t <= T.

    It takes T products with a Hessian, as many as the reverse mode has less one and one at w_T. The
    bound tends to 0 like T a_mu^T, whatever ||g_T||, unlike that of any scalar weights. A quadratic
    with J constant has the smaller bound eta B L_2 R (T - 1) a_mu^T. J = -diag(psi(w_1), psi(w_2))
    changes at the rate M_b.

    Proof. With P_t = A_{t+1} ... A_T and P'_t = A_{T+1} ... A_{t+2}, g - ghat = eta sum_t {(J(w_T)
    - J(w_{t-1})) P_t g_T + J(w_T) (P'_t - P_t) g_T + J(w_T) P'_t (g_t - g_T)}, t = 1, ..., T. With
    |w_t - w_*| <= a_mu^t R: |w_{t-1} - w_T| <= a_mu^(t-1) (1 + a_mu) R; compare P_t with
    A_*^(T-t) as in yakovlev2023_bias_bound, and P'_t, whose points are one step further on, so that
    the same sum is a_mu times as large; |g_t - g_T| <= L_2 a_mu^t (1 + a_mu) R for t < T, and 0 at
    T. On a quadratic with J constant only the last sum remains, and 0 <= a^t - a^T <= a_mu^t for a
    in [0, a_mu].
    """

    reference = "derived"
    strength = "upper"
    draws = 120
    forms = {
        "stated": Form(
            r"\|\hat g_E-g\|\le(1+a_\mu)\eta Ra_\mu^{T-1}\Big\{M_bT\|g_T\|"
            r"+\tfrac{BH_w}\mu\Big[(T-1)-"
            r"\tfrac{a_\mu-a_\mu^T}{1-a_\mu}\Big]\|g_T\|+BL_2a_\mu(T-1)\Big\},\quad\le\eta"
            r" BL_2R(T-1)a_\mu^T\text{ on quadratics}",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = RAMPS

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As those of the printed bias bound."""
        return ramp_margins(x)

    def prepare(self, x: Instance) -> Instance:
        """Into their ranges; a third of them quadratic, and J constant."""
        if x["steps"] % 3:
            return ramped(x)
        return ramped({**x, "slopes": tuple(0 * s for s in x["slopes"]), "cross": 0 * x["cross"]})

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the squared bound."""
        found = Ramps(x)
        bias = found.matrix_bias()
        known = replace(found.scales, B=found.largest(found.T + 1))
        return bias @ bias, bias_bound_matrix_discount(known) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two bends that do not commute; a line at T = 1, where J changes alone."""
        yield {**TWO_BENDS, "cross": 0}
        yield {**TWO_BENDS, "cross": 1}
        yield {
            **LINE,
            "heights": (0,),
            "levels": (0,),
            "R": 1,
            "L2": "3/4",
            "gamma": "1/4",
            "cross": "1/4",
            "steps": 1,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """Quadratics at T = 2, 3, 5; bends at T = 2, 4."""
        yield from map(matrix_drift, (2, 3, 5))
        yield from (bends(T, True, bias_bound_matrix_discount) for T in (2, 4))
