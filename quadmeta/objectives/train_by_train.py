"""Train-by-train: the training loss after T steps is itself the meta-objective."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import plain
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.expected import ExpectedLoss
from quadmeta.objectives.parts.minima import Minima, Stationary
from quadmeta.objectives.parts.outer import OuterObjective
from quadmeta.objectives.parts.tape import Tape


@dataclass(frozen=True, eq=False, repr=False)
class TrainByTrain(OuterObjective):
    """The training loss after T steps, mean over tasks.

    J(eta) = floor + sum_k lambda_k fitted_k^2 q_k^2 / 2, the mean over tasks of the training
    loss at w_T.

    J minus its floor is the naive objective of the same problem, so J is convex and its minimiser
    lies in (1/lambda_max, 1/lambda_min). Source: Wang, Yuan, Wu, Ge 2021, section 4.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.LeastSquares.draw(20, 5, 1.0, seed=0, validation=10)
    >>> objective = qm.TrainByTrain(problem, qm.GradientDescent(steps=10))
    >>> round(objective.minimizer(), 6)
    0.877986
    """

    outer = "train"

    def tape(
        self,
        theta: Numbers,
        *,
        dtype: str = "float64",
        start: Numbers | None = None,
        renormalised: bool = False,
    ) -> Tape:
        """The run of gradient descent on the modes with its step size as parameter."""
        return self._unrolled(_one, theta, dtype, start, renormalised)

    def minimizer(self) -> Value:
        """eta*_train, from the sign of the derivative and never from values of J, of which it is
        far below rounding.
        """
        if isinstance(self.source, ExpectedLoss):
            return super().minimizer()
        self._require_gradient_descent()
        return plain(self.polynomial.minimizer(*self.source.spectrum))

    def minima(self) -> Minima:
        """The one minimiser, and the set of step sizes whose J equals the least value up to
        rounding (n >> d: wide).
        """
        if not self.pooled or self.truncation is not None:
            raise ValueError(
                "minima are those of the pooled objective without truncation: leave both as they "
                "are"
            )
        best = np.atleast_1d(self.minimizer())
        high = 2 * float(best[0]) + 2 / float(self.source.spectrum[0].min())
        return Stationary(best, high).described(self)


def _one(loss: Array) -> Array:
    """dJ / dF = 1, in the arithmetic of F."""
    return loss**0
