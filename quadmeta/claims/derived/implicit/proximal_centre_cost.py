"""What a bilevel problem with a proximal centre costs: two solves a hypergradient, and at most one
of these more than there are parameters.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY, Task, conjugate_gradients, pivots, solve
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class DerivedProximalCentreCost(Claim):
    """The inner loss l_0(w) + lam |w - phi|^2/2 has the centre phi in R^K, K = dim w; conjugate
    gradients on F(phi) = L_A(w_*(phi)) reach min F after at most 2K + 2 solves with H = A_0 + lam
    I.

    A hypergradient costs two solves for every K, w_* and its adjoint S v with S = lam H^-1 and v =
    grad L_A; a step along p with exact line search needs S p, which also moves w_*, so that one
    step costs two solves as well. A centre is not a vector of task weights: F is quadratic here,
    and rational of a higher degree there, so that the count does not carry over. Sides: F at the
    start and what the run removes from it; solves used and 2K + 2.

    Proof. w_* = H^-1 (r_0 + lam phi) is affine in phi and onto, so F is quadratic with the minimum
    0 above c_A and the Hessian S'A_A S; conjugate gradients end after at most K steps. S p is one
    solve, the gradient S v at the new w_* = w_* + alpha S p another, and the first w_* and gradient
    are two.
    """

    reference = "derived; on the cost of training in two stages"
    aliases = ("navon2021_two_stage_cost",)
    strength = "tight"
    draws = 60
    forms = {
        "stated": Form(
            r"F(\phi_{\rm end})=\min F\text{ after at most }2K+2\text{ solves with }A_0+\lambda I",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "s0": Parameter("s^0_i", axis="d", reach=3),
        "p0": ANY,
        "b0": ANY,
        "sA": Parameter("s^A_i", axis="d", reach=3),
        "pA": ANY,
        "bA": ANY,
        "start": ANY,
        "lam": Parameter(r"\lambda", open=True, reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A regular inner problem."""
        return {
            "A_0 + lam I > 0": min(
                pivots(Task.of(x, "0").A + np.diag([x["lam"]] * len(x["start"])))
            )
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F at the start and solves; what is removed of F and 2K + 2."""
        K = len(x["start"])
        main = Task.of(x, "0")
        outer = Task.of(x, "A")
        lam = x["lam"]
        identity = np.diag([lam / lam] * K)
        S = lam * solve(main.A + lam * identity, identity)
        first = solve(main.A + lam * identity, main.r + lam * x["start"])
        step, taken = conjugate_gradients(S @ outer.A @ S, -S @ outer.gradient(first), K)
        last = solve(main.A + lam * identity, main.r + lam * (x["start"] + step))
        before = outer.loss(first)
        return np.array([before, 2 * taken + 2]), np.array([before - outer.loss(last), 2 * K + 2])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two parameters that need both steps; three of which one is enough; a start at the end."""
        yield {
            "s0": (1, 2),
            "p0": (1, 1),
            "b0": (1, 0),
            "sA": (1, 3),
            "pA": (1, -1),
            "bA": (2, 1),
            "start": (0, 0),
            "lam": 1,
        }
        yield {
            "s0": (1, 1, 1),
            "p0": (0, 0, 0),
            "b0": (0, 0, 0),
            "sA": (1, 1, 1),
            "pA": (0, 0, 0),
            "bA": (1, 1, 2),
            "start": (0, 1, 0),
            "lam": 1,
        }
        yield {
            "s0": (0,),
            "p0": (0,),
            "b0": (0,),
            "sA": (1,),
            "pA": (0,),
            "bA": (1,),
            "start": (1,),
            "lam": 2,
        }
