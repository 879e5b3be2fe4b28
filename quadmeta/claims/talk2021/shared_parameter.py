"""An optimiser that shares its parameter over the steps: its derivative is a sum over time, of
equal terms.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives
from quadmeta.claims.families.schedules import Loss
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, STEPS, WEIGHTS, Values


class Talk2021SharedParameter(Claim):
    """ "Like a recurrent network, since theta is shared": d/d eta of F(eta, ..., eta) is the sum of
    the T partials.

    For a constant step size on a quadratic the partials are all equal, whatever the step they
    belong to: no step is more to blame for an explosion than another. Sides: their sum, and each;
    F' and F'/T.

    Proof. Chain rule; F(eta_1, ..., eta_T) = sum_i omega_i prod_t (1 - eta_t lambda_i)^2 is
    symmetric in the eta_t.
    """

    reference = "Ge 2021, talk; parameters shared over the steps"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 80
    forms = {
        "reading": Form(
            r"\tfrac d{d\eta}F(\eta,\ldots,\eta)=\sum_t\partial_tF=T\,\partial_sF\quad(s=1..T)",
            "holds",
            "proof + exact",
            "and all terms are equal",
            proved=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Sum of the partials and each of them; F', and F'/T for each."""
        lam, omega, eta, T = (x[key] for key in ("eigenvalues", "weights", "eta", "steps"))
        partials = Loss.at(lam, omega, np.array([eta] * T)).gradient
        whole = derivatives(lam, omega, eta, T)[1]
        return np.array([partials.sum(), *partials]), np.array([whole, *[whole / T] * T])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Three modes of which one has a zero factor; beyond 2/L."""
        yield {"eigenvalues": (1, 2, 5), "weights": (1, 1, 2), "eta": "1/2", "steps": 4}
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "eta": 1, "steps": 3}
