"""The largest eigenvalue of a symmetric matrix, without the others."""

import numpy as np

from quadmeta._types import Array

_ALONE = 100
"""Sizes up to which scipy's LAPACK stays on one thread; its threads and numpy's would get in each
other's way.
"""


def largest_eigenvalue(H: Array) -> float:
    """lambda_max of H (p, p), of which the lower triangle is read, right to rounding of it."""
    p = len(H)
    if p > _ALONE:
        return float(np.linalg.eigvalsh(H)[-1])
    from scipy.linalg.lapack import dsyevr  # scipy loads only where it is used

    # one of p takes a third of the time of all; the transpose lies by columns, as LAPACK wants it
    found, _, _, _, failed = dsyevr(H.T, compute_v=0, range="I", il=p, iu=p)
    if failed:
        return float(np.linalg.eigvalsh(H)[-1])
    return float(found[0])
