"""What Adagrad, RMSprop, Adam and AdamW share: steps that are divided by the root of past squares.

With g = grad f(w_t) every coordinate has a first moment m and a second moment v,

    m <- keep_1 m + take_1 g,    v <- keep_2 v + take_2 g^2,
    u = (m / scale_1) / (sqrt(v / scale_2 + root_epsilon) + epsilon),
    w <- w - step_size (u + weight_decay w),

and a method says by its six ``Rates`` what they are. These methods are not linear in the error:
they have no residual polynomial and no closed form in T, so that everything here is O(T).

Where v = 0 the step has a derivative that its parts do not have: see ``normalised``.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from quadmeta._types import Arithmetic
from quadmeta._validate import natural, number
from quadmeta.optimizers.parts.adaptive.normalised import Moments, Rates, normalised
from quadmeta.optimizers.parts.adaptive.step import AdaptiveStep
from quadmeta.optimizers.parts.base import Optimizer


@dataclass(frozen=True, repr=False)
class Adaptive(Optimizer):
    """T = ``steps`` steps, with every parameter given."""

    steps: int
    step_size: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        for name in self.names:
            value = number(name, getattr(self, name), **_RANGE[name])
            object.__setattr__(self, name, value)

    @abstractmethod
    def rates(self, t: int, theta: Mapping[str, Any]) -> Rates:
        """The rates of step t = 1, ..., T for parameters by name, in ``+ - * / **``."""

    @property
    def free(self) -> tuple[str, ...]:
        """(): nothing is left free."""
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its parameters, in the order of ``given``."""
        return tuple(field.name for field in fields(self) if field.name != "steps")

    @property
    def given(self) -> tuple[float, ...]:
        """The values of its parameters: what ``run`` takes as theta."""
        return tuple(getattr(self, name) for name in self.names)

    def __repr__(self) -> str:
        given = (f", {name}={getattr(self, name):.6g}" for name in self.names)
        return f"{type(self).__name__}(steps={self.steps}{''.join(given)})"

    def run(
        self, gradient: Callable[[Any], Any], start: Any, theta: Sequence[Arithmetic]
    ) -> Iterator[Any]:
        """The T + 1 iterates from ``start``, for one value of each of ``names``, in float64, mpf
        or jets of them.

        Raises
        ------
        ValueError
            a coordinate whose denominator is 0; jets where the derivative does not exist.
        """
        for state in self.states(gradient, start, theta):
            yield state.w

    def states(
        self, gradient: Callable[[Any], Any], start: Any, theta: Sequence[Arithmetic]
    ) -> Iterator[Moments]:
        """The same with the moments."""
        values = dict(zip(self.names, theta, strict=True))
        state = Moments(start, 0 * start, 0 * start)
        yield state
        for t in range(1, self.steps + 1):
            state = self.step(t, state, gradient(state.w), values)
            yield state

    def step(self, t: int, state: Moments, g: Any, theta: Mapping[str, Any]) -> Moments:
        """The state after step t at the gradient g."""
        rates = self.rates(t, theta)
        # arrays stand first: an mpf that meets an array on its right spells it out for an error
        m = state.m * rates.keep_1 + g * rates.take_1
        v = state.v * rates.keep_2 + g**2 * rates.take_2
        square = v / rates.scale_2 + theta["root_epsilon"]
        direction = normalised(m / rates.scale_1, square, theta["epsilon"])
        if "weight_decay" in theta:
            direction = direction + state.w * theta["weight_decay"]
        return Moments(state.w - direction * theta["step_size"], m, v)

    def transition(self) -> AdaptiveStep:
        """One step on (w, m, v) with its derivatives."""
        return AdaptiveStep(self)


_RANGE: dict[str, dict[str, Any]] = {
    "step_size": {"above": 0.0},
    "beta1": {"least": 0.0, "below": 1.0},
    "beta2": {"least": 0.0, "below": 1.0},
    "epsilon": {"least": 0.0},
    "root_epsilon": {"least": 0.0},
    "weight_decay": {"least": 0.0},
}
