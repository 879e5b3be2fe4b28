"""With the matrix I - eta H(w_t) in place of the discount the bias goes to 0: no floor remains."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.discount import BENT, TWO_BENDS, Bent, bent, bent_margins
from quadmeta.claims.reductions.bent import bends, matrix_drift
from quadmeta.theory.discount import bias_bound_matrix_discount
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class DerivedMatrixDiscount(Claim):
    """v_t = (I - eta H(w_t)) v_{t-1} + g_t, ghat = -eta
    J(w_T) v_T: ||ghat - g|| <= ``bias_bound_matrix_discount`` for eta <= 1/L.

    Here J = -I. The bound tends to 0 like T a_mu^T, whatever ||g_T||, unlike that of any scalar
    weights. A quadratic has the smaller bound eta B L_2 R (T - 1) a_mu^T.

    Proof. With P_t = A_{t+1} ... A_T and P'_t = A_{T+1} ... A_{t+2}, g - ghat = eta sum_t {(J(w_T)
    - J(w_{t-1})) P_t g_T + J(w_T) (P'_t - P_t) g_T + J(w_T) P'_t (g_t - g_T)}. Use |w_{t-1} - w_T|
    <= 2 a_mu^(t-1) R, compare both products with A_*^(T-t) as in yakovlev2023_bias_bound, and |g_t
    - g_T| <= 2 L_2 a_mu^t R. On a quadratic only the last sum remains, and 0 <= a^t - a^T <=
    a_mu^t for a in [0, a_mu].
    """

    reference = "derived"
    strength = "upper"
    draws = 120
    forms = {
        "stated": Form(
            r"\|\hat g_E-g\|\le2\eta Ra_\mu^{T-1}\Big\{M_bT\|g_T\|+\tfrac{BH_w}\mu\Big[(T-1)-"
            r"\tfrac{a_\mu-a_\mu^T}{1-a_\mu}\Big]\|g_T\|+BL_2a_\mu(T-1)\Big\},\quad\le\eta"
            r" BL_2R(T-1)a_\mu^T\text{ on quadratics}",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As those of the printed bias bound."""
        return bent_margins(x)

    def prepare(self, x: Instance) -> Instance:
        """Into their ranges; a third of them quadratic."""
        return bent(
            {**x, "slopes": tuple(0 * s for s in x["slopes"])} if x["steps"] % 3 == 0 else x
        )

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the squared bound."""
        found = Bent(x)
        bias = found.matrix_bias()
        return bias @ bias, bias_bound_matrix_discount(found.scales) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two bends that do not commute."""
        yield {
            **TWO_BENDS,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """Quadratics at T = 2, 3, 5; bends at T = 2, 4."""
        yield from map(matrix_drift, (2, 3, 5))
        yield from (bends(T, True, bias_bound_matrix_discount) for T in (2, 4))
