"""The released Neumann loop leaves out its scale: what it returns is the estimate divided by nu."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import SPECTRUM, solve, turned
from quadmeta.claims.navon2021 import CODE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Quantity, Values


class Navon2021NeumannScale(Claim):
    """x <- s <- v; J times s <- s - nu H s, x <- x + s; return x, as in the released code. Is it
    H^-1 v up to J?

    The code calls x an approximate inverse Hessian-vector product and what follows from it the
    gradient, and says that the loop differs from the pseudo code of the paper. Read as the
    truncated series, x = H^-1 (I - (I - nu H)^(J+1)) v, a factor is missing: x is that over nu, and
    equal to it at nu = 1. Its direction is that of the series, and an outer step size takes up the
    factor, which then is not the step size on F. Repaired: nu x is the truncated series. Sides:
    u_k'x and nu H x + (I - nu H)^(J+1) v, scaled as stated; u_k'H^-1 (v - (I - nu H)^(J+1) v), and
    v.

    Proof (repaired). The loop adds (I - nu H)^j v for j = 0..J, and nu H times that telescopes.
    """

    reference = "AuxiLearn of Navon et al. 2021, Hypergrad; commit 17495d6"
    source = CODE
    standing = "formula"
    strength = "identity"
    draws = 60
    forms = {
        "reading": Form(
            r"x=H^{-1}\big(I-(I-\nu H)^{J+1}\big)v",
            "refuted",
            "exact",
            "a factor nu is missing: the loop returns the series over nu",
            fault="misprint",
        ),
        "repaired": Form(
            r"\nu x=H^{-1}\big(I-(I-\nu H)^{J+1}\big)v",
            "holds",
            "proof + exact",
            "times nu",
            proved=True,
        ),
    }
    domain = SPECTRUM

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A scale; any but 0, in the stable range or not."""
        return {"nu > 0": x["nu"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The released loop, and the series by powers."""
        H = turned(x["eigenvalues"], x["turn"])
        v = x["outer"]
        u = x["task"]
        nu = x["nu"]
        out = released(H, v, nu, x["products"])
        power = v
        for _ in range(x["products"] + 1):
            power = power - nu * (H @ power)
        if form == "repaired":
            out = nu * out
        return np.array([u @ out, *(H @ out + power)]), np.array([u @ solve(H, v - power), *v])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, nu = 1/2; three terms along no eigenvector."""
        yield {
            "eigenvalues": (1,),
            "turn": (0,),
            "outer": (1,),
            "task": (1,),
            "nu": "1/2",
            "products": 0,
        }
        yield {
            "eigenvalues": (1, 3),
            "turn": (1, 2),
            "outer": (1, 1),
            "task": (2, -1),
            "nu": "1/4",
            "products": 2,
        }


def released(H: Array, v: Array, nu: Quantity, J: int) -> Array:
    """x after J products."""
    x = s = v
    for _ in range(J):
        s = s - nu * (H @ s)
        x = x + s
    return x
