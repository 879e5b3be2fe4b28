"""The discounted hypergradient need not be a descent direction; an angle condition that makes it
one.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.families.discount import (
    ALONG,
    QUADRATIC,
    TWO_MODES,
    Quadratic,
    direction,
    placed,
)
from quadmeta.claims.reductions.angles import turned_by, turning
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedDescentDirection(Claim):
    """<ghat, g> for J = -diag(c) U with a reflection U, so that J'J has the eigenvalues c_i^2;
    quadratic losses.

    Conjectured: started at w_0 = w_*, with injective J and the assumptions of the bias theorem,
    <ghat, g> > 0 for g_T != 0. False: there <ghat, g> = eta^2 S_T(gamma) g'J'J S_T(A) g, and the
    product of two positive matrices need not be positive. From far away the early g_t may point
    elsewhere than g_T as well.

    Repaired: with k_J and k_S the condition numbers of J'J and S_T(A) and
    sin theta = (k - 1)/(k + 1), it is positive if theta_J + theta_S < 90 degrees; so whenever J'J
    or H is proportional to I.

    Proof (repaired). A positive definite matrix with condition number k turns no vector by more
    than arcsin((k - 1)/(k + 1)) (Kantorovich). <J'J g, S g> >= |J'J g| |S g|
    cos(theta_J + theta_S) > 0, and sin^2 theta_J + sin^2 theta_S < 1 says that the angles sum to
    less than 90 degrees.
    """

    reference = "derived"
    aliases = ("yakovlev2023_descent_direction",)
    strength = "lower"
    relation = ">"
    draws = 150
    forms = {
        "conjectured": Form(
            r"w_0=w_*:\ \hat g^\top g>0",
            "refuted",
            "exact",
            "J'J and the inverse Hessian need not share axes",
            fault="false",
        ),
        "repaired": Form(
            r"w_0=w_*,\ \big(\tfrac{k_J-1}{k_J+1}\big)^2+\big(\tfrac{k_S-1}{k_S+1}\big)^2<1:\ "
            r"\hat g^\top"
            r" g>0",
            "holds",
            "proof + exact",
            "at w_0 = w_* and with J'J close enough to a multiple of I",
            proved=True,
        ),
    }
    domain = {**QUADRATIC, "R": Parameter("R", reach=30), "turn": ALONG}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """1 to 6, eta <= 1/L and w_0 = w_*; as repaired also the angles."""
        lam = x["eigenvalues"]
        eta = x["eta"]
        gamma = x["gamma"]
        T = x["steps"]
        margins = {
            "eta > 0": eta,
            "eta <= 1/L": 1 / max(lam) - eta,
            "g_T != 0": x["G"],
            "gamma > 0": gamma,
            "gamma < 1": 1 - gamma,
            "mu <= mu_2 <= L_2 <= L": min(
                x["mu2"] - min(lam), x["L2"] - x["mu2"], max(lam) - x["L2"]
            ),
            "1 - eta L <= gamma <= 1 - eta mu": min(
                gamma - 1 + eta * max(lam), 1 - eta * min(lam) - gamma
            ),
            "J'J > 0": min(abs(x["cross"])),
            "R = 0": x["R"],
        }
        if form == "conjectured":
            return margins
        low = min(x["cross"] ** 2)
        high = max(x["cross"] ** 2)
        flat, steep = (geometric_sum(1 - eta * end, T) for end in (max(lam), min(lam)))
        sines = (high - low) ** 2 * (flat + steep) ** 2 + (steep - flat) ** 2 * (high + low) ** 2
        return {
            **margins,
            "theta_J + theta_S < 90": (flat + steep) ** 2 * (high + low) ** 2 - sines,
        }

    def prepare(self, x: Instance) -> Instance:
        """Into their ranges; w_0 = w_* at an even T."""
        low = min(x["eigenvalues"])
        high = max(x["eigenvalues"])
        top = min(max(x["L2"], low), high)
        return placed({**x, "L2": top, "mu2": max(x["mu2"], low), "R": x["R"] * (x["steps"] % 2)})

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """<ghat, g> by loops, and 0."""
        p = Quadratic.of({**x, "cross": 0 * x["cross"] + 1})
        u = direction(x["turn"])
        estimate, exact = (
            x["cross"] * (2 * (u @ v) * u - v)
            for v in (p.weighted(lambda k: p.gamma**k), p.exact())
        )
        return estimate @ exact, 0 * p.eta

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Axes in common, and a condition number of J'J; as conjectured also axes apart."""
        base = {
            **TWO_MODES,
            "mu2": "1/4",
            "gamma": "1/2",
            "steps": 4,
            "turn": (1, 0),
        }
        yield base
        yield {**base, "cross": (1, 2), "turn": (2, 1)}
        if form == "conjectured":
            yield from self.without("theta_J + theta_S < 90")

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A flat J'J across the curvatures."""
        if assumption.startswith("theta"):
            yield {
                **TWO_MODES,
                "cross": (10, 1),
                "gradient": (1, 2),
                "gamma": "1/2",
                "steps": 2,
                "turn": (2, 3),
            }

    def boxes(self, form: str) -> Iterable[Box]:
        """g'J'J S_T(A) g with J'J = j (I + p N) and S_T(A) = s (I + r E), N and E reflections."""

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            if len(x["cross"]) != 2:
                return []
            c = x["cross"] ** 2
            S = geometric_sum(1 - x["eta"] * x["eigenvalues"], x["steps"])
            u = direction(x["turn"])
            g = direction(x["gradient"])
            flip = 1 if c[0] >= c[1] else -1
            across = np.array([-g[1], g[0]], dtype=object)
            # E = +-diag(1, -1), and N the same between two reflections in u
            E = np.array([1, -1]) * (1 if S[0] >= S[1] else -1)
            N = [
                flip * (mirrored @ (np.array([1, -1]) * (2 * (u @ g) * u - g)))
                for mirrored in (2 * (u @ v) * u - v for v in (g, across))
            ]
            k = min(abs(x["cross"])) / max(abs(x["cross"]))
            scale = (
                (x["eta"] * x["G"]) ** 2
                * geometric_sum(x["gamma"], x["steps"])
                * c.sum()
                * S.sum()
                / 4
            )
            return turned_by(
                k,
                abs(S[0] - S[1]) / S.sum(),
                (N[0], abs(N[1])),
                (g @ (E * g), abs(across @ (E * g))),
                scale,
            )

        if form == "repaired":
            yield turning(reduce)
