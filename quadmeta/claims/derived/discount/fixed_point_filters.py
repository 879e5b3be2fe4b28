"""At a warm start every unrolled hypergradient is a filter of the Hessian's spectrum."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.families.auxiliary import ANY, APART, Family, family, neumann, slope, solve
from quadmeta.claims.families.discount import DISCOUNT
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEP_SIZE, STEPS, Instance, Quantity, Values


class DerivedFixedPointFilters(Claim):
    """From w_0 = w_*(phi), T steps of gradient descent give ghat_k = -u_k' f(H) v, whatever the
    estimator.

    f(lambda) = (1 - (1 - eta lambda)^T)/lambda for the unrolled derivative, which is the Neumann
    sum of scale nu = eta with J = T - 1 products; the same with T' for the last T' steps alone;
    eta for the last step; and the constant eta S_T(gamma), S_T(a) = 1 + a + ... + a^(T-1), for the
    discounted sum. It is the first filter at T = 1; for T >= 2 it is equal to it at
    lambda = (1 - gamma)/eta and at no other lambda below 2/eta. At an odd T >= 3 there is one more
    at or above 2/eta: with eta = 1, gamma = 1/2, T = 3 they are 1/2 and 5/2.

    Proof. Every iterate is w_*, so A_t = I - eta H and B_t = -eta u_k for all t: ghat_k = sum_t
    B_t' w(t) v with the weights A^(T-t), those with T - t < T' alone, or gamma^(T-t). The first
    filter is eta S_T(a), a = 1 - eta lambda; where S_T takes the value S_T(gamma) is shown in
    yakovlev2023_asymptotic_warm_start.
    """

    reference = "derived"
    strength = "identity"
    draws = 30
    forms = {
        "stated": Form(
            r"w_0=w_*(\phi):\quad\hat g_k=-u_k^\top f(H)v,\quad "
            r"f=\tfrac{1-(1-\eta\lambda)^T}\lambda,"
            r"\ \tfrac{1-(1-\eta\lambda)^{T'}}\lambda,\ \eta,\ \eta\tfrac{1-\gamma^T}{1-\gamma}",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        **family(1),
        "shift": ANY,
        "eta": STEP_SIZE,
        "gamma": DISCOUNT,
        "steps": STEPS,
        "last": STEPS,
    }
    """w_0 = w_* + shift."""

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A warm start at the minimiser, and no more remembered steps than steps; any eta."""
        f = Family.of(x)
        return {
            "H(phi) > 0": f.convexity(f.phi),
            "w_0 - w_* = 0": x["shift"] @ x["shift"],
            "T' <= T": x["steps"] - x["last"],
        }

    def prepare(self, x: Instance) -> Instance:
        """w_0 = w_* and T' <= T."""
        return {**x, "shift": tuple(0 * e for e in x["shift"]), "last": min(x["last"], x["steps"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """By loops (unrolled, Neumann, truncated, one step, discounted), and by filters."""
        f = Family.of(x)
        eta = x["eta"]
        gamma = x["gamma"]
        T = x["steps"]
        last = x["last"]
        w = f.minimiser(f.phi)
        H = f.hessian(f.phi)
        start = w + x["shift"]
        v = f.outer.gradient(w)
        u = f.tasks[1].gradient(w)
        loops = [
            slope(unrolled(f, start, eta, T, T), f.phi, 0),
            -u @ neumann(H, v, eta, T - 1),
            slope(unrolled(f, start, eta, T, last), f.phi, 0),
            slope(unrolled(f, start, eta, T, 1), f.phi, 0),
            discounted(f, start, eta, gamma, T),
        ]
        full, part = (filtered(H, u, v, eta, steps) for steps in (T, last))
        return np.array(loops), np.array(
            [full, full, part, -eta * (u @ v), -eta * geometric_sum(gamma, T) * (u @ v)]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two tasks that do not commute, beyond the stable step size too."""
        base = {
            **APART,
            "rho": "1/2",
            "s0": (1, 0),
            "p0": (0, 1),
            "phi1": 2,
            "shift": (0, 0),
            "gamma": "1/2",
            "steps": 4,
            "last": 2,
        }
        yield {**base, "eta": "1/4"}
        yield {**base, "eta": 1, "gamma": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A cold start; more remembered steps than steps."""
        yield {**next(iter(self.cases("stated"))), "shift": (1, 0)}
        yield {**next(iter(self.cases("stated"))), "last": 5}


def unrolled(
    f: Family, start: Array, eta: Quantity, T: int, last: int
) -> Callable[[Sequence[Any]], Any]:
    """L_A(w_T) - c_A as a function of the weights in the last steps; in those before, they are
    fixed.
    """

    def value(phi: Sequence[Any]) -> Any:
        w = start
        for t in range(T):
            w = w - f.gradient(w, phi if t >= T - last else f.phi) * eta
        return f.outer.loss(w)

    return value


def discounted(f: Family, start: Array, eta: Quantity, gamma: Quantity, T: int) -> Any:
    """sum_t gamma^(T-t) B_t' grad L_A(w_t) with B_t = -eta grad l_1(w_{t-1})."""
    total = 0 * eta
    w = start
    for _ in range(T):
        mixed = -eta * f.tasks[1].gradient(w)
        w = w - eta * f.gradient(w, f.phi)
        total = gamma * total + mixed @ f.outer.gradient(w)
    return total


def filtered(H: Array, u: Array, v: Array, eta: Quantity, T: int) -> Any:
    """-u' H^-1 (I - (I - eta H)^T) v."""
    power = v
    for _ in range(T):
        power = power - eta * (H @ power)
    return -u @ solve(H, v - power)
