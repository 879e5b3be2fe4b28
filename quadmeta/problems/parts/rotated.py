"""Stochastic problems f(w) = floor + w'Hw / 2 with w_* = 0, held in the eigenbasis of H."""

from functools import cached_property

import numpy as np

from quadmeta._types import Array, Numbers, Spectrum
from quadmeta._validate import finite, frozen, shaped
from quadmeta._validate.matrices import (
    require_orthonormal,
    require_positive,
    require_square,
    symmetrised,
)
from quadmeta.problems.parts.base import point
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.scale import LIMITS, require_range
from quadmeta.problems.parts.stochastic import StochasticProblem


class RotatedProblem(StochasticProblem):
    """A stochastic problem known by the eigenvalues of H and the initial error."""

    eigenvalues: Array
    """(d,) of H, positive."""
    error: Array
    """(d,) w_0 - w_* in the eigenbasis of H."""
    basis: Array | None
    """(d, d) eigenvectors as columns; None: the coordinates are the eigen-coordinates."""

    def _store(self, eigenvalues: Spectrum, error: Numbers, basis: Numbers | None) -> None:
        """Keep the spectrum, checked."""
        lam = given("eigenvalues", eigenvalues)
        e = given("error", error)
        if lam.ndim != 1 or not lam.size or e.shape != lam.shape:
            raise ValueError(
                f"eigenvalues has shape {lam.shape}, error {e.shape}: pass one error an "
                "eigenvalue, d >= 1"
            )
        require_positive("eigenvalues", lam, "drop null directions")
        keep(self, eigenvalues=np.array(lam), error=np.array(e), basis=None)
        require_range("eigenvalues", self._lam, LIMITS)
        require_range("error", self._error, LIMITS)
        if basis is not None:
            d = lam.size
            Q = shaped("basis", basis, (d, d), f"({d}, {d}), eigenvectors as columns")
            require_orthonormal("basis", Q)
            keep(self, basis=Q)

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
        twice: Array = (w * self.gradient(w)).sum(axis=-1)
        return twice / 2 + float(self.floor)

    def gradient(self, w: Array) -> Array:
        """H w."""
        w = point("w", w, self._lam.size)
        Q = self.basis
        if Q is None:
            return self._lam * w
        product: Array = (w @ Q * self._lam) @ Q.T
        return product

    def hvp(self, w: Array, v: Array) -> Array:
        """H v."""
        return self.gradient(point("v", v, self._lam.size))


def given(name: str, value: Numbers) -> Array:
    """Finite real numbers as float64, but an object array of Fractions or mpf stays as it is."""
    checked = finite(name, value)
    array: Array = np.asarray(value)
    if array.dtype == object:
        return array
    return checked


def diagonalised(
    name: str, matrix: Numbers, label: str, start: Numbers
) -> tuple[Array, Array, Array]:
    """(eigenvalues, error in the eigenbasis, eigenvectors) of a positive definite matrix.

    ``matrix`` has the shape (d, d), ``start``, which messages call ``label``, is w_0 - w_* (d,).

    Raises
    ------
    ValueError
        not symmetric, not positive definite, or another length of ``start``.
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
            "definite: drop the null directions"
        )
    return lam, Q.T @ error, frozen(Q)


def covariance(name: str, value: Numbers) -> Array:
    """A symmetric positive semidefinite (d, d) matrix, symmetrised.

    Raises
    ------
    ValueError
        not square, not symmetric (beyond 1e-12 of its largest entry) or not positive semidefinite.
    """
    M = finite(name, value)
    require_square(name, M)
    M = symmetrised(name, M)
    low, high = np.linalg.eigvalsh(M)[[0, -1]]
    if low < -len(M) * np.finfo(float).eps * max(high, 0.0):
        raise ValueError(
            f"{name} has the eigenvalue {low:.3g}, it must be positive semidefinite: pass a "
            "covariance"
        )
    return M
