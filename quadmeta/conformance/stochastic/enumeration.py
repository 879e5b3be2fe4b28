"""All moments of a draw that takes normal and whole numbers from its generator, by quadrature.

A draw is a function of the numbers it asks for. It is called once to see what it asks for, then
once for every combination of nodes: Gauss-Hermite nodes for a normal number, all values of a whole
number. Estimates that are polynomials in the normal numbers have exact moments that way.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from quadmeta._types import Array

MOST = 1500
"""Combinations beyond which nothing is enumerated."""

Size = int | tuple[int, ...] | None

Axis = tuple[Array, Array]
"""Values and their chances."""


class Beyond(Exception):
    """A draw that cannot be enumerated: it asks for other numbers, or for too many."""


class Asked:
    """A generator that notes how each of its numbers is distributed, and gives a first value."""

    def __init__(self, nodes: Axis) -> None:
        self.nodes = nodes
        self.axes: list[Axis] = []

    def standard_normal(self, size: Size = None) -> Any:
        """Normal numbers."""
        return self._some(self.nodes, size)

    def integers(self, low: int, high: int | None = None, size: Size = None) -> Any:
        """Whole numbers, from ``low`` below ``high`` or from 0 below ``low``."""
        first, end = (0, low) if high is None else (low, high)
        if end - first > MOST:
            raise Beyond(f"a choice among {end - first} is more than {MOST}")
        values = np.arange(first, end)
        chances = np.full(len(values), 1 / max(len(values), 1))
        found = self._some((values, chances), size)
        return found if size is None else found.astype(int)

    def _some(self, axis: Axis, size: Size) -> Any:
        if size is None:
            return self._one(axis)
        return np.array([self._one(axis) for _ in range(int(np.prod(size)))]).reshape(size)

    def _one(self, axis: Axis) -> Any:
        self.axes.append(axis)
        return axis[0][0]

    def __getattr__(self, name: str) -> Any:
        raise Beyond(f"random.{name} is not enumerated")


class Given(Asked):
    """The same, which gives the numbers of one combination."""

    def __init__(self, nodes: Axis, numbers: tuple[Any, ...]) -> None:
        super().__init__(nodes)
        self.numbers = numbers

    def _one(self, axis: Axis) -> Any:
        place = len(self.axes)
        if place >= len(self.numbers):
            raise Beyond("the number of its numbers depends on chance")
        self.axes.append(axis)
        return self.numbers[place]


def combinations(
    draw: Callable[[Any], Any], nodes: Callable[[int], int]
) -> Iterator[tuple[Any, float]]:
    """Each value of a draw and its chance.

    Parameters
    ----------
    draw
        one estimate from a generator.
    nodes
        how many nodes each normal number takes, given how many there are.

    Raises
    ------
    Beyond
        the draw cannot be enumerated.
    """
    first = Asked(_normal(2))
    draw(first)
    normal = sum(axis is first.nodes for axis in first.axes)
    fine = _normal(nodes(max(normal, 1)))
    axes = [fine if axis is first.nodes else axis for axis in first.axes]
    count = 1
    for values, _ in axes:
        count *= len(values)
    if count > MOST:
        raise Beyond(f"{count} combinations are more than {MOST}")
    for numbers in product(*(zip(*axis, strict=True) for axis in axes)):
        given = Given(fine, tuple(value for value, _ in numbers))
        found = draw(given)
        if len(given.axes) != len(axes):
            raise Beyond("the number of its numbers depends on chance")
        yield found, float(np.prod([chance for _, chance in numbers]))


def _normal(count: int) -> Axis:
    """Nodes and chances of a standard normal number."""
    values, weights = np.polynomial.hermite_e.hermegauss(count)
    return values, weights / weights.sum()
