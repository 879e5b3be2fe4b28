"""The second moments of SGD on sampled rows: one step, and the coordinates in which they are a
symmetric recursion.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import frozen
from quadmeta.arithmetic.affine import refined, signed
from quadmeta.arithmetic.residual import factor
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.stochastic import Moments

Array = Any


def step(
    X: Array, r: Array, eta: Any, state: tuple[Array, ...], slope: tuple[Array, ...] | None
) -> tuple[tuple[Array, ...], tuple[Array, ...] | None]:
    """One step of (V, E e, 1) and of the derivatives (V', E e') in eta, in plain arithmetic.

    The third entry of the state scales the noise r_k^2, so that the recursion is linear in the
    state.
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
        slope = (
            dV
            - eta * _both(X.T @ XdV) / n
            + eta * eta * _rows((XdV * X).sum(axis=1) - 2 * r * Xde, X)
            - drift
            + 2 * eta * spread,
            de - eta * (X.T @ Xde) / n - fall,
        )
    return (V - eta * drift + eta * eta * spread, e - eta * fall, one), slope


def _both(M: Array) -> Array:
    return M + M.T


def _rows(weights: Array, X: Array) -> Array:
    """mean_k weights_k x_k x_k', symmetric to the last bit: rounding that is not would never
    decay.
    """
    return _both(X.T @ (weights[:, None] * X)) / (2 * len(X))


def solve(M: Array, b: Array) -> Array:
    """One solution u of the consistent M u = b, M (p, q), by elimination in exact arithmetic; free
    entries are 0.
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
    """Orthonormal coordinates of a symmetric matrix (..., k, k): the upper triangle, sqrt(2) off
    the diagonal.
    """
    i, j = np.triu_indices(M.shape[-1])
    return M[..., i, j] * np.where(i == j, 1, np.sqrt(2))


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
        tall = len(X) >= X.shape[1]
        s, Vt = np.linalg.svd(X if tall else X.T, full_matrices=False)[1:]
        k = int((s > cut * s[0]).sum())
        X, target = X.astype(np.longdouble), (y - X @ start).astype(np.longdouble)
        square, V = refined(X.T @ X if tall else X @ X.T, Vt.T.astype(np.longdouble))
        square = square[:k]
        V = V[:, :k]
        if tall:
            rows = X @ V
        else:
            rows = V * np.sqrt(square)
        if tall:
            basis = V
        else:
            basis = X.T @ V / np.sqrt(square)
        move = rows.T @ target / square
        residual = target - rows @ move
        if k == len(y) or np.sqrt((residual**2).sum()) <= 8 * cut * np.sqrt((target**2).sum()):
            residual = 0 * residual
        parts = square / len(y), basis, rows, -move, start + basis @ move, residual
        return cls(*(frozen(part.astype(float)) for part in parts))

    @cached_property
    def moments(self) -> Moments:
        """The recursion of the symmetric matrices, dimension k (k + 1) / 2."""
        Z = self.rows
        r = self.residual
        n = len(self.rows)
        i, j = np.triu_indices(Z.shape[1])
        squares = vector(Z[:, :, None] * Z[:, None, :])
        m = Z.shape[1]
        noisy = bool(r.any())
        parts = (
            self.eigenvalues[i] + self.eigenvalues[j],
            squares.T @ squares / n,
            vector(self.error[:, None] * self.error),
            squares.T @ r**2 / n,
            self.eigenvalues,
            self.error,
            squares.T @ (r[:, None] * Z) / n if noisy else np.zeros((len(i), m)),
        )
        return Moments(*map(frozen, parts))

    def limit(self) -> float:
        """1 / lambda_max(Q, L) from the smaller Gram side of the pencil."""
        Z = self.rows
        (n, k) = self.rows.shape
        P = 1 / (self.eigenvalues[:, None] + self.eigenvalues)
        if n <= k * (k + 1) // 2:
            gram = np.array([((z * Z @ P) * (z * Z)).sum(axis=1) for z in Z]) / n
        else:
            half = vector(Z[:, :, None] * Z[:, None, :] * np.sqrt(P))
            gram = half.T @ half / n
        return float(1 / np.linalg.eigvalsh(gram)[-1])

    def bounds(self) -> tuple[float, float]:
        """As ``mean_square_bounds``."""
        norms = (self.rows**2).sum(axis=1)
        on = norms > 0
        directions = np.column_stack(
            [np.eye(self.rows.shape[1]), (self.rows[on] / np.sqrt(norms[on])[:, None]).T]
        )
        projected = (self.rows @ directions) ** 2
        rayleigh = 2 * projected.mean(axis=0) / (projected**2).mean(axis=0)
        return float(2 / norms.max()), float(
            min(2 * norms.mean() / (norms**2).mean(), rayleigh.min())
        )

    def recursion(self, steps: int, eta: float, order: int, A: Array, u: Array, m: int) -> SignLog:
        """E ||A e + u||^2 / m or its derivative after T steps, rescaled on the way against over-
        and underflow.
        """
        e = self.error
        rates = factor(1.0, eta * self.eigenvalues)
        state: tuple[Array, ...] = (e[:, None] * e, e, np.array(1.0))
        if order:
            slope = (0 * state[0], 0 * e)
        else:
            slope = None
        log = 0.0
        for _ in range(steps):
            state, slope = step(self.rows, self.residual, eta, state, slope)
            size = np.abs(state[0]).max()
            if size and not 1e-50 < size < 1e50:
                state = tuple(x / size for x in state)
                slope = slope and tuple(x / size for x in slope)
                log += np.log(size)
        if slope is None:
            V = state[0]
        else:
            V = slope[0]
        square = SignLog.of(((A @ V) * A).sum() / m) * SignLog(1.0, log)
        pull = SignLog.of(2 * (u @ A) * e / m)
        if order:
            return (
                square
                + (
                    pull * SignLog.of(-steps * self.eigenvalues) * signed(rates) ** (steps - 1)
                ).sum()
            )
        return square + (pull * signed(rates) ** steps).sum() + float(u @ u) / m
