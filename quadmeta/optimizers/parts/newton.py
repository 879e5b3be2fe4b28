"""Newton's method in a box from several starts at once, for losses with many local minima."""

from collections.abc import Callable

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.base import LogLoss

_RACE = 12
_FINALISTS = 8


def descend_in_box(
    loss: Callable[[Array], LogLoss], points: Array, low: Array, high: Array, steps: int
) -> Array:
    """The best of the local minima of F that Newton's method reaches from ``points`` (n, k).

    It goes by R = F^(1/2T), which keeps its scale along the way, and by F, which is smooth where
    it is 0, in turn. Hessians enter by the absolute values of their eigenvalues, in units of
    ``high``; steps are clipped to the box, quartered until log F does not increase, and leave out
    coordinates that a bound holds; cap 200. After ``_RACE`` steps only the best ``_FINALISTS`` go
    on. With two coordinates those leave later, too, that gain too little to overtake the best, or
    lie where log F changes by 0.1 from one float to the next. ``loss`` maps (n, k) to derivatives
    of shape (n, k) and (n, k, k).
    """
    x = np.clip(points, low, high)
    now = loss(x)
    radius = np.ones(len(x))
    busy = np.arange(len(x))
    past = now.level.copy()
    for count in range(200):
        if count == _RACE:
            busy = busy[np.argsort(now.level[busy], kind="stable")[:_FINALISTS]]
        if now.level.min() == -np.inf:
            break
        if count and count % _RACE == 0 and x.shape[1] > 1:
            gain = past[busy] - now.level[busy]
            behind = now.level[busy] - now.level.min()
            blur = (np.abs(now.slope[busy]) * np.abs(x[busy])).sum(axis=-1) * 1e-16
            busy = busy[
                (gain > behind / 4) & (gain > 1e-12 * np.abs(now.level[busy])) & (blur < 0.1)
            ]
            past = now.level.copy()
        here = _pick(now, busy)
        if count % 2 == 0:
            hessian = here.root
        else:
            hessian = here.second / (2 * steps)
        new = np.clip(
            x[busy]
            + radius[busy, None] * _step(x[busy], here.slope / (2 * steps), hessian, low, high),
            low,
            high,
        )
        moving = (np.abs(new - x[busy]) > 4e-16 * np.abs(x[busy])).any(axis=-1) & (
            radius[busy] > 1e-9
        )
        busy = busy[moving]
        new = new[moving]
        here = _pick(here, moving)
        if not busy.size:
            break
        then = loss(new)
        # next to a minimum values are flat to rounding, slopes are not
        tie = then.level <= here.level + 1e-14 * (1 + np.abs(here.level))
        better = (then.level < here.level) | tie & (_size(then) < _size(here))
        radius[busy] = np.where(better, np.minimum(1, 2 * radius[busy]), radius[busy] / 4)
        x[busy[better]] = new[better]
        for old, fresh in zip(now, then, strict=True):
            old[busy[better]] = fresh[better]
    best: Array = x[np.argmin(now.level)]
    return best


def _step(x: Array, slope: Array, hessian: Array, low: Array, high: Array) -> Array:
    slope = slope * high
    held = ((x <= low) & (slope > 0)) | ((x >= high) & (slope < 0))
    slope = np.where(held, 0, slope)
    w, V = np.linalg.eigh(
        np.where(held[:, :, None] | held[:, None, :], 0, hessian * high[:, None] * high)
    )
    along = (np.swapaxes(V, 1, 2) @ slope[..., None])[..., 0]
    # at most the length of the box
    along = along / np.maximum(np.maximum(np.abs(w), np.abs(along)), 1e-300)
    step: Array = -(V @ along[..., None])[..., 0] * high
    return step


def _pick(loss: LogLoss, index: Array) -> LogLoss:
    return LogLoss(*(x[index] for x in loss))


def _size(loss: LogLoss) -> Array:
    size: Array = np.abs(loss.slope).sum(axis=-1)
    return size


def lowest(levels: list[Array], grids: list[Array], count: int) -> Array:
    """The ``count`` lowest local minima (n, k) of ``levels``, each (m, n), on lattices ``grids``,
    each (m, n, k).

    A local minimum of a lattice is no higher than its eight neighbours.
    """
    heights = []
    places = []
    for level, grid in zip(levels, grids, strict=True):
        padded = np.pad(level, 1, constant_values=np.inf)
        m, n = level.shape
        around = np.min([padded[i : i + m, j : j + n] for i in range(3) for j in range(3)], axis=0)
        minima = level <= around
        heights.append(level[minima])
        places.append(grid[minima])
    order = np.argsort(np.concatenate(heights), kind="stable")[:count]
    return np.concatenate(places)[order]
