"""Warm starts on an overparametrised inner problem remember the path of the hyperparameters."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values


class DerivedWarmStartHolonomy(Claim):
    """One sample with the unit feature x(alpha) and the target y in the plane; the inner problem
    x'w = y has a line of minima, and each outer step goes to the one nearest to the weights of the
    step before. alpha turns m times by delta. With t(alpha) at a right angle to x(alpha), s_j is
    the component of w along t after j steps.

    Conjectured: once alpha is back where it began, w is, so that a warm start is as good as a cold
    one. Repaired:

        s_m = s_0 cos^m delta - y sin delta sum_{j<m} cos^j delta,

    for m = 2 pi/delta steps around the circle as m -> infinity s_0 - 2 pi y: the same alpha, the
    same inner loss 0, other weights. Where the null space is fixed, as for a feature that is only
    scaled, s_m = s_0 on every path. A cold start depends on alpha alone.

    Proof (repaired). The nearest minimum is w + (y - x'w) x, with x'w = y afterwards: before the
    step w = y x + s t. As x_(j+1) = cos x + sin t and t_(j+1) = cos t - sin x, s_(j+1) =
    t_(j+1)'w = s cos - y sin. Scaling: the step is along x, and t'x = 0.
    """

    reference = "derived; on warm starts of singular inner problems"
    strength = "identity"
    draws = 60
    forms = {
        "conjectured": Form(
            r"x_m=x_0:\ s_m=s_0",
            "refuted",
            "exact",
            "where the null space moves the weights depend on the path",
        ),
        "repaired": Form(
            r"s_m=s_0\cos^m\delta-y\sin\delta\,\textstyle\sum_{j<m}\cos^j\delta;\quad "
            r"N\text{ fixed}:\ s_m=s_0",
            "holds",
            "proof + exact",
            "what a path leaves behind",
            proved=True,
        ),
    }
    domain = {
        "half": Parameter(r"\tan\tfrac\delta2", low=None, reach=2),
        "target": Parameter("y", low=None, reach=3),
        "aside": Parameter("s_0", low=None, reach=3),
        "rounds": Parameter("m", whole=True, reach=8),
        "scales": Parameter("c_j", low=Fraction(0), open=True, axis="j", reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As conjectured, alpha is back."""
        if form == "repaired":
            return {}
        feature, _ = _turns(x["half"], x["rounds"])
        return {"x_m = x_0": (feature[0] - 1) ** 2 + feature[1] ** 2}

    def prepare(self, x: Instance) -> Instance:
        """Every other path is a quarter of a turn, four times or eight."""
        if x["rounds"] % 2:
            return x
        return {**x, "half": Fraction(1), "rounds": 4 + 4 * (x["rounds"] % 4 == 0)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """By projections, one a step; by the formula."""
        y = x["target"]
        s0 = x["aside"]
        m = x["rounds"]
        w = np.array([y, s0])
        for step in range(1, m + 1):
            w = _nearest(w, _turns(x["half"], step)[0], y)
        turned = _turns(x["half"], m)[1] @ w
        if form == "conjectured":
            return turned, s0
        cos, sin = _angle(x["half"])
        # a fixed direction: features (c_j, 0)
        v = np.array([y, s0])
        for scale in x["scales"]:
            v = _nearest(v, np.array([scale, 0 * scale]), y)
        formula = s0 * cos**m - y * sin * sum((cos**j for j in range(m)), start=0 * cos)
        return np.array([turned, v[1]]), np.array([formula, s0])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Four quarters of a turn; as repaired also a path that stays open."""
        quarters = {"half": 1, "target": 1, "aside": "1/2", "rounds": 4, "scales": (2, 1)}
        yield quarters
        if form == "repaired":
            yield {**quarters, "half": "1/3", "rounds": 3}


def _angle(half: Quantity) -> tuple[Any, Any]:
    """(cos delta, sin delta) from tan(delta / 2)."""
    size = 1 + half * half
    return (1 - half * half) / size, 2 * half / size


def _turns(half: Quantity, count: int) -> tuple[Array, Array]:
    """(x, t) after so many turns by delta, from the axes."""
    cos, sin = _angle(half)
    x = np.array([cos**0, 0 * cos])
    for _ in range(count):
        x = np.array([cos * x[0] - sin * x[1], sin * x[0] + cos * x[1]])
    return x, np.array([-x[1], x[0]])


def _nearest(w: Array, feature: Array, target: Quantity) -> Array:
    """The minimum of (feature'w - target)^2 nearest to w."""
    step: Array = feature * (target - feature @ w) / (feature @ feature)
    return w + step
