"""Oracles about how fast F and its logarithm change in the step size: where F' is small, and what
descent on the logarithm needs.
"""

from typing import Any

import numpy as np

from tests.attack.arithmetic import norm, within
from tests.attack.oracle import attack, control, positive, share
from tests.attack.step_size import SPECTRUM, ends, power, slope

Array = Any


@attack("talk2021_almost_all_step_sizes", "reading", d=(1, 6), T=(1, 30), x=positive, **SPECTRUM)
def tails(lam: Array, c: Array, x: Array, T: int, percent: int = 100) -> tuple[Array, ...]:
    """|F'| <= 2TL Omega rho^(2T-1) below 2/L, |F'| >= 2TL (omega_L (eta L - 1)^(2T-1) - Omega)
    beyond.
    """
    L = lam.max(axis=1)
    first = abs(slope(lam, c, x / L, T)[1])
    weights = lam * c * c / 2
    rho = abs(1 - (x / L)[:, None] * lam).max(axis=1)
    above = percent * 2 * T * L * weights.sum(axis=1) * power(rho, 2 * T - 1) / 100
    lead = 2 * T * L * ends(lam, weights)[1] * power(x - 1, 2 * T - 1)
    lost = percent * 2 * T * L * weights.sum(axis=1) / 100
    inside = x < 2
    return (
        np.where(inside, first, lead - lost),
        np.where(inside, above, first),
        np.where(inside, above, abs(lead) + lost),
    )


control("meta-gradients by 99/100 of their bound", "talk2021_almost_all_step_sizes", "reading",
        percent=99)  # fmt: skip


def minimiser(lam: Array, c: Array, T: int) -> Array:
    """The zero of F' between 1/L and 1/mu, by bisection."""
    low, high = 1 / lam.max(axis=1), 1 / lam.min(axis=1)
    for _ in range(60 if lam.dtype != object else 220):
        middle = (low + high) / 2
        right = slope(lam, c, middle, T)[1] > 0
        low, high = np.where(right, low, middle), np.where(right, middle, high)
    return (low + high) / 2


def change(lam: Array, c: Array, eta: Array, T: int) -> Array:
    """G' for G = log F / T."""
    loss, first, _ = slope(lam, c, eta, T)
    return first / (T * np.where(loss == 0, np.nan, loss))


def met(lam: Array, c: Array, T: int, best: Array, far: Array, epsilon: Array) -> Array:
    """The largest and the least |G'| at distances between epsilon and far from the minimiser."""
    most, least = 0 * far, None
    for j in range(6):
        away = epsilon + (far - epsilon) * j * j / 25
        right, left = abs(change(lam, c, best + away, T)), best - away
        below = abs(change(lam, c, np.maximum(left, 0 * left), T))
        below = np.where(left > 0, below, right)
        most = np.maximum(most, np.maximum(below, right))
        least = np.minimum(below, right if least is None else np.minimum(least, right))
    return most, least


@attack(
    "wang2021_meta_descent", "repaired", d=(2, 5), T=(1, 12), PART=(0, 2), x=positive, y=share,
    z=positive, **SPECTRUM,
)  # fmt: skip
def meta_descent(
    lam: Array, c: Array, x: Array, y: Array, z: Array, T: int, PART: int, percent: int = 100
) -> tuple[Array, ...]:
    """F(eta) >= (1 + delta^2 u^2)^T F*; (1 - delta G'/2)_+^2 (1 + delta^2 u^2) <= 1; and what bounds
    sqrt(k'), with the slopes that are met on the way, is at most Q M^2/epsilon. k' is above 10^4,
    so that the steps themselves are not taken.
    """
    c = c / norm(c)[:, None]
    L, mu = lam.max(axis=1), lam.min(axis=1)
    best, eta = minimiser(lam, c, T), x / L
    delta, u = eta - best, 2 / (1 / mu - 1 / L)
    bend = 1 + percent * delta * delta * u * u / 100
    if PART == 0:
        # growth beyond F*, where it is not rounding
        least = within(bend > 1 + 2.0**-15, slope(lam, c, best, T)[0])
        less, more = (power(bend, T) - 1) * least, slope(lam, c, eta, T)[0] - least
    elif PART == 1:
        tangent = np.maximum(1 - delta * change(lam, c, eta, T) / 2, 0 * x)
        less, more = tangent * tangent * bend, 1 + 0 * x
    else:
        lead = np.minimum(*ends(lam, c * c))
        B = 4 * L * L * L / (lead * mu * (L - mu))
        E = L / mu + L * B
        Q = L * L * B + 2 * L + 3 * E * E / (8 * L) + E * L / (2 * u * u)
        epsilon, start = y / L, z / L
        M = np.maximum(start, 1 / L)
        first = np.maximum(abs(start - best), epsilon)
        most, _ = met(lam, c, T, best, first, epsilon)
        far = np.maximum(first, most)
        most, least = met(lam, c, T, best, far, epsilon)
        less = most / epsilon + 2 + far / (2 * least)
        more = percent * Q * M * M / epsilon / 100
    return within(L > mu * (1 + 2.0**-20), less), more


control("growth of F with 101/100 of its rate", "wang2021_meta_descent", "repaired", PART=0,
        percent=101)  # fmt: skip
