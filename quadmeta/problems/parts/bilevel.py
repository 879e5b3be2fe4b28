"""Bilevel problems: an inner loss L_1(w, alpha) with hyperparameters alpha, an outer loss L_2(w)
of what was trained.

``at(alpha)`` binds the hyperparameters. What is bound gives gradients and products and nothing
else; on a quadratic inner loss it also has modes, from which the exact hypergradients follow. w is
a flat vector of length P = p * outputs.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from quadmeta._validate import finite
from quadmeta.problems.parts.rows import Modes, Rows, dense_implicit

Array = Any


def require_symmetric(name: str, matrix: Array) -> None:
    """Refuse a matrix whose two triangles differ by more than rounding."""
    if np.abs(matrix - matrix.T).max() > 1e-12 * np.abs(matrix).max():
        raise ValueError(f"{name} is asymmetric: pass (A + A.T) / 2 if that is what you mean")


def _freeze(value: Any) -> None:
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, tuple):
        for entry in value:
            _freeze(entry)


class Bound(ABC):
    """L_1(., alpha) at bound hyperparameters. J(w) = d^2 L_1 / d alpha d w' is h x P."""

    @abstractmethod
    def gradient(self, w: Array) -> Array:
        """d L_1 / d w, shape (P,)."""

    @abstractmethod
    def hvp(self, w: Array, v: Array) -> Array:
        """H(w) v for v of shape (..., P)."""

    @abstractmethod
    def mixed(self, w: Array, v: Array) -> Array:
        """J(w) v, shape (h,)."""

    @abstractmethod
    def jacobian(self, w: Array) -> Array:
        """J(w) itself, shape (h, P), for forward mode."""


class BilevelProblem(ABC):
    """min_alpha L_2(w(alpha)) where w(alpha) comes from training on L_1(., alpha) from ``start``."""

    start: Array
    """w_0, shape (P,)."""
    hyperparameters: int
    """h."""

    def _keep(self, **values: Any) -> None:
        """Set attributes of a frozen dataclass; arrays become read-only, those in tuples too."""
        for name, value in values.items():
            _freeze(value)
            object.__setattr__(self, name, value)

    @abstractmethod
    def bind(self, alpha: Array) -> Bound:
        """L_1 at validated hyperparameters."""

    @abstractmethod
    def outer(self, w: Array) -> Array:
        """L_2(w)."""

    @abstractmethod
    def outer_gradient(self, w: Array) -> Array:
        """grad L_2(w), shape (P,)."""

    def at(self, alpha: Array) -> Bound:
        """L_1 at the hyperparameters alpha (h,).

        Raises
        ------
        ValueError
            wrong length, NaN or infinity, or hyperparameters outside the problem's domain.
        """
        alpha = finite("alpha", alpha)
        if alpha.shape != (self.hyperparameters,):
            raise ValueError(
                f"alpha has shape {alpha.shape}: pass a vector of {self.hyperparameters} "
                "hyperparameters"
            )
        return self.bind(alpha)


@dataclass(frozen=True, eq=False)
class QuadraticBound(Bound):
    """L_1 = <W, H W> / 2 - <B, W> with W (p, outputs): H = H(alpha) (p, p), B = b(alpha) (p,
    outputs).
    """

    H: Array
    B: Array
    problem: "QuadraticBilevel"
    alpha: Array
    rows: Rows | None = None
    """L_1 as a sum over weighted rows, where it is one."""

    def _matrix(self, w: Array) -> Array:
        return np.reshape(w, (*np.shape(w)[:-1], *self.B.shape))

    def _flat(self, W: Array) -> Array:
        return W.reshape(*W.shape[:-2], -1)

    def gradient(self, w: Array) -> Array:
        """H W - B."""
        return self._flat(self.H @ self._matrix(w) - self.B)

    def hvp(self, w: Array, v: Array) -> Array:
        """H V."""
        return self._flat(self.H @ self._matrix(v))

    def mixed(self, w: Array, v: Array) -> Array:
        """k -> <H_k, V W'> - <b_k, V> with H_k = dH/d alpha_k, b_k = dB/d alpha_k."""
        V = self._matrix(v)
        return self.problem.pair(self.alpha, V @ self._matrix(w).T, V)

    def jacobian(self, w: Array) -> Array:
        """Rows H_k W - b_k."""
        return self._flat(self.problem.rows(self.alpha, self._matrix(w)))

    @cached_property
    def eigen(self) -> tuple[Array, Array]:
        """(lambda, Q) of H, ascending, singular or not: lambda is right to rounding of the largest
        one.
        """
        lam, Q = np.linalg.eigh(self.H)
        return lam, Q

    @property
    def singular(self) -> bool:
        """Whether H is singular to rounding."""
        lam = self.eigen[0]
        return bool(lam[0] <= len(lam) * np.finfo(float).eps * lam[-1])

    @property
    def firm(self) -> bool:
        """Whether the condition number of H is at most 1e5, so that rounding of H and B takes no
        more digits than 5.
        """
        lam = self.eigen[0]
        return bool(lam[0] >= 1e-5 * lam[-1] > 0)

    @property
    def spectrum(self) -> tuple[Array, Array]:
        """(lambda, Q) of H, ascending.

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        lam = self.eigen[0]
        if self.singular:
            raise ValueError(
                f"the inner Hessian is singular to rounding (eigenvalue {lam[0]:.3g} next to "
                f"{lam[-1]:.3g}): add a ridge, or give samples or tasks positive weights of "
                "closer size"
            )
        return self.eigen

    def modes(self, start: Array) -> Modes:
        """H by its eigenvalues, singular or not, and the gradient at W_0 = ``start`` (p, outputs)
        in its eigenbasis.

        From the rows where there are any; elsewhere eigenvalues at rounding count as 0.
        """
        if self.rows is not None:
            return self.rows.modes(start)
        lam, Q = self.eigen
        lam = np.where(lam > 4 * len(lam) * np.finfo(float).eps * lam[-1], lam, 0.0)
        return Modes(lam, Q, len(lam), Q.T @ (self.H @ start - self.B))

    @cached_property
    def inverse(self) -> Array:
        """H^-1 at a third of the cost of the spectrum, or None where it has not enough digits."""
        try:
            np.linalg.cholesky(self.H)
            inverse = np.linalg.inv(self.H)
            p = len(self.H)
        except np.linalg.LinAlgError:
            return None
        # at least p eps ||H|| ||H^-1||, right to the digits that count where it is below 1e-3
        singular = p**3 * np.finfo(float).eps * np.abs(self.H).max() * np.abs(inverse).max()
        if singular < 1e-3:
            return inverse
        return None

    def rounded_implicit(self) -> Array:
        """J(w_*) H^-1 grad L_2(w_*) (h,) in float64, or None where its rounding may count more
        than 1e-10 of it.
        """
        if self.inverse is None:
            return None
        problem = self.problem
        W = self._solve(self.B)
        g = problem.outer_hessian @ W - problem.outer_linear
        V = self._solve(g)
        value = problem.contracted(self.alpha, W, V)
        norm = np.linalg.norm
        u = 4 * np.finfo(float).eps
        inverse = norm(self.inverse)
        # the condition number counts twice, or once in residuals and images of the rows that are
        # not small themselves
        rowwise = problem.inside and not problem.grouped
        if inverse * norm(self.H) <= (
            4e3 if rowwise and self._loose(W, V, g, value) else 300 * (not problem.inside)
        ):
            return value
        # to first order |dW| <= |H^-1| u (|H||W| + |B|), and so on, with u a few roundings
        dW = inverse * u * (norm(self.H) * norm(W) + norm(self.B))
        outer = norm(problem.outer_hessian)
        dg = outer * dW + u * (outer * norm(W) + norm(problem.outer_linear))
        dV = inverse * (u * norm(self.H) * norm(V) + dg)
        doubt = problem.doubt(self, (float(norm(W)), float(dW)), (float(norm(V)), float(dV)))
        if doubt.max() <= 1e-10 * np.abs(value).max():
            return value
        return None

    def _loose(self, W: Array, V: Array, g: Array, value: Array) -> bool:
        """Whether residuals X W_* - Y and images X V have at least a thirtieth of the size of
        their terms.
        """
        rows = self.rows
        assert rows is not None
        # HW = B, HV = g: sum d_i ||W'x_i - y_i||^2 = sum d_i ||y_i||^2 - <B, W> - rho ||W||^2
        total = rows.total
        moved = float((V * g).sum())
        left = total - float((self.B * W).sum()) - rows.rho * float((W * W).sum())
        if not (left > 1e-3 * total and moved - rows.rho * float((V * V).sum()) > 1e-3 * moved):
            return False
        # rows without much of an input have residuals of their own: so also in the row of the
        # largest entry
        k = int(np.argmax(np.abs(value)))
        norm = np.linalg.norm
        x = rows.X[k]
        y = rows.Y[k]
        return bool(
            norm(x @ W - y) > 0.03 * (norm(x) * norm(W) + norm(y))
            and norm(x @ V) > 0.03 * norm(x) * norm(V)
        )

    def exact_implicit(self) -> Array:
        """The same in whole numbers.

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        problem = self.problem
        rows = self.rows
        lacking = len(self.H) - (
            rows.rank if rows is not None else np.count_nonzero(self.modes(0 * self.B).lam)
        )
        if lacking and not (rows is not None and rows.rho > 0):
            raise ValueError(
                f"the inner Hessian is singular to rounding (rank {len(self.H) - lacking} of "
                f"{len(self.H)}"
                "), so that H x = grad L_2 has no one solution: add a ridge, or take gradient, the "
                "unrolled derivative, which exists"
            )
        if rows is None:
            V = dense_implicit(self.H, self.B, problem.outer_hessian, problem.outer_linear)
            return problem.pair(self.alpha, V @ self.B.T, V)
        return rows.implicit(problem.held_out, partial(problem.from_rows, self.alpha))

    def _solve(self, right: Array) -> Array:
        X = self.inverse @ right
        # refined: an inverse alone leaves too large a residual
        return X + self.inverse @ (right - self.H @ X)

    @cached_property
    def minimizer(self) -> Array:
        """W_* = H^-1 B, shape (p, outputs).

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        if self.rows is not None and not self.firm and (self.rows.rho > 0 or not self.singular):
            return self.rows.minimizer()
        lam, Q = self.spectrum
        return Q @ ((Q.T @ self.B) / lam[:, None])


class QuadraticBilevel(BilevelProblem):
    """Quadratic L_1 and L_2 = <W, H_2 W> / 2 - <B_2, W> + c_2, one Hessian shared by all outputs."""

    outer_hessian: Array
    outer_linear: Array
    outer_constant: float

    @abstractmethod
    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """k -> <H_k, X> - <b_k, V> for X (p, p), V (p, outputs): all that a hypergradient needs of
        the family.
        """

    def contracted(self, alpha: Array, W: Array, V: Array) -> Array:
        """k -> <H_k W - b_k, V> = <H_k, V W'> - <b_k, V> for W, V (p, outputs)."""
        return self.pair(alpha, V @ W.T, V)

    @abstractmethod
    def rows(self, alpha: Array, W: Array) -> Array:
        """k -> H_k W - b_k, shape (h, p, outputs)."""

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

    def doubt(self, bound: QuadraticBound, W: tuple[float, float], V: tuple[float, float]) -> Array:
        """A bound (h,) of the error of <H_k W - b_k, V> from (norm, error) of W and V, to first
        order.
        """
        rows = bound.rows
        assert rows is not None
        (w, dw) = W
        (v, dv) = V
        u = 4 * np.finfo(float).eps
        x, y = rows.norms
        left = x * w + y
        return self.from_rows(
            bound.alpha, x * ((x * dw + u * left) * v + left * dv), w * dv + dw * v + u * w * v
        )

    def from_rows(self, alpha: Array, products: Array, inner: Array) -> Array:
        """k -> <H_k W - b_k, V> from <W'x_i - y_i, V'x_i> of every row (n,) and <W, V>: linear,
        coefficients >= 0.
        """
        raise NotImplementedError

    def weights_of(self, w: Array) -> Array:
        """w (P,) or (p, outputs) as (p, outputs)."""
        w = finite("w", w)
        shape = self.outer_linear.shape
        if w.shape not in ((w.size,), shape) or w.size != shape[0] * shape[1]:
            raise ValueError(
                f"w has shape {w.shape}: pass a vector of {shape[0] * shape[1]} numbers, or "
                f"shape {shape}"
            )
        return w.reshape(shape)

    def outer(self, w: Array) -> Array:
        """L_2(w)."""
        W = self.weights_of(w)
        return float(
            (W * (self.outer_hessian @ W)).sum() / 2
            - (self.outer_linear * W).sum()
            + self.outer_constant
        )

    def outer_gradient(self, w: Array) -> Array:
        """H_2 W - B_2."""
        W = np.reshape(w, self.outer_linear.shape)
        return (self.outer_hessian @ W - self.outer_linear).ravel()

    def at(self, alpha: Array) -> QuadraticBound:
        """As for every problem; the result has modes."""
        bound = super().at(alpha)
        assert isinstance(bound, QuadraticBound)
        return bound
