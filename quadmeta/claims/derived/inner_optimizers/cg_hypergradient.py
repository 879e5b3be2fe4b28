"""The derivative of conjugate gradients as an inner solver: a Galerkin inverse and the motion of
the Krylov space.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import pivots, solve
from quadmeta.claims.families.moving import MOVING, PLANE, Moving
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values

NAMES = ("eigenvalues", "turn", "linear", "s", "p", "moved", "start", "outer", "steps")


class DerivedCgHypergradient(Claim):
    """w_T by T steps of conjugate gradients for H w = b from w_0, r = H w_0 - b, before they end;
    V = [r, Hr, ..], g = grad L_2(w_T), y = V (V'HV)^-1 V'g the Galerkin solution of H y = g in the
    same Krylov space.

    Conjectured: d_k F = -y'(H_k w_T - b_k), implicit differentiation with that inverse. Repaired:

        d_k F = -y'(H_k w_T - b_k) - (g - H y)'d_k[S(H) r] - (H w_T - b)'d_k[psi(H) r]

    where w_T = w_0 - S(H) r and y = psi(H) r, and the coefficients of S and psi are held. The last
    two terms are the motion of the Krylov space; they vanish where the run has solved both
    systems.

    Proof (repaired). w_T = w_0 - V C V'r with C = (V'HV)^-1. Vary H and r with V held: -y'(H_k w_T
    - b_k), as V C V'g = y and V C V'(r - H V C V' r) = 0. Vary V: with c = C V'r and d = C V'g,
    -d_k V c meets g - H y, and -d_k V d meets r - H V c = H w_T - b. V c = S(H) r and V d =
    psi(H) r.
    """

    reference = "derived; on conjugate gradients as an inner solver"
    strength = "identity"
    draws = 25
    forms = {
        "conjectured": Form(
            r"\partial_kF=-y^\top(H_kw_T-b_k)",
            "refuted",
            "exact",
            "the Krylov space moves as well",
        ),
        "repaired": Form(
            r"\partial_kF=-y^\top(H_kw_T-b_k)-(g-Hy)^\top\partial_k[S(H)r]"
            r"-(Hw_T-b)^\top\partial_k[\psi(H)r]",
            "holds",
            "proof + exact",
            "with the motion of the Krylov space",
            proved=True,
        ),
    }
    domain = {name: MOVING[name] for name in NAMES}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The run does not end before T: the Krylov vectors are independent."""
        problem = Moving.of(x)
        V = _krylov(problem.H, problem.H @ problem.w0 - problem.b, x["steps"])
        return {"V'V > 0": min(pivots(V.T @ V))}

    def prepare(self, x: Instance) -> Instance:
        """No more steps than dimensions."""
        return {**x, "steps": 1 + (x["steps"] - 1) % len(x["eigenvalues"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """g'd_k w_T by dual numbers through the recurrence; the formula."""
        problem = Moving.of(x)
        g, T, w0 = x["outer"], x["steps"], problem.w0

        def trained(H: Any, b: Any) -> Any:
            return _conjugate_gradients(H, b, w0, T)

        exact = g @ problem.tangent(trained)
        H, b = problem.H, problem.b
        r = H @ w0 - b
        V = _krylov(H, r, T)
        small = V.T @ H @ V
        c = solve(small, V.T @ r)
        d = solve(small, V.T @ g)
        w = w0 - V @ c
        y = V @ d
        galerkin = -y @ problem.residual(w)
        if form == "conjectured":
            return exact, galerkin
        return exact, galerkin - (g - H @ y) @ _moved(problem, c) - (H @ w - b) @ _moved(problem, d)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One step of two; as repaired also both."""
        plane = {**PLANE, "steps": 1}
        yield plane
        if form == "repaired":
            yield {**plane, "steps": 2}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Past its end the derivative is not one; the formula divides by 0."""
        return ()


def _conjugate_gradients(H: Any, b: Any, w: Any, T: int) -> Any:
    """w_T by the recurrence; H and b may hold dual numbers."""
    r = b - H @ w
    p = r
    for _ in range(T):
        step = r @ r / (p @ (H @ p))
        w = w + p * step
        rest = r - (H @ p) * step
        p = rest + p * (rest @ rest / (r @ r))
        r = rest
    return w


def _krylov(H: Any, r: Any, T: int) -> Array:
    """[r, Hr, .., H^(T-1) r]."""
    columns = [r]
    for _ in range(T - 1):
        columns.append(H @ columns[-1])
    return np.array(columns, dtype=object).T


def _moved(problem: Moving, coefficients: Array) -> Array:
    """d_k of sum_j coefficient_j H^j r, the coefficients held, by dual numbers."""

    def polynomial(H: Any, b: Any) -> Any:
        term = H @ problem.w0 - b
        total = term * coefficients[0]
        for c in coefficients[1:]:
            term = H @ term
            total = total + term * c
        return total

    return problem.tangent(polynomial)
