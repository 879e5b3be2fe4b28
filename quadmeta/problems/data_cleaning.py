"""Data cleaning: one weight a training sample, learned on a clean validation set.

L_1 = sum_i s(alpha_i) ||W'x_i - y_i||^2 / (2n) + rho ||W||^2 / 2,   s(x) = 1 / (1 + e^-x).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._extras import require
from quadmeta._validate import frozen, natural, number, seeded
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows
from quadmeta.problems.parts.weighted import design, mean_square, one_hot, sigmoid

Array = Any


@dataclass(frozen=True, eq=False)
class DataCleaning(QuadraticBilevel):
    """Weighted ridge regression on any design; ``digits`` builds the classification task on real
    images.

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
    """

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    rho: float = 1e-2
    test: tuple[Array, Array] | None = None
    corrupted: Array = None

    def __post_init__(self) -> None:
        X, Y = design("train", self.train)
        held_out = design("validation", self.validation)
        H2, B2, c2 = mean_square(*held_out)
        if H2.shape[0] != X.shape[1] or B2.shape[1] != Y.shape[1]:
            raise ValueError(
                f"validation is p x outputs = {B2.shape}, train X {X.shape}, Y {Y.shape}: pass "
                "equal ones"
            )
        if self.test is None:
            test = None
        else:
            test = design("test", self.test)
        if test is not None and (test[0].shape[1] != X.shape[1] or test[1].shape[1] != Y.shape[1]):
            raise ValueError(
                f"test has X {test[0].shape}, Y {test[1].shape}, train X {X.shape}, Y {Y.shape}: "
                "pass as "
                "many columns"
            )
        rho = number("rho", self.rho, least=0, remedy="a ridge cannot be negative")
        if self.corrupted is None:
            corrupted = None
        else:
            corrupted = frozen(self.corrupted)
        if corrupted is not None and (corrupted.dtype != bool or corrupted.shape != (len(X),)):
            raise ValueError(
                f"corrupted has shape {corrupted.shape} and dtype {corrupted.dtype}: pass {len(X)} "
                "booleans, one a training sample"
            )
        self._keep(
            train=(X, Y),
            validation=held_out,
            held_out=held_out,
            test=test,
            rho=rho,
            corrupted=corrupted,
            outer_hessian=H2,
            outer_linear=B2,
            outer_constant=c2,
            start=np.zeros(B2.size),
        )

    @classmethod
    def digits(
        cls, noise: float = 0.5, seed: int = 0, samples: int = 600, rho: float = 1e-2
    ) -> "DataCleaning":
        """scikit-learn's bundled digits: ``samples`` training and as many validation images, the
        rest for the test.

        Each training label is replaced with probability ``noise`` by a uniform class; features are
        the 64 pixels / 16 and a constant.
        """
        noise = number("noise", noise, least=0, most=1, remedy="it is a probability")
        samples = natural("samples", samples)
        seed = seeded("seed", seed)
        datasets = require("sklearn.datasets", "data", "DataCleaning.digits")
        data = datasets.load_digits()
        rng = np.random.default_rng(seed)
        if 2 * samples >= len(data.target):
            raise ValueError(f"samples = {samples!r} must be below {len(data.target) // 2}")
        order = rng.permutation(len(data.target))
        X = np.column_stack([data.data / 16, np.ones(len(order))])[order]
        clean = data.target[order]
        given = np.where(rng.random(samples) < noise, rng.integers(0, 10, samples), clean[:samples])
        labels = np.concatenate([given, clean[samples:]])
        Y = one_hot("labels", labels, 10)
        parts = [
            (X[s], Y[s])
            for s in (slice(samples), slice(samples, 2 * samples), slice(2 * samples, None))
        ]
        return cls(parts[0], parts[1], rho, parts[2], given != clean[:samples])

    @property
    def hyperparameters(self) -> int:  # type: ignore[override]
        """Number of training samples."""
        return len(self.train[0])

    @property
    def smoothness(self) -> float:
        """lambda_max(X'X / n) + rho, at least L for every alpha, because weights are below 1."""
        X = self.train[0]
        return float(np.linalg.eigvalsh(X.T @ X / len(X))[-1] + self.rho)

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H = X' diag(s(alpha)) X / n + rho I."""
        X, Y = self.train
        weights = sigmoid(alpha)
        root = np.sqrt(weights / len(X))[:, None]
        Z = root * X
        H = Z.T @ Z  # numpy computes it as symmetric, in half the time of another product
        H.flat[:: len(H) + 1] += self.rho
        rows = Rows(X, Y, weights, np.full(len(X), len(X)), self.rho)
        return QuadraticInnerLoss(H, Z.T @ (root * Y), self, alpha, rows)

    def _slopes(self, alpha: Array) -> Array:
        return sigmoid(alpha) * sigmoid(-alpha) / len(alpha)  # s (1 - s) without the difference

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """s'(alpha_i) / n (x_i'X x_i - y_i'V'x_i)."""
        x, y = self.train
        images = x @ np.hstack([X, V])
        p = len(X)
        return self._slopes(alpha) * (
            np.einsum("ij,ij->i", images[:, :p], x) - np.einsum("ij,ij->i", images[:, p:], y)
        )

    def contracted(self, alpha: Array, W: Array, V: Array) -> Array:
        """s'(alpha_i) / n (W'x_i - y_i)'V'x_i, in O(n p outputs)."""
        x, y = self.train
        left = x @ np.hstack([W, V])
        return self._slopes(alpha) * np.einsum(
            "ij,ij->i", left[:, : W.shape[1]] - y, left[:, W.shape[1] :]
        )

    def rows(self, alpha: Array, W: Array) -> Array:
        """s'(alpha_i) / n x_i (W'x_i - y_i)'."""
        x, y = self.train
        return (self._slopes(alpha)[:, None] * x)[:, :, None] * (x @ W - y)[:, None, :]

    def from_rows(self, alpha: Array, products: Array, inner: Array) -> Array:
        """s'(alpha_i) / n times the product of the row."""
        return self._slopes(alpha) * products

    def accuracy(self, w: Array) -> float:
        """Share of test images whose largest output is their class."""
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
