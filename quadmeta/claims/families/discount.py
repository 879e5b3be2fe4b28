"""Instances of statements about the discounted hypergradient whose norms are rational, and
estimates by plain loops.

A direction is e_1 reflected in the line of any x, +-(2 x x_1/|x|^2 - e_1). C = diag(cross) in the
eigenbasis of H, J = -C'.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators import Estimator, hypergradient
from quadmeta.objectives import OuterLoss
from quadmeta.optimizers import GradientDescent
from quadmeta.problems import Coupled
from quadmeta.theory.discount import Scales
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    Instance,
    Parameter,
    Quantity,
    Values,
)

DISCOUNT = Parameter(r"\gamma", high=Fraction(1), reach=1)
NORM = Parameter(r"\|\cdot\|", reach=5)
ALONG = Parameter(r"x", low=Fraction(-2), axis="d", reach=4)
"""Any vector, for a direction."""
QUADRATIC: Mapping[str, Parameter] = {
    "eigenvalues": EIGENVALUES,
    "cross": Parameter(r"c_i", low=Fraction(-3), axis="d", reach=6),
    "error": ALONG,
    "gradient": ALONG,
    "outer": ALONG,
    "R": NORM,
    "G": NORM,
    "L2": Parameter("L_2", open=True, reach=4),
    "mu2": Parameter(r"\mu_2", open=True, reach=4),
    "eta": STEP_SIZE,
    "gamma": DISCOUNT,
    "steps": STEPS,
}
"""w_0 - w_* = R direction, g_T = G direction, H_2 with the eigenvalues L_2 (along "outer") and
mu_2 <= L_2.
"""
TWO_BENDS: Mapping[str, Any] = {
    "q": "4/5",
    "eta": 1,
    "heights": ("1/4", "1/4"),
    "levels": (0, "1/8"),
    "slopes": (1, 1),
    "L2": "1/2",
    "angles": (0, "1/2"),
    "start": "1/3",
    "R": 1,
    "G": 1,
    "gradient": 0,
    "gamma": "1/2",
    "steps": 5,
}
"""A bent problem whose two bends do not commute."""
LINE: Mapping[str, Any] = {
    "q": "1/2",
    "eta": 1,
    "heights": ("1/4",),
    "levels": ("1/4",),
    "slopes": (0,),
    "angles": (0,),
    "start": 0,
    "R": 0,
    "G": 1,
    "L2": 1,
    "gradient": 0,
}
"""One direction beside mu, along which H = L = 1: a quadratic from its minimiser."""
TWO_MODES: Mapping[str, Any] = {
    "eigenvalues": ("1/4", 1),
    "cross": (1, 1),
    "error": (1, 0),
    "gradient": (1, 1),
    "outer": (1, 0),
    "R": 0,
    "G": 1,
    "L2": 1,
    "mu2": 1,
    "eta": 1,
}
"""A quadratic with mu = 1/4 and L = 1 from its minimiser, C = I."""


def direction(x: Array) -> Any:
    """A unit vector with rational entries; the sign of the last of x turns it round."""
    first = np.array([Fraction(int(i == 0)) for i in range(len(x))], dtype=object)
    sign = -1 if x[-1] < 0 else 1
    if any(x):
        return sign * (2 * x * x[0] / (x @ x) - first)
    return first


def discount_margins(x: Values) -> dict[str, Any]:
    """Margins of eta <= 1/L and of gamma in [1 - eta L, 1 - eta mu]."""
    lam = x["eigenvalues"]
    eta = x["eta"]
    gamma = x["gamma"]
    return {
        "eta > 0": eta,
        "eta <= 1/L": 1 / max(lam) - eta,
        "gamma < 1": 1 - gamma,
        "1 - eta L <= gamma <= 1 - eta mu": min(
            gamma - 1 + eta * max(lam), 1 - eta * min(lam) - gamma
        ),
    }


def placed(x: Instance, between: bool = True) -> Instance:
    """mu_2 <= L_2, eta <= 1/L and, if ``between``, gamma in [1 - eta L, 1 - eta mu]."""
    lam = x["eigenvalues"]
    eta = min(x["eta"], 1 / max(lam))
    if between:
        gamma = min(max(x["gamma"], 1 - eta * max(lam)), 1 - eta * min(lam))
    else:
        gamma = x["gamma"]
    return {**x, "eta": eta, "gamma": gamma, "mu2": min(x["mu2"], x["L2"])}


class Quadratic(NamedTuple):
    """An instance of ``QUADRATIC`` in the eigenbasis."""

    a: Array
    C: Array
    H2: Array
    error: Array
    gradient: Array
    """g_T."""
    eta: Any
    gamma: Any
    T: int

    @classmethod
    def of(cls, x: Values) -> "Quadratic":
        """From the parameters."""
        u = direction(x["outer"])
        one = np.array(np.eye(len(x["outer"]), dtype=int).tolist(), dtype=object)
        H2 = x["mu2"] * one + (x["L2"] - x["mu2"]) * np.outer(u, u)
        return cls(
            1 - x["eta"] * x["eigenvalues"],
            x["cross"],
            H2,
            x["R"] * direction(x["error"]),
            x["G"] * direction(x["gradient"]),
            x["eta"],
            x["gamma"],
            x["steps"],
        )

    def outer_gradient(self, t: int) -> Any:
        """g_t."""
        return self.gradient + self.H2 @ ((self.a**t - self.a**self.T) * self.error)

    def weighted(self, weight: Callable[[int], Any]) -> Any:
        """sum_t weight(T - t) B_t g_t."""
        return (
            self.eta
            * self.C
            * sum(weight(self.T - t) * self.outer_gradient(t) for t in range(1, self.T + 1))
        )

    def exact(self) -> Array:
        """g by reverse mode."""
        total = 0 * self.gradient
        v = self.gradient
        for _ in range(self.T):
            total = total + self.eta * self.C * v
            v = self.a * v
        return total

    def bias(self) -> Any:
        """ghat - g by loops."""
        return self.weighted(lambda k: self.gamma**k) - self.exact()


def scales(x: Values, **more: Any) -> Scales:
    """What the bounds may know of an instance of ``QUADRATIC``."""
    lam = x["eigenvalues"]
    return Scales(
        min(lam),
        max(lam),
        x["eta"],
        x["gamma"],
        x["steps"],
        x["L2"],
        x["R"],
        x["G"],
        max(abs(x["cross"])),
        **more,
    )


BENT: Mapping[str, Parameter] = {
    "q": Parameter(r"\sqrt{1-\eta\mu}", high=Fraction(1), reach=1, open=True),
    "eta": Parameter(r"\eta", open=True, reach=3),
    "heights": Parameter("h_j", axis="j", reach=2),
    "levels": Parameter("c_j", axis="j", reach=2),
    "slopes": Parameter("s_j", axis="j", reach=4),
    "angles": Parameter(r"\tan(\theta_j/2)", axis="j", low=Fraction(-2)),
    "start": Parameter(r"\tan(\theta_0/2)", low=Fraction(-2), reach=4),
    "R": NORM,
    "G": Parameter(r"\|g_T\|", reach=40),
    "L2": Parameter("L_2", reach=3),
    "gradient": Parameter(r"\tan(\theta_g/2)", low=Fraction(-2), reach=4),
    "gamma": DISCOUNT,
    "steps": STEPS,
}
"""A loss in the plane that is not quadratic: with unit vectors u_j, F'' = mu + sum_j clip(c_j +
s_j u_j'w, 0, h_j) u_j u_j', F'(0) = 0; J = -I, the outer loss L_2 ||w - v||^2 / 2 has g_T = G
direction. L = mu + sum h_j, and H_w = sum s_j over 0 <= c_j <= h_j is the Lipschitz constant of
F'' if there is one j.
"""


def bent(x: Instance, step: str = "eta <= 1/L") -> Instance:
    """The step size into its range by scaling h, 0 <= c_j <= h_j, gamma in [a_L, a_mu], L_2 in
    [mu, L].
    """
    eta = x["eta"]
    a_mu = x["q"] ** 2
    total = sum(x["heights"])
    # nothing is drawn on the border of an open range
    excess = max(
        eta * total / (room(a_mu, step) * (Fraction(9, 10) if "<=" not in step else 1)), Fraction(1)
    )
    heights = tuple(h / excess for h in x["heights"])
    levels = tuple(min(c, h) for c, h in zip(x["levels"], heights, strict=True))
    slopes = tuple(s if h else Fraction(0) for s, h in zip(x["slopes"], heights, strict=True))
    low = max(a_mu - eta * sum(heights), Fraction(0))
    mu = (1 - a_mu) / eta
    return {
        **x,
        "heights": heights,
        "levels": levels,
        "slopes": slopes,
        "gamma": min(max(x["gamma"], low), a_mu),
        "L2": min(max(x["L2"], mu), mu + sum(heights)),
    }


class Bent:
    """An instance of ``BENT`` run by loops."""

    def __init__(self, x: Values) -> None:
        self.eta = x["eta"]
        self.gamma = x["gamma"]
        self.T = x["steps"]
        self.mu = (1 - x["q"] ** 2) / self.eta
        units = [turned(t) for t in x["angles"]]
        self.parts = list(zip(units, x["levels"], x["slopes"], x["heights"], strict=True))
        states = [x["R"] * turned(x["start"])]
        for _ in range(self.T):
            w = states[-1]
            bends = self.bends(w)
            states.append(w - self.eta * (self.mu * w + bends))
        self.states = states
        last = x["G"] * turned(x["gradient"])
        self.gradients = [last + x["L2"] * (w - states[-1]) for w in states]
        self.scales = Scales(
            self.mu,
            self.mu + x["heights"].sum(),
            self.eta,
            self.gamma,
            self.T,
            x["L2"],
            x["R"],
            x["G"],
            H_w=x["slopes"].sum(),
            q=x["q"],
        )

    def bends(self, w: Array) -> Any:
        """F'(w) - mu w."""
        return sum(_integral(c, s, h, u @ w) * u for u, c, s, h in self.parts)

    def step(self, w: Array, v: Array) -> Any:
        """(I - eta H(w)) v."""
        bends = sum(min(max(c + s * (u @ w), 0 * s), h) * (u @ v) * u for u, c, s, h in self.parts)
        return v - self.eta * (self.mu * v + bends)

    def exact(self) -> Any:
        """g by reverse mode."""
        total = 0 * self.gradients[-1]
        v = self.gradients[-1]
        for w in reversed(self.states[:-1]):
            total = total + self.eta * v
            v = self.step(w, v)
        return total

    def bias(self) -> Any:
        """ghat - g."""
        terms = (self.gamma ** (self.T - t) * self.gradients[t] for t in range(1, self.T + 1))
        return self.eta * sum(terms) - self.exact()

    def matrix_bias(self) -> Any:
        """The same of v_t = (I - eta H(w_t)) v_{t-1} + g_t."""
        v = 0 * self.gradients[0]
        for w, g in zip(self.states[1:], self.gradients[1:], strict=True):
            v = self.step(w, v) + g
        return self.eta * v - self.exact()

    def neumann_bias(self) -> Any:
        """The same of sum_{k<T} (I - eta H(w_T))^k g_T."""
        total = v = self.gradients[-1]
        for _ in range(self.T - 1):
            v = self.step(self.states[-1], v)
            total = total + v
        return self.eta * total - self.exact()


def turned(t: Quantity) -> Array:
    """(cos, sin) of the angle whose half has the tangent t."""
    return np.array([(1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)], dtype=object)


def _integral(c: Quantity, s: Quantity, h: Quantity, x: Quantity) -> Any:
    """Integral of clip(c + s y, 0, h) over y from 0 to x."""
    if s == 0:
        return c * x
    low = -c / s
    high = (h - c) / s
    inside = min(max(x, low), high)
    return c * inside + s * inside**2 / 2 + h * (x - inside if x > high else 0 * x)


def room(a_mu: Quantity, step: str) -> Any:
    """What eta (L - mu) may be."""
    return {"eta <= 1/L": a_mu, "eta <= 2/(L + mu)": 2 * a_mu, "eta < 2/L": 1 + a_mu}[step]


def bent_margins(x: Values, step: str = "eta <= 1/L") -> dict[str, Any]:
    """Margins of what was printed, mu <= H, H_2 <= L with 0 < mu and gamma in [a_L, a_mu], and of
    the step size.
    """
    eta = x["eta"]
    a_mu = x["q"] ** 2
    total = x["heights"].sum()
    mu = (1 - a_mu) / eta
    return {
        "mu > 0": mu,
        "0 <= c_j <= h_j": min(*x["levels"], *(x["heights"] - x["levels"])),
        "mu <= L_2 <= L": min(x["L2"] - mu, mu + total - x["L2"]),
        "1 - eta L <= gamma <= 1 - eta mu": min(x["gamma"] - a_mu + eta * total, a_mu - x["gamma"]),
        "gamma < 1": 1 - x["gamma"],
        step: room(a_mu, step) - eta * total,
    }


def signed_square(x: Quantity) -> Any:
    """x |x|, so that a negative bound stays one."""
    return x * abs(x)


def spent(steps: int, *methods: Estimator) -> list[tuple[int, int, int]]:
    """(products with A_t, products with B_t, outer gradients) that estimators spend in T steps,
    from counters.
    """
    loss = OuterLoss(Coupled.random([0.5, 1.0], 2, seed=0), GradientDescent(steps, 0.5))
    runs = (hypergradient(loss, [0.0, 0.0], method) for method in methods)
    return [(run.hvps, run.mixed, run.outer_gradients) for run in runs]
