"""Exact unrolled hypergradients of linear methods that are no polynomial of H alone, at O(p^3) and
the response of the method.

*Preconditioned*, W_T = W_0 - S(D^-1 H) D^-1 (H W_0 - B). With Y' D Y = I, Y' H Y = diag(lambda),
R = Y'(H W_0 - B), G = Y' grad L_2(W_T), and p the residual polynomial,

    F'_k = -<H_k W_0 - b_k, V> - <H_k, Y (S[.,.] o G R') Y'> - <D_k, Y (p[.,.] o G R') Y'>,   V = Y
    (S o G),   p[x, y] = -S(x) - y S[x, y].

*Affine*, W_T = P(H) W_0 + S(H) B with two unrelated functions. In the basis Q of H, with tildes,

    F'_k = <b_k, Q (S o G)> + <H_k, Q (P[.,.] o G W~_0' + S[.,.] o G B~') Q'>.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.along.affine import AffineOptimizer
from quadmeta.optimizers.parts.along.direction import Preconditioner
from quadmeta.optimizers.parts.base import PolynomialOptimizer
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss
from quadmeta.problems.parts.rows import Rows


def with_ridge(inner: QuadraticInnerLoss, rho: float) -> QuadraticInnerLoss:
    """The inner loss with rho ||W||^2 / 2, which the hyperparameters do not know."""
    H = inner.H + rho * np.eye(len(inner.H))
    rows = inner.rows
    if rows is not None:
        rows = Rows(rows.table, rows.weights, rows.rho + rho)
    return QuadraticInnerLoss(H, inner.B, inner.problem, inner.alpha, rows)


def preconditioned(
    inner: QuadraticInnerLoss,
    start: Array,
    method: PolynomialOptimizer,
    preconditioner: Preconditioner,
    moving: Array | None,
) -> tuple[Array, float]:
    """(F' / e^shift (h,), shift) for a method along D^-1 grad from ``start`` (P,)."""
    W0 = start.reshape(inner.B.shape)
    H2, B2, _ = inner.outer
    lam, Y = _generalised(inner.H, preconditioner.matrix)
    R = Y.T @ (inner.H @ W0 - inner.B)
    power, moved, slopes, shift = method.response(lam)
    common = np.exp(-shift)
    S = moved[:, None]
    G = Y.T @ (H2 @ (common * W0 - Y @ (S * R)) - common * B2)
    V = Y @ (S * G)
    GR = G @ R.T
    X = V @ W0.T + Y @ (slopes * GR) @ Y.T
    if preconditioner.share is not None:
        residual = -S - slopes * lam
        X = X + preconditioner.share(Y @ (residual * GR) @ Y.T)
    value = -inner.problem.pair(inner.alpha, X, V)
    if moving is not None:
        # d W_T / d W_0 = Y p(lambda) Y' D
        value = value + moving @ preconditioner.times(Y @ (power[:, None] * G)).ravel()
    return value, 2 * shift


def _generalised(H: Array, D: Array) -> tuple[Array, Array]:
    """(lambda, Y) with Y' D Y = I and Y' H Y = diag(lambda); eigenvalues at rounding count as 0."""
    if D.ndim == 1:
        root = 1 / np.sqrt(D)
        lam, Q = np.linalg.eigh(root[:, None] * H * root)
        Y = root[:, None] * Q
    else:
        lower = np.linalg.cholesky(D)
        half = np.linalg.solve(lower, H)
        both = np.linalg.solve(lower, half.T)
        lam, Q = np.linalg.eigh((both + both.T) / 2)
        Y = np.linalg.solve(lower.T, Q)
    rounding = 4 * len(lam) * np.finfo(float).eps * lam[-1]
    return np.where(lam > rounding, lam, 0.0), Y


def affine(
    inner: QuadraticInnerLoss, start: Array, optimizer: AffineOptimizer, moving: Array | None
) -> tuple[Array, float]:
    """The same for W_T = P(H) W_0 + S(H) B."""
    W0 = start.reshape(inner.B.shape)
    H2, B2, _ = inner.outer
    lam, Q, inside, gradient = inner.modes(np.zeros_like(W0))
    power, power_slopes, moved, slopes, shift = optimizer.response(lam)
    B = -gradient
    W = Q.T @ W0
    P = power[:, None]
    S = moved[:, None]
    G = Q.T @ (H2 @ (Q @ (P * W + S * B)) - np.exp(-shift) * B2)
    from_start = 0.0
    if moving is not None:
        from_start = moving @ (Q @ (P * G)).ravel()
    between = power_slopes * (G @ W.T) + slopes * (G @ B.T)
    V = S * G
    if inner.rows is not None and inner.rows.spanned:
        # no H_k leads out of the space of the rows
        between[:inside, inside:] = 0
        between[inside:, :inside] = 0
        if inner.problem.inside:
            Q = Q[:, :inside]
            V = V[:inside]
            between = between[:inside, :inside]
    value = inner.problem.pair(inner.alpha, Q @ between @ Q.T, -(Q @ V))
    if moving is not None:
        value = value + from_start
    return value, 2 * shift
