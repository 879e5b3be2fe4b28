"""What an inner optimizer is: its steps, its run by definition, and its residual polynomial.

On a quadratic problem with Hessian eigenvalues lambda a gradient method multiplies the initial error by a polynomial,
w_T - w_* = p_T(H; theta) (w_0 - w_*) with p_T(0) = 1. An optimizer knows eigenvalues only, never a problem.
"""
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from quadmeta.arithmetic.signlog import SignLog

Array = Any


class LogMoments(NamedTuple):
    """Stable description of the loss F = sum_i omega_i p_T(lambda_i)^2 at one or many parameters, in float64.

    With the softmax weights pi_i = omega_i p_i^2 / F and u_i = -p_i' / (T p_i):
    """

    level: Array
    """log F, -inf where F = 0."""
    mean: Array
    """E_pi[u]."""
    variance: Array
    """Var_pi(u)."""


class Optimizer(ABC):
    """An inner optimizer of T = ``steps`` steps; what is left free of it (``free``) is the meta-parameter theta."""

    steps: int

    @property
    @abstractmethod
    def free(self) -> tuple[str, ...]:
        """Names of its parameters that are left free."""

    @abstractmethod
    def run(self, gradient: Callable[[Array], Array], start: Array, theta: Array) -> Iterator[Array]:
        """The iterates w_0, w_1, ..., w_T by definition, in whatever arithmetic ``start`` and ``theta`` are in."""

    @abstractmethod
    def residual(self, eigenvalues: Array, theta: Array) -> tuple[Array, Array, Array]:
        """(p_T, dp_T/dtheta, d^2p_T/dtheta^2) at the eigenvalues in plain + - * / **, for every arithmetic."""

    @abstractmethod
    def signed_residual(self, eigenvalues: Array, theta: Array) -> tuple[SignLog, SignLog, SignLog]:
        """The same three in float64 accuracy for every T; ``theta`` broadcasts over the leading axes."""

    @abstractmethod
    def log_moments(self, eigenvalues: Array, weights: Array, theta: Array) -> LogMoments:
        """The loss and its derivatives in float64, stable for every T; ``theta`` broadcasts over the leading axes."""

    @abstractmethod
    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The parameter that minimises sum_i omega_i p_T(lambda_i)^2, one for each row of spectra."""
