"""ES-Single is unbiased for a meta-loss that is quadratic, not for a quadratic inner problem."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.arithmetic.gaussian import gaussian_moment
from quadmeta.claims.families.evolution import (
    EVOLUTION,
    episode,
    estimate,
    expected,
    final,
    slope,
)
from quadmeta.claims.vicol2023 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Vicol2023Unbiased(Claim):
    """ "We show that ES-Single is unbiased for quadratic inner problems" (abstract): its mean
    against the derivative of the loss after T steps in the step size, whose inner problem is a
    quadratic.

    So read it is true at T = 1 and false from T = 2 on. What the proof of the paper needs is a
    meta-loss that is quadratic in its parameter. Repaired: for every T the mean is the derivative
    of the loss smoothed once, E F(eta + sigma xi), and for T = 1, a quadratic meta-loss, that is
    F'. Sides: the mean by expansion of the episode, at T and at T = 1; the derivatives.

    Proof (repaired). E xi F(eta + sigma xi) / sigma = E F'(eta + sigma xi) by parts; the odd part
    of a quadratic is linear, so that E xi^2 = 1 is all that counts.
    """

    reference = "Vicol, Kolter, Swersky 2023, abstract and Proposition 3.1"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 30
    forms = {
        "reading": Form(
            r"E\,\hat g_{\rm single}=F'(\eta)",
            "refuted",
            "exact",
            "the loss after T steps is a polynomial of degree 2T in the step size",
            fault="wording",
        ),
        "repaired": Form(
            r"E\,\hat g_{\rm single}=\tfrac{d}{d\eta}E\,F(\eta+\sigma\xi);\quad T=1:\ =F'(\eta)",
            "holds",
            "proof + exact",
            "for the smoothed loss, and where the meta-loss itself is quadratic",
            proved=True,
        ),
    }
    domain = EVOLUTION

    def prepare(self, x: Instance) -> Instance:
        """One or two windows of one or two steps."""
        sizes = {name: 1 + x[name] % 2 for name in ("window", "windows")}
        return {**x, **sizes}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The mean; the derivative of the loss, or of the smoothed one and that at T = 1."""
        mean = expected(estimate(final(episode(x)), persistent=False)) / x["sigma"]
        T = x["window"] * x["windows"]
        if form == "reading":
            return mean, slope(x, [T])
        one = {**x, "window": 1, "windows": 1}
        single = expected(estimate(episode(one), persistent=False)) / x["sigma"]
        total: Any = 0
        for lam, omega in zip(x["eigenvalues"], x["weights"], strict=True):
            moment = gaussian_moment(2 * T - 1, 1 - x["eta"] * lam, x["sigma"] * lam)
            total = total - 2 * T * omega * lam * moment
        return np.array([mean, single]), np.array([total, slope(x, [1])])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The smallest: one mode, two steps, eta = sigma = 1/2."""
        one = {"eigenvalues": (1,), "weights": (1,), "eta": "1/2", "sigma": "1/2"}
        yield {**one, "window": 1, "windows": 2}
        if form == "repaired":
            yield {**one, "window": 2, "windows": 2}
