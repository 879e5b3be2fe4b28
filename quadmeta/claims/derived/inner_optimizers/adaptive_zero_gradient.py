"""The update of Adam is differentiable where all gradients were 0, though its root is not."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEPS, Parameter, Values

BETA = Parameter(r"\beta_1", high=Fraction(1), reach=1)


class DerivedAdaptiveZeroGradient(Claim):
    """u = mhat/(sqrt(vhat) + epsilon), the update of one coordinate by Adam with corrected moments,
    after T gradients h c, as a function of h at h = 0; epsilon > 0 outside the root.

    sqrt(vhat) = |h c| has no derivative at 0, and automatic differentiation returns nan. The update
    has one, mhat' over epsilon: it meets the root times a factor that is 0 there. Beside h = 0

        u = h c/epsilon - h c |h c|/(epsilon (|h c| + epsilon)),

    which is right to second order. RMSprop and Adagrad: mhat is the gradient.

    Proof. mhat and vhat are means of the gradients and of their squares with weights
    (1 - beta) beta^(T-t)/(1 - beta^T), which sum to 1: mhat = h c, vhat = (h c)^2. With q = |h c|,
    1/(q + epsilon) = 1/epsilon - q/(epsilon (q + epsilon)). For gradients h c_t that differ the
    same holds with |mhat| <= C sqrt(vhat), by Cauchy-Schwarz.
    """

    reference = "derived; on automatic differentiation of Adam"
    strength = "identity"
    draws = 80
    forms = {
        "stated": Form(
            r"u(h)=\tfrac{hc}\epsilon-\tfrac{hc|hc|}{\epsilon(|hc|+\epsilon)},\quad "
            r"u'(0)=\tfrac c\epsilon",
            "holds",
            "proof + exact",
            "so a derivative exists where a root has none",
            proved=True,
        ),
    }
    domain = {
        "h": Parameter("h", low=None, reach=1),
        "c": Parameter("c", low=None, reach=3),
        "epsilon": Parameter(r"\epsilon", open=True, reach=1),
        "beta1": BETA,
        "beta2": Parameter(r"\beta_2", high=Fraction(1), reach=1),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Averages that forget."""
        return {"beta_1 < 1": 1 - x["beta1"], "beta_2 < 1": 1 - x["beta2"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The moments by their loops; vhat, and u with |h c| for its root."""
        g = x["h"] * x["c"]
        u, second = _update(g, x)
        eps = x["epsilon"]
        q = abs(g)
        return np.array([second, u]), np.array([q * q, g / eps - g * q / (eps * (q + eps))])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A gradient as large as epsilon, of either sign; 0."""
        base = {"c": 1, "epsilon": "1/100", "beta1": "9/10", "beta2": "99/100", "steps": 3}
        yield {**base, "h": "1/100"}
        yield {**base, "h": "-1/100"}
        yield {**base, "h": 0}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Without forgetting the correction divides by 0."""
        return ()


def _update(g: Any, x: Values) -> tuple[Any, Any]:
    """(u, vhat) after T equal gradients, from moments of 0."""
    m = v = 0 * g
    for _ in range(x["steps"]):
        m = x["beta1"] * m + (1 - x["beta1"]) * g
        v = x["beta2"] * v + (1 - x["beta2"]) * g * g
    first = m / (1 - x["beta1"] ** x["steps"])
    second = v / (1 - x["beta2"] ** x["steps"])
    return first / (abs(g) + x["epsilon"]), second
