"""What objectives of an optimizer's free parameters share: the loss after T steps as a function of
them.

F(theta) = f(w_T) - floor = sum_i omega_i p_T(lambda_i; theta)^2. Several tasks are pooled: F is
the mean over tasks, which is one task with the union of the spectra and weights omega / m. With
``pooled=False`` each task keeps its own value.
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

from quadmeta import _validate
from quadmeta._types import Array, Numbers
from quadmeta._validate import show
from quadmeta.objectives.parts.base import Objective, Value
from quadmeta.objectives.parts.expected import ExpectedLoss
from quadmeta.objectives.parts.polynomial import PolynomialLoss
from quadmeta.objectives.parts.step_size_tape import DTYPES, Chain, StepSizeTape
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts.base import Optimizer, PolynomialOptimizer
from quadmeta.optimizers.parts.momentum import Minimum
from quadmeta.problems.parts.base import QuadraticProblem
from quadmeta.problems.parts.scale import unscaled
from quadmeta.problems.parts.stochastic import StochasticProblem


@dataclass(frozen=True, eq=False)
class OptimizerObjective(Objective):
    """An objective of what an inner optimizer leaves free, vectorised over step sizes and tasks.

    It costs O(d) a point whatever T. Temporary arrays hold at most ``BLOCK`` numbers (or one
    point's modes, if there are more).

    Parameters
    ----------
    problem
        a quadratic inner problem, or a batch of m of them.
    optimizer
        an inner optimizer that leaves a parameter free, mostly its step size.
    pooled
        average the losses of the tasks (scalar result a step size); False keeps the task axes, and
        step sizes broadcast against them.
    """

    problem: QuadraticProblem | StochasticProblem
    optimizer: Optimizer
    pooled: bool = True
    logarithmic = False

    def __post_init__(self) -> None:
        self._read_arguments()
        noisy = isinstance(self.problem, StochasticProblem)
        exact = isinstance(self.optimizer, PolynomialOptimizer)
        if noisy and exact:
            raise ValueError(
                f"{self.optimizer!r} needs exact gradients, those of {self.problem!r} are noisy: "
                f"pass StochasticGradientDescent(steps={self.optimizer.steps})"
            )
        if not exact and not self.optimizer.noisy:
            raise ValueError(
                f"{self.optimizer!r} has no residual polynomial: pass "
                f"GradientDescent(steps={self.optimizer.steps}), or tune a problem's "
                "hyperparameters by OuterLoss"
            )
        if not noisy and not exact:
            raise ValueError(
                f"{self.optimizer!r} needs noisy gradients, those of {self.problem!r} are exact: "
                f"pass GradientDescent(steps={self.optimizer.steps}), or a problem with noise"
            )
        if not self.optimizer.free:
            raise ValueError(
                f"{self.optimizer!r} has no free parameter: leave step_size out to tune it, or use "
                "OuterLoss to tune a problem's hyperparameters"
            )
        if not self.pooled and self.optimizer.shape:
            raise ValueError(
                f"pooled = False keeps one number for each task, {self.optimizer!r} has a vector "
                "of parameters: pass pooled=True, or one task"
            )

    def _read_arguments(self) -> None:
        """Refuse what is no problem, no optimizer or no flag, before anything asks it for its
        attributes.
        """
        problems = (QuadraticProblem, StochasticProblem)
        if not isinstance(self.problem, problems) or not isinstance(self.optimizer, Optimizer):
            name = type(self).__name__
            if isinstance(self.problem, Optimizer) and isinstance(self.optimizer, problems):
                raise ValueError(
                    f"problem = {show(self.problem)} and optimizer = {show(self.optimizer)} are "
                    f"swapped: pass {name}(problem, optimizer)"
                )
            _validate.instance("problem", self.problem, problems, "Quadratic.random(d=5, seed=0)")
            _validate.instance("optimizer", self.optimizer, Optimizer, "GradientDescent(steps=10)")
        object.__setattr__(self, "pooled", _validate.flag("pooled", self.pooled))

    def __call__(self, theta: Numbers) -> Value:
        """The objective at step sizes ``theta`` >= 0 of any shape (vectors of parameters along the
        last axis).
        """
        return self._at(theta, 0)

    def gradient(self, theta: Numbers) -> Value:
        """d/d theta of the objective: the exact meta-gradient, shape of ``theta``."""
        return self._at(theta, 1)

    def curvature(self, theta: Numbers) -> Value:
        """d^2/d eta^2 of the objective; the Hessian (..., k, k) where theta is a vector of k
        parameters.
        """
        return self._at(theta, 2)

    @abstractmethod
    def _at(self, theta: Numbers, order: int) -> Value:
        """Value (order 0) or derivative (1, 2)."""

    @abstractmethod
    def exactly(
        self, theta: Numbers, order: int = 0, kind: str = "fraction", digits: int = 50
    ) -> Value:
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

    @abstractmethod
    def definition(self, theta: Numbers, order: int = 0) -> Value:
        """The same quantity by T steps of the optimizer with the derivatives of every iterate, in
        float64.

        One theta; O(k^2 T d^2) for k parameters; overflows and underflows where the closed form
        does not.
        """

    def minimum(self, boxes: int | None = None) -> Minimum:
        """The minimiser with what is proved of it, where there is a search with a proof.

        Raises
        ------
        ValueError
            an objective without one.
        """
        raise ValueError(
            f"{self!r} has no search with a proof, which is for the loss after T steps of "
            "HeavyBall or Nesterov: use minimizer"
        )

    @cached_property
    def source(self) -> PolynomialLoss | ExpectedLoss:
        """The loss F of theta that is transformed."""
        if isinstance(self.problem, StochasticProblem):
            return ExpectedLoss(self.problem, self.optimizer, "train")
        return PolynomialLoss(self.problem, self.polynomial, self.pooled)

    @property
    def polynomial(self) -> PolynomialOptimizer:
        """The optimizer, if it has a residual polynomial."""
        if not isinstance(self.optimizer, PolynomialOptimizer):
            raise ValueError(
                f"{self.optimizer!r} has no residual polynomial: pass a problem with noisy "
                "gradients, or GradientDescent"
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

    def _unrolled(
        self,
        chain: Chain,
        theta: Numbers,
        dtype: str,
        start: Numbers | None,
        renormalised: bool,
    ) -> StepSizeTape:
        """The tape of gradient descent on the modes, for an objective with derivative ``chain`` in
        F.
        """
        if start is not None:
            raise ValueError(
                "start belongs to the quadratic problem: build it with another initial error"
            )
        _validate.choice("dtype", dtype, DTYPES)
        if not isinstance(self.problem, QuadraticProblem) or not isinstance(
            self.optimizer, GradientDescent
        ):
            raise ValueError(
                f"a tape unrolls GradientDescent without noise, not {self.optimizer!r}: use the "
                "objective's own gradient"
            )
        modes = self.problem.modes()
        if self.pooled and modes.eigenvalues.ndim > 1:
            raise ValueError(
                f"problem has {modes.eigenvalues[..., 0].size} pooled tasks, a tape runs each on "
                "its own: pass an objective with pooled=False"
            )
        if renormalised and (dtype == "mpmath" or not self.logarithmic):
            raise ValueError(
                "a renormalised tape needs a float dtype and a logarithm of the loss: use "
                "LogObjective (F' = T F G') and float16, float32 or float64"
            )
        return StepSizeTape(
            modes,
            self.optimizer.steps,
            theta,
            chain,
            exact=lambda: self.gradient(theta),
            dtype=dtype,
            renormalised=renormalised,
        )

    def __repr__(self) -> str:
        each = "" if self.pooled else ", each task"
        return f"{type(self).__name__}({self.problem!r}, {self.optimizer!r}{each})"
