"""Integrals over xi > 0 by Gauss and Legendre's rule on panels that shrink towards given points."""

import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from quadmeta._types import Array

END = 12.0
"""Where a normal variable ends: e^-72 of it is left."""
_NODES = 20


@cache
def _rule() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def graded(end: float, points: Iterable[float], finest: float) -> tuple[Array, Array]:
    """(xi, weights) on [0, end]: panels that double in length away from each point, from ``finest``
    on.

    Parameters
    ----------
    end
        > 0.
    points
        where the integrand may change on the scale ``finest``; those outside [0, end] count as its
        nearest end.
    finest
        the shortest panel, > 0.
    """
    steps = finest * 2.0 ** np.arange(max(1, math.ceil(math.log2(max(end / finest, 2)))))
    ends = [0.0, end]
    for point in points:
        at = min(max(point, 0.0), end)
        ends += [at, *(at - steps), *(at + steps)]
    borders = np.unique(np.clip(ends, 0.0, end))
    nodes, weights = _rule()
    half = np.diff(borders)[:, None] / 2
    xi = borders[:-1, None] + half * (1 + nodes)
    return xi.ravel(), (half * weights).ravel()
