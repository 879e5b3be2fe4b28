"""The global minimum of F = sum_i omega_i p_T(lambda_i)^2 over (step size, momentum), by branch
and bound.

Boxes whose lower bound (``boxes``) reaches the best value known are dropped, the others are cut in
half. When none is left, the best value known is the minimum, up to ``GAP``. Where rounding blurs
the comparison with the best value, a box is done again in 106 bits.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.boxes import Bounds, Boxes, bounds
from quadmeta.optimizers.parts.two_term import BLOCK, TwoTerm

GAP = 1e-9
"""What a proof leaves open, relative to F."""
_DEPTH = 50  # halvings of one side, after which centres would no longer be exact


class Task(NamedTuple):
    """A two-term method on one task, and which of (eta, beta) are free of it."""

    method: TwoTerm
    lam: Array
    """Distinct eigenvalues (d,)."""
    omega: Array
    """Weights (d,)."""
    free: tuple[int, ...]

    def bounds(self, boxes: Boxes, unit: int, fine: bool = False) -> Bounds:
        """Bounds of sqrt F / 2^unit on the boxes, block by block."""
        size = max(1, BLOCK // len(self.lam))
        blocks = (boxes.pick(slice(k, k + size)) for k in range(0, len(boxes.center), size))
        parts = [
            bounds(self.method, self.lam, self.omega, block, self.free, unit, fine)
            for block in blocks
        ]
        return Bounds(*(np.concatenate(part) for part in zip(*parts, strict=True)))


class Search(NamedTuple):
    """What branch and bound has found: the best parameters (k,), log F there, a lower bound of it,
    boxes looked at.
    """

    theta: Array
    level: float
    lower: float
    boxes: int


def search(
    method: TwoTerm,
    lam: Array,
    omega: Array,
    root: Boxes,
    free: tuple[int, ...],
    best: tuple[Array, float],
    polish: Callable[[Array], tuple[Array, float]],
    budget: int,
) -> Search:
    """Branch and bound from one box; ``polish`` takes centres (n, k) to the best local minimum
    near them.

    It stops when no box is left, or when more than ``budget`` boxes would be looked at.
    """
    task = Task(method, lam, omega, free)
    boxes = root
    count = 0
    theta, level = best
    left = math.inf  # the least bound of a box that was given up
    lowest = -math.inf  # that of a box still in play
    while len(boxes.center):
        if count + len(boxes.center) > budget:
            left = min(left, lowest)
            break
        count += len(boxes.center)
        # sqrt F and its bounds in units of a power of two near the best one
        unit = round(level / 2 / math.log(2))
        found = task.bounds(boxes, unit)
        known = math.exp(level / 2 - unit * math.log(2))
        if found.middle.min() < known * (1 - 1e-10):
            order = np.argsort(found.middle)[:4]
            new_theta, new_level = polish(boxes.center[order][:, list(free)])
            if new_level < level:
                theta = new_theta
                level = new_level
                known = math.exp(level / 2 - unit * math.log(2))
        keep = found.lower < known * (1 - GAP / 2)
        # float64 cannot tell: 106 bits
        blurred = keep & (found.rounding > 0.1 * GAP * known)
        if blurred.any():
            again = task.bounds(boxes.pick(blurred), unit, fine=True)
            for old, new in zip(found, again, strict=True):
                old[blurred] = new
            keep = found.lower < known * (1 - GAP / 2)
        deep = keep & (boxes.depth.max(axis=-1) >= _DEPTH)
        if deep.any():
            left = min(left, _log(found.lower[deep].min(), unit))
            keep &= ~deep
        if keep.any():
            lowest = _log(found.lower[keep].min(), unit)
        boxes = _halved(boxes.pick(keep), found.pace[keep], free)
    return Search(theta, level, min(level + math.log1p(-GAP), left), count)


def _log(root: float, unit: int) -> float:
    """log F from sqrt F / 2^unit."""
    if root > 0:
        return 2 * (math.log(root) + unit * math.log(2))
    return -math.inf


def _halved(boxes: Boxes, pace: Array, free: tuple[int, ...]) -> Boxes:
    """Both halves of each box, cut across the side along which the modes turn faster."""
    sides = np.array(free)[np.argmax(pace[:, list(free)], axis=-1)]
    cut = np.arange(2) == sides[:, None]
    radius = np.where(cut, boxes.radius / 2, boxes.radius)
    depth = boxes.depth + cut
    shift = np.where(cut, radius, 0)
    return Boxes(
        np.concatenate([boxes.center - shift, boxes.center + shift]),
        np.concatenate([radius, radius]),
        np.concatenate([depth, depth]),
    )
