"""The outer loss of a bilevel problem after T inner steps, L_2(w_T(alpha), alpha), as a function
of the hyperparameters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, show
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.base import Objective
from quadmeta.objectives.parts.closed.closed_forms import closed_form, descends, has_closed_form
from quadmeta.objectives.parts.closed.other_forms import with_ridge
from quadmeta.objectives.parts.closed.unrolled import rounded, signed
from quadmeta.objectives.parts.forward import forward_mode
from quadmeta.objectives.parts.hyper_tape import HyperTape
from quadmeta.objectives.parts.quadratic_tape import kind_of_tape
from quadmeta.objectives.parts.runs.base import OwnRun
from quadmeta.objectives.parts.runs.choice import own_run
from quadmeta.objectives.parts.sensitivities import Sensitivities, sensitivities
from quadmeta.objectives.parts.tape import back_propagated
from quadmeta.optimizers.parts.base import Optimizer, PolynomialOptimizer
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


@dataclass(frozen=True, eq=False)
class OuterLoss(Objective):
    """F(alpha) = L_2(w_T(alpha), alpha) for T steps of an optimizer, all of whose parameters are
    given, on L_1(., alpha).

    On a quadratic inner loss the exact unrolled hypergradient of a linear method costs O(p^3) and
    its ``response``: nothing that grows with T where that is in closed form, O(T p^2) for a method
    of one's own, and the run itself where the largest entry of H is beyond 1e-100 to 1e100. H may
    be singular: a minimiser enters for gradient descent alone, where the condition number is at
    most 1e5 and the minimiser at most 30 times as large as w_T. Singular values of the weighted
    data up to max(n, p) eps of the largest count as 0.

    An outer loss that depends on alpha also directly, and a start that does, are part of every
    derivative here. A start that is passed to a method is fixed.

    Parameters
    ----------
    problem
        a bilevel problem.
    optimizer
        a method with every parameter given: a linear one (gradient descent, momentum, a schedule,
        a ``PolynomialOptimizer`` of one's own), an adaptive one (Adam and its like), which has no
        closed form and costs O(T), conjugate gradients, or batches in a given order.

    Raises
    ------
    ValueError
        an optimizer with a free parameter (``JointLoss`` tunes it) or with random steps; a problem
        whose parts do not belong together.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=50, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Reverse())
    >>> bool(abs(found.value - loss.gradient([0.1, -0.2])).max() < 1e-12)
    True
    """

    problem: BilevelProblem
    optimizer: Optimizer

    def __post_init__(self) -> None:
        instance("problem", self.problem, BilevelProblem, "Ridge(train, validation)")
        optimizer = self.optimizer
        instance("optimizer", optimizer, Optimizer, "GradientDescent(steps=100, step_size=0.1)")
        if optimizer.noisy:
            raise ValueError(
                f"optimizer = {show(optimizer)} follows random gradients, a bilevel problem has "
                "exact ones: pass GradientDescent(steps, step_size)"
            )
        optimizer.require_given()
        self.problem.require_complete()

    @property
    def step_size(self) -> float:
        """eta, of an optimizer that has one.

        Raises
        ------
        ValueError
            an optimizer without a step size.
        """
        found = getattr(self.optimizer, "step_size", None)
        if found is None or np.ndim(found):
            raise ValueError(
                f"optimizer = {self.optimizer!r} has no one step size: read its own attributes"
            )
        return float(found)

    def largest_step_size(self, alpha: Numbers) -> float:
        """2 / L at these hyperparameters, beyond which inner training (and a Neumann series) on a
        quadratic diverges.

        Infinite where the inner loss is not quadratic, so that it is not known, and where the
        Hessian is 0.
        """
        return self.problem.at(alpha).largest_step_size()

    def diverges(self, alpha: Numbers) -> bool:
        """Whether a long run is known to diverge: for gradient descent, whether the step size
        exceeds the largest one; for a method without a ``transition``, whether T steps enlarge an
        error.
        """
        if descends(self.optimizer):
            return self.step_size > self.largest_step_size(alpha)
        inner = self.problem.at(alpha)
        optimizer = self.optimizer
        if type(optimizer).transition is not Optimizer.transition:
            return optimizer.own_transition().diverges(inner)
        if not isinstance(optimizer, PolynomialOptimizer):
            return False
        if not has_closed_form(inner, optimizer):
            return False
        found = optimizer.response(inner.eigen[0])
        return bool(found.shift > 0 or np.abs(found.power).max() > 1)

    def trained(self, alpha: Numbers, start: Numbers | None = None) -> Array:
        """w_T by the loop, from ``start`` (default: the problem's)."""
        alpha = self.problem.read(alpha)
        return self.trained_on(self.problem.bound(alpha), self.problem.begin(alpha, start))

    def trained_on(self, inner: InnerLoss, start: Array) -> Array:
        """w_T by the loop on an inner loss that is bound already, from ``start`` (P,)."""
        w = start
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            if self._own is not None:
                return self._finite(self._own.trained(inner, start))
            along = self.optimizer.direction(inner)
            theta = self.optimizer.given_on(inner)
            for state in self.optimizer.run(along.gradient, start, theta):
                w = state
        return self._finite(w)

    def trained_by(self, tape: HyperTape) -> Array:
        """w_T of a tape of this loss, whose run is not made again."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            w = tape.last_weights()
        return self._finite(w)

    def _finite(self, w: Array) -> Array:
        if not np.isfinite(w).all():
            raise OverflowError(
                f"training with {self.optimizer!r} diverges: pass a step_size below 2 / L"
            )
        return w

    def __call__(self, alpha: Numbers, start: Numbers | None = None) -> float:
        """L_2(w_T, alpha)."""
        alpha = self.problem.read(alpha)
        return float(self.problem.outer(self.trained(alpha, start), alpha))

    def gradient(self, alpha: Numbers, start: Numbers | None = None) -> Array:
        """Exact unrolled hypergradient (h,): from the response of the optimizer on a quadratic,
        singular or not, from the Krylov space of conjugate gradients, by whole epochs of batches;
        elsewhere by reverse mode, or by ``definition`` for an optimizer of one's own without a
        ``transition``.

        Raises
        ------
        OverflowError
            a component that float64 cannot hold; ``signed_gradient`` holds it.
        """
        alpha = self.problem.read(alpha)
        inner = self.problem.bound(alpha)
        if self._own is not None:
            value = self._by(self._own, inner, alpha, start)
        elif has_closed_form(inner, self.optimizer):
            value = self._exact(inner, alpha, start)
        elif not descends(self.optimizer) and self.optimizer.has_transition:
            value = self._backward(inner, alpha, start)
        else:
            return self.definition(alpha, start)
        if self.problem.has_direct:
            value = value + self._direct(inner, alpha, start)
        return value

    def signed_gradient(self, alpha: Numbers, start: Numbers | None = None) -> SignLog:
        """The closed form as SignLog: diverging runs (eta > 2/L) do not overflow. Quadratic
        problems only.

        Raises
        ------
        ValueError
            an inner loss that is not quadratic.
        OverflowError
            an outer loss that depends on alpha directly, after a run that diverges.
        """
        alpha = self.problem.read(alpha)
        inner = self.problem.bound(alpha)
        if not has_closed_form(inner, self.optimizer):
            raise ValueError(
                "the inner loss is not quadratic, or the optimizer not linear, or the entries of "
                "the inner Hessian are beyond 1e-100 to 1e100, so it has no closed form: use "
                "gradient or definition, or scale the inner loss"
            )
        value = signed(*self._closed(inner, alpha, start))
        if self.problem.has_direct:
            return value + SignLog.of(self._direct(inner, alpha, start))
        return value

    def _closed(
        self, inner: QuadraticInnerLoss, alpha: Array, start: Numbers | None
    ) -> tuple[Array, float]:
        """(F' / e^shift, shift) by the closed form, without the direct term."""
        moving = None
        if self.problem.start_moves and start is None:
            moving = self.problem.start_jacobian(alpha)
        return closed_form(inner, self.problem.begin(alpha, start), self.optimizer, moving)

    def _exact(self, inner: QuadraticInnerLoss, alpha: Array, start: Numbers | None) -> Array:
        """The same in float64."""
        return rounded(*self._closed(inner, alpha, start))

    @cached_property
    def _own(self) -> OwnRun | None:
        """The run of an optimizer that is more than steps along the inner gradient."""
        return own_run(self.problem, self.optimizer)

    def _by(self, own: OwnRun, inner: InnerLoss, alpha: Array, start: Numbers | None) -> Array:
        """The exact derivative of such a run, without the direct term."""
        first = self.problem.begin(alpha, start)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            value = own.gradient(inner, alpha, first, self._moving(alpha, first, start))
        return self._finite(value)

    def _direct(self, inner: InnerLoss, alpha: Array, start: Numbers | None) -> Array:
        """d L_2 / d alpha at w_T."""
        w = self.trained_on(inner, self.problem.begin(alpha, start))
        return self.problem.direct(w, alpha)

    def implicit(self, alpha: Numbers) -> Array:
        """Exact implicit hypergradient -J(w_*) H^-1 grad L_2(w_*) (h,), the limit T -> infinity,
        of a quadratic, plus the direct term of an outer loss that has one. A weight decay of the
        optimizer is a ridge on it.

        Where float64 may lose all but ten digits of it, which happens where the data do not
        determine w_* and the ridge is small, it is computed in whole numbers from the data as they
        are, at a cost of about min(n, p)^3 / 10^7 seconds: the relative error is then below 1e-14,
        whatever the condition number.

        Raises
        ------
        ValueError
            H is singular to rounding, or an inner loss that is not quadratic.
        OverflowError
            a component that float64 cannot hold.
        """
        alpha = self.problem.read(alpha)
        inner = self.problem.bound(alpha)
        if not isinstance(inner, QuadraticInnerLoss):
            raise ValueError(
                "the inner loss is not quadratic: estimate with Implicit() after enough steps"
            )
        if self.optimizer.ridge:
            inner = with_ridge(inner, self.optimizer.ridge)
        value = -inner.implicit()
        if self.problem.has_direct:
            return value + self.problem.direct(inner.minimizer.ravel(), alpha)
        return value

    def definition(self, alpha: Numbers, start: Numbers | None = None) -> Array:
        """The derivative of the run as it is, by loops, with what depends on alpha beside it.

        For gradient descent, conjugate gradients and given batches reverse mode, sum_t B_t A_{t+1}
        ... A_T grad L_2(w_T); for other optimizers the run itself on weights that carry their h
        derivatives along, at h + 1 times its cost.
        """
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self._finite(self._by_steps(self.problem.read(alpha), start))

    def _by_steps(self, alpha: Array, start: Numbers | None) -> Array:
        """``definition`` at hyperparameters that are checked."""
        problem = self.problem
        inner = problem.bound(alpha)
        first = problem.begin(alpha, start)
        if self._own is not None:
            return self._own.definition(inner, alpha, first, self._moving(alpha, first, start))
        if not descends(self.optimizer):
            moving = self._moving(alpha, first, start)
            return forward_mode(problem, self.optimizer, inner, alpha, first, moving)
        eta = self.step_size
        states = list(self.optimizer.run(inner.gradient, first, eta))
        b = problem.outer_gradient(states[-1], alpha)
        gradient = np.zeros(problem.hyperparameters)
        for w in reversed(states[:-1]):
            gradient = gradient - eta * inner.mixed(w, b)
            b = b - eta * inner.hvp(w, b)
        if problem.start_moves and start is None:
            gradient = gradient + problem.start_jacobian(alpha) @ b
        if problem.has_direct:
            gradient = gradient + problem.direct(states[-1], alpha)
        return gradient

    def _backward(self, inner: InnerLoss, alpha: Array, start: Numbers | None) -> Array:
        """The exact derivative by reverse mode, without the direct term."""
        first: Array | None = None
        if start is not None:
            first = self.problem.begin(alpha, start)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            tape = self.tape_on(inner, alpha, first)
            return self._finite(np.asarray(back_propagated(tape, tape.steps)))

    def _moving(self, alpha: Array, first: Array, start: Numbers | None) -> Array:
        """Rows d w_0 / d alpha_k (h, P), of which a start that was passed has none."""
        if self.problem.start_moves and start is None:
            return self.problem.start_jacobian(alpha)
        return np.zeros((self.problem.hyperparameters, len(first)))

    def sensitivities(self, alpha: Numbers, start: Numbers | None = None) -> Sensitivities:
        """F with its derivatives in every parameter of an adaptive optimizer and in alpha.

        On a quadratic inner loss they have all digits of float64, also next to a zero gradient: T
        steps forwards and backwards in a precision that is doubled until nothing moves, whatever h;
        some O(T P^2) microseconds. On another inner loss the same steps are taken in float64.

        Raises
        ------
        ValueError
            an optimizer that is not adaptive; a point where the derivative does not exist.
        ArithmeticError
            a derivative that 960 digits do not settle.

        Examples
        --------
        At a zero gradient, where automatic differentiation returns nan:

        >>> import quadmeta as qm
        >>> problem = qm.Ridge(train=([[1.0, 0.0]], [2.0]), validation=([[1.0, 1.0]], [1.0]))
        >>> loss = qm.OuterLoss(problem, qm.InnerAdam(steps=5, step_size=0.1))
        >>> found = loss.sensitivities([0.5])
        >>> found.alpha.round(9), round(found.parameters["beta1"], 6)
        (array([0.00251109]), -0.019418)
        """
        alpha = self.problem.read(alpha)
        first = self.problem.begin(alpha, start)
        moving = self._moving(alpha, first, start)
        return sensitivities(self.problem, self.optimizer, alpha, first, moving)

    def tape(
        self,
        theta: Numbers,
        *,
        dtype: str = "float64",
        start: Numbers | None = None,
        renormalised: bool = False,
    ) -> HyperTape:
        """The run of the optimizer with the hyperparameters ``theta`` as parameters.

        Raises
        ------
        ValueError
            another dtype than float64, or a renormalised run.
        """
        alpha = self.problem.read(theta)
        if start is not None:
            start = self.problem.begin(alpha, start)
        inner = self.problem.bound(alpha)
        return self.tape_on(inner, alpha, start, dtype=dtype, renormalised=renormalised)

    def tape_on(
        self,
        inner: InnerLoss,
        alpha: Array,
        start: Array | None = None,
        *,
        dtype: str = "float64",
        renormalised: bool = False,
    ) -> HyperTape:
        """The tape of an inner loss that is bound already, from a checked ``start``."""
        if dtype != "float64":
            raise ValueError(
                f"dtype = {dtype!r} must be 'float64': hypergradients of a bilevel problem run in "
                "float64"
            )
        if renormalised:
            raise ValueError(
                "a renormalised tape needs a logarithm of the inner loss: use LogObjective, or "
                "Reverse for hyperparameters"
            )
        exact: Callable[[], Array] | None = None
        transition = self.optimizer.own_transition()
        if self._own is not None:
            transition = self._own.transition(inner, self.problem.begin(alpha, start))
            exact = partial(self._by, self._own, inner, alpha, start)
        elif has_closed_form(inner, self.optimizer):
            exact = partial(self._exact, inner, alpha, start)
        kind = kind_of_tape(inner, transition)
        return kind(self.problem, inner, alpha, start, self.optimizer.steps, transition, exact)
