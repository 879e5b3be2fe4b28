"""Spectral measures as short kernels want them: made once, then read at many parameters."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import plain
from quadmeta.arithmetic.extremes import extremes


@dataclass(frozen=True, eq=False)
class Measure:
    """The spectral measure of one task, or of each of m tasks, with what every evaluation needs."""

    eigenvalues: Array
    """(..., d)"""
    weights: Array
    """(..., d) omega."""
    mass: Array
    """(..., d) omega lambda."""
    low: Any
    """(...) smallest eigenvalue."""
    high: Any
    """(...) largest eigenvalue."""
    wide: Any
    """(...) whether the weights span too many decades for sums of plain products."""

    @classmethod
    def of(cls, eigenvalues: Array, weights: Array) -> "Measure":
        """From eigenvalues and weights (..., d)."""
        if weights.ndim == 1:
            low, high = extremes(eigenvalues)
            least, most = extremes(weights)
            if least > 1e-15 * most and 1e-75 < min(low, least) and max(high, most) < 1e75:
                return cls(eigenvalues, weights, weights * eigenvalues, low, high, False)
        with np.errstate(over="ignore", under="ignore"):
            mass = weights * eigenvalues
        on = weights > 0
        least = np.where(on, weights, 1e300).min(axis=-1)
        most = weights.max(axis=-1)
        lightest = np.where(on, mass, 1.0).min(axis=-1, initial=1.0)
        heaviest = mass.max(axis=-1, initial=1.0)
        # next to a root of its factor a mode is off by (2^-53)^2 at least, which the largest
        # weight multiplies
        far = most * 1e-15 > least
        fits = (np.minimum(least, lightest) > 1e-300) & (np.maximum(most, heaviest) < 1e300)
        return cls(
            eigenvalues,
            weights,
            mass,
            plain(eigenvalues.min(axis=-1)),
            plain(eigenvalues.max(axis=-1)),
            far | ~fits,
        )

    def task(self, k: int) -> "Measure":
        """The measure of task k."""
        if self.eigenvalues.ndim == 1:
            return self
        low, high = float(self.low[k]), float(self.high[k])
        parts = (self.eigenvalues[k], self.weights[k], self.mass[k])
        return Measure(*parts, low, high, bool(self.wide[k]))

    @cached_property
    def ladder(self) -> "Ladder":
        """The modes of each task in ascending order."""
        return Ladder.of(*(np.atleast_2d(x) for x in (self.eigenvalues, self.weights, self.mass)))


@dataclass(frozen=True, eq=False)
class Ladder:
    """Modes of m tasks in ascending order, twice in a row.

    So the last few and the first few of d are one slice, d - last : d + first.
    """

    eigenvalues: Array
    """(m, d), once."""
    powers: Array
    """(m, 2 d, 2) lambda^0 and lambda^1."""
    sums: Array
    """(m, 2, 2 d) omega lambda and omega."""
    reach: Array
    """(m,) log of the largest ratio of sum_i omega_i, or sum_i omega_i lambda_i, to the part of an
    extreme eigenvalue.
    """

    @classmethod
    def of(cls, eigenvalues: Array, weights: Array, mass: Array) -> "Ladder":
        """From arrays (m, d) in any order."""
        order = np.argsort(eigenvalues, axis=-1, kind="stable")
        lam = np.take_along_axis(eigenvalues, order, -1)
        sums = np.stack([np.take_along_axis(x, order, -1) for x in (mass, weights)], axis=1)
        with np.errstate(all="ignore"):
            ends = [
                np.where((lam == end)[:, None], sums, 0).sum(axis=-1)
                for end in (lam[:, :1], lam[:, -1:])
            ]
            reach = np.log(sums.sum(axis=-1) / np.minimum(*ends)).max(axis=-1)
        powers = np.stack([np.ones_like(lam), lam], axis=-1)
        return cls(
            lam,
            np.concatenate([powers, powers], axis=1),
            np.concatenate([sums, sums], axis=2),
            reach,
        )

    def count(self, below: Array, above: Array) -> tuple[Array, Array]:
        """How many modes of each task are at most ``below``, and at least ``above``, (m, blocks)
        as the bounds are.
        """
        lam = self.eigenvalues
        first = [row.searchsorted(ends, "right") for row, ends in zip(lam, below, strict=True)]
        last = [row.searchsorted(ends, "left") for row, ends in zip(lam, above, strict=True)]
        return np.array(first), lam.shape[1] - np.array(last)
