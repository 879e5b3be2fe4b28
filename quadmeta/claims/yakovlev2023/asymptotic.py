"""The discounted hypergradient is not asymptotically exact; its limit, and when that is."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta._types import Array
from quadmeta.arithmetic.powers import divided_difference, geometric_sum
from quadmeta.claims.families.discount import (
    QUADRATIC,
    TWO_MODES,
    Quadratic,
    discount_margins,
    placed,
)
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import limit_bias
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023Asymptotic(Claim):
    """The bias as T -> infinity; the other reading, w_0 -> w_* at fixed T, is
    yakovlev2023_asymptotic_warm_start.

    The theorem: the method gives an asymptotically exact hypergradient as the number of the inner
    epoch grows. Our reading: the bias tends to 0 as T -> infinity. False: then the estimand -J
    H^-1 g_* itself must be 0, or gamma fit.

    Repaired: the bias is C' (eta/(1 - gamma) - H^-1) g_* + r_T with r_T -> 0, where
    r_T = eta C' {(A^T (I - A)^-1 - gamma^T/(1 - gamma)) g_* + H_2 A D_T(gamma, A) (w_0 - w_*)
    - S_T(A) H_2 A^T (w_0 - w_*)}. The limit vanishes iff J (eta/(1 - gamma) - H^-1) g_* = 0: for
    injective J iff g_* is 0 or an eigenvector with gamma = 1 - eta lambda, in particular for H =
    lambda I.

    Proof (repaired). ghat = eta C' {S_T(gamma) g_* + H_2 A D_T(gamma, A)(w_0 - w_*)}, g = eta C'
    S_T(A) (g_* + H_2 A^T (w_0 - w_*)); S_T(x) = (1 - x^T)/(1 - x). r_T -> 0 since gamma < 1 and
    0 <= A < I.
    """

    reference = "Yakovlev et al. 2023, theorem on the limit"
    source = SOURCE
    standing = "theorem"
    strength = "identity"
    draws = 100
    forms = {
        "reading": Form(
            r"\hat g-g\to0\quad(T\to\infty)",
            "refuted",
            "exact",
            "the limit is a multiple of one product with J, for an inverse Hessian",
            fault="false",
        ),
        "repaired": Form(
            r"\hat g-g=-J_*\big(\tfrac\eta{1-\gamma}I-H_*^{-1}\big)g_*+r_T,\quad r_T\to0\text{ "
            r"explicit;"
            r" limit }0\iff J_*\big(\tfrac\eta{1-\gamma}I-H_*^{-1}\big)g_*=0",
            "holds",
            "proof + exact",
            "the limit itself, on quadratics",
            proved=True,
        ),
    }
    domain = QUADRATIC

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L and gamma in [1 - eta L, 1 - eta mu]; as read all of the slides, and even
        w_0 = w_*.
        """
        if form == "reading":
            return {**assumed(x), "R = 0": x["R"]}
        return discount_margins(x)

    def prepare(self, x: Instance) -> Instance:
        """Step size and discount moved into their ranges; w_0 = w_* and mu <= H_2 <= L at an
        even T.
        """
        return placed(x if x["steps"] % 2 else settled(x))

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The limit and 0; as repaired, the bias by loops, and limit + r_T."""
        p = Quadratic.of(x)
        lam = x["eigenvalues"]
        a = p.a
        gamma = p.gamma
        T = p.T
        moved = p.H2 @ (a**T * p.error)
        final = p.gradient - moved
        limit = p.C * limit_bias(lam, one(lam), final, p.eta, gamma)
        if form == "reading":
            return limit, 0 * limit
        rest = (a**T / (1 - a) - gamma**T / (1 - gamma)) * final - geometric_sum(a, T) * moved
        rest = rest + p.H2 @ (a * divided_difference(gamma + 0 * a, a, T) * p.error)
        return p.bias(), limit + p.eta * p.C * rest

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A start in the minimiser, g_* along the largest curvature, gamma for the smallest."""
        yield {
            **TWO_MODES,
            "gamma": "3/4",
            "steps": 9,
        }


def assumed(x: Values) -> dict[str, Any]:
    """What the slides assume, on quadratics with constant J, and eta <= 1/L, which they do not."""
    lam = x["eigenvalues"]
    return {
        **discount_margins(x),
        "gamma > 0": x["gamma"],
        "mu <= mu_2 <= L_2 <= L": min(x["mu2"] - min(lam), x["L2"] - x["mu2"], max(lam) - x["L2"]),
        "c_i != 0": min(abs(x["cross"])),
    }


def settled(x: Instance) -> Instance:
    """w_0 = w_*, and the outer curvatures between those of H."""
    low = min(x["eigenvalues"])
    top = min(max(x["L2"], low), max(x["eigenvalues"]))
    return {**x, "L2": top, "mu2": max(x["mu2"], low), "R": 0 * x["R"]}


def one(lam: Array) -> Array:
    """The identity."""
    import numpy as np

    return np.array(np.eye(len(lam), dtype=int).tolist(), dtype=object)
