"""T eta*_valid lies between the best steps of the two edges alone and tends to the optimal time of
gradient flow.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import HORIZON, ROOT, edges, risk_slope
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedValidationStepScaling(Claim):
    """Minimisers of the excess risk after T steps, i.e. of the mean validation loss; limit,
    psi = d/n, delta = s psi.

    For odd T every one lies between eta(l_+) and eta(l_-), eta(l) = (1 - (1 + l/delta)^(-1/T))/l
    the best step for the eigenvalue l alone; the left end is a lower bound for even T too. T
    eta(l) increases in T to log(1 + l/delta)/l: as odd T grows, T eta*_valid -> tau_*, the optimal
    time of gradient flow, which lies in

        log(1 + l_+/delta)/l_+ <= tau_* <= log(1 + l_-/delta)/l_- <= 1/delta.

    An instance names s by x = (1 + l/delta)^(-1/T), for l = l_+ on the left and l = l_- on the
    right. Sides: the slope of the risk, as E_Q[(l + delta) h h'] against E_Q[h'], <= 0 at eta(l_+)
    and >= 0 at eta(l_-).

    Proof. The slope at eta is, up to a positive factor, the mean over l of T a^(T-1)
    (delta - (delta + l) a^T), a = 1 - eta l. For odd T a^(T-1) >= 0 and the bracket increases with
    eta, from 0 at eta(l); eta(l) decreases in l, since (1 + u)^(-1/T) is convex. For
    eta <= eta(l_+) < 1/l_+ all a > 0, whatever T. Limit: for tau = eta T in the bracket the risk
    tends to that of the flow uniformly, and the latter has one minimiser, as
    K(2 tau) = delta int_tau^2tau K has one root: u -> log K(e^u) is concave (K is a Laplace
    transform of l dMP, log-concave in log l; Prekopa).
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 5"
    strength = "rate"
    forms = {
        "stated": Form(
            r"\frac{1-(1+l_+/\delta)^{-1/T}}{l_+}\le\eta^*_{\rm valid}(T)\le\frac{1-(1+l_-/\delta)"
            r"^{-1/T}}{l_-},\quad T\eta^*_{\rm valid}\to\tau_*\quad(T\text{ odd})",
            "holds",
            "proof + exact",
            "the sides are the bracket; the limit is proved and seen in float64",
            proved=True,
            attained=True,
        )
    }
    domain = {"root": ROOT, "factor": Parameter("x", open=True, high=Fraction(1)), "steps": HORIZON}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Odd T; n != d, where l_- = 0 and the right end is 1/(delta T)."""
        return {
            "x < 1": 1 - x["factor"],
            "n != d": abs(1 - x["root"]),
            "T mod 2 = 1": x["steps"] % 2 - 1,
        }

    def prepare(self, x: Instance) -> Instance:
        """An odd T, a factor below 1, n != d."""
        return {
            "root": x["root"] if x["root"] != 1 else x["root"] / 2,
            "factor": min(x["factor"], Fraction(9, 10)),
            "steps": x["steps"] + 1 - x["steps"] % 2,
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Parts of the slope at eta(l_+), then at eta(l_-)."""
        psi = x["root"] ** 2
        T = x["steps"]
        factor = x["factor"]
        parts = [
            risk_slope(psi, l * factor**T / (1 - factor**T), (1 - factor) / l, T)
            for l in edges(x["root"])
        ]
        low, high = parts
        return np.array([high[0], low[1]]), np.array([high[1], low[0]])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """All samples alike (equality), n next to d, much and little noise."""
        yield {"root": Fraction(1, 10**13), "factor": "1/2", "steps": 1}
        yield {"root": "9/10", "factor": "1/3", "steps": 5}
        for factor in ("99/100", "1/10"):
            yield {"root": 2, "factor": factor, "steps": 7}
