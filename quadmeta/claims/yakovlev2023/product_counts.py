"""The printed numbers of Jacobian-vector products of the compared methods, from counters."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.estimators import Discounted, DrMad, Neumann, OneStep, hypergradient
from quadmeta.objectives import OuterLoss
from quadmeta.optimizers import GradientDescent
from quadmeta.problems import Coupled
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEPS, Instance, Parameter, Values


class Yakovlev2023ProductCounts(Claim):
    """Products with A_t and B_t that each method spends, counted by the tape it runs on.

    Printed for T = 50: truncated back-propagation (one step) 1, DrMAD 2T - 1 = 99, IFT(9, 5) and
    IFT(4, 10) (N + 1) K = 50, the discounted sum T = 50; it also needs T outer gradients, which
    the column leaves out.

    Proof. One step: B_T. DrMAD: T products with B_t, and one with A_t between each two. IFT: K
    estimates of N products with A and one with B. Discounted: one B_t in each of T steps.
    """

    reference = "Yakovlev et al. 2023, table of methods"
    source = SOURCE
    standing = "formula"
    strength = "identity"
    draws = 20
    forms = {
        "printed": Form(
            r"\#\mathrm{JVP}=(1,\ 2T-1,\ (N+1)K,\ T)",
            "holds",
            "proof + exact",
            "of the methods as defined",
            proved=True,
        )
    }
    domain = {
        "steps": STEPS,
        "products": Parameter("N", whole=True, reach=5),
        "estimates": Parameter("K", low=Fraction(1), whole=True, reach=5),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """No more estimates than steps."""
        return {"K <= T": x["steps"] - x["estimates"]}

    def prepare(self, x: Instance) -> Instance:
        """K <= T."""
        return {**x, "estimates": min(x["estimates"], x["steps"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Counted and printed: one step, DrMAD, IFT(N, K), discounted, and the outer gradients of
        the last.
        """
        T, N, K = (int(x[key]) for key in ("steps", "products", "estimates"))
        if K > T:
            raise ZeroDivisionError("there is no state before the first step")
        loss = OuterLoss(Coupled.random([0.5, 1.0], 2, seed=0), GradientDescent(T, 0.5))
        found = [
            hypergradient(loss, [0.0, 0.0], method)
            for method in (OneStep(), DrMad(), Neumann(N, K), Discounted(0.99))
        ]
        counted = [*(run.jvps for run in found), found[-1].outer_gradients]
        return whole(counted), whole([1, 2 * T - 1, (N + 1) * K, T, T])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The published rows."""
        yield {"steps": 50, "products": 9, "estimates": 5}
        yield {"steps": 50, "products": 4, "estimates": 10}


def whole(counts: list[int]) -> Array:
    """Counts as fractions."""
    return np.array([Fraction(count) for count in counts], dtype=object)
