"""With momentum the meta-gradient of G = log F / T is not bounded in T: it grows linearly at
Polyak's tuning.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import spread, weight_at
from quadmeta.claims.families.schedules import enriched
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Parameter,
    Values,
)


class DerivedHeavyBallUnboundedGradient(Claim):
    """The derivative of G = log F / T in the step size eta of heavy ball with momentum beta = s^2.

    Conjectured: the bound B_3 = 2L (L + mu)/(L - mu) (Omega / min(omega_mu, omega_L))^(1/2T) of
    gradient descent. False already at T = 2: F = 0 for two modes (lambda = (1, 4),
    eta = beta = 1/2) and |G'| is unbounded around it. Compared are the powers 2T of |F'| and
    T B_3 F. Repaired, eta = (1 + s)^2/L = (1 - s)^2/mu, beta = s^2 and every T >= 1:
    p_T(mu) = s^T (1 + (1 - s) T), p_T(L) = (-s)^T (1 + (1 + s) T), and |G' - c T| <= C, where
    c = (pi L - (1 - pi) mu)/(3s), pi : 1 - pi = omega_L (1 + s)^2 : omega_mu (1 - s)^2,
    C = (2L/s + 4(L + mu)/(1 - s^2))/3 + (4L/s) sum over mu < lambda_i < L of
    omega_i/(omega_L sin^4 v_i), cos v_i = (1 + s^2 - eta lambda_i)/(2s). Sides: |G' - cT| and C;
    p_T at both ends by the recursion and closed, in both orders.

    Proof (repaired). p_T = s^T (U_T(z) - s U_{T-1}(z)), z = (1 + s^2 - eta lambda)/(2s) = 1 at mu
    and -1 at L, where U_T = (+-1)^T (T+1), U_T' = (+-1)^(T+1) T(T+1)(T+2)/3. So 2p'/(Tp) is
    L (T + 1 + r)/(3s) at L, 0 <= r <= 1, and -mu (T + 1 + r)/(3s) at mu, 0 <= r <= (1 + s)/(1 - s).
    Let F = E + I, the two ends and the modes between them, and P the share of L in E. The ends
    alone: P/(1 - P) is pi/(1 - pi) times q^2, q = (T + 1/(1+s))/(T + 1/(1-s)) < 1, so that
    |P - pi| <= (1 - q)/(1 + q) and T |P - pi| <= 4s/(1 - s^2); as mu/(1 - s) <= L,
    |E'/(TE) - cT| <= (2L/s + 4(L + mu)/(1 - s^2))/3. The modes between dilute that share:

        F'/(TF) - cT = (E'/(TE) - cT) - E'/(TE) I/F + I'/(TF).

    As |p| <= s^T (1 + s)/sin v, |p'| <= s^T lambda (1 + s)(T + 2)/(2s sin^3 v) and
    F >= omega_L s^(2T) (1 + s)^2 T^2, a mode i adds at most w/T^2 to I/F and w lambda (T + 2)/(s
    T^3) to |I'|/(TF), w = omega_i/(omega_L sin^4 v_i). Both ends have
    2|p'|/(T|p|) <= L (T + 2)/(3s) <= LT/s, and so has their mean |E'|/(TE). So the second term is
    at most w L/(sT) <= w L/s, the third at most 3w L/s, as T + 2 <= 3T: together 4w L/s.
    """

    reference = "derived; transfer of Wang, Yuan, Wu, Ge 2021, Theorem 4, to heavy ball"
    strength = "rate"
    draws = 100
    forms = {
        "conjectured": Form(
            r"\text{heavy ball},\ "
            r"0\le\beta<1:\quad|G'(\eta)|\le2L\tfrac{\kappa+1}{\kappa-1}\Big(\tfrac"
            r"\Omega{\min(\omega_\mu,\omega_L)}\Big)^{1/2T}",
            "refuted",
            "exact",
            "true at beta = 0; with momentum F has zeros, and G' grows like T at the best tuning",
        ),
        "repaired": Form(
            r"\eta=\tfrac4{(\sqrt L+\sqrt\mu)^2},\ "
            r"\sqrt\beta=\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}:\quad"
            r"\Big|G'(\eta)-\tfrac T{3\sqrt\beta}(\pi_LL-\pi_\mu\mu)\Big|\le C\text{ for all }T",
            "holds",
            "proof + exact",
            "linear growth in T, with an explicit constant",
            proved=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "eta": STEP_SIZE,
        "momentum": Parameter(r"\beta", high=Fraction(1), reach=1),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct eigenvalues; as repaired both ends at a double root."""
        lam = x["eigenvalues"]
        eta = x["eta"]
        beta = x["momentum"]
        margins = {"kappa > 1": spread(lam), "beta < 1": 1 - beta}
        if form == "conjectured":
            return margins
        return {
            **margins,
            "eta (L + mu) = 2 (1 + beta)": eta * (lam.max() + lam.min()) - 2 * (1 + beta),
            "eta^2 L mu = (1 - beta)^2": eta**2 * lam.max() * lam.min() - (1 - beta) ** 2,
        }

    def prepare(self, x: Instance) -> Instance:
        """Polyak's tuning, with the largest eigenvalue at a rational square times the smallest."""
        x = enriched(x, 2, "weights")
        lam = x["eigenvalues"]
        s = x["momentum"]
        mu = min(lam)
        top = lam.index(max(lam))
        if (
            x["eta"] * (max(lam) + mu) == 2 * (1 + s)
            and x["eta"] ** 2 * max(lam) * mu == (1 - s) ** 2
        ):
            return x
        s = s if 0 < s < 1 else Fraction(1, 2)
        L = mu * ((1 + s) / (1 - s)) ** 2
        return {
            **x,
            "eigenvalues": tuple(L if i == top else min(v, L) for i, v in enumerate(lam)),
            "eta": (1 - s) ** 2 / mu,
            "momentum": s**2,
        }

    def power(self, x: Values, form: str) -> int:
        """2T as conjectured."""
        if form == "conjectured":
            return 2 * int(x["steps"])
        return 1

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|F'|^2T and (T B_3 F)^2T; as repaired |G' - cT|, +-p_T at mu and L; C and the closed
        forms.
        """
        lam = x["eigenvalues"]
        omega = x["weights"]
        eta = x["eta"]
        T = x["steps"]
        p, (slope, _), _ = HeavyBall(T).residual(lam, (eta, x["momentum"]))
        mu = lam.min()
        L = lam.max()
        low = weight_at(lam, omega, mu)
        high = weight_at(lam, omega, L)
        loss = (omega * p**2).sum()
        first = 2 * (omega * p * slope).sum()
        if form == "conjectured":
            return first ** (2 * T), (2 * T * L * (L + mu) / (L - mu) * loss) ** (
                2 * T
            ) * omega.sum() / min(low, high)
        s = eta * (L - mu) / 4
        inner = (lam > mu) & (lam < L)
        share = high * (1 + s) ** 2 / (high * (1 + s) ** 2 + low * (1 - s) ** 2)
        rate = (share * L - (1 - share) * mu) / (3 * s)
        sine = 1 - ((1 + s**2 - eta * lam[inner]) / (2 * s)) ** 2
        bound = (2 * L / s + 4 * (L + mu) / (1 - s**2)) / 3 + 4 * L / s * (
            omega[inner] / (high * sine**2)
        ).sum()
        ends = np.array([p[lam == mu][0], p[lam == L][0]])
        closed = s**T * np.array([1 + (1 - s) * T, (-1) ** T * (1 + (1 + s) * T)])
        return (
            np.array([abs(first / loss / T - T * rate), *ends, *-ends]),
            np.array([bound, *closed, *-closed]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Around a zero of F; as repaired eta = beta = 1/4 for lambda = (1, 9), with an inner
        mode, at large T.
        """
        if form == "conjectured":
            yield {
                "eigenvalues": (1, 4),
                "weights": (1, 1),
                "eta": "4/7",
                "momentum": 0,
                "steps": 2,
            }
            yield {
                "eigenvalues": (1, 4),
                "weights": (1, 1),
                "eta": "5/9",
                "momentum": "1/2",
                "steps": 2,
            }
            return
        for T in (1, 2, 50):
            yield {
                "eigenvalues": (1, 9),
                "weights": (1, 1),
                "eta": "1/4",
                "momentum": "1/4",
                "steps": T,
            }
        yield {
            "eigenvalues": (1, 4, 9),
            "weights": (100, 10, 1),
            "eta": "1/4",
            "momentum": "1/4",
            "steps": 7,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A larger step; another momentum."""
        base = {"eigenvalues": (1, 9), "weights": (1, 1), "steps": 4}
        yield {**base, "eta": "4/17", "momentum": "1/17"}
        yield {**base, "eta": "1/6", "momentum": "1/2"}
        yield {**base, "eta": "5/18", "momentum": "1/6"}
