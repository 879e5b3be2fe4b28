"""Norms of the parts of a quadratic bilevel problem at trained weights, and what follows for errors
of implicit hypergradients: no solve is needed for any of them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.objectives.parts.closed.other_forms import with_ridge
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss

EPS = float(np.finfo(float).eps)


def require_quadratic(
    outer: OuterLoss, alpha: Numbers
) -> tuple[QuadraticBilevel, QuadraticInnerLoss]:
    """The problem and its inner loss at hyperparameters.

    Raises
    ------
    ValueError
        no outer loss, or an inner loss that is not quadratic.
    """
    instance("outer", outer, OuterLoss, "OuterLoss(problem, GradientDescent(100, 0.1))")
    inner = outer.problem.at(alpha)
    if isinstance(inner, QuadraticInnerLoss):
        return inner.problem, inner
    raise ValueError(
        f"outer has the problem {type(outer.problem).__name__}, whose inner loss is not quadratic, "
        "so that its Hessian elsewhere is not known: compare with Reverse instead"
    )


def minimised(outer: OuterLoss, inner: QuadraticInnerLoss) -> QuadraticInnerLoss:
    """What the run tends to a minimum of: the inner loss, with the ridge that a weight decay of the
    optimizer is.
    """
    if outer.optimizer.ridge:
        return with_ridge(inner, outer.optimizer.ridge)
    return inner


@dataclass(frozen=True, eq=False)
class Sizes:
    """What bounds of errors are made of, each rounded to the safe side."""

    inner: QuadraticInnerLoss
    w: Array
    """Trained weights (P,)."""
    mu: float
    """A lower bound of the smallest eigenvalue of H."""
    L: float
    """The largest eigenvalue of H."""

    @classmethod
    def of(cls, inner: QuadraticInnerLoss, w: Array) -> "Sizes":
        """With the extreme eigenvalues of H, mu = 0 where H is singular to rounding."""
        lam = inner.eigen[0]
        mu = float(lam[0]) - len(lam) * EPS * float(lam[-1])
        if inner.rows is not None:
            mu = max(mu, float(inner.rows.rho))
        return cls(inner, w, max(mu, 0.0), float(lam[-1]))

    def require_minimum(self) -> None:
        """Refuse mu = 0.

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        if not self.mu > 0:
            raise ValueError(
                f"the inner Hessian is singular to rounding (eigenvalues up to {self.L:.3g}), and "
                "no bound covers what lies in its null space: add a ridge, or take the unrolled "
                "derivative, which exists"
            )

    @cached_property
    def unit(self) -> float:
        """What rounding of one product of matrices counts, relative to the norms of both."""
        rows = self.inner.rows
        terms = len(self.inner.H) + 8
        if rows is not None:
            terms += len(rows.X)
        return terms * EPS

    @cached_property
    def W(self) -> Array:
        """The weights as (p, outputs)."""
        return self.inner.matrix(self.w)

    @cached_property
    def linear(self) -> float:
        """The size of what the linear term was summed from."""
        size = float(np.linalg.norm(self.inner.B))
        rows = self.inner.rows
        if rows is not None:
            # ||sum d_i x_i y_i'||^2 <= L sum d_i ||y_i||^2
            size = max(size, float(np.sqrt(self.L * rows.total)))
        return size

    @cached_property
    def computed_residual(self) -> float:
        """||grad L_1(w_T)|| as it is computed."""
        return float(np.linalg.norm(self.inner.H @ self.W - self.inner.B))

    @cached_property
    def residual(self) -> float:
        """At least ||grad L_1(w_T)||."""
        rounding = self.unit * (self.L * float(np.linalg.norm(self.W)) + self.linear)
        return self.computed_residual + rounding

    @cached_property
    def outer_hessian(self) -> float:
        """||H_2||."""
        return float(np.linalg.norm(self.inner.outer.hessian, 2))

    @cached_property
    def g(self) -> Array:
        """grad L_2(w_T), shape (p, outputs)."""
        hessian, linear, _ = self.inner.outer
        gradient: Array = hessian @ self.W - linear
        return gradient

    @cached_property
    def g_rounding(self) -> float:
        """How far off the computed grad L_2(w_T) is at most."""
        _, linear, _ = self.inner.outer
        parts = self.outer_hessian * np.linalg.norm(self.W) + np.linalg.norm(linear)
        return self.unit * float(parts)

    @cached_property
    def mixed(self) -> Array:
        """||J_k|| = ||H_k w_T - b_k||, shape (h,)."""
        norms: Array = np.linalg.norm(self.inner.jacobian(self.w), axis=1)
        return norms

    @cached_property
    def mixed_rounding(self) -> Array:
        """How far off J_k is at most, (h,)."""
        constant = np.linalg.norm(self.inner.jacobian(0 * self.w), axis=1)
        moved = self.slopes * float(np.linalg.norm(self.W))
        rounding: Array = self.unit * (moved + constant)
        return rounding

    @cached_property
    def slopes(self) -> Array:
        """At least ||H_k||, (h,): the lesser of its Frobenius norm and its largest column sum."""
        squares, largest = self._columns
        lesser: Array = np.minimum(np.sqrt(squares), largest)
        return lesser

    @cached_property
    def frobenius(self) -> float:
        """The Frobenius norm of all H_k together."""
        return float(np.sqrt(self._columns[0].sum()))

    @cached_property
    def _columns(self) -> tuple[Array, Array]:
        """Sums of the squares of H_k, and the largest sum of a column's sizes, (h,) each.

        Column by column, so that the matrices H_k are never there together.
        """
        problem, alpha = self.inner.problem, self.inner.alpha
        p, outputs = self.inner.B.shape
        constant = problem.rows(alpha, np.zeros((p, outputs)))
        squares = np.zeros(len(constant))
        largest = np.zeros(len(constant))
        for first in range(0, p, outputs):
            columns = min(outputs, p - first)
            units = np.zeros((p, outputs))
            units[np.arange(first, first + columns), np.arange(columns)] = 1
            found = (problem.rows(alpha, units) - constant)[:, :, :columns]
            squares += (found**2).sum(axis=(1, 2))
            largest = np.maximum(largest, np.abs(found).sum(axis=1).max(axis=1))
        return squares, largest

    @property
    def all_slopes(self) -> float:
        """At least the norm of (e, v) -> (<H_k e, v>)_k."""
        return float(np.linalg.norm(self.slopes))

    @property
    def all_mixed_rounding(self) -> float:
        """How far off J is at most."""
        return float(np.linalg.norm(self.mixed_rounding))

    def solve(self, x: Array) -> Array:
        """At least |J_k (x' - H^-1 g_T)|, (h,), for x' = ``x`` (P,)."""
        size = float(np.linalg.norm(x))
        rounding = self.unit * size * self.mixed + self.mixed_rounding * size
        found: Array = self.mixed * self.left(x) / self.mu + rounding
        return found

    def left(self, x: Array) -> float:
        """At least ||g_T - H x'||."""
        found = np.linalg.norm(self.g - self.inner.H @ self.inner.matrix(x))
        rounding = self.unit * (self.L * np.linalg.norm(x) + np.linalg.norm(self.g))
        return float(found + rounding) + self.g_rounding

    def run(self, x: Array) -> Array:
        """At least |J_k H^-1 g at w_T minus the same at w_*|, (h,), by an x' = ``x`` (P,) near
        H^-1 g_T.
        """
        away = self.residual / self.mu
        moved = self.outer_hessian * away / self.mu
        exact = float(np.linalg.norm(x)) + self.left(x) / self.mu + moved
        found: Array = self.mixed * moved + self.slopes * exact * away
        return found
