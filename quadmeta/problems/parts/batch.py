"""The inner loss of a batch of rows, whose mean over all batches of one size is the inner loss.

L_1 = sum_i d_i ||W'x_i - y_i||^2 / 2 + rho ||W||^2 / 2
L_batch = n / |batch| sum_{i in batch} d_i ||W'x_i - y_i||^2 / 2 + rho ||W||^2 / 2
"""

from collections.abc import Callable

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.quadratic_form import QuadraticForm


class BatchLoss(InnerLoss):
    """Some rows of a quadratic inner loss, at fixed hyperparameters.

    Parameters
    ----------
    form
        the inner loss of all rows.
    index
        the rows of the batch (k,), whole numbers from 0; a row may occur several times.
    collect
        k -> <H_k W - b_k, V> of all rows, from <W'x_i - y_i, V'x_i> of every row (n,) and <W, V>.

    Raises
    ------
    ValueError
        an inner loss that is no sum over rows, or a row that it does not have.
    """

    def __init__(
        self, form: QuadraticForm, index: Array, collect: Callable[[Array, float], Array]
    ) -> None:
        rows = form.rows
        if rows is None:
            raise ValueError(
                "the inner loss is no mean over rows, so it has no batches: use an optimizer that "
                "takes its whole gradient, such as GradientDescent(steps, step_size)"
            )
        n = len(rows.X)
        if index.max() >= n:
            raise ValueError(
                f"batches hold the row {index.max()}, the inner loss has {n} rows: pass whole "
                f"numbers from 0 to {n - 1}"
            )
        self.form = form
        self.index = index
        self.collect = collect
        self.size = n
        self.share = n / len(index)
        self.X = rows.X[index]
        self.Y = rows.Y[index]
        self.d = self.share * rows.d[index][:, None]
        self.rho = rows.rho

    def gradient(self, w: Array) -> Array:
        """X'D (XW - Y) + rho W over the batch."""
        W = self.form.matrix(w)
        moved: Array = self.X.T @ (self.d * (self.X @ W - self.Y)) + self.rho * W
        return self.form.flat(moved)

    def hvp(self, w: Array, v: Array) -> Array:
        """X'D XV + rho V."""
        V = self.form.matrix(v)
        product: Array = self.X.T @ (self.d * (self.X @ V)) + self.rho * V
        return self.form.flat(product)

    def mixed(self, w: Array, v: Array) -> Array:
        """From <W'x_i - y_i, V'x_i> of its rows."""
        W, V = self.form.matrix(w), self.form.matrix(v)
        products = ((self.X @ W - self.Y) * (self.X @ V)).sum(axis=1)
        return self._collected(products, float(np.vdot(W, V)))

    def pair(self, X: Array, V: Array) -> Array:
        """k -> <H_k, X> - <b_k, V> of the batch, for X (p, p) and V (p, outputs).

        With X a sum of products V W' and V the sum of their V it is the sum of the ``mixed``.
        """
        # x'X x - y'V'x
        products = ((self.X @ X) * self.X).sum(axis=1) - (self.Y * (self.X @ V)).sum(axis=1)
        return self._collected(products, float(np.trace(X)))

    def _collected(self, products: Array, inner: float) -> Array:
        every = np.zeros(self.size)
        np.add.at(every, self.index, self.share * products)
        return self.collect(every, inner)

    @property
    def hessian(self) -> Array:
        """X'D X + rho I (p, p)."""
        H: Array = self.X.T @ (self.d * self.X)
        H.flat[:: len(H) + 1] += self.rho
        return H

    @property
    def linear(self) -> Array:
        """X'D Y (p, outputs)."""
        B: Array = self.X.T @ (self.d * self.Y)
        return B
