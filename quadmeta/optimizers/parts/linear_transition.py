"""Steps that are linear in what an optimizer carries and in one gradient."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.transition import Blocks, GradientStep, Inner, combined


class LinearStep(NamedTuple):
    """The numbers of one step s' = M s + c P^-1 grad L_1(e . s) on k blocks."""

    mixing: Sequence[Sequence[float]]
    """M, k rows of k."""
    gains: Sequence[float]
    """c."""
    lookahead: Sequence[float] = (1.0,)
    """e, by default the weights; what is left out is 0."""


class LinearTransition(GradientStep):
    """s_{t+1} = M s_t + c P^-1 grad L_1(e . s_t), with numbers M (k, k), c (k,) and e (k,).

    With M = ((1 + beta, -beta), (1, 0)), c = (-eta, 0) on the state (w, w_before) it is heavy
    ball; with e = (1 + beta, -beta) besides, Nesterov.

    Parameters
    ----------
    step
        the numbers of every step, or a function that gives those of step t = 0, 1, ..., T - 1.
    rest
        the state at the start is (w, rest_1 w, rest_2 w, ...): 1 for a block of earlier weights,
        0 for a velocity. rest_0 = 1.
    step_size
        eta, where there is one.
    ridge
        rho, where the run tends to a minimum of L_1 + rho ||w||^2 / 2.
    precondition
        v (..., P) -> P^-1 v, symmetric and independent of alpha; by default the identity.
    """

    def __init__(
        self,
        step: LinearStep | Callable[[int], LinearStep],
        *,
        rest: Sequence[float] = (1.0,),
        step_size: float | None = None,
        ridge: float = 0.0,
        precondition: Callable[[Array], Array] | None = None,
    ) -> None:
        self.step_size = step_size
        self.ridge = ridge
        self.rest = rest
        self.same = isinstance(step, LinearStep)
        self._step = step
        self._precondition = precondition

    def numbers(self, t: int) -> LinearStep:
        """Those of step t."""
        if isinstance(self._step, LinearStep):
            return self._step
        return self._step(t)

    def preconditioned(self, x: Array) -> Array:
        """P^-1 x."""
        if self._precondition is None:
            return x
        return self._precondition(x)

    def state0(self, w: Array) -> Blocks:
        """(w, rest_1 w, ...)."""
        return (w, *(r * w for r in self.rest[1:]))

    def lookahead(self, t: int) -> Sequence[float]:
        """e."""
        return self.numbers(t).lookahead

    def update(self, t: int, state: Blocks, g: Array) -> Blocks:
        """M s + c P^-1 g."""
        return self._moved(t, state, g)

    def pulled(
        self, t: int, v: Blocks, state: Blocks, gradient: Callable[[], Array]
    ) -> tuple[Array, Blocks]:
        """(P^-1 sum_i c_i v_i, M' v)."""
        mixing, gains, _ = self.numbers(t)
        u = self.preconditioned(combined(gains, v))
        return u, tuple(combined(column, v) for column in zip(*mixing, strict=True))

    def pushed(
        self, t: int, z: Blocks, dg: Array, state: Blocks, gradient: Callable[[], Array]
    ) -> Blocks:
        """M z + c P^-1 dg."""
        return self._moved(t, z, dg)

    def _moved(self, t: int, blocks: Blocks, g: Array) -> Blocks:
        mixing, gains, _ = self.numbers(t)
        along = self.preconditioned(g)
        return tuple(
            combined((*row, c), (*blocks, along)) for row, c in zip(mixing, gains, strict=True)
        )

    def diverges(self, inner: Inner) -> bool:
        """Whether M + L c e' has an eigenvalue beyond 1, where all steps are the same."""
        largest = inner.largest_step_size()
        if not self.same or self._precondition is not None or not 0 < largest < np.inf:
            return False
        mixing, gains, lookahead = self.numbers(0)
        e = np.zeros(len(gains))
        e[: len(lookahead)] = lookahead
        matrix = np.array(mixing) + 2 / largest * np.outer(gains, e)
        return bool(np.abs(np.linalg.eigvals(matrix)).max() > 1)
