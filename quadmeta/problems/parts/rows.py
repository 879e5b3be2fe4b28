"""Inner losses that are sums over weighted rows, in the space of the rows: right where the rows do
not determine w.

    L_1 = sum_i d_i ||W'x_i - y_i||^2 / 2 + rho ||W||^2 / 2,   H = X' D X + rho I,   B = X' D Y

W_* = X' c lies in the space of the rows whatever rho. In the coordinates of R^p the rounding of B
has a part outside, which 1 / rho multiplies once in W_* and once more in H^-1 grad L_2(W_*): it is
never formed here.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.definite import Definite, Whole
from quadmeta.problems.parts.table import Table


class Modes(NamedTuple):
    """H = Q diag(lambda) Q' and the gradient of L_1 at a point, in these coordinates."""

    lam: Array
    """(p,)"""
    Q: Array
    """(p, p)"""
    inside: int
    """The first ones that span the rows."""
    gradient: Array
    """Q'(H W_0 - B), (p, outputs)."""


class Rows:
    """A table of X (n, p) and Y (n, outputs), d_i = weights_i / counts_i >= 0 and rho >= 0.

    Parameters
    ----------
    table
        the data.
    weights
        (n,) floats >= 0.
    rho
        ridge.
    """

    def __init__(self, table: Table, weights: Array, rho: float) -> None:
        self.table = table
        self.X = table.X
        self.Y = table.Y
        self.weights = weights
        self.rho = float(rho)

    @cached_property
    def d(self) -> Array:
        """(n,) the weight of each row in the loss."""
        weights: Array = self.weights / self.table.counts
        return weights

    @cached_property
    def _root(self) -> Array:
        """D^(1/2) as a column."""
        root: Array = np.sqrt(self.d)
        return root[:, None]

    @cached_property
    def _svd(self) -> tuple[Array, Array, Array, int]:
        """(U, sigma, Q, r) of D^(1/2) X, Q (p, p); r singular values are above rounding, the
        others 0.
        """
        n, p = self.X.shape
        U, sigma, Qt = np.linalg.svd(self._root * self.X, full_matrices=n < p)
        sigma = np.where(sigma > max(n, p) * np.finfo(float).eps * sigma[0], sigma, 0.0)
        return U, sigma, Qt.T, int(np.count_nonzero(sigma))

    @property
    def total(self) -> float:
        """sum d_i ||y_i||^2."""
        return float(self.d @ self.table.squares)

    @property
    def rank(self) -> int:
        """Of D^(1/2) X, to rounding."""
        return self._svd[3]

    def determine(self, inside: bool) -> bool:
        """Whether the rows span all columns; ``inside`` spares those that are 0 in every row."""
        columns = self.table.columns
        if not inside and columns < self.X.shape[1]:
            return False
        return self.table.determines(self.d) or self.rank == columns

    @cached_property
    def spanned(self) -> bool:
        """Whether the rows without a weight lie in the span of those with one."""
        if self.weights.all():
            return True
        size = np.abs(self.X).max(axis=1, keepdims=True)
        return int(np.linalg.matrix_rank(self.X / np.where(size > 0, size, 1))) == self.rank

    def modes(self, start: Array) -> Modes:
        """With Q'(H W_0 - B) = sigma U'(D^(1/2) (X W_0 - Y)) + rho Q'W_0, whose first part is 0
        outside exactly.
        """
        U, sigma, Q, r = self._svd
        lam = np.zeros(len(Q))
        lam[:r] = sigma[:r] ** 2
        gradient = self.rho * (Q.T @ start)
        gradient[:r] += sigma[:r, None] * (U[:, :r].T @ (self._root * (self.X @ start - self.Y)))
        return Modes(lam + self.rho, Q, r, gradient)

    def minimizer(self) -> Array:
        """W_* = Q sigma / (sigma^2 + rho) U' D^(1/2) Y, (p, outputs)."""
        U, sigma, Q, r = self._svd
        lam = sigma[:r, None] ** 2 + self.rho
        coordinates = sigma[:r, None] / lam * (U[:, :r].T @ (self._root * self.Y))
        W: Array = Q[:, :r] @ coordinates
        return W

    def implicit(
        self, outer: tuple[Array, Array], collect: Callable[[Array, Array], Array]
    ) -> Array:
        """collect(<W'x_i - y_i, V'x_i> of every row, <W, V>) at W_* with V = H^-1 grad L_2.

        The rows of a group are added up before they are rounded: the sum stands in its first row,
        0 in the others. L_2 is the mean loss on ``outer``; ``collect`` is linear with coefficients
        >= 0.
        """
        system = _System(self, outer)

        def solved(bits: int) -> tuple[Array, Array]:
            values, sizes = system.solved(bits)
            return collect(values[:-1], values[-1]), collect(sizes[:-1], sizes[-1])

        return agreeing(solved, self._condition)

    @property
    def _condition(self) -> float:
        """log2 of at least the condition number of H."""
        sigma = self._svd[1]
        top = -np.inf
        if sigma[0] > 0:
            top = 2 * np.log2(sigma[0])
        low = np.log2(self.rho) if self.rho > 0 else 2 * np.log2(sigma[-1])
        return float(max(0.0, top - low))


def agreeing(solved: Callable[[int], tuple[Array, Array]], condition: float) -> Array:
    """Numbers found in whole numbers of more and more digits, until two results agree to 1e-16 of
    the largest entry.

    ``solved(bits)`` gives (numbers, size of the terms they are sums of). ``condition`` is the
    binary logarithm of the condition number kappa: a sum below 2^-128 kappa^-2 of its terms is a
    0.

    Raises
    ------
    ArithmeticError
        a matrix that is singular to all digits tried.
    OverflowError
        a number that float64 cannot hold.
    """
    room = int(condition) + 1
    bits = 192 + 4 * room
    before = None
    most = 16 * bits
    while bits <= most:
        try:
            found, size = solved(bits)
        except ArithmeticError:  # too few digits for the pivots
            bits = 2 * bits
            before = None
            continue
        if not np.isfinite(found).all():
            raise OverflowError(
                "the implicit hypergradient does not fit in float64: add a larger ridge"
            )
        if before is not None:
            apart = float(np.abs(found - before).max())
            zero = np.ldexp(np.max(size), -128 - 2 * room)
            if apart <= 1e-16 * np.abs(found).max() or apart <= zero:
                return found
        bits = 2 * bits
        before = found
    raise ArithmeticError("the inner Hessian is singular to all digits tried: add a ridge")


def dense_solves(
    H: Array, B: Array, outer_hessian: Array, outer_linear: Array
) -> tuple[Array, Array]:
    """W = H^-1 B and V = H^-1 (H_2 W - B_2), (p, outputs), each in whole numbers as ``agreeing``
    says.
    """
    known, right, H2, B2 = (Whole.of(x) for x in (H, B, outer_hessian, outer_linear))

    def first(bits: int) -> tuple[Array, Array]:
        W = Definite(known, bits).solve(right).over(1)
        return W, np.abs(W)

    def second(bits: int) -> tuple[Array, Array]:
        solver = Definite(known, bits)
        V = solver.solve(H2 @ solver.solve(right) + -B2).over(1)
        return V, np.abs(V)

    lam = np.linalg.eigvalsh(H)
    condition = np.log2(lam[-1]) - np.log2(lam[0])
    return agreeing(first, condition), agreeing(second, condition)


class _System:
    """The two solves of an implicit hypergradient, in the smaller one of the spaces of rows and of
    columns.
    """

    def __init__(self, rows: Rows, outer: tuple[Array, Array]) -> None:
        self.X = Whole.of(rows.X)
        self.Y = Whole.of(rows.Y)
        self.rho = rows.rho
        self.starts = rows.table.starts
        self.X2, self.Y2 = (Whole.of(x) for x in outer)
        self.held_out = len(outer[0])
        active = np.flatnonzero(rows.weights)
        self.dual = len(active) < rows.X.shape[1] and rows.rho > 0
        if self.dual:
            self.active = Whole(self.X.digits[active], self.X.exponent)
            self.targets = Whole(self.Y.digits[active], self.Y.exponent)
            self.gram = self.active @ self.active.T
            self.ratios = [
                Fraction(rows.rho) * int(rows.table.counts[i]) / Fraction(float(rows.weights[i]))
                for i in active
            ]
        else:
            self.common = lcm(*map(int, rows.table.counts))
            self.H, self.B = self._normal(rows)

    def _normal(self, rows: Rows) -> tuple[Whole, Whole]:
        """H and B times ``common``, exactly."""
        weights = Whole.of(rows.weights)
        identity = np.eye(rows.X.shape[1], dtype=int).astype(object)
        d = weights.digits * np.array(
            [self.common // int(c) for c in rows.table.counts], dtype=object
        )
        weighted = Whole(d[:, None] * self.X.digits, weights.exponent + self.X.exponent)
        ridge = Whole(self.common * identity, 0) * Whole.of(np.array(rows.rho))
        return weighted.T @ self.X + ridge, weighted.T @ self.Y

    def solved(self, bits: int) -> tuple[Array, Array]:
        """The row products and <W, V>, and their sizes."""
        if self.dual:
            return self._solved_by_rows(bits)
        # H W = B, H V = g: H and B have the factor `common` in them, the outer gradient g n_2
        solver = Definite(self.H, bits)
        W = solver.solve(self.B)
        V = solver.solve(self._outer(W))
        return self._products(W, V, Fraction(self.held_out, self.common))

    def _solved_by_rows(self, bits: int) -> tuple[Array, Array]:
        """The same in the space of the rows, with G = XX'.

        (G + rho D^-1) q = Y, W = X'q and (G + rho D^-1) t = X g, rho V = g - X't
        """
        # G and the ratios rho / d_i in the same unit, 2^-lift
        lift = bits - self.gram.exponent
        unit = Fraction(2) ** lift
        M = self.gram.digits << bits
        for i, ratio in enumerate(self.ratios):
            M[i, i] += int(ratio * unit)
        solver = Definite(Whole(M, -lift), bits)
        W = self.active.T @ solver.solve(self.targets)
        g = self._outer(W)
        V = g + -(self.active.T @ solver.solve(self.active @ g))
        return self._products(W, V, Fraction(self.rho) * self.held_out)

    def _outer(self, W: Whole) -> Whole:
        return self.X2.T @ (self.X2 @ W + -self.Y2)

    def _products(self, W: Whole, V: Whole, divisor: Fraction) -> tuple[Array, Array]:
        terms = (self.X @ W + -self.Y) * (self.X @ V)
        inner = W * V

        def rounded(terms_digits: Array, inner_digits: Array) -> Array:
            rows = Whole(self._grouped(terms_digits), terms.exponent)
            total = Whole(inner_digits.sum(), inner.exponent)
            return np.append(rows.over(divisor), total.over(divisor))

        values = rounded(terms.digits, inner.digits)
        sizes = rounded(np.abs(terms.digits), np.abs(inner.digits))
        return values, sizes

    def _grouped(self, digits: Array) -> Array:
        """Sums over the outputs and over the rows of each group, in its first row."""
        rows: Array = digits.sum(axis=1)
        sums = np.zeros_like(rows)
        sums[self.starts] = np.add.reduceat(rows, self.starts)
        return sums
