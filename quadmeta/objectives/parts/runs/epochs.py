"""Epochs of the same batches on a quadratic inner loss: hypergradients at O(m p^3 + p^3 log E).

In homogeneous coordinates (W, I) the step on the batch b is multiplication by a matrix, and so is
an epoch of m of them,

    A_b = [[I - eta_b H_b, eta_b B_b], [0, I]],   A = A_m ... A_1.

Epoch e begins at A^e (W_0, I), and the gradient that comes back to its end is (A')^(E-1-e) (G, 0).
What a change of A_b meets is the sum over the epochs of states times gradients,

    M_b = A_{b-1} ... A_1 L A_m ... A_{b+1},   L = sum_{e<E} A^e Y A^(E-1-e),   Y = (W_0, I)(G, 0)',

and L follows from E by doubling.
"""

from collections.abc import Sequence

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.batch import BatchLoss


class Epochs:
    """E epochs of m batches.

    Parameters
    ----------
    parts
        the loss of each batch.
    sizes
        eta of each.
    form
        (p, outputs).
    """

    def __init__(self, parts: Sequence[BatchLoss], sizes: Array, form: tuple[int, int]) -> None:
        self.parts = parts
        self.sizes = sizes
        self.p, self.outputs = form
        self.steps = [self._step(part, eta) for part, eta in zip(parts, sizes, strict=True)]
        self.epoch = np.eye(sum(form))
        for step in self.steps:
            self.epoch = step @ self.epoch

    def _step(self, part: BatchLoss, eta: float) -> Array:
        step = np.eye(self.p + self.outputs)
        step[: self.p, : self.p] -= eta * part.hessian
        step[: self.p, self.p :] = eta * part.linear
        return step

    def trained(self, epochs: int, W: Array) -> Array:
        """The weights (p, outputs) after these epochs from W."""
        power = np.linalg.matrix_power(self.epoch, epochs)
        moved: Array = power @ self._lifted(W)
        return moved[: self.p]

    def pulled(self, epochs: int, W: Array, G: Array) -> tuple[Array, Array]:
        """(the derivative in alpha, that in W) from G, the gradient at what W is trained to."""
        n = self.p + self.outputs
        gradient = np.zeros((n, self.outputs))
        gradient[: self.p] = G
        states, power = doubled(self.epoch, self._lifted(W) @ gradient.T, epochs)
        # A_m ... A_{b+1} for every b
        behind = [np.eye(n)]
        for step in reversed(self.steps[1:]):
            behind.append(behind[-1] @ step)
        value: Array | float = 0.0
        for part, eta, step in zip(self.parts, self.sizes, self.steps, strict=True):
            M = states @ behind.pop()
            # rows of states, columns of gradients: sum V W' and sum V
            value = value - eta * part.pair(M[: self.p, : self.p].T, M[self.p :, : self.p].T)
            states = step @ states
        return np.asarray(value), (power.T @ gradient)[: self.p]

    def _lifted(self, W: Array) -> Array:
        """(W, I)."""
        return np.vstack([W, np.eye(self.outputs)])


def doubled(A: Array, Y: Array, n: int) -> tuple[Array, Array]:
    """(sum_{j<n} A^j Y A^(n-1-j), A^n), with 2 log2 n products of each kind."""
    power = np.eye(len(A))
    total = np.zeros_like(A)
    for bit in f"{n:b}":
        total = total @ power + power @ total
        power = power @ power
        if bit == "1":
            total = A @ total + Y @ power
            power = A @ power
    return total, power
