"""Lanczos by its three-term recurrence alone: k steps in three vectors of length d, whatever k.

Rounding makes the vectors lose their orthogonality to earlier ones, and J_k gets several copies of
an eigenvalue. The Gauss rule bears it: J_k is, up to rounding, the Jacobi matrix of a measure whose
weights lie in tight clusters about the eigenvalues of H, each cluster with the weight of its
eigenvalue. Sources: Greenbaum, Behavior of slightly perturbed Lanczos and conjugate-gradient
recurrences, 1989; Knizhnerman, The simple Lanczos procedure: estimates of the error of the Gauss
quadrature formula and their applications, 1996. The order of operations is the one that Paige,
1972, shows to be stable.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.lanczos import ASYMMETRY, asymmetric, rounding, unbounded

PIECE = 2**16
"""Entries that are updated at a time, so that they are in the cache for the next operation."""
_EPS = float(np.finfo(float).eps)


def short_lanczos(
    product: Callable[[Array], Array], start: Array, limit: int, eps: float = _EPS
) -> Iterator[tuple[float, float]]:
    """Yield (alpha_j, beta_j), j = 1, 2, ..., ``limit``, as ``lanczos`` does, without
    reorthogonalisation.

    ``limit`` may be more than d: a space that is lost sight of is not known to be exhausted. The
    last beta is 0 where beta falls to the rounding of a product. Of asymmetry only that between
    neighbouring vectors is seen. The sums of inner products are those of pieces, added exactly.

    Raises
    ------
    ValueError
        the operator returns NaN or infinity, or <Hu, v> != <u, Hv> on neighbouring vectors.
    """
    d = len(start)
    pieces = [slice(low, low + PIECE) for low in range(0, d, PIECE)]
    least = rounding(d, eps)
    scale = 0.0
    beta = 0.0
    previous = np.zeros(d)
    v = start / math.sqrt(_dot(start, start, pieces))
    for j in range(1, limit + 1):
        Hv = product(v)
        gap = abs(_dot(Hv, previous, pieces) - beta)
        # w takes the place of v_(j-1)
        w = previous
        alpha = _less(w, beta, Hv, v, pieces)
        if not math.isfinite(alpha):
            raise unbounded(Hv, j)
        following = math.sqrt(_rest(w, alpha, v, pieces))
        scale = max(scale, abs(alpha), beta)
        # where beta is small, v_j is orthogonal to v_(j-1) to eps scale / beta only
        if beta and gap > ASYMMETRY * eps * scale * (scale / beta):
            raise asymmetric(gap, scale, eps)
        if following <= least * scale:
            yield alpha, 0.0
            return
        yield alpha, following
        beta = following
        w /= beta
        previous = v
        v = w


def _dot(x: Array, y: Array, pieces: list[slice]) -> float:
    """<x, y>."""
    return _added([float(x[part] @ y[part]) for part in pieces])


def _less(w: Array, beta: float, Hv: Array, v: Array, pieces: list[slice]) -> float:
    """w becomes Hv - beta w; returns <w, v>."""
    sums = list[float]()
    for part in pieces:
        piece = w[part]
        piece *= -beta
        piece += Hv[part]
        sums.append(float(piece @ v[part]))
    return _added(sums)


def _rest(w: Array, alpha: float, v: Array, pieces: list[slice]) -> float:
    """w becomes w - alpha v; returns ||w||^2."""
    sums = list[float]()
    for part in pieces:
        piece = w[part]
        piece -= alpha * v[part]
        sums.append(float(piece @ piece))
    return _added(sums)


def _added(sums: list[float]) -> float:
    """Their sum to one rounding; NaN where it is not finite."""
    try:
        return math.fsum(sums)
    except (OverflowError, ValueError):
        return math.nan
