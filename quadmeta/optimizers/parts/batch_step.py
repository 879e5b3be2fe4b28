"""A step of gradient descent on one batch after the other, with its derivatives."""

from quadmeta._types import Array
from quadmeta.optimizers.parts.transition import Blocks, Inner, PlainStep, Transition


class BatchStep(Transition):
    """w - eta_b grad L_b(w) for the batch b = t modulo m.

    Parameters
    ----------
    batches
        the rows of each of the m batches.
    sizes
        eta of each (m,).
    """

    def __init__(self, batches: tuple[Array, ...], sizes: Array) -> None:
        self.batches = batches
        self.steps = [PlainStep(float(size)) for size in sizes]
        if (sizes == sizes[0]).all():
            self.step_size = float(sizes[0])
        self._whole: Inner | None = None
        self._parts: tuple[Inner, ...] = ()

    def parts(self, inner: Inner) -> tuple[Inner, ...]:
        """The loss of every batch."""
        if self._whole is not inner:
            self._parts = tuple(inner.batch(index) for index in self.batches)
            self._whole = inner
        return self._parts

    def state0(self, w: Array) -> Blocks:
        """The weights alone."""
        return (w,)

    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """A step on the batch."""
        step, part = self._at(t, inner)
        return step.next_state(t, state, part)

    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """v - eta_b H_b v."""
        step, part = self._at(t, inner)
        return step.pull(t, v, state, part)

    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """-eta_b J_b(w) v."""
        step, part = self._at(t, inner)
        return step.parameter(t, v, state, part)

    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """As ``pull``, which is symmetric."""
        return self.pull(t, z, state, inner)

    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """-eta_b J_b(w)."""
        step, part = self._at(t, inner)
        return step.columns(t, state, part)

    def _at(self, t: int, inner: Inner) -> tuple[PlainStep, Inner]:
        b = t % len(self.steps)
        return self.steps[b], self.parts(inner)[b]
