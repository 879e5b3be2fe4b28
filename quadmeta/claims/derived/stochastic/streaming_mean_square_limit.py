"""For which step sizes streaming SGD on Gaussian features is stable in mean square."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.sgd import definite, expectation, strain, streamed, times, transition
from quadmeta.problems.streaming_gaussian import StreamingGaussian
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    Instance,
    Parameter,
    Values,
)


class DerivedStreamingMeanSquareLimit(Claim):
    """e' = (I - eta xx') e, x ~ N(0, S): v_i = E e_i^2 obeys v' = A v, A = diag(1 - 2x + 2x^2) + x
    x', x = eta lambda.

    Its spectral radius is < 1 iff eta lambda_max < 1 and B(eta) = sum_i x_i / (2 (1 - x_i)) < 1,
    and the limit eta_ms lies between 2/(tr S + 2 lambda_max) and 2/(tr S + 2 tr S^2/tr S), which
    are equal for S = lambda I.

    Sides: whether 0 < A < I, and it is not, next to the condition; B at the lower bound and 1, 1
    and B at the upper one; sum E e_i'^2 by Gaussian moments over sum (A v)_i and E f(w_T) over
    lambda'A^T v/2, and their inverses.

    Proof. A is positive definite, since 1 - 2x + 2x^2 = (1 - x)^2 + x^2, so the radius is < 1 iff
    I - A = diag(2x (1 - x)) - x x' > 0. A negative or zero 2x_i (1 - x_i) excludes that; otherwise
    1 > sum x_i^2 / (2x_i (1 - x_i)) decides. B increases. Low: 1 - x_i >= 1 - x_max. High: Jensen
    for t/(1 - t) with weights lambda; there x_max < 1, as 2/(u + 2/u) <= 1/sqrt(2) with u = tr
    S/lambda_max.
    """

    reference = "derived"
    strength = "tight"
    draws = 100
    forms = {
        "stated": Form(
            r"\rho(\mathsf A)<1\iff\eta\lambda_{\max}<1,\ \mathcal B(\eta)<1;\quad\tfrac2{"
            r"\mathrm{tr}S+2\lambda_{\max}}\le\eta_{\rm ms}\le\tfrac2{\mathrm{tr}S+2\mathrm{tr}S^2/"
            r"\mathrm{tr}S}",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": Parameter("e_i", open=True, axis="d"),
        "eta": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A step."""
        return {"eta > 0": x["eta"]}

    def prepare(self, x: Instance) -> Instance:
        """Every third instance at the limit: x_i = 2y_i/(1 + 2y_i) for y = lambda / sum lambda, so
        that B = 1.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        if (
            x["steps"] % 3
            or eta == 0
            or (eta * max(lam) < 1 and strain(np.array(lam, dtype=object), eta) == 1)
        ):
            return x
        shares = [v / sum(lam) for v in lam]
        return {**x, "eigenvalues": tuple(2 * y / (1 + 2 * y) / eta for y in shares)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Definiteness, the bracket, moments; the condition, 1, the recursion."""
        lam = x["eigenvalues"]
        e = x["error"]
        eta = x["eta"]
        T = x["steps"]
        A = transition(lam, eta)
        v = e * e
        one = lam[0] / lam[0]
        stable = definite(A)[0] and definite(np.diag(one + 0 * lam) - A)[0]
        allowed = bool(eta * lam.max() < 1 and strain(lam, eta) < 1)
        trace = lam.sum()
        low, high = (
            strain(lam, 2 / (trace + 2 * extra)) for extra in (lam.max(), (lam**2).sum() / trace)
        )
        drawn = (
            sum(expectation(times(f, f), [*lam, one]) for f in streamed(e, eta, 0 * eta))
            / (A @ v).sum()
        )
        run = StreamingGaussian.from_spectrum(lam, e).recursion(T, eta)
        for _ in range(T):
            v = A @ v
        run = 2 * run / (lam @ v)
        return (
            np.array(
                [int(stable), int(not stable), low, one, drawn, 1 / drawn, run, 1 / run],
                dtype=object,
            ),
            np.array([int(allowed), int(not allowed), one, high, one, one, one, one], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Around the limit 1/(2 lambda) of two equal eigenvalues; between the bounds; beyond
        1/lambda_max.
        """
        for eta in ("49/100", "51/100"):
            yield {"eigenvalues": (1, 1), "error": (1, 2), "eta": eta, "steps": 3}
        for eta in ("1/3", "2/5", "3/2"):
            yield {"eigenvalues": (1, 2), "error": (1, 1), "eta": eta, "steps": 2}

    def boxes(self, form: str) -> Iterable[Box]:
        """Both ends of the bracket, scaled to lambda_max = 1; t = tr S, s = tr S^2.

        High: t (B - 1)/2 = sum_(i<j) q_i q_j (q_i - q_j)(1/D_i - 1/D_j), D_i = t^2 + 2s - 2t q_i:
        a sum of squares.
        """

        def low(q: list[Any]) -> tuple[Any, Any]:
            return sum(v / (sum(q) + 2 - 2 * v) for v in q), 1

        def high(q: list[Any]) -> tuple[Any, Any]:
            D = [
                a**2 + 2 * (b**2 + c**2) + (b + c) ** 2
                for a, b, c in (q, q[1:] + q[:1], q[2:] + q[:2])
            ]
            return 0, sum(
                q[i] * q[j] * (q[i] - q[j]) * (1 / D[i] - 1 / D[j])
                for i, j in ((0, 1), (0, 2), (1, 2))
            )

        def box(sides: Any, component: int) -> Box:
            def reduce(x: Instance) -> list[Reduced]:
                first, *rest = sorted(x["eigenvalues"])[::-1]
                # q_2 is the one that is farther from 0 and 1
                q = [*sorted((v / first for v in rest), key=lambda v: abs(2 * v - 1)), Fraction(0)]
                if len(rest) not in (1, 2) or abs(8 * q[0] - 4) > 3:
                    return []
                if component == 2:
                    scale = Fraction(1)
                else:
                    scale = 2 / (1 + q[0] + q[1])
                return [Reduced({"q_2": q[0], "q_3": q[1]}, scale, component)]

            return Box(
                {"q_2": ("1/8", "7/8"), "q_3": (0, 1)},
                lambda x: sides([1, x["q_2"], x["q_3"]]),
                "d <= 3, eigenvalues 1, q_2, q_3; equal if all that are not 0 are 1",
                reduce,
            )

        yield from (box(low, 2), box(high, 3))
