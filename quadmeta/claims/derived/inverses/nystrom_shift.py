"""An inverse of low rank with a small shift is worse than none."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY, reflection
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, Instance, Parameter, Values


class DerivedNystromShift(Claim):
    """H x = v, and x' = (H_k + delta)^-1 v, where H_k keeps the k largest eigenvalues of H: what
    Nystrom's method makes of an ideal sketch.

    The abstract of Hataya and Yamada (2023) says that it "avoids numerical instability", unlike
    conjugate gradients and Neumann's series; their text is not at hand, and is not judged here.
    Conjectured: whatever the shift delta > 0, x' is no worse than 0, |x' - x| <= |x|. Repaired:

        |x' - x| <= max(delta/(lambda_k + delta), |1 - lambda_(k+1)/delta|, |1 - mu/delta|) |x|,

    attained; below 1 iff delta > lambda_(k+1)/2. The tail sees one step of size 1/delta, which
    overshoots by lambda/delta where delta is small: a shift has a least value as a step size has a
    largest. Its best is (lambda_(k+1) + mu)/2 for the tail.

    Proof (repaired). In the eigenbasis x'_i = lambda_i x_i/(lambda_i + delta) for i <= k, and
    lambda_i x_i/delta below: x_i - x'_i is delta/(lambda_i + delta) x_i, which is largest at
    lambda_k, and (1 - lambda_i/delta) x_i, whose size is largest at an end of [mu, lambda_(k+1)].
    """

    reference = "derived; on Nystrom's method for hypergradients, Hataya, Yamada 2023"
    strength = "tight"
    draws = 80
    forms = {
        "conjectured": Form(
            r"\|(H_k+\delta)^{-1}v-H^{-1}v\|\le\|H^{-1}v\|\quad\forall\delta>0",
            "refuted",
            "exact",
            "a small shift overshoots below the rank",
        ),
        "repaired": Form(
            r"\|(H_k+\delta)^{-1}v-H^{-1}v\|\le\max\big(\tfrac\delta{\lambda_k+\delta},"
            r"|1-\tfrac{\lambda_{k+1}}\delta|,|1-\tfrac\mu\delta|\big)\|H^{-1}v\|",
            "holds",
            "proof + exact",
            "with the shift in the bound",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "rank": Parameter("k", low=Fraction(1), whole=True, reach=3),
        "shift": Parameter(r"\delta", open=True, reach=4),
        "turn": ANY,
        "outer": Parameter("v", low=None, axis="d", reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The eigenvalues that are kept are the largest, and some are not."""
        top, rest = _parts(x)
        left = {"k < d": len(rest) - Fraction(1, 2)}
        if len(rest):
            return left | {"lambda_k >= lambda_(k+1)": min(top) - max(rest)}
        return left

    def prepare(self, x: Instance) -> Instance:
        """Descending, and a rank below the dimension."""
        lam = tuple(sorted(x["eigenvalues"], reverse=True))
        return {**x, "eigenvalues": lam, "rank": 1 + (x["rank"] - 1) % max(1, len(lam) - 1)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|x' - x|^2; |x|^2, as repaired times the square of the largest factor."""
        lam = x["eigenvalues"]
        delta = x["shift"]
        top, rest = _parts(x)
        modes = reflection(x["turn"]) @ x["outer"]
        inverse = np.array([*(1 / (top + delta)), *(1 / delta + 0 * rest)])
        exact = modes / lam
        off = modes * inverse - exact
        if form == "conjectured":
            return off @ off, exact @ exact
        overshoots = [abs(1 - v / delta) for v in (max(rest), min(rest))]
        largest = max([*overshoots, delta / (min(top) + delta)])
        return off @ off, largest**2 * (exact @ exact)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A tail of 1 and a shift of 1/10; the best shift of a tail, and one that the top sees."""
        plane = {"eigenvalues": (2, 1), "rank": 1, "turn": (0, 0), "outer": (0, 1)}
        yield {**plane, "shift": "1/10"}
        if form == "repaired":
            yield {**plane, "eigenvalues": (3, 2, 1), "turn": (0,) * 3, "outer": (0, 1, 1),
                   "shift": "3/2"}  # fmt: skip
            yield {**plane, "outer": (1, 0), "shift": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A sketch that keeps the smaller one: the largest of the others is another one then."""
        return ()


def _parts(x: Values) -> tuple[Any, Any]:
    """(the k first eigenvalues, the others)."""
    return x["eigenvalues"][: x["rank"]], x["eigenvalues"][x["rank"] :]
