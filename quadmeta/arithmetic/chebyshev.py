"""Interpolation in Chebyshev points, with how many of them an analytic function needs."""

import math

import numpy as np

from quadmeta._types import Array

RHO = 1 + np.geomspace(0.01, 20, 32)
"""Sums of the half-axes of ellipses around [-1, 1] with foci at its ends."""
REACH = (RHO + 1 / RHO) / 2
"""The larger half-axes: no point of the ellipse is farther from 0."""


def nodes(count: int) -> Array:
    """The zeros of the Chebyshev polynomial T_count in (-1, 1), descending."""
    points: Array = np.cos((np.arange(count) + 0.5) * (math.pi / count))
    return points


def interpolated(values: Array, x: Array) -> Array:
    """At x (n,) in [-1, 1], the polynomial with these values at the ``nodes``, by the barycentric
    formula.

    Errors of the values are multiplied by at most 1 + (2 / pi) log(count + 1).
    """
    count = len(values)
    k = np.arange(count)
    weights = np.where(k % 2, -1.0, 1.0) * np.sin((k + 0.5) * (math.pi / count))
    gap = x[:, None] - nodes(count)
    on = gap == 0
    gap[on] = 1
    shares = weights / gap
    found: Array = (shares @ values) / shares.sum(axis=-1)
    row, column = np.nonzero(on)
    found[row] = values[column]
    return found


def needed(log_bounds: Array) -> int:
    """How many nodes leave an error of at most 1, from log M for each ellipse of ``RHO``.

    A function with |f| <= M on the ellipse has an interpolant of degree n - 1 within 4 M
    rho^(1-n) / (rho - 1) on [-1, 1]. Source: Trefethen, Approximation Theory and Approximation
    Practice, theorem 8.2.
    """
    counts = 1 + (log_bounds + np.log(4 / (RHO - 1))) / np.log(RHO)
    least = float(np.min(counts))
    if not least < 1e9:
        return 10**9
    return max(1, math.ceil(least))
