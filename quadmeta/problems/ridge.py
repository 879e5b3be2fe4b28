"""Least squares with a learned ridge strength: L_1 = ||XW - Y||^2 / (2n) + alpha ||W||^2 / 2."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows
from quadmeta.problems.parts.weighted import design, mean_square

Array = Any


@dataclass(frozen=True, eq=False)
class Ridge(QuadraticBilevel):
    """One hyperparameter alpha >= 0; L_2 = ||X_2 W - Y_2||^2 / (2 n_2) on a validation set.

    Parameters
    ----------
    train
        (X (n, p), Y (n,) or (n, outputs)).
    validation
        the same for L_2.
    """

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    hyperparameters = 1
    inside = False

    def __post_init__(self) -> None:
        train = design("train", self.train)
        held_out = design("validation", self.validation)
        gram, moment, _ = mean_square(*train)
        H2, B2, c2 = mean_square(*held_out)
        if gram.shape != H2.shape or moment.shape != B2.shape:
            raise ValueError(
                f"validation has p x outputs = {B2.shape}, train {moment.shape}: pass equal ones"
            )
        self._keep(
            train=train,
            validation=held_out,
            held_out=held_out,
            gram=gram,
            moment=moment,
            outer_hessian=H2,
            outer_linear=B2,
            outer_constant=c2,
            start=np.zeros(moment.size),
        )

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H = X'X/n + alpha I."""
        if alpha[0] < 0:
            raise ValueError(f"alpha = {alpha[0]!r} must be >= 0: a ridge cannot be negative")
        gram = getattr(self, "gram")
        (X, Y) = self.train
        rows = Rows(X, Y, np.ones(len(X)), np.full(len(X), len(X)), alpha[0])
        return QuadraticInnerLoss(
            gram + alpha[0] * np.eye(len(gram)), getattr(self, "moment"), self, alpha, rows
        )

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """H_1 = I, b_1 = 0: the trace of X."""
        return np.array([np.trace(X)])

    def rows(self, alpha: Array, W: Array) -> Array:
        """W."""
        return W[None]

    def from_rows(self, alpha: Array, products: Array, inner: Array) -> Array:
        """<W, V>."""
        return np.array([inner])

    def __repr__(self) -> str:
        return f"Ridge(p={self.outer_linear.shape[0]}, outputs={self.outer_linear.shape[1]})"
