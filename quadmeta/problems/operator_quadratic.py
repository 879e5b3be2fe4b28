"""A quadratic too large for an eigendecomposition, known through products with its Hessian."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from quadmeta._types import Array, Numbers, Scalar
from quadmeta._validate import finite, frozen, number
from quadmeta.problems.parts.gauss_rule import GaussRule, Quantity, indefinite
from quadmeta.problems.parts.lanczos import Jacobi, divided, multiplied
from quadmeta.problems.parts.lanczos_options import LanczosOptions
from quadmeta.problems.parts.operator import (
    Product,
    backward,
    checked,
    forward,
    operator as linear,
    sized,
    square,
    unit,
    vector,
)

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator


class OperatorQuadratic(GaussRule):
    """A quadratic too large for an eigendecomposition: its modes are a Gauss rule.

    Build it with a ``from_...`` constructor. The loss after T steps is the integral of p_T^2 over
    the spectral weights omega of (H, w_0); the modes are a Gauss rule of it from k Lanczos steps:
    k products with H, k stored vectors of length d while it is built and at most three afterwards
    (8 d k bytes; with ``reorthogonalize=False`` about ten vectors in all and the matrix of the
    rule, 80 d + 40 k^2 bytes).
    For every method of T steps they give, up to rounding (``exact_steps``),

        from_error                      F and its derivatives for T <= k - 1
        from_system with the floor      F and its derivatives for T <= k
        from_system without             F - F(0) and the derivatives of F for T <= k, but F itself
                                        is too small by a constant, F(0) - sum omega_j, and its
                                        logarithm and root are wrong accordingly

    and all of it for every T where the Krylov space is exhausted. Beyond that they converge as k
    grows, the faster the smoother p_T is: pass the ``quantity`` that is wanted, or ask
    ``estimate``.

    Without reorthogonalisation rounding gives the rule several copies of an eigenvalue that
    together have its weight, and k may exceed d. With or without, the integral of a polynomial q of
    degree < 2k over the measure of the start vector v, e or g, is off by at most about 10 k^2 eps
    ||v||^2 max |q| over [mu, L] (F is that of lambda p_T^2 / 2, or of p_T^2 / (2 lambda)): so
    tests on hard spectra find, proofs have higher powers of k. ``definition(theta, 1)`` of an
    objective checks a rule at one theta: the recursion itself, 3 T products and no rule.

    Matrices are copied and multiplied in float64. A LinearOperator of lower precision (its
    ``dtype`` is float32, or ``eps`` says so) may be asymmetric by 4500 eps of its norm; the
    results are then those of a symmetric matrix within about 16 sqrt(d) eps ||H|| of it:
    eigenvalues below that distance are rounding, and log F moves by up to about 2 T max |u| times
    it, u = eta lambda / (1 - eta lambda) / lambda for gradient descent.

    References
    ----------
    Golub and Meurant, Matrices, Moments and Quadrature with Applications, 2010, chapter 6;
    without reorthogonalisation Greenbaum 1989 and Knizhnerman 1996.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> qm.OperatorQuadratic.from_error(np.diag(np.arange(1.0, 1001.0)), np.ones(1000), modes=20)
    OperatorQuadratic(d=1000, modes=20, L=997.199, F exact for T <= 19)

    300 steps on a problem of any size in the memory of ten vectors:

    >>> from scipy.sparse import diags_array
    >>> H = diags_array([-1.0, 2.5, -1.0], offsets=[-1, 0, 1], shape=(10**4, 10**4)).tocsr()
    >>> lean = qm.OperatorQuadratic.from_error(
    ...     H, np.ones(10**4), modes=301, reorthogonalize=False
    ... )
    >>> log = qm.LogObjective(lean, qm.GradientDescent(300))
    >>> abs(log.gradient(0.4) / log.definition(0.4, 1) - 1) < 1e-12
    True
    """

    @classmethod
    def from_error(
        cls,
        operator: Any,
        error: Numbers,
        modes: int,
        minimizer: Numbers | None = None,
        floor: Scalar = 0.0,
        bounds: Sequence[float] | None = None,
        quantity: Quantity | None = None,
        tolerance: Scalar = 1e-12,
        eps: Scalar | None = None,
        reorthogonalize: bool = True,
    ) -> "OperatorQuadratic":
        """From the initial error w_0 - w_*.

        Parameters
        ----------
        operator
            symmetric positive definite (d, d): a LinearOperator, a sparse matrix or an array.
        error
            (d,) w_0 - w_*, not zero.
        modes
            the largest number k of Lanczos steps.
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
        reorthogonalize
            False: store no Lanczos vectors, see above; asymmetry is then looked for between
            neighbouring vectors only.

        Raises
        ------
        ValueError
            wrong shapes, a zero error, NaN from the operator; an operator that is asymmetric, or
            not positive, on the Krylov space; or ``modes`` steps that do not reach the tolerance.
            What the operator's own function raises is its cause.
        """
        options = LanczosOptions.read(modes, bounds, quantity, tolerance, reorthogonalize)
        H, d = square(operator)
        e = vector("error", error, d)
        w = vector("minimizer", minimizer, d)
        level = number("floor", floor)
        precision = _precision(H, eps)
        # the error is divided by 2^k where its squares come near an end of float64
        scaled, k = sized("error", e)
        size = float(scaled @ scaled)
        initial = frozen(w + e)
        centre = frozen(w)

        def build(alphas: Array, betas: Array) -> "OperatorQuadratic":
            jacobi = multiplied(alphas, betas, size)
            if jacobi is None:
                nodes, _ = Jacobi(alphas, betas[:-1], size, 0).rule()
                raise indefinite(nodes[0], nodes[-1])
            return cls(
                operator=H,
                initial=initial,
                centre=centre,
                slope=0.0,
                level=level,
                jacobi=jacobi,
                exhausted=not betas[-1],
                bounds=options.bounds,
                eps=precision,
                exponent=2 * k,
            )

        return options.grow(build, forward("operator", H), scaled, precision)

    @classmethod
    def from_system(
        cls,
        operator: Any,
        b: Numbers,
        modes: int,
        start: Numbers | None = None,
        floor: Scalar | None = None,
        bounds: Sequence[float] | None = None,
        quantity: Quantity | None = None,
        tolerance: Scalar = 1e-12,
        eps: Scalar | None = None,
        reorthogonalize: bool = True,
    ) -> "OperatorQuadratic":
        """From the linear system H w_* = b, f(w) = w'Hw/2 - b'w, where w_* is unknown.

        Parameters
        ----------
        operator
            as in ``from_error``, or singular with b in its range.
        b
            (d,).
        start
            (d,) w_0, default 0.
        floor
            min f where it is known. Without it ``floor`` is f(w_0) minus the sum of the weights,
            that is f after k steps of conjugate gradients.
        modes, bounds, quantity, tolerance, eps, reorthogonalize
            as in ``from_error``.

        Raises
        ------
        ValueError
            as in ``from_error``; a zero gradient at w_0; a floor that contradicts the Krylov
            space.
        """
        options = LanczosOptions.read(modes, bounds, quantity, tolerance, reorthogonalize)
        H, d = square(operator)
        right = vector("b", b, d)
        w = vector("start", start, d)
        multiply = forward("operator", H)
        Hw = finite("operator times start", multiply(w))
        level = float(Hw @ w / 2 - right @ w)
        return cls._from_gradient(
            H, multiply, w, Hw - right, level, floor, _precision(H, eps), options
        )

    @classmethod
    def from_design(
        cls,
        X: Any,
        y: Numbers,
        modes: int,
        ridge: Scalar = 0.0,
        start: Numbers | None = None,
        floor: Scalar | None = None,
        bounds: Sequence[float] | None = None,
        quantity: Quantity | None = None,
        tolerance: Scalar = 1e-12,
        eps: Scalar | None = None,
        reorthogonalize: bool = True,
    ) -> "OperatorQuadratic":
        """Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2; X'X is never formed.

        Parameters
        ----------
        X
            (n, d) of any rank: sparse, an array, or a LinearOperator with ``rmatvec``.
        y
            (n,).
        ridge
            >= 0.
        floor
            the least loss where it is known, for example 0 where the model interpolates.
        modes, start, bounds, quantity, tolerance, eps, reorthogonalize
            as in ``from_system``.

        Raises
        ------
        ValueError
            as in ``from_system``; X and y of different lengths, a negative ridge.
        """
        from scipy.sparse.linalg import LinearOperator  # scipy loads only where it is used

        options = LanczosOptions.read(modes, bounds, quantity, tolerance, reorthogonalize)
        A = linear("X", X)
        target = finite("y", y)
        n, d = A.shape
        if target.shape != (n,) or not n * d:
            raise ValueError(
                f"X has shape {A.shape} and y {target.shape}: pass X (n, d) and y (n,) with "
                "n, d >= 1"
            )
        rho = number("ridge", ridge, least=0.0, remedy="pass a regularisation weight")
        w = vector("start", start, d)
        forth = forward("X", A)
        back = backward("X.T", A)
        H = LinearOperator((d, d), matvec=lambda v: back(forth(v)) / n + rho * v, dtype=float)
        multiply = checked("operator", H._matvec, d)
        # gradient X'(Xw - y) / n + rho w and loss at w_0
        left = forth(w) - target
        g = back(left) / n + rho * w
        level = float(left @ left / (2 * n) + rho * (w @ w) / 2)
        return cls._from_gradient(H, multiply, w, g, level, floor, _precision(A, eps), options)

    @classmethod
    def _from_gradient(
        cls,
        H: "LinearOperator",
        multiply: Product,
        w: Array,
        g: Array,
        level: float,
        floor: Scalar | None,
        eps: float,
        options: LanczosOptions,
    ) -> "OperatorQuadratic":
        """From the gradient g and the loss ``level`` at w_0 = w."""
        level = number("f(w_0)", level, remedy="rescale the problem")
        w = frozen(w)
        g = frozen(finite("gradient", g))
        # the gradient is divided by 2^k where its squares come near an end of float64
        scaled, k = sized("gradient", g)
        size = float(scaled @ scaled)
        gap = None
        if floor is not None:
            gap = level - number("floor", floor)

        def build(alphas: Array, betas: Array) -> "OperatorQuadratic":
            problem = cls(
                operator=H,
                initial=w,
                centre=w,
                slope=g,
                level=level,
                jacobi=Jacobi(alphas, betas[:-1], size / 2, -1),
                exhausted=not betas[-1],
                bounds=options.bounds,
                eps=eps,
                exponent=2 * k,
            )
            if gap is None or not problem._lacks(gap):
                return problem
            whole = divided(alphas, betas, size, math.ldexp(gap, -2 * k))
            if whole is None:
                return problem
            return replace(problem, jacobi=whole)

        return options.grow(build, multiply, scaled, eps)

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
            side = "above" if missing < 0 else "below"
            raise ValueError(
                f"floor = {self.level - gap!r} is {abs(missing):.3g} {side} what the Krylov "
                "space allows: pass min f, or leave it out"
            )
        return not self.exhausted and bool(missing > self._rounding * size)


def _precision(operator: "LinearOperator", eps: Scalar | None) -> float:
    """The relative precision of a product: what its dtype says, or ``eps`` where that is more."""
    least = unit(operator)
    if eps is None:
        return least
    remedy = 'pass for example numpy.finfo("float32").eps'
    return max(least, number("eps", eps, above=0.0, below=0.01, remedy=remedy))
