"""With momentum the loss after T steps is not quasi-convex in the step size, unlike gradient
descent.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.reductions.steps import Law, power_mean
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.optimizers.nesterov import Nesterov
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Instance,
    Parameter,
    Quantity,
    Values,
)


class DerivedHeavyBallNotQuasiconvex(Claim):
    """F(middle) <= max(F(left), F(right)) for left < middle < right, F the loss of heavy ball, and
    of Nesterov?

    Conjectured: for every momentum beta in [0, 1). Repaired: it holds at beta = 0 (gradient
    descent) and at T = 1, and for one eigenvalue, 0 < beta < 1 and every T >= 2 it fails: with
    x = eta lambda the residual p_T of heavy ball has T distinct zeros x > 0, that of Nesterov
    1 + floor(T/2) in (0, 1], and F = omega p_T^2 is positive between two zeros. So neither
    bisection nor descent is safe on eta. Two steps show it in numbers: heavy ball has
    F <= (2 beta - 1)^2 F(1) at x = (1 + 2 beta)^(+-1), Nesterov F = omega beta^4/(4 + 4 beta)^2
    halfway between its zeros 1/(1 + beta) and 1. With several eigenvalues F need not vanish, and
    no more is claimed. Sides, repaired: F at the middle and the larger F at the ends, for both
    methods without momentum, and for T = 1; the statements about T = 2.

    Proof (repaired). p_T = (1 - x)^T at beta = 0 and p_1 = 1 - x: F is convex. Heavy ball:
    p_{t+1} = (1 + beta - x) p_t - beta p_{t-1}, p_0 = 1, so p_T = det(J - x I) with J tridiagonal
    and symmetric, 1, 1 + beta, ..., 1 + beta on the diagonal and sqrt(beta) beside it. As no entry
    beside it is 0 the T eigenvalues are distinct; as p_t(0) = 1 is each leading minor of J, they
    are positive. Nesterov: p_{t+1} = u ((1 + beta) p_t - beta p_{t-1}), u = 1 - x, p_1 = u. For
    u = v^2 > 0, p_t = v^t r_t with r_0 = 1, r_1 = v, r_{t+1} = (1 + beta) v r_t - beta r_{t-1}: up
    to a factor again the characteristic polynomial of a matrix like J, of parity (-1)^t; so r_T has
    T distinct real zeros, floor(T/2) of them in v > 0. They lie below 1, since r_t - r_{t-1} >= 0
    for v >= 1 by induction. One more zero is x = 1, where u = 0. T = 2: p_2(1) = -beta;
    p_2 = beta (2 beta - 1) at x = 1 + 2 beta and that over (1 + 2 beta)^2 at the inverse, where
    |2 beta - 1| < 1.
    """

    reference = (
        "derived; transfer of Wang, Yuan, Wu, Ge 2021, Theorem 4, to heavy ball and Nesterov"
    )
    strength = "ordering"
    draws = 60
    forms = {
        "conjectured": Form(
            r"F(\eta_2)\le\max\{F(\eta_1),F(\eta_3)\}\quad(\eta_1<\eta_2<\eta_3,\ 0\le\beta<1)",
            "refuted",
            "exact",
            "two steps and one eigenvalue are enough",
        ),
        "repaired": Form(
            r"\beta=0\text{ or }T=1:\ F(\eta_2)\le\max\{F(\eta_1),F(\eta_3)\};\quad"
            r"0<\beta<1,\ T\ge2,\ d=1:\ \text{false}",
            "holds",
            "proof + exact",
            "true without momentum and at T = 1; for one eigenvalue at no other T",
            proved=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "left": STEP_SIZE,
        "middle": STEP_SIZE,
        "right": STEP_SIZE,
        "momentum": Parameter(r"\beta", high=Fraction(1), reach=1),
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Three ordered step sizes."""
        return {
            "left < middle": x["middle"] - x["left"],
            "middle < right": x["right"] - x["middle"],
            "beta < 1": 1 - x["momentum"],
        }

    def prepare(self, x: Instance) -> Instance:
        """Step sizes in order."""
        left, middle, right = sorted((x["left"], x["middle"], x["right"]))
        return {**x, "left": left, "middle": middle, "right": right}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F at the middle and at the better end; as repaired also what two steps do."""
        lam = x["eigenvalues"]
        omega = x["weights"]
        beta = x["momentum"]
        T = x["steps"]
        if form == "conjectured":
            runs = [(beta, T)]
        else:
            runs = [(0 * beta, T), (beta, 1)]
        triples = [
            [
                loss(method(steps), lam, omega, x[name], momentum)
                for name in ("left", "middle", "right")
            ]
            for method in (HeavyBall, Nesterov)
            for momentum, steps in runs
        ]
        middle = [triple[1] for triple in triples]
        ends = [max(triple[0], triple[2]) for triple in triples]
        if form == "conjectured":
            return np.array(middle), np.array(ends)

        def two(method: Any, scaled: Quantity) -> Any:
            return loss(method(2), lam[:1], omega[:1], scaled / lam[0], beta)

        zero = 1 / (1 + beta)
        bump = omega[0] * beta**4 / (4 + 4 * beta) ** 2
        half = two(Nesterov, (1 + zero) / 2)
        beside = max(two(HeavyBall, 1 + 2 * beta), two(HeavyBall, 1 / (1 + 2 * beta)))
        return (
            np.array(
                [*middle, beside, two(Nesterov, zero) + two(Nesterov, 1 + 0 * beta), half, -half]
            ),
            np.array(
                [*ends, (2 * beta - 1) ** 2 * two(HeavyBall, 1 + 0 * beta), 0 * beta, bump, -bump]
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Both zeros of heavy ball, both of Nesterov."""
        base = {"eigenvalues": (1,), "weights": (1,), "momentum": "1/2", "steps": 2}
        yield {**base, "left": "1/2", "middle": 1, "right": 2}
        yield {**base, "left": "2/3", "middle": "5/6", "right": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """The middle outside."""
        yield {
            "eigenvalues": (1,),
            "weights": (1,),
            "momentum": 0,
            "steps": 1,
            "left": 1,
            "middle": 0,
            "right": 2,
        }
        yield {
            "eigenvalues": (1,),
            "weights": (1,),
            "momentum": 0,
            "steps": 1,
            "left": 0,
            "middle": 2,
            "right": 1,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """As repaired, beta = 0: a mode at the middle lies below its chord, which is at most the
        larger end.
        """

        def laws(x: Instance) -> Iterable[Law]:
            ends = (x["left"], x["right"])
            v = x["eigenvalues"][0]
            weights = [abs(x["middle"] - other) for other in ends[::-1]]
            # components 0 and 2: heavy ball and Nesterov
            yield from (
                (weights, [1 - eta * v for eta in ends], x["weights"][0], k) for k in (0, 2)
            )

        if form == "repaired":
            yield from (power_mean(T, laws) for T in (2, 3, 5))


def loss(method: Any, lam: Array, omega: Array, eta: Quantity, beta: Quantity) -> Any:
    """F of a method with momentum."""
    *_, p = method.run(lambda w: lam * w, lam * 0 + 1, (eta, beta))
    return (omega * p**2).sum()
