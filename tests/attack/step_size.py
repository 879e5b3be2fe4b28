"""Oracles about the step size of gradient descent on one quadratic: the iteration and its two
derivatives, step by step, w_0 - w_* = c in the eigenbasis.
"""

from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, norm, root, within
from tests.attack.oracle import attack, control, modest, positive, real, share

Array = Any
SPECTRUM = {"lam": (positive, "d"), "c": (real, "d")}


def descent(lam: Array, c: Array, eta: Array, T: int) -> tuple[Array, Array, Array]:
    """w_T - w_* and its first two derivatives in the step size."""
    w, first, second = c + 0 * lam, 0 * lam, 0 * lam
    step = eta[:, None] * lam
    for _ in range(T):
        second = second - 2 * lam * first - step * second
        first = first - lam * w - step * first
        w = w - step * w
    return w, first, second


def slope(lam: Array, c: Array, eta: Array, T: int) -> tuple[Array, Array, Array]:
    """F = f(w_T), F' and the sum of the sizes of the terms of F'."""
    w, first, _ = descent(lam, c, eta, T)
    terms = lam * w * first
    return (lam * w * w).sum(axis=1) / 2, terms.sum(axis=1), abs(terms).sum(axis=1)


def power(x: Array, n: int) -> Array:
    """x^n by multiplication."""
    out = 1 + 0 * x
    for _ in range(n):
        out = out * x
    return out


def ends(lam: Array, values: Array) -> tuple[Array, Array]:
    """Sums of the values at the smallest and at the largest eigenvalue."""
    low, high = lam.min(axis=1)[:, None], lam.max(axis=1)[:, None]
    zero = 0 * values
    return np.where(lam == low, values, zero).sum(axis=1), np.where(lam == high, values, zero).sum(
        axis=1
    )


# Wang, Yuan, Wu, Ge 2021, Theorem 3


def upper(
    lam: Array, c: Array, eta: Array, T: int, slip: int = 1, factor: int = 1000
) -> tuple[Array, ...]:
    """|F'| <= T sum c^2 lambda^2 |a|^(2T-1)."""
    _, first, _ = slope(lam, c, eta, T)
    a = abs(1 - eta[:, None] * lam)
    return abs(first), factor * T * (c * c * lam * lam * power(a, 2 * T - slip)).sum(axis=1) / 1000


@attack("wang2021_naive_upper_bound", "printed", d=(1, 6), T=(1, 30), x=share, **SPECTRUM)
def naive_upper_printed(lam: Array, c: Array, x: Array, T: int) -> tuple[Array, ...]:
    """Below 2/L."""
    return upper(lam, c, 2 * x / lam.max(axis=1), T)


@attack("wang2021_naive_upper_bound", "stated", d=(1, 6), T=(1, 30), x=real, **SPECTRUM)
def naive_upper_stated(
    lam: Array, c: Array, x: Array, T: int, slip: int = 1, factor: int = 1000
) -> tuple[Array, ...]:
    """At every real step size."""
    return upper(lam, c, x / lam.max(axis=1), T, slip, factor)


control("upper bound of F' times 999/1000", "wang2021_naive_upper_bound", "stated", factor=999)
control("upper bound of F' with the power 2T", "wang2021_naive_upper_bound", "stated", slip=0)


@attack("wang2021_naive_lower_bound", "printed", d=(1, 6), T=(1, 30), x=positive, **SPECTRUM)
def naive_lower_printed(
    lam: Array, c: Array, x: Array, T: int, unit: bool = True, most: int = 1
) -> tuple[Array, ...]:
    """|F'| >= c_L^2 L^2 T (eta L - 1)^(2T-1) - L^2 T for eta > 2/L and a unit start."""
    if unit:
        c = c / norm(c)[:, None]
    L = lam.max(axis=1)
    _, first, _ = slope(lam, c, (2 + x) / L, T)
    lead = ends(lam, c * c)[1] * L * L * T * power(1 + x, 2 * T - 1)
    return lead - most * L * L * T, abs(first), lead + L * L * T


control("lower bound of F' without its last term", "wang2021_naive_lower_bound", "printed", most=0)
control("lower bound of F' for any start", "wang2021_naive_lower_bound", "printed", unit=False)


@attack("wang2021_naive_lower_bound", "stated", d=(1, 6), T=(1, 30), x=positive, **SPECTRUM)
def naive_lower_stated(lam: Array, c: Array, x: Array, T: int) -> tuple[Array, ...]:
    """F' >= T c_L^2 L^2 (eta L - 1)^(2T-1) - T W (y/eta)^2 (1 - y)^(2T-1), y = 2/(2T+1)."""
    L = lam.max(axis=1)
    eta = (1 + x) / L
    _, first, _ = slope(lam, c, eta, T)
    top = ends(lam, c * c)[1]
    lead = T * top * L * L * power(x, 2 * T - 1)
    y = 2 / (2 * T + 1 + 0 * x)
    rest = T * ((c * c).sum(axis=1) - top) * power(y / eta, 2) * power(1 - y, 2 * T - 1)
    return lead - rest, first, abs(lead) + abs(rest)


@attack("wang2021_naive_strictly_convex", "printed", d=(2, 6), T=(1, 20), x=real, **SPECTRUM)
def naive_convex(lam: Array, c: Array, x: Array, T: int) -> tuple[Array, ...]:
    """F'' > 0 everywhere and F'(1/L) < 0 < F'(1/mu)."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    w, first, second = descent(lam, c, x / L, T)
    parts = lam * first * first, lam * w * second
    bend = parts[0].sum(axis=1) + parts[1].sum(axis=1)
    size = abs(parts[0]).sum(axis=1) + abs(parts[1]).sum(axis=1)
    _, left, left_size = slope(lam, c, 1 / L, T)
    _, right, right_size = slope(lam, c, 1 / mu, T)
    less, more, scale = all_of(
        (0 * x, bend, size), (left, 0 * x, left_size), (0 * x, right, right_size)
    )
    return within(L > mu * (1 + 2.0**-20), less), more, scale


# Theorem 4


@attack(
    "wang2021_log_unique_minimizer", "printed", d=(2, 6), T=(1, 20), x=real, y=positive, **SPECTRUM
)
def unique(lam: Array, c: Array, x: Array, y: Array, T: int) -> tuple[Array, ...]:
    """No step size with F' >= 0 is followed by one with F' <= 0; F'(1/L) < 0 < F'(1/mu)."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    sides = []
    for eta in (x / L, (x + y) / L, 1 / L, 1 / mu):
        _, first, size = slope(lam, c, eta, T)
        sides.append(first / np.where(size == 0, np.nan, size))
    zero, one = 0 * x, 1 + 0 * x
    less, more, scale = all_of(
        (np.minimum(sides[0], -sides[1]), zero, one), (sides[2], zero, one), (zero, sides[3], one)
    )
    return within(L > mu * (1 + 2.0**-20), less), more, scale


def log_slope(lam: Array, c: Array, eta: Array, T: int) -> Array:
    """|G'| for G = log F / T."""
    loss, first, _ = slope(lam, c, eta, T)
    return abs(first) / (T * np.where(loss == 0, np.nan, loss))


@attack("wang2021_log_gradient_bound", "printed", d=(2, 6), T=(1, 30), x=positive, **SPECTRUM)
def log_bound_printed(
    lam: Array, c: Array, x: Array, T: int, constant: int = 16, unit: bool = True
) -> tuple[Array, ...]:
    """|G'| <= 4 L^3 / (c_min^2 mu (L - mu)) for a unit start."""
    if unit:
        c = c / norm(c)[:, None]
    L, mu = lam.max(axis=1), lam.min(axis=1)
    low, high = ends(lam, c * c)
    less = np.minimum(low, high)
    bound = constant * L * L * L / (4 * less * mu * (L - mu))
    return log_slope(lam, c, x / L, T), bound


control("log gradient bound for any start", "wang2021_log_gradient_bound", "printed", unit=False)


@attack("wang2021_log_gradient_bound", "stated", d=(2, 6), T=(1, 30), x=positive, **SPECTRUM)
def log_bound_stated(lam: Array, c: Array, x: Array, T: int, slip: int = 0) -> tuple[Array, ...]:
    """|G'| <= 2L (L + mu)/(L - mu) (L / (c_min^2 mu))^(1/2T) for a unit start."""
    c = c / norm(c)[:, None]
    L, mu = lam.max(axis=1), lam.min(axis=1)
    less = np.minimum(*ends(lam, c * c))
    bound = 2 * L * (L + mu) / (L - mu) * root(L / (less * mu), 2 * T + slip)
    return log_slope(lam, c, x / L, T), bound


@attack("derived_log_gradient_bound", "stated", d=(2, 6), T=(1, 30), x=positive, **SPECTRUM)
def log_bound_pointwise(
    lam: Array, c: Array, x: Array, T: int, factor: int = 100
) -> tuple[Array, ...]:
    """|G'| <= 2 N(lambda)/N(a) <= 2L (L + mu)/(L - mu) (Omega/min(omega_mu, omega_L))^(1/2T)."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    weights = lam * c * c
    a = abs(1 - (x / L)[:, None] * lam)
    top = a.max(axis=1)
    over = root((weights * power(lam / L[:, None], 2 * T)).sum(axis=1), 2 * T) * L
    under = root((weights * power(a / top[:, None], 2 * T)).sum(axis=1), 2 * T) * top
    near = factor * 2 * over / under / 100
    ratio = weights.sum(axis=1) / np.minimum(*ends(lam, weights))
    uniform = 2 * L * (L + mu) / (L - mu) * root(ratio, 2 * T)
    return all_of((log_slope(lam, c, x / L, T), near), (near, uniform))


control("pointwise log bound times 99/100", "derived_log_gradient_bound", "stated", factor=99)


# how F, its logarithm and its root bend


@attack("derived_log_curvature", "stated", d=(1, 6), T=(1, 20), x=positive, **SPECTRUM)
def curvature(lam: Array, c: Array, x: Array, T: int, slip: int = 1) -> tuple[Array, ...]:
    """(2T - 1) F'^2 <= 2T F F''."""
    w, first, second = descent(lam, c, x / lam.max(axis=1), T)
    loss = (lam * w * w).sum(axis=1) / 2
    once = (lam * w * first).sum(axis=1)
    twice = (lam * (first * first + w * second)).sum(axis=1)
    return (2 * T - slip) * once * once, 2 * T * loss * twice


control("log F convex", "derived_log_curvature", "stated", slip=0)


@attack(
    "derived_log_convexity", "repaired", d=(1, 6), T=(1, 20), x=positive, y=positive, **SPECTRUM
)
def tangent(lam: Array, c: Array, x: Array, y: Array, T: int) -> tuple[Array, ...]:
    """The tangent of F^(1/2T) at one step size lies below it at another one."""
    L = lam.max(axis=1)
    loss, first, _ = slope(lam, c, x / L, T)
    other, _, _ = slope(lam, c, y / L, T)
    here, there = root(loss, 2 * T), root(other, 2 * T)
    change = (y - x) / L * here * first / (2 * T * np.where(loss == 0, np.nan, loss))
    return here + change, there, here + abs(change) + there


@attack(
    "derived_mean_log_unimodal",
    "repaired",
    axis_a=(1, 4),
    axis_b=(1, 4),
    T=(1, 20),
    lam=(positive, "a"),
    c=(real, "a"),
    other=(positive, "b"),
    e=(real, "b"),
    x=positive,
    y=positive,
)
def unimodal(
    lam: Array, c: Array, other: Array, e: Array, x: Array, y: Array, T: int, pooled: bool = True
) -> tuple[Array, ...]:
    """The log of the mean of two losses does not rise first and fall later."""
    L = np.maximum(lam.max(axis=1), other.max(axis=1))
    sides = []
    for eta in (x / L, (x + y) / L):
        one, one_first, one_size = slope(lam, c, eta, T)
        two, two_first, two_size = slope(other, e, eta, T)
        if pooled:
            sides.append((one_first + two_first) / (one_size + two_size))
        else:
            sides.append((one_first / one + two_first / two) / (one_size / one + two_size / two))
    return np.minimum(sides[0], -sides[1]), 0 * x, 1 + 0 * x


control("the mean of two logs unimodal", "derived_mean_log_unimodal", "repaired", pooled=False)


@attack("derived_naive_growth", "stated", d=(2, 6), T=(1, 30), x=positive, **SPECTRUM)
def growth(lam: Array, c: Array, x: Array, T: int) -> tuple[Array, ...]:
    """What the modes of the largest |a| leave of F' is at most 2T r_2^(2T-1) sum |A_r|."""
    eta = x / lam.max(axis=1)
    a = 1 - eta[:, None] * lam
    size = abs(a)
    top = size.max(axis=1)[:, None]
    rest = np.where(size < top, size, 0 * size)
    weights = np.where(size < top, lam * lam * c * c / 2, 0 * size)
    _, first, _ = slope(lam, np.where(size < top, c, 0 * c), eta, T)
    return abs(first), 2 * T * power(rest.max(axis=1), 2 * T - 1) * weights.sum(axis=1)


def detached(lam: Array, c: Array, x: Array, steps: int) -> tuple[Array, ...]:
    """grad f(w_T)'(w_T - w_0) < 0 for 0 < eta <= 2/L: the estimator with detached gradients."""
    w, _, _ = descent(lam, c, 2 * x / lam.max(axis=1), steps)
    terms = lam * w * (w - c)
    return terms.sum(axis=1), 0 * x, abs(terms).sum(axis=1)


@attack("derived_stop_gradient_parity", "stated", d=(1, 6), HALF=(1, 15), x=share, **SPECTRUM)
def parity(lam: Array, c: Array, x: Array, HALF: int, odd: int = 0) -> tuple[Array, ...]:
    """For an even number of steps."""
    return detached(lam, c, x, 2 * HALF + odd)


control("detached gradients with odd T", "derived_stop_gradient_parity", "stated", odd=1)


# back-propagation


@attack("wang2021_backprop_intermediates", "printed", d=(1, 6), T=(1, 30), x=positive, **SPECTRUM)
def intermediates(lam: Array, c: Array, x: Array, T: int) -> tuple[Array, ...]:
    """omega_dom rho^(2T) <= F <= Omega rho^(2T)."""
    eta = x / lam.max(axis=1)
    loss, _, _ = slope(lam, c, eta, T)
    size = abs(1 - eta[:, None] * lam)
    top = size.max(axis=1)
    weights = lam * c * c / 2
    lead = np.where(size == top[:, None], weights, 0 * weights).sum(axis=1) * power(top, 2 * T)
    return all_of((lead, loss), (loss, weights.sum(axis=1) * power(top, 2 * T)))


@attack(
    "wang2021_backprop_intermediates", "stated", d=(1, 5), T=(1, 20), TIE=(0, 1), x=positive,
    **SPECTRUM,
)  # fmt: skip
def scaled(
    lam: Array, c: Array, x: Array, T: int, TIE: int, ends: bool = True, factor: int = 1000
) -> tuple[Array, ...]:
    """|b_t|/2 <= |b_t| |e_t| <= (kappa + 1) |c| / (sqrt(kappa) T |c_dom|), |b_t| by the scale
    2 max |e_t|, the largest that is allowed; in a tie both ends are dominant, at 2/(L + mu).
    """
    L, mu = lam.max(axis=1), lam.min(axis=1)
    eta = 2 / (L + mu) if TIE else x / L
    a = 1 - eta[:, None] * lam
    if TIE:
        a = np.where(lam == L[:, None], -(1 - eta * mu)[:, None], a)
        a = within((L > mu)[:, None], a)
    states = [c + 0 * lam]
    for _ in range(T):
        states.append(a * states[-1])
    adjoint = 2 * lam * states[-1] / (T * (lam * states[-1] * states[-1]).sum(axis=1))[:, None]
    top = abs(a).max(axis=1)[:, None]
    lead = norm(np.where(abs(a) == top, c + 0 * lam, 0 * lam))
    kappa = L / mu if ends else 1 + 0 * x
    bound = (kappa + 1) * norm(c) * factor / (root(kappa, 2) * lead * 1000)
    parts = []
    for state in reversed(states):
        length = norm(adjoint)
        parts.append((length * norm(state) * T, bound))
        parts.append((length * abs(state).max(axis=1) * T, bound))
        adjoint = a * adjoint
    return all_of(*parts)


control("adjoints without kappa", "wang2021_backprop_intermediates", "stated", ends=False)
control(
    "adjoints by 999/1000 of their bound", "wang2021_backprop_intermediates", "stated", factor=999
)


@attack(
    "talk2021_meta_steps_converge", "printed", d=(2, 6), T=(1, 20), x=positive, h=positive,
    **SPECTRUM,
)  # fmt: skip
def meta_step(lam: Array, c: Array, x: Array, h: Array, T: int) -> tuple[Array, ...]:
    """(1 - (eta - eta*) G'/2)_+^(2T) F <= F*, e+ <= max(e - h |G'|, h |G'|); eta* by bisection."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    low, high = 1 / L, 1 / mu
    for _ in range(60 if lam.dtype != object else 220):
        middle = (low + high) / 2
        right = slope(lam, c, middle, T)[1] > 0
        low, high = np.where(right, low, middle), np.where(right, middle, high)
    best, eta = (low + high) / 2, x / L
    loss, first, _ = slope(lam, c, eta, T)
    least, _, _ = slope(lam, c, best, T)
    change = first / (T * np.where(loss == 0, np.nan, loss))
    tangent_ratio = np.maximum(1 - (eta - best) * change / 2, 0 * x)
    h = h / (L * L)
    after = np.maximum(eta - h * change, 0 * x)
    far, move = abs(eta - best), h * abs(change)
    return all_of(
        (tangent_ratio * root(loss, 2 * T), root(least, 2 * T), root(loss, 2 * T)),
        (abs(after - best), np.maximum(far - move, move), far + move),
    )


@attack(
    "talk2021_open_complex_optimizers", "stated", d=(1, 5), axis_m=(1, 3), T=(1, 15),
    theta=(real, "m"), other=(real, "m"), lam=(modest, "d"), c=(real, "d"),
)  # fmt: skip
def polynomial(lam: Array, c: Array, theta: Array, other: Array, T: int) -> tuple[Array, ...]:
    """The root of the loss lies above its tangents in all parameters of the optimiser."""
    powers = [lam]
    for _ in range(theta.shape[1] - 1):
        powers.append(powers[-1] * lam)
    direction = sum((other - theta)[:, j : j + 1] * p for j, p in enumerate(powers))
    w, moved, along = c + 0 * lam, c + 0 * lam, 0 * lam
    for _ in range(T):
        step = sum(theta[:, j : j + 1] * p for j, p in enumerate(powers))
        along = along - step * along - direction * w
        w = w - step * w
        moved = moved - sum(other[:, j : j + 1] * p for j, p in enumerate(powers)) * moved
    loss = (lam * w * w).sum(axis=1) / 2
    here, there = root(loss, 2 * T), root((lam * moved * moved).sum(axis=1) / 2, 2 * T)
    change = here * (lam * w * along).sum(axis=1) / (2 * T * np.where(loss == 0, np.nan, loss))
    return here + change, there, here + abs(change) + there
