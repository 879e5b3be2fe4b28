"""Quadratic inner problems that move with one hyperparameter alpha, at alpha = 0, and linear
methods on them.

The inner loss is w'(H + alpha H_k)w/2 - (b + alpha b_k)'w with H = R diag(lambda) R, R the
reflection along "turn", and H_k = diag(s) + p p', which need not commute with H.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import ANY, Dual, reflection, turned
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    Parameter,
    Quantity,
    Values,
)

MOMENTUM = Parameter(r"\beta", high=Fraction(1), reach=1)
MOVING: Mapping[str, Parameter] = {
    "eigenvalues": EIGENVALUES,
    "turn": ANY,
    "linear": replace(ANY, symbol="b"),
    "s": Parameter("s_i", axis="d", reach=3),
    "p": replace(ANY, symbol="p"),
    "moved": replace(ANY, symbol="b_k"),
    "start": replace(ANY, symbol="w_0"),
    "outer": replace(ANY, symbol="g"),
    "eta": STEP_SIZE,
    "steps": replace(STEPS, reach=4),
}
"""The problem, w_0, the outer gradient g = grad L_2(w_T), which may be any vector, and gradient
descent on it.
"""
PLANE: Mapping[str, Any] = {
    "eigenvalues": (1, 2),
    "turn": (1, 2),
    "linear": (1, 0),
    "s": (0, 1),
    "p": (1, 1),
    "moved": (0, 1),
    "start": (1, 2),
    "outer": (1, -1),
}
"""Two modes that turn into each other."""


class Moving(NamedTuple):
    """An instance of ``MOVING``."""

    lam: Array
    R: Any
    H: Any
    b: Array
    Hk: Any
    bk: Array
    w0: Array

    @classmethod
    def of(cls, x: Values) -> "Moving":
        """From the parameters."""
        lam = x["eigenvalues"]
        Hk = np.diag(x["s"]) + np.outer(x["p"], x["p"])
        H = turned(lam, x["turn"])
        return cls(lam, reflection(x["turn"]), H, x["linear"], Hk, x["moved"], x["start"])

    def at(self, alpha: Any) -> tuple[Any, Any]:
        """(H, b) at alpha, which may be a dual number."""
        return self.H + self.Hk * alpha, self.b + self.bk * alpha

    def tangent(self, trained: Callable[[Array, Array], Array]) -> Array:
        """d w_T / d alpha by dual numbers, for ``trained(H, b)`` of + - * / alone."""
        w = trained(*self.at(Dual(Fraction(0), Fraction(1))))
        return np.array([entry.slope for entry in w], dtype=object)

    def residual(self, w: Array) -> Any:
        """H_k w - b_k."""
        return self.Hk @ w - self.bk


def heavy_ball(H: Array, b: Array, w: Array, eta: Quantity, beta: Quantity, steps: int) -> Array:
    """w_T by the loop, from rest at w."""
    *_, last = HeavyBall(steps).run(lambda v: H @ v - b, w, (eta, beta))
    return np.asarray(last)
