"""Train-by-validation with fewer samples than dimensions: step size of order 1/T, better than not
training.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import HORIZON, ROOT, edges, gain, risk_slope
from quadmeta.claims.reductions.bracket import bracket
from quadmeta.claims.reductions.semicircle import tuned_gain
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class Wang2021SmallSampleValidation(Claim):
    """eta*_valid minimises the mean validation loss, i.e. the excess risk R^2 E, after T steps on
    n_1 samples. Limit d = m = infinity, nu_1 = n_1/d = 1/psi, s = sigma^2/R^2, delta = s psi; the
    gain is 1 - E.

    Printed: for d/4 <= n_1 <= 3d/4 and sigma, T, d, m large, every eta*_valid = Theta(1/T) and
    E <= 1 - Omega(1), constants not given. It holds in the limit for sigma^2 >= 7 R^2/2 and every
    T >= 1, with

        1/(9 + 4s) <= T eta*_valid <= 3/(4s),   1 - E >= 1/(5 + 4s),

    which follow from the stated bounds (that finite d and m are enough is not shown). They depend
    on sigma, a constant in the paper, and cannot be uniform in it: the gain is at most nu_1/s
    (``derived_gain_sandwich``). A run that reaches the length 40 sigma, where the paper stops it
    and puts a vector of that length in its place, has a larger risk than w = 0; at eta*_valid <=
    1/l_+ the iterates only grow, to a length below 2 R.
    Stated (every n_1/d and s > 0, odd T):

        1/(l_+ + delta) <= T eta*_valid <= 1/delta,   1 - E >= nu_1/(1 + nu_1 + s) = 1/(1 + psi +
                                                      delta),

    the last for every T, with equality at T = 1. An instance names s by x:
    (1 - eta (1 + psi))^T = delta/(1 + psi + delta) at eta = (1 - x)/(1 + psi). Sides: slopes of E
    at both ends of the bracket, each as E_Q[(l + delta) h h'] against E_Q[h'], and the gain at that
    eta; as printed also the gain at an eta' >= 1/l_+, which is below the same bound.

    Proof. The slope of E at eta is the mean over l of T x^(T-1) (delta - (delta + l) x^T), x = 1 -
    eta l, up to a positive factor. Where x^(T-1) >= 0 its sign is that of eta - eta(l), eta(l) =
    (1 - v^(1/T))/l, v = delta/(l + delta). v^(1/T) <= 1 - (1 - v)/T and >= 1 + log(v)/T give
    1/(l + delta) <= T eta(l) <= 1/delta. Gain: the proof of ``derived_gain_sandwich``.
    Stated. x^(T-1) >= 0 for odd T.
    Printed. s >= 7/2 >= (1 + sqrt(nu_1))^2, which is delta >= l_+. Then x >= 0 up to 1/l_+, and the
    bracket lies there. For eta >= 1/l_+ the gain is below 1/(1 + psi + delta), hence no minimum: it
    is E_Q[g], g = (1 - q)(l - delta + (l + delta) q)/l^2 <= 1/(l + delta), q = x^T, and g > 0 needs
    (delta - l)/(delta + l) < q < 1. T = 1: 2 eta - eta^2 (1 + psi + delta) is below it at eta >
    1/(1 + psi + delta). T >= 2: where x >= 0, q <= (1 - u)^2, u = l/l_+, and (1 - u)^2 (k + u) -
    (k - u), k = delta/l_+, is u times a convex function, 2 - 2k at u = 0 and 1 - k at u = 1: g <=
    0. Where x < 0, g > 0 needs |x| < 1. So g > 0 at most for l in (a, 2a), a = 1/eta, whose mass
    under Q, of density <= 1/(pi sqrt(psi)), is at most M = min(a, l_+ - a)/(pi sqrt(psi)), and
    E_Q[g] <= M/(a + delta). M (1 + psi + delta) < a + delta: as M < 1 and delta >= l_+, it is
    enough that M (l_+ + 1 + psi) < l_+ + a. For a <= l_+/2 that is linear in a, true at 0, and at
    l_+/2 it reads (w + 1)/pi < 3/2, w = sqrt(psi) + 1/sqrt(psi) <= 5/2; beyond, M falls.
    Even T, other sigma and n_1: not proved. The slope can be negative at 1/(T delta); in 3,000
    draws of even T, d/4 <= n_1 <= 3d/4 and 1/1000 <= s <= 7/2 the best of 1,150 step sizes kept to
    the bracket.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 5"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    forms = {
        "printed": Form(
            r"\tfrac d4\le n_1\le\tfrac{3d}4,\ \sigma\ge c_1:\quad\eta^*_{\rm "
            r"valid}=\Theta(1/T),\quad "
            r"E\|w_T-w_*\|^2\le R^2-\Omega(1),\text{ read with }c_1^2=\tfrac72R^2,\ "
            r"\tfrac1{9+4s}\le T\eta^*_{\rm valid}\le\tfrac3{4s},\ \tfrac{R^2}{5+4s}",
            "holds",
            "proof + exact",
            "in the limit, for every T; the constants shrink as sigma grows, like "
            "R^2 n_1/(d sigma^2)",
            proved=True,
        ),
        "stated": Form(
            r"\tfrac1{l_++\delta}\le T\eta^*_{\rm valid}\le\tfrac1\delta,\quad "
            r"E\|w_T-w_*\|^2\le R^2-R^2\tfrac{\nu_1}{1+\nu_1+s}\quad(T\text{ odd, every }\sigma>0)",
            "holds",
            "proof + exact",
            "explicit constants, every sigma and n_1",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "root": ROOT,
        "factor": Parameter(r"1-(1+\psi)\eta", open=True, high=Fraction(1)),
        "steps": HORIZON,
        "beyond": Parameter(r"l_+\eta'", low=Fraction(1)),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As printed n_1/d = 1/root^2 in [1/4, 3/4] and much noise, else an odd T."""
        margins = {"eta > 0": 1 - x["factor"]}
        if form == "stated":
            return {**margins, "T mod 2 = 1": x["steps"] % 2 - 1}
        psi = x["root"] ** 2
        v = x["factor"] ** x["steps"]
        size = {"n_1 >= d/4": 4 - psi, "n_1 <= 3d/4": 3 * psi - 4}
        return {**margins, **size, "sigma^2 >= 7/2 R^2": 2 * (1 + psi) * v - 7 * psi * (1 - v)}

    def prepare(self, x: Instance) -> Instance:
        """A factor below 1; for even T, and some odd ones, a root in [5/4, 2], for even T a factor
        next to 1.
        """
        factor = min(x["factor"], Fraction(9, 10))
        root = x["root"]
        if x["steps"] % 2 == 0:
            factor = 1 - (1 - factor) / (4 * x["steps"])
        if x["steps"] % 4 != 3:
            root = 2 - root / 4
        return {**x, "root": root, "factor": factor}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Slopes at 1/(T (l_+ + delta)) and at 1/(T delta), lower bound and gain; as printed the
        gain at eta' and the bound.
        """
        psi = x["root"] ** 2
        factor = x["factor"]
        T = x["steps"]
        delta = (1 + psi) * factor**T / (1 - factor**T)
        low = risk_slope(psi, delta, 1 / (T * (edges(x["root"])[1] + delta)), T)
        high = risk_slope(psi, delta, 1 / (T * delta), T)
        value = gain(psi, delta, (1 - factor) / (1 + psi), T)
        bound = 1 / (1 + psi + delta)
        less = [low[0], high[1], bound]
        more = [low[1], high[0], value]
        if form == "printed":
            less.append(gain(psi, delta, x["beyond"] / edges(x["root"])[1], T))
            more.append(bound)
        return np.array(less), np.array(more)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """T = 1, where the gain is an equality; noise so large that all three are; little noise at
        larger T. As printed, n_1 at both borders, the least noise, and steps beyond 1/l_+.
        """
        if form == "printed":
            yield {"root": 2, "factor": "15/19", "steps": 1, "beyond": 1}
            yield {"root": "7/6", "factor": "67/100", "steps": 1, "beyond": 1}
            yield {"root": "7/6", "factor": "10/11", "steps": 4, "beyond": "19/10"}
            yield {"root": 2, "factor": "20/21", "steps": 6, "beyond": "3/2"}
            yield {"root": "3/2", "factor": "29/30", "steps": 7, "beyond": "7/4"}
            return
        yield {"root": "3/2", "factor": "1/3", "steps": 1, "beyond": 1}
        yield {"root": "3/2", "factor": 1 - Fraction(1, 10**14), "steps": 1, "beyond": 1}
        yield {"root": "6/5", "factor": "1/10", "steps": 7, "beyond": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """T = 4 and many samples: at 1/(4 delta) the risk falls again, towards its mirror
        minimum.
        """
        yield {"root": "1/10", "factor": "2/3", "steps": 4, "beyond": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """The bracket and the gain at T = 3 and 5 for all psi and sigma, those of ``bracket`` and
        ``tuned_gain``; as printed at T = 3, where sigma^2 >= 7/2 R^2 and psi >= 4/3 make delta
        14/3 at least, so that T delta > 2.
        """
        noisy = form == "printed"
        for steps in (3,) if noisy else (3, 5):
            yield from bracket(steps, noisy)
            yield from tuned_gain(steps, 2, False)
