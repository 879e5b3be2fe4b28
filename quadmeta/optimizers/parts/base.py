"""What an inner optimizer is: its steps, its run by definition, and its residual polynomial.

On a quadratic problem with Hessian eigenvalues lambda a gradient method multiplies the initial
error by a polynomial, w_T - w_* = p_T(H; theta) (w_0 - w_*) with p_T(0) = 1. An optimizer knows
eigenvalues only, never a problem.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import finite, step_sizes
from quadmeta.arithmetic.signlog import SignLog

Array = Any


class LogLoss(NamedTuple):
    """The loss F = sum_i omega_i p_T(lambda_i)^2 at one or many parameters, in float64, with F
    itself as its logarithm.

    Derivatives in a parameter of ``shape`` () have the shape of the batch; those of a vector of
    length k have further axes (k,), and (k, k). Entries of a higher order than was asked for are
    None.
    """

    level: Array
    """log F, -inf where F = 0 (and then the others are 0)."""
    slope: Array = None
    """F' / F."""
    second: Array = None
    """F'' / F."""
    curvature: Array = None
    """(log F)'' = F''/F - (F'/F)^2."""
    root: Array = None
    """R'' / R of R = F^(1/2T): (F''/F - (1 - 1/2T) (F'/F)^2) / 2T."""


class Measure(NamedTuple):
    """The spectral measure of one task, with what every evaluation of it needs."""

    eigenvalues: Array
    """(d,)"""
    weights: Array
    """(d,) omega."""
    mass: Array
    """(d,) omega lambda."""
    low: float
    """Smallest eigenvalue."""
    high: float
    """Largest eigenvalue."""
    wide: bool
    """Whether the weights span too many decades for sums of plain products."""

    @classmethod
    def of(cls, eigenvalues: Array, weights: Array) -> "Measure":
        """From eigenvalues and weights (d,)."""
        with np.errstate(over="ignore", under="ignore"):
            mass = weights * eigenvalues
        on = weights > 0
        used = np.concatenate([weights[on], mass[on], [1.0]])
        # next to a root of its factor a mode is off by (2^-53)^2 at least, which the largest
        # weight multiplies
        far = weights.max() * 1e-15 > weights[on].min(initial=1e300)
        wide = far or not (used.min() > 1e-300 and used.max() < 1e300)
        return cls(
            eigenvalues,
            weights,
            mass,
            float(eigenvalues.min()),
            float(eigenvalues.max()),
            bool(wide),
        )


class Optimizer(ABC):
    """An inner optimizer of T = ``steps`` steps; what is left free of it (``free``) is the
    meta-parameter theta.
    """

    steps: int
    nonnegative = True
    """Whether theta is restricted to values >= 0."""

    @property
    @abstractmethod
    def free(self) -> tuple[str, ...]:
        """Names of its parameters that are left free."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one theta: () for a number, (k,) for a vector of k."""
        if len(self.free) == 1:
            return ()
        return (len(self.free),)

    def read(self, theta: Array) -> Array:
        """theta of shape (..., *shape), checked.

        Raises
        ------
        ValueError
            NaN, infinity, a negative step size or a wrong last axis.
        """
        name = " and ".join(self.free) or "theta"
        if self.nonnegative:
            array = step_sizes(name, theta)
        else:
            array = finite(name, theta)
        if self.shape and array.shape[-1:] != self.shape:
            raise ValueError(
                f"{name} has shape {array.shape}: pass (..., {self.shape[0]}), one entry a "
                "parameter"
            )
        return array

    @abstractmethod
    def run(
        self, gradient: Callable[[Array], Array], start: Array, theta: Array
    ) -> Iterator[Array]:
        """The iterates w_0, w_1, ..., w_T by definition, in whatever arithmetic ``start`` and
        ``theta`` are in.
        """


class PolynomialOptimizer(Optimizer):
    """An optimizer without noise: w_T - w_* = p_T(H; theta) (w_0 - w_*) with p_T(0) = 1."""

    @abstractmethod
    def residual(self, eigenvalues: Array, theta: Array) -> tuple[Array, Array, Array]:
        """(p_T, dp_T/dtheta, d^2p_T/dtheta^2) at the eigenvalues in plain + - * / **, for every
        arithmetic.

        For a vector theta (k,) the derivatives are sequences of k, and of k sequences of k.
        """

    @abstractmethod
    def signed_residual(self, eigenvalues: Array, theta: Array) -> tuple[SignLog, SignLog, SignLog]:
        """The same three in float64 accuracy for every T; ``theta``, one number, broadcasts over
        the leading axes.
        """

    @abstractmethod
    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """The loss and its derivatives in float64, stable for every T; ``theta`` broadcasts over
        the leading axes.
        """

    def short_log_loss(self, measure: Measure, theta: Array, work: Array = None) -> LogLoss:
        """log F and F'/F of one task as fast as possible, at one parameter () or a batch of them
        (n, ...).

        Not to full accuracy: overriding methods state their error. ``work``, an array (3, n or
        more, d) of any content, may be overwritten.
        """
        found = self.log_loss(
            measure.eigenvalues[None],
            measure.weights[None],
            np.reshape(theta, (-1, *self.shape)),
            1,
        )
        if np.ndim(theta) > len(self.shape):
            return found
        return LogLoss(*(x if x is None else x[0] for x in found))

    @abstractmethod
    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The parameter that minimises sum_i omega_i p_T(lambda_i)^2, one for each row of spectra."""
