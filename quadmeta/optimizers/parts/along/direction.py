"""What the steps of a method follow in place of the gradient: the gradient under a preconditioner,
or of the inner loss with a ridge; and the transition of a method that follows it.

A direction d(w) has the products of an inner loss. Its derivative in w need not be symmetric:
``hvp`` is the transposed one, as reverse mode needs it, and ``pushing`` has the other one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.transition import Blocks, Inner, PlainStep, Transition


class Family(Protocol):
    """What a direction asks of a problem whose inner loss is quadratic."""

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """k -> <dH/d alpha_k, X> - <dB/d alpha_k, V>."""


class Quadratic(Inner, Protocol):
    """What a direction asks of a quadratic inner loss."""

    H: Array
    alpha: Array

    @property
    def problem(self) -> Family:
        """Its problem."""


@dataclass(frozen=True, eq=False)
class Preconditioner:
    """A matrix D > 0 of which a step takes the inverse, D^-1 grad L_1, and how it follows H."""

    matrix: Array
    """D (p, p), or its diagonal (p,); one for all outputs."""
    share: Callable[[Array], Array] | None = None
    """The part of a symmetric matrix (p, p) by which D follows H: dD = share(dH). An orthogonal
    projection, such as the diagonal; None where D does not depend on H.
    """

    def solve(self, G: Array) -> Array:
        """D^-1 G for G (..., p, outputs)."""
        if self.matrix.ndim == 1:
            found: Array = G / self.matrix[:, None]
        else:
            found = np.linalg.solve(self.matrix, G)
        return found

    def times(self, W: Array) -> Array:
        """D W for W (p, outputs)."""
        if self.matrix.ndim == 1:
            found: Array = self.matrix[:, None] * W
        else:
            found = self.matrix @ W
        return found

    def flat(self, v: Array) -> Array:
        """D^-1 v for flat v (..., P), P = p outputs."""
        shape = np.shape(v)
        return self.solve(np.reshape(v, (*shape[:-1], len(self.matrix), -1))).reshape(shape)


class Preconditioned:
    """d(w) = D^-1 grad L_1(w)."""

    def __init__(self, inner: Inner, preconditioner: Preconditioner, transposed: bool = True):
        self.inner = inner
        self.preconditioner = preconditioner
        self.transposed = transposed

    def pushing(self) -> "Preconditioned":
        """The same with D^-1 H in place of its transpose."""
        return Preconditioned(self.inner, self.preconditioner, transposed=False)

    def gradient(self, w: Array) -> Array:
        """D^-1 grad L_1(w)."""
        return self.preconditioner.flat(self.inner.gradient(w))

    def hvp(self, w: Array, v: Array) -> Array:
        """H D^-1 v, or D^-1 H v."""
        if self.transposed:
            return self.inner.hvp(w, self.preconditioner.flat(v))
        return self.preconditioner.flat(self.inner.hvp(w, v))

    def mixed(self, w: Array, v: Array) -> Array:
        """k -> <d D^-1 grad L_1 / d alpha_k, v> = <J_k - share(H_k) D^-1 grad L_1, D^-1 v>."""
        along = self.preconditioner.flat(v)
        share = self.preconditioner.share
        if share is None:
            return self.inner.mixed(w, along)
        p = len(self.preconditioner.matrix)
        V = along.reshape(p, -1)
        W = w.reshape(p, -1)
        step = self.gradient(w).reshape(p, -1)
        inner: Quadratic = self.inner  # type: ignore[assignment]  # as ``preconditioner`` required
        return inner.problem.pair(inner.alpha, V @ W.T - share(V @ step.T), V)

    def jacobian(self, w: Array) -> Array:
        """The same for all v, (h, P)."""
        if self.preconditioner.share is None:
            return self.preconditioner.flat(np.asarray(self.inner.jacobian(w)))
        return np.stack([self.mixed(w, unit) for unit in np.eye(len(w))], axis=-1)

    def batch(self, index: Array) -> "Preconditioned":
        """D^-1 times the gradient of some rows of the data."""
        return Preconditioned(self.inner.batch(index), self.preconditioner, self.transposed)

    def largest_step_size(self) -> float:
        """2 over the largest eigenvalue of D^-1 H; infinity where it is not known."""
        H = getattr(self.inner, "H", None)
        if H is None:
            return np.inf
        largest = float(np.linalg.eigvals(self.preconditioner.solve(H)).real.max())
        return 2 / largest if largest > 0 else np.inf


class Ridged:
    """d(w) = grad L_1(w) + rho w."""

    def __init__(self, inner: Inner, rho: float) -> None:
        self.inner = inner
        self.rho = rho

    def pushing(self) -> "Ridged":
        """The same: its derivative is symmetric."""
        return self

    def gradient(self, w: Array) -> Array:
        """grad L_1(w) + rho w."""
        return self.inner.gradient(w) + self.rho * w

    def hvp(self, w: Array, v: Array) -> Array:
        """H(w) v + rho v."""
        return self.inner.hvp(w, v) + self.rho * v

    def mixed(self, w: Array, v: Array) -> Array:
        """J(w) v."""
        return self.inner.mixed(w, v)

    def jacobian(self, w: Array) -> Array:
        """J(w)."""
        return self.inner.jacobian(w)

    def batch(self, index: Array) -> "Ridged":
        """That of some rows of the data."""
        return Ridged(self.inner.batch(index), self.rho)

    def largest_step_size(self) -> float:
        """2 / (L + rho); infinity where L is not known."""
        largest = self.inner.largest_step_size()
        return 2 / (2 / largest + self.rho) if largest < np.inf else np.inf


Direction = Preconditioned | Ridged


class DirectedTransition(Transition):
    """A step of a method that follows a direction.

    Parameters
    ----------
    method
        the step along the gradient.
    direction
        the direction that it takes on an inner loss.
    step_size, ridge
        as for every transition.
    """

    def __init__(
        self,
        method: Transition,
        direction: Callable[[Inner], Direction],
        step_size: float | None = None,
        ridge: float = 0.0,
    ) -> None:
        self.method = method
        self.step_size = step_size
        self.ridge = ridge
        self._direction = direction
        self._last: tuple[Inner, Direction] | None = None

    def along(self, inner: Inner) -> Direction:
        """The direction, made once for an inner loss."""
        if self._last is None or self._last[0] is not inner:
            self._last = inner, self._direction(inner)
        return self._last[1]

    def state0(self, w: Array) -> Blocks:
        """As the method."""
        return self.method.state0(w)

    def away(self, w: Array) -> Blocks:
        """As the method."""
        return self.method.away(w)

    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """As the method, along the direction."""
        return self.method.next_state(t, state, self.along(inner))

    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """As the method, along the direction."""
        return self.method.pull(t, v, state, self.along(inner))

    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """As the method, along the direction."""
        return self.method.parameter(t, v, state, self.along(inner))

    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """As the method, along the direction."""
        return self.method.push(t, z, state, self.along(inner).pushing())

    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """As the method, along the direction."""
        return self.method.columns(t, state, self.along(inner))

    def plain(self) -> PlainStep:
        """A plain step with the fixed point of the method."""
        return PlainStep(self.step_size or 0.0, self.ridge)

    def diverges(self, inner: Inner) -> bool:
        """As the method, along the direction."""
        return self.method.diverges(self.along(inner))


def hessian_of(inner: Any, optimizer: object) -> Array:
    """H (p, p).

    Raises
    ------
    ValueError
        an inner loss that is not quadratic.
    """
    H: Array | None = getattr(inner, "H", None)
    if H is None:
        raise ValueError(
            f"optimizer = {optimizer!r} preconditions by the Hessian, and the inner loss "
            f"{type(inner).__name__} is not quadratic: pass a quadratic problem, or "
            "Preconditioned(optimizer, matrix) with a fixed matrix"
        )
    return H


def pair_of(inner: Any, optimizer: object) -> Callable[[Array], Array]:
    """X -> <H_k, X>, shape (h,), of a quadratic inner loss.

    Raises
    ------
    ValueError
        an inner loss that is not quadratic.
    """
    hessian_of(inner, optimizer)

    def pair(X: Array) -> Array:
        found: Array = inner.problem.pair(inner.alpha, X, np.zeros_like(inner.B))
        return found

    return pair
