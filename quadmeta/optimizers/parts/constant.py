"""Plain steps of one size, along exact or noisy gradients."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic
from quadmeta._validate import natural, number, show
from quadmeta.arithmetic.differences import Differences
from quadmeta.arithmetic.jet import Jet

_MOST = 10**300


def in_arithmetic(value: float, like: Any) -> Any:
    """A float that is given, as exact number of the type that an object array holds; elsewhere it
    is one already. ``like`` may be a jet of such an array.
    """
    while isinstance(like, Jet):
        like = like.value
    if isinstance(like, Differences):
        like = like.left
    if not (isinstance(like, np.ndarray) and like.dtype.hasobject):
        return value
    top, bottom = value.as_integer_ratio()
    return (like * 0 + top) / bottom


@dataclass(frozen=True, repr=False)
class ConstantStep:
    """w_{t+1} = w_t - eta g(w_t) for t < T = ``steps``; without ``step_size``, eta (unit 1/lambda)
    is tuned.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or ``step_size`` is not a number > 0.
    """

    steps: int
    step_size: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        if self.steps > _MOST:
            raise ValueError(
                f"steps = {show(self.steps)} must be at most 1e300, so that logarithms of powers "
                "fit: pass fewer"
            )
        if self.step_size is not None:
            eta = number(
                "step_size",
                self.step_size,
                above=0,
                remedy="pass one step size, or None to tune it",
            )
            object.__setattr__(self, "step_size", eta)

    @property
    def free(self) -> tuple[str, ...]:
        """("step_size",) unless it is given."""
        if self.step_size is None:
            return ("step_size",)
        return ()

    @property
    def given(self) -> float:
        """eta.

        Raises
        ------
        ValueError
            it is free.
        """
        if self.step_size is None:
            raise ValueError(
                f"optimizer = {self!r} leaves its step size free: pass "
                f"{type(self).__name__}(steps, step_size)"
            )
        return self.step_size

    def __repr__(self) -> str:
        if self.step_size is None:
            given = ""
        else:
            given = f", step_size={self.step_size:.6g}"
        return f"{type(self).__name__}(steps={self.steps}{given})"

    def run(
        self, gradient: Callable[[Any], Any], start: Arithmetic, theta: Arithmetic
    ) -> Iterator[Any]:
        """The T + 1 iterates from ``start`` (..., d) at the step size ``theta``, a scalar or (...,
        1).

        ``gradient`` is called once a step; it may be random.
        """
        w = start
        yield w
        for _ in range(self.steps):
            w = w - theta * gradient(w)
            yield w
