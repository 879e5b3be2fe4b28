"""What a reference says of a case, and whether draws can tell."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import show
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.conformance.stochastic.case import StochasticCase
from quadmeta.conformance.stochastic.law import Law, directions, stated
from quadmeta.sampled.parts.base import Moments, SampledEstimator

SAMPLED = 2000
"""Draws for fourth moments that cannot be enumerated."""


@dataclass(frozen=True, eq=False)
class Expected:
    """The exact law of a reference on a case, and the exact derivative."""

    law: Law
    truth: Array


def expected(reference: SampledEstimator, case: StochasticCase) -> Expected:
    """The law of one draw; computed once for a reference that can be hashed.

    Raises
    ------
    ValueError
        the reference has no exact moments there.
    OverflowError
        moments beyond float64.
    """
    try:
        hash(reference)
    except TypeError:
        return _found(reference, case)
    return _kept(reference, case)


def _found(reference: SampledEstimator, case: StochasticCase) -> Expected:
    found = reference.moments(case.objective, case.theta)
    plain = without_fourth(found)
    random = np.random.default_rng(0)
    law = stated(
        lambda random: reference.draw(case.objective, case.theta, random),
        case.steps,
        plain.mean,
        plain.covariance,
        random,
        SAMPLED,
    )
    return Expected(law, vector(found.truth))


_kept = lru_cache(maxsize=256)(_found)


def without_fourth(found: Moments) -> Law:
    """Mean and covariance alone.

    Raises
    ------
    OverflowError
        a number beyond float64.
    """
    mean = vector(found.mean)
    covariance = vector(found.variance).reshape(len(mean), len(mean))
    return Law(mean, covariance, np.zeros(len(directions(len(mean)))))


def vector(value: Any) -> Array:
    """Numbers as float64, at least one axis.

    Raises
    ------
    OverflowError
        a number beyond float64.
    """
    if isinstance(value, SignLog):
        value = value.to_float()
    found = np.atleast_1d(np.asarray(value, dtype=float))
    if not np.isfinite(found).all():
        raise OverflowError(f"{show(value)} is beyond float64")
    return found


def too_heavy(law: Law, size: int, limit: float) -> str:
    """Why so many draws a group say nothing of the variance, or "".

    The average of ``size`` squared deviations scatters by sqrt((kurtosis - 1) / size) of the
    variance. Where ``limit`` times that exceeds 1, draws without any variance would pass: all of
    it may come from events that none of them sees.
    """
    if law.kurtosis == np.inf:
        return (
            f"too heavy to test by sampling: {SAMPLED} draws of the reference itself do not show "
            "its variance"
        )
    seen = limit * np.sqrt((law.kurtosis - 1) / size)
    if seen <= 1:
        return ""
    needed = limit**2 * (law.kurtosis - 1) * 10
    return (
        f"too heavy to test by sampling: a kurtosis of {law.kurtosis:.3g} needs {needed:.2g} draws"
    )
