"""The published accuracies are five measurements: no instance decides them."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.estimators import Discounted, DrMad, Neumann, OneStep
from quadmeta.objectives import OuterLoss
from quadmeta.optimizers import GradientDescent
from quadmeta.problems import DataCleaning
from quadmeta.training.bilevel import bilevel_descent
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEPS, Instance, Parameter, Values


class Yakovlev2023ValidationAccuracy(Claim):
    """Published: 72.5 (one step), 69.8 (DrMAD), 70.3 (IFT(9, 5)), 70.7 (IFT(4, 10)), 73.5*
    (gamma = 0.99).

    Undecided. The slide does not say what the star means, how many runs there were, their spread,
    nor which assumptions the network would meet; the held-out set that gives the number may be the
    one that the outer gradient uses. The same for "its working capacity is shown". What instances
    can decide is elsewhere: at w_0 = w_* the discounted sum is a multiple of the one-step
    hypergradient, so that a rule without scale takes the same outer step
    (derived_discount_collinearity); for the error of the hypergradient,
    yakovlev2023_surpasses_existing.

    The sides are what a comparison needs, on a toy: two classes on a line, one label wrong, a
    weight for each sample.
    """

    reference = "Yakovlev et al. 2023, table, Valid. Acc."
    source = SOURCE
    standing = "measurement"
    strength = "ordering"
    exact = False
    draws = 0
    forms = {
        "printed": Form(
            r"\mathrm{acc}(\text{one step, DrMAD, IFT})<\mathrm{acc}(\gamma=0.99)=73.5^*",
            "undecided",
            "none",
            "one data set, no spread, no stated test behind the star",
            testable=False,
        )
    }
    domain = {
        "points": Parameter("x_i", low=Fraction(-2), axis="n", reach=4),
        "steps": STEPS,
        "rounds": Parameter("k", low=Fraction(1), whole=True, reach=5),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two points of opposite sign, so that there are two classes."""
        return {"two classes > 0": min(max(x["points"]), -min(x["points"]))}

    def prepare(self, x: Instance) -> Instance:
        """As drawn."""
        return x

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Held-out accuracies after some outer steps with Adam: three compared methods, and the
        discounted sum.
        """
        X = np.column_stack([x["points"].astype(float), np.ones(len(x["points"]))])
        Y = np.column_stack([X[:, 0] > 0, X[:, 0] <= 0]).astype(float)
        wrong = Y.copy()
        wrong[0] = 1 - wrong[0]
        problem = DataCleaning((X, wrong), (X, Y), test=(X, Y))
        loss = OuterLoss(problem, GradientDescent(x["steps"], 1 / problem.smoothness))
        found = []
        for method in (OneStep(), DrMad(), Neumann(x["steps"] - 1), Discounted(0.99)):
            *_, last = islice(bilevel_descent(loss, np.zeros(len(X)), method), x["rounds"])
            found.append(problem.accuracy(last.start))
        return np.array(found[:-1]), np.array(found[-1:] * 3)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Three points."""
        yield {"points": (-1, 1, 2), "steps": 5, "rounds": 5}
