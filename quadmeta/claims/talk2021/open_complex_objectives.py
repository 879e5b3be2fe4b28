"""Beyond quadratics the step size can have several best values: for |w|^p, p >= 4 even, and two
steps.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values


class Talk2021OpenComplexObjectives(Claim):
    """Can parameters be tuned provably on more complex objectives? Open, in general.

    Stated: what makes it easy on quadratics, one valley in eta, is not true of every convex
    objective. For f(w) = lam |w|^p/p in one dimension, p >= 4 even, w_0 != 0 and every T >= 2,
    F(eta) = f(w_T) is 0 at eta lam w_0^(p-2) = 1 and again between 3/2 and 2, and positive at 3/2:
    naive and log objective have two global minima with a hill between. (p = 2: one. Several
    quadratic tasks: ``derived_mean_log_unimodal``.) Nor is one valley special to quadratics:
    Huber's function, w^2/2 up to |w| = 2 and linear beyond, has one for w_0 = 1 and T = 2, as
    w_2 = (1 - eta)^2 up to eta = 3 and 1 + eta beyond. Sides: F at 1; the sign of w_2 w_0 at 3/2
    and at 2; whether F > 0 at 3/2; and 0, -1, 1, 1.

    Proof (stated). With z = eta lam w_0^(p-2) and w_t = w_0 u_t: u_1 = 1 - z,
    u_2 = u_1 (1 - z u_1^(p-2)). At z = 1 u_1 = 0. At z = 3/2 u_2 = -(1 - (3/2) 2^(2-p))/2 < 0 as
    p >= 4, and |u_t| <= 1/2 with u_t != 0 remains, since z u_t^(p-2) < 1. At z = 2 u_2 = 1, so u_2
    vanishes in between, and u_T with it.
    """

    reference = "Ge 2021, talk; open question 2, objectives"
    source = SOURCE
    standing = "question"
    strength = "identity"
    draws = 15
    forms = {
        "printed": Form(
            r"\text{parameters can be tuned provably on more complex objectives}",
            "undecided",
            "none",
            "an open question: no objective is given",
            testable=False,
        ),
        "stated": Form(
            r"f=\tfrac\lambda p|w|^p,\ p\ge4\text{ even},\ T\ge2:\quad F(\eta)=0\text{ at "
            r"}\eta\lambda w_0"
            r"^{p-2}=1\text{ and in }(\tfrac32,2),\ F>0\text{ at }\tfrac32",
            "holds",
            "proof + exact",
            "convexity alone does not give one valley in eta",
            proved=True,
        ),
    }
    domain = {
        "half": Parameter("p/2", low=Fraction(1), high=Fraction(3), whole=True, reach=2),
        "lam": Parameter(r"\lambda", open=True, reach=3),
        "start": Parameter("w_0", low=Fraction(-2), reach=4),
        "steps": Parameter("T", low=Fraction(2), high=Fraction(3), whole=True, reach=1),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Not a quadratic, and not started at the solution."""
        return {"p > 2": Fraction(2 * x["half"] - 2), "w_0 != 0": abs(x["start"])}

    def prepare(self, x: Instance) -> Instance:
        """A higher power."""
        return {**x, "half": max(2, x["half"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F at 1, signs of w_2 w_0 at 3/2 and 2, F > 0 at 3/2."""
        w0 = x["start"]
        p = 2 * x["half"]
        T = x["steps"]
        unit = 1 / (x["lam"] * w0 ** (p - 2))
        ends = [_run(x, z * unit, T) for z in (Fraction(1), Fraction(3, 2))]
        second = [_run(x, z * unit, 2) * w0 for z in (Fraction(3, 2), Fraction(2))]
        found = [
            x["lam"] * ends[0] ** p / p,
            *(int(s > 0) - int(s < 0) for s in second),
            int(ends[1] ** p > 0),
        ]
        return np.array(found, dtype=object), np.array([0, -1, 1, 1], dtype=object)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The quartic, and the sixth power from the other side."""
        yield {"half": 2, "lam": 1, "start": 1, "steps": 2}
        yield {"half": 3, "lam": "1/2", "start": -2, "steps": 3}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """The quadratic."""
        yield {"half": 1, "lam": 1, "start": 1, "steps": 2}


def _run(x: Values, eta: Quantity, steps: int) -> Any:
    """w after the steps."""
    w = x["start"]
    for _ in range(steps):
        w = w - eta * x["lam"] * w ** (2 * x["half"] - 1)
    return w
