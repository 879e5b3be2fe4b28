"""Least-squares tasks reduced to their spectra: the numbers that every loss of training needs."""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.base import apply

_SQUARED = 1e4
"""Largest kappa(X)^2 for which X'X is formed: what comes of it then keeps eleven digits."""
_EPS = float(np.finfo(float).eps)


class Record(NamedTuple):
    """One task, or a batch along leading axes."""

    eigenvalues: Array
    """(..., r) of X'X / n, positive, ascending."""
    signal: Array
    """(..., r) V'w_*; the fitted coefficients themselves where w_* is unknown."""
    noise: Array
    """(..., r) fitted noise at sigma = 1."""
    residual: Array
    """(...) half the mean squared residual of the unit noise."""
    null_signal: Array
    """(...) squared norm of w_* outside the row space of X."""
    validation: tuple[Array, Array, Array, Array] | None
    """(X_2 V, X_2 w_*, xi_2, mean ||x||^2 / d), or None."""


def drawn(n: int, d: int, norm: float, held_out: int, rng: np.random.Generator) -> Record:
    """One random task with w_* uniform on the sphere of radius ``norm`` and x ~ N(0, I)."""
    w = rng.standard_normal(d)
    w *= norm / np.linalg.norm(w)
    X = rng.standard_normal((n, d))
    xi = rng.standard_normal(n)
    found = _decompose(X)
    lam = found.eigenvalues
    signal = found.coefficients(X @ w)
    # exactly 0 where there is nothing outside the row space or the column space
    residual = 0.0
    if len(lam) < n:
        outside = xi - found.left @ (found.left.T @ xi)
        residual = float(np.sum(outside**2) / (2 * n))
    null = 0.0
    if len(lam) < d:
        null = max(float(w @ w - signal @ signal), 0.0)
    validation = None
    if held_out:
        X2 = rng.standard_normal((held_out, d))
        xi2 = rng.standard_normal(held_out)
        validation = (X2 @ found.right(X), X2 @ w, xi2, np.array(np.mean(X2**2)))
    noise = found.coefficients(xi)
    return Record(lam, signal, noise, np.array(residual), np.array(null), validation)


def stacked(records: list[Record]) -> Record:
    """Tasks of equal rank as a batch."""
    validation = None
    held = [record.validation for record in records if record.validation is not None]
    if held:
        features, clean, unit, trace = (np.array(column) for column in zip(*held, strict=True))
        validation = (features, clean, unit, trace)
    columns = [np.array(column) for column in zip(*(x[:5] for x in records), strict=True)]
    lam, signal, noise, residual, null = columns
    return Record(lam, signal, noise, residual, null, validation)


def measured(X: Array, y: Array, held: tuple[Array, Array] | None) -> Record:
    """Real data, one task or a batch, whose w_* is unknown."""
    n = X.shape[-2]
    found = _decompose(X)
    lam = found.eigenvalues
    floor = np.zeros(y.shape[:-1])
    if lam.shape[-1] < n:
        outside = y - apply(found.left, apply(_transposed(found.left), y))
        floor = (outside**2).sum(axis=-1) / (2 * n)
    validation = None
    if held is not None:
        X2, y2 = held
        trace = np.vecdot(X2, X2).sum(axis=-1) / (X2.shape[-2] * X2.shape[-1])
        validation = (found.features(X, X2), y2, np.zeros_like(y2), trace)
    fitted = found.coefficients(y)
    return Record(lam, fitted, np.zeros_like(lam), floor, np.zeros_like(floor), validation)


class _Decomposition(NamedTuple):
    """X = U diag(s) V' without null directions, lambda = s^2 / n ascending."""

    eigenvalues: Array
    scale: Array
    """s."""
    left: Array
    """U, columns along the last axis."""
    V: Array | None
    """None: it is X'U / s, and formed only where it is asked for."""

    def coefficients(self, y: Array) -> Array:
        """V'X^+ y."""
        return apply(_transposed(self.left), y) / self.scale

    def right(self, X: Array) -> Array:
        """V."""
        if self.V is not None:
            return self.V
        return _transposed(X) @ self.left / self.scale[..., None, :]

    def features(self, X: Array, X2: Array) -> Array:
        """X_2 V; as X_2 X' U / s, without V, where that is less work."""
        if self.V is not None or X2.shape[-2] >= X2.shape[-1]:
            return X2 @ self.right(X)
        return X2 @ _transposed(X) @ self.left / self.scale[..., None, :]


def _decompose(X: Array) -> _Decomposition:
    """From the smaller Gram side where kappa(X) is at most a hundred, else from the singular
    values of X, which also decide the rank: those below max(n, d) eps of the largest are null.

    One factor of X is computed from the other through the Gram side, and is orthonormal to about
    eps kappa(X)^2 only: so much is then missing of the losses at the start.
    """
    n, d = X.shape[-2:]
    transposed = _transposed(X)
    wide = n <= d
    gram = X @ transposed if wide else transposed @ X
    lam, Q = np.linalg.eigh(gram / n)
    small = lam * _SQUARED <= lam[..., -1:]
    if small.any():
        left, s, right = np.linalg.svd(X, full_matrices=False)
        null = (s <= max(n, d) * _EPS * s[..., :1]).sum(axis=-1)
        if null.min() < null.max():
            raise ValueError("the tasks have designs of different rank: pass them one by one")
        r = s.shape[-1] - int(null.max())
        if (small.sum(axis=-1) > null).any():
            s = s[..., :r][..., ::-1]
            left = left[..., :r][..., ::-1]
            V = _transposed(right[..., :r, :][..., ::-1, :])
            return _Decomposition(s**2 / n, s, left, V)
        lam = lam[..., lam.shape[-1] - r :]
        Q = Q[..., Q.shape[-1] - r :]
    scale = np.sqrt(n * lam)
    if wide:
        return _Decomposition(lam, scale, Q, None)
    return _Decomposition(lam, scale, X @ Q / scale[..., None, :], Q)


def _transposed(matrix: Array) -> Array:
    return np.swapaxes(matrix, -1, -2)
