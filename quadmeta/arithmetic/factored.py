"""A positive definite matrix by its Cholesky factor: solves, and how large its inverse is."""

from functools import cached_property

import numpy as np

from quadmeta._types import Array


class Factored:
    """H = L L'.

    Parameters
    ----------
    H
        (p, p), of which one triangle is read.

    Raises
    ------
    LinAlgError
        H is not positive definite.
    """

    def __init__(self, H: Array) -> None:
        from scipy.linalg.lapack import dpotrf  # scipy loads only where it is used

        # symmetric: the transpose is the order of columns that needs no copy of rows
        self._lower, failed = dpotrf(H.T, lower=True, clean=False)
        self._top = float(np.abs(H).max())
        if failed:
            raise np.linalg.LinAlgError("the matrix is not positive definite")

    def solve(self, right: Array) -> Array:
        """H^-1 times ``right`` (p, k)."""
        from scipy.linalg.lapack import dpotrs

        solution: Array = dpotrs(self._lower, right, lower=True)[0]
        return solution

    @cached_property
    def norm(self) -> float:
        """||H^-1|| in the Frobenius norm; infinite where it may not have three digits."""
        from scipy.linalg.lapack import dpotri

        inverse = np.tril(dpotri(self._lower, lower=True)[0])
        p = len(inverse)
        # at least p eps ||H|| ||H^-1||, right to the digits that count where it is below 1e-3
        singular = p**3 * np.finfo(float).eps * self._top * np.abs(inverse).max()
        if not singular < 1e-3:
            return np.inf
        return float(np.sqrt(2 * np.vdot(inverse, inverse) - (inverse.diagonal() ** 2).sum()))
