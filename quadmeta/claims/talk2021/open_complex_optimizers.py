"""Optimisers that can be tuned provably: every step linear in its parameters and in powers of the
Hessian.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quadmeta.claims.families.auxiliary import slope
from quadmeta.claims.reductions.steps import Law, power_mean
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEPS,
    WEIGHTS,
    Instance,
    Parameter,
    Quantity,
    Values,
)

THETA = Parameter(r"\theta_j", low=None, axis="m", reach=2)


class Talk2021OpenComplexOptimizers(Claim):
    """Can the parameters of more complex optimisers be tuned provably? Open, in general.

    Stated, on quadratics: yes for w <- w - sum_j theta_j H^(j-1) grad f(w), j = 1..m, the same
    theta at all T steps. The root R(theta) = f(w_T)^(1/2T) is convex in all of theta, so that every
    local minimum is global and subgradient descent with steps s/sqrt(k) finds it; log f(w_T)/T has
    the same minimisers. Compared is the tangent inequality, to the power
    2T: (2T F + (theta' - theta)'grad F)_+^(2T) <= (2T)^(2T) F^(2T-1) F'. Any preconditioners that
    commute with H do. Not so: one step size a step, where the rest of the critical points are
    saddles (``derived_schedule_landscape``), and momentum (``derived_heavy_ball_not_quasiconvex``).

    Proof (stated). R is the weighted l_2T norm of (1 - sum_j theta_j lambda_i^j)_i, affine in
    theta, hence convex; grad R = R grad F/(2T F).
    """

    reference = "Ge 2021, talk; open question 2, optimisers"
    source = SOURCE
    standing = "question"
    strength = "ordering"
    draws = 60
    forms = {
        "printed": Form(
            r"\text{parameters of more complex optimisers can be tuned provably}",
            "undecided",
            "none",
            "an open question: no optimiser is given",
            testable=False,
        ),
        "stated": Form(
            r"w\leftarrow w-\sum_j\theta_jH^{j-1}\nabla f(w):\quad\mathcal R(\theta')\ge\mathcal "
            r"R(\theta)"
            r"+(\theta'-\theta)^\top\nabla\mathcal R(\theta),\ \mathcal R=f(w_T)^{1/2T}",
            "holds",
            "proof + exact",
            "for steps linear in the parameters that commute with H",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "weights": WEIGHTS,
        "theta": THETA,
        "other": THETA,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None: where F(theta) = 0 both sides vanish."""
        return {}

    def power(self, x: Values, form: str) -> int:
        """2T."""
        return 2 * int(x["steps"])

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Tangent at theta and value at theta', both to the power 2T."""
        T = x["steps"]
        F = _loss(x, x["theta"])
        gradient = [slope(lambda at: _loss(x, at), x["theta"], j) for j in range(len(x["theta"]))]
        tangent = 2 * T * F + sum(
            g * move for g, move in zip(gradient, x["other"] - x["theta"], strict=True)
        )
        return max(tangent, tangent * 0) ** (2 * T), (2 * T) ** (2 * T) * F ** (2 * T - 1) * _loss(
            x, x["other"]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two parameters for two modes, both residuals halved (equality); across a zero of one
        mode; from F = 0.
        """
        pair = {"eigenvalues": (1, 2), "weights": (1, 3), "theta": (0, 0), "steps": 2}
        yield {**pair, "other": ("3/4", "-1/4")}
        yield {**pair, "other": (2, -1), "steps": 3}
        yield {**pair, "theta": ("3/2", "-1/2"), "other": (0, 0)}

    def boxes(self, form: str) -> Iterable[Box]:
        """2T F + (theta' - theta)'grad F = 2T sum omega a^(2T-1) b, the residuals a at theta and b
        at theta'.
        """

        def residual(v: Quantity, theta: Sequence[Any]) -> Any:
            return 1 - sum(parameter * v**j for j, parameter in enumerate(theta, 1))

        def laws(x: Instance) -> Iterable[Law]:
            m = 2 * x["steps"]
            modes = zip(x["eigenvalues"], x["weights"], strict=True)
            pairs = [(residual(v, x["theta"]), residual(v, x["other"]), c) for v, c in modes]
            active = [(a, b, c) for a, b, c in pairs if a]
            weights = [c * a**m for a, _, c in active]
            if active:
                yield weights, [b / a for a, b, _ in active], (m * sum(weights)) ** m, 0

        if form == "stated":
            yield from (power_mean(T, laws) for T in (2, 3, 5))


def _loss(x: Values, theta: Sequence[Any]) -> Any:
    """F through T steps, by modes."""
    lam = x["eigenvalues"]
    residual = 1 + 0 * x["eigenvalues"]
    for _ in range(x["steps"]):
        step = residual
        for j, parameter in enumerate(theta, 1):
            step = step - residual * lam**j * parameter
        residual = step
    return (x["weights"] * residual * residual).sum()
