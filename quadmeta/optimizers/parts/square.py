"""Least squares over the square |delta_j| <= 1 in one or two unknowns, for many rows at once."""

import numpy as np

from quadmeta._types import Array

_DIRECTIONS = (1.0, -1.0)


def norm(v: Array) -> Array:
    """Euclidean norm along the last axis."""
    with np.errstate(over="ignore"):
        length: Array = np.sqrt((v * v).sum(axis=-1))
    return length


def least_norm(v: Array, J: list[Array]) -> Array:
    """A lower bound of |v + sum_j delta_j J_j| over |delta_j| <= 1, for v and J_j of shape (n, d).

    The square is convex, so at any delta* it is at least |v*|^2 + min over delta of 2 v* J (delta
    - delta*): what delta* lacks to the minimum costs a little of the bound, and never its truth.
    """
    size = norm(v) + sum(map(norm, J))
    if len(J) == 1:
        places = [_on_segment(v, J[0])]
    else:
        places = list(_in_square(v, *J))
    at = v + sum(delta[:, None] * j for delta, j in zip(places, J, strict=True))
    square = (at * at).sum(axis=-1)
    for delta, j in zip(places, J, strict=True):
        slope = 2 * (at * j).sum(axis=-1)
        square = square + np.minimum(slope * (1 - delta), slope * (-1 - delta))
    # rounding of sums of d terms
    slack = (v.shape[-1] + 8) * 4e-15 * size**2
    bound: Array = np.sqrt(np.maximum(square - slack, 0))
    return bound


def _in_square(v: Array, one: Array, two: Array) -> tuple[Array, Array]:
    """The (p, q) in the square with the least |v + p one + q two|: the free minimum, or the best
    one of four sides.
    """
    aa = (one * one).sum(axis=-1)
    ab = (one * two).sum(axis=-1)
    bb = (two * two).sum(axis=-1)
    av = (one * v).sum(axis=-1)
    bv = (two * v).sum(axis=-1)
    # the normal equations [aa ab; ab bb] (p, q)' = -(av, bv)' by Cramer's rule
    det = aa * bb - ab * ab
    p = (ab * bv - bb * av) / det
    q = (ab * av - aa * bv) / det
    inside = (np.abs(p) <= 1) & (np.abs(q) <= 1)
    p = np.where(inside, p, 0)
    q = np.where(inside, q, 0)
    best = np.where(inside, norm(v + p[:, None] * one + q[:, None] * two), np.inf)
    for sign in _DIRECTIONS:
        side = np.full(len(v), sign)
        upright = (side, _on_segment(v + sign * one, two))
        level = (_on_segment(v + sign * two, one), side)
        for new_p, new_q in (upright, level):
            here = norm(v + new_p[:, None] * one + new_q[:, None] * two)
            p = np.where(here < best, new_p, p)
            q = np.where(here < best, new_q, q)
            best = np.minimum(best, here)
    return p, q


def _on_segment(v: Array, J: Array) -> Array:
    """The delta of [-1, 1] with the least |v + delta J|."""
    square = (J * J).sum(axis=-1)
    free: Array = -(v * J).sum(axis=-1) / np.where(square > 0, square, 1)
    return np.clip(free, -1, 1)
