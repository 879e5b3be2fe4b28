"""A quadratic too large for an eigendecomposition: its modes are a Gauss rule from products with H
alone.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import finite, frozen, function, instance, natural, number, shaped, show
from quadmeta.problems.parts.base import Modes, QuadraticProblem, point
from quadmeta.problems.parts.lanczos import Jacobi, divided, multiplied, rounding
from quadmeta.problems.parts.operator import (
    backward,
    checked,
    forward,
    sized,
    square,
    unit,
    vector,
)
from quadmeta.problems.parts.operator import (
    operator as linear,
)
from quadmeta.problems.parts.scale import centred, error_of, require_range
from quadmeta.problems.parts.settled import grow

Array = Any
Product = Callable[[Array], Array]
Quantity = Callable[["OperatorQuadratic"], Array]
Bounds = tuple[float, float] | None


@dataclass(frozen=True, eq=False, repr=False)
class OperatorQuadratic(QuadraticProblem):
    """f(w) = floor + (w - w_*)'H(w - w_*) / 2, H known through products; build it with a
    ``from_...`` constructor.

    The loss after T steps is the integral of p_T^2 over the spectral weights omega of (H, w_0);
    the modes are a Gauss rule of it from k Lanczos steps: k products with H, k stored vectors of
    length d while it is built and at most three afterwards. For every method of T steps they give,
    up to rounding (``exact_steps``),

        from_error                      F and its derivatives for T <= k - 1
        from_system with the floor      F and its derivatives for T <= k
        from_system without             F - F(0) and the derivatives of F for T <= k, but F itself
                                        is too small by a
                                        constant, F(0) - sum omega_j, and its logarithm and root
                                        are wrong accordingly

    and all of it for every T where the Krylov space is exhausted. Beyond that they converge as k
    grows, the faster the smoother p_T is: pass the ``quantity`` that is wanted, or ask
    ``estimate``.

    Matrices are copied and multiplied in float64. A LinearOperator of lower precision (its
    ``dtype`` is float32, or ``eps`` says so) may be asymmetric by 4500 eps of its norm; the
    results are then those of a symmetric matrix within about 16 sqrt(d) eps ||H|| of it:
    eigenvalues below that distance are rounding, and log F moves by up to about 2 T max |u| times
    it, u = eta lambda / (1 - eta lambda) / lambda for gradient descent.

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
    eps: float = float(np.finfo(float).eps)
    """Relative precision of a product with H."""
    exponent: int = 0
    """The mass of ``jacobi`` is in units of 2^exponent."""

    @classmethod
    def from_error(
        cls,
        operator: Any,
        error: Array,
        modes: int,
        minimizer: Array = None,
        floor: float = 0.0,
        bounds: Bounds = None,
        quantity: Quantity | None = None,
        tolerance: float = 1e-12,
        eps: float | None = None,
    ) -> "OperatorQuadratic":
        """From the initial error w_0 - w_*.

        Parameters
        ----------
        operator
            symmetric positive definite (d, d): a LinearOperator, a sparse matrix or an array.
        error
            (d,) w_0 - w_*, not zero.
        modes
            the largest number k of Lanczos steps and of stored vectors.
        minimizer
            (d,) w_*, default 0.
        floor
            f(w_*).
        bounds
            (mu, L) that enclose the active eigenvalues, for ``estimate``.
        quantity
            what is wanted of this problem, say ``lambda p: LogObjective(p,
            optimizer).gradient(0.5)``: Lanczos stops as soon as ``estimate`` is at most
            ``tolerance`` times it in every entry.
        tolerance
            relative, used with ``quantity``.
        eps
            relative precision of a product with H where it is lower than its dtype says, for
            example ``numpy.finfo("float32").eps`` where float32 results are returned as float64.

        Raises
        ------
        ValueError
            wrong shapes, a zero error, NaN from the operator; an operator that is asymmetric, or
            not positive, on the Krylov space; or ``modes`` steps that do not reach the tolerance.
            What the operator's own function raises is its cause.
        """
        modes, bounds, quantity, tolerance = _options(modes, bounds, quantity, tolerance)
        H, d = square(operator)
        e = vector("error", error, d)
        if minimizer is None:
            w = np.zeros(d)
        else:
            w = vector("minimizer", minimizer, d)
        level = number("floor", floor)
        precision = _precision(H, eps)
        initial = frozen(w + e)
        centre = frozen(w)
        e, k = sized("error", e)
        size = float(e @ e)

        def build(alphas: Array, betas: Array) -> "OperatorQuadratic":
            jacobi = multiplied(alphas, betas, size)
            if jacobi is None:
                raise _indefinite(*Jacobi(alphas, betas[:-1], size, 0).rule()[0][[0, -1]])
            return cls(
                H, initial, centre, 0.0, level, jacobi, not betas[-1], bounds, precision, 2 * k
            )

        return grow(build, forward("operator", H), e, modes, quantity, tolerance, precision)

    @classmethod
    def from_system(
        cls,
        operator: Any,
        b: Array,
        modes: int,
        start: Array = None,
        floor: float | None = None,
        bounds: Bounds = None,
        quantity: Quantity | None = None,
        tolerance: float = 1e-12,
        eps: float | None = None,
    ) -> "OperatorQuadratic":
        """f(w) = w'Hw/2 - b'w from ``start`` w_0 (default 0), where w_* = H^-1 b is unknown.

        Parameters
        ----------
        operator
            as in ``from_error``, or singular with b in its range.
        b
            (d,)
        modes, bounds, quantity, tolerance, eps
            as in ``from_error``.
        floor
            min f where it is known. Without it ``floor`` is f(w_0) minus the sum of the weights,
            that is f after k steps of conjugate gradients.

        Raises
        ------
        ValueError
            as in ``from_error``; a zero gradient at w_0; a floor that contradicts the Krylov
            space.
        """
        options = _options(modes, bounds, quantity, tolerance)
        H, d = square(operator)
        b = vector("b", b, d)
        if start is None:
            w = np.zeros(d)
        else:
            w = vector("start", start, d)
        multiply = forward("operator", H)
        Hw = finite("operator times start", multiply(w))
        return cls._from_gradient(
            H, multiply, w, Hw - b, float(Hw @ w / 2 - b @ w), floor, _precision(H, eps), options
        )

    @classmethod
    def from_design(
        cls,
        X: Any,
        y: Array,
        modes: int,
        ridge: float = 0.0,
        start: Array = None,
        floor: float | None = None,
        bounds: Bounds = None,
        quantity: Quantity | None = None,
        tolerance: float = 1e-12,
        eps: float | None = None,
    ) -> "OperatorQuadratic":
        """Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2 from ``start`` (default 0); X'X is
        never formed.

        Parameters
        ----------
        X
            (n, d) of any rank: sparse, an array, or a LinearOperator with ``rmatvec``.
        y
            (n,)
        ridge
            >= 0.
        floor
            the least loss where it is known, for example 0 where the model interpolates.
        modes, start, bounds, quantity, tolerance, eps
            as in ``from_system``.
        """
        from scipy.sparse.linalg import LinearOperator  # scipy loads only where it is used

        options = _options(modes, bounds, quantity, tolerance)
        A = linear("X", X)
        y = finite("y", y)
        n, d = A.shape
        if y.shape != (n,) or not n * d:
            raise ValueError(
                f"X has shape {A.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1"
            )
        rho = number("ridge", ridge, least=0.0, remedy="pass a regularisation weight")
        if start is None:
            w = np.zeros(d)
        else:
            w = vector("start", start, d)
        forth = forward("X", A)
        back = backward("X.T", A)
        H = LinearOperator((d, d), matvec=lambda v: back(forth(v)) / n + rho * v, dtype=float)
        left = forth(w) - y
        g = back(left) / n + rho * w
        level = float(left @ left / (2 * n) + rho * (w @ w) / 2)
        return cls._from_gradient(
            H, checked("operator", H._matvec, d), w, g, level, floor, _precision(A, eps), options
        )

    @classmethod
    def _from_gradient(
        cls,
        H: Any,
        multiply: Product,
        w: Array,
        g: Array,
        level: float,
        floor: float | None,
        eps: float,
        options: "_Options",
    ) -> "OperatorQuadratic":
        modes, bounds, quantity, tolerance = options
        level = number("f(w_0)", level, remedy="rescale the problem")
        w = frozen(w)
        g = frozen(finite("gradient", g))
        scaled, k = sized("gradient", g)
        size = float(scaled @ scaled)
        if floor is None:
            gap = None
        else:
            gap = level - number("floor", floor)

        def build(alphas: Array, betas: Array) -> "OperatorQuadratic":
            jacobi = Jacobi(alphas, betas[:-1], size / 2, -1)
            problem = cls(H, w, w, g, level, jacobi, not betas[-1], bounds, eps, 2 * k)
            if gap is None or not problem._lacks(gap):
                return problem
            whole = divided(alphas, betas, size, math.ldexp(gap, -2 * k))
            if whole is None:
                return problem
            return replace(problem, jacobi=whole)

        return grow(build, multiply, scaled, modes, quantity, tolerance, eps)

    def _lacks(self, gap: float) -> bool:
        """Whether F(0) = ``gap`` is more than the gradient alone gives: where it gives F(0) to
        rounding, it is better.

        Raises
        ------
        ValueError
            it is less than the weights sum to, or another number than theirs where they are exact.
        """
        missing = gap - self._total
        size = max(abs(self.level), abs(gap))
        if missing < -1e-8 * size or self.exhausted and missing > 1e-8 * size:
            if missing < 0:
                side = "above"
            else:
                side = "below"
            raise ValueError(
                f"floor = {self.level - gap!r} is {abs(missing):.3g} {side} what the Krylov "
                "space allows: "
                "pass min f, or leave it out"
            )
        return not self.exhausted and bool(missing > self._rounding * size)

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
        object.__setattr__(
            self,
            "jacobi",
            jacobi._replace(diagonal=frozen(jacobi.diagonal), beside=frozen(jacobi.beside)),
        )
        lam = self.modes().eigenvalues
        if self.bounds is not None:
            mu, L = self.bounds
            if not 0 < mu * (1 - 1e-12) <= lam[0] <= lam[-1] <= L * (1 + 1e-12):
                raise ValueError(
                    f"bounds = {show(self.bounds)} must be > 0 and enclose the Ritz values "
                    f"{lam[0]:.6g} "
                    f"to {lam[-1]:.6g}: pass mu and L with 0 < mu <= every active eigenvalue <= L"
                )

    @property
    def exact_steps(self) -> float:
        """The largest T for which the modes are exact (F up to a constant, if only the gradient is
        known), or inf.
        """
        if self.exhausted:
            return math.inf
        return len(self.jacobi.diagonal) - 1 - self.jacobi.power

    @property
    def start(self) -> Array:
        """(d,) w_0."""
        return self.initial

    @property
    def floor(self) -> Array:
        """f(w_*); where only the gradient is known, f(w_0) minus the sum of the weights."""
        if np.ndim(self.slope) == 0:
            return self.level
        return self.level - self._total

    def modes(self) -> Modes:
        """The Gauss rule: its nodes as eigenvalues, its weights, and an error derived from these."""
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
            raise _indefinite(theta[0], theta[-1])
        require_range("operator", theta)
        mass, power = math.frexp(self.jacobi.mass)
        # a power of two apart, the digits are those of mass s^2 theta^power
        mantissa, powers = np.frexp(mass * share * theta**self.jacobi.power)
        weights, k = centred(mantissa, powers.astype(int) + (power + self.exponent))
        error = np.ldexp(error_of(np.ldexp(weights, k % 2), theta), k // 2)
        return Modes(frozen(theta), frozen(error), frozen(weights), True, k)

    def leading(self, modes: int) -> "OperatorQuadratic":
        """The same problem with its first ``modes`` modes only; no product with H is spent."""
        k = natural("modes", modes)
        if k >= len(self.jacobi.diagonal):
            return self
        return replace(self, jacobi=self.jacobi.leading(k), exhausted=False)

    def estimate(self, quantity: Quantity) -> Array:
        """Estimated error of ``quantity``, a function of this problem, in its units; 0 where the
        rule is exact.

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
        return sum(abs(value - quantity(other)) for other in (self._shorter(), *self._enclosing()))

    def _shorter(self) -> "OperatorQuadratic":
        k = len(self.jacobi.diagonal)
        if k > 1:
            return self.leading(k - max(1, k // 10))
        return self

    def _enclosing(self) -> "Iterator[OperatorQuadratic]":
        """The rules with a node below the others, with one above, and with both."""
        J = self.jacobi
        lam = self.modes().eigenvalues
        short = self._shorter()
        rise = lam[-1] - short.modes().eigenvalues[-1]
        if J.power < 0:
            low = lam[0] / 2
        else:
            low = 2 * self._rounding * lam[-1]
        low, high = self.bounds or (low, lam[-1] + 2 * rise)
        # off a node that has converged to the end itself, where the pivots are rounding
        low = min(low, lam[0] - min(1e-10 * lam[-1], lam[0] / 2))
        high = max(high, lam[-1] * (1 + 1e-10))
        return (
            replace(self, jacobi=x, bounds=None)
            for x in (J.radau(low), J.radau(high), J.lobatto(low, high))
        )

    def loss(self, w: Array) -> Array:
        """f(w), for w (..., d)."""
        z = point("w", w, len(self.initial)) - self.centre
        return self.level + (z * (self.slope + self.hvp(w, z) / 2)).sum(axis=-1)

    def gradient(self, w: Array) -> Array:
        """H (w - w_*), or H (w - w_0) plus the gradient at w_0, for w (..., d)."""
        w = point("w", w, len(self.initial))
        return self.hvp(w, w - self.centre) + self.slope

    def hvp(self, w: Array, v: Array) -> Array:
        """H v, for v (..., d)."""
        v = point("v", v, len(self.initial))
        if v.ndim == 1:
            return self._multiply(v)
        return np.array([self._multiply(row) for row in v.reshape(-1, v.shape[-1])]).reshape(
            v.shape
        )

    @property
    def _multiply(self) -> Product:
        return forward("operator", self.operator)

    def __repr__(self) -> str:
        if self.exhausted:
            exact = "every T"
        else:
            exact = f"T <= {self.exact_steps}"
        if self.jacobi.power < 0 and not self.exhausted:
            constant = " up to a constant"
        else:
            constant = ""
        lam = self.modes().eigenvalues
        return (
            f"OperatorQuadratic(d={len(self.initial)}, modes={len(lam)}, L={lam[-1]:.6g}, "
            f"F exact{constant} for {exact})"
        )


_Options = tuple[int, Bounds, Quantity | None, float]


def _options(modes: Any, bounds: Any, quantity: Any, tolerance: Any) -> _Options:
    """What all constructors take, read before the first product is spent."""
    if quantity is not None:
        quantity = function("quantity", quantity, "a function of this problem, or None")
    if bounds is not None:
        low, high = shaped("bounds", bounds, (2,), "(2,): (mu, L)").tolist()
        bounds = low, high
    return (
        natural("modes", modes),
        bounds,
        quantity,
        number("tolerance", tolerance, above=0.0, remedy="pass a relative error"),
    )


def _precision(operator: Any, eps: Any) -> float:
    least = unit(operator)
    if eps is None:
        return least
    return max(
        least,
        number(
            "eps", eps, above=0.0, below=0.01, remedy='pass for example numpy.finfo("float32").eps'
        ),
    )


def _indefinite(lowest: float, highest: float) -> ValueError:
    return ValueError(
        f"operator has the Ritz value {lowest:.3g} next to {highest:.3g}, it must be positive "
        "definite "
        "on the Krylov space: add a ridge, or start in its range"
    )
