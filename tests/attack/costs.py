"""Oracles about costs: loops that count what they use. A count depends on the lengths alone, which
are drawn; the real numbers are there for the loops to run on.
"""

from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, dot, reflect, within
from tests.attack.oracle import attack, control, positive, real, share

Array = Any


class Counted:
    """Products of one quadratic, H = diag(lam), J = -I, the outer gradient H_2 (w - b); each use
    counts one.
    """

    def __init__(self, lam: Array, outer: Array, b: Array) -> None:
        self.lam, self.outer, self.b, self.used = lam, outer, b, 0

    def step(self, v: Array, eta: Array) -> Array:
        """(I - eta H) v."""
        self.used += 1
        return v - eta * self.lam * v

    def mixed(self, v: Array, eta: Array) -> Array:
        """B_t v."""
        self.used += 1
        return eta * v

    def slope(self, w: Array) -> Array:
        """The outer gradient at w."""
        self.used += 1
        return self.outer * (w - self.b)


def discounted(job: Counted, path: list[Array], eta: Array) -> Array:
    """sum_t gamma^(T-t) B_t g_t at gamma = 1/2."""
    total = 0 * path[0]
    for w in path[1:]:
        total = total / 2 + job.mixed(job.slope(w), eta)
    return total


def every_step(job: Counted, path: list[Array], eta: Array) -> list[Array]:
    """A one-step hypergradient after each step."""
    return [job.mixed(job.slope(w), eta) for w in path[1:]]


def straight_back(job: Counted, path: list[Array], eta: Array) -> Array:
    """DrMAD: reverse mode along the segment from w_0 to w_T, on which H and J are constant here."""
    v, total = job.slope(path[-1]), 0 * path[0]
    for t in reversed(range(1, len(path))):
        total = total + job.mixed(v, eta)
        if t > 1:
            v = job.step(v, eta)
    return total


def implicit(job: Counted, path: list[Array], eta: Array, N: int) -> list[Array]:
    """Neumann's series with N products after every N + 1 steps."""
    found = []
    for w in path[N + 1 :: N + 1]:
        v = total = job.slope(w)
        for _ in range(N):
            v = job.step(v, eta)
            total = total + v
        found.append(job.mixed(total, eta))
    return found


@attack(
    "yakovlev2023_comparable_cost", "reading", d=(1, 2), N=(0, 9), K=(1, 10), lam=(positive, "d"),
    outer=(positive, "d"), b=(real, "d"), w=(real, "d"), x=share,
)  # fmt: skip
def comparable(
    lam: Array, outer: Array, b: Array, w: Array, x: Array, N: int, K: int, multiple: bool = True
) -> tuple[Array, ...]:
    """The discounted sum in T = (N + 1) K steps costs at most as much as T one-step
    hypergradients, as DrMAD, and as 2 (N + 1)/(N + 2) times IFT(N, K).
    """
    eta = (x / lam.max(axis=1))[:, None]
    path = [w]
    for _ in range((N + 1) * K):
        path.append(path[-1] - eta * lam * path[-1])
    counts = []
    for method, *given in ((discounted,), (every_step,), (straight_back,), (implicit, N)):
        job = Counted(lam, outer, b)
        method(job, path, eta, *given)
        counts.append(job.used + 0 * x)
    own, greedy, segment, neumann = counts
    factor = 2 * (N + 1) if multiple else N + 2
    return all_of((own, greedy), (own, segment), ((N + 2) * own, factor * neumann))


control("the discounted sum no dearer than IFT", "yakovlev2023_comparable_cost", "reading",
        multiple=False)  # fmt: skip


@attack(
    "derived_proximal_centre_cost", "stated", d=(1, 4), lam=(positive, "d"), outer=(positive, "d"),
    turn=(real, "d"), b=(real, "d"), c=(real, "d"), phi=(real, "d"), x=positive,
)  # fmt: skip
def proximal(
    lam: Array, outer: Array, turn: Array, b: Array, c: Array, phi: Array, x: Array,
    fewer: int = 0,
) -> tuple[Array, ...]:  # fmt: skip
    """Conjugate gradients on the centre leave nothing of F after 2K + 2 solves with
    A_0 + lambda I.
    """
    K, solves = lam.shape[1], []

    def solve(v: Array) -> Array:
        solves.append(v / (lam + x[:, None]))
        return solves[-1]

    def curved(v: Array) -> Array:
        return reflect(turn, outer * reflect(turn, v))

    def left(w: Array) -> Array:
        return dot(w - c, curved(w - c)) / 2

    w = solve(lam * b + x[:, None] * phi)
    first = left(w)
    g = x[:, None] * solve(curved(w - c))
    p = -g
    for _ in range(K - fewer):
        moved = x[:, None] * solve(p)
        bend, size = dot(moved, curved(moved)), dot(g, g)
        bend = np.where(bend > 0, bend, 1 + 0 * bend)
        w = w - (dot(g, p) / bend)[:, None] * moved
        g = x[:, None] * solve(curved(w - c))
        ratio = dot(g, g) / np.where(size > 0, size, 1 + 0 * size)
        p = ratio[:, None] * p - g
    spread = (lam.max(axis=1) + x) / (lam.min(axis=1) + x) * outer.max(axis=1)
    spread = spread / outer.min(axis=1)
    return all_of(
        (within(spread < 2.0**12, left(w)), 0 * x, first),
        (len(solves) + 0 * x, 2 * (K - fewer) + 2 + 0 * x),
    )


control("one step fewer along the centre", "derived_proximal_centre_cost", "stated",
        fewer=1)  # fmt: skip
