"""Do these draws have that mean and covariance? A test whose false-alarm rate is proved.

The n draws are cut into k = 10 groups of m. A group's average of a quantity with mean 0 and
variance s^2 exceeds c s / sqrt(m) with a chance of at most 1 / (1 + c^2), whatever its
distribution (Cantelli's inequality); all k groups do with a chance of at most (1 + c^2)^-k. So with
c = sqrt(level^(-1/k) - 1) a side is a false alarm at most with the chance ``level``. The quantities
are the components of g - E g, whose variances are known, and the squares of (g - E g)'u minus
their means for the directions u, whose variances come from the fourth moments.
"""

import math
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.stochastic.law import Law, directions

GROUPS = 10
"""k."""
SURE = 1e-9
"""Relative: how far what does not scatter may lie from its mean."""


@dataclass(frozen=True, eq=False)
class Trial:
    """How far draws are from a law, in standard deviations of a group's average."""

    mean: Array
    """(h,): the least deviation of a group, where all groups lie on one side; else 0."""
    variance: Array
    """The same of the squares, along the directions."""
    limit: float
    """c."""

    @property
    def mean_agrees(self) -> bool:
        """Whether the mean can be that of the law."""
        return bool((np.abs(self.mean) <= self.limit).all())

    @property
    def variance_agrees(self) -> bool:
        """Whether the covariance can be that of the law."""
        return bool((np.abs(self.variance) <= self.limit).all())

    @property
    def agrees(self) -> bool:
        """Both."""
        return self.mean_agrees and self.variance_agrees


def sides(size: int) -> int:
    """Sides that are tested: two for each component, two for each direction."""
    return 2 * size + 2 * len(directions(size))


def limit(level: float) -> float:
    """c of a chance of ``level`` a side."""
    return math.sqrt(math.expm1(-math.log(level) / GROUPS))


def trial(values: Array, law: Law, level: float) -> Trial:
    """Draws (n, h) against a law; ``level`` is the chance of a false alarm of each side."""
    apart = values - law.mean
    along = apart @ directions(len(law.mean)).T
    spread = np.sqrt(np.diag(law.covariance))
    scale = SURE * np.maximum(np.abs(law.mean), 1e-300)
    variances = law.variances
    squares = np.sqrt(np.maximum(law.fourth - variances**2, 0.0))
    return Trial(
        mean=_one_sided(apart, spread, scale),
        variance=_one_sided(along**2 - variances, squares, SURE * variances + scale.max() ** 2),
        limit=limit(level),
    )


def _one_sided(values: Array, deviation: Array, rounding: Array) -> Array:
    """The least of the groups' averages over their standard deviation, with its sign."""
    size = len(values) // GROUPS
    groups = values[: GROUPS * size].reshape(GROUPS, size, -1).mean(axis=1)
    # what rounding explains is no deviation, also where nothing scatters
    groups = np.sign(groups) * np.maximum(np.abs(groups) - rounding, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(groups == 0, 0.0, groups * math.sqrt(size) / deviation)
    low = np.maximum(scores.min(axis=0), 0.0)
    high = np.minimum(scores.max(axis=0), 0.0)
    found: Array = low + high
    return found
