"""The exact unrolled hypergradient of a quadratic bilevel problem, at O(p^3) and the response of
the optimizer.

A linear method ends at W_T = W_0 - S(H) (H W_0 - B). With H = Q diag(lambda) Q', the divided
differences S[lambda_i, lambda_j], R = Q'(H W_0 - B) and G = Q' grad L_2(W_T),

    F'_k = -<H_k W_0 - b_k, V> - <H_k, Q (S[.,.] o G R') Q'>,   V = Q (S o G),

and a start that moves with alpha adds <d W_0 / d alpha_k, Q (p o G)>, as d W_T / d W_0 = p(H) = I -
S(H) H. The direct term of an outer loss that depends on alpha is not part of it.

Gradient descent on a Hessian that is far from singular has a form of the same with the minimiser:
with a = 1 - eta lambda, E = Q'(W_0 - W_*), S_i = sum_{k<T} a_i^k and D_ij = (a_i^T - a_j^T) / (a_i
- a_j),

    F'_k = -eta (<H_k, V W_*' + Q (D o G E') Q'> - <b_k, V>),   V = Q (S o G).
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.power_table import power_table
from quadmeta.arithmetic.signlog import LARGEST, SMALLEST, SignLog
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts.base import PolynomialOptimizer
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


def settled(inner: QuadraticInnerLoss) -> bool:
    """Whether W_* may enter: where rows do not span, the condition number counts twice in it."""
    if not inner.firm or inner.rows is None:
        return inner.firm
    return inner.well_conditioned or inner.rows.determine(inner.problem.inside)


def from_minimum(
    inner: QuadraticInnerLoss,
    start: Array,
    descent: GradientDescent,
    moving: Array | None,
    farthest: float,
) -> tuple[Array, float] | None:
    """(F' / e^shift (h,), shift) for gradient descent from ``start`` (P,), by the form with W_*;
    None where W_* is more than ``farthest`` times as large as W_T, whose digits are lost beside it.

    ``moving`` are the rows d w_0 / d alpha_k (h, P) of a start that depends on alpha.
    """
    W0 = start.reshape(inner.B.shape)
    eta = descent.given
    # C = Q'W_* and the outer gradient in the basis of Q throughout
    H2, B2, _ = inner.outer
    lam, Q = inner.spectrum
    C = (Q.T @ inner.B) / lam[:, None]
    E = Q.T @ W0 - C
    # all powers are divided by e^shift, so that products hold e^(2 shift) in common
    powers, sums, differences, shift = power_table(eta, lam, descent.steps)
    common = np.exp(-shift)
    power = powers[:, None]
    ended = common * C + power * E
    if common * np.linalg.norm(C) > farthest * np.linalg.norm(ended):
        return None
    G = Q.T @ (H2 @ (Q @ ended) - common * B2)
    V = sums[:, None] * G
    differences *= G @ E.T
    differences += V @ C.T
    value = -eta * inner.problem.pair(inner.alpha, Q @ differences @ Q.T, Q @ V)
    if moving is not None:
        value = value + moving @ (Q @ (power * G)).ravel()
    return value, 2 * shift


def unrolled(
    inner: QuadraticInnerLoss, start: Array, optimizer: PolynomialOptimizer, moving: Array | None
) -> tuple[Array, float]:
    """The same for every linear method, without W_* and without 1 / lambda, for singular H too."""
    W0 = start.reshape(inner.B.shape)
    H2, B2, _ = inner.outer
    lam, Q, inside, R = inner.modes(W0)
    power, moved, slopes, shift = optimizer.response(lam)
    common = np.exp(-shift)
    S = moved[:, None]
    G = Q.T @ (H2 @ (common * W0 - Q @ (S * R)) - common * B2)
    from_start = 0.0
    if moving is not None:
        from_start = moving @ (Q @ (power[:, None] * G)).ravel()
    if inner.rows is not None and inner.rows.spanned:
        slopes = slopes.copy()
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
    return value, 2 * shift


def rounded(value: Array, shift: float) -> Array:
    """value e^shift in float64.

    Raises
    ------
    OverflowError
        an entry that float64 cannot hold.
    """
    if shift == 0 and _holds(value):
        return value
    found: Array = signed(value, shift).to_float()
    return found


def signed(value: Array, shift: float) -> SignLog:
    """value e^shift.

    Raises
    ------
    OverflowError
        a value that is not finite.
    """
    if not np.isfinite(value).all():
        raise OverflowError(
            "the hypergradient needs numbers beyond float64: scale the two losses, and step sizes "
            "with the inner one"
        )
    return SignLog.of(value) * SignLog(1.0, shift)


def _holds(value: Array) -> bool:
    """Whether every entry is 0 or a float64 with all its digits."""
    size = np.abs(value)
    return bool(((size >= SMALLEST) | (size == 0)).all() and size.max() <= LARGEST)
