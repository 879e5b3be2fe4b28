"""Meta-gradient descent on the log objective with steps s/sqrt(k) converges, from every start and
for every s > 0.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread
from quadmeta.claims.families.schedules import enriched
from quadmeta.claims.reductions.steps import Law, power_mean
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Parameter,
    Values,
)


class Talk2021MetaStepsConverge(Claim):
    """eta_{k+1} = max(0, eta_k - h_k G'(eta_k)) with h_k = s/sqrt(k), printed with
    s = 1: eta_k -> eta*_T.

    A count of iterations is ``wang2021_meta_descent``; here is what convergence rests on, for one
    step of size h from eta with e = |eta - eta*| and e+ after it:

        (1 - (eta - eta*) G'(eta)/2)_+^(2T) F(eta) <= F(eta*),   e+ <= max(e - h |G'(eta)|, h
            |G'(eta)|).

    An instance meets F'(eta*) = 0 by the scale of the weights with a_i < 0.

    Proof. R = F^(1/2T) is convex with G' = 2R'/R (``derived_log_convexity``):
    R* >= R - (eta - eta*) R', to the power 2T. eta* > 0 and G' has the sign of eta - eta*, so a
    step goes towards eta* and clipping only helps. Convergence: |G'| <= B for all eta
    (``derived_log_gradient_bound``), so e_k <= D = max(e_1, s B). Where e >= epsilon,
    R >= R_eps = min R(eta* +- epsilon) > R* by convexity, hence |G'| >= 2 (1 - R*/R_eps)/D =:
    g > 0. The sum of the h_k diverges, so e_k < epsilon at some k with h_k B < epsilon, and e never
    leaves: it falls by h_k g outside, and lands within h_k B after an overshoot.
    """

    reference = "Ge 2021, talk; meta-steps of size 1/sqrt(k)"
    source = SOURCE
    standing = "sentence"
    strength = "upper"
    draws = 80
    forms = {
        "printed": Form(
            r"\eta_{k+1}=\big(\eta_k-\tfrac s{\sqrt "
            r"k}G'(\eta_k)\big)_+\to\eta^*_T:\quad\big(1-\tfrac"
            r"{\eta-\eta^*}2G'\big)_+^{2T}F\le F^*,\quad e^+\le\max(e-h|G'|,h|G'|)",
            "holds",
            "proof + exact",
            "from every start",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "best": STEP_SIZE,
        "eta": STEP_SIZE,
        "meta_step": Parameter("h", open=True, reach=3),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The stationary step size of a task with two eigenvalues."""
        return {
            "kappa > 1": spread(x["eigenvalues"]),
            "F'(eta*) = 0": derivatives(x["eigenvalues"], x["weights"], x["best"], x["steps"])[1],
        }

    def prepare(self, x: Instance) -> Instance:
        """A best step size between 1/L and 1/mu, and weights for which it is stationary."""
        x = enriched(x, 2, "weights")
        lam = x["eigenvalues"]
        best = x["best"]
        odd = 2 * x["steps"] - 1
        if not 1 / max(lam) < best < 1 / min(lam):
            best = 2 / (max(lam) + min(lam))
        terms = [w * v * (1 - best * v) ** odd for w, v in zip(x["weights"], lam, strict=True)]
        scale = -sum(t for t in terms if t > 0) / sum(t for t in terms if t < 0)
        return {
            **x,
            "best": best,
            "weights": tuple(
                w * scale if t < 0 else w for w, t in zip(x["weights"], terms, strict=True)
            ),
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Tangent of the root, to the power 2T, and F*; the error after a step, and its bound."""
        lam, omega, best, eta, T = (
            x[key] for key in ("eigenvalues", "weights", "best", "eta", "steps")
        )
        F, slope, _ = derivatives(lam, omega, eta, T)
        least = derivatives(lam, omega, best, T)[0]
        G = slope / F / T
        h = x["meta_step"]
        error = eta - best
        tangent = max(1 - error * G / 2, 0 * F) ** (2 * T) * F
        after = abs(max(eta - h * G, 0 * F) - best)
        return np.array([tangent, after]), np.array(
            [least, max(abs(error) - h * abs(G), h * abs(G))]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """At the minimiser; an overshoot; a step that is clipped; from far right."""
        base = {
            "eigenvalues": (1, 3),
            "weights": (3, 1),
            "best": "1/2",
            "meta_step": "1/20",
            "steps": 3,
        }
        for eta in ("1/2", "2/5", 10):
            yield {**base, "eta": eta}
        yield {**base, "eta": "3/5", "meta_step": 3}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Another reference point than the minimiser."""
        yield {
            "eigenvalues": (1, 3),
            "weights": (1, 1),
            "best": 1,
            "eta": "1/2",
            "meta_step": "1/20",
            "steps": 3,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """The tangent of the root, sum omega a(eta)^(2T-1) a(eta*) / F; a step beyond the half of
        the way.
        """

        def laws(x: Instance) -> Iterable[Law]:
            modes = [
                (1 - x["eta"] * v, 1 - x["best"] * v, c)
                for v, c in zip(x["eigenvalues"], x["weights"], strict=True)
                if x["eta"] * v != 1
            ]
            weights = [c * a ** (2 * x["steps"]) for a, _, c in modes]
            yield weights, [b / a for a, b, _ in modes], sum(weights), 0

        def step(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            error = abs(instance["eta"] - instance["best"])
            F, slope, _ = derivatives(x["eigenvalues"], x["weights"], x["eta"], x["steps"])
            way = x["meta_step"] * abs(slope / F / x["steps"])
            if 2 * way > error > 0:
                return [Reduced({"g": min(way / error, Fraction(2))}, error, 1)]
            return []

        yield from (power_mean(T, laws) for T in (2, 3, 5))
        yield Box(
            {"g": ("1/2", 2)},
            lambda x: (abs(1 - x["g"]), x["g"]),
            "all T, d, eta: a step by g times the error, g > 2 has the slack of g = 2",
            step,
            equality="g = 1/2",
        )
