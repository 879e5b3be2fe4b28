"""For almost all step sizes the meta-gradient F'(eta) is very large or very small in T."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.formulas import derivatives, weight_at
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Values,
)


class Talk2021AlmostAllStepSizes(Claim):
    """Which step sizes have a meta-gradient F'(eta) that is neither very large nor very small in T?

    Read for a fixed eta as T grows: almost every one has F'_T -> 0 or |F'_T| -> infinity, at a
    geometric rate. With n = 2T - 1, rho = max |1 - eta lambda_i| and Omega = sum of the weights
    omega_i: |F'| <= 2TL Omega rho^n, where rho < 1 on (0, 2/L), and |F'| >= 2T (omega_L
    L (eta L - 1)^n - L Omega) beyond. The exceptions are 0 and 2/L, where rho = 1 and |F'| is at
    most of the order of T. Stated, the width at a fixed T: the step sizes with
    0 < m <= |F'| <= M are not of measure 0, as F' is continuous. For left < right F' changes at
    least by the factor ((right L - 1)/(left L - 1))^n where F' > 0 and
    ((1 - left mu)/(1 - right mu))^n where F' < 0. So they form two intervals of total length at
    most (1/mu + eta_M - 1/L) ((M/m)^(1/n) - 1), F'(eta_M) = M; as T grows,
    log(M/m)/(2T) (1/L + 1/mu).

    Proof. Reading: F' = -2T sum of omega_i lambda_i a_i^n, a_i = 1 - eta lambda_i, and
    |a_i| <= rho. Beyond 2/L only modes with a > 0 can oppose L, and there a <= 1. Stated: let
    F' > 0 and S = sum of omega lambda |a|^n over a < 0; then F' <= 2T S, and as
    lambda/|a| = lambda/(eta lambda - 1) is least at L, F'' >= 2T n S L/(eta L - 1) >= F' n
    L/(eta L - 1): integrate log F'. For F' < 0 sum over a > 0, where lambda/a is least at mu.
    """

    reference = "Ge 2021, talk; on Wang, Yuan, Wu, Ge 2021"
    source = SOURCE
    standing = "sentence"
    strength = "rate"
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "left": STEP_SIZE,
        "right": STEP_SIZE,
        "steps": STEPS,
    }
    forms = {
        "reading": Form(
            r"|F'_T(\eta)|\le2TL\Omega\rho^{2T-1}\to0\ (0<\eta<2/L),\quad|F'_T(\eta)|\ge"
            r"2TL\big(\omega_L(\eta L-1)^{2T-1}-\Omega\big)\to\infty\ (\eta>2/L)",
            "holds",
            "proof + exact",
            "almost every step size, as T grows: all but 0 and 2/L",
            proved=True,
            attained=True,
        ),
        "stated": Form(
            r"|\{\eta:m\le|F'_T|\le M\}|\le\big(\tfrac1\mu+\eta_M-\tfrac1L\big)"
            r"\big((M/m)^{1/(2T-1)}-1\big)",
            "holds",
            "proof + exact",
            "at a fixed T: of the order of 1/T",
            proved=True,
            attained=True,
        ),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two step sizes in order, for the width."""
        if form == "reading":
            return {}
        return {"left < right": x["right"] - x["left"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Size of F' at the step size left; as stated, how F' grows from left to right."""
        lam, omega, left, right, T = (
            x[key] for key in ("eigenvalues", "weights", "left", "right", "steps")
        )
        mu = lam.min()
        L = lam.max()
        n = 2 * T - 1
        first = derivatives(lam, omega, left, T)[1]
        if form == "reading":
            if left * L < 2:
                return abs(first), 2 * T * L * omega.sum() * max(abs(1 - left * lam)) ** n
            top = weight_at(lam, omega, L)
            return 2 * T * L * (top * (left * L - 1) ** n - omega.sum()), abs(first)
        last = derivatives(lam, omega, right, T)[1]
        if first > 0:
            return (right * L - 1) ** n * first, (left * L - 1) ** n * last
        if last < 0:
            return -((1 - left * mu) ** n) * last, -((1 - right * mu) ** n) * first
        return Fraction(0), Fraction(0)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One mode (equality), two modes on either side of the minimiser, and beyond 2/L."""
        one = {"eigenvalues": (2,), "weights": (1,), "steps": 2}
        two = {"eigenvalues": (1, 3), "weights": (1, 1), "steps": 2}
        yield {**one, "left": "3/4", "right": "9/10"}
        yield {**two, "left": 0, "right": "1/3"}
        yield {**two, "left": "1/2", "right": "2/3"}
        yield {**two, "left": "3/4", "right": 1, "steps": 9}
