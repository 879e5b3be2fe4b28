"""What unrolled differentiation returns in the null space of a singular inner Hessian."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.moving import MOVING, Moving, heavy_ball
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class DerivedNullSpaceLimit(Claim):
    """Gradient descent on an inner problem whose Hessian H is singular, b in its range; P projects
    on the null space of H, w_inf = w_0 - H^+ (H w_0 - b) is where the run ends.

    Conjectured: in the null space nothing happens, P d_k w_T = 0, as every estimator by a
    pseudo-inverse has it. Repaired: at every T

        P d_k w_T = -eta T P (H_k w_inf - b_k) - P H_k S_T(H) (w_0 - w_inf),

    S_T(lambda) = (1 - (1 - eta lambda)^T)/lambda. Below 2/L, S_T(H) (w_0 - w_inf) tends to
    H^+ (w_0 - w_inf): the derivative has a limit iff P (H_k w_inf - b_k) = 0, and the limit still
    has the second term, the motion of the null space, which no implicit estimator has. It is 0
    where P H_k = 0, as for weights of samples.

    Proof (repaired). d_k w_(t+1) = (I - eta H) d_k w_t - eta (H_k w_t - b_k), and P H = 0. So P d_k
    w_T is the sum of -eta P (H_k w_t - b_k) over t < T. There w_t = w_inf + (I - eta H)^t (w_0 -
    w_inf), and w_0 - w_inf lies in the range of H, where eta times the sum of (I - eta H)^t is
    S_T(H).
    """

    reference = "derived; on singular inner problems"
    strength = "identity"
    draws = 60
    forms = {
        "conjectured": Form(
            r"P_N\,\partial_kw_T=0",
            "refuted",
            "exact",
            "only where no null vector meets the move of the problem",
        ),
        "repaired": Form(
            r"P_N\,\partial_kw_T=-\eta T\,P_N(H_kw_\infty-b_k)-P_NH_kS_T(H)(w_0-w_\infty)",
            "holds",
            "proof + exact",
            "with growth like T and the motion of the null space",
            proved=True,
        ),
    }
    domain = {name: MOVING[name] for name in MOVING if name != "outer"}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain: H is singular by construction."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """By dual numbers through the loop; 0, or the formula in the eigenbasis. The first
        eigenvalue counts as 0, and b = H "linear".
        """
        kept = np.array([0] + [1] * (len(x["eigenvalues"]) - 1))
        problem = Moving.of({**x, "eigenvalues": x["eigenvalues"] * kept})
        problem = problem._replace(b=problem.H @ problem.b)
        lam, R = problem.lam, problem.R
        eta = x["eta"]
        T = x["steps"]
        null = (R * (1 - kept)) @ R
        w0 = problem.w0
        found = null @ problem.tangent(lambda H, b: heavy_ball(H, b, w0, eta, 0 * eta, T))
        if form == "conjectured":
            return found, 0 * found
        # w_inf has the null part of w_0, and the rest of "linear"
        ended = null @ w0 + x["linear"] - null @ x["linear"]
        response = np.array([0 * eta, *((1 - (1 - eta * v) ** T) / v for v in lam[1:])])
        moved = R @ (response * (R @ (w0 - ended)))
        growth = eta * T * (null @ problem.residual(ended))
        return found, -growth - null @ (problem.Hk @ moved)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A feature that alpha turns: the null space moves. As repaired also growth like T, from a
        start beside the row space under a ridge.
        """
        moves = {
            "eigenvalues": (1, 1),
            "turn": (0, 0),
            "linear": (0, 1),
            "s": (0, 0),
            "p": (1, 1),
            "moved": (1, 1),
            "start": (0, 0),
            "eta": "1/2",
            "steps": 3,
        }
        yield moves
        if form == "repaired":
            yield {**moves, "s": (1, 1), "p": (0, 0), "moved": (0, 0), "start": (2, 0)}
