"""For which step sizes SGD on a finite sample, one row drawn with replacement a step, is stable in
mean square.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.sgd import average, definite, symmetric
from quadmeta.problems.sampled_rows import SampledRows
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values

ENTRY = Parameter("x_{kj}", low=Fraction(-2), axis="n", reach=4)


class DerivedFiniteSampleMeanSquareLimit(Claim):
    """One step maps M = E ee' on the row space of X (n, 3) to
    M - eta L(M) + eta^2 Q(M), L(M) = SM + MS, S = X'X/n,

    Q(M) = mean_k x_k x_k' (x_k'M x_k). The spectral radius of that is < 1 iff
    eta < eta_ms = 1/lambda_max(Q, L), and

        2/max |x_k|^2 <= eta_ms <= min(2 tr S/mean |x_k|^4, 2 |v|^2 v'Sv/mean (x_k'v)^4).

    Sides, as 0 and 1: whether the radius is < 1, from the traces tr(M_a map(M_b)), and the pencil
    L - eta Q as the form mean_k (2 x_k'M^2 x_k - eta (x_k'M x_k)^2); that pencil is semidefinite
    at the lower bound, not definite at the least upper bound with v among the rows, and both are
    eta_ms for n = 1. E f(w_T) - f(w_0) for w_0 = 0 by all n^T sequences of rows, and by the
    recursion.

    Proof. The map is self-adjoint and keeps the cone of semidefinite M, being M -> E (I - eta xx')
    M (I - eta xx'): its spectral radius is an eigenvalue (Perron, Frobenius), so it is < 1 iff the
    largest one is, iff eta L - eta^2 Q > 0. L > 0 on the row space. Low: (x'Mx)^2 <= |x|^2 x'M^2x.
    High: Rayleigh quotients at I and vv'; one row: M = xx'.
    """

    reference = "derived"
    strength = "identity"
    draws = 50
    forms = {
        "stated": Form(
            r"\rho(I-\eta L_S+\eta^2Q)<1\iff\eta<\frac1{\lambda_{\max}(Q,L_S)};\quad\tfrac2{\max"
            r"\|x_k\|^2}\le\eta_{\rm ms}\le\min\Big(\tfrac{2\mathrm{tr}S}{\mathrm{mean}\|x_k\|^4},"
            r"\tfrac{2v^\top Sv}{\mathrm{mean}(x_k^\top v)^4}\Big)",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "first": ENTRY,
        "second": ENTRY,
        "third": ENTRY,
        "targets": ENTRY,
        "eta": Parameter(r"\eta", open=True, reach=2),
        "steps": Parameter("T", low=Fraction(1), whole=True, reach=2),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Something to train."""
        return {"X != 0": (features(x) ** 2).sum()}

    def prepare(self, x: Instance) -> Instance:
        """At most 3 steps; half of the single rows at their limit."""
        norm = sum(x[name][0] ** 2 for name in ("first", "second", "third"))
        if len(x["first"]) == 1 and norm and x["steps"] % 2:
            eta = 2 / norm
        else:
            eta = x["eta"]
        return {**x, "eta": eta, "steps": min(x["steps"], 3)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The spectral radius, the bracket and the enumeration; the pencil, what is said of it,
        the recursion.
        """
        X = features(x)
        y = x["targets"]
        eta = x["eta"]
        T = x["steps"]
        n = len(X)
        basis = symmetric(X)
        S = X.T @ X / n
        on = [X @ M for M in basis]
        forms = np.array([(XM * X).sum(axis=1) for XM in on])
        L = np.array([[2 * (p * q).sum() for q in on] for p in on])

        def pencil(step: Quantity) -> tuple[bool, bool]:
            return definite(L - step * forms @ forms.T)

        steps = [
            eta * (S @ M + M @ S) - eta**2 * (X.T * form) @ X / n
            for M, form in zip(basis, forms, strict=True)
        ]
        fall, gram = (
            np.array([[(M * N).sum() for N in ends] for M in basis]) for ends in (steps, basis)
        )
        low, high = bracket(X)
        only = n == 1
        rows = SampledRows(X, y)
        return (
            np.array(
                [
                    int(definite(fall)[0] and definite(2 * gram - fall)[0]),
                    int(pencil(low)[1]),
                    int(pencil(high)[0]),
                    int(only and pencil(low)[0]),
                    int(not only or pencil(high)[1]),
                    average(X, y, eta, T) - (y @ y) / (2 * n),
                ],
                dtype=object,
            ),
            np.array(
                [
                    int(pencil(eta)[0]),
                    1,
                    0,
                    0,
                    1,
                    rows.recursion(T, eta) - rows.recursion(T, 0 * eta),
                ],
                dtype=object,
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Fewer rows than columns on either side of the limit, rows that overlap; more rows than
        columns in use.
        """
        for eta in ("1/10", "1/5", "1/2"):
            yield {
                "first": (1, 2),
                "second": (2, 1),
                "third": (0, 2),
                "targets": (1, 1),
                "eta": eta,
                "steps": 3,
            }
            yield {
                "first": (1, 0, 2, 0),
                "second": (0, 2, 1, 0),
                "third": (0, 0, 0, 0),
                "targets": (1, -1, 2, 1),
                "eta": eta,
                "steps": 2,
            }


def features(x: Values) -> Array:
    """X, one row an observation."""
    return np.stack([x["first"], x["second"], x["third"]], axis=1)


def bracket(X: Array) -> tuple[Any, Any]:
    """The bounds of eta_ms, with the rows as v."""
    norms = (X**2).sum(axis=1)
    along = [2 * (v @ v) * ((X @ v) ** 2).sum() / ((X @ v) ** 4).sum() for v in X if any(v)]
    return 2 / norms.max(), min(2 * norms.sum() / (norms**2).sum(), *along)
