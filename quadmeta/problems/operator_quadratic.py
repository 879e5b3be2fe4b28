"""A quadratic too large for an eigendecomposition: its modes are a Gauss rule from products with H alone."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
import math
from typing import Any

import numpy as np

from quadmeta._validate import finite, frozen, natural, show
from quadmeta.problems._base import Modes, QuadraticProblem
from quadmeta.problems._lanczos import Jacobi, divided, multiplied, rounding
from quadmeta.problems._operator import checked, operator as linear, product, square, square_norm, vector
from quadmeta.problems._settled import grow

Array = Any
Product = Callable[[Array], Array]
Quantity = Callable[["OperatorQuadratic"], Array]
Bounds = tuple[float, float] | None


@dataclass(frozen=True, eq=False, repr=False)
class OperatorQuadratic(QuadraticProblem):
    """f(w) = floor + (w - w_*)'H(w - w_*) / 2, H known through products; build it with a ``from_...`` constructor.

    The loss after T steps is the integral of p_T^2 over the spectral weights omega of (H, w_0); the modes are a Gauss
    rule of it from k Lanczos steps: k products with H, k stored vectors of length d while it is built and at most
    three afterwards. For every method of T steps they give, up to rounding (``exact_steps``),

        from_error                      F and its derivatives for T <= k - 1
        from_system with the floor      F and its derivatives for T <= k
        from_system without             F - F(0) and the derivatives of F for T <= k, but F itself is too small by a
                                        constant, F(0) - sum omega_j, and its logarithm and root are wrong accordingly

    and all of it for every T where the Krylov space is exhausted. Beyond that they converge as k grows, the faster the
    smoother p_T is: pass the ``quantity`` that is wanted, or ask ``estimate``.

    Source: Golub and Meurant, Matrices, Moments and Quadrature with Applications, 2010, chapter 6.
    """

    operator: Any
    """H as a LinearOperator."""
    initial: Array
    """(d,) w_0."""
    centre: Array
    """(d,) w_*, or w_0 where w_* is unknown."""
    slope: Array
    """(d,) or 0: the gradient at the centre."""
    level: float
    """f(centre)."""
    jacobi: Jacobi
    exhausted: bool = False
    """Whether the Krylov space is invariant, so that the rule is exact for every T."""
    bounds: Bounds = None
    """(mu, L) that enclose the active eigenvalues, where they are known."""

    @classmethod
    def from_error(cls, operator: Any, error: Array, modes: int, minimizer: Array = None, floor: float = 0.0,
                   bounds: Bounds = None, quantity: Quantity | None = None,
                   tolerance: float = 1e-12) -> "OperatorQuadratic":
        """From the initial error w_0 - w_*.

        Args:
            operator: symmetric positive definite (d, d): a LinearOperator, a sparse matrix or an array.
            error: (d,) w_0 - w_*, not zero.
            modes: the largest number k of Lanczos steps and of stored vectors.
            minimizer: (d,) w_*, default 0.
            floor: f(w_*).
            bounds: (mu, L) that enclose the active eigenvalues, for ``estimate``.
            quantity: what is wanted of this problem, say ``lambda p: LogObjective(p, optimizer).gradient(0.5)``:
                Lanczos stops as soon as ``estimate`` is at most ``tolerance`` times it in every entry.
            tolerance: relative, used with ``quantity``.

        Raises:
            ValueError: wrong shapes, a zero error, NaN from the operator; an operator that is asymmetric, or not
                positive, on the Krylov space; or ``modes`` steps that do not reach the tolerance.
        """
        H, d = square(operator)
        e, w = vector("error", error, d), np.zeros(d) if minimizer is None else vector("minimizer", minimizer, d)
        level, size = float(finite("floor", floor)), square_norm("error", e)
        initial, centre = frozen(w + e), frozen(w)

        def build(alphas: Array, betas: Array) -> "OperatorQuadratic":
            jacobi = multiplied(alphas, betas, size)
            if jacobi is None:
                raise _indefinite(*Jacobi(alphas, betas[:-1], size, 0).rule()[0][[0, -1]])
            return cls(H, initial, centre, 0.0, level, jacobi, not betas[-1], bounds)
        return grow(build, product(operator, H), e, modes, quantity, tolerance)

    @classmethod
    def from_system(cls, operator: Any, b: Array, modes: int, start: Array = None, floor: float | None = None,
                    bounds: Bounds = None, quantity: Quantity | None = None,
                    tolerance: float = 1e-12) -> "OperatorQuadratic":
        """f(w) = w'Hw/2 - b'w from ``start`` w_0 (default 0), where w_* = H^-1 b is unknown.

        Args:
            operator: as in ``from_error``, or singular with b in its range.
            b: (d,)
            modes, bounds, quantity, tolerance: as in ``from_error``.
            floor: min f where it is known. Without it ``floor`` is f(w_0) minus the sum of the weights, that is f after
                k steps of conjugate gradients.

        Raises:
            ValueError: as in ``from_error``; a zero gradient at w_0; a floor that contradicts the Krylov space.
        """
        H, d = square(operator)
        b, w = vector("b", b, d), np.zeros(d) if start is None else vector("start", start, d)
        multiply = product(operator, H)
        Hw = multiply(w)
        return cls._from_gradient(H, multiply, w, Hw - b, float(Hw @ w / 2 - b @ w), modes, floor, bounds, quantity,
                                  tolerance)

    @classmethod
    def from_design(cls, X: Any, y: Array, modes: int, ridge: float = 0.0, start: Array = None,
                    floor: float | None = None, bounds: Bounds = None, quantity: Quantity | None = None,
                    tolerance: float = 1e-12) -> "OperatorQuadratic":
        """Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2 from ``start`` (default 0); X'X is never formed.

        Args:
            X: (n, d) of any rank: sparse, an array, or a LinearOperator with ``rmatvec``.
            y: (n,)
            ridge: >= 0.
            floor: the least loss where it is known, for example 0 where the model interpolates.
            modes, start, bounds, quantity, tolerance: as in ``from_system``.
        """
        from scipy.sparse.linalg import LinearOperator  # scipy loads only where it is used
        A, y = linear("X", X), finite("y", y)
        n, d = A.shape
        if y.shape != (n,) or not n * d:
            raise ValueError(f"X has shape {A.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1")
        rho = float(finite("ridge", ridge))
        if rho < 0:
            raise ValueError(f"ridge = {ridge!r} must be >= 0: pass a regularisation weight")
        w = np.zeros(d) if start is None else vector("start", start, d)
        forth, back = checked("X", A.matvec), checked("X.T", (np.asarray(X) if isinstance(X, list) else X).T.dot)
        H = LinearOperator((d, d), matvec=lambda v: back(forth(v)) / n + rho * v, dtype=float)
        left = forth(w) - y
        g, level = back(left) / n + rho * w, float(left @ left / (2 * n) + rho * (w @ w) / 2)
        return cls._from_gradient(H, checked("operator", H.matvec), w, g, level, modes, floor, bounds, quantity,
                                  tolerance)

    @classmethod
    def _from_gradient(cls, H: Any, multiply: Product, w: Array, g: Array, level: float, modes: int,
                       floor: float | None, bounds: Bounds, quantity: Quantity | None,
                       tolerance: float) -> "OperatorQuadratic":
        size = square_norm("gradient", finite("gradient", g))
        w, g = frozen(w), frozen(g)
        gap = None if floor is None else level - float(finite("floor", floor))

        def build(alphas: Array, betas: Array) -> "OperatorQuadratic":
            jacobi = Jacobi(alphas, betas[:-1], size / 2, -1)
            problem = cls(H, w, w, g, level, jacobi, not betas[-1], bounds)
            if gap is None or not problem._lacks(gap):
                return problem
            whole = divided(alphas, betas, size, gap)
            return problem if whole is None else replace(problem, jacobi=whole)
        return grow(build, multiply, g, modes, quantity, tolerance)

    def _lacks(self, gap: float) -> bool:
        """Whether F(0) = ``gap`` is more than the gradient alone gives: where it gives F(0) to rounding, it is better.

        Raises:
            ValueError: it is less than the weights sum to, or another number than theirs where they are exact.
        """
        missing, size = gap - self.modes().weights.sum(), max(abs(self.level), abs(gap))
        if missing < -1e-8 * size or self.exhausted and missing > 1e-8 * size:
            side = "above" if missing < 0 else "below"
            raise ValueError(f"floor = {self.level - gap!r} is {abs(missing):.3g} {side} what the Krylov space allows: "
                             "pass min f, or leave it out")
        return not self.exhausted and bool(missing > rounding(len(self.initial)) * size)

    def __post_init__(self) -> None:
        lam = self.modes().eigenvalues
        if self.bounds is not None:
            mu, L = (float(x) for x in finite("bounds", self.bounds))
            if not 0 < mu * (1 - 1e-12) <= lam[0] <= lam[-1] <= L * (1 + 1e-12):
                raise ValueError(f"bounds = {show(self.bounds)} must be > 0 and enclose the Ritz values {lam[0]:.6g} "
                                 f"to {lam[-1]:.6g}: pass mu and L with 0 < mu <= every active eigenvalue <= L")

    @property
    def exact_steps(self) -> float:
        """The largest T for which the modes are exact (F up to a constant, if only the gradient is known), or inf."""
        return math.inf if self.exhausted else len(self.jacobi.diagonal) - 1 - self.jacobi.power

    @property
    def start(self) -> Array:
        """(d,) w_0."""
        return self.initial

    @property
    def floor(self) -> Array:
        """f(w_*); where only the gradient is known, f(w_0) minus the sum of the weights."""
        return self.level if np.ndim(self.slope) == 0 else self.level - self.modes().weights.sum()

    def modes(self) -> Modes:
        """The Gauss rule: its nodes as eigenvalues, its weights, and an error derived from these."""
        return self._modes

    @cached_property
    def _modes(self) -> Modes:
        theta, share = self.jacobi.rule()
        cut = rounding(len(self.initial)) * theta[-1]
        # a gradient has no weight at 0, in the null space of a singular H: what rounding puts there is not a mode
        noise = (np.abs(theta) <= cut) & (share <= 1e-24) & (self.jacobi.power < 0)
        theta, share = theta[~noise], share[~noise]
        if theta[0] <= cut:
            raise _indefinite(theta[0], theta[-1])
        weights = self.jacobi.mass * share * theta**self.jacobi.power
        return Modes(frozen(theta), frozen(np.sqrt(2 * weights / theta)), frozen(weights), True)

    def leading(self, modes: int) -> "OperatorQuadratic":
        """The same problem with its first ``modes`` modes only; no product with H is spent."""
        k = natural("modes", modes)
        if k >= len(self.jacobi.diagonal):
            return self
        return replace(self, jacobi=self.jacobi.leading(k), exhausted=False)

    def estimate(self, quantity: Quantity) -> Array:
        """Estimated error of ``quantity``, a function of this problem, in its units; 0 where the rule is exact.

        It is the sum of the distances to the values by four other rules: the one of 9k/10 modes, and those with one
        node or both nodes at the ends of the spectrum (Gauss-Radau, Gauss-Lobatto). With ``bounds``, w_* or the floor
        known, and gradient descent it is a proven bound for a monotone function of F: the 2k-th derivative of
        (1 - eta lambda)^(2T) is nowhere negative, hence F(Gauss) <= F <= F(Lobatto). For derivatives and for momentum
        it is an estimate, exceeded in about one of a thousand random cases, seldom by more than a factor of two.
        Rounding comes on top: from the gradient alone it is of the order eps L / mu where weights are divided by small
        nodes.

        Without ``bounds`` mu is taken as 0 (from the gradient alone: as half of the smallest node) and L is
        extrapolated from the largest. A direction of tiny weight beyond these ends is not seen, and the estimate is
        exceeded in about two of a hundred random cases, by any factor where weights range over many decades.
        """
        value = quantity(self)
        if self.exhausted:
            return 0 * abs(value)
        return sum(abs(value - quantity(other)) for other in (self._shorter(), *self._enclosing()))

    def _shorter(self) -> "OperatorQuadratic":
        k = len(self.jacobi.diagonal)
        return self.leading(k - max(1, k // 10)) if k > 1 else self

    def _enclosing(self) -> "Iterator[OperatorQuadratic]":
        """The rules with a node below the others, with one above, and with both."""
        J, lam, short = self.jacobi, self.modes().eigenvalues, self._shorter()
        rise = lam[-1] - short.modes().eigenvalues[-1]
        low = lam[0] / 2 if J.power < 0 else 2 * rounding(len(self.initial)) * lam[-1]
        low, high = self.bounds or (low, lam[-1] + 2 * rise)
        # off a node that has converged to the end itself, where the pivots are rounding
        low, high = min(low, lam[0] - min(1e-10 * lam[-1], lam[0] / 2)), max(high, lam[-1] * (1 + 1e-10))
        return (replace(self, jacobi=x, bounds=None) for x in (J.radau(low), J.radau(high), J.lobatto(low, high)))

    def loss(self, w: Array) -> Array:
        """f(w), for w (..., d)."""
        z = w - self.centre
        return self.level + (z * (self.slope + self.hvp(w, z) / 2)).sum(axis=-1)

    def gradient(self, w: Array) -> Array:
        """H (w - w_*), or H (w - w_0) plus the gradient at w_0, for w (..., d)."""
        return self.hvp(w, w - self.centre) + self.slope

    def hvp(self, w: Array, v: Array) -> Array:
        """H v, for v (..., d)."""
        return self.operator.matvec(v) if np.ndim(v) == 1 else np.array([self.hvp(w, row) for row in v])

    def __repr__(self) -> str:
        exact = "every T" if self.exhausted else f"T <= {self.exact_steps}"
        constant = " up to a constant" if self.jacobi.power < 0 and not self.exhausted else ""
        lam = self.modes().eigenvalues
        return (f"OperatorQuadratic(d={len(self.initial)}, modes={len(lam)}, L={lam[-1]:.6g}, "
                f"F exact{constant} for {exact})")


def _indefinite(lowest: float, highest: float) -> ValueError:
    return ValueError(f"operator has the Ritz value {lowest:.3g} next to {highest:.3g}, it must be positive definite "
                      "on the Krylov space: add a ridge, or start in its range")
