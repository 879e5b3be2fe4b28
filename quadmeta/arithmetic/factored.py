"""A positive definite matrix by its Cholesky factor: solves, and how large its inverse is."""

from functools import cached_property

import numpy as np

from quadmeta._types import Array

_ALONE = 100
"""Sizes up to which scipy's LAPACK stays on one thread; its threads and numpy's would get in each
other's way.
"""


class Factored:
    """H, factored once; beyond size 100 inverted once.

    Parameters
    ----------
    H
        (p, p), symmetric.

    Raises
    ------
    LinAlgError
        H is not positive definite.
    """

    def __init__(self, H: Array) -> None:
        self._H = H
        self._lower: Array | None = None
        if len(H) > _ALONE:
            np.linalg.cholesky(H)
            self._inverse = np.linalg.inv(H)
            return
        from scipy.linalg.lapack import dpotrf  # scipy loads only where it is used

        # the transpose lies in memory by columns, as LAPACK wants it
        self._lower, failed = dpotrf(H.T, lower=True, clean=False)
        if failed:
            raise np.linalg.LinAlgError("the matrix is not positive definite")

    @cached_property
    def _inverse(self) -> Array:
        """H^-1; infinite where it is singular."""
        try:
            return np.asarray(np.linalg.inv(self._H))
        except np.linalg.LinAlgError:
            return np.full_like(self._H, np.inf)

    def solve(self, right: Array) -> Array:
        """H^-1 times ``right`` (p, k): by the factor, or by the inverse and a refinement."""
        if self._lower is None:
            X = self._inverse @ right
            refined: Array = X + self._inverse @ (right - self._H @ X)
            return refined
        from scipy.linalg.lapack import dpotrs

        solution: Array = dpotrs(self._lower, right, lower=True)[0]
        return solution

    @cached_property
    def norm(self) -> float:
        """||H^-1|| in the Frobenius norm; infinite where it may not have three digits."""
        # at least p eps ||H|| ||H^-1||, right to the digits that count where it is below 1e-3
        size = np.abs(self._H).max() * np.abs(self._inverse).max()
        if not len(self._H) ** 3 * np.finfo(float).eps * size < 1e-3:
            return np.inf
        return float(np.linalg.norm(self._inverse))
