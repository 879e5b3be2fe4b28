"""Gradient descent of many tasks on a grid of step sizes: sums over the modes that still count.

With a = 1 - eta lambda and b = a / rho, rho = max |a| at an end of the spectrum, F / rho^(2T) is
sum omega b^(2T). After some steps most |b| are far below 1, and their modes add less than rounding.
"""

import math
from collections.abc import Iterator

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.scan import short_power
from quadmeta.optimizers.parts.measure import Ladder

# entries (task, step size, mode) of tasks that are taken at once, of one block, and those that
# take as long as the calls which a block costs
_AT_ONCE = 2**18
_BLOCK = 2**16
_CALLS = 2**13
# what modes may be left out for, in the sum of the magnitudes
_LOST = 2.0**-54


def log_losses(
    ladder: Ladder, eta: Array, rho: Array, steps: int
) -> tuple[Array, Array]:
    """log F and F'/F by sums of plain products, (m, P) for eta and rho (m, P).

    b is a line in lambda, so F needs no product more than F':  sum omega b^(2T) = sum omega (b_0 +
    b_1 lambda) b^(2T-1). To the error of ``GradientDescent.short_log_loss``.
    """
    n = 2 * steps - 1
    inverse = 1 / rho
    line = np.stack([inverse, -eta * inverse], axis=1)
    # |b| below which a mode is lost: |b|^n = _LOST e^-reach
    least = np.exp((math.log(_LOST) - ladder.reach[:, None]) / n) * rho
    found = np.empty((len(eta), 2, eta.shape[1]))
    work = np.empty((2, _BLOCK))
    for tasks, points, modes in _blocks(ladder, (1 - least) / eta, (1 + least) / eta):
        rows = ladder.powers[tasks, modes]
        shape = (len(rows), rows.shape[1], points.stop - points.start)
        size = math.prod(shape)
        if size > work.shape[1]:
            work = np.empty((2, size))
        b, power = (x[:size].reshape(shape) for x in work)
        np.matmul(rows, line[tasks, :, points], out=b)
        short_power(b, n, power)
        np.matmul(ladder.sums[tasks, :, modes], power, out=found[tasks, :, points])
    first = found[:, 0]
    total = line[:, 0] * found[:, 1] + line[:, 1] * first
    return 2 * steps * np.log(rho) + np.log(total), first / (rho * total) * (-2 * steps)


def _blocks(ladder: Ladder, below: Array, above: Array) -> Iterator[tuple[slice, slice, slice]]:
    """(tasks, step sizes, modes) of one block after the other.

    A mode counts where its eigenvalue is at most ``below`` or at least ``above`` (m, P).
    """
    m, P = below.shape
    d = ladder.eigenvalues.shape[1]
    many = max(1, _AT_ONCE // (P * d))
    entries = min(many, m) * P * d
    size = -(-P // max(1, round(math.sqrt(entries / _CALLS)), entries // _BLOCK))
    starts = np.arange(0, P, size)
    below = np.maximum.reduceat(below, starts, axis=1)
    above = np.minimum.reduceat(above, starts, axis=1)
    for k in range(0, m, many):
        tasks = slice(k, min(k + many, m))
        first, last = ladder.count(tasks, below[tasks], above[tasks])
        for start, low, high in zip(starts.tolist(), first.tolist(), last.tolist(), strict=True):
            modes = slice(d - high, d + low)
            if low + high >= d:
                modes = slice(d)
            yield tasks, slice(start, min(start + size, P)), modes
