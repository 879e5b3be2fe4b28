"""Descent on the hyperparameters of a bilevel problem with any estimator, plain or with Adam, with
warm starts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, flag, instance, natural, number, shaped, show
from quadmeta.estimators.parts.base import Estimator, Hypergradient, estimated
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


@dataclass(frozen=True)
class Gradient:
    """alpha <- alpha - step * g."""

    step: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", number("step", self.step, above=0))

    def update(
        self, k: int, memory: tuple[Array, ...], g: Array
    ) -> tuple[Array, tuple[Array, ...]]:
        """(increment, memory) at outer step k = 1, 2, ..."""
        return -self.step * g, ()


@dataclass(frozen=True)
class Adam:
    """alpha <- alpha - step * m_hat / (sqrt(v_hat) + epsilon), moments decaying by beta_1, beta_2
    (Kingma, Ba 2015).
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

    def update(
        self, k: int, memory: tuple[Array, ...], g: Array
    ) -> tuple[Array, tuple[Array, ...]]:
        """(increment, memory) at outer step k = 1, 2, ..."""
        m, v = memory or (0 * g, 0 * g)
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * g**2
        first = m / (1 - self.beta1**k)
        second = v / (1 - self.beta2**k)
        return -self.step * first / (np.sqrt(second) + self.epsilon), (m, v)


@dataclass(frozen=True, eq=False)
class State:
    """Where a descent stands after ``step`` outer steps; passing it back resumes the run to the
    bit.

    Its arrays are copies and read-only: nothing written to one reaches a run.
    """

    alpha: Array
    start: Array
    """w_0 of the next inner run."""
    step: int = 0
    memory: tuple[Array, ...] = ()
    last: Hypergradient | None = None
    """The estimate that led here."""
    jvps: int = 0
    """Spent so far."""
    outer_gradients: int = 0
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
    """The schedule of IFT(N, K) online: an update after each of the last K = ``estimates`` of T
    inner steps.

    Use it as ``schedule`` with ``Neumann(order=N)`` and warm starts; the count of a round is (N
    + 1) K.
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
    rule: Gradient | Adam = Adam(),
    warm: bool = True,
    lower: float | None = None,
    schedule: Sequence[int] = (),
    exact: bool = False,
    unstable: bool = False,
    state: State | None = None,
) -> Iterator[State]:
    """States after 1, 2, ... outer steps, without end.

    Parameters
    ----------
    loss
        outer loss of a bilevel problem.
    alpha
        initial hyperparameters (h,).
    estimator
        any; each outer step runs it once.
    rule
        ``Adam(step)`` or ``Gradient(step)``.
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
        replace(loss, optimizer=replace(loss.optimizer, steps=natural("schedule", steps)))
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
    rule: Gradient | Adam,
    warm: bool,
    lower: float | None,
    exact: bool,
    unstable: bool,
    state: State,
) -> Iterator[State]:
    while True:
        loss = runs[state.step % len(runs)]
        # more steps beyond 2/L would only amplify the rounding of w_*
        if exact and not estimator.steps_matter:
            loss = replace(loss, optimizer=replace(loss.optimizer, steps=1))
        problem = loss.problem
        inner = problem.at(state.alpha)
        # None: the problem's own start, whose derivative counts
        given: Array | None = None
        if exact:
            given = _minimum(inner)
        elif warm or not problem.start_moves:
            given = state.start
        begin = problem.begin(state.alpha, given)
        tape = loss.tape_on(
            inner,
            state.alpha,
            given,
            dtype=estimator.dtype,
            renormalised=estimator.renormalised,
        )
        found = estimated(tape, estimator)
        _refuse(
            found,
            estimator,
            state.step + 1,
            loss.step_size,
            unstable or exact and not estimator.steps_matter,
        )
        change, memory = rule.update(state.step + 1, state.memory, found.value)
        moved = state.alpha + change
        if lower is not None:
            moved = np.maximum(moved, lower)
        if not np.isfinite(moved).all() or not all(np.isfinite(x).all() for x in memory):
            raise FloatingPointError(
                f"outer step {state.step + 1}: the update is not finite: take a smaller step"
            )
        if exact or not warm:
            start = begin
        else:
            start = loss.trained_on(inner, begin)
        if exact:
            steps, solves = 0, 1
        else:
            steps, solves = loss.optimizer.steps, 0
        state = State(
            alpha=moved,
            start=start,
            step=state.step + 1,
            memory=memory,
            last=found,
            jvps=state.jvps + found.jvps,
            outer_gradients=state.outer_gradients + found.outer_gradients,
            inner_gradients=state.inner_gradients + steps,
            solves=state.solves + solves,
        )
        yield state


def _minimum(inner: InnerLoss) -> Array:
    if not isinstance(inner, QuadraticInnerLoss):
        raise ValueError(
            "exact = True solves a quadratic inner problem: leave it off, and take enough inner "
            "steps"
        )
    return inner.minimizer.ravel()


def _refuse(
    found: Hypergradient, estimator: Estimator, step: int, step_size: float, unstable: bool
) -> None:
    if found.notes["diverges"] and not unstable:
        raise FloatingPointError(
            f"outer step {step}: step_size = {step_size:.6g} exceeds 2/L = "
            f"{found.notes['2/L']:.6g} at these hyperparameters: pass a smaller one, or "
            "unstable=True to see what happens"
        )
    if found.status != "ok":
        raise FloatingPointError(
            f"outer step {step}: {estimator!r} returned {found.status}: take a step size below "
            "2 / L or fewer products"
        )
