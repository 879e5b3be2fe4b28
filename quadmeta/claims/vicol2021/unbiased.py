"""Persistent evolution strategies have no truncation bias, and a bias from smoothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.arithmetic.gaussian import gaussian_moment
from quadmeta.claims.families.evolution import (
    EVOLUTION,
    episode,
    estimate,
    expected,
    final,
    slope,
)
from quadmeta.claims.vicol2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Vicol2021Unbiased(Claim):
    """ "PES ... is unbiased" (abstract): the mean of the estimate, for the step size of gradient
    descent on a quadratic and the final loss of N windows of K steps, each perturbed anew.

    Read as unbiased for the derivative of the loss itself it is false from two windows on, and for
    one window of K >= 2: the perturbations smooth the loss. The paper means the loss that they
    smooth: repaired, the mean is the derivative of the mean loss, in which every window has a
    perturbation of its own,

        d/d eta sum_i omega_i M_2K(a_i)^N = -2K N sum_i omega_i lambda_i M_(2K-1) M_2K^(N-1),

    M_n = E (a_i + sigma lambda_i xi)^n, so that nothing is lost by truncation. Sides: the mean by
    expansion of the episode; the derivative.

    Proof (repaired). The estimate of L(xi_1 .. xi_N) is sum_m xi_m L / sigma, whose mean is sum_m
    E dL/d xi_m / sigma by parts: the derivative in a shift of all step sizes. The windows are
    independent: E prod A_m = prod E A_m.
    """

    reference = "Vicol, Metz, Sohl-Dickstein 2021, abstract"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 30
    forms = {
        "reading": Form(
            r"E\,\hat g_{\rm PES}=F'(\eta)",
            "refuted",
            "exact",
            "it is unbiased for the smoothed loss",
            fault="wording",
        ),
        "repaired": Form(
            r"E\,\hat g_{\rm PES}=\tfrac{d}{d\eta}\textstyle\sum_i\omega_iM_{2K}(a_i)^N",
            "holds",
            "proof + exact",
            "for the loss smoothed window by window",
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
        """The mean; the derivative of the loss, or of the smoothed one."""
        mean = expected(estimate(final(episode(x)), persistent=True)) / x["sigma"]
        K, N = x["window"], x["windows"]
        if form == "reading":
            return mean, slope(x, [K * N])
        total: Any = 0
        for lam, omega in zip(x["eigenvalues"], x["weights"], strict=True):
            a = 1 - x["eta"] * lam
            s = x["sigma"] * lam
            power = gaussian_moment(2 * K, a, s) ** (N - 1)
            total = total - 2 * K * N * omega * lam * gaussian_moment(2 * K - 1, a, s) * power
        return mean, total

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two windows of a step; one step, where the loss is quadratic."""
        plain = {"eigenvalues": (1, 3), "weights": (1, 1), "eta": "1/2", "sigma": "1/10"}
        yield {**plain, "window": 1, "windows": 2}
        if form == "repaired":
            yield {**plain, "window": 1, "windows": 1}
            yield {**plain, "window": 1, "windows": 3}
