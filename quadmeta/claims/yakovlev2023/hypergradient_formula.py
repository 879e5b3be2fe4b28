"""The hypergradient of an unrolled optimiser is the printed sum of products of Jacobians."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.arithmetic.jet import Jet
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values

VECTOR = Parameter("x_i", low=Fraction(-2), axis="d", reach=4)
NUMBER = Parameter("x", low=Fraction(-2), reach=4)


class Yakovlev2023HypergradientFormula(Claim):
    """d/dalpha L_2(w_T(alpha), alpha) = dL_2/dalpha + sum_{t=1}^T B_t A_{t+1} ... A_T dL_2/dw at
    w_T, where w_t = Phi(w_{t-1}, alpha), A_t = (dPhi/dw)' and B_t = (dPhi/dalpha)' both at
    w_{t-1}; A_T acts first.

    The slide writes w_{t+1} = Phi(w_t), t = 1..T, one step later than its A_t, B_t and its
    theorem, which start at w_0. It holds for every differentiable Phi, where w_0 does not depend
    on alpha: after a warm start the sum is the derivative at fixed w_0 only, and misses
    (dw_0/dalpha)' A_1 ... A_T dL_2/dw.

    Instances: Phi(w) = w - (D w + alpha_1 K w + k w o w - alpha_2 c), whose Jacobians depend on w,
    do not commute and are not symmetric; L_2 = |w - v|^2 / 2 + alpha_1 (c'w)^2 / 2 + alpha_2
    alpha_1^2. The left side by forward differentiation in alpha.

    Proof. Chain rule: dw_t/dalpha' = A_t' dw_{t-1}/dalpha' + B_t', so dw_T/dalpha' = sum_t A_T'
    ... A_{t+1}' B_t' if dw_0/dalpha = 0; transpose and apply to dL_2/dw.
    """

    reference = "Yakovlev et al. 2023, hypergradient"
    source = SOURCE
    standing = "formula"
    strength = "identity"
    draws = 40
    forms = {
        "printed": Form(
            r"\nabla_\alpha\mathcal L_2(w_T(\alpha),\alpha)=\partial_\alpha\mathcal "
            r"L_2+\sum_{t=1}^T"
            r"B_tA_{t+1}\cdots A_T\,\partial_w\mathcal L_2",
            "holds",
            "proof + exact",
            "with w_t = Phi(w_{t-1}) and w_0 independent of alpha",
            proved=True,
        )
    }
    domain = {
        "diagonal": VECTOR,
        "left": VECTOR,
        "right": VECTOR,
        "force": VECTOR,
        "start": VECTOR,
        "drift": VECTOR,
        "target": VECTOR,
        "bend": NUMBER,
        "first": NUMBER,
        "second": NUMBER,
        "steps": Parameter("T", low=Fraction(1), whole=True, reach=4),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A start that the hyperparameters do not move."""
        return {"dw_0/dalpha = 0": x["drift"] @ x["drift"]}

    def prepare(self, x: Instance) -> Instance:
        """A fixed start."""
        return {**x, "drift": tuple(0 * d for d in x["drift"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Forward differentiation and the sum, each (2,)."""
        D = np.diag(x["diagonal"]) + np.outer(x["left"], x["right"])
        K = np.outer(x["right"], x["left"])
        c = x["force"]
        k = x["bend"]
        v = x["target"]
        one, two = Jet.parameters((x["first"], x["second"]), order=1)
        w = one * x["drift"] + (x["start"] - x["first"] * x["drift"])
        states = [w.value]
        for _ in range(x["steps"]):
            w = w - w.map(lambda u: D @ u) - one * w.map(lambda u: K @ u) - w * w * k + two * c
            states.append(w.value)
        along = w.map(lambda u: c @ u)
        loss = (w - v) * (w - v) / 2
        forward = loss.map(lambda u: u.sum()) + one * along * along / 2 + two * one * one
        # the sum, from the last step back
        a = x["first"]
        b = x["second"]
        end = states[-1]
        p = end - v + a * (c @ end) * c
        total = np.array([(c @ end) ** 2 / 2 + 2 * a * b, a**2], dtype=object)
        for w_t in reversed(states[:-1]):
            total = total + np.array([-(K @ w_t) @ p, c @ p], dtype=object)
            p = p - (D + a * K).T @ p - 2 * k * w_t * p
        return np.array(forward.first, dtype=object), total

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two dimensions, nothing symmetric."""
        yield {
            "diagonal": ("1/2", 1),
            "left": (1, 0),
            "right": (0, 1),
            "force": (1, 2),
            "start": (1, -1),
            "drift": (0, 0),
            "target": (2, 0),
            "bend": "1/3",
            "first": "1/2",
            "second": 1,
            "steps": 3,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A start that moves."""
        yield {**next(iter(self.cases("printed"))), "drift": (1, 0)}
