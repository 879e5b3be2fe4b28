"""No scalar weights of the terms of the discounted sum have a worst case below half of what the
curvature may vary.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.reductions.angles import between, clamped
from quadmeta.theory.discount import Scales, floor
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, Instance, Parameter, Values


class DerivedScalarDiscountNoGo(Claim):
    """sum_t omega_t B_t g_t with weights that know (T, eta, mu, L) only, on two problems with
    w_0 = w_*: H = mu, H = L.

    The larger of the two biases is at least eta B |g_*| (S_T(a_mu) - S_T(a_L))/2, with equality
    where sum omega_t is the mean of the two S_T, as one discount alone can have it. Its limit is B
    |g_*| (1/mu - 1/L)/2: no combination of discounts, and no extrapolation over gamma, is
    asymptotically exact; derived_matrix_discount is.

    Proof. w_0 = w_* makes all g_t and B_t equal, so that the estimate is Omega = sum omega_t times
    B_T g_*, and g is S_T(a) times it, a = 1 - eta H.
    |Omega - S_T(a_mu)| + |Omega - S_T(a_L)| >= S_T(a_mu) - S_T(a_L).
    """

    reference = "derived"
    strength = "lower"
    forms = {
        "stated": Form(
            r"\max_{H\in\{\mu,L\}}\Big\|\sum_t\omega_tB_tg_t-g\Big\|\ge\tfrac12\eta B\|g_*\|(S_T(a_"
            r"\mu)-S_T(a_L))",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": Parameter(r"\omega_t", low=Fraction(-1), axis="t", reach=4),
        "gradient": Parameter("g_*", open=True),
        "eta": STEP_SIZE,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L."""
        return {"eta > 0": x["eta"], "eta <= 1/L": 1 / max(x["eigenvalues"]) - x["eta"]}

    def prepare(self, x: Instance) -> Instance:
        """eta <= 1/L."""
        return {**x, "eta": min(x["eta"], 1 / max(x["eigenvalues"]))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The larger bias, C = 1, and the floor."""
        lam = x["eigenvalues"]
        eta = x["eta"]
        g = x["gradient"]
        omega = x["weights"]
        T = len(omega)
        ends = (min(lam), max(lam))
        estimate = sum(weight * eta * g for weight in omega)
        bias = max(abs(estimate - eta * geometric_sum(1 - eta * end, T) * g) for end in ends)
        return bias, floor(Scales(*ends, eta, Fraction(0), T, G=g))

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality at S_2 = (3/2 + 5/4)/2, and extrapolation with a negative weight."""
        yield {"eigenvalues": ("1/2", "3/4"), "weights": (1, "3/8"), "gradient": 1, "eta": 1}
        yield {"eigenvalues": ("1/10", 1), "weights": ("-1/2", 2, 1, 1), "gradient": 2, "eta": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """Omega between S_T(a_L) and S_T(a_mu), in units of the latter."""

        def reduce(x: Instance) -> list[Reduced]:
            lam = x["eigenvalues"]
            eta = x["eta"]
            T = len(x["weights"])
            low, high = (geometric_sum(1 - eta * end, T) for end in (max(lam), min(lam)))
            return [
                Reduced(
                    clamped(low / high, sum(x["weights"]) / high), eta * x["gradient"] * high / 2
                )
            ]

        yield between(False, True, reduce)
