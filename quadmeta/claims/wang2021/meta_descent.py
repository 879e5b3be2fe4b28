"""Meta-gradient descent on the log objective is within epsilon of eta* from an explicit iteration
on.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import spread
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.objectives.log_objective import LogObjective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.quadratic import Quadratic
from quadmeta.training.descent import iteration_bound, meta_descent
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Parameter,
    Values,
)

LONGEST = 1500
"""Iterations run at most; else k' + 200, since nothing may leave epsilon after k'."""


class Wang2021MetaDescent(Claim):
    """eta_{k+1} = max(0, eta_k - s G'(eta_k)/sqrt(k)) from eta_1 = start; e_k = |eta_k - eta*_T|.

    Printed, s = 1: e_k <= epsilon for all k >= M^6/epsilon^2 poly(1/c_min, L, 1/mu, 1/(L - mu))
    with start <= M. The polynomial is unspecified, so that no run can contradict it. Repaired:
    e_k <= epsilon for all k >= k' of ``quadmeta.training.descent.iteration_bound``, all constants
    explicit. Compared are the last k with e_k > epsilon (0: none), of k' + 200 iterations in
    float64, and k'.

    Proof (repaired): in ``iteration_bound``. Runs are rounded and finite, so they can refute and
    never certify.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 4"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    relation = "<"
    exact = False
    draws = 0
    forms = {
        "printed": Form(
            r"|\eta_k-\eta^*|\le\epsilon\text{ for }k\ge\tfrac{M^6}{\epsilon^2}\,\mathrm{poly}\big("
            r"\tfrac1{c_{\min}},L,\tfrac1\mu,\tfrac1{L-\mu}\big)",
            "undecided",
            "none",
            "the polynomial is not specified",
            testable=False,
        ),
        "stated": Form(
            r"|\eta_k-\eta^*_T|\le\epsilon\text{ for }k\ge k'=\Big\lceil\Big(\sqrt{k_0}+"
            r"\frac D{2sg}\Big)^2\Big\rceil",
            "consistent",
            "sampled",
            "proved, but the runs are float64",
            proved=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "start": STEP_SIZE,
        "scale": Parameter("s", open=True),
        "epsilon": Parameter(r"\epsilon", open=True),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct active eigenvalues, and epsilon below the minimiser (1/L is below it)."""
        return {
            "kappa > 1": spread(x["eigenvalues"]),
            "epsilon < 1/L": 1 / x["eigenvalues"].max() - x["epsilon"],
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The last k with e_k > epsilon, and k'."""
        lam, omega = (
            np.sort(x[key].astype(float))
            if key == "eigenvalues"
            else x[key][np.argsort(x["eigenvalues"])].astype(float)
            for key in ("eigenvalues", "weights")
        )
        objective = LogObjective(
            Quadratic.from_spectrum(lam, weights=omega), GradientDescent(x["steps"])
        )
        start, scale, epsilon = (float(x[key]) for key in ("start", "scale", "epsilon"))
        bound = iteration_bound(objective, start, scale, epsilon)
        run = islice(meta_descent(objective, start, scale), min(bound + 200, LONGEST))
        errors = np.abs(np.array(list(run)) - objective.minimizer())
        outside = np.flatnonzero(errors > epsilon)
        return int(outside[-1]) + 1 if outside.size else 0, bound

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """From the left, from far right, with a step that overshoots, and a long horizon."""
        pair = {"eigenvalues": (1, 3), "weights": (1, 1)}
        yield {**pair, "start": "1/10", "scale": "1/10", "epsilon": "1/20", "steps": 10}
        yield {**pair, "start": 2, "scale": "1/10", "epsilon": "1/10", "steps": 10}
        yield {**pair, "start": "1/2", "scale": "1/5", "epsilon": "1/10", "steps": 1}
        yield {
            "eigenvalues": (1, 2, 10),
            "weights": (1, 2, "1/10"),
            "start": "1/5",
            "scale": "1/500",
            "epsilon": "1/50",
            "steps": 80,
        }
