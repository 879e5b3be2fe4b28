"""Least squares with weighted terms: L_1 = sum_k weight_k(alpha_k) ||X_k W - Y_k||^2 / (2 n_k) +
rho ||W||^2 / 2.
"""

from typing import Any

import numpy as np

from quadmeta._validate import finite, show

Array = Any


def design(name: str, data: Any) -> tuple[Array, Array]:
    """Copied, read-only (X (n, p), Y (n, outputs)) of a pair; a vector Y is one output."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(
            f"{name} = {show(data)} must be a pair: pass (X, Y) with X (n, p) and Y (n,) or (n, "
            "outputs)"
        )
    X = finite(f"{name} X", data[0])
    Y = finite(f"{name} Y", data[1])
    Y = Y[:, None] if Y.ndim == 1 else Y
    if X.ndim != 2 or Y.ndim != 2 or not X.size or not Y.size or len(X) != len(Y):
        raise ValueError(
            f"{name} X has shape {X.shape}, Y {Y.shape}: pass X (n, p) and Y (n,) or (n, "
            "outputs), n >= 1"
        )
    return X, Y


def as_given(data: Any, read: tuple[Array, Array]) -> tuple[Array, Array]:
    """What ``design`` made of a pair, a vector of targets as a vector."""
    X, Y = read
    return X, Y[:, 0] if np.ndim(data[1]) == 1 else Y


def mean_square(X: Array, Y: Array) -> tuple[Array, Array, float]:
    """(X'X, X'Y, ||Y||^2 / 2) / n: the quadratic form of ||XW - Y||^2 / (2n)."""
    n = len(X)
    return X.T @ X / n, X.T @ Y / n, float((Y**2).sum() / (2 * n))


def triangle(X: Array, Y: Array) -> Array:
    """R of [X Y] / sqrt n = QR: ||XW - Y||^2 / (2n) = ||R [W; -I]||^2 / 2, never negative, without
    cancellation.
    """
    return np.linalg.qr(np.hstack([X, Y]) / np.sqrt(len(X)), mode="r")


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def one_hot(name: str, labels: Array, classes: int) -> Array:
    """Rows of the identity.

    Raises
    ------
    ValueError
        a label that is not a whole number in 0..classes - 1.
    """
    labels = finite(name, labels)
    if (labels % 1 == 0).all():
        labels = labels.astype(int)
    if (
        labels.ndim != 1
        or labels.dtype.kind not in "iu"
        or ((labels < 0) | (labels >= classes)).any()
    ):
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {classes - 1}: encode the classes so"
        )
    return np.eye(classes)[labels]
