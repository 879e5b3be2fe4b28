"""The response of T steps of gradient descent to a constant gradient, and its divided differences,
without division.

    S(x) = eta sum_{k<T} a_x^k,   S[x, y] = (S(x) - S(y)) / (x - y) = -eta^2 h_{T-2}(1, a_x, a_y),
        a_x = 1 - eta x

with h_n complete homogeneous. They are polynomials: w_T = w_0 - S(H) R holds for singular H with
S(0) = eta T.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.power_table import power_table


def response(eta: float, lam: Array, steps: int) -> tuple[Array, Array, float]:
    """(S (d,), S[lambda_i, lambda_j] (d, d), shift) for lambda >= 0; both are divided by e^shift =
    max(1, |a|^T).
    """
    T = steps
    step = np.float64(eta)
    _, S, D, shift = power_table(eta, lam, T)
    low = np.minimum.outer(lam, lam)
    high = np.maximum.outer(lam, lam)
    # h_{T-2}(1, a_x, a_y) = (sum_k a_x^k - sum_k a_x^k a_y^(T-1-k)) / (1 - a_y) with a_x >= a_y:
    # the two sums differ by a factor unless T (1 - a_y) is small
    first = np.where(lam[:, None] <= lam, S[:, None], S)
    near = T * step * high < 1
    with np.errstate(divide="ignore", invalid="ignore"):
        far = (first - D) / (step * high)
    return (
        step * S,
        -(step**2) * np.where(near, np.exp(-shift) * _near_one(step * low, step * high, T), far),
        shift,
    )


def _near_one(x: Array, y: Array, T: int) -> Array:
    """h_{T-2}(1, 1 - x, 1 - y) = sum_m (-1)^m binom(T, m + 2) h_m(x, y) for 0 <= x <= y < 1 / T.

    The terms fall like 1 / (m + 2)!, so that 18 are enough.
    """
    y = np.minimum(y, 1 / T)
    x = np.minimum(x, y)
    total = np.zeros_like(y)
    power = np.ones_like(y)
    homogeneous = np.ones_like(y)
    binomial = T * (T - 1) / 2
    for m in range(18):
        total = total + (-1) ** m * binomial * homogeneous
        # h_{m+1}(x, y) = x h_m(x, y) + y^(m+1)
        power = power * y
        homogeneous = x * homogeneous + power
        binomial = binomial * (T - m - 2) / (m + 3)
    return total
