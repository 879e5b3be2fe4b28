"""Weights tuned on the training set of the main task shrink until the auxiliary gradients cancel
at its solution.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.collapse import TASKS, Tasks, inverse, jacobian
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedTrainingSetCollapse(Claim):
    """L_A = ell_0, the main training loss; F(phi) = ell_0(w_*(phi)), s = sum_k phi_k grad
    ell_k(w_*).

    phi' grad F = s' H^-1 s >= 0, so |phi| falls along the flow, and in a projected step of
    beta < 2 phi'g/|g|^2, until s = 0. F - min ell_0 = n' H^-1 A_0 H^-1 n/2 with
    n = sum_k phi_k grad ell_k(b_0): the minimisers are exactly the phi >= 0 with n = 0. This is
    phi = 0 alone unless a non-negative combination of the gradients at b_0 vanishes: a task that
    b_0 solves, or two opposite ones, keep some weight. Compared are both pairs, and whether s and n
    vanish together. With a ridge the slope is (s + rho w_*)' H^-1 s, of either sign.

    Proof. s = -grad ell_0(w_*), and grad_k F = -grad ell_0' H^-1 u_k = s' H^-1 u_k; sum with phi.
    At b_0 the gradient of L_T is n, so w_* - b_0 = -H^-1 n and s = A_0 H^-1 n; H and A_0 are
    invertible.
    """

    reference = "derived; after the trivial solution of a note on Navon et al. 2021"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"L_A=\ell_0:\ \phi^\top\nabla F=s^\top H^{-1}s\ge0,\ "
            r"s=\textstyle\sum_k\phi_k\nabla\ell_k"
            r"(w_*);\quad F=\min\ell_0\iff\sum_k\phi_k\nabla\ell_k(b_0)=0",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {**TASKS, "rho": Parameter(r"\rho", reach=2)}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """No ridge."""
        return {"rho = 0": x["rho"]}

    def prepare(self, x: Instance) -> Instance:
        """No ridge; every third instance an opposite pair of tasks at b_0."""
        if len(x["x"]) == 3:
            pair = {key: (x[key][0],) * 2 for key in ("low", "high", "turn", "weights")}
            x = {**x, **pair, "x": (x["x"][0], -x["x"][0]), "y": (x["y"][0], -x["y"][0])}
        return {**x, "rho": 0 * x["rho"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Slope along phi by dual numbers, excess of F, whether s = 0; s'H^-1 s, its form in n,
        whether n = 0.
        """
        tasks = Tasks.of(x, x["rho"])
        phi = x["weights"]
        main = tasks.b[0]
        slope = phi @ jacobian(lambda f: tasks.loss(0, tasks.solution(f)), phi)
        w = tasks.solution(phi)
        backward = inverse(tasks.hessian(phi))
        s = tasks.slopes(w) @ phi
        n = tasks.slopes(main) @ phi
        return (
            np.array([slope, tasks.loss(0, w), int(not any(s))], dtype=object),
            np.array(
                [s @ backward @ s, n @ backward @ tasks.A[0] @ backward @ n / 2, int(not any(n))],
                dtype=object,
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two tasks that do not commute; an opposite pair, which stays."""
        pair = {
            "p": 1,
            "q": 2,
            "low": (0, 1),
            "high": (1, 2),
            "turn": ("1/2", 0),
            "x": (1, 1),
            "y": (0, 2),
            "rho": 0,
        }
        yield {**pair, "weights": (1, 2)}
        yield {
            **pair,
            "low": (1, 1),
            "high": (2, 2),
            "turn": (1, 1),
            "x": (1, -1),
            "y": (2, -2),
            "weights": (3, 3),
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A ridge."""
        yield {**next(iter(self.cases("stated"))), "rho": 1}
