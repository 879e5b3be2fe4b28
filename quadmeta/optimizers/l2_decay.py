"""A linear method with L2 weight decay: its run on the inner loss plus rho ||w||^2 / 2."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from quadmeta._types import Array, StepSizes
from quadmeta._validate import number, show
from quadmeta.optimizers.parts.along.around import Around
from quadmeta.optimizers.parts.along.direction import DirectedTransition, Ridged
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.optimizers.parts.constant import in_arithmetic
from quadmeta.optimizers.parts.transition import Inner, PlainStep, Transition


@dataclass(frozen=True, repr=False)
class L2Decay(Around):
    """The steps of ``optimizer`` along grad f(w) + rho w, rho = ``decay`` >= 0: a ridge on the
    inner loss that the hyperparameters do not know.

    It is an inner optimizer of ``OuterLoss``. Without ``decay``, rho is tuned: the last entry of
    theta. Under momentum it is not the decay of ``DecoupledDecay``.

    Raises
    ------
    ValueError
        another optimizer, or a decay that is not a number >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Ridge(([[1.0], [2.0]], [1.0, 3.0]), ([[1.0]], [1.2]))
    >>> decayed = qm.OuterLoss(problem, qm.L2Decay(qm.GradientDescent(20, 0.3), decay=0.1))
    >>> ridge = qm.OuterLoss(problem, qm.GradientDescent(20, 0.3))
    >>> bool(np.allclose(decayed.gradient([0.2]), ridge.gradient([0.3])))
    True
    """

    decay: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.decay is not None:
            rho = number("decay", self.decay, least=0, remedy="pass None to tune it")
            object.__setattr__(self, "decay", rho)
        elif self.optimizer.shape not in ((), (len(self.optimizer.free),)):
            raise ValueError(
                f"optimizer = {self.optimizer!r} leaves a vector free, beside which no decay is "
                "tuned: pass decay as a number"
            )

    @property
    def free(self) -> tuple[str, ...]:
        """Those of the method, and "decay" unless it is given."""
        if self.decay is None:
            return (*self.optimizer.free, "decay")
        return self.optimizer.free

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the method, with one entry more unless ``decay`` is given."""
        if self.decay is not None:
            return self.optimizer.shape
        if not self.optimizer.free:
            return ()
        return (len(self.free),)

    def read(self, theta: StepSizes) -> Array:
        """theta, checked.

        Raises
        ------
        ValueError
            a negative decay, or what the method refuses.
        """
        if self.decay is not None:
            return super().read(theta)
        array = Optimizer.read(self, theta)
        rho = array[..., -1] if self.shape else array
        if (rho < 0).any():
            raise ValueError(f"decay = {show(rho)} is negative: pass decay >= 0")
        if self.optimizer.free:
            inside = array[..., :-1]
            self.optimizer.read(inside if self.optimizer.shape else inside[..., 0])
        return array

    @property
    def ridge(self) -> float:
        """rho."""
        return float(self.decay or 0.0)

    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any) -> Iterator[Any]:
        """The run of the method along grad f(w) + rho w."""
        inside = theta
        rho: Any
        if self.decay is not None:
            rho = in_arithmetic(self.decay, start)
        elif self.shape:
            *inside, rho = theta
            if not self.optimizer.shape:
                (inside,) = inside
        else:
            rho = theta
        method = self.inside(inside)
        return self.optimizer.run(lambda w: gradient(w) + rho * w, start, method)

    def transition(self) -> Transition:
        """That of the method, along grad f(w) + rho w."""
        self.require_given()
        rho = float(self.decay or 0.0)
        method = self.optimizer.transition()
        if isinstance(method, PlainStep):
            return PlainStep(method.step_size, rho)

        def ridged(inner: Inner) -> Ridged:
            return Ridged(inner, rho)

        return DirectedTransition(method, ridged, method.step_size, rho)

    def __repr__(self) -> str:
        given = "" if self.decay is None else f", decay={self.decay:.6g}"
        return f"L2Decay({self.optimizer!r}{given})"
