"""Least squares with a learned ridge strength: L_1 = ||XW - Y||^2 / (2n) + rho ||W||^2 / 2."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import flag
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows
from quadmeta.problems.parts.table import Table
from quadmeta.problems.parts.weighted import Data, design, mean_square, require_equal_form


@dataclass(frozen=True, eq=False, init=False)
class Ridge(QuadraticBilevel):
    """Least squares whose ridge strength is learned on a validation set.

    The inner loss is ||XW - Y||^2 / (2n) + rho ||W||^2 / 2, the outer one ||X_2 W - Y_2||^2 /
    (2 n_2). Either rho = alpha >= 0; or any real alpha with rho = e^alpha.

    Parameters
    ----------
    train
        (X (n, p), Y (n,) or (n, outputs)).
    validation
        (X_2 (n_2, p), Y_2), as many outputs.
    logarithmic
        learn the logarithm of the ridge strength.

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
    logarithmic: bool
    hyperparameters = 1
    inside = False

    def __init__(self, train: Data, validation: Data, logarithmic: bool = False) -> None:
        flag("logarithmic", logarithmic)
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
            logarithmic=logarithmic,
        )

    @cached_property
    def _table(self) -> Table:
        return Table(*self.train)

    @property
    def least(self) -> float:
        """0, unless the logarithm is learned."""
        if self.logarithmic:
            return -np.inf
        return 0.0

    def strength(self, alpha: Array) -> float:
        """rho.

        Raises
        ------
        ValueError
            a negative strength.
        OverflowError
            one that float64 does not hold.
        """
        if not self.logarithmic:
            if alpha[0] < 0:
                raise ValueError(f"alpha = {alpha[0]!r} must be >= 0: a ridge cannot be negative")
            return float(alpha[0])
        if alpha[0] > 700:
            raise OverflowError(f"alpha = {alpha[0]!r} must be at most 700: e^alpha overflows")
        return math.exp(alpha[0])

    def _rate(self, alpha: Array) -> Array:
        """(1,) d rho / d alpha."""
        if self.logarithmic:
            return np.array([self.strength(alpha)])
        return np.ones(1)

    def shifts(self, alpha: Array) -> Array | None:
        """H_1 = I, or e^alpha I."""
        return self._rate(alpha)

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H = X'X/n + rho I."""
        rho = self.strength(alpha)
        rows = Rows(self._table, np.ones(len(self._table.X)), rho)
        H = self.gram + rho * np.eye(len(self.gram))
        return QuadraticInnerLoss(H, self.moment, self, alpha, rows)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """b_1 = 0: the trace of X times d rho / d alpha."""
        slopes: Array = self._rate(alpha) * np.trace(X)
        return slopes

    def bend(self, alpha: Array, X: Array, V: Array) -> Array:
        """0, or the trace of X times e^alpha."""
        if not self.logarithmic:
            return np.zeros((1, 1))
        return self.pair(alpha, X, V)[None]

    def derivatives(self, alpha: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
        """d rho / d alpha I, 0."""
        return self._rate(alpha)[:, None, None] * np.eye(shape[0]), np.zeros((1, *shape))

    def rows(self, alpha: Array, W: Array) -> Array:
        """W times d rho / d alpha."""
        return self._rate(alpha)[:, None, None] * W[None]

    def from_rows(self, alpha: Array, products: Array, inner: Array | float) -> Array:
        """<W, V> times d rho / d alpha."""
        return self._rate(alpha) * inner

    def __repr__(self) -> str:
        p, outputs = self.outer_linear.shape
        how = ", logarithmic=True" if self.logarithmic else ""
        return f"Ridge(p={p}, outputs={outputs}{how})"
