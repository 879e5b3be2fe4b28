"""An estimator on every sequence of samples, in fractions: its exact mean and covariance by brute
force.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, natural
from quadmeta.sampled.parts.bilevel import EXAMPLE, SampledBilevel
from quadmeta.sampled.parts.hypergradients import SampledHypergradient
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True, eq=False)
class Enumeration:
    """Every estimate that can be drawn, with its probability."""

    values: Array
    """(count, h)."""
    chances: Array
    """(count,) fractions that add up to 1."""
    cost: dict[str, Any]
    """Oracle calls on average."""

    @property
    def mean(self) -> Array:
        """sum of chance * value."""
        return np.asarray(self.chances @ self.values)

    @property
    def variance(self) -> Array:
        """The covariance matrix (h, h)."""
        apart = self.values - self.mean
        return np.asarray((self.chances[:, None] * apart).T @ apart)


class _Odometer:
    """Runs through all sequences of choices: each run replays the last one up to the choice that
    is moved on.
    """

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.options: list[int] = []
        self.place = 0

    def choose(self, n: int) -> int:
        """The choice of the present sequence, the first one beyond what is replayed."""
        if self.place == len(self.taken):
            self.taken.append(0)
            self.options.append(n)
        self.place += 1
        return self.taken[self.place - 1]

    def chance(self) -> Fraction:
        """Of the present sequence."""
        found = Fraction(1)
        for n in self.options:
            found /= n
        return found

    def advance(self) -> bool:
        """To the next sequence, False after the last."""
        self.place = 0
        while self.taken:
            if self.taken[-1] + 1 < self.options[-1]:
                self.taken[-1] += 1
                return True
            self.taken.pop()
            self.options.pop()
        return False


def enumerate_draws(
    objective: SampledBilevel,
    alpha: Numbers,
    estimator: SampledHypergradient,
    most: int = 100_000,
) -> Enumeration:
    """An estimator on every sequence of samples that it can draw.

    What ``qm.moments`` says is compared with it in tests: in fractions the two are identical.

    Parameters
    ----------
    objective
        a tiny problem, in fractions where equality is to be proved.
    alpha
        hyperparameters (h,).
    estimator
        one that sees a ``SampledTape``.
    most
        refuse more sequences than this.

    Raises
    ------
    ValueError
        an argument of another kind, or more than ``most`` sequences.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1], [2]], [1, F(1, 2)], [[1]], [1], steps=2, step_size=F(1, 4))
    >>> found = qm.enumerate_draws(loss, [F(1, 2)], qm.MinibatchNeumann(products=1))
    >>> len(found.values), found.mean[0]
    (16, Fraction(1055, 16384))
    >>> exact = qm.moments(loss, [F(1, 2)], qm.MinibatchNeumann(products=1))
    >>> bool((found.mean == exact.mean).all() and (found.variance == exact.variance).all())
    True
    """
    instance("objective", objective, SampledBilevel, EXAMPLE)
    instance("estimator", estimator, SampledHypergradient, "MinibatchNeumann(products=2)")
    natural("most", most)
    estimator.check(objective)
    odometer = _Odometer()
    values: list[Array] = []
    chances: list[Fraction] = []
    cost: dict[str, Any] = {}
    left = True
    while left:
        tape = SampledTape(objective, alpha, odometer.choose)
        values.append(estimator.estimate(tape))
        chances.append(odometer.chance())
        for name, count in tape.counts.items():
            cost[name] = cost.get(name, 0) + chances[-1] * count
        left = odometer.advance()
        if left and len(values) == most:
            raise ValueError(
                f"most = {most} sequences of samples are not all: take fewer steps or samples, or "
                f"qm.draws"
            )
    return Enumeration(np.array(values), np.array(chances), cost)
