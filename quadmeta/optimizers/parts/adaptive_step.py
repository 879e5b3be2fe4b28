"""One step of an adaptive method as a tape sees it, on the state (w, m, v), in float64.

With s = sqrt(v' / scale_2 + root_epsilon), D = s + epsilon, u = (m' / scale_1) / D and a cotangent
(c_w, c_m, c_v) of the state after the step,

    c_u = -step_size c_w,
    c_m' = c_m + c_u / (scale_1 D),
    c_v' = c_v - (c_u u / D) / (2 s scale_2),
    c_g = take_1 c_m' + 2 take_2 g c_v',

and H(w) c_g + (1 - step_size weight_decay) c_w, keep_1 c_m', keep_2 c_v' are the cotangents before
it. Where s = 0, u is 0 as well, and 0 stands for u / s: that is the derivative dm / epsilon of the
step. Automatic differentiation multiplies 0 by 1 / 0 there.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.normalised import Moments, Rates, require_smooth
from quadmeta.optimizers.parts.transition import Blocks, GradientStep, PlainStep


class Method(Protocol):
    """What is asked of an optimizer, all of whose parameters are given."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its parameters."""

    @property
    def given(self) -> tuple[float, ...]:
        """Their values."""

    def rates(self, t: int, theta: Mapping[str, Any]) -> Rates:
        """The rates of step t = 1, ..., T."""

    def moved(self, t: int, state: Moments, g: Any, theta: Mapping[str, Any]) -> Moments:
        """The state after step t."""


class _Step(NamedTuple):
    """What the derivatives of one step need."""

    rates: Rates
    direction: Array
    """u."""
    size: Array
    """D."""
    slope: Array
    """d s / d v', as ``AdaptiveStep.slope_of_root`` has it."""


class AdaptiveStep(GradientStep):
    """The transition of an optimizer with every parameter given."""

    def __init__(self, optimizer: Method) -> None:
        self.optimizer = optimizer
        self.theta: Mapping[str, float] = dict(zip(optimizer.names, optimizer.given, strict=True))

    def slope_of_root(self, root: Array) -> Array:
        """1 / (2 s), and 0 where s = 0."""
        found: Array = np.divide(0.5, root, out=np.zeros_like(root), where=root > 0)
        return found

    def state0(self, w: Array) -> Blocks:
        """(w, 0, 0)."""
        return (w, 0 * w, 0 * w)

    def away(self, w: Array) -> Blocks:
        """Refused: the moments are sums over the run, which weights do not tell.

        Raises
        ------
        ValueError
            always.
        """
        raise ValueError(
            f"{type(self.optimizer).__name__} has no state away from its run: its moments are sums "
            "over all steps; use Reverse, Forward or Truncated"
        )

    def plain(self) -> PlainStep:
        """A gradient step, whose fixed point is that of the method without a decay.

        Raises
        ------
        ValueError
            a decay of the weights, whose fixed point depends on the run.
        """
        if self.theta.get("weight_decay"):
            raise ValueError(
                f"{self.optimizer!r} has no minimum that it tends to: its decay is weighed against "
                "a normalised direction; pass weight_decay=0, or use Reverse"
            )
        return PlainStep(0.0)

    def update(self, t: int, state: Blocks, g: Array) -> Blocks:
        """The step by definition."""
        return self.optimizer.moved(t + 1, Moments(*state), g, self.theta)

    def pulled(
        self, t: int, v: Blocks, state: Blocks, gradient: Callable[[], Array]
    ) -> tuple[Array, Blocks]:
        """(c_g, what c_w, c_m and c_v are before the step at a fixed gradient)."""
        g = gradient()
        step = self._at(t, state, g)
        rates = step.rates
        c_w, c_m, c_v = v
        c_u = -self.theta["step_size"] * c_w
        c_m = c_m + c_u / (rates.scale_1 * step.size)
        c_s = -c_u * step.direction / step.size
        c_v = c_v + c_s * step.slope
        c_g = rates.take_1 * c_m + 2 * rates.take_2 * g * c_v
        return c_g, (self._decayed(c_w), rates.keep_1 * c_m, rates.keep_2 * c_v)

    def pushed(
        self, t: int, z: Blocks, dg: Array, state: Blocks, gradient: Callable[[], Array]
    ) -> Blocks:
        """The tangents of w, m and v after the step."""
        g = gradient()
        step = self._at(t, state, g)
        rates = step.rates
        z_w, z_m, z_v = z
        z_m = rates.keep_1 * z_m + rates.take_1 * dg
        z_v = rates.keep_2 * z_v + 2 * rates.take_2 * g * dg
        z_u = (z_m / rates.scale_1 - step.direction * step.slope * z_v) / step.size
        return self._decayed(z_w) - self.theta["step_size"] * z_u, z_m, z_v

    def _decayed(self, x: Array) -> Array:
        """(1 - step_size weight_decay) x."""
        decay = self.theta.get("weight_decay", 0.0)
        if not decay:
            return x
        return x - self.theta["step_size"] * decay * x

    def _at(self, t: int, state: Blocks, g: Array) -> _Step:
        """The step of a state at its gradient."""
        _, m, v = state
        rates = self.optimizer.rates(t + 1, self.theta)
        m = (rates.keep_1 * m + rates.take_1 * g) / rates.scale_1
        square = (rates.keep_2 * v + rates.take_2 * g**2) / rates.scale_2
        root = np.sqrt(square + self.theta["root_epsilon"])
        size = root + self.theta["epsilon"]
        require_smooth(m, root, size)
        return _Step(rates, m / size, size, self.slope_of_root(root) / rates.scale_2)
