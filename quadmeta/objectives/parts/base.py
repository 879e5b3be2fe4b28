"""What a meta-objective is: a transform of the inner loss after T steps, as a function of the step
size.

F(eta) = f(w_T) - floor = sum_i omega_i p_T(lambda_i; eta)^2. Several tasks are pooled: F is the
mean over tasks, which is one task with the union of the spectra and weights omega / m. With
``pooled=False`` each task keeps its own value.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta import _validate
from quadmeta._validate import plain, show
from quadmeta.objectives.parts.expected import ExpectedLoss
from quadmeta.objectives.parts.polynomial import PolynomialLoss
from quadmeta.optimizers.parts.base import LogLoss, Optimizer, PolynomialOptimizer
from quadmeta.optimizers.parts.momentum import Minimum, Momentum
from quadmeta.problems.parts.base import QuadraticProblem
from quadmeta.problems.parts.scale import unscaled
from quadmeta.problems.parts.stochastic import StochasticProblem

Array = Any


@dataclass(frozen=True, eq=False)
class Objective(ABC):
    """Transform of F(eta), vectorised over step sizes and tasks, at a cost of O(d) a point
    whatever T.

    Parameters
    ----------
    problem
        a quadratic inner problem, or a batch of m of them.
    optimizer
        an inner optimizer whose step size is left free.
    pooled
        average the losses of the tasks (scalar result a step size); False keeps the task axes, and
        step sizes broadcast against them.

    Temporary arrays hold at most ``BLOCK`` numbers (or one point's modes, if there are more).
    """

    problem: QuadraticProblem | StochasticProblem
    optimizer: Optimizer
    pooled: bool = True

    def __post_init__(self) -> None:
        self._read_arguments()
        noisy = isinstance(self.problem, StochasticProblem)
        if noisy and isinstance(self.optimizer, PolynomialOptimizer):
            raise ValueError(
                f"{self.optimizer!r} needs exact gradients, those of {self.problem!r} are noisy: "
                "pass "
                f"StochasticGradientDescent(steps={self.optimizer.steps})"
            )
        if not noisy and not isinstance(self.optimizer, PolynomialOptimizer):
            raise ValueError(
                f"{self.optimizer!r} needs noisy gradients, those of {self.problem!r} are exact: "
                "pass "
                f"GradientDescent(steps={self.optimizer.steps}), or a problem with noise"
            )
        if not self.optimizer.free:
            raise ValueError(
                f"{self.optimizer!r} has no free parameter: leave step_size out to tune it, or use "
                "OuterLoss to tune a problem's hyperparameters"
            )
        if self.optimizer.shape and not self.pooled:
            raise ValueError(
                f"pooled = False keeps one number for each task, {self.optimizer!r} has a vector "
                "of "
                "parameters: pass pooled=True, or one task"
            )
        if self.logarithmic:
            self.source.require_logarithm(type(self).__name__)

    def _read_arguments(self) -> None:
        """Refuse what is no problem, no optimizer or no flag, before anything asks it for its
        attributes.
        """
        name = type(self).__name__
        problems = (QuadraticProblem, StochasticProblem)
        if isinstance(self.problem, Optimizer) and isinstance(self.optimizer, problems):
            raise ValueError(
                f"problem = {show(self.problem)} and optimizer = {show(self.optimizer)} are "
                "swapped: pass "
                f"{name}(problem, optimizer)"
            )
        _validate.instance("problem", self.problem, problems, "Quadratic.random(d=5, seed=0)")
        _validate.instance("optimizer", self.optimizer, Optimizer, "GradientDescent(steps=10)")
        object.__setattr__(self, "pooled", _validate.flag("pooled", self.pooled))

    logarithmic = False
    outer = "train"
    """The loss of w_T that is transformed: "train" is the inner loss itself."""

    @abstractmethod
    def transform(self, loss: LogLoss, order: int) -> Array:
        """The objective (order 0) or its derivative (1, 2) in theta from those of the loss."""

    @abstractmethod
    def chain(self, loss: Array) -> Array:
        """Derivative of the objective with respect to the loss F, in the arithmetic of ``loss``."""

    @abstractmethod
    def compose(self, derivatives: tuple[Array, ...]) -> Array:
        """The last of the objective's derivatives, from F, F', ... in plain arithmetic (and
        logarithms or roots).
        """

    def __call__(self, theta: Array) -> Array:
        """The objective at step sizes ``theta`` >= 0 of any shape (vectors of parameters along the
        last axis).
        """
        return self._at(theta, 0)

    def gradient(self, theta: Array) -> Array:
        """d/d theta of the objective: the exact meta-gradient, shape of ``theta``."""
        return self._at(theta, 1)

    def curvature(self, theta: Array) -> Array:
        """d^2/d eta^2 of the objective; the Hessian (..., k, k) where theta is a vector of k
        parameters.
        """
        return self._at(theta, 2)

    def minimizer(self) -> Array:
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
            or type(self).minimizer is not Objective.minimizer
        ):
            raise ValueError(
                f"{self!r} has no search with a proof, which is for the loss after T steps of "
                "HeavyBall "
                "or Nesterov: use minimizer"
            )
        if not self.pooled:
            raise ValueError(
                "pooled = False leaves one minimum a task: pass pooled=True, or one task"
            )
        return self.optimizer.minimum(*self.spectrum(), boxes)

    @cached_property
    def source(self) -> PolynomialLoss | ExpectedLoss:
        """The loss F of theta that is transformed."""
        if isinstance(self.problem, StochasticProblem):
            return ExpectedLoss(self.problem, self.optimizer, self.outer)
        return PolynomialLoss(self.problem, self.polynomial, self.pooled)

    @property
    def polynomial(self) -> PolynomialOptimizer:
        """The optimizer, if it has a residual polynomial."""
        if not isinstance(self.optimizer, PolynomialOptimizer):
            raise ValueError(
                f"{self.optimizer!r} has no residual polynomial: pass a problem with noisy "
                "gradients, or "
                "GradientDescent"
            )
        return self.optimizer

    def spectrum(self) -> tuple[Array, Array]:
        """(eigenvalues, weights) of the loss: (D,) with active modes only where pooled, else (...,
        d) as batched.

        Raises
        ------
        ValueError
            a weight that float64 does not hold; noisy gradients.
        """
        lam, omega = self.source.spectrum
        return lam, unscaled(omega, self.source.exponent)

    def log_loss(self, theta: Array, order: int = 2) -> LogLoss:
        """log F and the relative derivatives of F at ``theta``.

        Raises
        ------
        ValueError
            F = 0, and the objective is a logarithm or a root.
        """
        loss = self.source.log_loss(theta, _validate.order(order))
        if self.logarithmic and np.isneginf(loss.level).any():
            raise ValueError(
                f"{type(self).__name__}: the loss is 0 at an entry of "
                f"{' and '.join(self.optimizer.free)},"
                " where its logarithm has a pole: use NaiveObjective, or fewer free parameters"
            )
        return loss

    def _at(self, theta: Array, order: int) -> Array:
        return plain(self.transform(self.log_loss(theta, order), order))

    def exactly(
        self, theta: Array, order: int = 0, kind: str = "fraction", digits: int = 50
    ) -> Array:
        """Derivative number ``order`` by the plain formula in another arithmetic: the data are
        taken as exact.

        Parameters
        ----------
        theta
            step sizes (one vector, if theta is a vector); pass ``Fraction`` for exact ones.
        order
            0, 1 or 2.
        kind
            "float64", "signlog", "interval", "fraction" or "mpmath" (at ``digits`` digits).
            Logarithms and roots themselves need "float64" or "mpmath"; their derivatives are
            rational.
        """
        return self.source.exactly(self.compose, theta, _validate.order(order), kind, digits)

    def definition(self, theta: Array, order: int = 0) -> Array:
        """The same quantity by T steps of the optimizer with the derivatives of every iterate, in
        float64.

        One theta; O(k^2 T d^2) for k parameters; overflows and underflows where the closed form
        does not.
        """
        return plain(self.compose(self.source.definition(theta, _validate.order(order))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.problem!r}, {self.optimizer!r}{'' if self.pooled else ', each task'})"
