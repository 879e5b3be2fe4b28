"""Aggregating T greedy hypergradients costs nothing beyond those T."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.discount import spent
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.estimators import Discounted, OneStep
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEPS, Values


class Yakovlev2023NoAdditionalCost(Claim):
    """(products with A_t, products with B_t, outer gradients) of the discounted sum, counted by
    the tape it runs on.

    The sentence: the method aggregates greedy hypergradients without additional cost. Our reading,
    with the baseline of all rows on the cost of these slides, one greedy hypergradient B_t g_t
    after each of T inner steps: the sum costs those T and nothing more, (0, T, T). Against the last
    of them alone, which costs (0, 1, 1) and is the published 1 of truncated back-propagation, it
    costs T times as much. The T outer gradients are left out of the published column.

    Proof. s <- gamma s + B_t g_t for t = 1..T spends one B_t and one g_t in each step and no A_t;
    the T greedy hypergradients spend the same.
    """

    reference = "Yakovlev et al. 2023, slide Method"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 6
    forms = {
        "reading": Form(
            r"\mathrm{cost}\Big(\sum_t\gamma^{T-t}B_tg_t\Big)=T\,\mathrm{cost}(B_Tg_T)",
            "holds",
            "proof + exact",
            "nothing beyond the T greedy hypergradients, which are T times one of them",
            proved=True,
        )
    }
    domain = {"steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Counts of the aggregate, and T times those of one greedy hypergradient."""
        aggregate, greedy = spent(x["steps"], Discounted(0.99), OneStep())
        return np.array(aggregate, dtype=object), np.array(
            [x["steps"] * count for count in greedy], dtype=object
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One step, and the published 50."""
        yield {"steps": 1}
        yield {"steps": 50}
