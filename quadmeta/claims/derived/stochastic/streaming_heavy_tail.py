"""The loss of streaming SGD is heavy-tailed: its fourth moment grows faster than the square of its
second.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY
from quadmeta.claims.families.formulas import spread
from quadmeta.claims.families.sgd import expectation, plus, streamed, times
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    Instance,
    Parameter,
    Quantity,
    Values,
)


class DerivedStreamingHeavyTail(Claim):
    """e' = (I - eta xx') e, x ~ N(0, lambda I) in dimension d, y = eta lambda: E |e_T|^2 = q^T
    |e_0|^2 and

        E |e_T|^4 = q_4^T |e_0|^4,  q = 1 - 2y + (d+2) y^2,  q_4 = 1 - 4y + 2(d+8) y^2 - 12(d+4)
        y^3 + 3(d+4)(d+6) y^4.

    q_4 > q^2 for y > 0: a mean of N paths has the relative standard error
    sqrt(((q_4/q^2)^T - 1)/N), exponential in T, and inside the mean-square limit q = 1 there are
    step sizes with q_4 > 1, where sample errors mean nothing. Sides: E |e'|^2, E |e'|^4 by Gaussian
    moments, and the signs of q_4 - q^2 at y and of q_4 - 1 at the limit 2/(d+2); the formulas, and
    1.

    Proof. |e'|^2 = |e|^2 (1 - 2y z^2 + y^2 z^2 r), z^2 =
    (x'e)^2/(lambda |e|^2), r = |x|^2/lambda = z^2 + an independent chi^2 of d - 1 degrees; expand
    the square with E z^(2k) = (2k - 1)!!. The factor does not depend on the direction of e, so that
    steps multiply. It is not constant for y > 0: q_4 > q^2, by Cauchy and Schwarz.
    """

    reference = "derived"
    strength = "identity"
    draws = 50
    forms = {
        "stated": Form(
            r"E\|e_T\|^4=q_4^T\|e_0\|^4,\quad q_4=1-4y+2(d+8)y^2-12(d+4)y^3+3(d+4)(d+6)y^4>q^2,\ "
            r"q=1-2y+(d+2)y^2,\ y=\eta\lambda",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": ANY,
        "eta": STEP_SIZE,
        "sigma": Parameter(r"\sigma", reach=2),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Isotropic features, no label noise, a step."""
        return {"kappa = 1": spread(x["eigenvalues"]), "sigma = 0": x["sigma"], "eta > 0": x["eta"]}

    def prepare(self, x: Instance) -> Instance:
        """The first eigenvalue for all; no noise."""
        lam = x["eigenvalues"]
        return {**x, "eigenvalues": lam[:1] * len(lam), "sigma": 0 * x["sigma"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Moments of one step by enumeration and two signs; by the formulas."""
        lam = x["eigenvalues"]
        e = x["error"]
        eta = x["eta"]
        entries = streamed(e, eta, x["sigma"])
        square = plus(*(times(f, f) for f in entries))
        variances = [*lam, 1 + 0 * eta]
        found = [expectation(f, variances) for f in (square, times(square, square))]
        d = len(lam)
        y = eta * lam[0]
        edge = 2 / (len(lam) + 2 + 0 * eta)
        size = e @ e
        return (
            np.array(
                [*found, int(fourth(d, y) > second(d, y) ** 2), int(fourth(d, edge) > 1)],
                dtype=object,
            ),
            np.array([second(d, y) * size, fourth(d, y) * size**2, 1, 1], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, and three; the step size that is best on average, 1/(d + 2)."""
        yield {"eigenvalues": (1,), "error": (1,), "eta": "1/3", "sigma": 0}
        yield {"eigenvalues": (2, 2, 2), "error": (1, -1, 2), "eta": "1/10", "sigma": 0}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Two eigenvalues; noise; no step."""
        base = {"eigenvalues": (1, 1), "error": (1, 1), "eta": "1/4", "sigma": 0}
        yield {**base, "eigenvalues": (1, 2)}
        yield {**base, "sigma": 1}
        yield {**base, "eta": 0}


def second(d: int, y: Quantity) -> Any:
    """q."""
    return 1 - 2 * y + (d + 2) * y**2


def fourth(d: int, y: Quantity) -> Any:
    """q_4."""
    return 1 - 4 * y + 2 * (d + 8) * y**2 - 12 * (d + 4) * y**3 + 3 * (d + 4) * (d + 6) * y**4
