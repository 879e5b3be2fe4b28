"""Conjugate gradients against a Neumann series: never worse in the norm of H, for every scale
nu.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import SPECTRUM, conjugate_gradients, neumann, solve, turned
from quadmeta.claims.reductions.squares import definite
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedCgDominatesNeumann(Claim):
    """J + 1 steps of conjugate gradients on H x = v against x_J = nu sum_{j<=J} (I - nu H)^j v,
    for every nu.

    Conjectured: |u_k'(x_CG - H^-1 v)| <= |u_k'(x_J - H^-1 v)|, the error of the hypergradient.
    False, also for nu L <= 1. Repaired: ||x_CG - H^-1 v||_H <= ||x_J - H^-1 v||_H, both squared;
    equality at J = 0 and nu = v'v/v'Hv. They use the same Krylov space, but one product with H
    more: J + 1 against J.

    Proof (repaired). x_J is in span(v, Hv, ..., H^J v), over which conjugate gradients minimise
    the error in this norm.
    """

    reference = "derived; on a truncated Neumann series"
    strength = "ordering"
    draws = 60
    forms = {
        "conjectured": Form(
            r"|\hat g_k^{CG}-g_k|\le|\hat g_k^{N}-g_k|",
            "refuted",
            "exact",
            "true of the norm, not of one product with it",
        ),
        "repaired": Form(
            r"\|H^{-1}v-\mathrm{CG}_{J+1}(v)\|_H\le\|H^{-1}v-x_J\|_H\quad\forall\nu",
            "holds",
            "proof + exact",
            "in the norm of H",
            proved=True,
            attained=True,
        ),
    }
    domain = SPECTRUM

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Any scale; as conjectured one with which each term of the series helps."""
        if form == "conjectured":
            return {"nu > 0": x["nu"], "nu L <= 1": 1 - x["nu"] * max(x["eigenvalues"])}
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Squared errors of both."""
        H = turned(x["eigenvalues"], x["turn"])
        v = x["outer"]
        u = x["task"]
        J = x["products"]
        exact = solve(H, v)
        errors = [
            y - exact for y in (conjugate_gradients(H, v, J + 1)[0], neumann(H, v, x["nu"], J))
        ]
        first, second = ((u @ e) ** 2 if form == "conjectured" else e @ H @ e for e in errors)
        return first, second

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A component of which the series is right; the best scale of one term; a series that
        diverges.
        """
        base = {
            "eigenvalues": (1, 3),
            "turn": (0, 0),
            "outer": (1, 1),
            "task": (0, 1),
            "nu": "1/3",
            "products": 0,
        }
        yield base
        if form == "repaired":
            yield {**base, "nu": "1/2"}
            yield {**base, "nu": 2, "products": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """J = 0 and 1 at any d, any J at d = 2: ||x_J - x_CG||_H^2 in the Krylov space of v and H
        v.

        It is what the series has more, as x_CG is the projection of H^-1 v onto that space.
        """

        def gap(instance: Instance) -> tuple[Array, Array]:
            x = arrays(instance)
            H = turned(x["eigenvalues"], x["turn"])
            v = x["outer"]
            J = x["products"]
            second = H @ v * (v @ v) - v * (v @ (H @ v))
            if (J > 1 and len(v) > 2) or not any(second):
                # no such space: a form that ``definite`` leaves out
                return np.diag([1, 0]), np.array([0, 0])
            # half as long as v to as long, in the norm of H
            while second @ H @ second > v @ H @ v:
                second = second / 2
            while 4 * (second @ H @ second) < v @ H @ v:
                second = second * 2
            basis = np.array([v, second]).T
            gram = basis.T @ H @ basis
            distance = neumann(H, v, x["nu"], J) - conjugate_gradients(H, v, J + 1)[0]
            return gram, solve(gram, basis.T @ H @ distance)

        if form == "repaired":
            yield from definite(
                "x_J against x_CG, in the basis v and the part of H v across v", gap, 0
            )
