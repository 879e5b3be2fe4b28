"""Oracles about momentum and stochastic gradients: recursions of the moments, step by step."""

from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, sqrt, within
from tests.attack.oracle import attack, control, modest, positive, real, share
from tests.attack.step_size import power, slope

Array = Any


@attack(
    "derived_heavy_ball_not_quasiconvex", "repaired", d=(1, 6), T=(1, 15), lam=(positive, "d"),
    c=(real, "d"), x=real, y=positive, z=positive,
)  # fmt: skip
def ordered(
    lam: Array, c: Array, x: Array, y: Array, z: Array, T: int, beta: int = 0
) -> tuple[Array, ...]:
    """F(middle) <= max of F at the ends, without momentum (tenths of beta otherwise)."""
    L = lam.max(axis=1)
    values = []
    for eta in (x / L, (x + y) / L, (x + y + z) / L):
        before, w = c + 0 * lam, c + 0 * lam
        for _ in range(T):
            before, w = w, w - eta[:, None] * lam * w + beta * (w - before) / 10
        values.append((lam * w * w).sum(axis=1))
    return values[1], np.maximum(values[0], values[2])


control("heavy ball quasi-convex", "derived_heavy_ball_not_quasiconvex", "repaired", beta=5)


@attack(
    "derived_heavy_ball_unbounded_gradient", "repaired", d=(2, 5), T=(1, 30), lam=(positive, "d"),
    c=(real, "d"),
)  # fmt: skip
def linear(lam: Array, c: Array, T: int) -> tuple[Array, ...]:
    """|G' - c T| <= C at the parameters that are best in the long run."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    ratio = sqrt(L / mu)
    s = (ratio - 1) / (ratio + 1)
    eta, beta = (1 + s) * (1 + s) / L, (s * s)[:, None]
    before, w = c + 0 * lam, c + 0 * lam
    first_before, first = 0 * lam, 0 * lam
    for _ in range(T):
        after = w - eta[:, None] * lam * w + beta * (w - before)
        first_after = first - lam * w - eta[:, None] * lam * first + beta * (first - first_before)
        before, w, first_before, first = w, after, first, first_after
    loss = (lam * w * w).sum(axis=1) / 2
    change = (lam * w * first).sum(axis=1) / (T * loss)
    weights = lam * c * c / 2
    top = np.where(lam == L[:, None], weights, 0 * weights).sum(axis=1)
    bottom = np.where(lam == mu[:, None], weights, 0 * weights).sum(axis=1)
    high, low = top * (1 + s) * (1 + s), bottom * (1 - s) * (1 - s)
    pi = high / (high + low)
    drift = (pi * L - (1 - pi) * mu) * T / (3 * s)
    cosine = (1 + s * s)[:, None] - eta[:, None] * lam
    cosine = cosine / (2 * s)[:, None]
    sine = 1 - cosine * cosine
    inside = (lam < L[:, None]) & (lam > mu[:, None])
    inner = np.where(inside, weights / np.where(inside, sine * sine, 1 + 0 * sine), 0 * sine)
    constant = (2 * L / s + 4 * (L + mu) / (1 - s * s)) / 3
    constant = constant + 4 * L / s * inner.sum(axis=1) / top
    met = (L > mu * (1 + 2.0**-20)) & (sine > 2.0**-20).any(axis=1) | (~inside).all(axis=1)
    return within(met, abs(change - drift)), constant, constant + drift * 2.0**-20


@attack(
    "derived_additive_noise_optimum", "stated", d=(1, 5), T=(1, 20), lam=(positive, "d"),
    c=(real, "d"), noise=(positive, "d"), x=share,
)  # fmt: skip
def additive(
    lam: Array, c: Array, noise: Array, x: Array, T: int, quarters: int = 3
) -> tuple[Array, ...]:
    """D - sum s x (3/4 + T a^(2T-1)) <= -F' <= D for eta <= 1/L."""
    eta = (x / lam.max(axis=1))[:, None]
    s = noise * lam * lam
    a = 1 - eta * lam
    v, first = c * c + 0 * lam, 0 * lam
    for _ in range(T):
        first = a * a * first - 2 * a * lam * v + 2 * eta * s
        v = a * a * v + eta * eta * s
    change = -(lam * first).sum(axis=1) / 2
    start, lost = T * lam * lam * c * c * power(a, 2 * T - 1), s * (1 - power(a, 2 * T)) / 4
    D = (start - lost).sum(axis=1)
    rest = s * eta * lam * (quarters / 4 + T * power(a, 2 * T - 1))
    size = (start + lost + rest).sum(axis=1)
    return all_of((D - rest.sum(axis=1), change, size), (change, D, size))


control("additive noise with 2/4 for 3/4", "derived_additive_noise_optimum", "stated",
        quarters=2)  # fmt: skip


def streaming(lam: Array, eta: Array, v: Array) -> Array:
    """E e_i^2 after a step e' = (I - eta x x') e, x normal of the variances lambda."""
    x = eta[:, None] * lam
    return v * (1 - 2 * x + 2 * x * x) + eta[:, None] * x * (lam * v).sum(axis=1)[:, None]


@attack("derived_streaming_mean_square_limit", "stated", d=(1, 6), lam=(positive, "d"))
def limit(lam: Array, trace: int = 1) -> tuple[Array, ...]:
    """At the lower bound no growth is above 1, at the upper one some is not below 1."""
    L, total, square = lam.max(axis=1), lam.sum(axis=1), (lam * lam).sum(axis=1)
    parts = []
    for eta, lower in (
        (2 / (total * trace + 2 * L), True),
        (2 / (total + 2 * square / total), False),
    ):
        v = 1 + 0 * lam
        for _ in range(40):
            after = streaming(lam, eta, v)
            growth = after / v
            v = after / after.max(axis=1)[:, None]
        # the spectral radius lies between the least and the largest growth
        if lower:
            parts.append((growth.min(axis=1), 1 + 0 * L))
        else:
            parts.append((1 + 0 * L, growth.max(axis=1)))
    return all_of(*parts)


@attack(
    "derived_sgd_naive_against_log", "stated", d=(1, 5), T=(1, 20), lam=(positive, "d"),
    e=(real, "d"), sigma=positive, x=positive,
)  # fmt: skip
def floors(lam: Array, e: Array, sigma: Array, x: Array, T: int) -> tuple[Array, ...]:
    """|F - J/2| below B = 1, exponential growth above it and beyond eta lambda_max = 1."""
    eta = x / lam.max(axis=1)
    z = eta[:, None] * lam
    start = e * e + 0 * lam
    v = start
    for _ in range(T):
        v = streaming(lam, eta, v) + (sigma * sigma * eta * eta)[:, None] * lam
    loss = (lam * v).sum(axis=1) / 2
    y = eta[:, None] / (2 * (1 - z))
    B = (lam * y).sum(axis=1)
    m = (2 * z * (1 - z)).min(axis=1)
    J = sigma * sigma * B / (1 - B)
    fixed = y * (J + sigma * sigma)[:, None]
    far = (abs(start - fixed) / y).max(axis=1)
    r = power(1 - m * (1 - B), T)
    stable = abs(loss - J / 2) / np.where(far == 0, np.nan, far)
    rising = power(1 + m * (B - 1), T) * B * (start / y).min(axis=1) / 2
    beyond = (lam * start * power(1 - 2 * z + 3 * z * z, T)).sum(axis=1) / 2
    inside = (x < 1) & (B < 1)
    less = np.where(inside, stable, np.where(x < 1, rising, beyond))
    more = np.where(inside, r * B / 2, loss)
    size = np.where(inside, r * B / 2 + (loss + abs(J)) / far * 2.0**-30, loss)
    return within(B != 1, less), more, size


@attack(
    "talk2021_almost_all_step_sizes", "stated", d=(2, 4), T=(2, 4), lam=(modest, "d"),
    c=(real, "d"), x=modest, q=share,
)  # fmt: skip
def band(lam: Array, c: Array, x: Array, q: Array, T: int, percent: int = 100) -> tuple[Array, ...]:
    """The length of m <= |F'| <= M, eta >= 0, by bisection; M = F'(eta_M)."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    end = (1 + x) / mu
    M = slope(lam, c, end, T)[1]

    def where(value: Array) -> Array:
        low, high = 0 * end, end
        for _ in range(36):
            middle = (low + high) / 2
            over = slope(lam, c, middle, T)[1] > value
            low, high = np.where(over, low, middle), np.where(over, middle, high)
        return (low + high) / 2

    m = q * M
    length = end - where(m) + where(-m) - where(-M)
    factor = np.exp(np.log(1 / q) / (2 * T - 1)) if lam.dtype != object else None
    if factor is None:
        factor = np.array([(1 / value) ** (1 / (2 * T - 1 + 0 * value)) for value in q])
    bound = (1 / mu + end - 1 / L) * (factor - 1) * percent / 100
    # four ends of intervals are known to 2^-36 each
    return length, bound + end * 2.0**-34, bound + end * 2.0**-24


control("step sizes of small F' on 9/10 of the length", "talk2021_almost_all_step_sizes", "stated",
        percent=90)  # fmt: skip
