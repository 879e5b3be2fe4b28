"""Conjugate gradients on a bilevel problem: the formula of the Krylov space, in float64 where
reverse mode agrees with it, else in as many digits as it takes.

How far w_T moves with H grows with the number of steps, up to the end of conjugate gradients, where
it has no derivative any more: at a condition number of 1000 and T = P / 2 = 20 a change of H in its
last digit may change the hypergradient by 1e-7, at T = P by 1e-2.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.objectives.parts.runs.base import OwnRun
from quadmeta.objectives.parts.runs.krylov import Krylov
from quadmeta.objectives.parts.runs.krylov_gradient import (
    Data,
    Sensitivity,
    krylov_space,
    last_weights,
    negligible,
    sensitivity,
)
from quadmeta.optimizers.parts.conjugate_step import ConjugateStep
from quadmeta.optimizers.parts.transition import Transition
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss

AGREED = 3e-13
"""Largest difference of two float64 results that are taken as right, relative to the largest
entry."""
DIGITS = (75, 150, 300, 600)


class ConjugateRun(OwnRun):
    """The run of ``ConjugateGradientSolver``."""

    def require(self, inner: InnerLoss, start: Array) -> None:
        """A quadratic inner loss, on which conjugate gradients have not ended before T steps."""
        self._running(inner, start)

    def transition(self, inner: InnerLoss, start: Array) -> Transition:
        """The steps, which refuse to be differentiated where they have ended."""
        _, space = self._space(inner, start)
        reason = self._ended(space)
        if reason:
            return ConjugateStep(reason)
        return self.optimizer.own_transition()

    def trained(self, inner: InnerLoss, start: Array) -> Array:
        """w_T, with directions that are kept orthogonal; after its own end the minimum."""
        data, space = self._space(inner, start)
        return last_weights(data, space).reshape(-1)

    def gradient(self, inner: InnerLoss, alpha: Array, start: Array, moving: Array) -> Array:
        """By the formula of the Krylov space."""
        data, space = self._running(inner, start)
        found = sensitivity(data, space)
        value = self._met(found, alpha, moving)
        backward = self.backward(inner, alpha, start)
        other = backward.value + moving @ backward.start
        if np.abs(value - other).max() <= AGREED * np.abs(value).max():
            return value
        return self._met(self._in_digits(data, last_weights(data, space)), alpha, moving)

    def _space(self, inner: InnerLoss, start: Array) -> tuple[Data, Krylov]:
        quadratic = _quadratic(inner)
        data = _data(quadratic, start)
        T = self.optimizer.steps
        most = directions(*quadratic.eigen, data)
        space = krylov_space(data, min(T, most))
        return data, space

    def _running(self, inner: InnerLoss, start: Array) -> tuple[Data, Krylov]:
        data, space = self._space(inner, start)
        reason = self._ended(space)
        if reason:
            raise ValueError(reason)
        return data, space

    def _ended(self, space: Krylov) -> str:
        """Why w_T has no derivative; nothing where it has one."""
        T = self.optimizer.steps
        if space.dimension == T:
            return ""
        return (
            f"steps = {T}: conjugate gradients end at the minimum after {space.dimension} steps to "
            "rounding, beyond which w_T has no derivative; pass at most that many, or use "
            "OuterLoss.implicit or Implicit for that of the minimum"
        )

    def _met(self, found: Sensitivity, alpha: Array, moving: Array) -> Array:
        """The change of F with alpha."""
        pair = self.problem.pair(alpha, found.X, found.V)  # type: ignore[attr-defined]
        value: Array = moving @ found.start.reshape(-1) - pair
        return value

    def _in_digits(self, data: Data, W: Array) -> Sensitivity:
        """The formula with more and more digits, until two results agree."""
        import mpmath

        sizes = _sizes(data, W)
        before: Sensitivity | None = None
        for digits in DIGITS:
            with mpmath.workdps(digits):
                exact = Data(*(np.frompyfunc(mpmath.mpf, 1, 1)(part) for part in data))
                found = sensitivity(exact, krylov_space(exact, self.optimizer.steps))
                rounded = Sensitivity(*(part.astype(float) for part in found))
            if before is not None and _agree(rounded, before, sizes):
                return rounded
            before = rounded
        raise ArithmeticError(
            f"the derivative of {self.optimizer.steps} steps of conjugate gradients is lost in "
            f"{DIGITS[-1]} digits: pass fewer steps"
        )


def _sizes(data: Data, W: Array) -> tuple[float, ...]:
    """How large X, V and the derivative in W_0 are if nothing cancels in g = H_2 W_T - B_2."""
    g = (np.abs(data.outer_hessian) @ np.abs(W) + np.abs(data.outer_linear)).max()
    y = g / np.abs(data.H).sum(axis=1).max()
    return y * max(np.abs(W).max(), np.abs(data.start).max()), y, g


def _agree(found: Sensitivity, before: Sensitivity, sizes: tuple[float, ...]) -> bool:
    """Whether two results are the same in float64, or are 0."""
    return all(
        np.abs(one - other).max() <= 1e-14 * np.abs(one).max() + 1e-30 * size
        for one, other, size in zip(found, before, sizes, strict=True)
    )


def directions(lam: Array, Q: Array, data: Data) -> int:
    """How many eigenvalues that differ to rounding have a part in R: the steps that conjugate
    gradients take to their end.
    """
    rounding, floor = negligible(data)
    size = np.abs(Q.T @ data.residual).max(axis=1)
    apart = np.append(np.inf, np.diff(lam)) > rounding * np.abs(lam).max()
    shares = np.maximum.reduceat(size, np.flatnonzero(apart))
    return int(np.count_nonzero(shares > floor))


def _quadratic(inner: InnerLoss) -> QuadraticInnerLoss:
    if not isinstance(inner, QuadraticInnerLoss):
        raise ValueError(
            f"the inner loss {type(inner).__name__} is not quadratic, conjugate gradients minimise "
            "quadratics: pass GradientDescent(steps, step_size)"
        )
    return inner


def _data(inner: QuadraticInnerLoss, start: Array) -> Data:
    H2, B2, _ = inner.outer
    return Data(inner.H, inner.B, start.reshape(inner.B.shape), H2, B2)
