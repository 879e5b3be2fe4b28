"""Tasks with the inputs of the main one: the risk is a quadratic form on the simplex, and its best
weights.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.collapse import REGRESSION, Regression, apart, together
from quadmeta.claims.reductions.squares import best_of_three, weights_point
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class DerivedSharedInputWeights(Claim):
    """Shared inputs, no ridge; V_k = sigma_k^2/n_k
    tr(Sigma A_0^-1), M = diag(V_k) + [delta_j' Sigma delta_k].

    The risk is (V_0 + phi'M phi)/(1 + sum phi)^2, at least R* = 1/(1/V_0 + 1'M^-1 1), and R* at
    phi* = V_0 M^-1 1 if phi* >= 0. Sides: R*, the risk at phi* (its entries below 0 set to 0), the
    risk and the form; the risk, R*, the form and the risk. The risk is that of the general
    solution, of which nothing is known to be shared.

    Proof. w_* = sum_k pi_k b_k with pi = (1, phi)/(1 + sum phi): the risk is pi' diag(V_0, M) pi,
    smallest on sum pi = 1 where diag(V_0, M) pi is constant.
    """

    reference = "derived"
    strength = "tight"
    draws = 150
    forms = {
        "stated": Form(
            r"\mathcal R(\phi)=\tfrac{V_0+\phi^\top M\phi}{(1+\sum\phi_k)^2}\ge\mathcal R^*=\big("
            r"\tfrac1{V_0}+\mathbf1^\top "
            r"M^{-1}\mathbf1\big)^{-1},\quad\phi^*=V_0M^{-1}\mathbf1\ge0",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = REGRESSION

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Shared inputs, no ridge, best weights that are allowed."""
        model = Regression.of(x)
        return {"A_k = A_0": apart(x), "rho = 0": x["rho"], "phi* >= 0": min(best(model))}

    def prepare(self, x: Instance) -> Instance:
        """Shared inputs."""
        return together(x)

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(R*, R(phi*), R, form) and (R, R*, form, R)."""
        model = Regression.of(x)
        phi = x["weights"]
        start = model.variances()[0]
        weights = best(model)
        least = 1 / (1 / start + sum(weights) / start)
        risk = model.risk(phi)
        quadratic = (start + phi @ model.moments() @ phi) / (1 + sum(phi)) ** 2
        return (
            np.array([least, model.risk(np.maximum(weights, 0 * weights)), risk, quadratic]),
            np.array([risk, least, quadratic, risk]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The best weights of two tasks, one noisy and one biased; of an opposite pair; a weight
        at its border 0.
        """
        base = {
            "p": 1,
            "q": 2,
            "low": (1, 1),
            "high": (2, 2),
            "turn": (1, 1),
            "noise0": 1,
            "n0": 2,
            "n": (2, 2),
            "spread": 1,
            "tilt": 0,
            "rho": 0,
        }
        yield {**base, "x": (0, 1), "y": (0, 0), "noise": (4, 1), "weights": ("1/4", "5/13")}
        yield {**base, "x": (1, -1), "y": (2, -2), "noise": (1, 1), "weights": (1, 1)}
        yield {**base, "x": (1, "13/8"), "y": (0, 0), "noise": (1, 1), "weights": (1, 2)}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A task that the other corrects by a negative weight; own inputs; a ridge."""
        base = next(iter(self.cases("stated")))
        yield {**base, "x": (1, 3), "noise": (1, 1)}
        yield {**base, "high": (1, 2)}
        yield {**base, "rho": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """R* against the risk of one or two tasks, in units of V_0: biases and noise enter by M
        alone.
        """

        def reduce(x: Instance) -> list[Reduced]:
            model = Regression.of(x)
            start = model.variances()[0]
            if len(x["low"]) <= 2:
                return [weights_point(model.moments() / start, x["weights"], start, 0)]
            return []

        yield best_of_three("K <= 2, all d, every M with phi* >= 0", reduce)


def best(model: Regression) -> Any:
    """phi* = V_0 M^-1 1."""
    M = model.moments()
    return model.variances()[0] * solve(M, 0 * M[0] + 1)
