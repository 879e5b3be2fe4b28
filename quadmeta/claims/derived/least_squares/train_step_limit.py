"""eta*_train(T) lies between the minimiser for the two edges alone and 1/(1 + psi), to which it
tends like 1/T.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import HORIZON, ROOT, edges, train_slope
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedTrainStepLimit(Claim):
    """The minimiser of the mean training loss after T steps; limit d = m = infinity, psi = d/n,
    delta = s psi, T >= 1:

        (1 + r)/(l_+ + r l_-) < eta*_train < 1/(1 + psi),   r = ((l_- + delta)/(l_+ +
            delta))^(1/(2T-1)).

    With Lambda = log((l_+ + delta)/(l_- + delta)) the left end exceeds
    1/(1 + psi + sqrt(psi) Lambda/(2T-1)); both are right to o(1/T): T (1 - (1 + psi) eta*_train) ->
    sqrt(psi)/(2 (1 + psi)) Lambda. An instance names s by r. Sides:
    E_Q[(l + delta)(1 - eta l)^(2T-1)], of the sign of minus the slope, at the left end and negated
    at the right; 0.

    Proof. Let n = 2T - 1, b = 1 + psi, a = b + delta, l = b (1 - y): y is symmetric on [-p, p],
    p = 2 sqrt(psi)/b. At eta = 1/b the mean is E[(a - b y) y^n] = -b E[y^(2T)] < 0. At
    eta = (1 - e)/b, k = 1 - e, join y and -y: (a - b y)(k y + e)^n - (a + b y)(k y - e)^n > 0 where
    k y <= e, and else iff n artanh(e/(k y)) > artanh(b y/a), left side decreasing, right side
    increasing in y. The left end has equality at y = p, so > holds below.
    artanh(e/(k p)) >= e/(k p) there gives e/k <= p Lambda/(2n). The limit: for e = c/n with c < p
    Lambda/2 the pairs near y = p are negative and outweigh the rest exponentially, so that e is at
    least that for large T.
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 5"
    strength = "rate"
    relation = ">"
    forms = {
        "stated": Form(
            r"\frac{1}{1+\psi+\frac{\sqrt\psi\,\Lambda}{2T-1}}<\frac{1+r}{l_++rl_-}<\eta^*_{\rm "
            r"train}"
            r"(T)<\frac1{1+\psi},\quad\Lambda=\log\frac{l_++\delta}{l_-+\delta},"
            r"\ r=e^{-\Lambda/(2T-1)}",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {"root": ROOT, "ratio": Parameter("r", open=True, high=Fraction(1)), "steps": HORIZON}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Some noise: r above its value at sigma = 0."""
        low, high = edges(x["root"])
        return {
            "r < 1": 1 - x["ratio"],
            "sigma^2 > 0": high * x["ratio"] ** (2 * x["steps"] - 1) - low,
        }

    def prepare(self, x: Instance) -> Instance:
        """r raised until there is noise."""
        r = min(x["ratio"], Fraction(9, 10))
        low, high = edges(x["root"])
        while high * r ** (2 * x["steps"] - 1) <= low:
            r = (1 + 3 * r) / 4
        return {**x, "ratio": r}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Minus the slope at the left end, the slope at the right end; 0."""
        psi = x["root"] ** 2
        r = x["ratio"]
        T = x["steps"]
        low, high = edges(x["root"])
        power = r ** (2 * T - 1)
        delta = (high * power - low) / (1 - power)
        slopes = np.array(
            [
                train_slope(psi, delta, (1 + r) / (high + r * low), T),
                -train_slope(psi, delta, 1 / (1 + psi), T),
            ]
        )
        return slopes, slopes * 0

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """T = 1, n = d, many and few samples, next to no noise, a long horizon."""
        yield {"root": "1/2", "ratio": "1/2", "steps": 1}
        yield {"root": 1, "ratio": "1/2", "steps": 3}
        yield {"root": "1/100", "ratio": "999/1000", "steps": 10}
        yield {"root": 3, "ratio": "9/10", "steps": 6}
        yield {"root": "1/2", "ratio": "98/100", "steps": 40}
