"""The second moments of SGD on sampled rows, step by step and as a symmetric recursion."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from quadmeta._types import Arithmetic, Array
from quadmeta._validate import frozen
from quadmeta.arithmetic.affine import refined, signed
from quadmeta.arithmetic.residual import factor
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.stochastic import Moments

State = tuple[Array, Array, Array]
"""(V, E e, 1) with V = E ee'. The third entry scales the noise r_k^2, so that a step is linear."""
Slope = tuple[Array, Array]
"""(V', E e'), derivatives in eta."""


def step(
    X: Array, r: Array, eta: Arithmetic, state: State, slope: Slope | None
) -> tuple[State, Slope | None]:
    """One step of the moments and of their derivatives in eta, in plain arithmetic.

    V  <- V - eta (SV + VS) + eta^2 mean_k x_k x_k' (x_k'V x_k - 2 r_k x_k'E e + r_k^2)
    Ee <- (I - eta S) E e
    """
    V, e, one = state
    n = len(X)
    XV = X @ V
    Xe = X @ e
    drift = _both(X.T @ XV) / n
    spread = _rows((XV * X).sum(axis=1) - 2 * r * Xe + r * r * one, X)
    fall = X.T @ Xe / n
    if slope is not None:
        dV, de = slope
        XdV = X @ dV
        Xde = X @ de
        bent = _rows((XdV * X).sum(axis=1) - 2 * r * Xde, X)
        # eta times the product before the division, as ever: digits depend on it
        dV = dV - eta * _both(X.T @ XdV) / n + eta * eta * bent - drift + 2 * eta * spread
        slope = (dV, de - eta * (X.T @ Xde) / n - fall)
    return (V - eta * drift + eta * eta * spread, e - eta * fall, one), slope


def _both(M: Array) -> Array:
    """M + M'."""
    return M + M.T


def _rows(weights: Array, X: Array) -> Array:
    """mean_k weights_k x_k x_k', symmetric to the last bit: other rounding would never decay."""
    return _both(X.T @ (weights[:, None] * X)) / (2 * len(X))


def solve(M: Array, b: Array) -> Array:
    """One solution u of the consistent M u = b, by elimination in exact arithmetic.

    M has the shape (p, q); free entries of u are 0.
    """
    table = np.column_stack([M, b])
    pivots: list[int] = []
    for column in range(M.shape[1]):
        row = len(pivots)
        found = next((k for k in range(row, len(table)) if table[k, column] != 0), None)
        if found is None:
            continue
        table[[row, found]] = table[[found, row]]
        table[row] = table[row] / table[row, column]
        others = np.arange(len(table)) != row
        table[others] = table[others] - table[others, column][:, None] * table[row]
        pivots.append(column)
    u = np.array([Fraction(0)] * M.shape[1], dtype=object)
    u[pivots] = table[: len(pivots), -1]
    return u


def vector(M: Array) -> Array:
    """Orthonormal coordinates of a symmetric matrix (..., k, k).

    They are the entries of the upper triangle, times sqrt(2) off the diagonal.
    """
    i, j = np.triu_indices(M.shape[-1])
    entries: Array = M[..., i, j]
    return entries * np.where(i == j, 1, np.sqrt(2))


@dataclass(frozen=True, eq=False)
class RowSpace:
    """Rows, errors and residuals in the eigenbasis of S on the row space of X, dimension k = rank
    X.
    """

    eigenvalues: Array
    """(k,) positive eigenvalues of S = X'X / n, descending."""
    basis: Array
    """(d, k) eigenvectors as columns."""
    rows: Array
    """(n, k) x_k in this basis."""
    error: Array
    """(k,) w_0 - center."""
    center: Array
    """(d,) the minimiser that differs from w_0 in the row space only."""
    residual: Array
    """(n,) r = y - X center."""

    @classmethod
    def of(cls, X: Array, y: Array, start: Array) -> "RowSpace":
        """Singular values below max(n, d) eps of the largest are null; so are residuals below 8
        max(n, d) eps.

        The eigenvectors are refined in extended precision (where there is one): T steps multiply
        their rounding by T.
        """
        cut = max(X.shape) * np.finfo(float).eps
        long = X.astype(np.longdouble)
        target = (y - X @ start).astype(np.longdouble)
        # X = U diag(s) V': the eigenvectors of the smaller Gram matrix, V or U, are refined
        if len(X) >= X.shape[1]:
            s, Vt = np.linalg.svd(X, full_matrices=False)[1:]
            k = int((s > cut * s[0]).sum())
            square, V = refined(long.T @ long, Vt.T.astype(np.longdouble))
            square = square[:k]
            basis = V[:, :k]
            rows = long @ basis
        else:
            s, Ut = np.linalg.svd(X.T, full_matrices=False)[1:]
            k = int((s > cut * s[0]).sum())
            square, U = refined(long @ long.T, Ut.T.astype(np.longdouble))
            square = square[:k]
            rows = U[:, :k] * np.sqrt(square)
            basis = long.T @ U[:, :k] / np.sqrt(square)
        move = rows.T @ target / square
        residual = target - rows @ move
        if k == len(y) or np.sqrt((residual**2).sum()) <= 8 * cut * np.sqrt((target**2).sum()):
            residual = 0 * residual
        return cls(
            eigenvalues=frozen((square / len(y)).astype(float)),
            basis=frozen(basis.astype(float)),
            rows=frozen(rows.astype(float)),
            error=frozen((-move).astype(float)),
            center=frozen((start + basis @ move).astype(float)),
            residual=frozen(residual.astype(float)),
        )

    @cached_property
    def moments(self) -> Moments:
        """The recursion of the symmetric matrices, dimension k (k + 1) / 2."""
        Z = self.rows
        r = self.residual
        n, k = Z.shape
        i, j = np.triu_indices(k)
        squares = vector(Z[:, :, None] * Z[:, None, :])
        coupling = np.zeros((len(i), k))
        if r.any():
            coupling = squares.T @ (r[:, None] * Z) / n
        return Moments(
            L=frozen(self.eigenvalues[i] + self.eigenvalues[j]),
            Q=frozen(squares.T @ squares / n),
            start=frozen(vector(self.error[:, None] * self.error)),
            N=frozen(squares.T @ r**2 / n),
            eigenvalues=frozen(self.eigenvalues),
            mean=frozen(self.error),
            C=frozen(coupling),
        )

    def limit(self) -> float:
        """1 / lambda_max(Q, L) from the smaller Gram side of the pencil.

        L is diagonal with entries 1 / P, and Q = mean_k vec(x_k x_k') vec(x_k x_k')'.
        """
        Z = self.rows
        n, k = Z.shape
        P = 1 / (self.eigenvalues[:, None] + self.eigenvalues)
        if n <= k * (k + 1) // 2:
            gram = np.array([((z * Z @ P) * (z * Z)).sum(axis=1) for z in Z]) / n
        else:
            half = vector(Z[:, :, None] * Z[:, None, :] * np.sqrt(P))
            gram = half.T @ half / n
        return float(1 / np.linalg.eigvalsh(gram)[-1])

    def bounds(self) -> tuple[float, float]:
        """As ``mean_square_bounds``."""
        Z = self.rows
        norms = (Z**2).sum(axis=1)
        on = norms > 0
        units = Z[on] / np.sqrt(norms[on])[:, None]
        directions = np.column_stack([np.eye(Z.shape[1]), units.T])
        projected = (Z @ directions) ** 2
        rayleigh = 2 * projected.mean(axis=0) / (projected**2).mean(axis=0)
        at_identity = 2 * norms.mean() / (norms**2).mean()
        return float(2 / norms.max()), float(min(at_identity, rayleigh.min()))

    def recursion(self, steps: int, eta: float, order: int, A: Array, u: Array, m: int) -> SignLog:
        """E ||A e + u||^2 / m after T steps, or its derivative in eta.

        The state is rescaled on the way against over- and underflow.
        """
        e = self.error
        state: State = (e[:, None] * e, e, np.array(1.0))
        slope: Slope | None = None
        if order:
            slope = (0 * state[0], 0 * e)
        log = 0.0
        for _ in range(steps):
            state, slope = step(self.rows, self.residual, eta, state, slope)
            V, mean, one = state
            size = np.abs(V).max()
            if size and not 1e-50 < size < 1e50:
                state = (V / size, mean / size, one / size)
                if slope is not None:
                    slope = (slope[0] / size, slope[1] / size)
                log += np.log(size)
        V = state[0] if slope is None else slope[0]
        square = SignLog.of(((A @ V) * A).sum() / m) * SignLog(1.0, log)
        # the mean error by its closed form, e_i (1 - eta lambda_i)^T
        pull = SignLog.of(2 * (u @ A) * e / m)
        rates = signed(factor(1.0, eta * self.eigenvalues))
        if order:
            fall = SignLog.of(-steps * self.eigenvalues) * rates ** (steps - 1)
            return square + (pull * fall).sum()
        return square + (pull * rates**steps).sum() + float(u @ u) / m
