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
    every run with rho != 1. True of this plain graph. Repaired: not of reverse mode as such. Divide
    each state by a power of two, so that max |e_t| is in [1/2, 1): then <b_t, e_t> = 2/T for every
    t, and |b_t| <= 4/(T chi_t), chi_t the share |e_t,j|/|e_t| of j = argmax lambda_i a_i^(2(T-t)).

    Proof. F = 1/(T s) = sum omega a^(2T). Repaired: log F is homogeneous of degree 2 in e_t, so
    T <b_t, e_t> = 2 (Euler). b_t = D e_t with D diagonal, D_i proportional to lambda_i
    a_i^(2(T-t)), so |b_t|^2 <= D_j <b_t, e_t> and D_j e_tj^2 <= <b_t, e_t>: |b_t| |e_tj| <= 2/T,
    and |e_t| >= 1/2.
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
            r"\|b_t\|\le\tfrac4{T\chi_t}",
            "holds",
            "proof + exact",
            "reverse mode itself is stable: the scaling is exact and detached",
            proved=True,
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
        """2T as printed, 2 as repaired."""
        if form == "printed":
            return 2 * int(x["steps"])
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Printed: omega_dom rho^2T, 1/(T s), Omega rho^2T in turn. Repaired: |b_t|^2 chi_t^2,
        |<b_t, e_t> - 2/T|.
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
        sizes = []
        drift = []
        for t in range(T, 0, -1):
            e = states[t]
            j = np.argmax(lam * a ** (2 * (T - t)))
            sizes.append((b**2).sum() * e[j] ** 2 / (e**2).sum())
            drift.append(abs((b * e).sum() - Fraction(2, T)))
            shift = binary_scale(states[t - 1] - eta * (lam * states[t - 1]))
            b = (b - lam * (eta * b)) / shift
        return np.array(sizes + drift), np.array([Fraction(16, T**2)] * T + [Fraction(0)] * T)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One mode (equality as printed), a contracting and an exploding pair, a state that loses
        its first mode.
        """
        yield {"eigenvalues": (2,), "error": (3,), "eta": "1/3", "steps": 5}
        for eta in ("1/2", "3/4", "1/3"):
            yield {"eigenvalues": (1, 3), "error": (1, "-1/100"), "eta": eta, "steps": 12}
