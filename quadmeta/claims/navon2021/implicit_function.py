"""Where the minimiser of the training loss is a differentiable function of the weights, and how
far from one point.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import APART, ONE_DIMENSION, Dual, Family, family, solve
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Parameter, Values

MOVE = Parameter(r"\delta_k", low=Fraction(-2), reach=4)


class Navon2021ImplicitFunction(Claim):
    """grad_w L_T(q, phi) = 0: is there a differentiable W*(phi') through q with grad_w
    L_T(W*(phi'), phi') = 0 nearby?

    Printed: yes "under certain conditions", on some set that holds phi, with the derivative -H^-1
    u_k. The conditions are not named; the inverse in the formula asks for a regular H, and for
    semidefinite H that is enough: for H(phi) > 0 the function is unique wherever sum_k |phi'_k -
    phi_k| tr(H(phi)^-1 A_k) < 1, our measure of the set; for one task of rank one H is singular at
    phi' = phi - 1/tr. As a reading: from stationarity alone, without any condition. That fails for
    a singular Hessian, so that the condition is needed: W* would have the derivative y with H y =
    -u_1(q), which need not be solvable; at phi = 0 with fewer main samples than dimensions every
    point of a flat direction is stationary, and the slightest weight picks one of them. Sides
    (printed): derivatives by dual numbers and by the formula, both tasks; whether H(phi') > 0, and
    1; the gradient at the minimiser of phi', and 0.

    Proof (printed). H(phi') = H^(1/2) (I + sum_k delta_k H^(-1/2) A_k H^(-1/2)) H^(1/2), and a
    semidefinite matrix has no eigenvalue above its trace. W* = H(phi')^-1 r(phi') is rational in
    phi'; differentiate H W* = r.
    """

    reference = "Note on Navon et al. 2021, implicit function theorem"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 25
    forms = {
        "printed": Form(
            r"H(\phi)\succ0:\quad\partial_kW^*=-H^{-1}u_k,\quad H(\phi')\succ0\text{ if "
            r"}\sum_k|\phi'_k-"
            r"\phi_k|\operatorname{tr}(H^{-1}A_k)<1",
            "holds",
            "proof + exact",
            "the condition is the inverse in the formula; the size of the set is ours",
            proved=True,
        ),
        "reading": Form(
            r"\nabla_wL_T(q,\phi)=0\implies\exists\,W^*\in C^1:\ W^*(\phi)=q,\ "
            r"\nabla_wL_T(W^*(\phi'),"
            r"\phi')=0",
            "refuted",
            "exact",
            "without a condition: needs a regular Hessian",
            judged="needed",
        ),
    }
    domain = {
        **family(2),
        "point": Parameter("q_i", low=None, axis="d", reach=4),
        "move1": MOVE,
        "move2": MOVE,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A stationary point; or a regular Hessian and phi' near phi."""
        f = Family.of(x)
        if form == "reading":
            gradient = f.gradient(x["point"], f.phi)
            return {"grad L_T(q, phi) = 0": gradient @ gradient}
        room = f.convexity(f.phi)
        return {
            "H(phi) > 0": room,
            "sum |delta_k| tr(H^-1 A_k) < 1": 1 - (_reach(f, x) if room > 0 else 0),
        }

    def prepare(self, x: Instance) -> Instance:
        """The stationary point, and a shorter way."""
        y = arrays(x)
        f = Family.of(y)
        if f.convexity(f.phi) <= 0:
            return x
        far = _reach(f, y)
        if far >= 1:
            shorter = {key: x[key] / (far + 1) for key in ("move1", "move2")}
        else:
            shorter = {}
        return {**x, **shorter, "point": tuple(f.minimiser(f.phi))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Whether H y = -u_1(q) has a solution, and 1; or derivatives, definiteness and
        residual.
        """
        f = Family.of(x)
        H = f.hessian(f.phi)
        w = x["point"]
        if form == "reading":
            return int(_solvable(H, f.tasks[1].gradient(w))), 1
        w = f.minimiser(f.phi)
        exact = [entry for k in range(2) for entry in _derivative(f, k)]
        formula = [-entry for task in f.tasks[1:] for entry in solve(H, task.gradient(w))]
        moved = (f.phi[0] + x["move1"], f.phi[1] + x["move2"])
        regular = f.convexity(moved) > 0
        if regular:
            rest = f.gradient(f.minimiser(moved), moved)
        else:
            rest = 0 * w
        return (
            np.array([*exact, int(regular), *rest], dtype=object),
            np.array([*formula, 1, *(0 * w)], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A flat main task; two tasks that do not commute."""
        one = {
            **ONE_DIMENSION,
            "s0": (0,),
            "s2": (0,),
            "p2": (0,),
            "b2": (0,),
            "bA": (1,),
            "phi1": 0,
            "phi2": 0,
            "point": (0,),
            "move1": 0,
            "move2": 0,
        }
        if form == "reading":
            yield one
        else:
            yield {**one, "s0": (1,), "move1": "-99/100"}
            yield {
                **one,
                **APART,
                "s2": (0, 0),
                "p2": (1, -1),
                "b2": (2, 0),
                "phi1": 2,
                "phi2": 1,
                "point": (0, 0),
                "move1": "-1/3",
                "move2": "1/9",
            }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One task of rank one, moved by exactly -1/tr."""
        yield {**next(iter(self.cases("printed"))), "move1": -1}


def _derivative(f: Family, k: int) -> list[Any]:
    """d W* / d phi_k, by dual numbers."""
    moved = f.minimiser([Dual(p, Fraction(int(i == k))) for i, p in enumerate(f.phi)])
    return [entry.slope for entry in moved]


def _reach(f: Family, x: Values) -> Any:
    """sum_k |delta_k| tr(H(phi)^-1 A_k)."""
    H = f.hessian(f.phi)
    return sum(abs(x[f"move{k}"]) * solve(H, f.tasks[k].A).trace() for k in (1, 2))


def _solvable(H: Array, u: Array) -> bool:
    """Whether u is in the range of H >= 0: elimination meets a zero pivot only in a zero row."""
    A = np.array(H, dtype=object)
    b = np.array(u, dtype=object)
    for j in range(len(A)):
        if A[j, j] == 0:
            if b[j] != 0:
                return False
            continue
        for i in range(j + 1, len(A)):
            b[i] = b[i] - b[j] * (A[i, j] / A[j, j])
            A[i] = A[i] - A[j] * (A[i, j] / A[j, j])
    return True
