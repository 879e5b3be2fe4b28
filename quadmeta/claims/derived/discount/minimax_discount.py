"""The discount whose worst case over curvatures in [mu, L] is least, and that worst case."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.discount import DISCOUNT
from quadmeta.claims.reductions.angles import between, clamped
from quadmeta.theory.discount import minimax_gamma
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, Instance, Quantity, Values


class DerivedMinimaxDiscount(Claim):
    """T -> infinity, J'J proportional to I: on an eigenvector of curvature lambda the bias of ghat
    is b = |eta/(1 - gamma) - 1/lambda| in units of ||J g_*||, and e = |eta lambda/(1 - gamma) - 1|
    in units of g itself.

    max over [mu, L] of b is (1/mu - 1/L)/2 at gamma* = 1 - 2 eta mu L/(mu + L), half the printed
    constant, and no less at any gamma; max of e is (L - mu)/(L + mu) at c = 1 - eta (mu + L)/2,
    and no less at any gamma.

    Proof. With s = eta/(1 - gamma), s - 1/lambda and s lambda - 1 increase in lambda, so that the
    maxima are at the ends. |s - 1/mu| + |s - 1/L| >= 1/mu - 1/L, equal sides at s = (1/mu + 1/L)/2;
    and (s L - 1), (1 - s mu) weighted by mu and L sum to L - mu, so that their maximum is at least
    (L - mu)/(L + mu), equal at s = 2/(L + mu).
    """

    reference = "derived; Yakovlev et al. 2023, choice of gamma"
    strength = "tight"
    forms = {
        "stated": Form(
            r"\max_\lambda\big|\tfrac\eta{1-\gamma}-\tfrac1\lambda\big|\ge\tfrac12\big(\tfrac1\mu-"
            r"\tfrac1L\big)\text{ with equality at }\gamma^*=1-\tfrac{2\eta\mu L}{\mu+L};\quad\max_"
            r"\lambda\big|\tfrac{\eta\lambda}{1-\gamma}-1\big|\ge\tfrac{L-\mu}{L+\mu}\text{ at }c",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {"eigenvalues": EIGENVALUES, "eta": STEP_SIZE, "gamma": DISCOUNT}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L, so that both discounts are in [0, 1), and gamma < 1."""
        return {
            "eta > 0": x["eta"],
            "eta <= 1/L": 1 / max(x["eigenvalues"]) - x["eta"],
            "gamma < 1": 1 - x["gamma"],
        }

    def prepare(self, x: Instance) -> Instance:
        """eta <= 1/L."""
        return {**x, "eta": min(x["eta"], 1 / max(x["eigenvalues"]))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Worst cases at the two discounts and their values; the values and the worst cases at
        gamma.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        mu = min(lam)
        L = max(lam)
        least = (1 / mu - 1 / L) / 2, (L - mu) / (L + mu)
        at = [worst(lam, eta, minimax_gamma(eta, mu, L, relative=k == 1))[k] for k in (0, 1)]
        return np.array([*at, *least], dtype=object), np.array(
            [*least, *worst(lam, eta, x["gamma"])], dtype=object
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """gamma* and c."""
        yield {"eigenvalues": ("1/4", 1), "eta": 1, "gamma": "3/5"}
        yield {"eigenvalues": ("1/4", 1), "eta": 1, "gamma": "3/8"}

    def boxes(self, form: str) -> Iterable[Box]:
        """Both lower bounds, y = mu/L; the two values of the worst cases are equalities."""

        def reduce(x: Instance, relative: bool) -> list[Reduced]:
            mu = min(x["eigenvalues"])
            L = max(x["eigenvalues"])
            s = x["eta"] / (1 - x["gamma"])
            if relative:
                if 16 * mu >= L:
                    return [Reduced(clamped(mu / L, s * L), Fraction(1, 2), 3)]
                return []
            return [Reduced(clamped(mu / L, s * mu), 1 / (2 * mu), 2)]

        yield between(False, False, lambda x: reduce(x, False))
        yield between(True, False, lambda x: reduce(x, True))


def worst(lam: Array, eta: Quantity, gamma: Quantity) -> tuple[Array, Array]:
    """(max b, max e) over the eigenvalues."""
    s = eta / (1 - gamma)
    return max(abs(s - 1 / lam)), max(abs(s * lam - 1))
