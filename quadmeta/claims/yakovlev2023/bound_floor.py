"""The right side of the bias theorem does not tend to 0, so the limit theorem does not follow from
it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta._types import Array
from quadmeta.claims.families.discount import (
    ALONG,
    DISCOUNT,
    NORM,
    QUADRATIC,
    direction,
    discount_margins,
)
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import Scales, floor as least, limit_bias
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, Instance, Values


class Yakovlev2023BoundFloor(Claim):
    """The bound of the theorem "asymptotic unbiasedness of the hypergradient" as T -> infinity, B
    bounding eta ||J||.

    Printed: it tends to 0. Its terms with q^T, (1 - eta mu)^T and H_w ((T - 1) q^T - ...) do;
    B ||g_T|| (1/mu - 1/L)/ eta does not, unless L = mu or g_* = 0. Repaired: this limit does bound
    the limit of the bias, and is attained, at gamma = 1 - eta L along H = mu and at
    gamma = 1 - eta mu along H = L; it is twice the floor of scalar weights
    (derived_scalar_discount_no_go).

    Proof (repaired). The limit is C' (eta/(1 - gamma) - H^-1) g_*; 1/L <= eta/(1 - gamma) <= 1/mu
    and the eigenvalues of H^-1 lie between the same numbers.
    """

    reference = "Yakovlev et al. 2023, title of the bound"
    source = SOURCE
    standing = "theorem"
    strength = "tight"
    draws = 80
    forms = {
        "reading": Form(
            r"\lim_{T\to\infty}\Big\{\frac{2LBRq^T}{q^{-1}-1}+B\|g_T\|\big[\cdots\big]\Big\}=0",
            "refuted",
            "exact",
            "the term with 1/mu - 1/L stays",
            fault="false",
        ),
        "repaired": Form(
            r"\lim_{T\to\infty}\|\hat g-g\|\le\max\|J\|\,\|g_*\|\big(\tfrac1\mu-\tfrac1L\big)",
            "holds",
            "proof + exact",
            "a limit that is not 0",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "cross": QUADRATIC["cross"],
        "gradient": ALONG,
        "G": NORM,
        "eta": STEP_SIZE,
        "gamma": DISCOUNT,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L, gamma in [1 - eta L, 1 - eta mu]; of the source also gamma > 0, J'J > 0."""
        margins = discount_margins(x)
        if form == "reading":
            return {**margins, "gamma > 0": x["gamma"], "c_i != 0": min(abs(x["cross"]))}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """Step size and discount moved into their ranges."""
        low = min(x["eigenvalues"])
        high = max(x["eigenvalues"])
        eta = min(x["eta"], 1 / high)
        return {**x, "eta": eta, "gamma": min(max(x["gamma"], 1 - eta * high), 1 - eta * low)}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The squared limit of the bound and 0; as repaired that of the bias, and that of the
        bound.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        gamma = x["gamma"]
        c = x["cross"]
        known = Scales(min(lam), max(lam), eta, gamma, 1, 0 * eta, 0 * eta, x["G"], max(abs(c)))
        bound = (2 * least(known, limit=True)) ** 2
        if form == "reading":
            return bound, 0 * eta
        g = x["G"] * direction(x["gradient"])
        bias = c * limit_bias(lam, _identity(lam), g, eta, gamma)
        return bias @ bias, bound

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality along each end."""
        base = {
            "eigenvalues": ("1/4", "3/4"),
            "cross": (1, 1),
            "gradient": (1, 0),
            "G": 1,
            "eta": 1,
            "gamma": "1/4",
        }
        yield base
        yield {**base, "gradient": (1, 1), "gamma": "3/4"}

    def boxes(self, form: str) -> Iterable[Box]:
        """|1/p - 1/r| <= 1/m - 1 of one mode, L = 1, m = mu, p <= r: the curvature and
        (1 - gamma)/eta in [m, 1].

        With p = m + (1 - m) t and r = 1 - (1 - m) v, times p r m/(1 - m).
        """

        def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
            m = x["m"]
            t = x["t"]
            v = x["v"]
            return -(m**2) * v, t * (m * (2 - m) + (1 - m) ** 2 * (1 - v))

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            L = max(x["eigenvalues"])
            low = min(x["eigenvalues"]) / max(x["eigenvalues"])
            c = max(abs(x["cross"]))
            parts = c * x["G"] * direction(x["gradient"])
            out = []
            for value, part in zip(x["eigenvalues"] / L, parts, strict=True) if low < 1 else ():
                p, r = sorted((value, (1 - x["gamma"]) / x["eta"] / L))
                point = {"m": low, "t": (p - low) / (1 - low), "v": (1 - r) / (1 - low)}
                scale = (part / L) ** 2 * (1 / low - 1) * (1 / low - 1 + 1 / p - 1 / r) / (p * r)
                out += [Reduced(point, scale)] if scale else []
            return out

        if form == "repaired":
            yield Box(
                dict.fromkeys(("m", "t", "v"), (0, 1)),
                sides,
                "all d, eta and gamma: one mode",
                reduce,
                equality="t = v = 0: g_* along an end, gamma at the other",
            )


def _identity(lam: Array) -> Array:
    import numpy as np

    return np.array(np.eye(len(lam), dtype=int).tolist(), dtype=object)
