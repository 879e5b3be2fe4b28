"""Data cleaning: one weight a training sample, learned on a clean validation set.

L_1 = sum_i s(alpha_i) ||W'x_i - y_i||^2 / (2n) + rho ||W||^2 / 2,   s(x) = 1 / (1 + e^-x).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quadmeta._extras import dataset
from quadmeta._types import Array, Scalar
from quadmeta._validate import natural, number, seeded
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows
from quadmeta.problems.parts.table import Table
from quadmeta.problems.parts.weighted import (
    Data,
    design,
    mean_square,
    one_hot,
    ridge_weight,
    sigmoid,
    sigmoid_slope,
)


@dataclass(frozen=True, eq=False, init=False)
class DataCleaning(QuadraticBilevel):
    """Ridge regression with a learned weight for each training sample, some of which are wrong.

    ``digits`` builds the classification task on real images.

    Parameters
    ----------
    train
        (X (n, p), Y (n,) or (n, outputs)).
    validation
        the same for L_2.
    rho
        ridge >= 0.
    test
        optional third part, for ``accuracy``.
    corrupted
        optional (n,) booleans, which training targets were replaced.

    Raises
    ------
    ValueError
        data of different p or outputs, a negative ridge, or ``corrupted`` of another length.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> X = np.eye(3)
    >>> problem = qm.DataCleaning(train=(X, [1.0, 2.0, -3.0]), validation=(X, [1.0, 2.0, 3.0]))
    >>> weights_grow = -qm.OuterLoss(problem, qm.GradientDescent(50, 0.5)).gradient(np.zeros(3))
    >>> np.sign(weights_grow)
    array([ 1.,  1., -1.])
    """

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    rho: float
    test: tuple[Array, Array] | None
    corrupted: Array | None

    def __init__(
        self,
        train: Data,
        validation: Data,
        rho: Scalar = 1e-2,
        test: Data | None = None,
        corrupted: Array | Sequence[bool] | None = None,
    ) -> None:
        X, Y = design("train", train)
        held_out = design("validation", validation)
        H2, B2, c2 = mean_square(*held_out)
        if B2.shape != (X.shape[1], Y.shape[1]):
            raise ValueError(
                f"validation is p x outputs = {B2.shape}, train X {X.shape}, Y {Y.shape}: pass "
                "equal ones"
            )
        tested = None
        if test is not None:
            tested = design("test", test)
            if tested[0].shape[1] != X.shape[1] or tested[1].shape[1] != Y.shape[1]:
                raise ValueError(
                    f"test has X {tested[0].shape}, Y {tested[1].shape}, train X {X.shape}, "
                    f"Y {Y.shape}: pass as many columns"
                )
        ridge = ridge_weight(rho)
        wrong = None
        if corrupted is not None:
            wrong = np.array(corrupted)
            if wrong.dtype != bool or wrong.shape != (len(X),):
                raise ValueError(
                    f"corrupted has shape {wrong.shape} and dtype {wrong.dtype}: pass {len(X)} "
                    "booleans, one a training sample"
                )
        self._keep(
            hyperparameters=len(X),
            train=(X, Y),
            validation=held_out,
            held_out=held_out,
            test=tested,
            rho=ridge,
            corrupted=wrong,
            outer_hessian=H2,
            outer_linear=B2,
            outer_constant=c2,
            start=np.zeros(B2.size),
        )

    @classmethod
    def digits(
        cls, noise: Scalar = 0.5, seed: int = 0, samples: int = 600, rho: Scalar = 1e-2
    ) -> "DataCleaning":
        """Handwritten digits with some wrong training labels, from scikit-learn's bundled data.

        There are ``samples`` training images, as many for validation, and the rest for the test.
        Each training label is replaced with probability ``noise`` by a uniform class; features are
        the 64 pixels / 16 and a constant.
        """
        noise = number("noise", noise, least=0, most=1, remedy="it is a probability")
        samples = natural("samples", samples)
        seed = seeded("seed", seed)
        images, classes = dataset("digits", "DataCleaning.digits")
        rng = np.random.default_rng(seed)
        if 2 * samples >= len(classes):
            raise ValueError(f"samples = {samples!r} must be below {len(classes) // 2}")
        order = rng.permutation(len(classes))
        X = np.column_stack([images / 16, np.ones(len(order))])[order]
        clean = classes[order]
        given = np.where(rng.random(samples) < noise, rng.integers(0, 10, samples), clean[:samples])
        labels = np.concatenate([given, clean[samples:]])
        Y = one_hot("labels", labels, 10)
        ends = (samples, 2 * samples)
        train, validation, test = zip(np.split(X, ends), np.split(Y, ends), strict=True)
        return cls(train, validation, rho, test, given != clean[:samples])

    @property
    def smoothness(self) -> float:
        """lambda_max(X'X / n) + rho, at least L for every alpha, because weights are below 1."""
        X = self.train[0]
        return float(np.linalg.eigvalsh(X.T @ X / len(X))[-1] + self.rho)

    @cached_property
    def _table(self) -> Table:
        return Table(*self.train)

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H = X' diag(s(alpha)) X / n + rho I."""
        rows = Rows(self._table, sigmoid(alpha), self.rho)
        H, B = self._table.moments(rows.d)
        H.flat[:: len(H) + 1] += self.rho
        return QuadraticInnerLoss(H, B, self, alpha, rows)

    def _slopes(self, alpha: Array) -> Array:
        """s'(alpha) / n."""
        return sigmoid_slope(alpha) / len(alpha)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """s'(alpha_i) / n (x_i'X x_i - y_i'V'x_i)."""
        products = self._table.product(X, -V)
        return self._slopes(alpha) * products

    def bend(self, alpha: Array, X: Array, V: Array) -> Array:
        """The diagonal of s''(alpha_i) / n (x_i'X x_i - y_i'V'x_i), s'' = -s' tanh(alpha / 2)."""
        return np.diag(-np.tanh(alpha / 2) * self.pair(alpha, X, V))

    def derivatives(self, alpha: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
        """s'(alpha_i) / n times x_i x_i' and x_i y_i'."""
        x, y = self.train
        weighted = (self._slopes(alpha)[:, None] * x)[:, :, None]
        return weighted * x[:, None, :], weighted * y[:, None, :]

    def contracted(self, alpha: Array, W: Array, V: Array) -> Array:
        """s'(alpha_i) / n (W'x_i - y_i)'V'x_i, in O(n p outputs)."""
        products = self._table.contracted(W, V)
        return self._slopes(alpha) * products

    def tangents(
        self, alpha: Array, W: Array, Q: Array, S: Array, slopes: Array, R: Array
    ) -> Array:
        """s'(alpha_i) / n Q (q o (S r_i' + slopes (q o R))) with q = Q'x_i, r_i = W'x_i - y_i."""
        x, y = self.train
        p, outputs = W.shape
        # (p, n): all samples beside each other
        q = Q.T @ x.T
        found = (slopes @ (q[:, :, None] * R[:, None, :]).reshape(p, -1)).reshape(p, -1, outputs)
        found += S[:, None, None] * (x @ W - y)
        found *= (q * self._slopes(alpha))[:, :, None]
        turned = (Q @ found.reshape(p, -1)).reshape(found.shape)
        tangents: Array = np.ascontiguousarray(turned.transpose(1, 0, 2))
        return tangents

    def rows(self, alpha: Array, W: Array) -> Array:
        """s'(alpha_i) / n x_i (W'x_i - y_i)'."""
        x, y = self.train
        weighted = self._slopes(alpha)[:, None] * x
        residuals: Array = x @ W - y
        return weighted[:, :, None] * residuals[:, None, :]

    def from_rows(self, alpha: Array, products: Array, inner: Array | float) -> Array:
        """s'(alpha_i) / n times the product of the row."""
        return self._slopes(alpha) * products

    def accuracy(self, w: Array) -> float:
        """Share of test images whose largest output is their class, for w (P,) or (p, outputs).

        Raises
        ------
        ValueError
            no test set.
        """
        if self.test is None:
            raise ValueError("test is None: pass a test set, or use DataCleaning.digits")
        X, Y = self.test
        W = self.weights_of(w)
        return float(np.mean((X @ W).argmax(axis=1) == Y.argmax(axis=1)))

    def __repr__(self) -> str:
        p, outputs = self.outer_linear.shape
        return (
            f"DataCleaning(n={self.hyperparameters}, p={p}, outputs={outputs}, rho={self.rho:.6g})"
        )
