"""What one Newton step from the main task's minimiser misses of the joint minimiser."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import APART, ONE_DIMENSION, Family, family, solve
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class DerivedNewtonStep(Claim):
    """From w_*(0), a Newton step on L_T(., phi) with H(0) misses w_*(phi) by phi^2 H(phi)^-1 A_1
    H(0)^-1 u_1.

    With H(phi) the step is exact for every phi: L_T(., phi) is quadratic. u_1 is the task's
    gradient at w_*(0).

    Proof. The gradient of L_T(., phi) at w_*(0) is phi u_1, so that w_*(phi) - w_Newton = phi
    (H(0)^-1 - H(phi)^-1) u_1, and H(0)^-1 - H(phi)^-1 = phi H(phi)^-1 A_1 H(0)^-1.
    """

    reference = "derived; on Proposition 1 of Navon et al. 2021, arXiv v1"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"w_*(\phi)-w_N=\phi^2H(\phi)^{-1}A_1H(0)^{-1}u_1,\quad "
            r"w_N=w_*(0)-H(0)^{-1}\nabla_wL_T("
            r"w_*(0),\phi);\quad0\text{ with }H(\phi)",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = family(1)

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A strongly convex main task."""
        return {"H(0) > 0": Family.of(x).convexity((0,))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """What both steps miss, and the formulas."""
        f = Family.of(x)
        main = (0 * x["rho"],)
        start = f.minimiser(main)
        end = f.minimiser(f.phi)
        task = f.tasks[1]
        missed = [
            end - start + solve(f.hessian(at), f.gradient(start, f.phi)) for at in (main, f.phi)
        ]
        first = solve(f.hessian(main), task.gradient(start))
        formula = f.phi[0] ** 2 * solve(f.hessian(f.phi), task.A @ first)
        return np.concatenate(missed), np.concatenate([formula, 0 * formula])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, w_N = phi against phi / (1 + phi); two tasks that do not commute."""
        yield {
            **ONE_DIMENSION,
            "bA": (1,),
            "phi1": 1,
        }
        yield {
            **APART,
            "phi1": 2,
        }
