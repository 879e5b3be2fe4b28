"""Counts, means and squared deviations of blocks, added along one fixed binary tree.

Two neighbours become one as soon as both are there, whatever the order in which they come. Source
of the sum of two: Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing
sample variances, 1979.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array


class Moments(NamedTuple):
    """Of some tasks, for each of several arrays of numbers."""

    tasks: int
    """How many."""
    means: list[Array]
    """Over the tasks."""
    squares: list[Array]
    """Sums over the tasks of (x - mean)^2."""


def moments(parts: Sequence[Array]) -> Moments:
    """Over the last axis of each array."""
    means = [np.asarray(part.mean(axis=-1)) for part in parts]
    squares = [
        np.asarray(np.square(part - mean[..., None]).sum(axis=-1))
        for part, mean in zip(parts, means, strict=True)
    ]
    return Moments(parts[0].shape[-1], means, squares)


def added(left: Moments, right: Moments) -> Moments:
    """Of the tasks of both.

    Raises
    ------
    ValueError
        other shapes.
    """
    shapes = [[mean.shape for mean in side.means] for side in (left, right)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"fn returns the shapes {shapes[0]} and {shapes[1]} without the tasks: return the same "
            "for every block"
        )
    tasks = left.tasks + right.tasks
    share = right.tasks / tasks
    means = list[Array]()
    squares = list[Array]()
    for k, mean in enumerate(left.means):
        gap = right.means[k] - mean
        means.append(mean + gap * share)
        squares.append(left.squares[k] + right.squares[k] + gap**2 * (left.tasks * share))
    return Moments(tasks, means, squares)


class Tree:
    """The sum over leaves 0, 1, ..., ``leaves`` - 1 that come in any order.

    ``nodes`` holds what waits for its neighbour: {(level, index): moments of the leaves index
    2^level up to (index + 1) 2^level}.
    """

    def __init__(self, leaves: int) -> None:
        self.leaves = leaves
        self.nodes: dict[tuple[int, int], Moments] = {}

    def add(self, leaf: int, value: Moments) -> None:
        """One leaf; it is joined with its neighbours as far up as they are there."""
        level = 0
        index = leaf
        while 1 << level < self.leaves:
            other = index ^ 1
            if other << level < self.leaves:  # else there is none, and it rises alone
                neighbour = self.nodes.pop((level, other), None)
                if neighbour is None:
                    break
                if other < index:
                    value = added(neighbour, value)
                else:
                    value = added(value, neighbour)
            level += 1
            index >>= 1
        self.nodes[level, index] = value

    def missing(self) -> list[int]:
        """The leaves that have not come."""
        there = set[int]()
        for level, index in self.nodes:
            there.update(range(index << level, (index + 1) << level))
        return [leaf for leaf in range(self.leaves) if leaf not in there]

    def root(self) -> Moments:
        """The sum over all leaves, once all have come."""
        (found,) = self.nodes.values()
        return found
