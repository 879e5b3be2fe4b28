"""Bilevel problems whose two losses are quadratic in w: they have modes, from which the exact
hypergradients follow.

    L_1 = <W, H W> / 2 - <B, W>,   L_2 = <W, H_2 W> / 2 - <B_2, W> + c_2

with W (p, outputs), the matrix of the flat w of length P = p * outputs, H = H(alpha) (p, p) and
B = b(alpha) (p, outputs). One Hessian is shared by all outputs.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite
from quadmeta.problems.parts.batch import BatchLoss
from quadmeta.problems.parts.bilevel import BilevelProblem
from quadmeta.problems.parts.quadratic_form import Dependence, QuadraticForm
from quadmeta.problems.parts.rows import Rows, dense_solves


class OuterForm(NamedTuple):
    """The outer loss L_2 = <W, H_2 W> / 2 - <B_2, W> + c_2 at fixed hyperparameters."""

    hessian: Array
    """H_2 (p, p)."""
    linear: Array
    """B_2 (p, outputs)."""
    constant: float
    """c_2."""


@dataclass(frozen=True, eq=False)
class QuadraticInnerLoss(QuadraticForm):
    """L_1 = <W, H W> / 2 - <B, W> at fixed hyperparameters, what ``QuadraticBilevel.bind`` returns.

    Parameters
    ----------
    H
        H(alpha), shape (p, p), symmetric and positive semidefinite.
    B
        b(alpha), shape (p, outputs), or (p,) for one output.
    problem
        the problem itself.
    alpha
        the hyperparameters (h,).
    rows
        L_1 as a sum over weighted rows of data, where it is one.
    """

    H: Array
    B: Array
    problem: "QuadraticBilevel"
    alpha: Array
    rows: Rows | None = None

    def __post_init__(self) -> None:
        if self.B.ndim == 1:
            object.__setattr__(self, "B", self.B[:, None])
        p = len(self.B)
        if self.H.shape != (p, p):
            raise ValueError(
                f"H has shape {self.H.shape}, B {self.B.shape}: pass H (p, p) and B (p, outputs)"
            )

    def mixed(self, w: Array, v: Array) -> Array:
        """k -> <H_k, V W'> - <b_k, V> with H_k = dH/d alpha_k, b_k = dB/d alpha_k."""
        return self.problem.contracted(self.alpha, self.matrix(w), self.matrix(v))

    def jacobian(self, w: Array) -> Array:
        """Rows H_k W - b_k."""
        return self.flat(self.problem.rows(self.alpha, self.matrix(w)))

    def batch(self, index: Array) -> BatchLoss:
        """Of an inner loss that is a sum over rows."""
        return BatchLoss(self, index, partial(self.problem.from_rows, self.alpha))

    @cached_property
    def outer(self) -> OuterForm:
        """The outer loss at these hyperparameters."""
        hessian, linear, constant = self.problem.outer_form(self.alpha)
        return OuterForm(hessian, linear.reshape(len(linear), -1), constant)

    def implicit(self) -> Array:
        """J(w_*) H^-1 grad L_2(w_*), shape (h,): in float64 where that keeps ten digits, else in
        whole numbers.

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        value = self.rounded_implicit()
        if value is None:
            return self.exact_implicit()
        return value

    @np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore")
    def rounded_implicit(self) -> Array | None:
        """The implicit hypergradient in float64, or None where its rounding may count more than
        1e-10 of it, or its bound is beyond float64.
        """
        factored = self.factored
        if factored is None:
            return None
        problem = self.problem
        H2, B2, _ = self.outer
        W = factored.solve(self.B)
        g = H2 @ W - B2
        V = factored.solve(g)
        value = problem.contracted(self.alpha, W, V)
        norm = np.linalg.norm
        harmless = self._harmless(W, V, g, value)
        # ||H^-1|| is at most 1 / rho
        if self.rows is not None and norm(self.H) <= harmless * self.rows.rho:
            return value
        inverse = factored.norm
        if inverse == np.inf:
            return None
        if inverse * norm(self.H) <= harmless:
            return value
        # to first order |dW| <= |H^-1| u (|H||W| + |B|), and so on, with u a few roundings
        u = 4 * np.finfo(float).eps
        dW = inverse * u * (norm(self.H) * norm(W) + norm(self.B))
        outer = norm(H2)
        dg = outer * dW + u * (outer * norm(W) + norm(B2))
        dV = inverse * (u * norm(self.H) * norm(V) + dg)
        doubt = problem.doubt(self, (float(norm(W)), float(dW)), (float(norm(V)), float(dV)))
        if doubt.max() <= 1e-10 * np.abs(value).max():
            return value
        return None

    def _harmless(self, W: Array, V: Array, g: Array, value: Array) -> float:
        """The condition number up to which rounding cannot take more than ten digits."""
        problem = self.problem
        inside = problem.inside and self.rows is not None
        # the condition number counts twice, or once in residuals and images of the rows that are
        # not small themselves
        if inside and not problem.grouped and self._loose(W, V, g, value):
            return 4e3
        if inside:
            return 0.0
        return 300.0

    def _loose(self, W: Array, V: Array, g: Array, value: Array) -> bool:
        """Whether residuals X W_* - Y and images X V have at least a thirtieth of the size of
        their terms.
        """
        rows = self.rows
        assert rows is not None
        # HW = B, HV = g: sum d_i ||W'x_i - y_i||^2 = sum d_i ||y_i||^2 - <B, W> - rho ||W||^2
        total = rows.total
        moved = np.vdot(V, g)
        left = total - np.vdot(self.B, W) - rows.rho * np.vdot(W, W)
        if not (left > 1e-3 * total and moved - rows.rho * np.vdot(V, V) > 1e-3 * moved):
            return False
        # rows without much of an input have residuals of their own: so also in the row of the
        # largest entry
        k = int(np.argmax(np.abs(value)))
        x, y = (part[k] for part in rows.table.norms)
        residual = rows.X[k] @ W - rows.Y[k]
        image = rows.X[k] @ V
        return bool(
            _size(residual) > 0.03 * (x * _size(W) + y) and _size(image) > 0.03 * x * _size(V)
        )

    def exact_implicit(self) -> Array:
        """The implicit hypergradient in whole numbers."""
        problem = self.problem
        rows = self.rows
        if rows is None:
            rank = int(np.count_nonzero(self.modes(0 * self.B).lam))
        else:
            rank = rows.rank
        determined = rank == len(self.H) or (rows is not None and rows.rho > 0)
        if not determined:
            raise ValueError(
                f"the inner Hessian is singular to rounding (rank {rank} of {len(self.H)}"
                "), so that H x = grad L_2 has no one solution: add a ridge, or take gradient, the "
                "unrolled derivative, which exists"
            )
        if rows is None:
            W, V = dense_solves(self.H, self.B, self.outer.hessian, self.outer.linear)
            return problem.contracted(self.alpha, W, V)
        if problem.has_own_form:
            raise ValueError(
                f"{type(problem).__name__}: the implicit hypergradient of rows in whole numbers "
                "knows the loss on held_out, not outer_form: add a ridge, or bind without rows"
            )
        value: Array = rows.implicit(problem.held_out, partial(problem.from_rows, self.alpha))
        return value


class QuadraticBilevel(Dependence, BilevelProblem):
    """A bilevel problem whose inner and outer loss are quadratic in w.

    A subclass gives ``hyperparameters``, ``start`` and

    - ``bind(alpha)``: a ``QuadraticInnerLoss(H, B, self, alpha)``;
    - ``pair(alpha, X, V)``: the derivatives of H and B in alpha, contracted;
    - ``outer_hessian`` (p, p), ``outer_linear`` (p, outputs) and ``outer_constant`` of L_2; or,
      where L_2 depends on alpha also directly, ``outer_form(alpha)`` and ``direct(w, alpha)``.

    A start that depends on alpha is given as in every ``BilevelProblem``. Second derivatives, those
    of ``JointLoss``, need ``affine = True``, or ``bend(alpha, X, V)``.

    Examples
    --------
    A ridge alpha on H = diag(1, 2), with an outer loss ||w||^2 / 2 + alpha^2 / 2:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> class Penalised(qm.QuadraticBilevel):
    ...     hyperparameters = 1
    ...     start = np.zeros(2)
    ...     def bind(self, alpha):
    ...         H = np.diag([1.0, 2.0]) + alpha[0] * np.eye(2)
    ...         return qm.QuadraticInnerLoss(H, np.ones(2), self, alpha)
    ...     def pair(self, alpha, X, V):
    ...         return np.array([np.trace(X)])
    ...     def outer_form(self, alpha):
    ...         return np.eye(2), np.zeros((2, 1)), alpha[0] ** 2 / 2
    ...     def direct(self, w, alpha):
    ...         return alpha
    >>> loss = qm.OuterLoss(Penalised(), qm.GradientDescent(steps=100, step_size=0.5))
    >>> loss.gradient([1.0])
    array([0.83796296])
    """

    outer_hessian: Array
    """H_2 (p, p), where L_2 does not depend on alpha."""
    outer_linear: Array
    """B_2 (p, outputs)."""
    outer_constant: float = 0.0
    """c_2."""

    @abstractmethod
    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """L_1(., alpha) for hyperparameters (h,) that ``at`` has checked."""

    def contracted(self, alpha: Array, W: Array, V: Array) -> Array:
        """k -> <H_k W - b_k, V> = <H_k, V W'> - <b_k, V> for W, V (p, outputs)."""
        return self.pair(alpha, V @ W.T, V)

    def rows(self, alpha: Array, W: Array) -> Array:
        """k -> H_k W - b_k, shape (h, p, outputs): by default entry by entry from ``pair``."""
        units = np.eye(W.size).reshape(W.size, *W.shape)
        entries = [self.contracted(alpha, W, unit) for unit in units]
        return np.stack(entries, axis=-1).reshape(-1, *W.shape)

    def tangents(
        self, alpha: Array, W: Array, Q: Array, S: Array, slopes: Array, R: Array
    ) -> Array:
        """k -> Q (S o Q'(H_k W - b_k) + (slopes o Q'H_k Q) R), shape (h, p, outputs), for Q (p, p),
        S (p,), slopes (p, p) and W, R (p, outputs): what ``Forward`` needs of all steps at once.

        Raises
        ------
        NotImplementedError
            a problem that does not define it; forward mode then goes step by step.
        """
        raise NotImplementedError(f"{type(self).__name__} has no tangents: define tangents")

    @property
    def has_tangents(self) -> bool:
        """Whether ``tangents`` is defined."""
        return type(self).tangents is not QuadraticBilevel.tangents

    held_out: tuple[Array, Array]
    """(X_2, Y_2) of L_2, where the inner loss is a sum over rows."""
    inside = True
    """Whether H_k and B_k act on the space of the rows alone; else they leave it and its
    complement in place.
    """

    grouped = False
    """Whether one hyperparameter weighs several rows, whose terms may cancel although none of them
    is small.
    """

    def doubt(
        self, inner: QuadraticInnerLoss, W: tuple[float, float], V: tuple[float, float]
    ) -> Array:
        """A bound (h,) of the error of <H_k W - b_k, V> from (norm, error) of W and V, to first
        order; infinite where none is known, so that the implicit hypergradient is then solved for
        in whole numbers.
        """
        if inner.rows is None:
            return np.full(self.hyperparameters, np.inf)
        w, dw = W
        v, dv = V
        u = 4 * np.finfo(float).eps
        x, y = inner.rows.table.norms
        # |W'x_i - y_i| and its error times |V'x_i|, and the other way round
        left = x * w + y
        products = x * ((x * dw + u * left) * v + left * dv)
        inner_product = w * dv + dw * v + u * w * v
        return self.from_rows(inner.alpha, products, inner_product)

    def from_rows(self, alpha: Array, products: Array, inner: Array | float) -> Array:
        """k -> <H_k W - b_k, V> from <W'x_i - y_i, V'x_i> of every row (n,) and <W, V>: linear,
        coefficients >= 0.
        """
        raise NotImplementedError(
            f"{type(self).__name__} binds an inner loss with rows and has no from_rows: bind it "
            "without rows, or define from_rows"
        )

    def outer_form(self, alpha: Array | None = None) -> tuple[Array, Array, float]:
        """(H_2 (p, p), B_2 (p, outputs), c_2) of the outer loss.

        Raises
        ------
        ValueError
            a problem that gives none.
        """
        try:
            return self.outer_hessian, self.outer_linear, self.outer_constant
        except AttributeError as error:
            raise ValueError(
                f"{type(self).__name__} has no {error.name}: set outer_hessian (p, p) and "
                "outer_linear (p, outputs), or define outer_form(alpha)"
            ) from None

    @property
    def has_own_form(self) -> bool:
        """Whether the outer loss is given by ``outer_form``, not by its constant matrices."""
        return type(self).outer_form is not QuadraticBilevel.outer_form

    def weights_of(self, w: Numbers) -> Array:
        """w (P,) or (p, outputs) as (p, outputs)."""
        return _matrix("w", w, self.outer_form()[1].shape)

    def outer(self, w: Array, alpha: Array | None = None) -> float:
        """L_2(w, alpha)."""
        H2, B2, c2 = self.outer_form(alpha)
        W = _matrix("w", w, B2.shape)
        return float((W * (H2 @ W)).sum() / 2 - (B2 * W).sum() + c2)

    def outer_gradient(self, w: Array, alpha: Array | None = None) -> Array:
        """H_2 W - B_2."""
        H2, B2, _ = self.outer_form(alpha)
        W = np.reshape(w, B2.shape)
        gradient: Array = H2 @ W - B2
        return gradient.ravel()

    def require_complete(self) -> None:
        """Refuse a problem whose parts do not belong together.

        Raises
        ------
        ValueError
            as for every bilevel problem; or an outer loss that its closed forms would not see.
        """
        super().require_complete()
        name = type(self).__name__
        if type(self).outer_gradient is not QuadraticBilevel.outer_gradient:
            raise ValueError(
                f"{name} defines outer_gradient, which closed forms do not read: define "
                "outer_form(alpha) instead"
            )
        if self.has_own_form != self.has_direct:
            if self.has_own_form:
                given, missing = "outer_form", "direct(w, alpha)"
            else:
                given, missing = "direct", "outer_form(alpha)"
            raise ValueError(
                f"{name} defines {given} without {missing}, so that the outer loss and its "
                f"derivative disagree: define {missing}"
            )

    def at(self, alpha: Numbers) -> QuadraticInnerLoss:
        """As for every problem; the result has modes."""
        return self.bind(self.read(alpha))


def _size(x: Array) -> float:
    """The root of the sum of squares, for sizes whose squares float64 holds."""
    return math.sqrt(np.vdot(x, x))


def _matrix(name: str, w: Numbers, shape: tuple[int, ...]) -> Array:
    """w, flat or of this shape already, in this shape."""
    array = finite(name, w)
    size = math.prod(shape)
    if array.shape not in ((array.size,), shape) or array.size != size:
        raise ValueError(
            f"{name} has shape {array.shape}: pass a vector of {size} numbers, or shape {shape}"
        )
    return array.reshape(shape)
