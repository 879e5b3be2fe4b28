"""Outer losses of gradient descent on a grid of step sizes, by a short kernel."""

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.scan import short_power
from quadmeta.optimizers.parts.base import BLOCK
from quadmeta.problems.parts.losses import DenseLoss, SeparableLoss


def values_and_slopes(
    loss: SeparableLoss | DenseLoss, eigenvalues: Array, eta: Array, steps: int
) -> tuple[Array, Array]:
    """The loss of each task and its derivative, (m, P) for step sizes (m, P), (m, r) eigenvalues.

    What exceeds float64 is not finite.
    """
    m, P = eta.shape
    found = np.empty((2, m, P))
    size = max(1, min(P, BLOCK // loss.width))
    # tasks at once, where the points of one do not fill a block
    many = max(1, min(m, BLOCK // (loss.width * size)))
    work = np.empty((2, many, size, eigenvalues.shape[-1]))
    for k in range(0, m, many):
        tasks = slice(k, k + many)
        some = loss.task(tasks)
        row = eigenvalues[tasks, None]
        powers = np.concatenate([np.ones_like(row), row], axis=1)
        for start in range(0, P, size):
            points = slice(start, start + size)
            at = eta[tasks, points]
            line = np.stack([np.ones_like(at), -at], axis=-1)
            a, power = work[:, : len(row), : at.shape[1]]
            with np.errstate(over="ignore", invalid="ignore"):
                np.matmul(line, powers, out=a)
                short_power(a, steps - 1, power)
                a *= power
                found[:, tasks, points] = some.short(a, power, -steps * row)
    return found[0], found[1]
