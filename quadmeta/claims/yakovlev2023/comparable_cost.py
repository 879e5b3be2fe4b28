"""The discounted sum costs what DrMAD costs, and what one-step hypergradients at all steps do."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.discount import spent
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.estimators import Discounted, DrMad, Neumann, OneStep
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class Yakovlev2023ComparableCost(Claim):
    """Costs of the compared methods for T = (N + 1) K, where IFT(N, K) spends as many products as
    the discounted sum.

    The sentence: the method has a comparable cost. Our reading, with the baseline of all rows on
    the cost of these slides, one greedy hypergradient after each of T inner steps, and with outer
    gradients counted like products: it costs as much as those T one-step hypergradients, as much
    as DrMAD, and 2(N + 1)/(N + 2) < 2 times IFT(N, K). Against a single one-step hypergradient,
    the published 1 product, it costs T times as much; that is not comparable, and the table says so
    itself.

    Proof. 2T against T times 2, against (2T - 1) + 1, and against (N + 2) K with T = (N + 1) K.
    """

    reference = "Yakovlev et al. 2023, remark on cost"
    source = SOURCE
    standing = "sentence"
    strength = "ordering"
    draws = 10
    forms = {
        "reading": Form(
            r"\mathrm{cost}_\gamma\le\big(T\,\mathrm{cost}_{\text{one step}},\ \mathrm{cost}_{\text"
            r"{DrMAD}},\ \tfrac{2(N+1)}{N+2}\mathrm{cost}_{\mathrm{IFT}(N,K)}\big)",
            "holds",
            "proof + exact",
            "in T inner steps, with outer gradients, and with equality",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "products": Parameter("N", whole=True, reach=4),
        "estimates": Parameter("K", low=Fraction(1), whole=True, reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond T = (N + 1) K."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The cost of the discounted sum three times, and the multiples of the three costs."""
        N = x["products"]
        K = x["estimates"]
        T = (N + 1) * K
        runs = spent(T, Discounted(0.99), OneStep(), DrMad(), Neumann(N, K))
        own, *others = map(sum, runs)
        times = (T, 1, Fraction(2 * N + 2, N + 2))
        scaled = np.array([k * count for k, count in zip(times, others, strict=True)], dtype=object)
        return np.array([own] * 3, dtype=object), scaled

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The published rows."""
        yield {"products": 9, "estimates": 5}
        yield {"products": 4, "estimates": 10}
