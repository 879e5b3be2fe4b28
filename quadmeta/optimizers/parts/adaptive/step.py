"""One step of an adaptive method as a tape sees it, on the state (w, m, v), in float64."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from quadmeta._types import Array
from quadmeta.optimizers.parts.adaptive.back import Local, back, local, slope_of_root
from quadmeta.optimizers.parts.adaptive.normalised import Moments, Rates
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

    def step(self, t: int, state: Moments, g: Any, theta: Mapping[str, Any]) -> Moments:
        """The state after step t."""


class AdaptiveStep(GradientStep):
    """The transition of an optimizer with every parameter given."""

    def __init__(self, optimizer: Method) -> None:
        self.optimizer = optimizer
        self.theta: Mapping[str, float] = dict(zip(optimizer.names, optimizer.given, strict=True))

    def slope_of_root(self, root: Array) -> Array:
        """d s / d s^2 = 1 / (2 s), and 0 where s = 0."""
        return slope_of_root(root)

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
        return self.optimizer.step(t + 1, Moments(*state), g, self.theta)

    def pulled(
        self, t: int, v: Blocks, state: Blocks, gradient: Callable[[], Array]
    ) -> tuple[Array, Blocks]:
        """(c_g, what c_w, c_m and c_v are before the step at a fixed gradient)."""
        rates = self._rates(t)
        step = self._local(rates, state, gradient())
        found = back(step, Moments(*v), rates, self.theta)
        return found.g, (self._decayed(v[0]), rates.keep_1 * found.m, rates.keep_2 * found.v)

    def pushed(
        self, t: int, z: Blocks, dg: Array, state: Blocks, gradient: Callable[[], Array]
    ) -> Blocks:
        """The tangents of w, m and v after the step."""
        rates = self._rates(t)
        step = self._local(rates, state, gradient())
        z_w, z_m, z_v = z
        z_m = rates.keep_1 * z_m + rates.take_1 * dg
        z_v = rates.keep_2 * z_v + 2 * rates.take_2 * step.g * dg
        z_root = step.slope * z_v / rates.scale_2
        z_u = (z_m / rates.scale_1 - step.u * z_root) / step.size
        return self._decayed(z_w) - self.theta["step_size"] * z_u, z_m, z_v

    def _decayed(self, x: Array) -> Array:
        """(1 - step_size weight_decay) x."""
        decay = self.theta.get("weight_decay", 0.0)
        if not decay:
            return x
        return x - self.theta["step_size"] * decay * x

    def _rates(self, t: int) -> Rates:
        return self.optimizer.rates(t + 1, self.theta)

    def _local(self, rates: Rates, state: Blocks, g: Array) -> Local:
        """The step at a state and its gradient."""
        return local(Moments(*state), g, rates, self.theta, self.slope_of_root)
