"""Assumption 1: the inner half is needed, of the outer loss smoothness alone, with a constant of
its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.discount import QUADRATIC, TWO_MODES, Quadratic, direction, placed
from quadmeta.claims.reductions.angles import aligned, filtered
from quadmeta.claims.reductions.discount import ends, rising
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import Scales, bias_bound_quadratic, transient
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Parameter, Values


class Yakovlev2023AssumptionSmoothConvex(Claim):
    """Both losses L-smooth and mu-strongly convex, on quadratics with J constant, where the tight
    bound is known.

    Printed, one pair (mu, L) for both losses: ``bias_bound_quadratic`` with L for L_2. L_2 <= L is
    needed; mu <= H_2 is not. The two losses have units of their own, so that one pair is a
    restriction: a mean square over data whose design has a constant 0 column is not strongly convex
    at all (mu_2 = 0). Repaired: an outer loss of any curvature, |H_2| <= L_2, convex or not, with
    its own L_2. mu <= H and H <= L are needed.

    Proof. As derived_discount_bound, which uses of H_2 its norm alone; as printed L_2 <= L.
    """

    reference = "Yakovlev et al. 2023, assumption 1"
    source = SOURCE
    standing = "assumption"
    strength = "tight"
    draws = 60
    forms = {
        "printed": Form(
            r"\mu I\preceq H,H_2\preceq LI:\ \|\hat g-g\|\le\eta "
            r"B\Big\{LR\max_a\sum_{k=1}^{T-1}\gamma^k("
            r"a^{T-k}-a^T)+\|g_T\|\max_a|S_T(\gamma)-S_T(a)|\Big\}",
            "holds",
            "proof + exact",
            "of the outer half only H_2 <= L is used",
            proved=True,
            attained=True,
        ),
        "stated": Form(
            r"\mu I\preceq H\preceq LI,\ \|H_2\|\le L_2:\ \|\hat g-g\|\le\eta "
            r"B\Big\{L_2R\max_a\sum_{k=1}"
            r"^{T-1}\gamma^k(a^{T-k}-a^T)+\|g_T\|\max_a|S_T(\gamma)-S_T(a)|\Big\}",
            "holds",
            "proof + exact",
            "a smooth outer loss, with its own constant",
            proved=True,
            attained=True,
            judged="not needed",
        ),
    }
    domain = {
        **QUADRATIC,
        "mu2": Parameter(r"\mu_2", low=Fraction(-3), reach=6),
        "mu": Parameter(r"\mu", open=True),
        "L": Parameter("L", open=True),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Assumption 1 by parts, eta <= 1/L and gamma between 1 - eta L and 1 - eta mu."""
        lam = x["eigenvalues"]
        eta = x["eta"]
        mu = x["mu"]
        L = x["L"]
        margins = {
            "eta > 0": eta,
            "eta <= 1/L": 1 / L - eta,
            "mu <= L": L - mu,
            "mu <= H": min(lam) - mu,
            "H <= L": L - max(lam),
            "gamma < 1": 1 - x["gamma"],
            "mu_2 <= L_2": x["L2"] - x["mu2"],
            "1 - eta L <= gamma <= 1 - eta mu": min(
                x["gamma"] - 1 + eta * L, 1 - eta * mu - x["gamma"]
            ),
        }
        if form == "stated":
            return {**margins, "-L_2 <= mu_2": x["L2"] + x["mu2"]}
        return {
            **margins,
            "gamma > 0": x["gamma"],
            "mu <= H_2": x["mu2"] - mu,
            "H_2 <= L": L - x["L2"],
        }

    def prepare(self, x: Instance) -> Instance:
        """mu and L from the eigenvalues; H_2 between them at an even T."""
        mu = min(x["eigenvalues"])
        L = max(x["eigenvalues"])
        low, high = (mu, L) if x["steps"] % 2 == 0 else (-x["L2"], x["L2"])
        L2 = min(max(x["L2"], low), high)
        return {**placed({**x, "L2": L2}), "mu2": min(max(x["mu2"], low), L2), "mu": mu, "L": L}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the squared bound, max s from above within 10^-6."""
        bias = Quadratic.of(x).bias()
        known = Scales(
            x["mu"],
            x["L"],
            x["eta"],
            x["gamma"],
            x["steps"],
            x["L2"],
            x["R"],
            x["G"],
            max(abs(x["cross"])),
        )
        return bias @ bias, bias_bound_quadratic(
            replace(known, L2=x["L"]) if form == "printed" else known, 20
        ) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality: g_T along mu at gamma = 1 - eta L; as repaired an outer loss that is flat, and
        a concave one.
        """
        base = {
            **TWO_MODES,
            "gradient": (1, 0),
            "mu2": "1/4",
            "gamma": 0,
            "steps": 4,
            "mu": "1/4",
            "L": 1,
        }
        if form == "printed":
            # gamma = 1 - eta L is positive
            yield {**base, "eta": "1/2", "gamma": "1/2"}
        if form == "stated":
            yield base
            yield {**base, "mu2": 0, "R": 1}
            yield {**base, "L2": 2, "mu2": -2, "outer": (0, 1), "R": 1, "gamma": "1/2"}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One constant that is not one."""
        line = {
            "eigenvalues": ("1/2",),
            "cross": (1,),
            "error": (1,),
            "gradient": (1,),
            "outer": (1,),
            "R": 0,
            "G": 1,
            "L2": "1/2",
            "mu2": "1/2",
            "eta": 1,
            "gamma": "1/2",
            "steps": 6,
            "mu": "1/2",
            "L": 1,
        }
        if assumption == "mu <= H":
            yield {**line, "eigenvalues": ("1/4",)}
        elif assumption == "H <= L":
            yield {**line, "mu": "1/4", "gamma": "3/4", "L": "1/2", "eigenvalues": (1,)}
        elif assumption == "H_2 <= L":
            yield {**line, "L": "1/2", "R": 1, "G": 0, "L2": 1}
        elif assumption == "mu <= H_2":
            yield {**line, "R": 1, "mu2": -3}
        elif assumption == "-L_2 <= mu_2":
            yield {
                **line,
                "L": "1/2",
                "eigenvalues": ("1/2", "1/2"),
                "cross": (1, 1),
                "error": (1, 0),
                "outer": (1, 1),
                "gradient": (1, 0),
                "R": 1,
                "G": 0,
                "mu2": -1,
            }

    def boxes(self, form: str) -> Iterable[Box]:
        """As derived_discount_bound: H_2 by its norm, Cauchy-Schwarz with its top eigenvector; S_T
        at T = 3, 5.
        """

        def start(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            s = transient(x["eta"] * x["eigenvalues"], x["gamma"], x["steps"])
            scale = (x["eta"] * max(abs(x["cross"])) * x["R"]) ** 2 * (x["L2"] ** 2 - x["mu2"] ** 2)
            return filtered(s, direction(x["outer"]), direction(x["error"]), scale)

        def last(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            g = x["eta"] * max(abs(x["cross"])) * x["G"] * direction(x["gradient"])
            low = 1 - x["eta"] * x["L"]
            high = 1 - x["eta"] * x["mu"]
            return [
                point
                for v, size in zip(1 - x["eta"] * x["eigenvalues"], g, strict=True)
                for point in ends(v, low, high, x["gamma"], x["steps"], size)
            ]

        yield aligned(start)
        yield from (rising(T, last) for T in (3, 5))
