"""Back-propagation through log f(w_T) / T: its intermediate results grow or vanish like rho^T,
unless renormalised.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import binary_scale, scaled
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, STEPS, Parameter, Values


class Wang2021BackpropIntermediates(Claim):
    """Reverse mode by exact arithmetic, in eigen-coordinates e_t = w_t - w_*: s = (1/T)/F, b_T = s
    lambda e_T, then b_t = (1 - eta lambda) b_{t+1}.

    Printed: intermediates are exponentially large or small in T: omega_dom
    rho^(2T) <= 1/(T s) <= Omega rho^(2T) with omega_dom the weight of the modes with |a_i| = rho;
    every run with rho != 1. True of this plain graph. Stated: not of reverse mode as such. Divide
    each state by a power of two, so that max |e_t| is in [1/2, 1). With c the start and c_dom its
    part in the modes with |a_i| = rho, for every t in 1..T

        2/T = <b_t, e_t>,  |b_t|/2 <= |b_t| |e_t| <= (kappa + 1) |c| / (sqrt(kappa) T |c_dom|),

    so |b_t| <= 4 sqrt(kappa) |c| / (T |c_dom|). The bound of |b_t| |e_t| is attained for each kappa
    > 1 and t, at eta = 2/(L + mu) with |c_mu|^2 = kappa |c_L|^2; that of |b_t| by one mode, and as
    kappa grows.

    Proof. F = 1/(T s) = sum omega a^(2T). Stated: log F is homogeneous of degree 2 in e_t, so
    T <b_t, e_t> = 2 (Euler). b_t = D e_t with D diagonal, D_i proportional to lambda_i
    a_i^(2(T-t)). Scale D so that mu rho^(2(T-t)) becomes 1: 0 <= D_i <= kappa for all i and
    D_i >= 1 on the modes with |a_i| = rho, of share P in |e_t|^2. Hence D_i^2 <= kappa D_i, and
    D_i^2 <= (kappa + 1) D_i - kappa on those. With M_k the mean of D^k by the shares
    M_2 <= (kappa + 1) M_1 - kappa P, so P M_2 <= M_1^2 (kappa + 1)^2/(4 kappa), the most over P;
    |b_t| |e_t| = <b_t, e_t> sqrt(M_2)/M_1. P is least at t = 0, |c_dom|^2/|c|^2, as no mode
    contracts less than those of rho; |e_t| >= 1/2.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Corollary 1"
    source = SOURCE
    standing = "theorem"
    strength = "rate"
    forms = {
        "printed": Form(
            r"\text{back-propagation through }\tfrac1T\log f(w_T):\ \omega_{\rm dom}\rho^{2T}\le"
            r"\tfrac1{Ts}\le\Omega\rho^{2T},\ s=\tfrac1{TF}",
            "holds",
            "proof + exact",
            "of the plain graph",
            proved=True,
            attained=True,
        ),
        "stated": Form(
            r"\text{with states divided by powers of two: }\langle b_t,e_t\rangle=\tfrac2T,\quad"
            r"\tfrac12\|b_t\|\le\|b_t\|\|e_t\|\le\tfrac{\kappa+1}{\sqrt\kappa\,T}"
            r"\tfrac{\|c\|}{\|c_{\rm dom}\|}",
            "holds",
            "proof + exact",
            "bounded for all T, t, eta; large only where the dominant part of the start is small",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": Parameter(r"c_i", low=Fraction(-20), axis="d", reach=24),
        "eta": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Active modes, a loss that has a logarithm and, for growth or decay, rho != 1."""
        a = abs(1 - x["eta"] * x["eigenvalues"])
        margins = {"c_i != 0": min(abs(x["error"])), "rho > 0": max(a)}
        if form == "stated":
            return margins
        return {**margins, "rho != 1": abs(max(a) - 1)}

    def power(self, x: Values, form: str) -> int:
        """2T as printed, 2 as stated."""
        if form == "printed":
            return 2 * int(x["steps"])
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Printed: omega_dom rho^2T, 1/(T s), Omega rho^2T in turn. Stated, squared and for each t:
        |b_t| |e_t| and |b_t|/2 with their bound, 2 <b_t, e_t>/T and (2/T)^2 in both directions.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        T = x["steps"]
        states = [x["error"]]
        for _ in range(T):
            e = states[-1] - eta * (lam * states[-1])
            states.append(scaled(e) if form == "stated" else e)
        s = 1 / (T * (lam * states[T] ** 2).sum() / 2)
        a = abs(1 - eta * lam)
        omega = lam * x["error"] ** 2 / 2
        if form == "printed":
            rho = max(a) ** (2 * T)
            return np.array([omega[a == max(a)].sum() * rho, 1 / (T * s)]), np.array(
                [1 / (T * s), omega.sum() * rho]
            )
        states[0] = scaled(states[0])
        b = s * (lam * states[T])
        products = []
        halves = []
        euler = []
        for t in range(T, 0, -1):
            e = states[t]
            size = (b**2).sum()
            products.append(size * (e**2).sum())
            halves.append(size / 4)
            euler.append(2 * (b * e).sum() / T)
            shift = binary_scale(states[t - 1] - eta * (lam * states[t - 1]))
            b = (b - lam * (eta * b)) / shift
        kappa = lam.max() / lam.min()
        energy = x["error"] ** 2
        share = energy[a == max(a)].sum() / energy.sum()
        bound = (kappa + 1) ** 2 / (kappa * T**2 * share)
        exact = [Fraction(4, T**2)] * T
        return (
            np.array(products + halves + euler + exact),
            np.array([bound] * T + [bound] * T + exact + euler),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One mode (equality in all), a contracting and an exploding pair, a state that loses its
        first mode; as stated also equality at 2/(L + mu), and a mode that is 0 after one step.
        """
        yield {"eigenvalues": (2,), "error": (3,), "eta": "1/3", "steps": 5}
        for eta in ("1/2", "3/4", "1/3"):
            yield {"eigenvalues": (1, 3), "error": (1, "-1/100"), "eta": eta, "steps": 12}
        if form == "stated":
            yield {"eigenvalues": (1, 4), "error": (2, 1), "eta": "2/5", "steps": 6}
            yield {"eigenvalues": (1, 3), "error": (1, 1), "eta": "1/3", "steps": 40}
