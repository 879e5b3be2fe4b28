"""Decoupled weight decay is a ridge: the same steps without momentum, another strength with it."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.moving import MOMENTUM, MOVING, Moving
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Quantity, Values

NAMES = ("eigenvalues", "turn", "linear", "start", "eta", "steps")


class DerivedDecoupledDecayIsRidge(Claim):
    """Decay beside the step, m <- beta m + eta grad L_1(w), w <- (1 - omega) w - m, against decay
    in the loss, grad L_1(w) + rho w.

    Without momentum the two are one method for rho = omega/eta, as Loshchilov and Hutter (2019)
    prove. Conjectured: with momentum too. Repaired: they are at beta = 0; with momentum decoupled
    decay rests at the minimum of the ridge of strength omega (1 - beta)/eta, at m = -omega w. So
    whoever tunes eta or beta under decoupled decay tunes the ridge as well.

    Proof (repaired). At beta = 0, (1 - omega) w - eta grad L_1(w) = w - eta (grad L_1(w) + (omega/
    eta) w). A point of rest has m = -omega w from the second line, and then (1 - beta) m = eta grad
    L_1(w) from the first: grad L_1(w) + (omega (1 - beta)/eta) w = 0.
    """

    reference = "derived; on Loshchilov, Hutter 2019, decoupled weight decay"
    strength = "identity"
    draws = 60
    forms = {
        "conjectured": Form(
            r"\rho=\omega/\eta:\ w_t^{\rm decoupled}=w_t^{\rm ridge}\quad(0\le\beta<1)",
            "refuted",
            "exact",
            "the momentum of the loss's decay is missing",
        ),
        "repaired": Form(
            r"\beta=0:\ w_t^{\rm decoupled}=w_t^{\rm ridge};\quad "
            r"\beta\ge0:\ \text{rest at }\nabla L_1(w)+\tfrac{\omega(1-\beta)}\eta w=0",
            "holds",
            "proof + exact",
            "without momentum, and where the run ends",
            proved=True,
        ),
    }
    domain = {name: MOVING[name] for name in NAMES} | {
        "momentum": MOMENTUM,
        "decay": Parameter(r"\omega", high=Fraction(1), reach=1),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A step, and a momentum below 1."""
        return {"eta > 0": x["eta"], "beta < 1": 1 - x["momentum"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """w_T of both loops; as repaired without momentum, and one step from the point of rest."""
        no_move = {name: 0 * x["linear"] for name in ("s", "p", "moved")}
        problem = Moving.of({**x, **no_move})
        eta, beta, omega = x["eta"], x["momentum"], x["decay"]
        still = 0 * x["start"]

        def run(momentum: Quantity, decay: Quantity, rho: Quantity) -> Any:
            w, m = x["start"], still
            for _ in range(x["steps"]):
                w, m = _step(problem, w, m, (eta, momentum, decay, rho))
            return w

        if form == "conjectured":
            return run(beta, omega, 0 * eta), run(beta, 0 * eta, omega / eta)
        ridge = omega * (1 - beta) / eta
        rest = solve(problem.H + np.diag([ridge] * len(still)), problem.b)
        moved, m = _step(problem, rest, -omega * rest, (eta, beta, omega, 0 * eta))
        return (
            np.concatenate([run(0 * beta, omega, 0 * eta), moved, m]),
            np.concatenate([run(0 * beta, 0 * eta, omega / eta), rest, -omega * rest]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One dimension, two steps."""
        yield {
            "eigenvalues": (1,),
            "turn": (0,),
            "linear": (0,),
            "start": (1,),
            "eta": "1/2",
            "momentum": "1/2",
            "decay": "1/2",
            "steps": 2,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A momentum of 1."""
        if assumption.startswith("beta"):
            for instance in self.cases("repaired"):
                yield {**instance, "momentum": 1}


def _step(
    problem: Moving, w: Array, m: Array, parameters: tuple[Any, Any, Any, Any]
) -> tuple[Array, Array]:
    """(w, m) after one step of (eta, beta, omega, rho)."""
    eta, beta, omega, rho = parameters
    m = beta * m + eta * (problem.H @ w - problem.b + rho * w)
    return (1 - omega) * w - m, m
