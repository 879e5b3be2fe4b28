"""The tight bound of the bias of the discounted hypergradient on quadratic losses."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.discount import QUADRATIC, Quadratic, direction, placed, scales
from quadmeta.claims.reductions.angles import aligned, filtered
from quadmeta.claims.reductions.discount import ends, rising
from quadmeta.theory.discount import bias_bound_quadratic, transient
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedDiscountBound(Claim):
    """Quadratic losses, J = -C' constant, eta <= 1/L, gamma in
    [a_L, a_mu]: ||ghat - g|| <= ``bias_bound_quadratic``.

    Its two parts are each attained: the gradient part at R = 0 by g_T along the eigenvector of mu
    (gamma = a_L) or L (gamma = a_mu), the transient part where s(a) is largest. Together it is
    tight within 1/sqrt 2 (``tightness``).

    Proof. With A = I - eta H, ghat - g = eta C'
    {(S_T(gamma) - S_T(A)) g_T + H_2 s(A) (w_0 - w_*)}, s(a) = sum_{0<k<T} gamma^k (a^(T-k) - a^T).
    Take norms; S_T increases on [0, 1), so that |S_T(gamma) - S_T(a)| is largest at an end, and
    s >= 0 has one maximum, as s'(a)/a^(T-1) = sum gamma^k ((T - k) a^-k - T) decreases.
    """

    reference = "derived; Yakovlev et al. 2023, theorem on the bias, with equality"
    strength = "tight"
    forms = {
        "stated": Form(
            r"\|\hat g-g\|\le\eta B\Big\{L_2R\max_{a\in[a_L,a_\mu]}\sum_{k=1}^{T-1}"
            r"\gamma^k(a^{T-k}-a^T)+\|g_T\|\max_{a\in[a_L,a_\mu]}|S_T(\gamma)-S_T(a)|\Big\}",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = QUADRATIC

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L; the order of the outer curvatures, and gamma between the contraction
        factors.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        return {
            "eta > 0": eta,
            "eta <= 1/L": 1 / max(lam) - eta,
            "mu_2 <= L_2": x["L2"] - x["mu2"],
            "gamma >= 1 - eta L": x["gamma"] - 1 + eta * max(lam),
            "gamma <= 1 - eta mu": 1 - eta * min(lam) - x["gamma"],
            "gamma < 1": 1 - x["gamma"],
        }

    def prepare(self, x: Instance) -> Instance:
        """Step size and discount moved into their ranges."""
        return placed(x)

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the squared bound, max s from above within 10^-6."""
        bias = Quadratic.of(x).bias()
        return bias @ bias, bias_bound_quadratic(scales(x), 20) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality: g_T along mu at gamma = a_L, along L at gamma = a_mu; both parts at once for
        L = mu; T = 1.
        """
        flat = {
            "eigenvalues": ("1/4", "3/4"),
            "cross": (2, 1),
            "error": (1, 0),
            "gradient": (1, 0),
            "outer": (1, 0),
            "R": 0,
            "G": 1,
            "L2": 1,
            "mu2": "1/2",
            "eta": 1,
            "gamma": "1/4",
            "steps": 4,
        }
        yield flat
        yield {**flat, "cross": (1, 2), "gradient": (1, 1), "gamma": "3/4"}
        yield {
            **flat,
            "eigenvalues": (2, 2),
            "cross": (1, 1),
            "R": 3,
            "G": 0,
            "eta": "1/5",
            "gamma": "3/5",
        }
        yield {**flat, "R": 3, "G": 2, "steps": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """S_T largest at the ends for the part of ||g_T||; |H_2 s(A) e| <= L_2 max s |e| for the
        part of R.

        With m = mu_2/L_2: |H_2 z|^2 = mu_2^2 |z|^2 + (L_2^2 - mu_2^2)(u'z)^2, u the eigenvector of
        L_2, z = s(A) e.
        """

        def start(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            s = transient(x["eta"] * x["eigenvalues"], x["gamma"], x["steps"])
            scale = (x["eta"] * max(abs(x["cross"])) * x["R"]) ** 2 * (x["L2"] ** 2 - x["mu2"] ** 2)
            return filtered(s, direction(x["outer"]), direction(x["error"]), scale)

        def last(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            g = x["eta"] * max(abs(x["cross"])) * x["G"] * direction(x["gradient"])
            a = 1 - x["eta"] * x["eigenvalues"]
            gamma = x["gamma"]
            T = x["steps"]
            return [
                point
                for v, size in zip(a, g, strict=True)
                for point in ends(v, min(a), max(a), gamma, T, size)
            ]

        yield aligned(start)
        yield from (rising(T, last) for T in (3, 5))
