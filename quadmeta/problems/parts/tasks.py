"""Weighted sums of least-squares tasks.

L_1 = sum_k phi_k(alpha) ||X_k W - Y_k||^2 / (2 n_k) + rho ||W||^2 / 2
"""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from quadmeta._types import Array, Scalar
from quadmeta._validate import show
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows
from quadmeta.problems.parts.table import Table
from quadmeta.problems.parts.weighted import (
    Data,
    as_given,
    design,
    mean_square,
    require_equal_form,
    ridge_weight,
    triangle,
)


class WeightedTasks(QuadraticBilevel):
    """The task k has the Gram matrix X_k'X_k / n_k, the moment X_k'Y_k / n_k and a weight phi_k >=
    0.
    """

    grouped = True
    grams: Array
    """(tasks, p, p)"""
    moments: Array
    """(tasks, p, outputs)"""
    factors: tuple[Array, ...]
    """R_k of [X_k Y_k] / sqrt n_k = Q R_k, the losses without cancellation; the outer loss last."""
    counts: tuple[int, ...]
    """n_k."""
    table: Table
    """(X, Y) of all tasks, one below the other."""
    rho: float

    def _store(
        self, tasks: Sequence[Data], outer: str, held_out: Data, rho: Scalar
    ) -> tuple[tuple[Array, Array], ...]:
        """Keep what is derived from the data, which come back, copied and read-only."""
        trained = [design(f"task {k}", task) for k, task in enumerate(tasks)]
        tested = design(outer, held_out)
        forms = [mean_square(*one) for one in trained]
        H2, B2, c2 = mean_square(*tested)
        for k, (_, moment, _) in enumerate(forms):
            require_equal_form(f"task {k}", moment, outer, B2)
        sets = [*trained, tested]
        counts = tuple(len(X) for X, _ in trained)
        self._keep(
            grams=np.array([gram for gram, _, _ in forms]),
            moments=np.array([moment for _, moment, _ in forms]),
            factors=tuple(triangle(*one) for one in sets),
            outer_hessian=H2,
            outer_linear=B2,
            outer_constant=c2,
            start=np.zeros(B2.size),
            held_out=tested,
            rho=ridge_weight(rho),
            counts=counts,
            table=Table(
                np.vstack([X for X, _ in trained]),
                np.vstack([Y for _, Y in trained]),
                np.repeat(counts, counts),
                np.cumsum((0, *counts[:-1])),
            ),
        )
        return tuple(as_given(*both) for both in zip((*tasks, held_out), sets, strict=True))

    def _pairs(self, tasks: Sequence[Data]) -> list[Data]:
        """The data of at least one task, as a list."""
        if not isinstance(tasks, list | tuple):
            raise ValueError(f"tasks = {show(tasks)} must be a list: pass at least one (X, Y)")
        if not tasks:
            raise ValueError("tasks is empty: pass at least one (X, Y)")
        return list(tasks)

    @abstractmethod
    def weights(self, alpha: Array) -> Array:
        """phi (tasks,), refused if one is negative."""

    @abstractmethod
    def _chain(self, alpha: Array, values: Array) -> Array:
        """d phi_k / d alpha_k times one value (or array) for each task, learned tasks only."""

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H = sum phi_k X_k'X_k / n_k + rho I."""
        phi = self.weights(alpha)
        with np.errstate(over="ignore", invalid="ignore"):
            H = _combined(phi, self.grams) + self.rho * np.eye(len(self.outer_hessian))
            B = _combined(phi, self.moments)
        if not np.isfinite(H).all() or not np.isfinite(B).all():
            raise ValueError(f"weights up to {phi.max():.3g} overflow: pass smaller ones")
        return QuadraticInnerLoss(H, B, self, alpha, self.weighted(phi, self.rho))

    def weighted(self, phi: Array, rho: float) -> Rows:
        """The rows of all tasks for weights phi (tasks,)."""
        return Rows(self.table, np.repeat(phi, self.counts), rho)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """phi_k' (<X_k'X_k / n_k, X> - <X_k'Y_k / n_k, V>)."""
        return self._chain(alpha, self._values(X, V))

    def _values(self, X: Array, V: Array) -> Array:
        """<X_k'X_k / n_k, X> - <X_k'Y_k / n_k, V> of every task."""
        values: Array = _paired(self.grams, X) - _paired(self.moments, V)
        return values

    def rows(self, alpha: Array, W: Array) -> Array:
        """phi_k' times the gradient of task k at W."""
        return self._chain(alpha, self.grams @ W - self.moments)

    def derivatives(self, alpha: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
        """phi_k' X_k'X_k / n_k and phi_k' X_k'Y_k / n_k."""
        return self._chain(alpha, self.grams), self._chain(alpha, self.moments)

    def from_rows(self, alpha: Array, products: Array, inner: Array | float) -> Array:
        """phi_k' / n_k times the sum over the rows of task k."""
        return self._chain(alpha, np.add.reduceat(products, self.table.starts) / self.counts)

    @property
    def constants(self) -> Array:
        """(tasks,) ||Y_k||^2 / (2 n_k)."""
        p = self.outer_linear.shape[0]
        return np.array([(R[:, p:] ** 2).sum() / 2 for R in self.factors[:-1]])

    def losses(self, w: Array) -> Array:
        """||X_k W - Y_k||^2 / (2 n_k) of every task, shape (tasks,)."""
        W = self.weights_of(w)
        return np.array([self._loss(R, W) for R in self.factors[:-1]])

    def outer(self, w: Array, alpha: Array | None = None) -> float:
        """L_2(w)."""
        return self._loss(self.factors[-1], self.weights_of(w))

    def _loss(self, R: Array, W: Array) -> float:
        return float(((R @ np.vstack([W, -np.eye(W.shape[1])])) ** 2).sum() / 2)


def _combined(weights: Array, matrices: Array) -> Array:
    """sum_k weights_k matrices_k, as tensordot does it, whose own steps take longer."""
    rows = matrices.reshape(len(matrices), -1)
    found: Array = np.dot(weights[None], rows)
    return found.reshape(matrices.shape[1:])


def _paired(matrices: Array, X: Array) -> Array:
    """k -> <matrices_k, X>, as tensordot does it."""
    found: Array = np.dot(matrices.reshape(len(matrices), -1), X.reshape(-1, 1))
    return found[:, 0]
