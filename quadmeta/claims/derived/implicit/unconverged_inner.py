"""What the implicit hypergradient returns away from the inner minimum: exact, and quadratic in the
inner error.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.auxiliary import (
    ANY,
    APART,
    ONE_DIMENSION,
    Family,
    family,
    slope,
    solve,
)
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class DerivedUnconvergedInner(Claim):
    """ghat_k = -grad L_A(w)'H^-1 grad l_k(w) at w = w_* + e is -(v + A_A e)'H^-1 (u_k + A_k e), v
    and u_k at w_*.

    Conjectured: it is the hypergradient, as if w were w_*. False unless e = 0. Repaired: what is
    added to g_k is

        -(e'A_A H^-1 u_k + v'H^-1 A_k e + e'A_A H^-1 A_k e),

    of first order in e in general, and of second order where v = 0 = u_k.

    Proof (repaired). grad L_A(w) = v + A_A e and grad l_k(w) = u_k + A_k e; H does not depend on
    w. Multiply out.
    """

    reference = "derived; on the implicit hypergradient"
    strength = "identity"
    draws = 25
    forms = {
        "conjectured": Form(
            r"-\nabla L_A(w)^\top H^{-1}\nabla\ell_k(w)=\partial_kF",
            "refuted",
            "exact",
            "needs the inner minimum",
        ),
        "repaired": Form(
            r"w=w_*+e:\quad\hat g_k-g_k=-(e^\top A_AH^{-1}u_k+v^\top H^{-1}A_ke+e^\top "
            r"A_AH^{-1}A_ke)",
            "holds",
            "proof + exact",
            "with what an inner error adds",
            proved=True,
        ),
    }
    domain = {**family(1), "shift": ANY}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The inner problem has one minimiser."""
        f = Family.of(x)
        return {"H(phi) > 0": f.convexity(f.phi)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The formula at w_* + e; g by dual numbers, and (repaired) the terms."""
        f = Family.of(x)
        e = x["shift"]
        w = f.minimiser(f.phi)
        H = f.hessian(f.phi)
        task = f.tasks[1]
        exact = slope(f.value, f.phi, 0)
        found = -solve(H, f.outer.gradient(w + e)) @ task.gradient(w + e)
        if form == "conjectured":
            return found, exact
        near = solve(H, f.outer.gradient(w))
        turned = solve(H, f.outer.A @ e)
        return found, exact - turned @ task.gradient(w) - near @ (task.A @ e) - turned @ (
            task.A @ e
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension; two tasks that do not commute."""
        one = {
            **ONE_DIMENSION,
            "bA": (1,),
            "phi1": 1,
            "shift": (0,),
        }
        yield one
        yield {**one, "shift": (1,)}
        yield {
            **one,
            **APART,
            "phi1": 2,
            "shift": (1, -1),
        }
