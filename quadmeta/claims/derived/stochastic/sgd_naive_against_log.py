"""Streaming SGD: a noisy loss has a floor that no logarithm removes, a noise-free one explodes
past the limit.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.sgd import strain, transition
from quadmeta.problems.streaming_gaussian import StreamingGaussian
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEPS, Instance, Parameter, Values


class DerivedSgdNaiveAgainstLog(Claim):
    """F = E f(w_T) - sigma^2/2, x = eta lambda, B = sum_i x_i/(2 (1 - x_i)), J = sigma^2 B/(1 - B).

    With y_i = eta/(2 (1 - x_i)), m = min 2x_i (1 - x_i), |v| = max
    |v_i|/y_i, |A'| = max (abs(A') y)_i/y_i, and v_i = E e_i^2 with limit v_*; a prime is d/d eta.
    B < 1, eta lambda_max < 1, r = 1 - m (1 - B) < 1: |F - J/2| <= r^T B |v_0 - v_*|/2 and
    |F' - J'/2| <= B (r^T |v_*'| + T r^(T-1) |A'| |v_0 - v_*|)/2. For sigma > 0 the naive gradient
    tends to J'/2 > 0 without vanishing, and G' = F'/(TF) to 0 like J'/(J T). B > 1, eta
    lambda_max < 1: F >= (1 + m (B - 1))^T B min(v_0,i/y_i)/2; eta lambda_max >= 1: F >= sum_i
    lambda_i v_0,i (1 - 2x_i + 3x_i^2)^T/2. The naive loss explodes, as for gradient descent past
    2/L. Sides: the bounds of the regime; 0 and 0 for what the other one says.

    Proof. v' = A v + eta^2 sigma^2 lambda with A >= 0 entrywise, and
    (A y)_i = y_i (1 + 2x_i (1 - x_i)(B - 1)), lambda'y = B: so A y <= r y for B < 1, and A
    y >= (1 + m (B - 1)) y for B > 1. v_* = sigma^2 y/(1 - B) is the fixed point, v - v_* decays by
    A, and v_T' - v_*' = -A^T v_*' + sum_k A^(T-1-k) A' A^k (v_0 - v_*). A >= diag(1 - 2x + 3x^2).
    """

    reference = "derived"
    strength = "tight"
    draws = 100
    forms = {
        "stated": Form(
            r"\eta\lambda_{\max}<1,\ \mathcal B<1:\ F\to\tfrac12J,\ F'\to\tfrac12J',\ "
            r"\sigma>0:\ TG'\to J'/J;\quad\eta\lambda_{\max}<1<\mathcal B:\ "
            r"F\ge\tfrac12(1+m(\mathcal B-1))^T\mathcal B\min_i\tfrac{v_{0,i}}{y_i}\to\infty;"
            r"\quad\eta\lambda_{\max}\ge1:\ F\to\infty",
            "holds",
            "proof + exact",
            "with explicit geometric rates",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "spectrum": EIGENVALUES,
        "error": Parameter("e_i", open=True, axis="d"),
        "scaled": Parameter(r"\eta\lambda_{\max}", open=True, reach=2),
        "sigma": Parameter(r"\sigma", reach=3),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A step size off the limit, in units of 1/lambda_max."""
        lam = x["spectrum"]
        return {
            "B != 1": abs(1 - strain(lam, x["scaled"] / lam.max()))
            if x["scaled"] < 1
            else Fraction(1)
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|F - J/2|, |F' - J'/2| and the lower bound of F; their bounds and F."""
        lam, e, sigma, T = (x[name] for name in ("spectrum", "error", "sigma", "steps"))
        eta = x["scaled"] / lam.max()
        v = e * e
        problem = StreamingGaussian.from_spectrum(lam, e, sigma)
        zero = 0 * eta
        loss = problem.recursion(T, eta)
        a = 1 - eta * lam
        if x["scaled"] >= 1:
            least = (lam * v * (1 - 2 * eta * lam + 3 * (eta * lam) ** 2) ** T).sum() / 2
            return np.array([zero, zero, least]), np.array([zero, zero, loss])
        y = eta / (2 * a)
        B = strain(lam, eta)
        m = (2 * eta * lam * a).min()
        if B > 1:
            return np.array([zero, zero, (1 + m * (B - 1)) ** T * B * (v / y).min() / 2]), np.array(
                [zero, zero, loss]
            )
        rate = 1 - m * (1 - B)
        still = sigma**2 * y / (1 - B)
        A = transition(lam, eta)
        twist = np.diag(4 * eta * lam**2 - 2 * lam) + 2 * eta * np.outer(lam, lam)
        moved = solve(np.diag(1 + 0 * lam) - A, twist @ still + 2 * eta * sigma**2 * lam)
        gap = (abs(v - still) / y).max()
        drift = (abs(moved) / y).max()
        norm = (abs(twist) @ y / y).max()
        slope = problem.recursion(T, eta, order=1)
        return (
            np.array([abs(loss - lam @ still / 2), abs(slope - lam @ moved / 2), zero]),
            np.array(
                [
                    rate**T * B * gap / 2,
                    B * (rate**T * drift + T * rate ** (T - 1) * norm * gap) / 2,
                    loss,
                ]
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality in one dimension: below the limit without noise, in the steady state, beyond;
        in two.
        """
        one = {"spectrum": (1,), "error": (1,), "steps": 3}
        yield {**one, "scaled": "1/2", "sigma": 0}
        yield {**one, "scaled": "1/2", "sigma": 1}
        yield {**one, "scaled": "3/4", "sigma": 0}
        yield {**one, "scaled": "3/2", "sigma": 0}
        yield {"spectrum": (1, 2), "error": (1, 1), "scaled": "2/5", "sigma": 2, "steps": 20}

    def boxes(self, form: str) -> Iterable[Box]:
        """F against its bound at d = 2, x_1 = q x_2: A^T y <= r^T y for B < 1, A^T y >= (1 + m (B
        - 1))^T y for B > 1.

        (r - A) y is 0 for the mode of m, and (1 - B)(2x (1 - x) - m) y for the other: x_2 below
        1/2, x_1 above, where x_1 + x_2 > 1. The difference of the sums x'A^k y at T is at least
        r^(T-1) times that of one step.
        """

        def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
            q = x["q"]
            v = x["x_2"]
            B = v / (2 * (1 - v)) + q * v / (2 * (1 - q * v))
            return 0, (1 - B) * v * ((1 - v) - q * (1 - q * v))

        def box(above: bool, ranges: Mapping[str, tuple[Any, Any]]) -> Box:
            def reduce(x: Instance) -> list[Reduced]:
                lam = x["spectrum"]
                eta = x["scaled"] / max(x["spectrum"])
                point = {"q": min(lam) / max(lam), "x_2": x["scaled"]}
                if len(lam) != 2 or any(
                    not low <= point[name] <= high for name, (low, high) in ranges.items()
                ):
                    return []
                y = [eta / (2 * (1 - eta * v)) for v in lam]
                B = sum(v * w for v, w in zip(lam, y, strict=True))
                if above:
                    still = 0
                else:
                    still = x["sigma"] ** 2 / (1 - B)
                starts = [e**2 / w - still for e, w in zip(x["error"], y, strict=True)]
                if above:
                    start = min(starts)
                else:
                    start = max(map(abs, starts))
                fast, slow = sorted((eta * v for v in lam), reverse=not above)
                rate = 1 - 2 * slow * (1 - slow) * (1 - B)
                scale = start / 2 * rate ** (x["steps"] - 1) * fast / (1 - fast)
                if scale > 0:
                    return [Reduced(point, scale, 2 if above else 0)]
                return []

            return Box(
                ranges,
                sides,
                f"d = 2, any T, v_0, sigma; B {'>' if above else '<'} 1: x_1 = q x_2, positive "
                "factors taken out; equal for q = 1",
                reduce,
            )

        unit = Fraction(1, 32)
        yield box(False, {"q": (0, 30 * unit), "x_2": (0, 16 * unit)})
        yield box(True, {"q": (18 * unit, 30 * unit), "x_2": (21 * unit, 30 * unit)})
