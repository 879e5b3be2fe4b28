"""Tasks with the inputs of the main one: the outer loss has no local minimum in the weights but
the global ones.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.collapse import (
    REGRESSION,
    SIGNED,
    TASKS,
    SharedInputs,
    Tasks,
    jacobian,
    plane,
)
from quadmeta.claims.reductions.squares import convex_segment, definite
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedSimplexQuasiconvex(SharedInputs):
    """F(phi) = L_A(w_*(phi)), a quadratic L_A, tasks with A_k = A_0 and no ridge: F is quasiconvex
    in phi >= 0.

    In pi = (1, phi)/(1 + sum phi) it is a convex quadratic on the simplex, so that a stationary
    point is a global minimum; pi_0 = 0 is phi = infinity. Sides: F at t phi + (1 - t) phi' and the
    larger of F(phi), F(phi'); and the tangent of F in pi at phi, towards phi', and F(phi'). With
    inputs of their own minima can be apart.

    Proof. w_* = sum_k pi_k b_k, and L_A is convex. The map phi -> pi takes segments to segments,
    in order, so that F is on each at most its value at one end. At phi the direction pi' - pi is
    (phi' - phi)(1 + sum phi)/(1 + sum phi').
    """

    reference = "derived"
    strength = "upper"
    draws = 150
    forms = {
        "stated": Form(
            r"A_k=A_0,\ \rho=0:\quad F(t\phi+(1-t)\phi')\le\max\{F(\phi),F(\phi')\},\quad F\text{"
            r" convex in }\pi=\tfrac{(1,\phi)}{1+\sum\phi_k}",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        **TASKS,
        "rho": REGRESSION["rho"],
        "other": Parameter(r"\phi'_k", axis="K", reach=4),
        "t": Parameter("t", high=Fraction(1), reach=1),
        "spread": Parameter(r"\lambda_2(A_A)", reach=3),
        "tilt": SIGNED,
        "aim1": SIGNED,
        "aim2": SIGNED,
    }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F between and the tangent of F in pi; the larger end and F at the other end."""
        tasks = Tasks.of(x, x["rho"])
        phi = x["weights"]
        other = x["other"]
        t = x["t"]
        A = plane(Fraction(1), x["spread"], x["tilt"])
        b = np.array([x["aim1"], x["aim2"]])

        def F(weights: Array) -> Any:
            e = tasks.solution(weights) - b
            return e @ A @ e / 2

        first = F(phi)
        last = F(other)
        slope = jacobian(F, phi) @ (other - phi) * (1 + sum(phi)) / (1 + sum(other))
        return np.array([F(t * phi + (1 - t) * other), first + slope]), np.array(
            [max(first, last), last]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two tasks; a segment on which F is constant."""
        base = {
            "p": 1,
            "q": 2,
            "low": (1, 1),
            "high": (2, 2),
            "turn": (1, 1),
            "rho": 0,
            "t": "1/3",
            "tilt": 0,
        }
        yield {
            **base,
            "x": (1, 0),
            "y": (0, 2),
            "weights": (1, 0),
            "other": (0, 2),
            "spread": 2,
            "aim1": 1,
            "aim2": 1,
        }
        yield {
            **base,
            "x": (1, 1),
            "y": (0, 2),
            "weights": (1, 0),
            "other": (0, 1),
            "spread": 0,
            "aim1": 1,
            "aim2": 1,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One coordinate met by a small weight, the other by a large one; a ridge that does the
        same.
        """
        base = {
            "p": 1,
            "q": 1,
            "x": (1,),
            "y": (1,),
            "turn": (0,),
            "spread": 1,
            "tilt": 0,
            "aim2": "1/2",
            "aim1": 1,
            "weights": ("1/100",),
            "other": (100,),
            "t": "99/100",
            "rho": 0,
        }
        yield {**base, "high": ("1/10",), "low": (10,)}
        yield {
            **base,
            "p": 100,
            "q": "1/10",
            "low": (100,),
            "high": ("1/10",),
            "turn": (1,),
            "rho": 100,
            "aim1": "1/2",
            "aim2": 1,
            "weights": (1,),
            "other": (100000,),
            "t": "99971/100000",
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """F on a segment from its values at the ends and their inner product; the remainder of the
        tangent.
        """

        def errors(x: Instance) -> tuple[Array, Array, Array]:
            tasks = Tasks.of(x, x["rho"])
            b = np.array([x["aim1"], x["aim2"]])
            A = plane(Fraction(1), x["spread"], x["tilt"])
            return A, tasks.solution(x["weights"]) - b, tasks.solution(x["other"]) - b

        def ends(x: Instance) -> tuple[Any, Any, Any, Any]:
            A, e, f = errors(x)
            first = x["t"] * (1 + sum(x["weights"]))
            last = (1 - x["t"]) * (1 + sum(x["other"]))
            return first / (first + last), e @ A @ e / 2, f @ A @ f / 2, e @ A @ f / 2

        def remainder(x: Instance) -> tuple[Array, Array]:
            A, e, f = errors(x)
            return A, f - e

        yield convex_segment(ends)
        yield from definite("F less its tangent", remainder, 1)
