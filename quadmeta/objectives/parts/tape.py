"""What an estimator sees of one unrolled run: states, products, outer gradients, each counted as
it is spent.

A run has states s_0, ..., s_T, an update Phi with parameters theta, and an outer loss of the
weights w(s_T) that it ends with:

    s_{t+1} = Phi(s_t, theta),   A_t = (d Phi / d s)'(s_t),   B_t = (d Phi / d theta)'(s_t)

A_t and B_t are transposed derivatives: they take a cotangent of s_{t+1} back to one of s_t, and to
the parameters. For gradient descent A_t v = v - eta H(w_t) v is one Hessian-vector product and
B_t v one mixed product: -<grad L_1(w_t), v> for the step size and -eta J(w_t) v for
hyperparameters. The two look alike from here. So does an optimizer that carries more than its
weights: a state is then weights and velocity, or weights and moments, an A-product takes one
Hessian product and a B-product one mixed product all the same, and a stored state counts once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, TypeAlias

from quadmeta._types import Array
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.product_sum import ProductSum

State: TypeAlias = Any
"""A state of an optimizer, whatever object its tape makes of it: weights, or weights and momentum,
say.
"""

Derivative: TypeAlias = Array | SignLog | float
"""A derivative with respect to the parameters; ``SignLog`` where float64 would not hold it."""


class Tape(ABC):
    """One unrolled run, as an estimator sees it: its states and its products, with what they cost
    in ``counts``.

    An estimator calls ``stream`` or ``record``, then ``state``, ``A``, ``B``, ``product_sum``,
    ``tangent`` and ``outer_gradient``, and may leave what it learned in ``notes``. Those calls
    count; a subclass defines what they compute:

    - ``initial_state``, ``next_state``: the run. A state is any object; cotangents (v below) are
      arrays, one number for each number of a state.
    - ``state_product`` (A), ``parameter_product`` (B), ``loss_gradient``: what reverse mode needs.
    - ``parameter_columns`` and ``push_state``: what forward mode needs as well.
    - ``weights`` and ``state_of``, where a state is more than its weights.
    - ``direct``, where the outer loss depends on the parameters also directly. ``hypergradient``
      adds it once; no estimator does.
    - ``start_moves``, ``start_product`` and ``start_columns``, where the start depends on the
      parameters. Estimators that are exact in the start (``Reverse``, ``Forward``, ``ClosedForm``
      and ``Truncated`` of all steps) add what comes from it; the others leave it out.
    - ``closed_form`` and ``nonzero``, where the exact derivative is known.

    A product at t = T is one of a further step from s_T: implicit estimators take those, from
    ``plain()``, where states are more than weights.

    Parameters
    ----------
    steps
        T >= 1.
    width
        number h of parameters of one run.

    Examples
    --------
    Three steps w <- theta w on the outer loss w^2 / 2, whose derivative is 3 theta^5:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> class Powers(qm.Tape):
    ...     def __init__(self, theta):
    ...         super().__init__(steps=3, width=1)
    ...         self.theta = theta
    ...     def initial_state(self):
    ...         return np.array([1.0])
    ...     def next_state(self, t, state):
    ...         return self.theta * state
    ...     def state_product(self, t, v, state):
    ...         return self.theta * v
    ...     def parameter_product(self, t, v, state):
    ...         return np.array([v @ state])
    ...     def loss_gradient(self, state):
    ...         return state
    >>> tape = Powers(2.0)
    >>> qm.Reverse().estimate(tape)
    array([96.])
    >>> tape.counts["hvps"], tape.counts["mixed"]
    (2, 3)
    """

    theta: Array
    """The parameters."""
    step_size: Array | float
    """The step size eta, where the run has one, of a shape that broadcasts against weights."""
    step_size_is_tuned = False
    """Whether the parameter is the step size itself."""
    start_moves = False
    """Whether s_0 depends on the parameters."""
    whole = ""
    """Why estimators that leave out or discount steps have no meaning, where they have none."""

    def __init__(self, steps: int, width: int) -> None:
        self.steps = steps
        self.width = width
        self.counts = {"hvps": 0, "mixed": 0, "outer_gradients": 0, "stored_vectors": 0}
        self.notes: dict[str, Any] = {}
        self._states: dict[int, State] = {}

    @abstractmethod
    def initial_state(self) -> State:
        """s_0."""

    @abstractmethod
    def next_state(self, t: int, state: State) -> State:
        """s_{t+1} from s_t."""

    def weights(self, state: State) -> Array:
        """The weights w of a state: by default the state itself."""
        weights: Array = state
        return weights

    def state_of(self, weights: Array) -> State:
        """A state with these weights, at which an estimator takes a product away from the run.

        Raises
        ------
        ValueError
            a state that is more than its weights, on a tape that does not say how to make one.
        """
        if type(self).weights is not Tape.weights:
            raise ValueError(
                f"{type(self).__name__} has states that are more than their weights: define "
                "state_of(weights), or use an estimator that stays on the run, such as Reverse"
            )
        return weights

    @abstractmethod
    def state_product(self, t: int, v: Array, state: State) -> Array:
        """A_t v at ``state``; v may be several cotangents, as rows."""

    @abstractmethod
    def parameter_product(self, t: int, v: Array, state: State) -> Array:
        """B_t v at ``state``, shape (h,)."""

    @abstractmethod
    def loss_gradient(self, state: State) -> Array:
        """Gradient of the outer loss at ``state``, a cotangent."""

    def push_state(self, t: int, z: Array, state: State) -> Array:
        """(d Phi / d s) z for tangents z (h, n): A' z, which is A z where A is symmetric.

        Raises
        ------
        ValueError
            a tape that does not define it.
        """
        raise self._no_forward_mode("push_state(t, z, state)")

    def parameter_columns(self, t: int, state: State) -> Array:
        """d s_{t+1} / d theta at fixed s_t, one row a parameter, (h, n).

        Raises
        ------
        ValueError
            a tape that does not define it.
        """
        raise self._no_forward_mode("parameter_columns(t, state)")

    def _no_forward_mode(self, missing: str) -> ValueError:
        return ValueError(
            f"{type(self).__name__} has no forward mode: define {missing}, or use Reverse"
        )

    def direct(self) -> Array | float:
        """d L_2 / d theta at fixed w_T, shape (h,): 0, unless the outer loss depends on theta."""
        return 0.0

    def start_product(self, v: Array) -> Array:
        """(d s_0 / d theta)' v, shape (h,), for a cotangent v of s_0."""
        raise self._no_start("start_product(v)")

    def start_columns(self) -> Array:
        """d s_0 / d theta, one row a parameter, (h, n)."""
        raise self._no_start("start_columns()")

    def _no_start(self, missing: str) -> ValueError:
        return ValueError(
            f"{type(self).__name__} has a start that moves with its parameters: define {missing}"
        )

    def closed_form(self) -> Derivative | None:
        """The exact derivative without its direct term, at no product; None where there is none."""
        return None

    def nonzero(self) -> Array | bool:
        """Where the exact derivative is known not to be 0, so that a 0 is a failure of the format.

        One entry a run; False where it is not known.
        """
        return False

    def null_share(self, v: Array) -> tuple[float, float] | None:
        """(share of the norm of v that lies in the null space of I - A at w_T, what rounding makes
        of 0).

        A fact about the problem, not a product: None where it is not known.
        """
        return None

    def curvatures(self) -> tuple[float, float] | None:
        """The least and the largest eigenvalue of the inner Hessian at w_T: no product, and None
        where they are not known.
        """
        return None

    def plain(self, *, series: bool = False) -> "Tape":
        """The run as implicit estimators see it, whose A is I - nu H(w_t) and B -nu J(w_t).

        That is this tape itself, unless its states are more than weights: their fixed point is
        then that of a plain gradient step on the weights alone, and H may be asked to be
        symmetric. ``series`` is True for estimators that depend on nu.
        """
        return self

    def diverged(self) -> str:
        """What to say of a run whose w_T is not finite."""
        return "the inner run diverged, w_T is not finite: pass a smaller step size"

    @property
    def derivative_shape(self) -> tuple[int, ...]:
        """Shape of the derivative: (h,), one entry a parameter."""
        return (self.width,)

    @property
    def start(self) -> Array:
        """w_0."""
        return self.weights(self.initial_state())

    def stream(self) -> Iterator[int]:
        """t = 0..T-1 with s_t and s_{t+1} there, forgetting s_t afterwards; s_T stays."""
        self.keep(1)
        self._states = {0: self.initial_state()}
        for t in range(self.steps):
            self._states[t + 1] = self.next_state(t, self._states[t])
            yield t
            del self._states[t]

    def record(self, last: int | None = None) -> None:
        """Run all T steps and keep the states before the ``last`` ones (default: all T of them)
        and s_T.
        """
        if last is None:
            last = self.steps
        if last < self.steps:
            self.require_parts()
        self.keep(last)
        self._states = {0: self.initial_state()}
        for t in range(self.steps):
            self._states[t + 1] = self.next_state(t, self._states[t])
            if t < self.steps - last:
                del self._states[t]

    def state(self, t: int) -> State:
        """s_t, for t that ``stream`` or ``record`` keeps.

        Raises
        ------
        ValueError
            a state that the run did not keep, or not yet.
        """
        if t not in self._states:
            raise ValueError(
                f"t = {t} is no state that the tape keeps: call record() or stream() first, and "
                "record(K) for the states before the last K steps"
            )
        return self._states[t]

    def last_weights(self) -> Array:
        """w_T; the run is made if it was not yet, at no product."""
        if self.steps not in self._states:
            for _ in self.stream():
                pass
        return self.weights(self._states[self.steps])

    def A(self, t: int, v: Array, at: State | None = None) -> Array:
        """A_t v, at s_t or at another state; rows of v are counted one by one."""
        state = self._at(t, at)
        self.counts["hvps"] += self._rows(v, state)
        return self.state_product(t, v, state)

    def B(self, t: int, v: Array, at: State | None = None) -> Array:
        """B_t v, at s_t or at another state."""
        return self.parameter_product(t, v, self.counted(t, at))

    def counted(self, t: int, at: State | None) -> State:
        """The state of a B-product, which counts."""
        self.counts["mixed"] += 1
        return self._at(t, at)

    def product_sum(self) -> ProductSum:
        """An empty sum of B-products, which may be faster than their values one by one."""
        return ProductSum(self.B)

    def push(self, t: int, z: Array) -> Array:
        """Tangents z (h, n) of s_t as tangents of s_{t+1} at fixed parameters, counted like A."""
        state = self._at(t, None)
        self.counts["hvps"] += self._rows(z, state)
        return self.push_state(t, z, state)

    def tangent(self, t: int) -> Array:
        """d s_{t+1} / d theta at fixed s_t, one row a parameter: the columns that B contracts."""
        self.counts["mixed"] += self.width
        return self.parameter_columns(t, self._at(t, None))

    def last_tangents(self) -> Array:
        """z_T = d s_T / d theta, one row a parameter, run along with the states: z_{t+1} = A_t'
        z_t + B_t'. Where z_0 = 0, the first A-product is not spent.
        """
        z: Array | None = None
        if self.start_moves:
            z = self.start_columns()
        for t in self.stream():
            if z is None:
                z = self.tangent(t)
            else:
                z = self.push(t, z) + self.tangent(t)
        assert z is not None  # T >= 1
        return z

    def outer_gradient(self, t: int | None = None, at: State | None = None) -> Array:
        """Gradient of the outer loss at s_t, by default at s_T, or at another state."""
        self.counts["outer_gradients"] += 1
        if t is None:
            t = self.steps
        if t < self.steps:
            self.require_parts()
        return self.loss_gradient(self._at(t, at))

    def keep(self, states: int) -> None:
        """Count the states that an estimator keeps of a run of its own."""
        self.counts["stored_vectors"] = max(self.counts["stored_vectors"], states)

    def require_parts(self) -> None:
        """Refuse an estimator that leaves out or discounts steps, where that has no meaning.

        Raises
        ------
        ValueError
            with the reason.
        """
        if self.whole:
            raise ValueError(self.whole)

    def _at(self, t: int, other: State | None) -> State:
        if other is None:
            return self.state(t)
        return other

    def _rows(self, v: Array, state: State) -> int:
        """How many vectors v holds: one, unless it has an axis more than weights have."""
        if v.ndim <= self.weights(state).ndim:
            return 1
        return len(v)


def back_propagated(tape: Tape, steps: int) -> Derivative:
    """sum of B_t A_{t+1} ... A_T g_T over the last ``steps`` steps t.

    An A-product whose result no B-product would take is not spent. Through all T steps what a
    moving start contributes is part of the sum.
    """
    T = tape.steps
    tape.record(steps)
    v = tape.outer_gradient()
    total = tape.product_sum()
    for t in reversed(range(T - steps, T)):
        total.add(t, v)
        if t > T - steps:
            v = tape.A(t, v)
    if tape.start_moves and steps == T:
        return total.value() + tape.start_product(tape.A(0, v))
    return total.value()
