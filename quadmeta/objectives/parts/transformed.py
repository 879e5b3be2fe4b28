"""Transforms of the inner loss after T steps (the loss itself, its logarithm, its root) as
functions of the step size.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from quadmeta import _validate
from quadmeta._types import Array, Numbers
from quadmeta._validate import plain
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.step_size_tape import StepSizeTape
from quadmeta.objectives.parts.tuned import OptimizerObjective
from quadmeta.optimizers.parts.base import LogLoss
from quadmeta.optimizers.parts.momentum import Minimum, Momentum


@dataclass(frozen=True, eq=False, repr=False)
class TransformedObjective(OptimizerObjective):
    """A function of the inner loss after T steps, F(theta) = f(w_T) - floor.

    A subclass says what the function is, in three forms: ``transform`` from log F and the relative
    derivatives of F (stable for every T), ``compose`` from F, F', F'' in plain arithmetic, and
    ``chain``, the derivative of the objective in F.

    Parameters
    ----------
    problem, optimizer, pooled
        as for every objective of an optimizer.
    """

    logarithmic = False
    """Whether it has a pole where F = 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.logarithmic:
            self.source.require_logarithm(type(self).__name__)

    @abstractmethod
    def transform(self, loss: LogLoss, order: int) -> Value:
        """The objective (order 0) or its derivative (1, 2) in theta from those of the loss."""

    @abstractmethod
    def chain(self, loss: Array) -> Value:
        """Derivative of the objective with respect to the loss F, in the arithmetic of ``loss``."""

    @abstractmethod
    def compose(self, derivatives: tuple[Array, ...]) -> Value:
        """The last of the objective's derivatives, from F, F', ... in plain arithmetic (and
        logarithms or roots).
        """

    def tape(
        self,
        theta: Numbers,
        *,
        dtype: str = "float64",
        start: Numbers | None = None,
        renormalised: bool = False,
    ) -> StepSizeTape:
        """The run of gradient descent on the modes with its step size as parameter."""
        return self._unrolled(self.chain, theta, dtype, start, renormalised)

    def minimizer(self) -> Value:
        """theta* that minimises the loss after T steps (the same for every monotone transform)."""
        return plain(self.source.minimizer())

    def minimum(self, boxes: int | None = None) -> Minimum:
        """The minimiser with what is proved of it, for heavy ball and Nesterov, whose loss has
        many local minima.

        Parameters
        ----------
        boxes
            how many boxes of parameters branch and bound looks at, at most (default: some ten
            thousand).

        Returns
        -------
        theta, log F there (``level``), a lower bound of log F over all parameters (``lower``),
        whether theta is proved to be the global minimiser (``proved``), and the boxes looked at.
        """
        # an objective with a minimiser of its own is no monotone transform of F
        if (
            not isinstance(self.optimizer, Momentum)
            or type(self).minimizer is not TransformedObjective.minimizer
        ):
            return super().minimum(boxes)
        if not self.pooled:
            raise ValueError(
                "pooled = False leaves one minimum a task: pass pooled=True, or one task"
            )
        return self.optimizer.minimum(*self.spectrum(), boxes)

    def log_loss(self, theta: Numbers, order: int = 2) -> LogLoss:
        """log F and the relative derivatives of F at ``theta``.

        Raises
        ------
        ValueError
            F = 0, and the objective is a logarithm or a root.
        """
        loss = self.source.log_loss(theta, _validate.order(order))
        if self.logarithmic and _vanishes(loss.level):
            raise ValueError(
                f"{type(self).__name__}: the loss is 0 at an entry of "
                f"{' and '.join(self.optimizer.free)}, where its logarithm has a pole: use "
                "NaiveObjective, or fewer free parameters"
            )
        return loss

    def _at(self, theta: Numbers, order: int) -> Value:
        return plain(self.transform(self.log_loss(theta, order), order))

    def value_and_gradient(self, theta: Numbers) -> tuple[Value, Value]:
        """The objective and its derivative from one evaluation of the loss."""
        loss = self.log_loss(theta, 1)
        return plain(self.transform(loss, 0)), plain(self.transform(loss, 1))

    def exactly(
        self, theta: Numbers, order: int = 0, kind: str = "fraction", digits: int = 50
    ) -> Value:
        """As for every objective of an optimizer: ``compose`` of F and its derivatives."""
        return self.source.exactly(self.compose, theta, _validate.order(order), kind, digits)

    def definition(self, theta: Numbers, order: int = 0) -> Value:
        """As for every objective of an optimizer: ``compose`` of F by loops."""
        return plain(self.compose(self.source.definition(theta, _validate.order(order))))


def _vanishes(level: Array) -> bool:
    """Whether F = 0 somewhere, from log F."""
    zero = level == -np.inf
    if isinstance(zero, np.ndarray):
        return bool(zero.any())
    return bool(zero)
