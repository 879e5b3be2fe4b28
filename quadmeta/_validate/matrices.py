"""What is required of arrays that have been read: signs of entries, shapes of data, matrices."""

import numpy as np

from quadmeta._types import Array

CONSISTENT = 1e-10
"""How far parts that describe one thing may be from each other, relative: eigenvectors from
orthonormal, a matrix from its eigenpairs.
"""


def require_positive(name: str, array: Array, remedy: str) -> None:
    """Refuse an entry <= 0."""
    bad = array[~(array > 0)]
    if bad.size:
        raise ValueError(f"{name} has the entry {bad.flat[0]}, every one must be > 0: {remedy}")


def require_nonnegative(name: str, array: Array, remedy: str) -> None:
    """Refuse an entry < 0."""
    bad = array[array < 0]
    if bad.size:
        raise ValueError(f"{name} has the negative entry {bad.flat[0]}, it must be >= 0: {remedy}")


def require_samples(X: Array, y: Array, axes: tuple[int, ...] = (2,)) -> None:
    """Refuse X and y that are not (n, d) and (n,), with leading axes where ``axes`` allows them."""
    if X.ndim not in axes or not X.size or y.shape != X.shape[:-1]:
        raise ValueError(
            f"X has shape {X.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1"
        )


def require_orthonormal(name: str, Q: Array) -> None:
    """Refuse a matrix (..., D, d) whose columns are off orthonormal by more than rounding."""
    gap = np.abs(np.swapaxes(Q, -1, -2) @ Q - np.eye(Q.shape[-1])).max()
    if gap > CONSISTENT:
        raise ValueError(
            f"{name} is off orthonormal columns by {gap:.3g}, more than {CONSISTENT:g}: pass "
            "eigenvectors, or build the problem from its matrix"
        )


def require_square(name: str, matrix: Array, batch: bool = False) -> None:
    """Refuse anything but a square matrix, or square matrices along leading axes of a ``batch``."""
    axes = matrix.ndim >= 2 if batch else matrix.ndim == 2
    if not axes or matrix.shape[-1] != matrix.shape[-2] or not matrix.size:
        raise ValueError(
            f"{name} has shape {matrix.shape}, it must be square with d >= 1: pass a (d, d) matrix"
        )


def require_symmetric(name: str, matrix: Array) -> None:
    """Refuse matrices (..., d, d) whose triangles differ by 1e-12 of the largest entry."""
    gap = np.abs(matrix - np.swapaxes(matrix, -1, -2)).max(axis=(-1, -2))
    largest = np.abs(matrix).max(axis=(-1, -2))
    if (gap > 1e-12 * largest).any():
        raise ValueError(
            f"{name} is asymmetric by {gap.max():.3g}: pass ({name} + {name}.T) / 2 if that is "
            "what you mean"
        )


def symmetrised(name: str, matrix: Array) -> Array:
    """(M + M') / 2 of matrices (..., d, d) that are symmetric to rounding: M itself where it is
    symmetric to the bit.
    """
    transposed = matrix.swapaxes(-1, -2)
    if np.count_nonzero(matrix == transposed) == matrix.size:
        return matrix
    require_symmetric(name, matrix)
    half: Array = matrix / 2 + transposed / 2
    return half
