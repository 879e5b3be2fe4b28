"""The Neumann series of an inverse Hessian, and when it converges."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import SPECTRUM, neumann, turned
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Navon2021NeumannSeries(Claim):
    """X^-1 = sum_{t>=0} (I - X)^t for the Hessian X, printed without a condition; J iterations
    give J + 1 terms.

    Printed: false for L = lambda_max(X) >= 2. Repaired: H^-1 = nu sum_t (I - nu H)^t iff nu L < 2,
    with the remainder v - H x_J = (I - nu H)^(J+1) v of the sum x_J = nu sum_{t<=J} (I - nu H)^t
    v, whatever nu.

    Proof (repaired). The sum telescopes: nu H = I - (I - nu H). In the eigenbasis the remainder is
    (1 - nu lambda_i) ^(J+1) v_i, and as nu lambda_i > 0 it tends to 0 iff nu lambda_i < 2; on an
    eigenvector it shrinks at J = 0, 1, ... iff |1 - nu lambda_i| < 1. All directions converge iff
    that of L does.
    """

    reference = "Note on Navon et al. 2021, Neumann series; X read as the Hessian of L_T"
    source = SOURCE
    standing = "formula"
    strength = "identity"
    draws = 80
    forms = {
        "printed": Form(
            r"X^{-1}=\sum_{t\ge0}(I-X)^t",
            "refuted",
            "exact",
            "diverges unless lambda_max < 2: needs a scale nu; J iterations give J + 1 terms, "
            "not J",
            fault="condition missing",
        ),
        "repaired": Form(
            r"v-H\,\nu\sum_{t=0}^J(I-\nu H)^tv=(I-\nu H)^{J+1}v,\quad\to0\ \forall v\iff0<\nu L<2",
            "holds",
            "proof + exact",
            "the scale nu",
            proved=True,
        ),
    }
    domain = {key: SPECTRUM[key] for key in ("eigenvalues", "turn", "outer", "nu", "products")}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As printed nu = 1."""
        if form == "printed":
            return {"nu = 1": x["nu"] - 1}
        return {"nu > 0": x["nu"]}

    def prepare(self, x: Instance) -> Instance:
        """nu = 1 in a part of the instances."""
        if x["nu"] and x["products"] % 2:
            return {**x, "nu": x["nu"] / x["nu"]}
        return x

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Remainder by loops and by powers; whether it shrinks on the top eigenvector, and
        should.
        """
        nu = x["nu"]
        J = x["products"]
        lam = x["eigenvalues"]
        H = turned(lam, x["turn"])
        top = turned(1 * (lam == max(lam)), x["turn"])
        top = next(column for column in top.T if any(column))
        power = x["outer"]
        for _ in range(J + 1):
            power = power - nu * (H @ power)
        left = top - H @ neumann(H, top, nu, J)
        shrinks = left @ left < top @ top
        should = form == "printed" or nu * max(lam) < 2
        found = x["outer"] - H @ neumann(H, x["outer"], nu, J)
        return np.array([*found, int(shrinks)], dtype=object), np.array(
            [*power, int(should)], dtype=object
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """X = 2, where the partial sums are 1, 0, 1, 0, ...; both sides of nu L = 2, and at it."""
        yield {"eigenvalues": (1, "3/2"), "turn": (1, 2), "outer": (1, 1), "nu": 1, "products": 3}
        if form == "printed":
            yield {"eigenvalues": (2,), "turn": (0,), "outer": (1,), "nu": 1, "products": 1}
        else:
            for nu in ("19/30", "2/3", "21/30"):
                yield {
                    "eigenvalues": (1, 3),
                    "turn": (1, 2),
                    "outer": (1, 1),
                    "nu": nu,
                    "products": 2,
                }
