"""Oracles about approximate inverses of a Hessian, in its eigenbasis."""

import math
from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, dot, exp
from tests.attack.oracle import attack, control, positive, real, share, signed

Array = Any


def polynomial(x: Array, n: int) -> Array:
    """Chebyshev's T_n by its recurrence."""
    before, now = 1 + 0 * x, x
    for _ in range(n - 1):
        before, now = now, 2 * x * now - before
    return now


@attack("derived_chebyshev_minimax", "stated", N=(1, 6), d=(6, 6), mu=positive, rise=positive,
        x=share, r=(real, "d"))  # fmt: skip
def minimax(
    mu: Array, rise: Array, x: Array, r: Array, N: int, hundredths: int = 100
) -> tuple[Array, ...]:
    """Any polynomial beside Chebyshev's, on its worst problem, at x = (L + mu - 2 lambda)/(L - mu)
    = cos(i pi/N); rise = (L - mu)/mu.
    """
    s = 1 + 2 / rise
    bound = 1 / polynomial(s, N) ** 2
    nodes = np.array([math.cos(i * math.pi / N) for i in range(N + 1)])
    # lambda/mu, and weights 1/(lambda prod |lambda - lambda_j|) up to a factor
    lam = rise[:, None] * (s[:, None] - nodes) / 2
    products = [
        math.prod(abs(nodes[i] - nodes[j]) for j in range(N + 1) if j != i) for i in range(N + 1)
    ]
    weights = 1 / (lam * np.array(products))
    # p = p_N + lambda r(x): every polynomial of degree N with p(0) = 1
    other = sum(r[:, k : k + 1] * nodes**k for k in range(N)) / s[:, None] ** N
    p = (
        polynomial(nodes + 0 * lam, N) / polynomial(s, N)[:, None]
        + lam / lam.max(axis=1)[:, None] * other
    )
    error = dot(weights, p * p) / weights.sum(axis=1)
    reached = polynomial(2 * x - 1, N) ** 2 * bound
    return all_of((bound, error * hundredths / 100), (reached, bound * hundredths / 100))


control("one hundredth below the minimax error", "derived_chebyshev_minimax", "stated",
        hundredths=99)  # fmt: skip


@attack("derived_one_step_bound", "stated", d=(1, 6), a=(signed, "d"), v=(real, "d"))
def one_step(a: Array, v: Array, power: int = 1) -> tuple[Array, ...]:
    """Squares of |v - x| beside rho/(1 - rho) |v| and rho |x|."""
    rho = abs(a).max(axis=1)
    x = v / (1 - a)
    off = dot(v - x, v - x)
    share = rho**power
    return all_of((off, (share / (1 - rho)) ** 2 * dot(v, v)), (off, share**2 * dot(x, x)))


control("one step with the square of its rate", "derived_one_step_bound", "stated",
        power=2)  # fmt: skip


@attack("derived_nystrom_shift", "repaired", d=(2, 6), K=(1, 5), lam=(positive, "d"),
        v=(real, "d"), delta=positive)  # fmt: skip
def nystrom(lam: Array, v: Array, delta: Array, K: int, ends: int = 2) -> tuple[Array, ...]:
    """The inverse keeps the K largest eigenvalues; the size of what it misses, by mode."""
    lam = np.sort(lam, axis=1)[:, ::-1]
    k = min(K, lam.shape[1] - 1)
    top, rest = lam[:, :k], lam[:, k:]
    delta = delta[:, None]
    x = v / lam
    found = v * np.concatenate([1 / (top + delta), 1 / delta + 0 * rest], axis=1)
    factors = [delta / (top[:, -1:] + delta), abs(1 - rest[:, :1] / delta)]
    if ends == 2:
        factors.append(abs(1 - rest[:, -1:] / delta))
    largest = np.concatenate(factors, axis=1).max(axis=1)
    off = found - x
    return dot(off, off), largest**2 * dot(x, x)


control("a low-rank inverse without the end mu", "derived_nystrom_shift", "repaired",
        ends=1)  # fmt: skip


@attack("derived_unrolled_surrogate", "stated", T=(2, 30), K=(0, 29), a=signed, b=signed)
def surrogate(a: Array, b: Array, T: int, K: int, halves: int = 1) -> tuple[Array, ...]:
    """The series of sum_j a^j from the binomials of cos^j, cut after K; beyond T - 1 nothing is."""
    c = [0.0] * T
    for j in range(T):
        for i in range(j + 1):
            c[abs(j - 2 * i)] += math.comb(j, i) / 2**j
    cut, slope = 0 * a, 0 * a
    for k in range(K + 1, T):
        cut = cut + c[k] * polynomial(a, k)
        # T_k' = k U_(k-1), and (T_k(a) - T_k(b)) / (a - b) where that is no difference of equals
        far = abs(a - b) > 0.01
        quotient = (polynomial(a, k) - polynomial(b, k)) / np.where(far, a - b, 1 + 0 * a)
        slope = slope + c[k] * np.where(far, quotient, k * second(a, k - 1))
    rest = sum(c[K + 1 :]) + 0 * a
    steep = sum(k * k * c[k] for k in range(K + 1, T)) + 0 * a
    most = 2 * T * exp(0 * a - halves * K * K / (2 * (T - 1)))
    one = 1 + 0 * a
    return all_of((abs(cut), rest, one), (rest, most, one), (abs(slope), steep, 1 + steep))


def second(x: Array, n: int) -> Array:
    """Chebyshev's U_n by its recurrence."""
    before, now = 0 * x, 1 + 0 * x
    for _ in range(n):
        before, now = now, 2 * x * now - before
    return now


control("a surrogate with four times the exponent", "derived_unrolled_surrogate", "stated",
        halves=4)  # fmt: skip
