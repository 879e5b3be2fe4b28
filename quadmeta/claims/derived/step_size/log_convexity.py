"""G = log F / T is not convex, not even below 2/L; its monotone transform R = F^(1/2T) is."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.formulas import TWO_STEP_SIZES, derivatives, spread
from quadmeta.claims.reductions.steps import Law, power_mean
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class DerivedLogConvexity(Claim):
    """A conjecture of ours, which the paper itself denies: that the log objective, which has one
    minimiser, is convex on the stable step sizes [0, 2/L].

    Conjectured: F(middle)^2 <= F(left) F(right) for middle = (left + right)/2, which is midpoint
    convexity of log F. False; for large eta it fails whatever the problem, since G'' ~ -2/eta^2.
    Repaired: the root objective R is convex. With h = right - left its tangent inequality, to the
    power 2T, is max(0, 2T F(left) + h F'(left))^(2T) <= (2T)^(2T) F(left)^(2T-1) F(right).

    Proof (repaired). R(eta) is the weighted l_2T norm of the vector (1 - eta lambda_i)_i, affine
    in eta, hence convex: R(right) >= R(left) + h R'(left), R' = R F' / (2T F); the 2T-th power of
    the positive part, times (2T F)^(2T) / F.
    """

    reference = "derived; Wang, Yuan, Wu, Ge 2021, Theorem 4 claims one minimiser, not convexity"
    strength = "ordering"
    forms = {
        "conjectured": Form(
            r"G\big(\tfrac{\eta_1+\eta_2}2\big)\le\tfrac12(G(\eta_1)+G(\eta_2))"
            r"\quad(0\le\eta_1<\eta_2\le2/L)",
            "refuted",
            "exact",
            "log F is concave where one mode dominates",
        ),
        "repaired": Form(
            r"\mathcal R=F^{1/2T}:\ \mathcal R(\eta_2)\ge\mathcal R(\eta_1)+(\eta_2-\eta_1)"
            r"\mathcal R'(\eta_1)",
            "holds",
            "proof + exact",
            "the root instead of the logarithm",
            proved=True,
            attained=True,
        ),
    }
    domain = TWO_STEP_SIZES

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """left < right <= 2/L and kappa > 1, so that G is finite; as repaired only F(left) > 0."""
        lam = x["eigenvalues"]
        if form == "repaired":
            return {
                "F(left) > 0": derivatives(lam, x["weights"], x["left"], x["steps"])[0],
                "left < right": x["right"] - x["left"],
            }
        return {
            "kappa > 1": spread(lam),
            "left < right": x["right"] - x["left"],
            "right <= 2/L": 2 / lam.max() - x["right"],
        }

    def power(self, x: Values, form: str) -> int:
        """Twice T G as conjectured, 2T as repaired."""
        if form == "conjectured":
            return 2
        return 2 * int(x["steps"])

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Squared value in the middle and product of the ends; as repaired, tangent and value to
        the power 2T.
        """
        lam, omega, left, right, T = (
            x[key] for key in ("eigenvalues", "weights", "left", "right", "steps")
        )
        first, slope, _ = derivatives(lam, omega, left, T)
        last, _, _ = derivatives(lam, omega, right, T)
        if form == "conjectured":
            return derivatives(lam, omega, (left + right) / 2, T)[0] ** 2, first * last
        tangent = 2 * T * first + (right - left) * slope
        return max(tangent, tangent * 0) ** (2 * T), (2 * T) ** (2 * T) * first ** (
            2 * T - 1
        ) * last

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """The kink of two modes at a large T; as repaired also equality, one mode on one side of
        its zero.
        """
        yield {
            "eigenvalues": (1, 10),
            "weights": ("1/4", "5/2"),
            "left": "1/20",
            "right": "3/20",
            "steps": 20,
        }
        if form == "repaired":
            yield {"eigenvalues": (1,), "weights": (3,), "left": 2, "right": 5, "steps": 3}

    def boxes(self, form: str) -> Iterable[Box]:
        """As repaired: 2T F(left) + h F'(left) = 2T sum omega a^(2T-1) b,
        a = a(left), b = a(right).
        """

        def laws(x: Instance) -> Iterable[Law]:
            m = 2 * x["steps"]
            modes = zip(x["eigenvalues"], x["weights"], strict=True)
            active = [
                (1 - x["left"] * v, 1 - x["right"] * v, c) for v, c in modes if x["left"] * v != 1
            ]
            weights = [c * a**m for a, _, c in active]
            yield weights, [b / a for a, b, _ in active], (m * sum(weights)) ** m, 0

        if form == "repaired":
            yield from (power_mean(T, laws) for T in (2, 3, 5))
