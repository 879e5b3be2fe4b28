"""A Neumann series is the unrolled derivative of gradient descent, not of a method with
momentum.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import neumann
from quadmeta.claims.families.moving import MOMENTUM, MOVING, Moving, heavy_ball
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values

NAMES = ("eigenvalues", "turn", "linear", "s", "p", "moved", "eta", "steps")


class DerivedNeumannIsNotMomentum(Claim):
    """Back-propagation through the last K steps of the inner method at the minimum w_*, against
    the Neumann series eta sum_{j<K} (I - eta H)^j of K terms: both send what moves the gradient,
    r = H_k w_* - b_k, to -d_k w_K.

    For gradient descent they are the same, as Lorraine, Vicol and Duvenaud (2020) have it.
    Conjectured: also for heavy ball, whose steps have the same limit. Repaired: they are the same
    without momentum and for K = 1. For K = 2 heavy ball has eta (2 + beta - eta lambda) where the
    series has eta (2 - eta lambda): they differ by eta beta r.

    Proof (repaired). From rest at w_* the tangent z_t = d_k w_t obeys z_(t+1) = z_t - eta (H z_t +
    r) + beta (z_t - z_(t-1)), z_0 = z_(-1) = 0. For beta = 0, -z_K is the series. z_1 = -eta r, and
    z_2 = -eta r + eta^2 H r - eta r - beta eta r.
    """

    reference = "derived; on Lorraine, Vicol, Duvenaud 2020, Neumann series of unrolled SGD"
    strength = "identity"
    draws = 60
    forms = {
        "conjectured": Form(
            r"-\partial_kw_K=\eta\textstyle\sum_{j<K}(I-\eta H)^jr\quad(0\le\beta<1)",
            "refuted",
            "exact",
            "momentum has another polynomial from two steps on",
        ),
        "repaired": Form(
            r"\beta=0\text{ or }K=1:\ -\partial_kw_K=\eta\textstyle\sum_{j<K}(I-\eta H)^jr;\quad "
            r"K=2:\ -\partial_kw_2=\eta(2I-\eta H)r+\eta\beta r",
            "holds",
            "proof + exact",
            "without momentum; with it the difference of two steps",
            proved=True,
        ),
    }
    domain = {name: MOVING[name] for name in NAMES} | {"momentum": MOMENTUM}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """beta < 1."""
        return {"beta < 1": 1 - x["momentum"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Loops from w_* = "linear" with dual numbers; the series by its own loop."""
        eta = x["eta"]
        beta = x["momentum"]
        K = x["steps"]
        problem = Moving.of({**x, "start": x["linear"]})
        problem = problem._replace(b=problem.H @ problem.w0)
        r = problem.residual(problem.w0)

        def unrolled(momentum: Any, steps: int) -> Any:
            def run(H: Any, b: Any) -> Any:
                return heavy_ball(H, b, problem.w0, eta, momentum, steps)

            return -problem.tangent(run)

        def series(terms: int) -> Any:
            return neumann(problem.H, r, eta, terms - 1)

        if form == "conjectured":
            return unrolled(beta, K), series(K)
        left = [unrolled(0 * beta, K), unrolled(beta, 1), unrolled(beta, 2)]
        right = [series(K), series(1), series(2) + eta * beta * r]
        return np.concatenate(left), np.concatenate(right)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, two steps."""
        yield {
            "eigenvalues": (1,),
            "turn": (0,),
            "linear": (1,),
            "s": (1,),
            "p": (0,),
            "moved": (0,),
            "eta": "1/2",
            "momentum": "1/2",
            "steps": 2,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A momentum of 1."""
        for instance in self.cases("repaired"):
            yield {**instance, "momentum": 1}
