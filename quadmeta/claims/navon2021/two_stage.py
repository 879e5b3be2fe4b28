"""Whether two-stage training leaves the trivial solution: not always, and exactly when a
hypergradient is negative.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import (
    APART,
    ONE_DIMENSION,
    Family,
    Task,
    family,
    slope,
    solve,
)
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class Navon2021TwoStage(Claim):
    """W <- argmin L_T(W; phi), phi <- argmin L_A(W(phi)) in turn: does that avoid phi = 0?

    W(phi) is the response function, so that the second stage is the whole problem min F and
    repeating it changes nothing; with the vector W in its place L_A does not depend on phi at all.
    Printed: always (if the weights matter at 0, g(0) != 0). False: phi = 0 is the optimum where no
    g_k(0) is negative. Repaired: F falls below F(0) at a finite weight if some g_k(0) = -v'H(0)^-1
    u_k is negative; for K = 1, any inputs,

        F(phi) - F(0) = phi g(0) + phi^2 (v'H(phi)^-1 A_1 H(0)^-1 u + z'A_A z/2),   z = H(phi)^-1
            u, v and u at w_*(0).

    With shared inputs (here A_k = H(0), own b_k) iff: with pi_k = phi_k/(1 + sum phi) and b = sum
    pi_k (b_k - w_*(0)),

        F(phi) - F(0) = sum pi_k g_k(0) + b'A_A b/2 >= sum pi_k g_k(0).

    Found in the sides: the better of
    phi_k = max(0, -g_k/q_k), q_k = (b_k - w_*(0))'A_A (b_k - w_*(0)), one task each.

    Proof (repaired). w_*(phi) - w_*(0) = -phi H(phi)^-1 u;
    H(phi)^-1 = H(0)^-1 - phi H(phi)^-1 A_1 H(0)^-1; expand L_A. The bracket is bounded, so a small
    phi does. Shared: w_*(phi) = w_*(0) + b and g_k(0) = v'(b_k - w_*(0)). At c = -g_k/q_k > 0 the
    change is -c^2 q_k (1 + 2c)/(2 (1 + c)^2) < 0; q_k = 0 implies g_k = 0.
    """

    reference = "Note on Navon et al. 2021, two-stage training"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 15
    forms = {
        "reading": Form(
            r"\phi^*=\arg\min_\phi L_A(W^*(\phi))\ne0",
            "refuted",
            "exact",
            "phi = 0 is the optimum where every task pulls away from the auxiliary minimum",
            fault="condition missing",
        ),
        "repaired": Form(
            r"\min_kg_k(0)<0\implies\min F<F(0);\quad\text{shared inputs: }\iff,\ "
            r"F(\phi)-F(0)=\sum_k\pi_k"
            r"g_k(0)+\tfrac12\|\textstyle\sum_k\pi_k(b_k-b_0)\|_{A_A}^2",
            "holds",
            "proof + exact",
            "some hypergradient at 0 must be negative",
            proved=True,
        ),
    }
    domain = family(2)

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A strongly convex main task; as printed, with shared inputs, weights that matter at 0."""
        f = Family.of(x)
        room = f.convexity((0, 0))
        if form == "repaired" or room <= 0:
            return {"H(0) > 0": room}
        return {"H(0) > 0": room, "g(0) != 0": sum(g**2 for g in _slopes(_shared(f)))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Whether a weight beats phi = 0, and should; as repaired also F(phi) - F(0) and its
        formulas.
        """
        own = Family.of(x)
        zero = (0 * x["rho"],) * 2
        f = _shared(own)
        w = own.minimiser(zero)
        g = _slopes(f)
        base = f.outer.loss(w)
        lean = [task.b - w for task in f.tasks[1:]]
        step = [
            -gk / (b @ f.outer.A @ b) if gk < 0 else 0 * gk for gk, b in zip(g, lean, strict=True)
        ]
        found = min(f.value((step[0], zero[1])), f.value((zero[0], step[1]))) < base
        if form == "reading":
            return int(found), 1
        total = 1 + sum(f.phi)
        move = sum(b * (p / total) for b, p in zip(lean, f.phi, strict=True))
        shared = (
            sum(p / total * gk for p, gk in zip(f.phi, g, strict=True))
            + move @ f.outer.A @ move / 2
        )
        p = (own.phi[0], zero[1])
        task = own.tasks[1]
        v = own.outer.gradient(w)
        u = task.gradient(w)
        H = own.hessian(p)
        z = solve(H, u)
        first = solve(own.hessian(zero), u)
        single = -p[0] * (v @ first) + p[0] ** 2 * (
            v @ solve(H, task.A @ first) + z @ own.outer.A @ z / 2
        )
        return (
            np.array([int(found), f.value(f.phi) - base, own.value(p) - base], dtype=object),
            np.array([int(min(g) < 0), shared, single], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension: tasks on the far side and (repaired) one on the near side; two that do
        not commute.
        """
        one = {
            **ONE_DIMENSION,
            "s2": (1,),
            "p2": (0,),
            "b2": (2,),
            "bA": (-1,),
            "phi1": 1,
            "phi2": 0,
        }
        yield one
        if form == "repaired":
            yield {**one, "b1": (-1,), "phi2": 1}
            yield {**one, "bA": (0,)}
            yield {
                **APART,
                "s2": (0, 0),
                "p2": (1, -1),
                "b2": (2, 0),
                "phi1": 2,
                "phi2": 1,
            }


def _shared(f: Family) -> Family:
    """The family whose tasks all have the inputs H(0); the main task absorbs the ridge."""
    zero = (0 * f.rho,) * len(f.phi)
    H = f.hessian(zero)
    w = f.minimiser(zero)
    return f._replace(
        tasks=tuple(Task(H, H @ b, b) for b in (w, *(task.b for task in f.tasks[1:]))),
        rho=0 * f.rho,
    )


def _slopes(f: Family) -> list[Any]:
    """g(0), by dual numbers."""
    zero = (0 * f.rho,) * len(f.phi)
    return [slope(f.value, zero, k) for k in range(len(zero))]
