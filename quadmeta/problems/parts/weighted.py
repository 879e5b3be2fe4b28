"""Least squares with weighted terms: how their data are read, and the forms made of them.

L_1 = sum_k weight_k(alpha_k) ||X_k W - Y_k||^2 / (2 n_k) + rho ||W||^2 / 2
"""

from collections.abc import Sequence

import numpy as np

from quadmeta._types import Array, Numbers, Scalar
from quadmeta._validate import finite, number, show

Data = tuple[Numbers, Numbers] | Sequence[Numbers]
"""Inputs X (n, p) and targets Y, (n,) or (n, outputs), as a user passes them."""


def design(name: str, data: Data) -> tuple[Array, Array]:
    """Copied, read-only (X (n, p), Y (n, outputs)) of a pair; a vector Y is one output."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(
            f"{name} = {show(data)} must be a pair: pass (X, Y) with X (n, p) and Y (n,) or "
            "(n, outputs)"
        )
    X = finite(f"{name} X", data[0])
    Y = finite(f"{name} Y", data[1])
    if Y.ndim == 1:
        Y = Y[:, None]
    if X.ndim != 2 or Y.ndim != 2 or not X.size or not Y.size or len(X) != len(Y):
        raise ValueError(
            f"{name} X has shape {X.shape}, Y {Y.shape}: pass X (n, p) and Y (n,) or "
            "(n, outputs), n >= 1"
        )
    return X, Y


def as_given(data: Data, read: tuple[Array, Array]) -> tuple[Array, Array]:
    """What ``design`` made of a pair, a vector of targets as a vector."""
    X, Y = read
    if np.ndim(np.asarray(data[1])) == 1:
        return X, Y[:, 0]
    return X, Y


def require_equal_form(name: str, held_out: Array, other: str, moment: Array) -> None:
    """Refuse held-out data X'Y / n (p, outputs) of another p or another number of outputs."""
    if held_out.shape != moment.shape:
        raise ValueError(
            f"{name} has p x outputs = {held_out.shape}, {other} {moment.shape}: pass equal ones"
        )


def ridge_weight(rho: Scalar) -> float:
    """A ridge strength >= 0."""
    return number("rho", rho, least=0, remedy="a ridge cannot be negative")


def mean_square(X: Array, Y: Array) -> tuple[Array, Array, float]:
    """(X'X, X'Y, ||Y||^2 / 2) / n: the quadratic form of ||XW - Y||^2 / (2n)."""
    n = len(X)
    return X.T @ X / n, X.T @ Y / n, float((Y**2).sum() / (2 * n))


def triangle(X: Array, Y: Array) -> Array:
    """R of [X Y] / sqrt n = QR, with ||XW - Y||^2 / (2n) = ||R [W; -I]||^2 / 2.

    A loss computed from it is never negative, and does not cancel.
    """
    return np.asarray(np.linalg.qr(np.hstack([X, Y]) / np.sqrt(len(X)), mode="r"))


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow."""
    e: Array = np.exp(-np.abs(x))
    value: Array = np.where(x >= 0, 1, e) / (1 + e)
    return value


def sigmoid_slope(x: Array) -> Array:
    """Its derivative e^-|x| / (1 + e^-|x|)^2, in which nothing cancels."""
    e: Array = np.exp(-np.abs(x))
    slope: Array = e / (1 + e) ** 2
    return slope


def one_hot(name: str, labels: Numbers, classes: int) -> Array:
    """Rows of the identity.

    Raises
    ------
    ValueError
        a label that is not a whole number in 0..classes - 1.
    """
    known = finite(name, labels)
    whole = (known % 1 == 0) & (known >= 0) & (known < classes)
    if known.ndim != 1 or not whole.all():
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {classes - 1}: encode the classes so"
        )
    rows: Array = np.eye(classes)[known.astype(int)]
    return rows
