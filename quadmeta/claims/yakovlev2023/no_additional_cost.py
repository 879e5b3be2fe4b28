"""The aggregate of T greedy hypergradients costs those T, which is T times one of them."""

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

    Printed: aggregation at no additional cost. Against one greedy hypergradient B_T g_T, which
    costs (0, 1, 1), this is false from T = 2 on. Repaired: nothing beyond the T greedy
    hypergradients themselves, so free for who takes one after each inner step anyway; (0, T, T).
    The T outer gradients are left out of the published column.

    Proof (repaired). s <- gamma s + B_t g_t for t = 1..T spends one B_t and one g_t in each step
    and no A_t.
    """

    reference = "Yakovlev et al. 2023, slide Method"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 6
    forms = {
        "reading": Form(
            r"\mathrm{cost}\Big(\sum_t\gamma^{T-t}B_tg_t\Big)=\mathrm{cost}(B_Tg_T)",
            "refuted",
            "exact",
            "T products and T outer gradients in place of one of each",
            fault="wording",
        ),
        "repaired": Form(
            r"\mathrm{cost}\Big(\sum_t\gamma^{T-t}B_tg_t\Big)=T\,\mathrm{cost}(B_Tg_T)",
            "holds",
            "proof + exact",
            "no cost beyond the T greedy hypergradients",
            proved=True,
        ),
    }
    domain = {"steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Counts of the aggregate, and of one greedy hypergradient, times T as repaired."""
        aggregate, greedy = spent(x["steps"], Discounted(0.99), OneStep())
        if form == "repaired":
            times = x["steps"]
        else:
            times = 1
        return np.array(aggregate, dtype=object), np.array(
            [times * count for count in greedy], dtype=object
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One step, and the published 50."""
        yield {"steps": 1}
        yield {"steps": 50}
