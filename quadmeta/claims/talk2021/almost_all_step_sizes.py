"""For almost all step sizes the meta-gradient F'(eta) is very large or very small in T."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, weight_at
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Parameter,
    Values,
)


class Talk2021AlmostAllStepSizes(Claim):
    """Two readings of one sentence; which step sizes have m <= |F'(eta)| <= M?

    Printed is read at a fixed T (B): they have measure 0. False: two of them with F' of one sign,
    which is monotone, enclose an interval of them. Compared are its length and 0. Repaired, n = 2T
    - 1. At a fixed T (B): for left < right F' changes at least by the factor ((right L - 1)/(left
    L - 1))^n where F' > 0 and ((1 - left mu)/(1 - right mu))^n where F' < 0. So the band is two
    intervals of total length at most (1/mu + eta_M - 1/L) ((M/m)^(1/n) - 1), F'(eta_M) = M; as T
    grows, log(M/m)/(2T) (1/L + 1/mu). At a fixed eta (A), T -> inf: |F'| <= 2TL Omega rho^n on (0,
    2/L), where rho < 1, and |F'| >= 2T (omega_L L (eta L - 1)^n - L Omega) beyond. The exceptions
    are 0 and 2/L: rho = 1, F' ~ T.

    Proof (repaired). Let F' > 0 and S = sum of omega lambda |a|^n over a < 0; then F' <= 2T S, and
    as lambda/|a| = lambda/(eta lambda - 1) is least at L, F'' >= 2T n S L/(eta L - 1) >= F' n
    L/(eta L - 1): integrate log F'. For F' < 0 sum over a > 0, where lambda/a is least at mu. A:
    |a| <= rho; only a > 0 can oppose L, and there a <= 1.
    """

    reference = "Ge 2021, talk; on Wang, Yuan, Wu, Ge 2021"
    source = SOURCE
    standing = "sentence"
    strength = "rate"
    forms = {
        "reading": Form(
            r"T\text{ fixed}:\ |\{\eta\ge0:m\le|F'_T(\eta)|\le M\}|=0",
            "refuted",
            "exact",
            "true of a fixed step size as T grows (A), not at a fixed T (B)",
            fault="wording",
        ),
        "repaired": Form(
            r"|F'_T(\eta)|\to0\ (0<\eta<2/L),\ \to\infty\ (\eta>2/L);\quad|\{\eta:m\le|F'_T|\le "
            r"M\}|\le"
            r"\big(\tfrac1\mu+\eta_M-\tfrac1L\big)\big((M/m)^{1/(2T-1)}-1\big)",
            "holds",
            "proof + exact",
            "exceptions: {0, 2/L} at fixed eta; measure O(1/T) at fixed T",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "left": STEP_SIZE,
        "right": STEP_SIZE,
        "m": Parameter("m", open=True, reach=3),
        "M": Parameter("M", open=True, reach=12),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Ordered step sizes and an open band."""
        return {"left < right": x["right"] - x["left"], "m < M": x["M"] - x["m"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Length of a part of the band and 0; as repaired, width at fixed T and size at the fixed
        step size left.
        """
        lam, omega, left, right, T = (
            x[key] for key in ("eigenvalues", "weights", "left", "right", "steps")
        )
        mu = lam.min()
        L = lam.max()
        n = 2 * T - 1
        zero = Fraction(0)
        first = derivatives(lam, omega, left, T)[1]
        last = derivatives(lam, omega, right, T)[1]
        if form == "reading":
            inside = first * last > 0 and all(
                x["m"] <= abs(slope) <= x["M"] for slope in (first, last)
            )
            return (right - left) * inside, zero
        if first > 0:
            width = ((right * L - 1) ** n * first, (left * L - 1) ** n * last)
        elif last < 0:
            width = (-((1 - left * mu) ** n) * last, -((1 - right * mu) ** n) * first)
        else:
            width = (zero, zero)
        if left * L < 2:
            growth = abs(first), 2 * T * L * omega.sum() * max(abs(1 - left * lam)) ** n
        else:
            growth = (
                2 * T * (weight_at(lam, omega, L) * L * (left * L - 1) ** n - L * omega.sum()),
                abs(first),
            )
        return np.array([width[0], growth[0]]), np.array([width[1], growth[1]])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One mode (equality of the width), two modes on either side of the minimiser."""
        band = {"m": "1/2", "M": 12, "steps": 2}
        yield {"eigenvalues": (2,), "weights": (1,), "left": "3/4", "right": "9/10", **band}
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "left": 0, "right": "1/3", **band}
        yield {"eigenvalues": (1, 3), "weights": (1, 1), "left": "1/2", "right": "2/3", **band}
