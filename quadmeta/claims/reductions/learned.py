"""Boxes of weights that are learned on the training loss itself: its value function, and what a
weight can lose.
"""

from collections.abc import Iterator
from fractions import Fraction

from quadmeta._types import Array
from quadmeta.claims.families.collapse import Tasks
from quadmeta.claims.reductions.squares import definite
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance


def learned_weights() -> Iterator[Box]:
    """(2) V under its tangent and ell_1 at half the weight; (3) after 1, 2 and 3 steps."""

    def gap(x: Instance) -> tuple[Array, Array]:
        tasks = Tasks.of(x)
        return tasks.hessian(x["other"]), tasks.solution(x["weights"]) - tasks.solution(x["other"])

    yield from definite("V under its tangent", gap, 1)
    yield halved_weight()
    yield from map(spent_loss, (1, 2, 3))


def spent_loss(steps: int) -> Box:
    """(3) after so many steps: losses fall at least like kappa^t, kappa = (1 - eta mu_0)^2,
    against their whole sum.
    """

    def reduce(x: Instance) -> list[Reduced]:
        top = max(x["low"][0], x["high"][0]) ** 2
        mu = min(x["p"], x["q"]) ** 2
        kappa = (1 - x["eta"] * mu) ** 2
        scale = x["beta"] * top * (x["w1"] ** 2 + x["w2"] ** 2) / 2
        inside = x["steps"] == steps and scale and 1 <= 16 * kappa <= 15
        if inside:
            return [Reduced({"kappa": kappa}, scale, 3)]
        return []

    return Box(
        {"kappa": (Fraction(1, 16), Fraction(15, 16))},
        lambda x: (1 + sum(x["kappa"] ** t for t in range(1, steps)), 1 / (1 - x["kappa"])),
        f"d = 2, T = {steps}, kappa in [1/16, 15/16], a pole at 1: weights that agree with b_0",
        reduce,
    )


def halved_weight() -> Box:
    """Each mode of ell_1(w_*(phi)) against phi/2 for one task, u = phi
    lambda_1/(lambda_0 + phi lambda_1).
    """

    def reduce(x: Instance) -> list[Reduced]:
        roots = Tasks.of(x).A[1]
        main = (x["p"] ** 2, x["q"] ** 2)
        out = []
        for a, lam, b in zip((roots[0, 0], roots[1, 1]), main, (x["x"][0], x["y"][0]), strict=True):
            u = x["weights"][0] * a / (lam + x["weights"][0] * a)
            if a and b and not roots[0, 1]:
                out.append(Reduced({"u": u}, a * b**2 * ((1 - u) / (1 - u / 2)) ** 2 / 2, 2))
        return out

    return Box(
        {"u": (0, 1)},
        lambda x: (0, x["u"] * (1 - x["u"] / 4)),
        "one task, one mode, all lambda: both diagonal by a congruence; 1 - (1 - u/2)^2",
        reduce,
        "phi = 0",
    )
