"""Tasks gain jointly: one more never hurts at the best weights, and an opposite pair is as good as
two clean tasks.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.collapse import Regression, SharedInputs
from quadmeta.claims.reductions.squares import best_of_three, weights_point
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Form
from quadmeta.verification.parameters import Instance, Values


class DerivedTaskInteraction(SharedInputs):
    """Shared inputs, no ridge, M = diag(V_k) + [delta_j' Sigma delta_k]: 1/R* - 1/V_0 = 1'M^-1 1,
    R* best over all phi.

    (1) 1'M^-1 1 never falls when a task is added; it is additive where delta_j' Sigma
    delta_k = 0. (2) The pair of the first task and its opposite, delta_2 = -delta_1, V_2 = V_1, has
    phi* = (V_0/V_1, V_0/V_1) and R* = 1/(1/V_0 + 2/V_1), whatever the bias: as good as two clean
    tasks, though either alone has only 1/R* = 1/V_0 + 1/(V_1 + Delta_1^2). Sides: 1'M^-1 1 without
    and with the last task; the risk at phi* and R*, each as the bound of the other; R* and the risk
    at other common weights.

    Proof. (1) 1'M^-1 1 = max_x (2 sum x - x'M x), over more x. (2) The biases cancel at equal
    weights, so the risk is that of clean tasks, at their best; biased tasks do no better than
    clean ones.
    """

    reference = "derived"
    strength = "ordering"
    draws = 120
    forms = {
        "stated": Form(
            r"\tfrac1{\mathcal R^*}-\tfrac1{V_0}=\mathbf1^\top M^{-1}\mathbf1\text{ never falls"
            r" with another task};\quad\delta_2=-\delta_1:\ \tfrac1{\mathcal R^*}=\tfrac1{V_0}+"
            r"\tfrac2{V_1}",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Gains by the last task; the pair at its best weights and at others."""
        model = Regression.of(x)
        M = model.moments()
        start, V = model.variances()[:2]
        twice = np.array([0, 1, 1])
        shift = model.shift[twice] * np.array([[0], [1], [-1]])
        pair = model._replace(roots=model.roots[twice], shift=shift, noise=model.noise[twice])
        clean = 1 / (1 / start + 2 / V)
        at = pair.risk(np.array([start / V] * 2))
        other = pair.risk(np.array([x["weights"][0], x["weights"][-1]]))
        return np.array([total(M[:-1, :-1]), at, clean, clean]), np.array(
            [total(M), clean, at, other]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A last task that adds nothing, V_1 + D_11 = D_12; the pair at its best weights; one
        task.
        """
        base = {
            "p": 1,
            "q": 1,
            "low": (1, 1),
            "high": (1, 1),
            "turn": (1, 1),
            "noise0": 2,
            "n0": 2,
            "n": (2, 2),
            "spread": 1,
            "tilt": 0,
            "rho": 0,
        }
        yield {**base, "x": (1, 2), "y": (0, 0), "noise": (1, 1), "weights": (2, 2)}
        yield {**base, "x": (2, -2), "y": (0, 0), "noise": (1, 1), "weights": (1, 2)}
        yield {
            **{k: v[:1] if isinstance(v, tuple) else v for k, v in base.items()},
            "x": (3,),
            "y": (0,),
            "noise": (1,),
            "weights": (1,),
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A task of its own inputs, a ridge."""
        base = next(iter(self.cases("stated")))
        yield {**base, "high": (2, 1)}
        yield {**base, "rho": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """The opposite pair, in units of V_0; one more task: 1'M^-1 1 grows by (1 - k)^2 over its
        Schur complement s.

        k = m'M^-1 1 and s = m_K - m'M^-1 m for the moments m of the last task with the others.
        """

        def pair(x: Instance) -> list[Reduced]:
            model = Regression.of(x)
            start, V = model.variances()[:2]
            bias = model.shift[1] @ model.Sigma @ model.shift[1]
            M = [[(V + bias) / start, -bias / start], [-bias / start, (V + bias) / start]]
            return [weights_point(M, (x["weights"][0], x["weights"][-1]), start, 3)]

        def added(x: Instance) -> list[Reduced]:
            M = Regression.of(x).moments()
            if len(M) == 1:
                return []
            part = solve(M[:-1, :-1], M[:-1, -1])
            k = sum(part)
            s = M[-1, -1] - M[-1, :-1] @ part
            if abs(k) <= 64:
                return [Reduced({"k": k}, 1 / s)]
            return []

        yield best_of_three("an opposite pair, all d, biases and variances", pair)
        yield Box(
            {"k": (-64, 64)},
            lambda x: (0, (1 - x["k"]) ** 2),
            "all K > 1 and d, |k| <= 64: the growth times s",
            added,
            "k = 1",
        )


def total(M: Array) -> Any:
    """1'M^-1 1, 0 for no task."""
    if len(M):
        return sum(solve(M, M.sum(axis=1) * 0 + 1))
    return 0
