"""Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2 from w_0 = 0, in the eigenbasis of its Hessian."""
from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import finite
from quadmeta.problems._scale import require_range

Array = Any
_EPS = float(np.finfo(float).eps)
_SQUARED = 1e4
"""Largest kappa(X)^2 for which X'X is formed: its eigenvalues then keep eleven digits."""


class Design(NamedTuple):
    """The modes that gradient descent from 0 enters, ascending in lambda."""

    eigenvalues: Array
    """(k,)"""
    basis: Array
    """(d, k)"""
    optimum: Array
    """(k,) Q'w_* of the minimum-norm minimiser."""
    hessian: Array
    """(d, d) X'X / n + ridge I."""
    floor: float

    @classmethod
    def of(cls, X: Array, y: Array, ridge: float) -> "Design":
        """From X (n, d) of any rank, y (n,) and a ridge >= 0."""
        X, y = finite("X", X), finite("y", y)
        if X.ndim != 2 or not X.size or y.shape != X.shape[:1]:
            raise ValueError(f"X has shape {X.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1")
        n, d = X.shape
        require_range("X", np.abs(X).max(), (1e-75, 1e75))
        require_range("y", np.abs(y).max())
        gram = X.T @ X / n
        lam, Q = np.linalg.eigh(gram)
        if lam[0] * _SQUARED > lam[-1]:
            lam, pull = lam + ridge, Q.T @ (X.T @ y / n)
            # X'y is rounded by eps ||X|| ||y|| / n whatever is left of it
            noise = np.sqrt(lam[-1] / n) * np.linalg.norm(y)
            on = np.abs(pull) > 8 * _EPS * max(d * np.linalg.norm(pull), noise)
        else:
            lam, pull, Q = _by_singular_values(X, y, ridge)
            on = pull != 0
        if not on.any():
            raise ValueError("y is orthogonal to every column of X, so w_0 = 0 is the minimiser: pass other data")
        lam, Q = lam[on], Q[:, on]
        optimum = pull[on] / lam
        w = Q @ optimum
        floor = float(np.sum((X @ w - y) ** 2) / (2 * n) + ridge * np.sum(w**2) / 2)
        return cls(lam, Q, optimum, gram + ridge * np.eye(d), floor)


def _by_singular_values(X: Array, y: Array, ridge: float) -> tuple[Array, Array, Array]:
    """(eigenvalues, Q'X'y / n, Q) of the directions that are not null, in ascending order; rounding of Q'X'y is 0."""
    n, d = X.shape
    left, s, right = np.linalg.svd(X, full_matrices=False)
    k = int((s > max(n, d) * _EPS * s[0]).sum())
    s, share = s[:k][::-1], (left[:, :k].T @ y)[::-1]
    share[np.abs(share) <= 8 * max(n, d) * _EPS * np.linalg.norm(y)] = 0
    return s**2 / n + ridge, s * share / n, right[:k][::-1].T
