"""The derivative of the outer loss at weight 0 of an auxiliary task, as printed and with the
gradient that is meant.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import APART, ONE_DIMENSION, Family, family, slope, solve
from quadmeta.claims.navon2021 import PAPER
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class Navon2021NewtonProp(Claim):
    """dL_A / d phi at phi = 0 is -<grad L_A, (grad^2 L_T)^-1 grad L_T>, the main task trained to
    convergence.

    As printed in the first version of the paper, all at phi = 0, the right side vanishes, because
    w_*(0) is a stationary point of L_T(., 0); the left one does not. That is a slip in the index of
    the loss: a note on the paper derives the product with the gradient of the auxiliary loss.
    Repaired: with that in place of the gradient of L_T; or, which is the same number, with the
    gradient of L_T(., 1). The Hessian is H(0) in both. A weight helps where the derivative is
    negative.

    Proof (repaired). navon2021_implicit_hypergradient at phi = 0; grad L_T(w_*(0), 1) = grad
    L_T(w_*(0), 0) + u = u.
    """

    reference = "Navon et al. 2021, arXiv v1, Proposition 1, eq. 5"
    source = PAPER
    standing = "theorem"
    strength = "identity"
    draws = 100
    forms = {
        "printed": Form(
            r"\tfrac{dL_A}{d\phi}\Big|_{\phi=0}=-\langle\nabla "
            r"L_A,(\nabla^2L_T)^{-1}\nabla_wL_T\rangle",
            "refuted",
            "exact",
            "the gradient of L_T vanishes at its own minimiser",
            fault="misprint",
        ),
        "repaired": Form(
            r"\tfrac{dL_A}{d\phi}\Big|_{\phi=0}=-\langle\nabla "
            r"L_A,H(0)^{-1}\nabla\ell_{aux}\rangle=-"
            r"\langle\nabla L_A,H(0)^{-1}\nabla_wL_T(\cdot,1)\rangle",
            "holds",
            "proof + exact",
            "the gradient of the auxiliary loss, or that of L_T at phi = 1",
            proved=True,
        ),
    }
    domain = {key: p for key, p in family(1).items() if key != "phi1"}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A strongly convex main task."""
        return {"H(0) > 0": Family.of({**x, "phi1": 0}).convexity((0,))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Derivative by dual numbers at phi = 0, and the product with each gradient."""
        f = Family.of({**x, "phi1": 0 * x["rho"]})
        w = f.minimiser(f.phi)
        adjoint = solve(f.hessian(f.phi), f.outer.gradient(w))
        one = (0 * x["rho"] + 1,)
        if form == "printed":
            used = [f.gradient(w, f.phi)]
        else:
            used = [f.tasks[1].gradient(w), f.gradient(w, one)]
        exact = slope(f.value, f.phi, 0)
        return np.array([exact for _ in used]), np.array([-adjoint @ gradient for gradient in used])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension: the task pulls towards the outer minimum; two tasks that do not
        commute.
        """
        yield {
            **ONE_DIMENSION,
            "bA": (1,),
        }
        yield {
            **APART,
        }
