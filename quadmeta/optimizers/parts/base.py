"""What an inner optimizer is: its steps, its run by definition, and its residual polynomial.

On a quadratic problem with Hessian eigenvalues lambda a gradient method multiplies the initial
error by a polynomial, w_T - w_* = p_T(H; theta) (w_0 - w_*) with p_T(0) = 1. An optimizer knows
eigenvalues only, never a problem.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import is_dataclass, replace
from typing import Any, Self

import numpy as np

from quadmeta._types import Array, Floats, StepSizes
from quadmeta._validate import finite, natural, step_sizes
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.parts import generic
from quadmeta.optimizers.parts.loss import LogLoss as LogLoss, OneTask as OneTask
from quadmeta.optimizers.parts.measure import Measure as Measure
from quadmeta.optimizers.parts.responses.linear import Response as Response, response_of_run
from quadmeta.optimizers.parts.transition import Inner as Inner, Transition as Transition

# numbers in one temporary array: half a megabyte, so that a block of a grid stays in cache
BLOCK = 2**16


class Optimizer(ABC):
    """An inner optimizer of T = ``steps`` steps; what is left free of it is the meta-parameter
    theta, a number or a vector.
    """

    steps: int
    nonnegative = True
    """Whether theta is restricted to values >= 0."""
    noisy = False
    """Whether its steps follow random gradients."""

    @property
    @abstractmethod
    def free(self) -> tuple[str, ...]:
        """Names of its parameters that are left free."""

    @property
    def follows(self) -> bool:
        """Whether parameters follow the inner loss, so that they are known on one alone."""
        return False

    @property
    def ridge(self) -> float:
        """rho, where a long run tends to a minimum of L_1 + rho ||w||^2 / 2."""
        return 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one theta: () for a number, (k,) for a vector of k."""
        if len(self.free) == 1:
            return ()
        return (len(self.free),)

    @property
    def given(self) -> Any:
        """What ``run`` takes as theta where every parameter is given: nothing, unless its run
        reads given parameters from there.

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        self.require_given()
        return ()

    def require_given(self) -> None:
        """Refuse an optimizer with a free parameter.

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        if self.free:
            names = " and ".join(name.replace("_", " ") for name in self.free)
            keywords = ", ".join(f"{name}=..." for name in self.free)
            raise ValueError(
                f"optimizer = {self!r} leaves its {names} free: pass "
                f"{type(self).__name__}(steps, {keywords})"
            )

    def with_steps(self, steps: int) -> Self:
        """The same optimizer for another number of steps.

        Raises
        ------
        ValueError
            ``steps`` is not a whole number of at least 1.
        """
        natural("steps", steps)
        if is_dataclass(self):
            return replace(self, steps=steps)
        other = copy(self)
        other.steps = steps
        return other

    def __repr__(self) -> str:
        return f"{type(self).__name__}(steps={self.steps})"

    def read(self, theta: StepSizes) -> Array:
        """theta of shape (..., *shape), checked.

        Raises
        ------
        ValueError
            NaN, infinity, a negative step size or a wrong last axis.
        """
        name = " and ".join(self.free) or "theta"
        array: Array
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
    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any) -> Iterator[Any]:
        """The iterates w_0, w_1, ..., w_T by definition, in whatever arithmetic ``start`` and
        ``theta`` are in.

        Parameters
        ----------
        gradient
            of the inner loss, a function of w; called once a step.
        start
            w_0 (..., d).
        theta
            a number or (..., 1); a sequence of k of them, if theta is a vector of k.
        """

    def transition(self) -> Transition:
        """One step with its derivatives, where every parameter is given: what estimators need.

        Raises
        ------
        ValueError
            a method that does not define it, or one that leaves a parameter free.
        """
        raise ValueError(
            f"{type(self).__name__} has no tape: define transition(), for which LinearTransition "
            "takes the numbers of a linear step, or use OuterLoss.gradient"
        )

    def direction(self, inner: Inner) -> Inner:
        """What its steps follow on an inner loss, with the products of a gradient: the inner loss
        itself, unless the method preconditions it.

        ``run`` on weights is given the gradient of that.
        """
        return inner

    def given_on(self, inner: Inner) -> Any:
        """What ``run`` takes as theta on an inner loss: ``given``, unless parameters follow it."""
        return self.given

    def moving_on(self, inner: Inner) -> Any:
        """The same with derivatives in alpha, as jets whose one derivative is a column (h, 1)."""
        return self.given_on(inner)

    @property
    def has_transition(self) -> bool:
        """Whether ``transition`` is defined, for the steps that this class makes."""
        kind = type(self)
        if kind.transition is Optimizer.transition:
            return False
        return _depth(kind, "transition") >= max(_depth(kind, name) for name in ("run", "step"))

    def own_transition(self) -> Transition:
        """``transition()``, if it is of the run that this class makes.

        Raises
        ------
        ValueError
            a class that redefines its steps and not their derivatives.
        """
        if type(self).transition is not Optimizer.transition and not self.has_transition:
            raise ValueError(
                f"{type(self).__name__} redefines its steps, and transition() is of the class it "
                "is derived from: define transition() as well"
            )
        return self.transition()


def _depth(kind: type, name: str) -> int:
    """How far down the line of classes a name is last defined; 0 where it is not."""
    line = reversed(kind.__mro__)
    return max((k for k, one in enumerate(line) if name in vars(one)), default=0)


class PolynomialOptimizer(Optimizer):
    """A linear method along exact gradients: w_T - w_* = p_T(H; theta) (w_0 - w_*), p_T(0) = 1.

    A method of one's own is a subclass with ``steps``, ``free`` and ``run``, in ``+ - * / **``
    alone. Every objective then takes it: ``residual`` follows from the run, O(T d), and values and
    derivatives of the loss from ``residual`` in sixty digits, right to the last digits of float64
    unless the formula loses more than forty to cancellation, at some 10 microseconds an operation
    and mode. A closed form in place of ``residual`` makes them independent of T; overriding
    ``log_loss`` and ``signed_residual`` makes them fast.

    Examples
    --------
    Gradient descent that ends at the mean of its last two iterates:

    >>> import quadmeta as qm
    >>> class Averaged(PolynomialOptimizer):
    ...     free = ("step_size",)
    ...
    ...     def __init__(self, steps):
    ...         self.steps = steps
    ...
    ...     def run(self, gradient, start, theta):
    ...         iterates = list(qm.GradientDescent(self.steps).run(gradient, start, theta))
    ...         yield from iterates[:-1]
    ...         yield (iterates[-2] + iterates[-1]) / 2
    >>> problem = qm.Quadratic.from_spectrum([1.0, 4.0], weights=[1.0, 1.0])
    >>> G = qm.LogObjective(problem, Averaged(steps=10))
    >>> print(f"{G(0.3):.6f} {G.definition(0.3):.6f} {G.gradient(0.3):.6f}")
    -0.674519 -0.674519 -2.689076
    """

    def __init_subclass__(cls, **more: Any) -> None:
        """A class with a run of its own has the response of that run, not an inherited one."""
        super().__init_subclass__(**more)
        if "run" in vars(cls) and "response" not in vars(cls):
            cls.response = PolynomialOptimizer.response  # type: ignore[method-assign]

    def scale(self, eigenvalues: Any, theta: Any) -> Any:
        """By what a step multiplies the gradient of a mode, in every arithmetic; None for 1.

        A method with a preconditioner that is a function of the Hessian says so here, and in
        ``direction``.
        """
        return None

    @property
    def preconditions(self) -> bool:
        """Whether it has a ``scale``."""
        return type(self).scale is not PolynomialOptimizer.scale

    def along(self, eigenvalues: Any, theta: Any, force: Any = None) -> Callable[[Any], Any]:
        """What ``run`` follows on f(w) = lambda w^2 / 2 - force w, mode by mode."""
        # one product a step: on functions with their differences, a second factor that belongs to
        # the other point would multiply rounding errors by what is no factor of the run
        scale = self.scale(eigenvalues, theta)
        rate = eigenvalues
        if scale is not None:
            rate = scale * eigenvalues
            force = None if force is None else scale * force
        if force is None:
            return lambda w: w * rate
        return lambda w: w * rate - force

    def response(self, eigenvalues: Array) -> Response:
        """p_T, S = (1 - p_T) / lambda and S[lambda_i, lambda_j] at eigenvalues (d,) >= 0, with
        every parameter given: what an exact hypergradient needs.

        By the run itself on functions with their divided differences, O(T d^2), unless a closed
        form overrides it. A run in ``+ - * / **`` of what it is given is enough.

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        return response_of_run(self, eigenvalues)

    def residual(self, eigenvalues: Any, theta: Any) -> tuple[Any, Any, Any]:
        """(p_T, dp_T/dtheta, d^2p_T/dtheta^2) at the eigenvalues in plain + - * / **, for every
        arithmetic; by T steps, unless a closed form overrides it.

        For a vector theta (k, ...) the derivatives are sequences of k, and of k sequences of k.
        """
        return generic.residual_of_run(self, eigenvalues, theta)

    def short_residual(self, eigenvalues: Any, theta: Any, order: int) -> tuple[Any, ...]:
        """The first ``order`` + 1 of ``residual``: what ``exactly`` asks for.

        Where a member forms fewer derivatives here, a class derived from it that overrides
        ``residual`` overrides this as well.
        """
        return self.residual(eigenvalues, theta)[: order + 1]

    def signed_residual(
        self, eigenvalues: Array, theta: Array, order: int = 2
    ) -> tuple[SignLog, ...]:
        """The same up to derivatives of this order, in float64 accuracy for every T; ``theta``,
        one number, broadcasts over the leading axes.

        Raises
        ------
        ValueError
            theta is a vector.
        """
        self._require_number()
        return generic.signed_residual(self, eigenvalues, theta)[: order + 1]

    def _require_number(self) -> None:
        if self.shape:
            raise ValueError(
                f"{self!r} has a vector of parameters, whose derivatives are not held as SignLog: "
                "use objective.exactly"
            )

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """The loss and its derivatives in float64, stable for every T; ``theta`` (..., *shape)
        broadcasts over the leading axes of eigenvalues and weights (..., d).

        Raises
        ------
        OverflowError
            a relative derivative exceeds float64.
        """
        return generic.log_loss(self, eigenvalues, weights, theta, order)

    def one_task(self, eigenvalues: Array, weights: Array) -> OneTask | None:
        """What ``log_loss`` is on the modes (d,) of one task, prepared for one step size after the
        other; None where there is no shorter form.
        """
        return None

    def short_log_loss(self, measure: Measure, theta: Floats) -> LogLoss:
        """log F and F'/F of one task as fast as possible, at one parameter () or a batch of them
        (n, ...).

        Not to full accuracy: overriding methods state their error.
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

    def short_scan(self, measure: Measure, theta: Array) -> LogLoss:
        """The same for m tasks at P parameters each, theta (P, m, *shape): (P, m) and (P, m,
        *shape), block by block.
        """
        level = np.empty(theta.shape[:2])
        slope = np.empty(theta.shape)
        size = max(1, BLOCK // (measure.eigenvalues.shape[-1] * math.prod(self.shape)))
        for k in range(theta.shape[1]):
            one = measure.task(k)
            for start in range(0, len(theta), size):
                block = slice(start, start + size)
                found = self.short_log_loss(one, theta[block, k])
                level[block, k] = found.level
                slope[block, k] = found.slope
        return LogLoss(level, slope)

    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The parameter that minimises sum_i omega_i p_T(lambda_i)^2, one for each row of spectra.

        Raises
        ------
        ValueError
            the method has no search of its own: where minima lie depends on the polynomial.
        """
        raise ValueError(
            f"{self!r} has no minimizer: define minimizer(eigenvalues, weights), or search the "
            "values of an objective"
        )
