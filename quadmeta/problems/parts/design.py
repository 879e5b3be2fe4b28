"""Ridge regression from w_0 = 0 in the eigenbasis of its Hessian.

f(w) = ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite
from quadmeta._validate.matrices import require_samples
from quadmeta.problems.parts.scale import LIMITS, require_range

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
    """The least loss."""

    @classmethod
    def of(cls, X: Numbers, y: Numbers, ridge: float) -> "Design":
        """From X (n, d) of any rank, y (n,) and a ridge >= 0."""
        rows = finite("X", X)
        target = finite("y", y)
        require_samples(rows, target)
        n, d = rows.shape
        require_range("X", np.abs(rows).max(), LIMITS)
        require_range("y", np.abs(target).max())
        gram = rows.T @ rows / n
        lam, Q = np.linalg.eigh(gram)
        hessian = gram + ridge * np.eye(d)
        if lam[0] * _SQUARED <= lam[-1]:
            return cls._of_singular_values(rows, target, ridge, hessian)
        lam = lam + ridge
        pull = Q.T @ (rows.T @ target / n)
        # X'y is rounded by eps ||X|| ||y|| / n whatever is left of it
        noise = np.sqrt(lam[-1] / n) * np.linalg.norm(target)
        on = np.abs(pull) > 8 * _EPS * max(d * np.linalg.norm(pull), noise)
        if not on.any():
            raise _orthogonal()
        lam = lam[on]
        Q = Q[:, on]
        # H w_* = X'y / n along each eigenvector
        optimum = pull[on] / lam
        w = Q @ optimum
        floor = float(np.sum((rows @ w - target) ** 2) / (2 * n) + ridge * np.sum(w**2) / 2)
        return cls(lam, Q, optimum, hessian, floor)

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
        # what no mode reaches of y: exactly nothing where the modes span all samples
        outside = 0 * y
        if len(on) < n:
            outside = y - left @ share
        floor = float((outside @ outside + (share**2 * (ridge / lam)).sum()) / (2 * n))
        return cls(lam, right[on].T, s * share / n / lam, hessian, floor)


def _orthogonal() -> ValueError:
    return ValueError(
        "y is orthogonal to every column of X, so w_0 = 0 is the minimiser: pass other data"
    )
