"""What a meta-objective is: a function of parameters theta with exact derivatives."""

from abc import ABC, abstractmethod
from typing import Any, TypeAlias

from quadmeta._types import Numbers
from quadmeta._validate import show
from quadmeta.objectives.parts.tape import Tape

Value: TypeAlias = Any
"""A value or derivative: a float or an array of floats; ``SignLog`` where float64 would not hold
it.
"""


class Objective(ABC):
    """A function of parameters theta that is to be made small, with its exact gradient.

    theta is what an optimizer leaves free (its step size, say), or the hyperparameters of a
    bilevel problem. A subclass gives the value and the gradient; a curvature, a minimizer and a
    tape (for ``hypergradient``) where it has them.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> class Distance(qm.Objective):
    ...     def __call__(self, theta):
    ...         return float(np.sum(np.square(theta)) / 2)
    ...     def gradient(self, theta):
    ...         return np.asarray(theta)
    >>> Distance().gradient([3.0, 4.0])
    array([3., 4.])
    """

    @abstractmethod
    def __call__(self, theta: Numbers) -> Value:
        """The objective at ``theta``."""

    @abstractmethod
    def gradient(self, theta: Numbers) -> Value:
        """Its exact derivative in theta."""

    def value_and_gradient(self, theta: Numbers) -> tuple[Value, Value]:
        """(value, gradient) at ``theta``, the same as by the two calls; in about the time of one
        where both come from one loss.

        A class derived from a member that overrides one of the two overrides this as well.
        """
        return self(theta), self.gradient(theta)

    def curvature(self, theta: Numbers) -> Value:
        """Its second derivative in theta.

        Raises
        ------
        ValueError
            an objective without one.
        """
        raise self._without("curvature", "take differences of its gradient")

    def minimizer(self) -> Value:
        """A theta at which it is least.

        Raises
        ------
        ValueError
            an objective without one.
        """
        raise self._without("minimizer", "descend along its gradient")

    def tape(
        self,
        theta: Numbers,
        *,
        dtype: str = "float64",
        start: Numbers | None = None,
        renormalised: bool = False,
    ) -> Tape:
        """The unrolled run at ``theta`` that an estimator differentiates.

        Parameters
        ----------
        theta
            the parameters.
        dtype
            format of the run: "float16", "float32", "float64" or "mpmath".
        start
            another w_0 than the problem's own.
        renormalised
            divide every state by a power of two, so that nothing overflows.

        Raises
        ------
        ValueError
            an objective without a tape, or arguments that its tape cannot take.
        """
        raise self._without("tape", "use its own gradient")

    def _without(self, what: str, remedy: str) -> ValueError:
        return ValueError(f"{show(self)} has no {what}: {remedy}")
