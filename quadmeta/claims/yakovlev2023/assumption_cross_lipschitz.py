"""Assumption 5: a Lipschitz mixed derivative plays no part in the bias bound."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta._types import Array
from quadmeta.claims.families.discount import ALONG, DISCOUNT, NORM, direction
from quadmeta.claims.reductions.discount import mixture
from quadmeta.claims.reductions.notes import drift, spread, total_drift
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import Scales, bias_bound_quadratic_inner
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    Instance,
    Parameter,
    Quantity,
    Values,
)


class Yakovlev2023AssumptionCrossLipschitz(Claim):
    """J(w_t) = -c_t I with any numbers c_t, t = 0..T-1: the bias bound without assumption
    5, B = max |c_t|.

    The c_t are values of a function of w, of whatever M_b: L_1 = w'Hw/2 - sum_i alpha_i phi_i(w)
    at alpha = 0 has iterates that do not depend on phi, and a smooth phi_i with the gradients c_t
    e_i at finitely many distinct points exists. The slides assume it, and no M_b stands in their
    bound; the matrix discount needs it (derived_matrix_discount), as it takes J at w_T in place of
    w_{t-1}.

    Proof. ghat - g = sum_k gamma^k B_{T-k} (g_{T-k} - g_T) + sum_k B_{T-k} (gamma^k - A^k) g_T;
    take the norm of each term, as in yakovlev2023_assumption_cross_bound: no two values of J are
    compared.
    """

    reference = "Yakovlev et al. 2023, assumption 5"
    source = SOURCE
    standing = "assumption"
    strength = "tight"
    draws = 80
    forms = {
        "stated": Form(
            r"\text{every }M_b:\ \|\hat g-g\|\le\eta "
            r"B\Big\{L_2R\sum_{k=1}^{T-1}\gamma^ka_\mu^{T-k}+"
            r"\|g_T\|\sum_{k=1}^{T-1}\max(a_\mu^k-\gamma^k,\gamma^k-a_L^k)\Big\}",
            "holds",
            "proof + exact",
            "assumption 5 is not needed",
            proved=True,
            attained=True,
            judged="not needed",
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": ALONG,
        "gradient": ALONG,
        "cross": Parameter("c_t", low=Fraction(-3), axis="t", reach=6),
        "R": NORM,
        "G": NORM,
        "L2": Parameter("L_2", reach=3),
        "eta": STEP_SIZE,
        "gamma": DISCOUNT,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L, gamma < 1, and one value of J at one point."""
        states = _errors(x)
        c = x["cross"]
        clash = sum(
            (
                (c[s] - c[t]) ** 2
                for t in range(len(c))
                for s in range(t)
                if not any(states[s] - states[t])
            ),
            0 * x["eta"],
        )
        return {
            "eta > 0": x["eta"],
            "eta <= 1/L": 1 / max(x["eigenvalues"]) - x["eta"],
            "gamma < 1": 1 - x["gamma"],
            "J is a function of w": clash,
        }

    def prepare(self, x: Instance) -> Instance:
        """eta <= 1/L; one J where all iterates are one."""
        if x["R"]:
            cross = x["cross"]
        else:
            cross = x["cross"][:1] * len(x["cross"])
        return {**x, "eta": min(x["eta"], 1 / max(x["eigenvalues"])), "cross": cross}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops and the squared bound."""
        lam = x["eigenvalues"]
        eta = x["eta"]
        gamma = x["gamma"]
        c = x["cross"]
        T = len(x["cross"])
        states = _errors(x)
        last = x["G"] * direction(x["gradient"])
        bias = 0 * last
        v = last
        for t in reversed(range(T)):
            bias = bias + c[t] * (
                gamma ** (T - 1 - t) * (last + x["L2"] * (states[t + 1] - states[T])) - v
            )
            v = (1 - eta * lam) * v
        known = Scales(min(lam), max(lam), eta, gamma, T, x["L2"], x["R"], x["G"], max(abs(c)))
        return eta**2 * (bias @ bias), bias_bound_quadratic_inner(known) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality at R = 0; signs that alternate."""
        base = {
            "eigenvalues": ("1/4", 1),
            "error": (1, 0),
            "gradient": (1, 0),
            "cross": (1, 1, 1),
            "R": 0,
            "G": 1,
            "L2": 1,
            "eta": 1,
            "gamma": 0,
        }
        yield base
        yield {**base, "cross": (3, -3, 3), "R": 1, "gamma": "1/2"}

    def boxes(self, form: str) -> Iterable[Box]:
        """The part of ||g_T|| at any T, that of R at T = 2, 3, 4: modes add up in squares,
        |c_t| <= B.
        """

        def last(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            sizes = x["eta"] * max(abs(x["cross"])) * x["G"] * direction(x["gradient"])
            return spread(1 - x["eta"] * x["eigenvalues"], x["gamma"], len(x["cross"]), sizes)

        def start(x: Values, part: Quantity) -> Any:
            return (x["eta"] * x["L2"] * max(abs(x["cross"])) * part) ** 2 * total_drift(
                x, len(x["cross"])
            )

        yield mixture(last)
        yield from (drift(T, lambda x: len(x["cross"]), start) for T in (2, 3, 4))


def _errors(x: Values) -> list[Array]:
    """w_t - w_*, t = 0..T."""
    a = 1 - x["eta"] * x["eigenvalues"]
    error = x["R"] * direction(x["error"])
    return [a**t * error for t in range(len(x["cross"]) + 1)]
