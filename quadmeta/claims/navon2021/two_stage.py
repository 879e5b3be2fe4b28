"""Whether two-stage training leaves the trivial solution: not always, and exactly when a
hypergradient is negative.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import (
    APART,
    ONE_DIMENSION,
    Family,
    family,
    slope,
    solve,
)
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Navon2021TwoStage(Claim):
    """W <- argmin L_T(W; phi), phi <- argmin L_A(W(phi)) in turn: does that avoid phi = 0?

    W(phi) is the response function, so that the second stage is the whole problem min F and
    repeating it changes nothing; with the vector W in its place L_A does not depend on phi at all.
    The note says that phi = 0 is avoided. As a reading, with shared inputs, A_k = H(0) for every
    task, and weights that matter at 0, g(0) != 0: always. It lacks a condition: phi = 0 is the
    optimum where no g_k(0) is negative, where no task pulls towards the auxiliary minimum.
    Repaired: F falls below F(0) at a finite weight if some g_k(0) = -v'H(0)^-1 u_k is negative; for
    one task, any inputs,

        F(phi) - F(0) = phi g(0) + phi^2 (v'H(phi)^-1 A_1 H(0)^-1 u + z'A_A z/2),   z = H(phi)^-1
            u, v and u at w_*(0).

    With shared inputs (own b_k) iff: with pi_k = phi_k/(1 + sum phi) and b = sum
    pi_k (b_k - w_*(0)),

        F(phi) - F(0) = sum pi_k g_k(0) + b'A_A b/2 >= sum pi_k g_k(0).

    Sides (reading): whether the better of phi_k = max(0, -g_k/q_k),
    q_k = (b_k - w_*(0))'A_A (b_k - w_*(0)), one task each, beats phi = 0, and 1.

    Proof (repaired). w_*(phi) - w_*(0) = -phi H(phi)^-1 u;
    H(phi)^-1 = H(0)^-1 - phi H(phi)^-1 A_1 H(0)^-1; expand L_A. The bracket is bounded, so a small
    phi does. Shared: w_*(phi) = w_*(0) + b and g_k(0) = v'(b_k - w_*(0)). At c = -g_k/q_k > 0 the
    change is -c^2 q_k (1 + 2c)/(2 (1 + c)^2) < 0; q_k = 0 implies g_k = 0. Where no g_k is
    negative the change is a sum of terms >= 0, so that no weight beats phi = 0.
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
        """A strongly convex main task; as read, shared inputs and weights that matter at 0."""
        f = Family.of(x)
        room = f.convexity((0, 0))
        if form == "repaired" or room <= 0:
            return {"H(0) > 0": room}
        return {
            "H(0) > 0": room,
            "A_k = H(0)": _spread(f),
            "g(0) != 0": sum(g**2 for g in _slopes(f)),
        }

    def prepare(self, x: Instance) -> Instance:
        """Shared inputs in about half of the instances."""
        if x["phi2"] < x["phi1"]:
            return x
        inputs = tuple(s + x["rho"] for s in x["s0"])
        return {**x, "s1": inputs, "s2": inputs, "p1": x["p0"], "p2": x["p0"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Whether a weight beats phi = 0, and 1; or F(phi) - F(0) of the first task alone and its
        formula, and with shared inputs that of both tasks, and whether a weight beats phi = 0, and
        should.
        """
        f = Family.of(x)
        zero = (0 * x["rho"],) * 2
        w = f.minimiser(zero)
        base = f.outer.loss(w)
        if form == "reading":
            return int(_best(f, w) < base), 1
        first = (f.phi[0], zero[1])
        alone = f.value(first) - base
        if _spread(f) != 0:
            return np.array([alone], dtype=object), np.array([_one(f, w)], dtype=object)
        g = _slopes(f)
        total = 1 + sum(f.phi)
        lean = [task.b - w for task in f.tasks[1:]]
        move = sum(b * (p / total) for b, p in zip(lean, f.phi, strict=True))
        shared = (
            sum(p / total * gk for p, gk in zip(f.phi, g, strict=True))
            + move @ f.outer.A @ move / 2
        )
        found = [alone, f.value(f.phi) - base, int(_best(f, w) < base)]
        return (
            np.array(found, dtype=object),
            np.array([_one(f, w), shared, int(min(g) < 0)], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, shared inputs: tasks on the far side and (repaired) one on the near side;
        two that do not commute.
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


def _spread(f: Family) -> Any:
    """Sum of the squares of A_k - H(0), 0 iff all tasks have the inputs of the main one."""
    H = f.hessian((0 * f.rho,) * len(f.phi))
    return sum(((task.A - H) ** 2).sum() for task in f.tasks[1:])


def _best(f: Family, w: Array) -> Any:
    """The least F at max(0, -g_k/q_k), of one task each; shared inputs, w = w_*(0)."""
    zero = 0 * f.rho
    steps = []
    for gk, task in zip(_slopes(f), f.tasks[1:], strict=True):
        b = task.b - w
        if gk < 0:
            steps.append(-gk / (b @ f.outer.A @ b))
        else:
            steps.append(zero)
    return min(f.value((steps[0], zero)), f.value((zero, steps[1])))


def _one(f: Family, w: Array) -> Any:
    """F(phi_1, 0) - F(0) by the formula; w = w_*(0)."""
    zero = 0 * f.rho
    p = f.phi[0]
    task = f.tasks[1]
    v = f.outer.gradient(w)
    u = task.gradient(w)
    H = f.hessian((p, zero))
    z = solve(H, u)
    first = solve(f.hessian((zero, zero)), u)
    return -p * (v @ first) + p**2 * (v @ solve(H, task.A @ first) + z @ f.outer.A @ z / 2)


def _slopes(f: Family) -> list[Any]:
    """g(0), by dual numbers."""
    zero = (0 * f.rho,) * len(f.phi)
    return [slope(f.value, zero, k) for k in range(len(zero))]
