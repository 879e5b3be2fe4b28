"""(1/T) log |F'_T(eta)| -> 2 log rho(eta), with an explicit remainder at every finite T and one
exceptional point.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread, weight_at
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, STEPS, WEIGHTS, Values


class DerivedNaiveGrowth(Claim):
    """Growth of the naive meta-gradient; rho = max |a_i|, a_i = 1 - eta lambda_i, r_2 the next
    modulus.

    With A_r = (sum over a_i = r minus sum over a_i = -r) of omega_i lambda_i,

        |F'_T + 2T rho^(2T-1) A_rho| <= 2T r_2^(2T-1) sum_{r < rho} |A_r|,

    and A_rho = 0 only at eta = 2/(L + mu) with omega_L L = omega_mu mu exactly: elsewhere
    |A_rho| >= min(omega_mu mu, omega_L L), so that the rate is 2 log rho. At the exceptional point
    it is 2 log of the next modulus with A_r != 0.

    Proof. -F'/2T = sum_r r^(2T-1) A_r. |1 - eta lambda| is convex in lambda, so rho is reached at
    mu, at L, or at both with opposite signs, the last only at 2/(L + mu) where |A_rho| = |omega_mu
    mu - omega_L L|; at eta = 0 by all.
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 3"
    strength = "rate"
    forms = {
        "stated": Form(
            r"\big|F'_T+2T\rho^{2T-1}A_\rho\big|\le2Tr_2^{2T-1}\sum_{r<\rho}|A_r|,\quad "
            r"A_\rho=0\iff"
            r"\eta=\tfrac2{L+\mu},\ \omega_LL=\omega_\mu\mu",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct active eigenvalues."""
        return {"kappa > 1": spread(x["eigenvalues"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(Remainder, least leading coefficient) and (its bound, |A_rho|)."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        eta = x["eta"]
        T = x["steps"]
        a = 1 - eta * lam
        moduli = sorted(set(abs(a)), reverse=True)
        A = {r: ((omega * lam)[a == r]).sum() - ((omega * lam)[a == -r]).sum() for r in moduli}
        rho, *below = A
        remainder = derivatives(lam, omega, eta, T)[1] + 2 * T * rho ** (2 * T - 1) * A[rho]
        if below:
            bound = 2 * T * below[0] ** (2 * T - 1) * sum(abs(A[r]) for r in below)
        else:
            bound = rho * 0
        ends = [weight_at(lam, omega, end) * end for end in (lam.min(), lam.max())]
        at_crossing = eta * (lam.min() + lam.max()) == 2
        if at_crossing:
            least = abs(ends[0] - ends[1])
        else:
            least = min(ends)
        return np.array([abs(remainder), least]), np.array([bound, abs(A[rho])])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The exceptional point with a third mode (rho = 3/4, r_2 = 3/8) and without, next to it,
        and eta = 0.
        """
        yield {"eigenvalues": (2, 5, 14), "weights": (7, 1, 1), "eta": "1/8", "steps": 6}
        yield {"eigenvalues": (1, 3), "weights": (3, 1), "eta": "1/2", "steps": 4}
        yield {"eigenvalues": (2, 5, 14), "weights": (7, 1, 1), "eta": "1001/8000", "steps": 3}
        yield {"eigenvalues": (1, 2, 3), "weights": (1, 1, 1), "eta": 0, "steps": 2}
