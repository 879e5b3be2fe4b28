"""A quadratic whose modes are a Gauss rule: what it keeps and answers, how far off it may be."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import frozen, function, instance, natural, number, show
from quadmeta.problems.parts.base import Modes, QuadraticProblem, point
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.lanczos import Jacobi, rounding
from quadmeta.problems.parts.operator import Product, forward
from quadmeta.problems.parts.scale import centred, error_of, require_range

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

Quantity = Callable[[Any], Any]
"""A function of the problem: what is wanted of it."""
Bounds = tuple[float, float]
"""(mu, L)."""


@dataclass(frozen=True, eq=False, repr=False)
class GaussRule(QuadraticProblem):
    """f(w) = level + slope'(w - centre) + (w - centre)'H(w - centre) / 2, H known through products.

    Its modes are the nodes and weights of the Gauss rule of a Jacobi matrix.
    """

    operator: "LinearOperator"
    """H."""
    initial: Array
    """(d,) w_0."""
    centre: Array
    """(d,) w_*, or w_0 where w_* is unknown."""
    slope: Array | float
    """(d,) the gradient at the centre, or 0 where that is w_*."""
    level: float
    """f(centre)."""
    jacobi: Jacobi
    """The rule."""
    exhausted: bool = False
    """Whether the Krylov space is invariant, so that the rule is exact for every T."""
    bounds: Bounds | None = None
    """(mu, L) that enclose the active eigenvalues, where they are known."""
    eps: float = float(np.finfo(float).eps)
    """Relative precision of a product with H."""
    exponent: int = 0
    """The mass of ``jacobi`` is in units of 2^exponent."""

    @property
    def _rounding(self) -> float:
        return rounding(len(self.initial), self.eps)

    @property
    def _total(self) -> float:
        """Sum of the weights, F(0) as the modes have it."""
        modes = self.modes()
        return number(
            "the sum of the weights",
            np.ldexp(modes.weights.sum(), modes.exponent),
            remedy="rescale the problem",
        )

    def __post_init__(self) -> None:
        jacobi = instance("jacobi", self.jacobi, Jacobi, "what from_error makes of products with H")
        copied = jacobi._replace(diagonal=frozen(jacobi.diagonal), beside=frozen(jacobi.beside))
        keep(self, jacobi=copied)
        lam = self.modes().eigenvalues
        if self.bounds is not None:
            mu, L = self.bounds
            if not 0 < mu * (1 - 1e-12) <= lam[0] <= lam[-1] <= L * (1 + 1e-12):
                raise ValueError(
                    f"bounds = {show(self.bounds)} must be > 0 and enclose the Ritz values "
                    f"{lam[0]:.6g} to {lam[-1]:.6g}: pass mu and L with 0 < mu <= every active "
                    "eigenvalue <= L"
                )

    @property
    def exact_steps(self) -> float:
        """The largest T for which the modes are exact, or inf.

        F is exact up to a constant where only the gradient is known.
        """
        if self.exhausted:
            return math.inf
        return len(self.jacobi.diagonal) - 1 - self.jacobi.power

    @property
    def start(self) -> Array:
        """(d,) w_0."""
        return self.initial

    @property
    def floor(self) -> float:  # type: ignore[override]
        """f(w_*); where only the gradient is known, f(w_0) minus the sum of the weights."""
        if np.ndim(self.slope) == 0:
            return self.level
        return self.level - self._total

    def modes(self) -> Modes:
        """The Gauss rule: nodes as eigenvalues, weights, and an error derived from these."""
        return self._modes

    @cached_property
    def _modes(self) -> Modes:
        theta, share = self.jacobi.rule()
        cut = self._rounding * theta[-1]
        # a gradient has no weight at 0, in the null space of a singular H: what rounding puts
        # there is not a mode
        noise = (np.abs(theta) <= cut) & (share <= 1e-24) & (self.jacobi.power < 0)
        theta = theta[~noise]
        share = share[~noise]
        if theta[0] <= cut:
            raise indefinite(theta[0], theta[-1])
        require_range("operator", theta)
        # omega = mass s^2 theta^power 2^exponent: powers of two apart, which round nothing
        mass, mass_power = math.frexp(self.jacobi.mass)
        mantissa, powers = np.frexp(mass * share * theta**self.jacobi.power)
        weights, k = centred(mantissa, powers.astype(int) + (mass_power + self.exponent))
        error = np.ldexp(error_of(np.ldexp(weights, k % 2), theta), k // 2)
        return Modes(frozen(theta), frozen(error), frozen(weights), given=True, exponent=k)

    def leading(self, modes: int) -> Self:
        """The same problem with its first ``modes`` modes only; no product with H is spent."""
        k = natural("modes", modes)
        if k >= len(self.jacobi.diagonal):
            return self
        return replace(self, jacobi=self.jacobi.leading(k), exhausted=False)

    def estimate(self, quantity: Quantity) -> Any:
        """Estimated error of a quantity of this problem, in its units; 0 where the rule is exact.

        It is the sum of the distances to the values by four other rules: the one of 9k/10 modes,
        and those with one node or both nodes at the ends of the spectrum (Gauss-Radau,
        Gauss-Lobatto). With ``bounds``, w_* or the floor known, and gradient descent it is a
        proven bound for a monotone function of F: the 2k-th derivative of (1 - eta lambda)^(2T) is
        nowhere negative, hence F(Gauss) <= F <= F(Lobatto). For derivatives and for momentum it is
        an estimate, exceeded in about one of a thousand random cases, seldom by more than a factor
        of two. Rounding comes on top: from the gradient alone it is of the order eps L / mu where
        weights are divided by small nodes.

        Without ``bounds`` mu is taken as 0 (from the gradient alone: as half of the smallest node)
        and L is extrapolated from the largest. A direction of tiny weight beyond these ends is not
        seen, and the estimate is exceeded in about two of a hundred random cases, by any factor
        where weights range over many decades.
        """
        value = function("quantity", quantity, "a function of this problem")(self)
        if self.exhausted:
            return 0 * abs(value)
        others = (self._shorter, *self.enclosing())
        return sum(abs(value - quantity(other)) for other in others)

    @cached_property
    def _shorter(self) -> Self:
        """The problem of 9k/10 modes."""
        k = len(self.jacobi.diagonal)
        if k > 1:
            return self.leading(k - max(1, k // 10))
        return self

    def enclosing(self) -> tuple[Self, Self, Self]:
        """The rules with a node at the lower end of the spectrum, at the upper end, and at both.

        The ends are ``bounds``, or what the Ritz values say of them.
        """
        J = self.jacobi
        low, high = self._ends()
        rules = (J.radau(low), J.radau(high), J.lobatto(low, high))
        below, above, both = (replace(self, jacobi=rule, bounds=None) for rule in rules)
        return below, above, both

    def _ends(self) -> Bounds:
        """Ends of the spectrum, off a node that has converged to an end itself: its pivots are
        rounding.
        """
        lam = self.modes().eigenvalues
        if self.bounds is not None:
            low, high = self.bounds
        else:
            low = lam[0] / 2
            if self.jacobi.power == 0:
                low = 2 * self._rounding * lam[-1]
            rise = lam[-1] - self._shorter.modes().eigenvalues[-1]
            high = lam[-1] + 2 * rise
        low = min(low, lam[0] - min(1e-10 * lam[-1], lam[0] / 2))
        high = max(high, lam[-1] * (1 + 1e-10))
        return low, high

    def loss(self, w: Array) -> Array:
        """f(w), for w (..., d)."""
        z = point("w", w, len(self.initial)) - self.centre
        gap: Array = (z * (self.slope + self.hvp(w, z) / 2)).sum(axis=-1)
        return self.level + gap

    def gradient(self, w: Array) -> Array:
        """H (w - w_*), or H (w - w_0) plus the gradient at w_0, for w (..., d)."""
        w = point("w", w, len(self.initial))
        return self.hvp(w, w - self.centre) + self.slope

    def hvp(self, w: Array, v: Array) -> Array:
        """H v, for v (..., d)."""
        v = point("v", v, len(self.initial))
        if v.ndim == 1:
            return self._multiply(v)
        rows = v.reshape(-1, v.shape[-1])
        return np.array([self._multiply(row) for row in rows]).reshape(v.shape)

    @property
    def _multiply(self) -> Product:
        return forward("operator", self.operator)

    def __repr__(self) -> str:
        exact = "for every T"
        if not self.exhausted:
            constant = "up to a constant " if self.jacobi.power < 0 else ""
            exact = f"{constant}for T <= {self.exact_steps}"
        lam = self.modes().eigenvalues
        return (
            f"{type(self).__name__}(d={len(self.initial)}, modes={len(lam)}, L={lam[-1]:.6g}, "
            f"F exact {exact})"
        )


def indefinite(lowest: float, highest: float) -> ValueError:
    """What is said of an operator that is not positive definite."""
    return ValueError(
        f"operator has the Ritz value {lowest:.3g} next to {highest:.3g}, it must be positive "
        "definite on the Krylov space: add a ridge, or start in its range"
    )
