"""|G'(eta)| <= 2 N(lambda)/N(a) <= 2L (kappa+1)/(kappa-1)
(Omega / min(omega_mu, omega_L))^(1/2T).
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread, weight_at
from quadmeta.claims.reductions.steps import end_weights, power_mean, slopes, two_extremes
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Values,
)


class DerivedLogGradientBound(Claim):
    """Pointwise bound of the meta-gradient of G = log F / T, and a uniform one, with no
    normalisation.

    N(v) = (sum_i omega_i |v_i|^(2T))^(1/2T) and a = 1 - eta lambda, so F = N(a)^(2T). Compared are
    2T-th powers: |G'| with 2 N(lambda)/N(a), and that with B_3 = 2L (L + mu)/(L - mu)
    (Omega / min(omega_mu, omega_L))^(1/2T). Replacing N(a) by its minimum R(eta*) gives B_1 of
    ``LogObjective.gradient_bound``, between the two. As T grows all tend to 2L (L + mu)/(L - mu),
    and so does |G'| just right of 2/(L + mu).

    Proof. Hoelder with exponents 2T and q = 2T/(2T-1): |sum omega lambda a^(2T-1)| <= N(lambda)
    N(a)^(2T-1). For B_3, L - mu = L a_mu - mu a_L for every eta, Hoelder against the two extreme
    modes, (L^q + mu^q)^(1/q) <= L + mu, and N(lambda) <= L Omega^(1/2T).
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 4"
    strength = "upper"
    forms = {
        "stated": Form(
            r"|G'(\eta)|\le\frac{2N_T(\lambda)}{N_T(\mathbf 1-\eta\lambda)}"
            r"\le2L\frac{\kappa+1}{\kappa-1}\Big(\frac\Omega{\min(\omega_\mu,\omega_L)}"
            r"\Big)^{1/2T}",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "weights": WEIGHTS, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct active eigenvalues: at kappa = 1 there is a pole."""
        return {"kappa > 1": spread(x["eigenvalues"])}

    def power(self, x: Values, form: str) -> int:
        """2T."""
        return 2 * int(x["steps"])

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(|G'|, 2 N(lambda)/N(a)) and (2 N(lambda)/N(a), B_3), all to the power 2T."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        T = x["steps"]
        mu = lam.min()
        L = lam.max()
        loss, slope, _ = derivatives(lam, omega, x["eta"], T)
        pointwise = 2 ** (2 * T) * (omega * lam ** (2 * T)).sum() / loss
        least = min(weight_at(lam, omega, end) for end in (mu, L))
        uniform = (2 * L * (L + mu) / (L - mu)) ** (2 * T) * omega.sum() / least
        return np.array([(slope / loss / T) ** (2 * T), pointwise]), np.array([pointwise, uniform])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Just right of 2/(L + mu) at a large T, and eta = 1/lambda_i."""
        T = 100
        yield {
            "eigenvalues": (1, 3),
            "weights": (1, 1),
            "eta": Fraction(1, 2) + Fraction(4, 3 * T),
            "steps": T,
        }
        yield {"eigenvalues": (1, 2, 5), "weights": (1, 3, "1/100"), "eta": "1/2", "steps": 4}

    def boxes(self, form: str) -> Iterable[Box]:
        """Hoelder at T = 2 and 3 (an identity at T = 1), and against the two extreme modes at
        T = 1, 2 and 3.
        """

        def ends(x: Instance) -> tuple[Any, Any]:
            return sum(x["weights"]), min(end_weights(x["eigenvalues"], x["weights"]))

        yield from (
            power_mean(T, lambda x: slopes(x["eigenvalues"], x["weights"], x)) for T in (2, 3)
        )
        yield from (two_extremes(T, 1, ends) for T in (1, 2, 3))
