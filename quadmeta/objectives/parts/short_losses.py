"""Outer losses over all tasks at once in float64, with what bounds their rounding.

The residual q_k is a power a_k^T with |a_k| <= A, the mean over tasks is one sum. Beyond the
stability limit all factors a, and the 1 of 1 - q, are given over a common number, which ``unit``
is to the power T.
"""

from typing import Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.problems.parts.losses import DenseLoss, SeparableLoss


class ShortLoss(Protocol):
    """The mean of an outer loss over tasks."""

    value_size: float
    """A bound of the sum of magnitudes that make a value, where |q| <= 1 and unit = 1."""
    slope_size: float
    """The same of a derivative, where |q| <= 1, |q'| <= 1 and unit <= 1."""
    terms: int
    """How many numbers one sum adds."""
    apart: bool
    """Whether tasks are kept apart; else their modes are pooled as those of one task."""

    def value(self, q: Array, unit: Array, tasks: slice) -> Array:
        """What the ``tasks`` add to the loss times unit^2, (P,), from residuals (tasks, P, r) and
        ``unit`` (P,).
        """

    def slope(self, q: Array, power: Array, unit: Array, tasks: slice) -> Array:
        """The same of its derivative, from residuals q = a^T and a^(T-1), which is overwritten."""


def short_loss(loss: SeparableLoss | DenseLoss, rate: Array) -> ShortLoss:
    """That of q with the derivatives rate a^(T-1), ``rate`` (tasks, r).

    A separable loss comes with all modes of all tasks as those of one task, (1, tasks r).
    """
    if isinstance(loss, DenseLoss):
        return ShortDense(loss.task(slice(None)), rate)
    return ShortSeparable(loss, rate)


class ShortSeparable:
    """A separable loss, whose mean over tasks is one sum over all modes."""

    apart = False

    def __init__(self, loss: SeparableLoss, rate: Array) -> None:
        signal, cross, noise = (
            np.broadcast_to(x, loss.signal.shape).ravel() / len(rate)
            for x in (loss.signal, loss.cross, loss.noise)
        )
        # s q^2 + c q (u - q) + n (u - q)^2 = (s - c + n) q^2 + (c - 2 n) q u + n u^2
        self._square = 2 * rate.ravel() * (signal - cross + noise)
        self._linear = rate.ravel() * (cross - 2 * noise)
        self._parts = (signal, cross, noise)
        self._constant = float(np.mean(loss.constant))
        s, c, n = (float(np.abs(x).sum()) for x in self._parts)
        self.value_size = s + 2 * c + 4 * n + abs(self._constant)
        self.slope_size = 2 * s + 3 * c + 4 * n
        self.terms = len(signal)

    def value(self, q: Array, unit: Array, tasks: slice) -> Array:
        """As for ``ShortLoss``."""
        signal, cross, noise = self._parts
        rest = unit[:, None] - q
        value = (q * q) @ signal + (q * rest) @ cross + (rest * rest) @ noise
        total: Array = value[0] + self._constant * unit**2
        return total

    def slope(self, q: Array, power: Array, unit: Array, tasks: slice) -> Array:
        """As for ``ShortLoss``."""
        slope = unit * (power @ self._linear)
        power *= q
        slope += power @ self._square
        first: Array = slope[0]
        return first


class ShortDense:
    """A realised validation set for each task."""

    apart = True

    def __init__(self, loss: DenseLoss, rate: Array) -> None:
        scale = np.sqrt(loss.target.size)
        self._rate = rate
        parts = loss.features * (loss.fitted[:, None, :] / scale)
        self._columns = np.swapaxes(parts, 1, 2)
        # minus what is left before the first step
        self._start = loss.target / scale - parts.sum(axis=-1)
        size = np.array([np.abs(part).sum(axis=-1) for part in parts])
        left = np.abs(loss.target) / scale + 2 * size
        self.value_size = float((left * left).sum()) / 2
        self.slope_size = float((left * size).sum())
        self.terms = sum(parts.shape)

    def value(self, q: Array, unit: Array, tasks: slice) -> Array:
        """As for ``ShortLoss``."""
        error = q @ self._columns[tasks] + unit[:, None] * self._start[tasks, None]
        value: Array = np.einsum("kpi,kpi->kp", error, error).sum(axis=0) / 2
        return value

    def slope(self, q: Array, power: Array, unit: Array, tasks: slice) -> Array:
        """As for ``ShortLoss``."""
        columns = self._columns[tasks]
        error = q @ columns
        error += unit[:, None] * self._start[tasks, None]
        power *= self._rate[tasks, None]
        slope: Array = np.einsum("kpi,kpi->kp", error, power @ columns).sum(axis=0)
        return slope
