"""The exact unrolled hypergradient of a quadratic bilevel problem, at O(p^3) whatever T.

With H = Q diag(lambda) Q', a = 1 - eta lambda, E = Q'(W_0 - W_*), G = Q' grad L_2(W_T),
S_i = sum_{k<T} a_i^k and the divided differences D_ij = (a_i^T - a_j^T) / (a_i - a_j),

    F'_k = -eta (<H_k, V W_*' + Q (D o G E') Q'> - <b_k, V>),   V = Q (S o G),

and a start that moves with alpha adds <d W_0 / d alpha_k, Q (a^T o G)>, as d W_T / d W_0 =
(I - eta H)^T. The direct term of an outer loss that depends on alpha is not part of it.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.residual import factor, log_abs, power_difference
from quadmeta.arithmetic.response import response
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


def unrolled(
    inner: QuadraticInnerLoss, start: Array, steps: int, step_size: float, moving: Array | None
) -> SignLog:
    """F' (h,) for a run of ``steps`` steps from ``start`` (P,).

    ``moving`` are the rows d w_0 / d alpha_k (h, P) of a start that depends on alpha.
    """
    W0 = start.reshape(inner.B.shape)
    if settled(inner):
        return _from_minimum(inner, W0, steps, step_size, moving)
    return _from_start(inner, W0, steps, step_size, moving)


def settled(inner: QuadraticInnerLoss) -> bool:
    """Whether W_* may enter: where rows do not span, the condition number counts twice in it."""
    if not inner.firm or inner.rows is None:
        return inner.firm
    lam = inner.eigen[0]
    return bool(lam[0] >= 1e-2 * lam[-1]) or inner.rows.rank == len(lam)


def _from_minimum(
    inner: QuadraticInnerLoss, W0: Array, T: int, eta: float, moving: Array | None
) -> SignLog:
    """The formula as above."""
    H2, B2, _ = inner.outer
    lam, Q = inner.spectrum
    W = inner.minimizer
    E = Q.T @ (W0 - W)
    a = factor(np.float64(eta), lam)
    # every power is divided by e^shift = max(1, |a|^T), so that products hold e^(2 shift) in
    # common
    log = T * log_abs(a)
    shift = max(0.0, float(log.max()))
    common = np.exp(-shift)
    power = (np.sign(a.value) ** T * np.exp(log - shift))[:, None]
    # the last row is for a = 1: (1 - a^T) / (1 - a)
    rows = factor(np.float64(eta), np.append(lam, 0.0)[:, None])
    differences = power_difference(rows, a, T)
    scaled = differences.sign * np.exp(differences.log - shift)
    D = scaled[:-1]
    S = scaled[-1][:, None]
    G = Q.T @ (H2 @ (common * W + Q @ (power * E)) - common * B2)
    V = Q @ (S * G)
    X = V @ W.T + Q @ (D * (G @ E.T)) @ Q.T
    value = -eta * inner.problem.pair(inner.alpha, X, V)
    if moving is not None:
        value = value + moving @ (Q @ (power * G)).ravel()
    return SignLog.of(value) * SignLog(1.0, 2 * shift)


def _from_start(
    inner: QuadraticInnerLoss, W0: Array, T: int, eta: float, moving: Array | None
) -> SignLog:
    """The same without W_* and without 1 / lambda, for singular H too.

    With S(lambda) = eta sum_{k<T} a^k, its divided differences S[lambda_i, lambda_j] and R =
    Q'(H W_0 - B),

        W_T = W_0 - Q (S o R),   F'_k = -<H_k W_0 - b_k, V> - <H_k, Q (S[.,.] o G R') Q'>,   V
            = Q (S o G).
    """
    H2, B2, _ = inner.outer
    lam, Q, inside, R = inner.modes(W0)
    moved, slopes, shift = response(eta, lam, T)
    common = np.exp(-shift)
    S = moved[:, None]
    G = Q.T @ (H2 @ (common * W0 - Q @ (S * R)) - common * B2)
    from_start = 0.0
    if moving is not None:
        a = factor(np.float64(eta), lam)
        power = np.sign(a.value) ** T * np.exp(T * log_abs(a) - shift)
        from_start = moving @ (Q @ (power[:, None] * G)).ravel()
    if inner.rows is not None and inner.rows.spanned:
        # no H_k leads out of the space of the rows: 0 exactly, where rounding would be
        # multiplied by T
        slopes[:inside, inside:] = 0
        slopes[inside:, :inside] = 0
        if inner.problem.inside:
            Q = Q[:, :inside]
            S = S[:inside]
            G = G[:inside]
            R = R[:inside]
            slopes = slopes[:inside, :inside]
    V = Q @ (S * G)
    X = V @ W0.T + Q @ (slopes * (G @ R.T)) @ Q.T
    value = -inner.problem.pair(inner.alpha, X, V)
    if moving is not None:
        value = value + from_start
    return SignLog.of(value) * SignLog(1.0, 2 * shift)
