"""One step of an inner optimizer as a tape sees it: what the optimizer carries, what a step does
to it, and the derivatives of that.

A state is a tuple of blocks, arrays of the shape (P,) of the weights, and the weights are the
first of them: (w,) for gradient descent, (w, w_before) or (w, velocity) under momentum, (w, m, v)
for Adam. Cotangents and tangents are tuples of as many blocks, each (P,) or several of them as
rows, (n, P). The number of the step is no part of the state: it is the argument t.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from quadmeta._types import Array

Blocks: TypeAlias = tuple[Array, ...]
"""A state, a cotangent or a tangent, block by block."""


class Inner(Protocol):
    """What a step may ask of an inner loss at fixed hyperparameters."""

    def gradient(self, w: Array) -> Array:
        """d L_1 / d w at w (P,)."""

    def hvp(self, w: Array, v: Array) -> Array:
        """The Hessian at w times v, (P,) or rows of them."""

    def mixed(self, w: Array, v: Array) -> Array:
        """J(w) v, shape (h,)."""

    def jacobian(self, w: Array) -> Array:
        """J(w), shape (h, P)."""

    def batch(self, index: Array) -> "Inner":
        """The inner loss of some rows of the data."""

    def largest_step_size(self) -> float:
        """2 / L, infinity where it is not known."""


class Transition(ABC):
    """One step s_{t+1} = Phi_t(s_t; L_1) of an inner optimizer, with its derivatives.

    An optimizer gives one by its method ``transition()``; ``OuterLoss`` then takes it, and every
    estimator runs on it. Most methods take one gradient a step, and linear ones are three short
    lists of numbers: see ``LinearTransition``, which needs nothing else, and ``GradientStep``.

    A product costs one Hessian product (``pull`` and ``push``, a row) or one mixed product
    (``parameter``; ``columns`` costs h of them): those are what a tape counts. What the run itself
    computes at a step (its gradient, the image of its direction, a solve with a preconditioner) is
    part of the run: it may be computed again here, and is not counted.
    """

    step_size: float | None = None
    """The one step size, where the method has one: a Neumann series takes it."""
    ridge = 0.0
    """rho, where the run tends to a minimum of L_1 + rho ||w||^2 / 2 rather than of L_1."""
    whole = ""
    """Why a part of the steps, or discounted ones, have no meaning, where they have none."""

    @abstractmethod
    def state0(self, w: Array) -> Blocks:
        """The state at which a run from the weights w begins, linear in w (P,) or rows of them."""

    @abstractmethod
    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """s_{t+1} from s_t."""

    @abstractmethod
    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """(d Phi / d s)' v: a cotangent of s_{t+1} as one of s_t."""

    @abstractmethod
    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """(d Phi / d alpha)' v, shape (h,), at a fixed s_t."""

    @abstractmethod
    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """(d Phi / d s) z: tangents of s_t as tangents of s_{t+1}, at fixed alpha."""

    @abstractmethod
    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """d Phi / d alpha at a fixed s_t, one row a hyperparameter, blocks of shape (h, P)."""

    def away(self, w: Array) -> Blocks:
        """A state with these weights, at which DrMAD and HyperDistill take products away from the
        run: by default at rest.

        Raises
        ------
        ValueError
            a method whose weights do not tell what else it carries.
        """
        return self.state0(w)

    def plain(self) -> "PlainStep":
        """The step w - nu (grad L_1 + rho w), whose fixed point is that of the method: implicit
        estimators differentiate that. nu is 0 where the method has no step size of its own.

        Raises
        ------
        ValueError
            a method whose fixed point is that of no such step.
        """
        return PlainStep(self.step_size or 0.0, self.ridge)

    def diverges(self, inner: Inner) -> bool:
        """Whether a long run on a quadratic is known to diverge."""
        return False

    def why(self, inner: Inner) -> str:
        """What to say of a run that is known to diverge."""
        return "the inner run diverges"


class PlainStep(Transition):
    """w - eta (grad L_1(w) + rho w): gradient descent, with a ridge or without.

    Parameters
    ----------
    step_size
        eta.
    ridge
        rho.
    """

    step_size: float

    def __init__(self, step_size: float, ridge: float = 0.0) -> None:
        self.step_size = step_size
        self.ridge = ridge

    def _shrunk(self, x: Array) -> Array:
        """(1 - eta rho) x."""
        if not self.ridge:
            return x
        return x - self.step_size * self.ridge * x

    def state0(self, w: Array) -> Blocks:
        """The weights alone."""
        return (w,)

    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """w - eta (grad L_1(w) + rho w)."""
        (w,) = state
        return (self._shrunk(w) - self.step_size * inner.gradient(w),)

    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """v - eta (H(w) + rho) v."""
        return (self._shrunk(v[0]) - self.step_size * inner.hvp(state[0], v[0]),)

    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """-eta J(w) v."""
        return -self.step_size * np.asarray(inner.mixed(state[0], v[0]))

    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """As ``pull``, which is symmetric."""
        return self.pull(t, z, state, inner)

    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """-eta J(w)."""
        return (-self.step_size * np.asarray(inner.jacobian(state[0])),)

    def largest_step_size(self, inner: Inner) -> float:
        """2 / (L + rho), infinity where L is not known."""
        largest = inner.largest_step_size()
        if self.ridge and largest < np.inf:
            return largest / (1 + self.ridge * largest / 2)
        return largest

    def diverges(self, inner: Inner) -> bool:
        """eta (L + rho) > 2."""
        return self.step_size > self.largest_step_size(inner)

    def why(self, inner: Inner) -> str:
        """With the largest step size that converges."""
        name = "2/(L + ridge)" if self.ridge else "2/L"
        return f"step_size beyond {name} = {self.largest_step_size(inner):.6g}"


class GradientStep(Transition):
    """A step along one gradient g = grad L_1(y), taken at a combination y = sum_i e_i s_i of the
    blocks: s_{t+1} = Psi_t(s_t, g).

    A subclass gives ``state0``, ``update`` (Psi), ``pulled`` and ``pushed`` (its derivatives in s
    and g), and, where y is not the weights, ``lookahead`` (e). The products with the Hessian and
    with J follow:

        u = (d Psi / d g)' v,   A v = (d Psi / d s)' v + e H(y) u,   B v = J(y) u.

    ``pulled`` and ``pushed`` are given a function that computes g, for methods whose step is not
    linear in it.
    """

    def lookahead(self, t: int) -> Sequence[float]:
        """e: by default the gradient is taken at the weights."""
        return (1.0,)

    @abstractmethod
    def update(self, t: int, state: Blocks, g: Array) -> Blocks:
        """Psi_t(s, g)."""

    @abstractmethod
    def pulled(
        self, t: int, v: Blocks, state: Blocks, gradient: Callable[[], Array]
    ) -> tuple[Array, Blocks]:
        """((d Psi / d g)' v, (d Psi / d s)' v)."""

    @abstractmethod
    def pushed(
        self, t: int, z: Blocks, dg: Array, state: Blocks, gradient: Callable[[], Array]
    ) -> Blocks:
        """(d Psi / d s) z + (d Psi / d g) dg."""

    def point(self, t: int, blocks: Blocks) -> Array:
        """y of a state, or its tangents."""
        return combined(self.lookahead(t), blocks)

    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """Psi at the gradient at y."""
        return self.update(t, state, inner.gradient(self.point(t, state)))

    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """(d Psi / d s)' v + e H(y) u."""
        y = self.point(t, state)
        u, rest = self.pulled(t, v, state, lambda: inner.gradient(y))
        product = inner.hvp(y, u)
        e = self.lookahead(t)
        moved = [r + c * product if c else r for c, r in zip(e, rest, strict=False)]
        return (*moved, *rest[len(e) :])

    def cross(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> tuple[Array, Array]:
        """(y, u) with B v = J(y) u."""
        y = self.point(t, state)
        u, _ = self.pulled(t, v, state, lambda: inner.gradient(y))
        return y, u

    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """J(y) u."""
        return inner.mixed(*self.cross(t, v, state, inner))

    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """(d Psi / d s) z + (d Psi / d g) H(y) (e . z)."""
        y = self.point(t, state)
        dg = inner.hvp(y, self.point(t, z))
        return self.pushed(t, z, dg, state, lambda: inner.gradient(y))

    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """(d Psi / d g) J(y)."""
        y = self.point(t, state)
        dg = np.asarray(inner.jacobian(y))
        still = tuple(np.zeros_like(dg) for _ in state)
        return self.pushed(t, still, dg, state, lambda: inner.gradient(y))


def combined(coefficients: Sequence[float], blocks: Blocks) -> Array:
    """sum_i c_i x_i, without the terms that are 0; 0 where all are."""
    terms = [x if c == 1 else c * x for c, x in zip(coefficients, blocks, strict=False) if c]
    if not terms:
        return 0 * blocks[0]
    total: Array = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
