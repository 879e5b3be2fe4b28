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

# entries (task, step size, mode) of tasks that are taken at once and of one block; those that take
# as long as the calls which a block costs, and so few that none is left out
_AT_ONCE = 2**19
_BLOCK = 2**16
_CALLS = 2**13
_FEW = 2**14
# what modes may be left out for, in the sum of the magnitudes
_LOST = 2.0**-54


def largest_factor(ladder: Ladder, eta: Array) -> Array:
    """rho (m, P) of step sizes (m, P)."""
    low = np.abs(1 - eta * ladder.eigenvalues[:, :1])
    high = np.abs(1 - eta * ladder.eigenvalues[:, -1:])
    largest: Array = np.maximum(low, high, out=low)
    return largest


def log_losses(ladder: Ladder, eta: Array, rho: Array, steps: int) -> tuple[Array, Array]:
    """log F and F'/F by sums of plain products, (m, P) for eta and rho (m, P).

    b is a line in lambda, so F needs no product more than F':  sum omega b^(2T) = sum omega (b_0 +
    b_1 lambda) b^(2T-1). To the error of ``GradientDescent.short_log_loss``.
    """
    n = 2 * steps - 1
    line = np.empty((len(eta), 2, eta.shape[1]))
    offset, slope = line[:, 0], line[:, 1]
    np.divide(1, rho, out=offset)
    np.multiply(eta, -offset, out=slope)
    found = np.empty_like(line)
    work = np.empty((2, 0))
    for tasks, points, modes in blocks(ladder, eta, rho, n):
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
    total = offset * found[:, 1] + slope * first
    return 2 * steps * np.log(rho) + np.log(total), first / (rho * total) * (-2 * steps)


def blocks(ladder: Ladder, eta: Array, rho: Array, n: int) -> Iterator[tuple[slice, slice, slice]]:
    """(tasks, step sizes, modes) of one block after the other."""
    m, P = eta.shape
    d = ladder.eigenvalues.shape[1]
    if m * P * d <= _FEW:
        yield slice(0, m), slice(0, P), slice(0, d)
        return
    many = max(1, _AT_ONCE // (P * d))
    entries = min(many, m) * P * d
    size = -(-P // max(1, round(math.sqrt(entries / _CALLS)), entries // _BLOCK))
    starts = np.arange(0, P, size)
    # modes of |b| below this are lost: |b|^n = _LOST e^-reach
    least = np.exp((math.log(_LOST) - ladder.reach[:, None]) / n) * rho
    below = np.maximum.reduceat((1 - least) / eta, starts, axis=1)
    above = np.minimum.reduceat((1 + least) / eta, starts, axis=1)
    chunks = np.arange(0, m, many)
    first, last = (
        np.maximum.reduceat(count, chunks, axis=0).tolist() for count in ladder.count(below, above)
    )
    for i, k in enumerate(chunks.tolist()):
        tasks = slice(k, min(k + many, m))
        for start, low, high in zip(starts.tolist(), first[i], last[i], strict=True):
            modes = slice(d - high, d + low)
            if low + high >= d:
                modes = slice(0, d)
            yield tasks, slice(start, min(start + size, P)), modes
