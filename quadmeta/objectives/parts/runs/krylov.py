"""The Krylov space of a quadratic inner loss, in which conjugate gradients work.

With R = H W_0 - B, conjugate gradients end after T steps at the minimum of the inner loss on W_0 +
span{R, H R, ..., H^(T-1) R}. An orthogonal basis of that space has three terms,

    s_{j+1} v_{j+1} = H v_j - a_j v_j - c_j v_{j-1},   s_0 v_0 = R,   max |v_j| = 1,

and v_j'H v_k is a tridiagonal matrix. Everything is in ``+ - * /``: float64, mpf and Fractions
alike.
"""

from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.matrix_product import Matrix


class Krylov:
    """The space of ``steps`` steps of conjugate gradients, or of as many as they take.

    Vectors are orthogonalised against all before them, twice in float64, so that rounding does not
    lose the orthogonality that conjugate gradients live from.

    Parameters
    ----------
    H
        (p, p), symmetric.
    residual
        R (p, outputs).
    steps
        T.
    floor
        size of R that is rounding.
    rounding
        relative size of a product with H that is rounding, 0 in exact arithmetic.

    Raises
    ------
    ValueError
        H is not positive definite on the space.
    """

    def __init__(
        self, H: Array, residual: Array, steps: int, floor: float = 0.0, rounding: float = 0.0
    ) -> None:
        self._times = Matrix.of(H)
        self.form = residual.shape
        # max |H v| where max |v| = 1
        self._small = rounding * np.abs(H).sum(axis=1).max()
        self.basis = np.zeros((steps + 1, residual.size), dtype=residual.dtype)
        self._passes = 2 if rounding else 1
        self.scale: list[Any] = []
        self.square: list[Any] = []
        self.diagonal: list[Any] = []
        self.pivots: list[Any] = []
        self._grow(residual.reshape(-1), steps, floor)

    @property
    def dimension(self) -> int:
        """T, or less where conjugate gradients end before."""
        return len(self.pivots)

    def product(self, v: Array) -> Array:
        """H v for a flat v."""
        image = self._times @ v.reshape(self.form)
        return image.reshape(-1)

    def _grow(self, residual: Array, steps: int, floor: float) -> None:
        small = floor
        u = residual
        for j in range(steps + 1):
            size = np.abs(u).max()
            ended = not size > small
            self.scale.append(0 * size if ended else size)
            if ended:
                return
            v = u / size
            self.basis[j] = v
            self.square.append(v @ v)
            if j == steps:
                return
            u = self.product(v)
            self.diagonal.append((v @ u) / self.square[j])
            self._require_positive(j)
            # what is left of H v_j without its part along v_0, ..., v_j, of which all but the last
            # two are rounding
            u = self.outside(u, j + 1)
            small = self._small

    def _require_positive(self, j: int) -> None:
        """The pivot j of the tridiagonal matrix v'Hv, which is > 0 as p_j'H p_j is."""
        pivot = self.diagonal[j] * self.square[j]
        if j:
            pivot = pivot - self.coupling(j) ** 2 / self.pivots[j - 1]
        if not pivot > self._small * self.square[j]:
            raise ValueError(
                f"conjugate gradients break down at step {j + 1}: the inner Hessian is singular or "
                "indefinite to rounding, p'Hp is not positive; add a ridge, or pass fewer steps"
            )
        self.pivots.append(pivot)

    def coupling(self, j: int) -> Any:
        """v_{j-1}'H v_j."""
        return self.scale[j] * self.square[j]

    def outside(self, u: Array, j: int) -> Array:
        """u without its part in the span of v_0, ..., v_{j-1}."""
        V = Matrix.of(self.basis[:j])
        squares = np.array(self.square[:j])
        for _ in range(self._passes):
            u = u - V.T @ ((V @ u) / squares)
        return u

    def combined(self, coefficients: Array) -> Array:
        """sum_j coefficients_j v_j."""
        vector: Array = self.basis[: self.dimension].T @ coefficients
        return vector

    def solve(self, right: Array) -> Array:
        """The coefficients c of a vector with v_j'H (sum_k c_k v_k) = right_j."""
        n = self.dimension
        x = list(right)
        for j in range(1, n):
            x[j] = x[j] - self.coupling(j) / self.pivots[j - 1] * x[j - 1]
        x[-1] = x[-1] / self.pivots[-1]
        for j in reversed(range(n - 1)):
            x[j] = (x[j] - self.coupling(j + 1) * x[j + 1]) / self.pivots[j]
        return np.array(x, dtype=self.basis.dtype)

    def galerkin(self, g: Array) -> Array:
        """The coefficients of the y in the space with Hy - g orthogonal to it, for a flat g."""
        return self.solve(self.basis[: self.dimension] @ g)

    def cotangents(self, forces: Array) -> Array:
        """What a change of R and H meets, if the polynomials that make the basis are held fixed.

        For forces f_0, f_1, ... (n, P) on the vectors of the basis it is b (n, P) with

            sum_j <f_j, dv_j> = <b_0, dR> + sum_j <b_{j+1}, dH v_j>.
        """
        n = self.dimension
        b = np.zeros((n, forces.shape[1]), dtype=self.basis.dtype)
        # s_j b_j = f_j + (H - a_j) b_{j+1} - c_{j+1} b_{j+2}
        for j in reversed(range(n)):
            total = forces[j]
            if j + 1 < n:
                total = total + self.product(b[j + 1]) - b[j + 1] * self.diagonal[j]
            if j + 2 < n:
                total = total - b[j + 2] * (self.coupling(j + 1) / self.square[j])
            b[j] = total / self.scale[j]
        return b
