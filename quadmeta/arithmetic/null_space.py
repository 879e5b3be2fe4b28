"""The null space of a symmetric matrix: which eigenvalues float64 cannot tell from 0."""

import numpy as np

from quadmeta._types import Array


def share_of_null_space(lam: Array, Q: Array, v: Array, least: float = 0.0) -> tuple[float, float]:
    """(norm of the part of v (P, ...) in the null space over the norm of v, what rounding makes of
    a share of 0).

    The null space itself is known to eps over the gap (Davis, Kahan). ``least`` as in
    ``null_space``.
    """
    size = np.abs(lam)
    null = null_space(lam, least)
    norm = float(np.linalg.norm(v))
    if not null.any() or not norm:
        return 0.0, 0.0
    limit = 2 * rounding(lam, least) / size[~null].min(initial=np.inf)
    return float(np.linalg.norm(Q[:, null].T @ v)) / norm, float(limit)


def rounding(lam: Array, least: float = 0.0) -> float:
    """4 P eps L, where eigenvalues cannot be told from 0; L is at least ``least``."""
    return float(4 * len(lam) * np.finfo(float).eps * max(least, np.abs(lam).max()))


def null_space(lam: Array, least: float = 0.0) -> Array:
    """Which eigenvalues are 0 to rounding."""
    return np.abs(lam) <= rounding(lam, least)
