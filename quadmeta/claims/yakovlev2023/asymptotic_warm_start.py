"""Read as w_0 -> w_* at a fixed number of steps, the hypergradient is not asymptotically exact
either.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.arithmetic.powers import divided_difference, geometric_sum
from quadmeta.claims.families.discount import QUADRATIC, TWO_MODES, Quadratic, placed
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023AsymptoticWarmStart(Claim):
    """The draft's reading of "as the epoch number grows": ||w_0 - w_*|| -> 0 over outer epochs
    with warm starts, at fixed T. yakovlev2023_asymptotic has T -> infinity; both at once have its
    limit.

    Printed: the bias at w_0 = w_* is 0. Repaired: it is linear in w_0 - w_* about a constant that
    is 0 at T = 1, and for T >= 2 only where gamma = 1 - eta lambda for each lambda that carries
    g_* (J injective). A third reading, alpha near an outer stationary point: with injective J and
    no direct term g_* -> 0, and the bias with it, but not the relative bias.

    Proof (repaired). With A constant, ghat = eta C'
    {S_T(gamma) g_* + H_2 A D_T(gamma, A)(w_0 - w_*)} and
    g = eta C' S_T(A) (g_* + H_2 A^T (w_0 - w_*)). S_T is injective on [0, 1) for T >= 2.
    """

    reference = "Yakovlev et al. 2023, draft, the limit"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 60
    forms = {
        "conjectured": Form(
            r"\hat g-g\to0\quad(w_0\to w_*,\ T\text{ fixed})",
            "refuted",
            "exact",
            "at w_0 = w_* a multiple of one product with J stands for T of them",
            fault="false",
        ),
        "repaired": Form(
            r"\hat g-g=\eta "
            r"C^\top\big\{(S_T(\gamma)I-S_T(A))g_*+[H_2AD_T(\gamma,A)-S_T(A)H_2A^T](w_0-"
            r"w_*)\big\}",
            "holds",
            "proof + exact",
            "the constant and the slope",
            proved=True,
        ),
    }
    domain = QUADRATIC

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As repaired none but eta > 0; as printed those of the bias theorem, J injective and
        w_0 = w_*.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        gamma = x["gamma"]
        if form == "repaired":
            return {"eta > 0": eta}
        return {
            "eta > 0": eta,
            "eta <= 1/L": 1 / max(lam) - eta,
            "gamma < 1": 1 - gamma,
            "1 - eta L <= gamma <= 1 - eta mu": min(
                gamma - 1 + eta * max(lam), 1 - eta * min(lam) - gamma
            ),
            "mu <= mu_2 <= L_2 <= L": min(
                x["mu2"] - min(lam), x["L2"] - x["mu2"], max(lam) - x["L2"]
            ),
            "c_i != 0": min(abs(x["cross"])),
            "R = 0": x["R"],
        }

    def prepare(self, x: Instance) -> Instance:
        """Into the ranges of the theorem and w_0 = w_* at an even T."""
        if x["steps"] % 2:
            return x
        low = min(x["eigenvalues"])
        high = max(x["eigenvalues"])
        top = min(max(x["L2"], low), high)
        return placed({**x, "L2": top, "mu2": max(x["mu2"], low), "R": 0 * x["R"]})

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The bias by loops, and 0 or constant + slope."""
        p = Quadratic.of(x)
        if form == "conjectured":
            return p.bias(), 0 * p.gradient
        a = p.a
        T = p.T
        sums = geometric_sum(p.a, p.T)
        end = p.H2 @ (a**T * p.error)
        slope = p.H2 @ (a * divided_difference(p.gamma + 0 * a, a, T) * p.error) - sums * end
        return p.bias(), p.eta * p.C * (
            (geometric_sum(p.gamma, T) - sums) * (p.gradient - end) + slope
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two steps from w_*."""
        base = {
            **TWO_MODES,
            "gamma": "3/4",
            "steps": 2,
        }
        yield base
        if form == "repaired":
            yield {**base, "R": 2, "mu2": "1/2", "outer": (1, 2), "error": (1, 3), "steps": 5}
