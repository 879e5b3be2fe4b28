"""Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2 from w_0 = 0, in the eigenbasis of its
Hessian.
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import finite
from quadmeta.problems.parts.scale import require_range

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
        X = finite("X", X)
        y = finite("y", y)
        if X.ndim != 2 or not X.size or y.shape != X.shape[:1]:
            raise ValueError(
                f"X has shape {X.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1"
            )
        n, d = X.shape
        require_range("X", np.abs(X).max(), (1e-75, 1e75))
        require_range("y", np.abs(y).max())
        gram = X.T @ X / n
        lam, Q = np.linalg.eigh(gram)
        if lam[0] * _SQUARED > lam[-1]:
            lam = lam + ridge
            pull = Q.T @ (X.T @ y / n)
            # X'y is rounded by eps ||X|| ||y|| / n whatever is left of it
            noise = np.sqrt(lam[-1] / n) * np.linalg.norm(y)
            on = np.abs(pull) > 8 * _EPS * max(d * np.linalg.norm(pull), noise)
        else:
            return cls._of_singular_values(X, y, ridge, gram + ridge * np.eye(d))
        if not on.any():
            raise _orthogonal()
        lam = lam[on]
        Q = Q[:, on]
        optimum = pull[on] / lam
        w = Q @ optimum
        floor = float(np.sum((X @ w - y) ** 2) / (2 * n) + ridge * np.sum(w**2) / 2)
        return cls(lam, Q, optimum, gram + ridge * np.eye(d), floor)

    @classmethod
    def _of_singular_values(cls, X: Array, y: Array, ridge: float, hessian: Array) -> "Design":
        """Each singular value s with c = u'y, its share of y, is a mode.

        lambda = s^2 / n + ridge and q'w_* = s c / (n lambda). A share below 8 max(n, d) eps ||y||
        is rounding. What the modes leave of the loss is c^2 ridge / (2 n lambda).
        """
        n, d = X.shape
        left, s, right = np.linalg.svd(X, full_matrices=False)
        share = left.T @ y
        cut = max(n, d) * _EPS
        on = (s > cut * s[0]) & (np.abs(share) > 8 * cut * np.linalg.norm(y))
        if not on.any():
            raise _orthogonal()
        on = np.flatnonzero(on)[::-1]  # ascending
        left = left[:, on]
        s = s[on]
        share = share[on]
        lam = s**2 / n + ridge
        if len(on) == n:
            outside = 0 * y
        else:
            outside = y - left @ share
        floor = float((outside @ outside + (share**2 * (ridge / lam)).sum()) / (2 * n))
        return cls(lam, right[on].T, s * share / n / lam, hessian, floor)


def _orthogonal() -> ValueError:
    return ValueError(
        "y is orthogonal to every column of X, so w_0 = 0 is the minimiser: pass other data"
    )
