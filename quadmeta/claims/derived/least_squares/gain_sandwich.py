"""What train-by-validation gains over not training: at least one tuned step, at most ridge."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import ASPECT, HORIZON, gain
from quadmeta.claims.reductions.semicircle import tuned_gain
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedGainSandwich(Claim):
    """R^2 minus the risk at the best step size, in units of R^2; limit,
    nu = n/d = 1/psi, s = sigma^2/R^2, any T:

        nu/(1 + nu + s) <= gain <= g,   g^2 - (1 + nu + s) g + nu = 0,   g < min(1, nu).

    Left equality at T = 1; relative to nu/s both ends tend to 1 as s grows. An instance names s by
    x = 1 - (1 + psi) eta, 0 < x < 1, where x^T = delta/(1 + psi + delta), delta = s psi: the left
    side is reached at this eta. Sides: the bound and the gain there; then gain (1 + nu + s - gain)
    and nu, which says that gain <= g.

    Proof. A filter h gains E_Q[h_*] - E_Q[(l + delta)(h - h_*)^2], h_* = 1/(l + delta): at most
    g = E_Q[h_*]. The constant c = h_*(1 + psi) gains 2c - c^2 (1 + psi + delta) = c, the left side.
    At this eta h_T(1 + psi) = c, and h_T is as close to h_* as c for every l. For eta l <= 1 it
    lies between them: it decreases, and q_T = (1 - eta l)^T has a concave, q_* = delta/(l + delta)
    a convex logarithm, equal at 0 and 1 + psi. For eta l > 1 put X = x^T, u = l/(1 + psi) <= 2,
    unit 1 + psi = 1; c >= h_*. T odd: h_* < 1/u <= h_T <= eta <= c, as eta u <= 2. T even:
    h_T < 1/u < eta <= c, and 2 h_* - c <= h_T, since
    u (2 h_* - c) = u (1-X)(2 - X - u (1-X))/(u (1-X) + X) <= 1 - (u-1)(1-X), while
    q_T = ((1-x) u - 1)^T <= u - 1 - x u <= (u-1)(1-X).
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 5"
    strength = "tight"
    algebra_of = "the Marchenko-Pastur limit of ridge's risk"
    forms = {
        "stated": Form(
            r"R^2\tfrac{\nu}{1+\nu+s}\le R^2-E_{\rm TbV}(T)\le R^2g,\quad g^2-(1+\nu+s)g+\nu=0",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "aspect": ASPECT,
        "factor": Parameter(r"1-(1+\psi)\eta", open=True, high=Fraction(1)),
        "steps": HORIZON,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A step, which is to say finite noise."""
        return {"eta > 0": 1 - x["factor"]}

    def prepare(self, x: Instance) -> Instance:
        """A factor below 1."""
        return {**x, "factor": min(x["factor"], Fraction(9, 10))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(Lower bound, gain (1 + nu + s - gain)) and (gain, nu)."""
        psi = x["aspect"]
        factor = x["factor"]
        T = x["steps"]
        delta = (1 + psi) * factor**T / (1 - factor**T)
        value = gain(psi, delta, (1 - factor) / (1 + psi), T)
        total = (1 + psi + delta) / psi
        return np.array([1 / (1 + psi + delta), value * (total - value)]), np.array(
            [value, 1 / psi]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """T = 1, so much noise that ridge is one step, and next to no noise for odd and even T."""
        yield {"aspect": 2, "factor": "1/2", "steps": 1}
        yield {"aspect": "1/3", "factor": 1 - Fraction(1, 10**7), "steps": 1}
        for steps in (2, 3, 6, 7):
            yield {"aspect": 1, "factor": "1/100", "steps": steps}
            yield {"aspect": "1/10", "factor": "1/3", "steps": steps}

    def boxes(self, form: str) -> Iterable[Box]:
        """Both bounds at T = 2, 3 and 5 for all psi and sigma; the left one is an identity at
        T = 1.
        """
        for steps in (2, 3, 5):
            yield from tuned_gain(steps, 0, True)
