"""The unrolled hypergradient from the start alone: no inverse, singular inner Hessians as well."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.moving import MOMENTUM, MOVING, PLANE, Moving, heavy_ball
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Quantity, Values


class DerivedStartForm(Claim):
    """F'_k = -g'S(H) v - <M, S[.,.] o G R'>, v = H_k w_0 - b_k, for every method that is linear in
    the error.

    w_T = w_0 - S(H) r with r = H w_0 - b and S(lambda) = (1 - p_T(lambda))/lambda a polynomial.
    g = grad L_2(w_T); G, R and M are g, r and H_k in the eigenbasis of H, S[x, y] the divided
    differences of S. Nothing in it is inverted, so that it holds for singular and indefinite H.
    Sides: by dual numbers through the loop of heavy ball (gradient descent at beta = 0); the
    formula, S and its differences by the recurrence of the method.

    Proof. Differentiate w_0 - S(H) r in alpha: S(H) moves by Q (S[.,.] o M) Q' (Daleckii and
    Krein), and r by v. Recurrence: p_(t+1) = h p_t - beta p_(t-1) with h = 1 + beta - eta lambda
    gives S_(t+1) = h S_t - beta S_(t-1) + eta, and the difference of a product is u(x) w[x, y] +
    u[x, y] w(y).
    """

    reference = "derived; on unrolled hypergradients of linear methods"
    strength = "identity"
    draws = 60
    forms = {
        "stated": Form(
            r"F'_k=-g^\top S(H)\,(H_kw_0-b_k)-\langle Q^\top H_kQ,\ S^{[1]}\circ GR^\top\rangle",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {**MOVING, "momentum": MOMENTUM}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain."""
        return {}

    def prepare(self, x: Instance) -> Instance:
        """Every second problem repeats an eigenvalue."""
        lam = list(x["eigenvalues"])
        if x["steps"] % 2:
            lam[-1] = lam[0]
        return {**x, "eigenvalues": tuple(lam)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """g'd_k w_T; the formula."""
        problem = Moving.of(x)
        g = x["outer"]
        eta, beta, T = x["eta"], x["momentum"], x["steps"]
        w0 = problem.w0
        exact = g @ problem.tangent(lambda H, b: heavy_ball(H, b, w0, eta, beta, T))
        R = problem.R
        lam = problem.lam
        moved, _ = _response(lam, lam, eta, beta, T)
        _, slopes = _response(lam[:, None], lam[None, :], eta, beta, T)
        G = R @ g
        r = R @ (problem.H @ w0 - problem.b)
        M = R @ problem.Hk @ R
        formula = -(G * moved) @ (R @ problem.residual(w0)) - (M * slopes * np.outer(G, r)).sum()
        return exact, formula

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two modes that turn into each other, distinct and equal."""
        plane = {**PLANE, "eta": "1/2", "momentum": "1/4", "steps": 3}
        yield plane
        yield {**plane, "eigenvalues": (2, 2), "momentum": 0}


def _response(x: Any, y: Any, eta: Quantity, beta: Quantity, T: int) -> tuple[Any, Any]:
    """(S(y), S[x, y]) of heavy ball after T steps."""
    before = now = 0 * y
    slope_before = slope = 0 * (x + y)
    for _ in range(T):
        h, other = 1 + beta - eta * y, 1 + beta - eta * x
        slope_before, slope = slope, other * slope - eta * now - beta * slope_before
        before, now = now, h * now - beta * before + eta
    return now, slope
