"""What optimizers share that run another one along something else than the gradient."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from quadmeta._types import Array, StepSizes
from quadmeta._validate import instance
from quadmeta.optimizers.parts.base import Optimizer, PolynomialOptimizer


@dataclass(frozen=True, repr=False)
class Around(Optimizer):
    """The steps of ``optimizer``, a linear method."""

    optimizer: PolynomialOptimizer

    nonnegative = False

    def __post_init__(self) -> None:
        instance(
            "optimizer",
            self.optimizer,
            PolynomialOptimizer,
            "GradientDescent(steps=100, step_size=0.1)",
        )
        if self.optimizer.preconditions:
            raise ValueError(
                f"optimizer = {self.optimizer!r} has a preconditioner of its own: pass a method "
                "without one"
            )
        if self.optimizer.follows:
            raise ValueError(
                f"optimizer = {self.optimizer!r} takes parameters from the inner Hessian, of which "
                "this method follows another one: pass them as numbers"
            )

    @property
    def steps(self) -> int:  # type: ignore[override]
        """T."""
        return self.optimizer.steps

    @property
    def free(self) -> tuple[str, ...]:
        """Those of the method."""
        return self.optimizer.free

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the method."""
        return self.optimizer.shape

    def read(self, theta: StepSizes) -> Array:
        """theta, checked as the method checks it.

        Raises
        ------
        ValueError
            what the method refuses.
        """
        array = super().read(theta)
        if self.optimizer.free:
            self.optimizer.read(array)
        return array

    def with_steps(self, steps: int) -> Self:
        """The same around the method for another number of steps."""
        return replace(self, optimizer=self.optimizer.with_steps(steps))

    def inside(self, theta: Any) -> Any:
        """What of theta the method takes."""
        if self.optimizer.free:
            return theta
        return self.optimizer.given

    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any) -> Iterator[Any]:
        """The run of the method; ``gradient`` is what its steps follow."""
        return self.optimizer.run(gradient, start, self.inside(theta))
