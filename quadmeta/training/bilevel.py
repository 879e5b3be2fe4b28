"""Descent on the hyperparameters of a bilevel problem with any estimator, plain or with Adam, with
warm starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, flag, instance, natural, number, shaped, show
from quadmeta.estimators.parts.base import Estimator, Hypergradient, estimated
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss

Memory: TypeAlias = tuple[Array, ...]
"""What a rule keeps from one step to the next; empty at the start of a run."""


class Rule(Protocol):
    """What turns a hypergradient into a step on the hyperparameters."""

    def update(self, k: int, memory: Memory, g: Array) -> tuple[Array, Memory]:
        """(increment of alpha, new memory) at outer step k = 1, 2, ... for the hypergradient g."""
        ...


@dataclass(frozen=True)
class Gradient:
    """Plain gradient descent, alpha <- alpha - step * g.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> qm.Gradient(step=0.5).update(1, (), np.array([2.0]))
    (array([-1.]), ())
    """

    step: float
    """> 0, unit of alpha^2 a loss."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", number("step", self.step, above=0))

    def update(self, k: int, memory: Memory, g: Array) -> tuple[Array, Memory]:
        """(increment, memory) at outer step k = 1, 2, ..."""
        return -self.step * g, ()


@dataclass(frozen=True)
class Adam:
    """Adam's rule (Kingma, Ba 2015), alpha <- alpha - step * m_hat / (sqrt(v_hat) + epsilon).

    The moments m of g and v of g^2 decay by beta_1 and beta_2; the hats correct their start at 0.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> increment, memory = qm.Adam(step=0.1).update(1, (), np.array([2.0, -3.0]))
    >>> increment.round(6)
    array([-0.1,  0.1])
    """

    step: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-12

    def __post_init__(self) -> None:
        for name in ("step", "epsilon"):
            object.__setattr__(self, name, number(name, getattr(self, name), above=0))
        for name in ("beta1", "beta2"):
            object.__setattr__(self, name, number(name, getattr(self, name), least=0, below=1))

    def update(self, k: int, memory: Memory, g: Array) -> tuple[Array, Memory]:
        """(increment, memory) at outer step k = 1, 2, ..."""
        m, v = memory or (0 * g, 0 * g)
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * g**2
        first = m / (1 - self.beta1**k)
        second = v / (1 - self.beta2**k)
        return -self.step * first / (np.sqrt(second) + self.epsilon), (m, v)


@dataclass(frozen=True, eq=False)
class State:
    """Where a descent stands after ``step`` outer steps.

    Passing it back resumes the run to the bit. Its arrays are copies and read-only: nothing written
    to one reaches a run.
    """

    alpha: Array
    """(h,) hyperparameters."""
    start: Array
    """(P,) w_0 of the next inner run."""
    step: int = 0
    memory: Memory = ()
    last: Hypergradient | None = None
    """The estimate that led here."""
    jvps: int = 0
    """Products with the Hessian or the mixed derivative spent so far."""
    outer_gradients: int = 0
    """Gradients of the outer loss spent so far."""
    inner_gradients: int = 0
    """Steps of inner training."""
    solves: int = 0
    """Inner problems solved exactly."""

    def __post_init__(self) -> None:
        for name, shape in (("alpha", "(h,)"), ("start", "(P,)")):
            object.__setattr__(self, name, shaped(name, getattr(self, name), (-1,), shape))
        object.__setattr__(self, "memory", tuple(finite("memory", x) for x in self.memory))
        natural("step", self.step, least=0)


def online(steps: int, estimates: int) -> tuple[int, ...]:
    """The schedule of IFT(N, K) online.

    That is an update after each of the last K = ``estimates`` of T = ``steps`` inner steps. Use it
    as ``schedule`` with ``Neumann(order=N)`` and warm starts; a round spends (N + 1) K products.

    Examples
    --------
    >>> from quadmeta.training.bilevel import online
    >>> online(steps=10, estimates=3)
    (8, 1, 1)
    """
    T = natural("steps", steps)
    K = natural("estimates", estimates)
    if K > T:
        raise ValueError(f"estimates = {K} exceeds steps = {T}: pass at most T")
    return (T - K + 1,) + (1,) * (K - 1)


def bilevel_descent(
    loss: OuterLoss,
    alpha: Numbers,
    estimator: Estimator,
    rule: Rule = Adam(),
    warm: bool = True,
    lower: float | None = None,
    schedule: Sequence[int] = (),
    exact: bool = False,
    unstable: bool = False,
    state: State | None = None,
) -> Iterator[State]:
    """Descent on the hyperparameters of a bilevel problem, without end.

    Each step trains, estimates the hypergradient and moves alpha; the states after 1, 2, ... steps
    are yielded.

    Parameters
    ----------
    loss
        outer loss of a bilevel problem.
    alpha
        initial hyperparameters (h,).
    estimator
        any; each outer step runs it once.
    rule
        ``Adam(step)``, ``Gradient(step)``, or anything with their ``update``.
    warm
        the next inner run starts where this one ended, instead of at the problem's start.
    schedule
        numbers of inner steps between updates, in turn; empty for always ``loss.optimizer.steps``.
    lower
        clip hyperparameters at this value from below, for example 0 for weights.
    exact
        every inner run starts at the minimum of L_1(., alpha), a solve of a quadratic problem; the
        steps of ``loss`` then stay there, and its step size is that of the estimator's products.
    unstable
        go on where the step size exceeds 2/L at the present hyperparameters.
    state
        a state of the same descent to go on from; ``alpha`` is then ignored.

    Raises
    ------
    FloatingPointError
        a step size beyond 2/L that training or the estimator uses, or an estimate or an update
        that is not finite, before it spoils alpha.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.OuterLoss(qm.AuxiliaryTasks.diabetes(), qm.GradientDescent(20, 0.1))
    >>> alpha = [1.0] * loss.problem.hyperparameters
    >>> state = next(qm.bilevel_descent(loss, alpha, qm.Reverse(), qm.Adam(0.1), lower=0.0))
    >>> state.step, state.inner_gradients
    (1, 20)
    """
    instance("loss", loss, OuterLoss, "OuterLoss(problem, GradientDescent(100, 0.1))")
    instance("estimator", estimator, Estimator, "Reverse()")
    if isinstance(rule, type | dict | set) or not callable(getattr(rule, "update", None)):
        instance("rule", rule, (Gradient, Adam), "Adam(0.1)")
    for name, value in (("warm", warm), ("exact", exact), ("unstable", unstable)):
        flag(name, value)
    state = _first(loss, alpha, state)
    if not isinstance(schedule, Sequence) or isinstance(schedule, str):
        raise ValueError(
            f"schedule = {show(schedule)} must be a list of numbers of steps: pass for example "
            "(8, 1, 1)"
        )
    runs = [
        replace(loss, optimizer=loss.optimizer.with_steps(natural("schedule", steps)))
        for steps in schedule
    ]
    if len(runs) > 1 and not warm:
        raise ValueError(
            "warm = False starts every run anew: a schedule of several runs needs warm=True"
        )
    if lower is not None:
        lower = number("lower", lower)
    return _states(runs or [loss], estimator, rule, warm, lower, exact, unstable, state)


def _first(loss: OuterLoss, alpha: Numbers, state: State | None) -> State:
    """Where a descent begins: at ``alpha`` and the problem's start, or at a state of before."""
    problem = loss.problem
    h = problem.hyperparameters
    if state is None:
        first = shaped("alpha", alpha, (h,), f"({h},), one entry a hyperparameter")
        return State(first, problem.start_of(first))
    instance("state", state, State, "one of those that this descent yields")
    of_this_problem = state.alpha.shape == (h,)
    weights = problem.start_of(state.alpha if of_this_problem else np.zeros(h)).shape
    if not of_this_problem or state.start.shape != weights:
        raise ValueError(
            f"state is of another problem, with alpha {state.alpha.shape} and start "
            f"{state.start.shape}: pass one with {(h,)} and {weights}"
        )
    return state


def _states(
    runs: list[OuterLoss],
    estimator: Estimator,
    rule: Rule,
    warm: bool,
    lower: float | None,
    exact: bool,
    unstable: bool,
    state: State,
) -> Iterator[State]:
    settled = exact and not estimator.steps_matter
    while True:
        loss = runs[state.step % len(runs)]
        if settled:  # more steps beyond 2/L would only amplify the rounding of w_*
            loss = replace(loss, optimizer=loss.optimizer.with_steps(1))
        problem = loss.problem
        inner = problem.at(state.alpha)
        # None: the problem's own start, whose derivative counts
        given: Array | None = None
        if exact:
            given = _minimum(inner)
        elif warm or not problem.start_moves:
            given = state.start
        tape = loss.tape_on(
            inner,
            state.alpha,
            given,
            dtype=estimator.dtype,
            renormalised=estimator.renormalised,
        )
        found = estimated(tape, estimator)
        _refuse(found, estimator, state.step + 1, loss, unstable or settled)
        change, memory = rule.update(state.step + 1, state.memory, found.value)
        moved = state.alpha + change
        if lower is not None:
            moved = np.maximum(moved, lower)
        if not np.isfinite(moved).all() or not all(np.isfinite(x).all() for x in memory):
            raise FloatingPointError(
                f"outer step {state.step + 1}: the update is not finite: take a smaller step"
            )
        start = tape.start
        if warm and not exact:
            start = loss.trained_by(tape)
        state = State(
            alpha=moved,
            start=start,
            step=state.step + 1,
            memory=memory,
            last=found,
            jvps=state.jvps + found.jvps,
            outer_gradients=state.outer_gradients + found.outer_gradients,
            inner_gradients=state.inner_gradients + (0 if exact else loss.optimizer.steps),
            solves=state.solves + int(exact),
        )
        yield state


def _minimum(inner: InnerLoss) -> Array:
    """w_* (P,) of the problem at some alpha, by a solve."""
    if not isinstance(inner, QuadraticInnerLoss):
        raise ValueError(
            "exact = True solves a quadratic inner problem: leave it off, and take enough inner "
            "steps"
        )
    minimum: Array = inner.minimizer.ravel()
    return minimum


def _refuse(
    found: Hypergradient, estimator: Estimator, step: int, loss: OuterLoss, unstable: bool
) -> None:
    """Raise where this estimate would spoil alpha."""
    if found.notes["diverges"] and not unstable:
        raise FloatingPointError(
            f"outer step {step}: {found.notes['why']} at these hyperparameters, for "
            f"{loss.optimizer!r}: take smaller steps, or unstable=True to see what happens"
        )
    if found.status != "ok":
        raise FloatingPointError(
            f"outer step {step}: {estimator!r} returned {found.status}: take a step size below "
            "2 / L or fewer products"
        )
