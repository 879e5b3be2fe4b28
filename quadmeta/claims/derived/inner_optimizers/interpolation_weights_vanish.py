"""With interpolation and without a ridge the implicit hypergradient of sample weights is 0."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import slope, solve
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values

ENTRY = Parameter(r"x_{ij}", low=None, axis="n", reach=2)
SIGNED = Parameter(r"g_j", low=None, reach=2)


class DerivedInterpolationWeightsVanish(Claim):
    """L_1 = sum_i phi_i (x_i'w - y_i)^2/2 + rho |w|^2/2 with phi > 0 and rho > 0; g = grad
    L_2(w_*), any vector; K = XX', Phi = diag(phi).

    The hypergradient of the weight of a sample is the product of two residuals and the ridge,

        F'_k = rho c_k u_k,   (K Phi + rho) c = y,   (K Phi + rho) u = X g.

    So for independent rows (n <= p at most) it falls like rho: K Phi is regular and c, u have
    limits. Without a ridge the implicit derivative of sample weights is 0 for every outer loss: in
    the interpolating regime data are cleaned by the ridge or by unfinished training alone.

    Proof. X w_* = K Phi c and X w_* - y = -rho c, since (X'Phi X + rho) X'Phi c = X'Phi (K Phi +
    rho) c = X'Phi y. Likewise X H^-1 g = (K Phi + rho)^-1 X g = u. Implicit differentiation: F'_k =
    -(x_k'H^-1 g)(x_k'w_* - y_k).
    """

    reference = "derived; on the implicit hypergradient of data weights"
    strength = "identity"
    draws = 60
    forms = {
        "stated": Form(
            r"F'_k=\rho\,c_ku_k,\quad (K\Phi+\rho)c=y,\quad (K\Phi+\rho)u=Xg",
            "holds",
            "proof + exact",
            "falls like the ridge where the rows are independent",
            proved=True,
        )
    }
    domain = {
        "first": ENTRY,
        "second": ENTRY,
        "labels": ENTRY,
        "weights": Parameter(r"\phi_i", low=Fraction(0), open=True, axis="n", reach=3),
        "g1": SIGNED,
        "g2": SIGNED,
        "rho": Parameter(r"\rho", open=True, reach=1),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """g'w_* differentiated by dual numbers, one entry a sample; the products."""
        X = np.array([x["first"], x["second"]], dtype=object).T
        y = x["labels"]
        g = np.array([x["g1"], x["g2"]])
        rho = x["rho"]
        phi = tuple(x["weights"])

        def value(weights: Any) -> Any:
            H = np.diag([rho] * 2)
            r = np.array([0 * rho] * 2)
            for weight, row, label in zip(weights, X, y, strict=True):
                H = H + np.outer(row, row) * weight
                r = r + row * label * weight
            return g @ solve(H, r)

        found = [slope(value, phi, k) for k in range(len(phi))]
        small = (X @ X.T) * x["weights"] + np.diag([rho] * len(y))
        return np.array(found), rho * solve(small, y) * solve(small, X @ g)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One row, one and two thousandths of a ridge; more rows than columns."""
        one = {
            "first": (1,),
            "second": (2,),
            "labels": (1,),
            "weights": (1,),
            "g1": 1,
            "g2": 0,
            "rho": "1/1000",
        }
        yield one
        yield {**one, "rho": "1/500"}
        rows = {"first": (1, 0, 1), "second": (0, 1, 1), "labels": (1, 2, 0)}
        yield {**one, **rows, "weights": (1, 2, 1)}
