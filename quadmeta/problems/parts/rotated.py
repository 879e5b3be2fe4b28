"""Stochastic problems f(w) = floor + w'Hw / 2 with w_* = 0, held in the eigenbasis of H."""

from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import finite, frozen, shaped
from quadmeta.problems.parts.base import point
from quadmeta.problems.parts.scale import require_range
from quadmeta.problems.parts.stochastic import StochasticProblem

Array = Any
CONSISTENT = 1e-10
"""How far given eigenvectors may be from orthonormal, and a root from the variances it stands for.
"""
LIMITS = 1e-75, 1e75
"""Magnitudes of data whose products of four, the moments of SGD, stay in float64."""


class RotatedProblem(StochasticProblem):
    """Eigenvalues of H and the initial error; ``basis`` holds the eigenvectors where w is in other
    coordinates.
    """

    eigenvalues: Array
    error: Array
    basis: Array

    def __post_init__(self) -> None:
        lam = given("eigenvalues", self.eigenvalues)
        error = given("error", self.error)
        if lam.ndim != 1 or not lam.size or error.shape != lam.shape:
            raise ValueError(
                f"eigenvalues has shape {lam.shape}, error {error.shape}: pass one error an "
                "eigenvalue, "
                "d >= 1"
            )
        if not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has the entry {lam[lam <= 0][0]!r}, every one must be > 0: "
                "drop null directions"
            )
        object.__setattr__(self, "eigenvalues", frozen(lam))
        object.__setattr__(self, "error", frozen(error))
        require_range("eigenvalues", self._lam, LIMITS)
        require_range("error", self._error, LIMITS)
        if self.basis is not None:
            Q = shaped(
                "basis",
                self.basis,
                (lam.size, lam.size),
                f"({lam.size}, {lam.size}), eigenvectors as columns",
            )
            gap = np.abs(Q.T @ Q - np.eye(lam.size)).max()
            if gap > CONSISTENT:
                raise ValueError(
                    f"basis is off orthonormal columns by {gap:.3g}, more than {CONSISTENT:g}: "
                    "pass "
                    "eigenvectors"
                )
            object.__setattr__(self, "basis", Q)

    @cached_property
    def _lam(self) -> Array:
        return finite("eigenvalues", self.eigenvalues)

    @cached_property
    def _error(self) -> Array:
        return finite("error", self.error)

    @cached_property
    def start(self) -> Array:
        """(d,) w_0."""
        if self.basis is None:
            return self._error
        return frozen(self.basis @ self._error)

    def loss(self, w: Array) -> Array:
        """f(w) for w (..., d)."""
        w = point("w", w, self._lam.size)
        return (w * self.gradient(w)).sum(axis=-1) / 2 + float(self.floor)

    def gradient(self, w: Array) -> Array:
        """H w."""
        w = point("w", w, self._lam.size)
        if self.basis is None:
            return self._lam * w
        return (w @ self.basis * self._lam) @ self.basis.T

    def hvp(self, w: Array, v: Array) -> Array:
        """H v."""
        return self.gradient(point("v", v, self._lam.size))


def given(name: str, value: Any) -> Array:
    """Finite real numbers: an object array of Fractions or mpf stays as it is, all else becomes
    float64.
    """
    checked = finite(name, value)
    array = np.asarray(value)
    if array.dtype == object:
        return array
    return checked


def diagonalised(name: str, matrix: Array, label: str, start: Array) -> tuple[Array, Array, Array]:
    """(eigenvalues, error in the eigenbasis, eigenvectors) of a positive definite matrix (d, d)
    and w_0 - w_* (d,).

    Raises
    ------
    ValueError
        not symmetric, not positive definite, or another length of ``start``, which messages call
        ``label``.
    """
    H = covariance(name, matrix)
    error = finite(label, start)
    if error.shape != H.shape[:1]:
        raise ValueError(
            f"{label} has shape {error.shape}, {name} {H.shape}: pass a vector of length {len(H)}"
        )
    lam, Q = np.linalg.eigh(H)
    if lam[0] <= len(H) * np.finfo(float).eps * lam[-1]:
        raise ValueError(
            f"{name} has the eigenvalue {lam[0]:.3g} next to {lam[-1]:.3g}, it must be positive "
            "definite: "
            "drop the null directions"
        )
    return lam, Q.T @ error, frozen(Q)


def covariance(name: str, value: Array) -> Array:
    """A symmetric positive semidefinite (d, d) matrix, symmetrised.

    Raises
    ------
    ValueError
        not square, not symmetric (beyond 1e-12 of its largest entry) or not positive semidefinite.
    """
    M = finite(name, value)
    if M.ndim != 2 or M.shape[0] != M.shape[1] or not M.size:
        raise ValueError(
            f"{name} has shape {M.shape}, it must be square with d >= 1: pass a (d, d) matrix"
        )
    gap = np.abs(M - M.T).max()
    if gap > 1e-12 * np.abs(M).max():
        raise ValueError(
            f"{name} is asymmetric by {gap:.3g}: pass (M + M.T) / 2 if that is what you mean"
        )
    M = (M + M.T) / 2
    low, high = np.linalg.eigvalsh(M)[[0, -1]]
    if low < -len(M) * np.finfo(float).eps * max(high, 0.0):
        raise ValueError(
            f"{name} has the eigenvalue {low:.3g}, it must be positive semidefinite: pass a "
            "covariance"
        )
    return M
