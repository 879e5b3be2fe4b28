"""The run of an inner optimizer on a bilevel problem with its hyperparameters as parameters, in
float64.
"""

from collections.abc import Callable, Iterator

import numpy as np

from quadmeta._types import Array
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.optimizers.parts.transition import Blocks, PlainStep, Transition
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss


class HyperTape(Tape):
    """A state is what the optimizer carries, its blocks one after the other, and the weights are
    the first of them; A and B are what its transition says.

    For gradient descent A v = v - eta H(w) v and B v = -eta J(w) v. Whatever the optimizer, A
    counts as one Hessian product and B as one mixed product (those of conjugate gradients take two
    of each), and the outer gradient is grad L_2(w) in the block of the weights and 0 elsewhere.

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
    steps
        T.
    transition
        one step of the optimizer.
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
        transition: Transition,
        exact: Callable[[], Array] | None = None,
    ) -> None:
        super().__init__(steps=steps, width=problem.hyperparameters)
        self.problem = problem
        self.inner = inner
        self.theta = alpha
        self.transition = transition
        self.first = problem.begin(alpha, start)
        self.start_moves = problem.start_moves and start is None
        self._exact = exact
        self.whole = transition.whole
        if transition.step_size is not None:
            self.step_size = transition.step_size
        self.notes["2/L"] = inner.largest_step_size()
        self.notes["diverges"] = transition.diverges(inner)
        if self.notes["diverges"]:
            self.notes["why"] = transition.why(inner)

    def initial_state(self) -> Array:
        """w_0, and what the optimizer carries beside."""
        return _joined(self.transition.state0(self.first))

    def weights(self, state: Array) -> Array:
        """The first P numbers."""
        return state[: len(self.first)]

    def state_of(self, weights: Array) -> Array:
        """What the optimizer carries away from its run.

        Raises
        ------
        ValueError
            a method that has no such state.
        """
        return _joined(self.transition.away(weights))

    def next_state(self, t: int, state: Array) -> Array:
        """A step of the optimizer."""
        return _joined(self.transition.next_state(t, self.blocks(state), self.inner))

    def state_product(self, t: int, v: Array, state: Array) -> Array:
        """The transposed derivative of a step in its state."""
        found = self.transition.pull(t, self.blocks(v), self.blocks(state), self.inner)
        return _joined(found)

    def parameter_product(self, t: int, v: Array, state: Array) -> Array:
        """The transposed derivative of a step in alpha."""
        found = self.transition.parameter(t, self.blocks(v), self.blocks(state), self.inner)
        return self._read("mixed", found, (self.width,))

    def loss_gradient(self, state: Array) -> Array:
        """grad L_2(w), and 0 for what is not a weight."""
        w = self.weights(state)
        gradient = self.problem.outer_gradient(w, self.theta)
        return self.padded(self._read("outer_gradient", gradient, w.shape), len(state))

    def push_state(self, t: int, z: Array, state: Array) -> Array:
        """The derivative of a step in its state."""
        found = self.transition.push(t, self.blocks(z), self.blocks(state), self.inner)
        return _joined(found)

    def parameter_columns(self, t: int, state: Array) -> Array:
        """The derivative of a step in alpha."""
        found = _joined(self.transition.columns(t, self.blocks(state), self.inner))
        return self._read("jacobian", found, (self.width, *state.shape))

    def blocks(self, x: Array) -> Blocks:
        """A state, a cotangent or rows of them, block by block."""
        P = len(self.first)
        if x.shape[-1] == P:
            return (x,)
        return tuple(x[..., k : k + P] for k in range(0, x.shape[-1], P))

    @staticmethod
    def padded(x: Array, size: int) -> Array:
        """x, and zeros behind it, of this size in all."""
        if x.shape[-1] == size:
            return x
        found: Array = np.concatenate([x, np.zeros((*x.shape[:-1], size - x.shape[-1]))], axis=-1)
        return found

    def direct(self) -> Array | float:
        """d L_2 / d alpha at w_T."""
        if not self.problem.has_direct:
            return 0.0
        found = self.problem.direct(self.last_weights(), self.theta)
        return self._read("direct", found, (self.width,))

    def start_product(self, v: Array) -> Array:
        """(d w_0 / d alpha) v, with what follows w_0 in the state."""
        return self.start_columns() @ v

    def start_columns(self) -> Array:
        """d s_0 / d alpha."""
        found = self.problem.start_jacobian(self.theta)
        read = self._read("start_jacobian", found, (self.width, *self.first.shape))
        return _joined(self.transition.state0(read))

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
        """From the eigenvalues of a quadratic, where the method adds no ridge to it."""
        if self.transition.ridge:
            return None
        return self.inner.null_share(v)

    def curvatures(self) -> tuple[float, float] | None:
        """From the eigenvalues of a quadratic, with the ridge that the method adds."""
        known = self.inner.curvatures()
        if known is None:
            return None
        return known[0] + self.transition.ridge, known[1] + self.transition.ridge

    def diverged(self) -> str:
        """With the step size and the largest stable one, of gradient descent."""
        if not isinstance(self.transition, PlainStep):
            return super().diverged()
        return (
            f"the inner run diverged, w_T is not finite: step_size = {self.step_size:.6g} must be "
            f"below 2/L = {self.transition.largest_step_size(self.inner):.6g}"
        )

    def plain(self, *, series: bool = False) -> "HyperTape":
        """Itself, if it is a run of gradient descent; else its weights, with the products of a
        step of gradient descent at them. The step size is the method's own, or 1 / L.

        Raises
        ------
        ValueError
            a method whose fixed point is that of no such step; for a series, one without a step
            size where L is not known.
        """
        if isinstance(self.transition, PlainStep):
            return self
        step = self.transition.plain()
        if not step.step_size:
            step = PlainStep(self._safe_step(step.ridge, series), step.ridge)
        if series and step.diverges(self.inner):
            # the run may converge for all that
            self.notes["diverges"] = True
            self.notes["why"] = f"a series with the {step.why(self.inner)}"
        return WeightsTape(self, step)

    def _safe_step(self, ridge: float, series: bool) -> float:
        """1 / L; 1 where L is not known or 0, for solves, which do not depend on it."""
        largest = self.inner.largest_step_size()
        if 0 < largest < np.inf:
            return largest / (2 + ridge * largest)
        if series:
            raise ValueError(
                "the inner optimizer has no step size of its own and 2 / L is not known, so that "
                "a Neumann series has none: use Implicit or ConjugateGradient"
            )
        return 1.0

    def _read(self, name: str, value: Array, shape: tuple[int, ...]) -> Array:
        """What a problem returned, if it has the right shape."""
        array = np.asarray(value)
        if array.shape != shape:
            raise ValueError(
                f"{type(self.problem).__name__}: {name} returns shape {array.shape}, it must have "
                f"shape {shape}: return one entry a hyperparameter and a weight"
            )
        return array


class WeightsTape(HyperTape):
    """The weights of another tape's run, with the products of plain steps at them; what they cost
    is counted there.
    """

    def __init__(self, run: HyperTape, step: PlainStep) -> None:
        super().__init__(run.problem, run.inner, run.theta, None, run.steps, step)
        self.run = run
        self.first = run.first
        self.start_moves = run.start_moves
        self.counts = run.counts
        self.notes = run.notes

    def stream(self) -> Iterator[int]:
        """The steps of the run."""
        return self.run.stream()

    def record(self, last: int | None = None) -> None:
        """The run, and its states before the last steps."""
        self.run.record(last)

    def state(self, t: int) -> Array:
        """w_t."""
        return self.run.weights(self.run.state(t))

    def last_weights(self) -> Array:
        """w_T."""
        return self.run.last_weights()

    def diverged(self) -> str:
        """As the run."""
        return self.run.diverged()


def _joined(blocks: Blocks) -> Array:
    """The blocks one after the other."""
    if len(blocks) == 1:
        return blocks[0]
    found: Array = np.concatenate(blocks, axis=-1)
    return found
