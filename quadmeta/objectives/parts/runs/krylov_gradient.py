"""The exact hypergradient of T steps of conjugate gradients on a quadratic inner loss, by 2T + 1
products with H.

Conjugate gradients end at W_T = W_0 - S(H) R with R = H W_0 - B and a polynomial S that depends on
H and R themselves. Let y be the Galerkin solution of H y = g, g = grad L_2(W_T), in the same Krylov
space, which is y = psi(H) R, and R_T = H W_T - B. Then

    F'_k = -<y, H_k W_T - b_k> - <g - H y, d_k [S(H) R]> - <R_T, d_k [psi(H) R]>

where d_k varies H and R at fixed polynomials S and psi. The first term is implicit differentiation
with the inverse of the Krylov space, the others are the motion of that space.

Proof. W_T = W_0 - V M^-1 V'R with M = V'HV for every basis V of the space. Let c = M^-1 V'R and e =
M^-1 V'g, so that S(H) R = V c and y = V e. Varying R and H at fixed V changes <g, W_T> by the first
term. Varying V changes it by

    -<g, dV c> - <dV e, R> + <dV e, H V c> + <y, H dV c> = -<g - H y, dV c> - <R_T, dV e>,

as R - H V c = R_T; for V = (R, H R, ..., H^(T-1) R), c and e are the coefficients of S and psi.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.matrix_product import Matrix
from quadmeta.objectives.parts.runs.krylov import Krylov


class Data(NamedTuple):
    """A quadratic inner and outer loss with a start, in one arithmetic."""

    H: Array
    """(p, p)"""
    B: Array
    """(p, outputs)"""
    start: Array
    """W_0 (p, outputs)"""
    outer_hessian: Array
    """(p, p)"""
    outer_linear: Array
    """(p, outputs)"""

    @property
    def residual(self) -> Array:
        """H W_0 - B."""
        R: Array = self.H @ self.start - self.B
        return R

    def outer_gradient(self, W: Array) -> Array:
        """H_2 W - B_2."""
        g: Array = self.outer_hessian @ W - self.outer_linear
        return g


class Sensitivity(NamedTuple):
    """What a change of the problem does: dF = -<dH, X> + <dB, V> + <dW_0, start>."""

    X: Array
    """(p, p)"""
    V: Array
    """(p, outputs)"""
    start: Array
    """(p, outputs)"""


def krylov_space(data: Data, steps: int) -> Krylov:
    """In float64, where what may be rounding counts as 0, or in exact arithmetic."""
    if data.H.dtype == object:
        return Krylov(data.H, data.residual, steps)
    rounding, floor = negligible(data)
    return Krylov(data.H, data.residual, steps, floor, rounding)


def negligible(data: Data) -> tuple[float, float]:
    """What may be rounding in float64: relative to the size of H, and in an entry of R."""
    rounding = 4 * data.B.size * float(np.finfo(float).eps)
    size = np.abs(data.H).sum(axis=1).max() * np.abs(data.start).max() + np.abs(data.B).max()
    return rounding, rounding * float(size)


def last_weights(data: Data, space: Krylov) -> Array:
    """W_T (p, outputs), the minimum on the space."""
    if not space.dimension:
        return data.start
    coefficients = space.galerkin(data.residual.reshape(-1))
    return data.start - space.combined(coefficients).reshape(data.start.shape)


def sensitivity(data: Data, space: Krylov) -> Sensitivity:
    """The three terms, as matrices that meet the derivatives of H and B in the end."""
    n = space.dimension
    form = data.start.shape
    moved = space.galerkin(data.residual.reshape(-1))
    W = last_weights(data, space)
    g = data.outer_gradient(W)
    inverse = space.galerkin(g.reshape(-1))
    y = space.combined(inverse)
    # g - H y, and R_T = R - H V c, which is what the recurrence of v_T leaves over
    missed = space.outside(g.reshape(-1) - space.product(y), n)
    left = space.basis[n] * (-space.scale[n] * moved[-1])
    cotangents = space.cotangents(np.outer(moved, missed) + np.outer(inverse, left))
    # -<y, dH W_T - dB> - <b_0, dH W_0 - dB + H dW_0> - sum <b_{j+1}, dH v_j>
    V = y + cotangents[0]
    first = y.reshape(form) @ W.T + cotangents[0].reshape(form) @ data.start.T
    X = first + _outer(cotangents[1:], space.basis[: n - 1], form)
    start = g.reshape(-1) - space.product(V)
    return Sensitivity(X, V.reshape(form), start.reshape(form))


def _outer(left: Array, right: Array, form: tuple[int, ...]) -> Array:
    """sum_j L_j R_j' for L_j, R_j of this form."""
    p = form[0]
    columns, others = (
        x.reshape(-1, *form).transpose(1, 0, 2).reshape(p, -1) for x in (left, right)
    )
    return Matrix.of(columns) @ others.T
