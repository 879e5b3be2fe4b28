"""ES-Single has a lower variance than PES for some losses, and a larger one for others."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.evolution import (
    EVOLUTION,
    Polynomial,
    episode,
    estimate,
    expected,
    final,
    times,
)
from quadmeta.claims.vicol2023 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Vicol2023LowerThanPes(Claim):
    """ "Compared to PES, ES-Single ... has lower variance" (abstract): the variances of one
    antithetic pair, for the step size of gradient descent on a quadratic.

    Read as an inequality for every loss it is false, already for the final loss of two windows of
    one step: one perturbation of the whole run has heavier tails than one a window. The text of the
    paper grants that PES can be better for short episodes, and means losses that telescope; for a
    decaying loss of that kind the inequality holds by large factors. Sides: the two variances, of
    the final loss, by expansion.
    """

    reference = "Vicol, Kolter, Swersky 2023, abstract"
    source = SOURCE
    standing = "sentence"
    strength = "ordering"
    draws = 20
    forms = {
        "reading": Form(
            r"\mathrm{Var}\,\hat g_{\rm single}\le\mathrm{Var}\,\hat g_{\rm PES}",
            "refuted",
            "exact",
            "one perturbation of all windows has the heavier tails",
            fault="wording",
        ),
    }
    domain = EVOLUTION

    def prepare(self, x: Instance) -> Instance:
        """Two windows of a step."""
        return {**x, "window": 1, "windows": 2}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """More windows than one, which makes them the same."""
        return {"N >= 2": x["windows"] - 2}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Of ES-Single, of PES."""
        losses = final(episode(x))
        found = [
            _variance(estimate(losses, persistent)) / x["sigma"] ** 2
            for persistent in (False, True)
        ]
        return np.array(found[:1]), np.array(found[1:])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """25274/625 against 1576/125."""
        yield {
            "eigenvalues": (1, 3),
            "weights": (1, 1),
            "eta": "1/2",
            "sigma": "1/10",
            "window": 1,
            "windows": 2,
        }


def _variance(p: Polynomial) -> Any:
    mean = expected(p)
    return expected(times(p, p)) - mean * mean
