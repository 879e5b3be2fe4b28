"""Local minima of a function of one step size, by sign changes of its derivative.

Most signs come from a ``Sketch``, which says where it is not certain; there, and where digits
count, the function itself is asked.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta.arithmetic.signlog import SignLog

_CLOSE = 16  # a bracket of no more floats is cut in four
_QUARTERS = np.array([0.25, 0.5, 0.75])


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


class Sketch(Protocol):
    """What is known of the same function without its last digits."""

    def value(self, eta: Array) -> tuple[Array, float]:
        """Stable values and what they are off by at most."""

    def rises(self, eta: float) -> int:
        """1 where the value certainly exceeds that at 0, -1 where it certainly does not, else
        0.
        """

    def signs(self, eta: Array) -> Array:
        """Signs of the derivative, 0 where they are not certain."""

    def narrowed(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Smaller brackets of the same sign changes."""


class Stationary(NamedTuple):
    """Local minima by increasing step size, and where the search ended."""

    points: Array
    high: float

    def lowest(self, objective: Signed) -> float:
        """The best of them."""
        if len(self.points) == 1:
            return float(self.points[0])
        return float(self.points[ascending(objective(self.points))[0]])

    def described(self, objective: Signed) -> Minima:
        """With values, and the flat set around the best one."""
        points = self.points
        values = objective(points)
        order = ascending(values)
        best = points[order[:1]]
        least = values[order[:1]]
        limit = least * (1 + 4 * np.finfo(float).eps)
        # outwards from the best point the value rises until the next stationary point
        bounds = np.concatenate([[0.0], np.delete(points, order[0]), [self.high]])
        left = bounds[bounds < best].max(initial=0.0)
        right = max(bounds[bounds > best].min(initial=self.high), float(best[0]))
        down = bisected(lambda x: objective(x) > limit, np.array([left]), best)
        up = bisected(lambda x: objective(x) <= limit, best, np.array([right]))
        return Minima(points, values, (float(down[0]), float(up[0])))


def stationary(objective: Signed, sketch: Sketch, steps: int, largest: float) -> Stationary:
    """All local minima found in eta >= 0 for T = ``steps`` and the largest eigenvalue.

    The grid has 600 points even in log eta from 1e-6 / (T lambda_max), 600 even ones, and 600
    approaching 2 / lambda_max.
    """

    def signs(points: Array) -> Array:
        """Those of the derivative."""
        found = sketch.signs(points)
        unclear = found == 0
        if unclear.any():
            found[unclear] = objective.gradient(points[unclear]).sign
        return found

    edge = 2 / largest
    high = edge
    while high < 1e9 * edge:
        rise = sketch.rises(high)
        above = rise > 0 if rise else bool(objective(high) > objective(0.0))
        if above and signs(np.array([high]))[0] > 0:
            break
        high *= 2
    fine = np.geomspace(1e-6 / steps, 1, 600)
    grid = np.unique(
        np.concatenate([[0.0], fine * high, np.linspace(0, high, 600), edge * (1 - fine / 2)])
    )
    grid = grid[grid >= 0]
    sign = signs(grid)
    k = np.flatnonzero((sign[:-1] < 0) & (sign[1:] >= 0))
    brackets = zip(*sketch.narrowed(grid[k], grid[k + 1]), strict=True)
    points = [rising(objective.gradient, *ends) for ends in brackets]
    return Stationary(np.concatenate([grid[:1][sign[:1] >= 0], points]), high)


def rising(slope: Callable[[Array], SignLog], low: float, high: float) -> float:
    """Where a function turns from < 0 at ``low`` to >= 0 at ``high``: the upper one of two floats.

    A secant tells where to look: at its root and beside it, the nearer the smaller the bracket is.
    Where that has made little of it smaller, its middle is looked at too.
    """
    points = np.array([low, high])
    values = slope(points)
    k = 0
    width = np.inf
    while True:
        low, high = points[k : k + 2]
        step = np.spacing(low)
        slow = high - low > width / 4
        width = high - low
        if width <= step:
            return float(high)
        if width <= _CLOSE * step:
            inner = np.unique(low + step * np.rint(width / step * _QUARTERS))
        else:
            left, right = values.log[k : k + 2]
            root = low + width / (1 + np.exp(min(right - left, 700)))
            beside = max(2 * step, width * min(1 / 16, 4 * width / high))
            inner = root + beside * np.array([-1.0, 0.0, 1.0])
            if slow:
                inner = np.unique(np.append(inner, low + width / 2))
        inner = inner[(inner > low) & (inner < high)]
        new = slope(inner)
        points = np.concatenate([[low], inner, [high]])
        values = SignLog(
            np.insert(values.sign[k : k + 2], 1, new.sign),
            np.insert(values.log[k : k + 2], 1, new.log),
        )
        k = int(np.argmax(values.sign[1:] >= 0))


def scanned(objective: Signed, sketch: Sketch | None, high: float, rounds: int) -> float:
    """The best of 61 step sizes up to ``high``, then ``rounds`` - 1 times of 21 around the best."""
    grid = np.geomspace(1e-6 * high, high, 61)
    for _ in range(rounds):
        rivals = np.arange(len(grid))
        if sketch is not None:
            value, error = sketch.value(grid)
            # where this does not tell the best one, the function itself
            rivals = np.flatnonzero(~(value > value.min() + 2 * error))
        k = int(rivals[0])
        if len(rivals) > 1:
            k = int(rivals[np.argmin(objective(grid[rivals]).log)])
        best = float(grid[k])
        grid = np.geomspace(grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)], 21)
    return best


def ascending(values: SignLog) -> Array:
    """The indices that sort values (n,)."""
    zero = values.sign == 0
    order: Array = np.lexsort((values.sign * np.where(zero, 0, values.log), values.sign))
    return order


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
