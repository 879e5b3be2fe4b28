"""Train-by-validation with fewer samples than dimensions: step size of order 1/T, better than not
training.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.least_squares import HORIZON, ROOT, edges, gain, risk_slope
from quadmeta.claims.reductions.polynomial import Polynomial, V, X
from quadmeta.claims.reductions.semicircle import power_means, tuned_gain
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values


class Wang2021SmallSampleValidation(Claim):
    """eta*_valid minimises the mean validation loss, i.e. the excess risk R^2 E, after T steps on
    n_1 samples.

    Printed: for d/4 <= n_1 <= 3d/4 and sigma, T, d, m large, eta*_valid = Theta(1/T) and
    E <= 1 - Omega(1), constants not given. Read in the limit, with those of the repaired form.
    Repaired (limit d = m = infinity, every n_1/d, s > 0 and odd T; psi = d/n_1, delta = s psi):

        1/(l_+ + delta) <= T eta*_valid <= 1/delta,   1 - E >= nu_1/(1 + nu_1 + s) = 1/(1 + psi +
                                                      delta),

    the last for every T, with equality at T = 1. It is not uniform in sigma: the gain is at most
    nu_1/s (``derived_gain_sandwich``). An instance names s by x:
    (1 - eta (1 + psi))^T = delta/(1 + psi + delta) at eta = (1 - x)/(1 + psi). Sides: slopes of E
    at both ends of the bracket, each as E_Q[(l + delta) h h'] against E_Q[h'], and the gain at that
    eta.

    Proof (repaired). Odd T: the slope of E at eta is the mean over l of T x^(T-1)
    (delta - (delta + l) x^T), x = 1 - eta l, up to a positive factor, whose bracket has the sign of
    eta - eta(l), eta(l) = (1 - v^(1/T))/l, v = delta/(l + delta). v^(1/T) <= 1 - (1 - v)/T
    and >= 1 + log(v)/T give 1/(l + delta) <= T eta(l) <= 1/delta. Gain: the proof of
    ``derived_gain_sandwich``.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 5"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    forms = {
        "printed": Form(
            r"\tfrac d4\le n_1\le\tfrac{3d}4,\ \sigma\ge c_1:\quad\eta^*_{\rm "
            r"valid}=\Theta(1/T),\quad "
            r"E\|w_T-w_*\|^2\le R^2-\Omega(1)",
            "consistent",
            "exact",
            "constants unspecified; they shrink as sigma grows, like R^2 n_1/(d sigma^2)",
            attained=True,
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
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Odd T; as printed n_1/d = 1/root^2 in [1/4, 3/4]."""
        margins = {"eta > 0": 1 - x["factor"], "T mod 2 = 1": x["steps"] % 2 - 1}
        size = {"n_1 >= d/4": 4 - x["root"] ** 2, "n_1 <= 3d/4": 3 * x["root"] ** 2 - 4}
        if form == "printed":
            return {**margins, **size}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """An odd T, a factor below 1, and every other root in [6/5, 2]."""
        if x["factor"] < 1:
            factor = x["factor"]
        else:
            factor = Fraction(1, 2)
        if x["steps"] % 4 == 1 and x["root"] <= 3:
            root = 2 - x["root"] / 4
        else:
            root = x["root"]
        return {"root": root, "factor": factor, "steps": x["steps"] + 1 - x["steps"] % 2}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Slopes at 1/(T (l_+ + delta)) and at 1/(T delta), lower bound and gain."""
        psi = x["root"] ** 2
        factor = x["factor"]
        T = x["steps"]
        delta = (1 + psi) * factor**T / (1 - factor**T)
        low = risk_slope(psi, delta, 1 / (T * (edges(x["root"])[1] + delta)), T)
        high = risk_slope(psi, delta, 1 / (T * delta), T)
        value = gain(psi, delta, (1 - factor) / (1 + psi), T)
        return np.array([low[0], high[1], 1 / (1 + psi + delta)]), np.array(
            [low[1], high[0], value]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """T = 1, where the gain is an equality; noise so large that all three are; little noise at
        larger T.
        """
        yield {"root": "3/2", "factor": "1/3", "steps": 1}
        yield {"root": "3/2", "factor": 1 - Fraction(1, 10**14), "steps": 1}
        yield {"root": "6/5", "factor": "1/10", "steps": 7}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """T = 4 and many samples: at 1/(4 delta) the risk falls again, towards its mirror
        minimum.
        """
        yield {"root": "1/10", "factor": "2/3", "steps": 4}

    def boxes(self, form: str) -> Iterable[Box]:
        """The bracket and the gain at T = 3 and 5 for all psi and sigma, those of ``bracket`` and
        ``tuned_gain``.
        """
        for steps in (3, 5) if form == "stated" else ():
            yield from bracket(steps)
            yield from tuned_gain(steps, 2, False)


def bracket(T: int) -> Iterable[Box]:
    """Signs of the slope, unit 1 + psi, q = 1 - eta l: q^m - q^(2T-1) is eta l times a sum of
    powers of q, eta cancels.

    Both compare sum_k (k - T + 2) E_Q[l q^k], k from T - 1 to 2T - 2: with T l_+ sum_k E_Q[q^k] at
    the lower end; with 0 at the upper end, 1/eta = T delta. Polynomials in g = 1/eta - 1 or 1/g, q
    in proportion to g + y or 1 + y/g.
    """

    def total(center: Polynomial | int, b: Polynomial | int, row: int) -> Polynomial:
        return sum(
            (
                power_means(center, b, V, k)[row]
                * (center + b) ** (2 * T - 2 - k)
                * (k - T + 2 if row else 1)
                for k in range(T - 1, 2 * T - 1)
            ),
            0 * X,
        )

    def box(ranges: Mapping[str, Any], what: str, sides: Any, point: Any) -> Box:
        def reduce(x: Instance) -> list[Reduced]:
            z = x["root"] / (1 + x["root"] ** 2)
            delta = x["factor"] ** T / (1 - x["factor"] ** T)
            return [
                Reduced(*found) for found in point(z, delta) if x["steps"] == T and 64 * z**2 >= 1
            ]

        return Box(
            ranges, sides, f"T = {T}, d/n_1 in [1/61, 61], every sigma: slope at the {what}", reduce
        )

    def low(z: Quantity, delta: Quantity) -> Iterable[Any]:
        f = 1 / (T * (1 + 2 * z + delta) - 1)
        yield {"z": z, "1/g": f}, f / (1 + f) ** (2 * T - 1), 0

    def high(z: Quantity, delta: Quantity, far: bool) -> Iterable[Any]:
        g = T * delta - 1
        if far == (g > 1):
            key, value, size = ("1/g", 1 / g, g) if far else ("g", g, 1)
            yield {key: value, "r": z**2}, size ** (2 * T - 2) / (1 + g) ** (2 * T - 1), 1

    plain = total(1, X, 0)
    near = total(X, 1, 1)
    far = total(1, X, 1)
    r = (Fraction(1, 64), Fraction(1, 4))
    yield box(
        {"z": (Fraction(1, 8), Fraction(1, 2)), "1/g": (0, Fraction(1, T - 1))},
        "lower end",
        lambda p: (far(p["1/g"], p["z"] ** 2), T * (1 + 2 * p["z"]) * plain(p["1/g"], p["z"] ** 2)),
        low,
    )
    yield box(
        {"g": (-1, 1), "r": r},
        "upper end, T delta <= 2",
        lambda p: (0, near(p["g"], p["r"])),
        lambda z, delta: high(z, delta, False),
    )
    yield box(
        {"1/g": (0, 1), "r": r},
        "upper end, T delta > 2",
        lambda p: (0, far(p["1/g"], p["r"])),
        lambda z, delta: high(z, delta, True),
    )
