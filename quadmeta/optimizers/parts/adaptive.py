"""What Adagrad, RMSprop, Adam and AdamW share: steps that are divided by the root of past squares.

With g = grad f(w_t) every coordinate has a first moment m and a second moment v,

    m <- keep_1 m + take_1 g,    v <- keep_2 v + take_2 g^2,
    u = (m / scale_1) / (sqrt(v / scale_2 + root_epsilon) + epsilon),
    w <- w - step_size (u + weight_decay w),

and a method says by its six ``Rates`` what they are. These methods are not linear in the error:
they have no residual polynomial and no closed form in T, so that everything here is O(T).

Where all past gradients of a coordinate are 0, so are v and m, and the root has no derivative. u
has one: |m| <= C sqrt(v) (Cauchy-Schwarz), so that with root_epsilon = 0

    u - m / (scale_1 epsilon) = -m sqrt(v) / (...) = O(|dg|^2),   du = dm / (scale_1 epsilon).

u is then once differentiable, not twice.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Arithmetic
from quadmeta._validate import natural, number
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.root import square_root
from quadmeta.optimizers.parts.base import Optimizer


class Rates(NamedTuple):
    """How one step mixes moments and gradient, in the arithmetic of the parameters."""

    keep_1: Any
    take_1: Any
    scale_1: Any
    keep_2: Any
    take_2: Any
    scale_2: Any


class Moments(NamedTuple):
    """A state: weights, first and second moment, arrays of one shape."""

    w: Any
    m: Any
    v: Any


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
            state = self.moved(t, state, gradient(state.w), values)
            yield state

    def moved(self, t: int, state: Moments, g: Any, theta: Mapping[str, Any]) -> Moments:
        """The state after step t at the gradient g."""
        rates = self.rates(t, theta)
        m = rates.keep_1 * state.m + rates.take_1 * g
        v = rates.keep_2 * state.v + rates.take_2 * g**2
        square = v / rates.scale_2 + theta["root_epsilon"]
        direction = normalised(m / rates.scale_1, square, theta["epsilon"])
        if "weight_decay" in theta:
            direction = direction + theta["weight_decay"] * state.w
        return Moments(state.w - theta["step_size"] * direction, m, v)


def normalised(m: Any, square: Any, epsilon: Any) -> Any:
    """m / (sqrt(square) + epsilon), with the derivative dm / epsilon where m = square = 0.

    Raises
    ------
    ValueError
        a denominator that is 0; or, for jets, square = 0 where m is not 0, a kink.
    """
    size = square_root(square) + epsilon
    if np.any(plain(size) == 0):
        raise ValueError(
            "epsilon = root_epsilon = 0 divides by 0 where all gradients of a coordinate have "
            "been 0, and no derivative exists there: pass epsilon > 0"
        )
    if isinstance(square, Jet) and np.any((square.value == 0) & (plain(m) != 0)):
        raise kink()
    return m / size


def kink() -> ValueError:
    """What to say where v = 0 and m is not."""
    return ValueError(
        "the second moment of a coordinate is 0 and its first moment is not, where the step has a "
        "kink and no derivative: pass beta2 > 0, or root_epsilon > 0 if squares underflow"
    )


def plain(x: Any) -> Any:
    """The value of a jet; anything else itself."""
    if isinstance(x, Jet):
        return x.value
    return x


_RANGE: dict[str, dict[str, Any]] = {
    "step_size": {"above": 0.0},
    "beta1": {"least": 0.0, "below": 1.0},
    "beta2": {"least": 0.0, "below": 1.0},
    "epsilon": {"least": 0.0},
    "root_epsilon": {"least": 0.0},
    "weight_decay": {"least": 0.0},
}
