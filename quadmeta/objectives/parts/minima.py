"""Local minima of a function of one step size, by sign changes of its derivative."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta.arithmetic.signlog import SignLog


class Minima(NamedTuple):
    """Local minima by increasing step size, and the flat set around the best one."""

    step_size: Array
    value: SignLog
    flat: tuple[float, float]
    """Ends of the interval of step sizes whose value exceeds the best by at most rounding."""


class Signed(Protocol):
    """A function of step sizes whose values and derivatives are ``SignLog``."""

    def __call__(self, theta: Numbers) -> SignLog:
        """Values."""

    def gradient(self, theta: Numbers) -> SignLog:
        """Derivatives."""


def local_minima(objective: Signed, steps: int, largest: float) -> Minima:
    """All local minima found in eta >= 0 for T = ``steps`` and the largest eigenvalue.

    The grid has 600 points even in log eta from 1e-6 / (T lambda_max), 600 even ones, and 600
    approaching 2 / lambda_max.
    """
    edge = 2 / largest
    start = objective(0.0)
    high = edge
    while high < 1e9 * edge:
        rises = bool(objective(high) > start) and bool(objective.gradient(high) > 0)
        if rises:
            break
        high *= 2
    fine = np.geomspace(1e-6 / steps, 1, 600)
    grid = np.unique(
        np.concatenate([[0.0], fine * high, np.linspace(0, high, 600), edge * (1 - fine / 2)])
    )
    grid = grid[grid >= 0]
    sign = objective.gradient(grid).sign
    rise = np.flatnonzero((sign[:-1] < 0) & (sign[1:] >= 0))
    points = bisected(lambda x: objective.gradient(x).sign < 0, grid[rise], grid[rise + 1])
    points = np.concatenate([grid[:1][sign[:1] >= 0], points])
    return described(objective, points, high)


def described(objective: Signed, points: Array, high: float) -> Minima:
    """The minima at ``points``, and the flat set around the best one, below ``high``."""
    values = objective(points)
    order = np.argsort(values.log * values.sign)
    best = points[order[:1]]
    least = values[order[:1]]
    limit = least * (1 + 4 * np.finfo(float).eps)
    # outwards from the best point the value rises until the next stationary point
    bounds = np.concatenate([[0.0], np.delete(points, order[0]), [high]])
    left = bounds[bounds < best].max(initial=0.0)
    right = bounds[bounds > best].min(initial=high)
    down = bisected(lambda x: objective(x) > limit, np.array([left]), best)
    up = bisected(lambda x: objective(x) <= limit, best, np.array([max(right, float(best[0]))]))
    return Minima(points, values, (float(down[0]), float(up[0])))


def bisected(below: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a predicate turns from true to false between low and high, elementwise, to the last
    bit but one.
    """
    for _ in range(200):
        middle = low + (high - low) / 2
        if not ((middle > low) & (middle < high)).any():
            break
        left = below(middle)
        low = np.where(left, middle, low)
        high = np.where(left, high, middle)
    return high
