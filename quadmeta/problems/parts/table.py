"""Rows of data as they are given, and what follows from them whatever their weights: read once,
used at all hyperparameters.
"""

from functools import cached_property

import numpy as np

from quadmeta._types import Array

_EPS = float(np.finfo(float).eps)


class Table:
    """X (n, p) and Y (n, outputs), taken as exact.

    Parameters
    ----------
    X, Y
        the data.
    counts
        (n,) whole numbers; None: n for every row.
    starts
        first rows of the groups that have one hyperparameter each; None: every row is a group of
        its own.
    """

    def __init__(
        self, X: Array, Y: Array, counts: Array | None = None, starts: Array | None = None
    ) -> None:
        n = len(X)
        self.X = X
        self.Y = Y
        self.counts: Array = np.full(n, n) if counts is None else counts
        self.starts: Array = np.arange(n) if starts is None else starts

    @cached_property
    def both(self) -> Array:
        """[X Y 0], with columns of zeros to a multiple of four: products take columns by fours."""
        used = self.X.shape[1] + self.Y.shape[1]
        return np.hstack([self.X, self.Y, np.zeros((len(self.X), -used % 4))])

    @cached_property
    def norms(self) -> tuple[Array, Array]:
        """(||x_i||, ||y_i||) of every row."""
        return np.linalg.norm(self.X, axis=1), np.linalg.norm(self.Y, axis=1)

    @cached_property
    def squares(self) -> Array:
        """(n,) ||y_i||^2."""
        squares: Array = np.einsum("ij,ij->i", self.Y, self.Y)
        return squares

    def moments(self, d: Array) -> tuple[Array, Array]:
        """(X' D X, X' D Y) for the weights d (n,) >= 0 of the rows."""
        Z = np.sqrt(d)[:, None] * self.both
        p = self.X.shape[1]
        used = p + self.Y.shape[1]
        # numpy computes it as symmetric, in half the time of another product
        M = Z.T @ Z
        return M[:p, :p].copy(), M[:p, p:used].copy()

    def product(self, M: Array, V: Array) -> Array:
        """i -> x_i'M x_i + y_i'V'x_i for M (p, p) and V (p, outputs)."""
        zeros = np.zeros((len(M), self.both.shape[1] - len(M) - V.shape[1]))
        images = self.X @ np.concatenate([M, V, zeros], axis=1)
        products: Array = np.einsum("ij,ij->i", images, self.both)
        return products

    def contracted(self, W: Array, V: Array) -> Array:
        """i -> (W'x_i - y_i)'V'x_i, in O(n p outputs)."""
        outputs = W.shape[1]
        # rows of n entries each, over which sums are fast
        images = np.concatenate([W.T, V.T]) @ self.X.T
        images[:outputs] -= self._targets
        products: Array = np.einsum("ij,ij->j", images[:outputs], images[outputs:])
        return products

    @cached_property
    def _targets(self) -> Array:
        """Y', in the order of its rows."""
        return np.ascontiguousarray(self.Y.T)

    def determines(self, d: Array) -> bool:
        """Whether D^(1/2) X is known to have as many singular values above rounding as X has
        columns other than 0: by those of X and the range of the weights d (n,).
        """
        low = float(d.min())
        if low <= 0:
            return False
        spread = np.sqrt(low / float(d.max())) * self._spread
        return bool(spread > 2 * max(self.X.shape) * _EPS)

    @cached_property
    def columns(self) -> int:
        """How many columns of X are not 0."""
        return int(np.count_nonzero(self.X.any(axis=0)))

    @cached_property
    def _spread(self) -> float:
        """The smallest singular value of the columns of X that are not 0 over the largest one."""
        columns = self.X[:, self.X.any(axis=0)]
        if not columns.shape[1] or len(columns) < columns.shape[1]:
            return 0.0
        sigma = np.linalg.svd(columns, compute_uv=False)
        return float(sigma[-1] / sigma[0])
