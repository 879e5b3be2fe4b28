"""With additive gradient noise the best step size falls like log T / T."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.problems.noisy_quadratic import NoisyQuadratic
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    Instance,
    Parameter,
    Values,
)


class DerivedAdditiveNoiseOptimum(Claim):
    """w_{t+1} = w_t - eta (H (w_t - w_*) + zeta_t), Cov zeta = Sigma of diagonal s: the minimiser
    of F = E f(w_T).

    eta*_T = log(8 mu T omega_mu / tr Sigma)/(2 mu T) (1 + o(1)) as T grows, omega_mu = mu c_mu^2/2
    summed over the multiplicity of mu. An instance gives s_i/lambda_i^2. Sides, for 0 <= eta <= 1/L
    with x = eta lambda, a = 1 - x: with
    D = sum_i (T lambda_i^2 c_i^2 a_i^(2T-1) - s_i (1 - a_i^(2T))/4),

        D - sum_i s_i x_i (3/4 + T a_i^(2T-1))  <=  -F'(eta)  <=  D.

    Proof. F = sum (lambda c^2 a^(2T)/2 + eta s (1 - a^(2T))/(4 - 2x)), F' = sum (-T lambda^2
    c^2 a^(2T-1) + s (1 - a^(2T))/(2 - x)^2 + s T x a^(2T-1)/(2 - x)), and
    0 <= 1/(2 - x)^2 - 1/4 <= 3x/4, a >= 0: the bounds. At
    eta = r log(8 mu T omega_mu/tr Sigma)/(2 mu T) for a fixed
    r > 0, D = tr Sigma/4 ((8 mu T omega_mu/tr Sigma)^(1-r) - 1) (1 + o(1)), and the correction is
    o(1), next to D for smaller eta too: F' < 0 up to any r < 1. D decreases, so that F' >= -D > 0
    from any r > 1 to 1/L; beyond, F >= sum lambda s eta^2/2 >= sum lambda s/(2 L^2), while F -> 0
    at r = 1.
    """

    reference = "derived"
    strength = "rate"
    forms = {
        "stated": Form(
            r"\eta^*_T=\frac1{2\mu T}\log\frac{8\mu T\omega_\mu}{\mathrm{tr}\Sigma}\,(1+o(1));"
            r"\quad D-\sum_is_ix_i(\tfrac34+Ta_i^{2T-1})\le-F'\le D",
            "holds",
            "proof + exact",
            "the bounds are checked, the limit is proved",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": Parameter("c_i", open=True, axis="d"),
        "noise": Parameter(r"s_i/\lambda_i^2", axis="d"),
        "eta": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Step sizes up to 1/L."""
        return {
            "eta <= 1/L": 1 / x["eigenvalues"].max() - x["eta"],
            "tr Sigma > 0": x["noise"].sum(),
        }

    def prepare(self, x: Instance) -> Instance:
        """A step size in the range."""
        L = max(x["eigenvalues"])
        return {**x, "eta": min(x["eta"], 1 / x["eta"] / L**2) if x["eta"] else x["eta"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(-F', D - correction) and (D, -F')."""
        lam, c, eta, T = (x[name] for name in ("eigenvalues", "error", "eta", "steps"))
        s = x["noise"] * lam**2
        a = 1 - eta * lam
        D = (T * lam**2 * c**2 * a ** (2 * T - 1) - s * (1 - a ** (2 * T)) / 4).sum()
        correction = (s * eta * lam * (3 + 4 * T * a ** (2 * T - 1))).sum() / 4
        fall = -NoisyQuadratic(lam, c, s).recursion(T, eta, order=1)
        return np.array([fall, D - correction]), np.array([D, fall])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality at eta = 0; either side of the formula's 0.028 at T = 100."""
        base = {"eigenvalues": (1, 2), "error": (1, 1), "noise": (1, "1/8")}
        yield {**base, "eta": 0, "steps": 3}
        yield {**base, "eta": "1/50", "steps": 100}
        yield {**base, "eta": "1/20", "steps": 100}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A step size beyond 1/L."""
        yield {"eigenvalues": (1,), "error": (1,), "noise": (1,), "eta": 3, "steps": 2}
