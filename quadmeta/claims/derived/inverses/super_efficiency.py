"""Three estimates of the gradient of a minimum, from weights that are not there yet."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.moving import MOMENTUM, MOVING, PLANE, Moving, heavy_ball
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values

NAMES = ("eigenvalues", "turn", "linear", "s", "p", "moved", "start", "eta", "steps")


class DerivedSuperEfficiency(Claim):
    """The outer loss is the inner one, f(alpha) = min_w L_1(w, alpha), and w_T a run of heavy ball,
    e_T = w_T - w_* = p_T(H) e_0. Analytic: g1 = d_alpha L_1(w_T), the weights held. Automatic: g2 =
    d/d alpha L_1(w_T(alpha), alpha). Implicit: g3 = g1 - J(w_T) H^-1 grad L_1(w_T).

    Where b alone depends on alpha,

        g1 - f' = -b_k'p_T(H) e_0,   g2 - f' = -b_k'p_T(H)^2 e_0,   g3 = f':

    the automatic error is the analytic one with the square of its filter, which is what Ablin,
    Peyre and Moreau (2020) call super-efficiency ("close to the square"), here mode by mode. Where
    H moves as well, g3 - f' = -e_T'H_k e_T/2: the error of the implicit estimate is of second order
    too, and needs no derivative of the run. With momentum at a double root p_T is of order T q^T,
    and the square keeps the T^2.

    Proof. g1 - f' = -b_k'e_T where H is fixed; g2 = g1 + (d w_T)'H e_T with d w_T = (1 - p_T(H))
    H^-1 b_k. In general, with J_* = H_k w_* - b_k, g1 - f' = J_*'e_T + e_T'H_k e_T/2, and the
    implicit term takes away (J_* + H_k e_T)'e_T.
    """

    reference = "derived; on gradients of minima, Ablin, Peyre, Moreau 2020"
    strength = "identity"
    draws = 40
    forms = {
        "stated": Form(
            r"g^1-f'=-b_k^\top p_T(H)e_0,\quad g^2-f'=-b_k^\top p_T(H)^2e_0,\quad "
            r"g^3-f'=-\tfrac12e_T^\top H_ke_T",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {name: MOVING[name] for name in NAMES} | {"momentum": MOMENTUM}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The errors, d w_T by dual numbers; the formulas, p_T(H) by runs towards 0."""
        moving = Moving.of(x)
        H, b, bk = moving.H, moving.b, moving.bk
        parameters = x["eta"], x["momentum"], x["steps"]
        still = Moving.of({**x, "s": 0 * x["s"], "p": 0 * x["p"]})
        w = heavy_ball(H, b, moving.w0, *parameters)
        star = solve(H, b)
        analytic = -bk @ (w - star)
        tangent = still.tangent(lambda H, b: heavy_ball(H, b, moving.w0, *parameters))
        automatic = analytic + tangent @ (H @ w - b)
        e = heavy_ball(H, 0 * b, moving.w0 - star, *parameters)
        twice = heavy_ball(H, 0 * b, e, *parameters)
        # of H that moves as well: J(w_T) = H_k w_T - b_k
        at_end = _partial(moving, w) - moving.residual(w) @ solve(H, H @ w - b)
        implicit = at_end - _partial(moving, star)
        return (
            np.array([analytic, automatic, implicit]),
            np.array([-bk @ e, -bk @ twice, -e @ (moving.Hk @ e) / 2]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two modes, without momentum and with; a double root."""
        plane = {name: PLANE[name] for name in PLANE if name in NAMES}
        yield {**plane, "eta": "1/2", "momentum": 0, "steps": 2}
        yield {**plane, "eta": "1/2", "momentum": "1/4", "steps": 3}
        yield {**plane, "eta": "1/4", "momentum": "1/4", "steps": 3}


def _partial(moving: Moving, w: Any) -> Any:
    """d_alpha L_1 at fixed weights."""
    return w @ (moving.Hk @ w) / 2 - moving.bk @ w
