"""Least squares with a learned ridge strength: L_1 = ||XW - Y||^2 / (2n) + alpha ||W||^2 / 2."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows
from quadmeta.problems.parts.table import Table
from quadmeta.problems.parts.weighted import Data, design, mean_square, require_equal_form


@dataclass(frozen=True, eq=False, init=False)
class Ridge(QuadraticBilevel):
    """Least squares whose ridge strength alpha >= 0 is learned on a validation set.

    The inner loss is ||XW - Y||^2 / (2n) + alpha ||W||^2 / 2, the outer one ||X_2 W - Y_2||^2 /
    (2 n_2).

    Parameters
    ----------
    train
        (X (n, p), Y (n,) or (n, outputs)).
    validation
        (X_2 (n_2, p), Y_2), as many outputs.

    Raises
    ------
    ValueError
        data of wrong shapes, or of different p or outputs.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Ridge(train=([[1.0], [2.0]], [1.0, 3.0]), validation=([[1.0]], [1.2]))
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=100, step_size=0.3))
    >>> bool(loss.gradient([0.1])[0] < 0)  # a stronger ridge lowers the validation loss
    True
    """

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    gram: Array
    """X'X / n, shape (p, p)."""
    moment: Array
    """X'Y / n, shape (p, outputs)."""
    hyperparameters = 1
    inside = False

    def __init__(self, train: Data, validation: Data) -> None:
        trained = design("train", train)
        held_out = design("validation", validation)
        gram, moment, _ = mean_square(*trained)
        H2, B2, c2 = mean_square(*held_out)
        require_equal_form("validation", B2, "train", moment)
        self._keep(
            train=trained,
            validation=held_out,
            held_out=held_out,
            gram=gram,
            moment=moment,
            outer_hessian=H2,
            outer_linear=B2,
            outer_constant=c2,
            start=np.zeros(moment.size),
        )

    @cached_property
    def _table(self) -> Table:
        return Table(*self.train)

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H = X'X/n + alpha I."""
        if alpha[0] < 0:
            raise ValueError(f"alpha = {alpha[0]!r} must be >= 0: a ridge cannot be negative")
        rows = Rows(self._table, np.ones(len(self._table.X)), alpha[0])
        H = self.gram + alpha[0] * np.eye(len(self.gram))
        return QuadraticInnerLoss(H, self.moment, self, alpha, rows)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """H_1 = I, b_1 = 0: the trace of X."""
        return np.array([np.trace(X)])

    def rows(self, alpha: Array, W: Array) -> Array:
        """W."""
        return W[None]

    def from_rows(self, alpha: Array, products: Array, inner: Array | float) -> Array:
        """<W, V>."""
        return np.array([inner])

    def __repr__(self) -> str:
        p, outputs = self.outer_linear.shape
        return f"Ridge(p={p}, outputs={outputs})"
