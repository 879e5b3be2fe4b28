"""What a draw has on average: mean, covariance, and fourth moments along some directions."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.stochastic.enumeration import combinations

SAME = 1e-6
"""Relative: enumerated moments that differ by more from the stated ones are not taken."""
NEAR = 0.3
"""Relative: how well draws must show a variance, for their fourth moments to be believed."""


def directions(size: int) -> Array:
    """The unit vectors e_i and all e_i + e_j, one a row: the variances along them are the
    covariance.
    """
    rows = list(np.eye(size))
    rows += [rows[i] + rows[j] for i in range(size) for j in range(i)]
    return np.array(rows)


@dataclass(frozen=True, eq=False)
class Law:
    """Mean (h,), covariance (h, h) and fourth central moments along ``directions(h)``."""

    mean: Array
    covariance: Array
    fourth: Array
    sampled: bool = False
    """Whether the fourth moments are sampled: then they are twice what was seen."""

    @property
    def variances(self) -> Array:
        """Along the directions."""
        along = directions(len(self.mean))
        found: Array = ((along @ self.covariance) * along).sum(axis=1)
        return found

    @property
    def kurtosis(self) -> float:
        """The largest fourth moment over the squared variance; 1 where nothing scatters."""
        squares = self.variances**2
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(squares > 0, self.fourth / squares, 1.0)
        return float(found.max())

    def scaled(self, factor: float) -> "Law":
        """Of a draw times a number."""
        return replace(
            self,
            mean=factor * self.mean,
            covariance=factor**2 * self.covariance,
            fourth=factor**4 * self.fourth,
        )

    def averaged(self, count: int) -> "Law":
        """Of the average of so many draws: E (sum y)^4 = n E y^4 + 3 n (n - 1) (E y^2)^2."""
        fourth = count * self.fourth + 3 * count * (count - 1) * self.variances**2
        covariance = self.covariance / count
        return replace(self, covariance=covariance, fourth=fourth / count**4)

    def resembles(self, other: "Law") -> bool:
        """Whether mean and covariance agree to ``SAME``."""
        scale = max(float(np.abs(self.mean).max()), math.sqrt(float(np.abs(self.variances).max())))
        near = np.abs(self.mean - other.mean).max() <= SAME * scale
        return bool(near and np.abs(self.covariance - other.covariance).max() <= SAME * scale**2)


def enumerated(draw: Callable[[Any], Any], steps: int) -> Law:
    """The law of a draw, by enumeration.

    An estimate made of losses after ``steps`` steps with N normal numbers has degree
    2 T / N + 1 in each of them where these share the steps: its fourth power is integrated
    exactly by 4 T / N + 3 nodes.

    Raises
    ------
    Beyond
        the draw cannot be enumerated.
    """
    pairs = list(combinations(draw, lambda normal: 4 * math.ceil(steps / normal) + 3))
    values = np.array([np.atleast_1d(np.asarray(value, dtype=float)) for value, _ in pairs])
    chances = np.array([chance for _, chance in pairs])
    mean = chances @ values
    apart = values - mean
    covariance = (apart * chances[:, None]).T @ apart
    along = apart @ directions(len(mean)).T
    return Law(mean, covariance, chances @ along**4)


def stated(
    draw: Callable[[Any], Any], steps: int, mean: Array, covariance: Array, random: Any, count: int
) -> Law:
    """The law with this mean and covariance, with the fourth moments of the draw: enumerated where
    that reproduces mean and covariance, else twice those of ``count`` draws. Where these do not
    show the variance to ``NEAR`` they know nothing of fourth moments, which are then infinite.
    """
    law = Law(mean, covariance, np.zeros(len(directions(len(mean)))))
    try:
        found = enumerated(draw, steps)
    except Exception:  # a draw that these numbers do not suit; its own errors come again below
        found = None
    if found is not None and law.resembles(found):
        return replace(law, fourth=found.fourth)
    values = np.array([np.atleast_1d(draw(random)) for _ in range(count)], dtype=float)
    along = (values - mean) @ directions(len(mean)).T
    blind = np.abs((along**2).mean(axis=0) - law.variances) > NEAR * law.variances
    fourth = np.where(blind, np.inf, 2 * (along**4).mean(axis=0))
    return replace(law, fourth=fourth, sampled=True)
