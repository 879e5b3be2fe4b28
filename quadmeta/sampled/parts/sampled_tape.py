"""What an estimator sees of a sampled bilevel problem: oracles that answer for samples, counted."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import function, instance
from quadmeta.sampled.parts.bilevel import EXAMPLE, SampledBilevel

Batch = tuple[int, ...]
Choose = Callable[[int], int]
"""A uniform choice among 0, ..., n - 1."""


def from_generator(random: np.random.Generator) -> Choose:
    """Choices by a generator."""
    return lambda n: int(random.integers(n))


def from_sequence(choices: Iterator[int]) -> Choose:
    """Choices that are given, one after the other: replays a run."""
    return lambda n: next(choices)


class SampledTape:
    """The oracles of a sampled bilevel problem at fixed hyperparameters, each counted per sample.

    Parameters
    ----------
    objective, alpha
        the problem and its hyperparameters (h,).
    choose
        a function that takes n and returns one of 0, ..., n - 1: all randomness is in it.
    """

    def __init__(self, objective: SampledBilevel, alpha: Numbers, choose: Choose) -> None:
        self.objective = instance("objective", objective, SampledBilevel, EXAMPLE)
        self.choose = function("choose", choose, "n -> one of 0, ..., n - 1")
        self.states: list[Array] = [objective.start]
        self.batches: list[Batch] = []
        self.counts = {"inner_gradients": 0, "hvps": 0, "mixed": 0, "outer_gradients": 0}
        self._samples = objective.samples(alpha)

    def inner(self, size: int = 1, replace: bool = True) -> Batch:
        """A batch of inner samples."""
        return self._drawn(len(self._samples.H), size, replace)

    def outer(self, size: int = 1, replace: bool = True) -> Batch:
        """A batch of outer samples."""
        return self._drawn(len(self._samples.G), size, replace)

    def _drawn(self, n: int, size: int, replace: bool) -> Batch:
        if replace:
            return tuple(self.choose(n) for _ in range(size))
        left = list(range(n))
        return tuple(left.pop(self.choose(len(left))) for _ in range(size))

    def run(self) -> Array:
        """w_T: T steps of stochastic gradient descent, whose states and batches are kept."""
        loss = self.objective
        for _ in range(loss.steps):
            batch = self.inner(loss.batch, loss.replace)
            w = self.states[-1]
            self.batches.append(batch)
            self.states.append(w - loss.step_size * self.inner_gradient(w, batch))
        return self.states[-1]

    def inner_gradient(self, w: Array, batch: Batch) -> Array:
        """The mean of H_i w - b_i."""
        self.counts["inner_gradients"] += len(batch)
        return self._mean(batch, lambda i: self._samples.H[i] @ w - self._samples.b[i])

    def hvp(self, v: Array, batch: Batch) -> Array:
        """The mean of H_i v."""
        self.counts["hvps"] += len(batch)
        return self._mean(batch, lambda i: self._samples.H[i] @ v)

    def mixed(self, w: Array, v: Array, batch: Batch) -> Array:
        """The mean of J_i(w) v, shape (h,)."""
        self.counts["mixed"] += len(batch)
        lifted = self._lifted(w)
        return self._mean(batch, lambda i: (self._samples.J[i] @ lifted) @ v)

    def slope(self, w: Array, batch: Batch) -> Array:
        """The mean derivative of L_i(w) in alpha (h,), w'H_ik w / 2 - b_ik'w; it counts as an
        inner gradient.
        """
        self.counts["inner_gradients"] += len(batch)
        # (J_i(w) w - b_ik'w) / 2 = (w'H_ik w - 2 b_ik'w) / 2
        lifted = self._lifted(w)
        lifted[-1] = 2 * lifted[-1]
        return self._mean(batch, lambda i: (self._samples.J[i] @ lifted) @ w) / 2

    def outer_gradient(self, w: Array, batch: Batch) -> Array:
        """The mean of G_j w - g_j."""
        self.counts["outer_gradients"] += len(batch)
        lifted = self._lifted(w)
        return self._mean(batch, lambda j: self._samples.G[j] @ lifted)

    def _lifted(self, w: Array) -> Array:
        """(w, 1)."""
        return np.append(w, self.objective.ratio(1, 1))

    @staticmethod
    def _mean(batch: Batch, term: Callable[[int], Any]) -> Array:
        total = term(batch[0])
        for i in batch[1:]:
            total = total + term(i)
        return np.asarray(total / len(batch))
