"""Assumption 6: impossible with fewer hyperparameters than parameters; it keeps outer stationary
points.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.discount import ALONG, DISCOUNT, direction
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, Instance, Parameter, Values


class Yakovlev2023AssumptionInjectiveCross(Claim):
    """J = the first h rows of diag(c) U with a reflection U of R^P, kappa_J = min c_i^2 over them,
    B = max |c_i|.

    Printed: J'J >= kappa_J I. J'J is P x P of rank at most h: false whenever h < P, for instance
    for one ridge strength. No bias bound uses it (derived_discount_bound has c_i = 0 too).
    Repaired, what it is good for: as T -> infinity ghat -> -eta/(1 - gamma) J g_* and g -> -J H^-1
    g_*; with (6) and no direct term the second is at most B (1 - gamma)/(sqrt(kappa_J) eta mu)
    times the first, so that an outer stationary point of ghat is one of g. With h < P it need not
    be.

    Proof (repaired). |J H^-1 g_*| <= (B/mu) |g_*| and |J g_*| >= sqrt(kappa_J) |g_*|.
    """

    reference = "Yakovlev et al. 2023, assumption 6"
    source = SOURCE
    standing = "assumption"
    strength = "tight"
    draws = 80
    forms = {
        "printed": Form(
            r"J^\top J\succeq\kappa_JI,\ J\in\mathbb R^{h\times P}",
            "refuted",
            "exact",
            "a matrix of rank h < P is singular",
            judged="unsatisfiable",
        ),
        "stated": Form(
            r"h\ge P:\ \|g_\infty\|\le\frac{B(1-\gamma)}{\sqrt{\kappa_J}\,\eta\mu}\|\hat "
            r"g_\infty\|",
            "holds",
            "proof + exact",
            "with at least as many hyperparameters as parameters",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "cross": Parameter("c_i", low=Fraction(-3), axis="d", reach=6),
        "turn": ALONG,
        "gradient": ALONG,
        "rows": Parameter("h", low=Fraction(1), whole=True, reach=3),
        "eta": STEP_SIZE,
        "gamma": DISCOUNT,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """kappa_J > 0, eta <= 1/L, gamma < 1; as repaired h >= P."""
        P = len(x["cross"])
        h = x["rows"]
        margins = {
            "eta > 0": x["eta"],
            "eta <= 1/L": 1 / max(x["eigenvalues"]) - x["eta"],
            "gamma < 1": 1 - x["gamma"],
            "kappa_J > 0": min(abs(x["cross"][:h])),
        }
        return {
            **margins,
            **({"h >= P": Fraction(h - P)} if form == "stated" else {"gamma > 0": x["gamma"]}),
        }

    def prepare(self, x: Instance) -> Instance:
        """eta <= 1/L; h >= P for odd h."""
        if x["rows"] % 2:
            rows = max(x["rows"], len(x["cross"]))
        else:
            rows = x["rows"]
        return {**x, "eta": min(x["eta"], 1 / max(x["eigenvalues"])), "rows": rows}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """kappa_J |g_*|^2 and |J g_*|^2; as repaired the squared limits, multiplied out."""
        lam = x["eigenvalues"]
        c = x["cross"]
        g = x["gradient"]
        u = direction(x["turn"])
        one = np.array(np.eye(len(c), dtype=int).tolist(), dtype=object)
        J = (c[:, None] * (2 * np.outer(u, u) - one))[: x["rows"]]
        near = J @ g
        far = J @ (g / lam)
        rows = abs(c[: x["rows"]])
        if form == "printed":
            return min(rows) ** 2 * (g @ g), near @ near
        # |ghat| = eta/(1 - gamma) |J g_*|
        eta = x["eta"]
        gamma = x["gamma"]
        estimate = (eta / (1 - gamma)) ** 2 * (near @ near)
        return far @ far, (max(rows) * (1 - gamma) / (min(rows) * eta * min(lam))) ** 2 * estimate

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, with equality; two with one hyperparameter as printed."""
        yield {
            "eigenvalues": ("1/2",),
            "cross": (2,),
            "turn": (1,),
            "gradient": (1,),
            "rows": 1,
            "eta": 1,
            "gamma": "1/2",
        }
        if form == "printed":
            yield from self.without("h >= P")

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One hyperparameter of two parameters: ghat = 0 and g != 0."""
        if assumption == "h >= P":
            yield {
                "eigenvalues": ("1/2", 1),
                "cross": (1, 1),
                "turn": (2, 1),
                "gradient": (24, 7),
                "rows": 1,
                "eta": 1,
                "gamma": "1/2",
            }

    def boxes(self, form: str) -> Iterable[Box]:
        """K = kappa_J/B^2, |J g|^2 = B^2 |g|^2 (K + x (1 - K)), |J H^-1 g|^2 = B^2 |H^-1 g|^2
        (1 - z (1 - K)).

        The last square is |g|^2 (1 - e)/mu^2.
        """

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            lam = x["eigenvalues"]
            c = x["cross"]
            g = x["gradient"]
            u = direction(x["turn"])
            far = g / lam
            size = g @ g
            B2 = max(c**2)
            K = min(c**2) / max(c**2)
            if not size:
                return []
            near, mean = (
                (c * (2 * u * (u @ v) - v)) @ (c * (2 * u * (u @ v) - v)) / (B2 * (v @ v))
                for v in (g, far)
            )
            share, lost = ((near - K) / (1 - K), (1 - mean) / (1 - K)) if K < 1 else (0 * K, 0 * K)
            e = 1 - min(lam) ** 2 * (far @ far) / size
            return [
                Reduced({"K": K, "e": e, "x": share, "z": lost}, B2 * size / (min(lam) ** 2 * K))
            ]

        if form == "stated":
            yield Box(
                dict.fromkeys(("K", "e", "x", "z"), (0, 1)),
                lambda x: (
                    -x["x"] * (1 - x["K"]),
                    x["K"] * (x["e"] + (1 - x["e"]) * x["z"] * (1 - x["K"])),
                ),
                "all d, spectra, J and g: Rayleigh quotients in place of vectors",
                reduce,
                equality="e = 0 and x = z = 0 or K = 1",
            )
