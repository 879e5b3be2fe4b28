"""One step of conjugate gradients with its derivatives.

The state is (w, r, p), with r the gradient at w and p the direction of the next step. At the start
it is (w_0, 0, 0), as the first gradient, which depends on alpha, is taken in step 0. With

    q = H p,  a = r'r / p'q,  r_+ = r + a q,  b = r_+'r_+ / r'r

the next state is (w + a p, r_+, b p - r_+).
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.transition import Blocks, Inner, Transition

_SMALLEST = 1e-280


class Numbers(NamedTuple):
    """What a step computes."""

    r: Array
    p: Array
    q: Array
    square: Any
    """r'r"""
    curvature: Any
    """p'q"""
    a: Any
    after: Array
    """r_+"""
    b: Any


class ConjugateStep(Transition):
    """A step of conjugate gradients on a quadratic inner loss.

    A step takes one product with H and the first one a gradient besides; ``pull`` and ``parameter``
    take one to compute q again. A change of H alone has the mixed products J(p) - J(0).

    Parameters
    ----------
    ended
        why the last state has no derivative, where it has none.
    """

    whole = (
        "conjugate gradients see the linear term of the inner loss in step 0 alone and carry it "
        "along, so that a part of their steps has no meaning: use Reverse, Forward or Implicit"
    )

    def __init__(self, ended: str = "") -> None:
        self.ended = ended

    def state0(self, w: Array) -> Blocks:
        """(w, 0, 0)."""
        return w, 0 * w, 0 * w

    def away(self, w: Array) -> Blocks:
        """None.

        Raises
        ------
        ValueError
            always.
        """
        raise ValueError(
            "conjugate gradients have no step away from their run: residual and direction belong "
            "to the weights they have come from; use an estimator that stays on the run, such as "
            "Reverse"
        )

    def next_state(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """The step above; after its own end, the same state."""
        w, r, p = self._begun(t, state, inner)
        if has_ended(r @ r):
            return w, r, p
        n = self._numbers(t, state, inner)
        return w + n.a * p, n.after, n.b * p - n.after

    def pull(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """Back through b, r_+, w_+ and a, and from q = H p to p."""
        moved, r, p, q = self._back(t, v, state, inner)
        w = state[0]
        p = p + inner.hvp(w, q)
        if t:
            return moved, r, p
        # p = -r and r = grad L_1(w)
        return moved + inner.hvp(w, r - p), 0 * r, 0 * r

    def parameter(self, t: int, v: Blocks, state: Blocks, inner: Inner) -> Array:
        """<dH p, q> for the cotangent of q, in step 0 with that of the first gradient."""
        _, r, p, q = self._back(t, v, state, inner)
        w, _, direction = self._begun(t, state, inner)
        found = np.asarray(inner.mixed(direction, q)) - inner.mixed(0 * w, q)
        if t:
            return found
        first: Array = found + inner.mixed(w, r - p - inner.hvp(w, q))
        return first

    def push(self, t: int, z: Blocks, state: Blocks, inner: Inner) -> Blocks:
        """Forward through a, w_+, r_+ and b."""
        w, r, p = z
        if not t:
            r = inner.hvp(state[0], w)
            p = -r
        return self._forward(t, (w, r, p), inner.hvp(state[0], p), state, inner)

    def columns(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """From the changes of H p, in step 0 with those of the first gradient."""
        w, _, direction = self._begun(t, state, inner)
        change = np.asarray(inner.jacobian(direction)) - inner.jacobian(0 * w)
        still = np.zeros_like(change)
        if t:
            return self._forward(t, (still, still, still), change, state, inner)
        r = np.asarray(inner.jacobian(w))
        return self._forward(t, (still, r, -r), change - inner.hvp(w, r), state, inner)

    def _require_derivative(self) -> None:
        if self.ended:
            raise ValueError(self.ended)

    def _begun(self, t: int, state: Blocks, inner: Inner) -> Blocks:
        """(w, r, p) when step t begins."""
        w, r, p = state
        if t:
            return w, r, p
        r = inner.gradient(w)
        return w, r, -r

    def _numbers(self, t: int, state: Blocks, inner: Inner) -> Numbers:
        w, r, p = self._begun(t, state, inner)
        if has_ended(r @ r):
            raise ValueError(
                f"conjugate gradients have ended before step {t + 1}, beyond which w_T has no "
                f"derivative: pass steps={t}"
            )
        q = inner.hvp(w, p)
        square = r @ r
        curvature = p @ q
        require_positive(t, curvature)
        a = square / curvature
        after = r + a * q
        return Numbers(r, p, q, square, curvature, a, after, after @ after / square)

    def _back(
        self, t: int, v: Blocks, state: Blocks, inner: Inner
    ) -> tuple[Array, Array, Array, Array]:
        """Cotangents of w, r, p and q, those of r and p without what comes through q."""
        self._require_derivative()
        n = self._numbers(t, state, inner)
        moved, after, direction = v
        # p_+ = b p - r_+, b = r_+'r_+ / r'r
        b = _dot(direction, n.p)
        p = n.b * direction
        after = after - direction + 2 * b / n.square * n.after
        # r_+ = r + a q and w_+ = w + a p
        a = _dot(after, n.q) + _dot(moved, n.p)
        p = p + n.a * moved
        # a = r'r / p'q
        square = a / n.curvature - b * n.b / n.square
        curvature = -a * n.a / n.curvature
        r = after + 2 * square * n.r
        return moved, r, p + curvature * n.q, n.a * after + curvature * n.p

    def _forward(self, t: int, z: Blocks, image: Array, state: Blocks, inner: Inner) -> Blocks:
        """The tangents of the next state from those of w, r, p and q."""
        self._require_derivative()
        n = self._numbers(t, state, inner)
        w, r, p = z
        square = 2 * _dot(r, n.r)
        curvature = _dot(p, n.q) + _dot(image, n.p)
        a = (square - n.a * curvature) / n.curvature
        after = r + a * n.q + n.a * image
        b = (2 * _dot(after, n.after) - n.b * square) / n.square
        return w + a * n.p + n.a * p, after, b * n.p + n.b * p - after


def has_ended(square: Any) -> bool:
    """Whether r is 0, or so small in float64 that r'r and p'Hp leave its range."""
    if isinstance(square, float):
        return square < _SMALLEST
    return bool(square == 0)


def require_positive(t: int, curvature: Any) -> None:
    """Refuse a breakdown of step t = 0, 1, ..., where p'Hp is not positive.

    Raises
    ------
    ValueError
        it is not.
    """
    if not curvature > 0:
        raise ValueError(
            f"conjugate gradients break down at step {t + 1}: p'Hp = {curvature} must be positive, "
            "the inner Hessian is singular or indefinite: add a ridge, or pass fewer steps"
        )


def _dot(x: Array, y: Array) -> Array:
    """Products of the rows of x with y, in a column."""
    found: Array = x @ y
    return found[..., None]
