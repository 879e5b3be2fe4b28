"""The weight of one sample: its hypergradient is the influence function, deleting it divides by 1
- leverage.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import pivots, slope, solve
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values

ENTRY = Parameter(r"x_{ij}", low=None, axis="n", reach=2)
SIGNED = Parameter(r"v_j", low=None, reach=2)


class DerivedLeaveOneOut(Claim):
    """L_T = sum_i phi_i (x_i'w - y_i)^2/2 + rho |w|^2/2 at phi = 1, H = X'X + rho I, residual e_i,
    leverage h_i = x_i' H^-1 x_i. How does v'w_* change when the first sample is deleted?

    Conjectured: by -d(v'w_*)/d phi_1, the hypergradient's estimate v'H^-1 x_1 e_1. False. Repaired:
    by v'H^-1 x_1 e_1/(1 - h_1), so that the estimate lacks exactly the factor 1/(1 - h_1), large
    for a sample that fits itself. Sides: the change by a second solve, and by the formula;
    (repaired) minus the derivative, and the change times 1 - h_1.

    Proof (repaired). w_-1 - w_* = (H - x_1 x_1')^-1 x_1 e_1, and
    (H - x x')^-1 x = H^-1 x/(1 - x'H^-1 x). The derivative is the implicit one, -v'H^-1 u_1 with
    u_1 = x_1 e_1.
    """

    reference = "derived; on the implicit hypergradient of data weights"
    strength = "identity"
    draws = 60
    forms = {
        "conjectured": Form(
            r"v^\top(w_{-1}-w_*)=-\partial_{\phi_1}v^\top w_*",
            "refuted",
            "exact",
            "infinitesimal: the leverage is missing",
        ),
        "repaired": Form(
            r"v^\top(w_{-1}-w_*)=-\tfrac{\partial_{\phi_1}v^\top w_*}{1-h_1}=\tfrac{v^\top "
            r"H^{-1}x_1e_1}"
            r"{1-h_1}",
            "holds",
            "proof + exact",
            "divided by 1 - leverage",
            proved=True,
        ),
    }
    domain = {
        "first": ENTRY,
        "second": ENTRY,
        "labels": ENTRY,
        "v1": SIGNED,
        "v2": SIGNED,
        "rho": Parameter(r"\rho", reach=1),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A regular problem without the first sample."""
        rest = [int(i > 0) for i in range(len(x["labels"]))]
        return {"H - x_1 x_1' > 0": min(pivots(_normal(x, rest)[0]))}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The change, and minus the derivative; each in its other form."""
        v = np.array([x["v1"], x["v2"]])
        n = len(x["labels"])
        H, r = _normal(x, [1] * n)
        row = np.array([x["first"][0], x["second"][0]])
        influence = v @ solve(H, row) * (row @ solve(H, r) - x["labels"][0])
        change = v @ solve(*_normal(x, [0] + [1] * (n - 1))) - v @ solve(H, r)
        estimate = -slope(
            lambda phi: v @ solve(*_normal(x, [phi[0]] + [1] * (n - 1))), (row[0] ** 0,), 0
        )
        if form == "conjectured":
            return change, estimate
        leverage = row @ solve(H, row)
        return np.array([change, estimate]), np.array(
            [influence / (1 - leverage), change * (1 - leverage)]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two samples along an axis; a sample of leverage 9/10; one that fits, e_1 = 0
        (repaired).
        """
        base = {"first": (1, 1), "second": (0, 0), "labels": (1, 0), "v1": 1, "v2": 0, "rho": 1}
        yield base
        yield {**base, "first": (3, 0, 0), "second": (0, 1, 2), "labels": (2, 1, 1), "v2": 1}
        if form == "repaired":
            yield {**base, "labels": (0, 0)}


def _normal(x: Values, phi: Sequence[Any]) -> tuple[Array, Array]:
    """H and r of H w = r with these weights of the samples."""
    X = np.array([x["first"], x["second"]], dtype=object).T
    H = np.diag([x["rho"]] * 2)
    r = np.array([0 * x["rho"]] * 2)
    for p, row, y in zip(phi, X, x["labels"], strict=True):
        H = H + np.outer(row, row) * p
        r = r + row * y * p
    return H, r
