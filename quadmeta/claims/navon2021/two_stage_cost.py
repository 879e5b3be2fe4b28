"""What strict two-stage training costs: two solves a hypergradient, and as many of those as there
are parameters.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY, Task, conjugate_gradients, pivots, solve
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class Navon2021TwoStageCost(Claim):
    """Inner loss l_0(w) + lam |w - phi|^2/2 with phi in R^K, K = dim w: both stages exactly,
    against m^K grid trials.

    Printed: strict two-stage training costs no less than a grid search. False: counted in solves
    with H = A_0 + lam I (a trial costs one), it grows linearly in K, a grid with m points an axis
    like m^K. Compared are m^K and 2K + 2. Repaired: a hypergradient costs two solves for every K,
    w_* and its adjoint H^-1 v, and an exact line search one more that replaces the next w_*;
    conjugate gradients on phi reach min F = 0 in at most K steps, 2K + 2 solves in all.
    (A solve itself is what is dear for a network.) Sides: F at the start and what the run removes
    from it; solves used and 2K + 2. How many trials any search without gradients needs:
    ``navon2021_grid_search``.

    Proof (repaired). w_* = H^-1 (r_0 + lam phi) is affine in phi and onto, so F is quadratic with
    the minimum 0 above c_A and the Hessian S'A_A S, S = lam H^-1; conjugate gradients end after at
    most K steps. S p is one solve, the gradient S v at the new w_* = w_* + alpha S p another.
    """

    reference = "Note on Navon et al. 2021, cost of two-stage training"
    source = SOURCE
    standing = "sentence"
    strength = "tight"
    draws = 60
    forms = {
        "reading": Form(
            r"\text{solves of two-stage training}\ge m^K",
            "refuted",
            "exact",
            "linear in the number of parameters, a grid is exponential",
            fault="wording",
        ),
        "repaired": Form(
            r"F(\phi_{\rm end})=\min F\text{ after at most }2K+2\text{ solves}",
            "holds",
            "proof + exact",
            "with hypergradients, on a quadratic F",
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
        "points": Parameter("m", low=Fraction(2), whole=True, reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A regular inner problem."""
        return {
            "A_0 + lam I > 0": min(
                pivots(Task.of(x, "0").A + np.diag([x["lam"]] * len(x["start"])))
            )
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """m^K and 2K + 2; or F at the start and solves, what is removed of F and 2K + 2."""
        K = len(x["start"])
        if form == "reading":
            return x["points"] ** K, 2 * K + 2
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
        """Two parameters that need both steps; (repaired) three of which one is enough, and a
        start at the end.
        """
        yield {
            "s0": (1, 2),
            "p0": (1, 1),
            "b0": (1, 0),
            "sA": (1, 3),
            "pA": (1, -1),
            "bA": (2, 1),
            "start": (0, 0),
            "lam": 1,
            "points": 3,
        }
        if form == "repaired":
            yield {
                "s0": (1, 1, 1),
                "p0": (0, 0, 0),
                "b0": (0, 0, 0),
                "sA": (1, 1, 1),
                "pA": (0, 0, 0),
                "bA": (1, 1, 2),
                "start": (0, 1, 0),
                "lam": 1,
                "points": 2,
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
                "points": 2,
            }
