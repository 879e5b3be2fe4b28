"""The linear system H v = g by steps of stochastic gradient descent, as AmIGO takes them."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import natural
from quadmeta.sampled.parts.bilevel import SampledBilevel
from quadmeta.sampled.parts.hypergradients import RandomInverse, SeriesEstimator, counted
from quadmeta.sampled.parts.laws import Batches, mean, square
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True)
class LinearSystemSgd(SeriesEstimator):
    """v <- v - eta (H^ v - g) from v = eta g, g = g_j(w_T) from one sample and H^ the mean of a
    fresh batch each step: Horner's rule for the series of ``MinibatchNeumann``.

    The same mean and cost; K has the law of the transpose, so that the variances differ by up to
    the condition number, in either direction.

    Parameters
    ----------
    steps
        Q >= 0.
    batch
        samples of each step.
    step_size
        eta > 0, default that of the inner run.
    replace
        whether the samples of one batch are drawn with replacement.

    Raises
    ------
    ValueError
        a batch below 1, or steps that are no whole number >= 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=20, step_size=0.25)
    >>> found = qm.moments(loss, [0.5], qm.LinearSystemSgd(steps=20))
    >>> chain = qm.moments(loss, [0.5], qm.MinibatchNeumann(products=20))
    >>> bool(abs(found.mean[0] - chain.mean[0]) < 1e-15), found.cost["hvps"]
    (True, 20.0)
    """

    steps: int
    batch: int = 1
    reference = "Arbel, Mairal 2022 (AmIGO)"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "steps", natural("steps", self.steps, least=0))
        object.__setattr__(self, "batch", counted("batch", self.batch))

    def sizes(self) -> tuple[int, ...]:
        """One for all steps."""
        return (self.batch,)

    def samples_used(self) -> float:
        """The batch of each step."""
        return self.steps * self.batch

    def solved(self, tape: SampledTape, g: Array) -> Array:
        """Steps one after the other."""
        eta = self.step(tape.objective)
        v = eta * g
        for _ in range(self.steps):
            v = v - eta * (tape.hvp(v, tape.inner(self.batch, self.replace)) - g)
        return np.asarray(v)

    def law(self, loss: SampledBilevel, H: Array) -> RandomInverse:
        """v v', v g' and g v' from V = g g', step by step."""
        eta = self.step(loss)
        A = self.factors(loss, H)
        average = mean(A)
        share = Batches(self.batch, self.replace).share(len(H), loss)
        total = eta * np.eye(len(average), dtype=int)
        one = total
        for _ in range(self.steps):
            total = average @ total + one

        def squared(V: Array) -> Array:
            vv = eta * eta * V
            vg = gv = eta * V
            for _ in range(self.steps):
                vv = square(A, vv, share) + eta * (average @ vg + gv @ average) + eta * eta * V
                vg = average @ vg + eta * V
                gv = gv @ average + eta * V
            return np.asarray(vv)

        return RandomInverse(total, squared)
