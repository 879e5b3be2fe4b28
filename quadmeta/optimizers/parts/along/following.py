"""A linear step whose numbers follow the hyperparameters through the extreme eigenvalues of the
inner Hessian.
"""

from typing import NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.linear_transition import LinearTransition
from quadmeta.optimizers.parts.transition import Blocks, Inner, Transition


class Follower(Protocol):
    """What is asked of the optimizer."""

    def given_on(self, inner: Inner) -> tuple[float, float]:
        """The bounds (m, M) on an inner loss."""

    def rates_of_bounds(self, inner: Inner) -> tuple[Array, Array]:
        """(dm / d alpha, dM / d alpha), each (h,)."""

    def two_term(self, low: float, high: float) -> LinearTransition:
        """Its steps w' = x w + (1 - x) w_before - y grad L_1(w) on given bounds."""

    def numbers(self, low: Jet, high: Jet) -> list[tuple[Jet, Jet]]:
        """(x, y) of every step, with their derivatives in both bounds."""


class _Made(NamedTuple):
    """What follows from one inner loss."""

    inner: Inner
    steps: LinearTransition
    numbers: list[tuple[Jet, Jet]]
    rates: Array
    """d (m, M) / d alpha (2, h)."""


class FollowingStep(Transition):
    """A step on (w, w_before), of which alpha also moves the numbers.

    With g = grad L_1(w), a bound moves w' at the rate dx (w - w_before) - dy g, and alpha moves the
    bound at the rate q' H_k q, by two contractions that serve the whole run and are not counted.
    """

    def __init__(self, optimizer: Follower) -> None:
        self.optimizer = optimizer
        self._last: _Made | None = None

    def made(self, inner: Inner) -> _Made:
        """The steps on an inner loss, made once."""
        if self._last is None or self._last.inner is not inner:
            low, high = self.optimizer.given_on(inner)
            self._last = _Made(
                inner,
                self.optimizer.two_term(low, high),
                self.optimizer.numbers(*Jet.parameters([low, high], 1)),
                np.array(self.optimizer.rates_of_bounds(inner)),
            )
        return self._last

    def state0(self, w: Array) -> Blocks:
        """(w, w)."""
        return w, w

    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """As on given bounds."""
        return self.made(inner).steps.next_state(t, state, inner)

    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """As on given bounds."""
        return self.made(inner).steps.pull(t, v, state, inner)

    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """As on given bounds."""
        return self.made(inner).steps.push(t, z, state, inner)

    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """As on given bounds, and what the bounds do to the step."""
        fixed = np.asarray(self.made(inner).steps.parameter(t, v, state, inner))
        found: Array = fixed + self._moved(t, state, inner) @ v[0]
        return found

    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """The same, one row a hyperparameter."""
        w, before = self.made(inner).steps.columns(t, state, inner)
        return w + self._moved(t, state, inner), before

    def _moved(self, t: int, state: Blocks, inner: Inner) -> Array:
        """Rows d w' / d alpha_k through the bounds, (h, P)."""
        w, before = state
        made = self.made(inner)
        x, y = made.numbers[t]
        g = inner.gradient(w)
        slopes = [dx * (w - before) - dy * g for dx, dy in zip(x.first, y.first, strict=True)]
        found: Array = made.rates.T @ np.array(slopes)
        return found
