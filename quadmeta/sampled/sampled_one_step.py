"""No product with a Hessian: the identity in place of its inverse, times a step size."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.sampled.parts.bilevel import SampledBilevel
from quadmeta.sampled.parts.hypergradients import InverseEstimator, RandomInverse
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True)
class SampledOneStep(InverseEstimator):
    """K = eta I: the last step of the run, with a fresh sample.

    Parameters
    ----------
    step_size
        eta > 0, default that of the inner run.

    Raises
    ------
    ValueError
        a step size that is not > 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=20, step_size=0.25)
    >>> found = qm.moments(loss, [0.5], qm.SampledOneStep())
    >>> bool(found.mean[0] == qm.moments(loss, [0.5], qm.MinibatchNeumann(products=0)).mean[0])
    True
    """

    reference = "Luketina, Berglund, Greff, Raiko 2016"

    def samples_used(self) -> float:
        """0."""
        return 0.0

    def solved(self, tape: SampledTape, g: Array) -> Array:
        """eta g."""
        return np.asarray(self.step(tape.objective) * g)

    def law(self, loss: SampledBilevel, H: Array) -> RandomInverse:
        """Nothing random."""
        eta = self.step(loss)
        identity = np.eye(H.shape[-1], dtype=int)
        return RandomInverse(eta * identity, lambda V: eta * eta * V)
