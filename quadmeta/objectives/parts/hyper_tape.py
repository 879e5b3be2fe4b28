"""The run of gradient descent on a bilevel problem with its hyperparameters as parameters, in
float64.
"""

from collections.abc import Callable

import numpy as np

from quadmeta._types import Array
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss


class HyperTape(Tape):
    """A v = v - eta H(w) v, B v = -eta J(w) v, outer gradient grad L_2(w); a state is its weights.

    Parameters
    ----------
    problem
        a bilevel problem.
    inner
        its inner loss at the hyperparameters.
    alpha
        the hyperparameters (h,), checked.
    start
        w_0 (P,), checked, where it is another one than the problem's own; it is then taken as
        fixed.
    steps, step_size
        T and eta.
    exact
        the exact unrolled derivative without the direct term, where there is a closed form.
    """

    def __init__(
        self,
        problem: BilevelProblem,
        inner: InnerLoss,
        alpha: Array,
        start: Array | None,
        steps: int,
        step_size: float,
        exact: Callable[[], Array] | None = None,
    ) -> None:
        super().__init__(steps=steps, width=problem.hyperparameters)
        self.problem = problem
        self.inner = inner
        self.theta = alpha
        self.step_size = step_size
        self.first = problem.begin(alpha, start)
        self.start_moves = problem.start_moves and start is None
        self._exact = exact
        self.notes["2/L"] = inner.largest_step_size()
        self.notes["diverges"] = step_size > self.notes["2/L"]

    def initial_state(self) -> Array:
        """w_0."""
        return self.first

    def next_state(self, t: int, state: Array) -> Array:
        """w - eta grad L_1(w)."""
        return state - self.step_size * self.inner.gradient(state)

    def state_product(self, t: int, v: Array, state: Array) -> Array:
        """v - eta H(w) v."""
        return v - self.step_size * self.inner.hvp(state, v)

    def parameter_product(self, t: int, v: Array, state: Array) -> Array:
        """-eta J(w) v."""
        return -self.step_size * self._read("mixed", self.inner.mixed(state, v), (self.width,))

    def loss_gradient(self, state: Array) -> Array:
        """grad L_2(w)."""
        gradient = self.problem.outer_gradient(state, self.theta)
        return self._read("outer_gradient", gradient, state.shape)

    def push_state(self, t: int, z: Array, state: Array) -> Array:
        """As A, which is symmetric."""
        return self.state_product(t, z, state)

    def parameter_columns(self, t: int, state: Array) -> Array:
        """-eta J(w)."""
        shape = (self.width, *state.shape)
        return -self.step_size * self._read("jacobian", self.inner.jacobian(state), shape)

    def direct(self) -> Array | float:
        """d L_2 / d alpha at w_T."""
        if not self.problem.has_direct:
            return 0.0
        found = self.problem.direct(self.last_weights(), self.theta)
        return self._read("direct", found, (self.width,))

    def start_product(self, v: Array) -> Array:
        """(d w_0 / d alpha) v."""
        return self.start_columns() @ v

    def start_columns(self) -> Array:
        """d w_0 / d alpha."""
        found = self.problem.start_jacobian(self.theta)
        return self._read("start_jacobian", found, (self.width, *self.first.shape))

    def closed_form(self) -> Derivative | None:
        """Where the inner loss is quadratic.

        Raises
        ------
        OverflowError
            a component that float64 cannot hold.
        """
        if self._exact is None:
            return None
        return self._exact()

    def null_share(self, v: Array) -> tuple[float, float] | None:
        """From the eigenvalues of a quadratic."""
        return self.inner.null_share(v)

    def diverged(self) -> str:
        """With the step size and the largest stable one."""
        return (
            f"the inner run diverged, w_T is not finite: step_size = {self.step_size:.6g} must be "
            f"below 2/L = {self.notes['2/L']:.6g}"
        )

    def _read(self, name: str, value: Array, shape: tuple[int, ...]) -> Array:
        """What a problem returned, if it has the right shape."""
        array = np.asarray(value)
        if array.shape != shape:
            raise ValueError(
                f"{type(self.problem).__name__}: {name} returns shape {array.shape}, it must have "
                f"shape {shape}: return one entry a hyperparameter and a weight"
            )
        return array
