"""One term of the Neumann series, drawn at random, as BSA and TTSA take it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import natural
from quadmeta.sampled.parts.bilevel import SampledBilevel
from quadmeta.sampled.parts.hypergradients import RandomInverse, SeriesEstimator, counted
from quadmeta.sampled.parts.laws import Batches, mean, square
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True)
class RandomLengthNeumann(SeriesEstimator):
    """K = eta k A_p ... A_1 with p uniform on 0, ..., k - 1: on average the first k terms, at half
    the products, and a variance that even exact Hessians leave.

    Parameters
    ----------
    terms
        k >= 1.
    batch
        samples of each factor.
    step_size
        eta > 0, default that of the inner run; 1 / L in the papers, L the smoothness.
    replace
        whether the samples of one batch are drawn with replacement.

    Raises
    ------
    ValueError
        no terms, or a batch below 1.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=20, step_size=0.25)
    >>> found = qm.moments(loss, [0.5], qm.RandomLengthNeumann(terms=21))
    >>> whole = qm.moments(loss, [0.5], qm.MinibatchNeumann(products=20))
    >>> bool(abs(found.mean[0] - whole.mean[0]) < 1e-15), found.cost["hvps"]
    (True, 10.0)
    """

    terms: int
    batch: int = 1
    reference = "Ghadimi, Wang 2018 (BSA)"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "terms", natural("terms", self.terms))
        object.__setattr__(self, "batch", counted("batch", self.batch))

    def sizes(self) -> tuple[int, ...]:
        """One for all factors."""
        return (self.batch,)

    def samples_used(self) -> float:
        """Half of all, on average."""
        return (self.terms - 1) * self.batch / 2

    def solved(self, tape: SampledTape, g: Array) -> Array:
        """A drawn number of products."""
        eta = self.step(tape.objective)
        r = g
        for _ in range(tape.choose(self.terms)):
            r = r - eta * tape.hvp(r, tape.inner(self.batch, self.replace))
        return np.asarray(self.terms * eta * r)

    def law(self, loss: SampledBilevel, H: Array) -> RandomInverse:
        """eta times the sum of the means, k eta^2 times that of the second moments."""
        eta = self.step(loss)
        A = self.factors(loss, H)
        average = mean(A)
        share = Batches(self.batch, self.replace).share(len(H), loss)
        power = total = np.eye(len(average), dtype=int)
        for _ in range(self.terms - 1):
            power = average @ power
            total = total + power

        def squared(V: Array) -> Array:
            term = V
            found: Any = V
            for _ in range(self.terms - 1):
                term = square(A, term, share)
                found = found + term
            return np.asarray(self.terms * eta * eta * found)

        return RandomInverse(eta * total, squared)
