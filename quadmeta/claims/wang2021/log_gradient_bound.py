"""|G'(eta)| <= 4 L^3 / (c_min^2 mu (L - mu)), and the same with the factor that depends on c_min
under a 2T-th root.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.formulas import derivatives, spread, weight_at
from quadmeta.claims.reductions.steps import end_weights, extremes, power_mean, slopes, two_extremes
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, ENERGY, STEP_SIZE, STEPS, Instance, Values


class Wang2021LogGradientBound(Claim):
    """Bound of the meta-gradient of the log objective G = log F / T, uniform in eta and T, for a
    unit start.

    Printed: O(L^3 / (c_min^2 mu (L - mu))) with an unnamed constant, read here as 4; c_min^2 is
    the smaller of the two squared components of w_0 - w_* at the extreme eigenvalues. Repaired:
    |G'| <= 2L (L + mu)/(L - mu) (L / (c_min^2 mu))^(1/2T): it forgets c_min as T grows, and its
    limit is sup |G'|. Compared are 2T-th powers.

    Proof. |G'| <= 2 N(lambda)/N(a) by Hoelder, N(v) = (sum omega |v|^(2T))^(1/2T), q = 2T/(2T-1).
    From L - mu = L a_mu - mu a_L, Hoelder against the two extreme modes and
    (L^q + mu^q)^(1/q) <= L + mu: L - mu <= (L + mu) min(omega_mu, omega_L)^(-1/2T) N(a).
    N(lambda) <= L Omega^(1/2T), Omega <= L/2 for a unit start and
    min(omega_mu, omega_L) >= c_min^2 mu / 2. Printed: the root is of a number >= 1, and
    L + mu <= 2L.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 4"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    forms = {
        "printed": Form(
            r"|G'(\eta)| = O\Big(\frac{L^3}{c_{\min}^2\mu(L-\mu)}\Big)\quad(\eta\ge0),"
            r"\text{ read with the constant }4",
            "holds",
            "proof + exact",
            "loose: c_min enters only through a 2T-th root",
            proved=True,
        ),
        "stated": Form(
            r"|G'(\eta)| \le 2L\frac{L+\mu}{L-\mu}\Big(\frac L{c_{\min}^2\mu}\Big)^{1/2T}",
            "holds",
            "proof + exact",
            "sharp as T grows",
            proved=True,
        ),
    }
    domain = {"eigenvalues": EIGENVALUES, "energy": ENERGY, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Two distinct active eigenvalues and a unit start."""
        return {"kappa > 1": spread(x["eigenvalues"]), "|w_0 - w_*|^2 = 1": x["energy"].sum() - 1}

    def prepare(self, x: Instance) -> Instance:
        """Scaled to a unit start."""
        return {**x, "energy": tuple(c / sum(x["energy"]) for c in x["energy"])}

    def power(self, x: Values, form: str) -> int:
        """2T as repaired."""
        if form == "stated":
            return 2 * int(x["steps"])
        return 1

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|G'| and its bound, both to the power 2T as repaired."""
        lam = x["eigenvalues"]
        energy = x["energy"]
        T = x["steps"]
        mu = lam.min()
        L = lam.max()
        least = min(weight_at(lam, energy, end) for end in (mu, L))
        loss, slope, _ = derivatives(lam, lam * energy / 2, x["eta"], T)
        if form == "printed":
            return abs(slope / loss / T), 4 * L**3 / (least * mu * (L - mu))
        return (slope / loss / T) ** (2 * T), (2 * L * (L + mu) / (L - mu)) ** (2 * T) * L / (
            least * mu
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A tiny end component; a large T just right of 2/(L + mu); close eigenvalues."""
        half = Fraction(1, 2)
        T = 100
        yield {
            "eigenvalues": (1, 2),
            "energy": (1 - Fraction(1, 10**6), Fraction(1, 10**6)),
            "eta": 1,
            "steps": 1,
        }
        yield {
            "eigenvalues": (1, 3),
            "energy": (half, half),
            "eta": half + Fraction(4, 3 * T),
            "steps": T,
        }
        yield {"eigenvalues": (1, "11/10"), "energy": (half, half), "eta": "96/100", "steps": 3}

    def boxes(self, form: str) -> Iterable[Box]:
        """Repaired: the two steps of the proof, each of which leaves at least its own slack.

        Printed, L = 1, K = c_min^2 mu (1 - mu): sum
        lambda c^2 (2 a^m - K lambda |a|^(m-1)) >= c_min^2 mu
        (a_mu^m + a_L^m) - max_a (K a^(m-1) - a^m), where the maximum is K^m ((m-1)/m)^(m-1) / m,
        and c_min^2 <= 1/2.
        """

        def omega(x: Instance) -> list[Fraction]:
            return [v * c / 2 for v, c in zip(x["eigenvalues"], x["energy"], strict=True)]

        def weights(x: Instance) -> tuple[Any, Any]:
            return sum(omega(x)), min(end_weights(x["eigenvalues"], omega(x)))

        if form == "printed":
            yield from map(_loose, (1, 2, 3))
        else:
            yield from (
                power_mean(T, lambda x: slopes(x["eigenvalues"], omega(x), x)) for T in (2, 3)
            )
            yield from (two_extremes(T, 0, weights) for T in (1, 2, 3))


def _loose(T: int) -> Box:
    m = 2 * T

    def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
        mu = x["mu"]
        s = x["s"]
        return (s + mu * (1 - s)) ** m * (Fraction(m - 1, 2 * m) * mu) ** (m - 1), m * (
            s**m + (1 - s) ** m
        )

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] != T:
            return []
        L, point = extremes(x)
        mu = point["mu"]
        s = point["s"]
        eta = x["eta"]
        F = sum(
            v / L * c * (1 - eta * v) ** m
            for v, c in zip(x["eigenvalues"], x["energy"], strict=True)
        )
        return [Reduced(point, 2 * L * (1 - mu) ** (m - 1) / (F * m * (s + mu * (1 - s)) ** m))]

    return Box(
        {"mu": (0, 1), "s": (0, 1)},
        sides,
        f"T = {T}, any d: L = 1, c_min^2 = 1/2, modes mu and L, "
        "1/eta = s + mu (1 - s); outside [1/L, 1/mu] the nearer end is worse",
        reduce,
    )
