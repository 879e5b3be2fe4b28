"""Read as w_0 -> w_* at a fixed number of steps, the hypergradient is not asymptotically exact
either.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.arithmetic.powers import divided_difference, geometric_sum
from quadmeta.claims.families.discount import QUADRATIC, TWO_MODES, Quadratic, placed
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.claims.yakovlev2023.asymptotic import assumed, settled
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023AsymptoticWarmStart(Claim):
    """Another reading of the theorem on the limit, "as the number of the inner epoch grows":
    epochs of T steps that start where the last one ended, so that ||w_0 - w_*|| -> 0 at fixed T.
    yakovlev2023_asymptotic has T -> infinity; both at once have its limit.

    The reading: the bias at w_0 = w_* is 0. False for T >= 2. Repaired: the bias is linear in
    w_0 - w_* about a constant. For injective J this constant is 0 iff S_T(1 - eta lambda) =
    S_T(gamma) for each lambda that carries g_*: always at T = 1, and for T >= 2 where gamma = 1 -
    eta lambda, which is the only such lambda below 2/eta. At an odd T >= 3 there is one more at or
    above 2/eta (eta = 1, gamma = 1/2, T = 3: 1/2 and 5/2). A third reading, alpha near an outer
    stationary point: with injective J and no direct term g_* -> 0, and the bias with it, but not
    the relative bias.

    Proof (repaired). With A constant, ghat = eta C'
    {S_T(gamma) g_* + H_2 A D_T(gamma, A)(w_0 - w_*)} and
    g = eta C' S_T(A) (g_* + H_2 A^T (w_0 - w_*)). For a < 1, S_T'(a) has the sign of
    q = 1 - T a^(T-1) + (T - 1) a^T, which is positive on [0, 1), and for even T on a < 0 as well,
    so that there S_T is injective. For odd T >= 3 q has one zero below 0, before which S_T falls
    and after which it rises; since S_T(-1) = S_T(0) = 1 <= S_T(gamma), the second solution is at
    a <= -1.
    """

    reference = "Yakovlev et al. 2023, theorem on the limit"
    source = SOURCE
    standing = "theorem"
    strength = "identity"
    draws = 60
    forms = {
        "reading": Form(
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
        """As repaired none but eta > 0; as read those of the slides, eta <= 1/L and w_0 = w_*."""
        if form == "repaired":
            return {"eta > 0": x["eta"]}
        return {**assumed(x), "R = 0": x["R"]}

    def prepare(self, x: Instance) -> Instance:
        """Into the ranges of the theorem and w_0 = w_* at an even T."""
        if x["steps"] % 2:
            return x
        return placed(settled(x))

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The bias by loops, and 0 or constant + slope."""
        p = Quadratic.of(x)
        if form == "reading":
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
