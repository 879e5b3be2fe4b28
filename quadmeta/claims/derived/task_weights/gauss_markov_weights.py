"""Unbiased tasks: the best weights are inverse noise variances times sample sizes, whatever the
inputs.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.collapse import REGRESSION, Regression, inverse, trace
from quadmeta.claims.reductions.squares import best_of_three, weights_point
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class DerivedGaussMarkovWeights(Claim):
    """Risk R(phi) of the solution with weights phi, given the inputs; tasks of the same parameter,
    delta_k = 0.

    phi*_k = n_k sigma_0^2/(n_0 sigma_k^2) is best for all designs and all test distributions
    Sigma, and R(phi*) = tr Sigma (sum_k n_k A_k/sigma_k^2)^-1, k = 0..K. Sides: the trace and
    R(phi*); R(phi) and the trace, so that the second pair and the first at phi = phi* are
    equalities. Biased tasks and a ridge need other weights.

    Proof. At phi* the solution is the generalised least squares estimator of all the data, of least
    covariance among linear unbiased ones in the Loewner order (Gauss-Markov), and for rho = 0 every
    phi gives such an estimator.
    """

    reference = "derived; Aitken 1935"
    strength = "tight"
    draws = 150
    forms = {
        "stated": Form(
            r"\mathcal R(\phi)\ge\mathcal R(\phi^*)=\mathrm{tr}\,\Sigma\big(\textstyle\sum_{k\ge0}"
            r"\tfrac{n_k}{\sigma_k^2}A_k\big)^{-1},\quad\phi_k^*=\tfrac{n_k\sigma_0^2}{n_0"
            r"\sigma_k^2}",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = REGRESSION

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Tasks without bias, no ridge."""
        return {"delta = 0": (x["x"] ** 2 + x["y"] ** 2).sum(), "rho = 0": x["rho"]}

    def prepare(self, x: Instance) -> Instance:
        """No bias."""
        zero = tuple(0 * v for v in x["x"])
        return {**x, "x": zero, "y": zero, "rho": 0 * x["rho"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(Trace, R(phi*)) and (R(phi), trace)."""
        model = Regression.of(x)
        weights = 1 / model.noise
        least = trace(
            model.Sigma @ inverse(sum(w * R @ R for w, R in zip(weights, model.roots, strict=True)))
        )
        return (
            np.array([least, model.risk(weights[1:] / weights[0])]),
            np.array([model.risk(x["weights"]), least]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The best weights of two tasks that do not commute, one of them of rank one; and other
        weights.
        """
        base = {
            "p": 1,
            "q": 2,
            "low": (0, 1),
            "high": (1, 2),
            "turn": ("1/2", 0),
            "x": (0, 0),
            "y": (0, 0),
            "noise0": 2,
            "n0": 3,
            "noise": (1, 3),
            "n": (6, 2),
            "spread": 2,
            "tilt": 1,
            "rho": 0,
        }
        yield {**base, "weights": (4, "4/9")}
        yield {**base, "weights": (1, 1)}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A bias; a ridge."""
        base = next(iter(self.cases("stated")))
        yield {**base, "x": (1, 0)}
        yield {**base, "rho": "1/2"}

    def boxes(self, form: str) -> Iterable[Box]:
        """One direction: with one task all inputs are diagonal by a congruence; with two, where
        they commute.
        """

        def reduce(x: Instance) -> list[Reduced]:
            model = Regression.of(x)
            out = []
            if len(x["low"]) > 2 or any(R[0, 1] for R in model.roots):
                return []
            for i in (0, 1):
                information = [R[i, i] ** 2 for R in model.roots]
                unit = model.noise[0] / information[0]
                # a task without inputs along this axis has no part in the risk there
                tasks = [
                    (s / a / unit, f * a / information[0])
                    for s, a, f in zip(model.noise[1:], information[1:], x["weights"], strict=True)
                    if a
                ]
                M = [
                    [v if j == k else 0 * v for j in range(len(tasks))]
                    for k, (v, _) in enumerate(tasks)
                ]
                if tasks and model.Sigma[i, i]:
                    out.append(weights_point(M, [f for _, f in tasks], unit * model.Sigma[i, i], 0))
            return out

        yield best_of_three(
            "K <= 2, every direction of commuting inputs; K = 1: of all, by a congruence", reduce
        )
