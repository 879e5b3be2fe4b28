"""Instances in the plane whose Hessian bends anywhere, not around the minimiser alone, and whose
mixed derivative changes.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.discount import BENT, Bent, turned
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values

RAMPS: Mapping[str, Parameter] = {
    **BENT,
    "levels": Parameter("c_j", low=None, axis="j", reach=2),
    "cross": Parameter("M_b", reach=2),
}
"""``BENT`` with any c_j, so that the ramp of a bend may lie anywhere: F'' = mu + sum_j
clip(c_j + s_j u_j'w, 0, h_j) u_j u_j' and F'(0) = 0, so that w_* = 0.

L_1 = F(w) - sum_i alpha_i phi_i(w) at alpha = 0 with phi_i' = psi(w_i),
psi(x) = 1 + clip(M_b x, -1/2, 1/2): J(w) = -diag(psi(w_1), psi(w_2)) is M_b-Lipschitz and has
J'J >= 1/4; it is -I where M_b = 0.
"""
LARGEST = Fraction(3, 2)
"""The largest psi, so that ||J(w)|| is at most this everywhere, and 1 where M_b = 0."""


class Ramps(Bent):
    """An instance of ``RAMPS`` run by loops.

    Its ``scales`` have L = mu + max_i sum_j h_j |u_i'u_j|, which no eigenvalue of F'' exceeds and
    one meets for one bend, or for two of equal h_j that overlap; H_w = sum_j s_j, and B the largest
    ||J(w_t)|| over t < T.
    """

    def __init__(self, x: Values) -> None:
        super().__init__(x)
        self.slope = x["cross"]
        self.scales = replace(
            self.scales,
            L=self.mu + steepest(x),
            B=self.largest(self.T),
            M_b=self.slope,
        )

    def bends(self, w: Array) -> Any:
        """F'(w) - mu w."""
        return sum(
            (_area(c, s, h, u @ w) - _area(c, s, h, 0 * self.eta)) * u for u, c, s, h in self.parts
        )

    def mixed(self, w: Array) -> Any:
        """The diagonal of -J(w)."""
        half = Fraction(1, 2)
        return np.array([1 + min(max(self.slope * y, -half), half) for y in w], dtype=object)

    def largest(self, stop: int) -> Any:
        """The largest ||J(w_t)|| over t < stop."""
        return max(max(self.mixed(w)) for w in self.states[:stop])

    def exact(self) -> Any:
        """g by reverse mode."""
        total = 0 * self.gradients[-1]
        v = self.gradients[-1]
        for w in reversed(self.states[:-1]):
            total = total + self.eta * self.mixed(w) * v
            v = self.step(w, v)
        return total

    def bias(self) -> Any:
        """ghat - g."""
        total = 0 * self.gradients[-1]
        for t, g in enumerate(self.gradients[1:]):
            total = total + self.gamma ** (self.T - 1 - t) * self.mixed(self.states[t]) * g
        return self.eta * total - self.exact()

    def matrix_bias(self) -> Any:
        """The same of v_t = (I - eta H(w_t)) v_{t-1} + g_t with J(w_T)."""
        v = 0 * self.gradients[0]
        for w, g in zip(self.states[1:], self.gradients[1:], strict=True):
            v = self.step(w, v) + g
        return self.eta * self.mixed(self.states[-1]) * v - self.exact()


def steepest(x: Mapping[str, Any]) -> Any:
    """max_i sum_j h_j |u_i'u_j|, at least the largest eigenvalue of sum_j h_j u_j u_j'."""
    units = [turned(t) for t in x["angles"]]
    return max(sum(h * abs(u @ v) for v, h in zip(units, x["heights"], strict=True)) for u in units)


def ramped(x: Instance) -> Instance:
    """eta <= 1/L by scaling h, no slope without height, gamma in [a_L, a_mu], L_2 in [mu, L]."""
    eta = x["eta"]
    a_mu = x["q"] ** 2
    excess = max(eta * steepest(x) / a_mu, Fraction(1))
    heights = tuple(h / excess for h in x["heights"])
    slopes = tuple(s if h else Fraction(0) for s, h in zip(x["slopes"], heights, strict=True))
    high = steepest({**x, "heights": heights})
    mu = (1 - a_mu) / eta
    return {
        **x,
        "heights": heights,
        "slopes": slopes,
        "gamma": min(max(x["gamma"], a_mu - eta * high), a_mu),
        "L2": min(max(x["L2"], mu), mu + high),
    }


def ramp_margins(x: Values) -> dict[str, Any]:
    """Margins of what was printed, mu <= H, H_2 <= L with 0 < mu and gamma in [a_L, a_mu], and of
    eta <= 1/L.
    """
    eta = x["eta"]
    a_mu = x["q"] ** 2
    high = steepest(x)
    mu = (1 - a_mu) / eta
    return {
        "mu > 0": mu,
        "mu <= L_2 <= L": min(x["L2"] - mu, mu + high - x["L2"]),
        "1 - eta L <= gamma <= 1 - eta mu": min(x["gamma"] - a_mu + eta * high, a_mu - x["gamma"]),
        "gamma < 1": 1 - x["gamma"],
        "eta <= 1/L": a_mu - eta * high,
    }


def _area(c: Quantity, s: Quantity, h: Quantity, x: Quantity) -> Any:
    """A function of x whose derivative is clip(c + s x, 0, h)."""
    if s == 0:
        return min(max(c, 0 * c), h) * x
    high = (h - c) / s
    value = min(max(c + s * x, 0 * c), h)
    # under the ramp, and beyond it
    return value**2 / (2 * s) + h * max(x - high, 0 * x)
