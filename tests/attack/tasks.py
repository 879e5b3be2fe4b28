"""Oracles about the weights of auxiliary tasks: weighted least squares, solved by elimination."""

from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, apply, dot, solve, sqrt
from tests.attack.oracle import attack, control, positive, real, share

Array = Any
D = 2
"""Dimension of the parameter."""


def gram(z: Array) -> Array:
    """Positive definite matrices from D^2 numbers each."""
    square = z.reshape(len(z), D, D)
    out = np.stack(
        [np.stack([dot(square[:, i], square[:, j]) for j in range(D)], axis=-1) for i in range(D)],
        axis=1,
    )
    return out + np.eye(D) * 2.0**-10 * (dot(z, z) + 2.0**-10)[:, None, None]


def traced(S: Array, A: Array, B: Array | None = None) -> Array:
    """tr S A^-1, or tr S A^-1 B A^-1."""
    total = 0 * S[:, 0, 0]
    for i in range(D):
        row = solve(A, S[:, i])
        if B is not None:
            row = solve(A, apply(B, row))
        total = total + row[:, i]
    return total


def risk(
    S: Array, A: list[Array], noise: list[Array], delta: list[Array], phi: list[Array]
) -> Array:
    """E (w - w_*)' S (w - w_*) of the weighted solution; noise = sigma^2/n, task 0 is unbiased."""
    H = sum(p[:, None, None] * M for p, M in zip(phi, A))
    spread = sum((p * p * v)[:, None, None] * M for p, v, M in zip(phi, noise, A))
    pull = sum(p[:, None] * apply(M, b) for p, M, b in zip(phi, A, delta))
    bias = solve(H, pull)
    return traced(S, H, spread) + dot(bias, apply(S, bias))


@attack(
    "derived_gauss_markov_weights", "stated", axis_k=(2, 4), axis_q=(16, 16), axis_e=(4, 4),
    shapes=(real, "q"), S=(real, "e"), noise=(positive, "k"), phi=(positive, "k"),
)  # fmt: skip
def unbiased(
    shapes: Array, S: Array, noise: Array, phi: Array, percent: int = 100
) -> tuple[Array, ...]:
    """R(phi) >= tr S (sum n_k A_k/sigma_k^2)^-1 for unbiased tasks."""
    count, metric = noise.shape[1], gram(S)
    A = [gram(shapes[:, 4 * k : 4 * k + 4]) for k in range(count)]
    weights = [phi[:, k] / phi[:, 0] for k in range(count)]
    zero = [0 * S[:, :D]] * count
    found = risk(metric, A, [noise[:, k] for k in range(count)], zero, weights)
    best = sum(M / noise[:, k][:, None, None] for k, M in enumerate(A))
    return traced(metric, best) * percent / 100, found


control("Gauss-Markov bound times 101/100", "derived_gauss_markov_weights", "stated", percent=101)
SHARED = {
    "axis_k": (1, 3), "axis_b": (6, 6), "axis_e": (4, 4), "shape": (real, "e"), "S": (real, "e"),
    "noise": (positive, "k"), "biases": (real, "b"),
}  # fmt: skip


def quadratic_form(noise: Array, biases: Array, S: Array, size: Array) -> Array:
    """M = diag(V_k) + [delta_j' S delta_k]."""
    count = noise.shape[1]
    delta = [biases[:, D * k : D * k + D] for k in range(count)]
    return np.stack(
        [
            np.stack(
                [
                    dot(delta[i], apply(S, delta[j])) + (noise[:, i] * size if i == j else 0)
                    for j in range(count)
                ],
                axis=-1,
            )
            for i in range(count)
        ],
        axis=1,
    )


@attack("derived_shared_input_weights", "stated", **SHARED, first=positive, phi=(positive, "k"))
def shared(
    shape: Array, S: Array, noise: Array, biases: Array, first: Array, phi: Array
) -> tuple[Array, ...]:
    """The risk is (V_0 + phi'M phi)/(1 + sum phi)^2 and at least 1/(1/V_0 + 1'M^-1 1)."""
    metric, A, count = gram(S), gram(shape), noise.shape[1]
    size = traced(metric, A)
    M = quadratic_form(noise, biases, metric, size)
    delta = [biases[:, D * k : D * k + D] for k in range(count)]
    found = risk(
        metric,
        [A] * (count + 1),
        [first, *(noise[:, k] for k in range(count))],
        [0 * delta[0], *delta],
        [1 + 0 * first, *(phi[:, k] for k in range(count))],
    )
    total = 1 + phi.sum(axis=1)
    form = (first * size + dot(phi, apply(M, phi))) / (total * total)
    best = 1 / (1 / (first * size) + solve(M, 1 + 0 * phi).sum(axis=1))
    return all_of((found, form), (form, found), (best, found))


@attack("derived_task_interaction", "stated", **{**SHARED, "axis_k": (2, 3)})
def another(shape: Array, S: Array, noise: Array, biases: Array) -> tuple[Array, ...]:
    """1'M^-1 1 never falls when a task is added."""
    metric = gram(S)
    M = quadratic_form(noise, biases, metric, traced(metric, gram(shape)))
    fewer = solve(M[:, :-1, :-1], 1 + 0 * noise[:, :-1]).sum(axis=1)
    return fewer, solve(M, 1 + 0 * noise).sum(axis=1)


@attack(
    "derived_simplex_quasiconvex", "stated", axis_k=(1, 3), axis_b=(8, 8), axis_e=(4, 4),
    shape=(real, "e"), S=(real, "e"), targets=(real, "b"), phi=(positive, "k"),
    other=(positive, "k"), aim=(real, "a"), axis_a=(2, 2), t=share,
)  # fmt: skip
def quasiconvex(
    shape: Array, S: Array, targets: Array, phi: Array, other: Array, aim: Array, t: Array,
    shared_inputs: bool = True,
) -> tuple[Array, ...]:  # fmt: skip
    """F on the segment between two weights is at most the larger of its ends."""
    metric, A, count = gram(S), gram(shape), phi.shape[1]

    def outer(weights: Array) -> Array:
        H, b = A, apply(A, targets[:, :D])
        for k in range(count):
            task = A if shared_inputs else gram(np.roll(shape, k + 1, axis=1))
            H = H + weights[:, k][:, None, None] * task
            target = targets[:, D * k + D : D * k + 2 * D]
            b = b + weights[:, k][:, None] * apply(task, target)
        away = solve(H, b) - aim
        return dot(away, apply(metric, away))

    middle = t[:, None] * phi + (1 - t)[:, None] * other
    return outer(middle), np.maximum(outer(phi), outer(other))


control("quasi-convex with inputs of their own", "derived_simplex_quasiconvex", "stated",
        shared_inputs=False)  # fmt: skip


class Weighted:
    """Losses (w - b_k)' A_k (w - b_k)/2 + c_k; task 0 has the weight 1."""

    def __init__(self, A: list[Array], b: list[Array], c: list[Array]) -> None:
        self.A, self.b, self.c = A, b, c

    def loss(self, k: int, w: Array) -> Array:
        """ell_k(w)."""
        away = w - self.b[k]
        return dot(away, apply(self.A[k], away)) / 2 + self.c[k]

    def hessian(self, phi: Array) -> Array:
        """H(phi)."""
        return self.A[0] + sum(phi[:, k, None, None] * M for k, M in enumerate(self.A[1:]))

    def solution(self, phi: Array) -> Array:
        """w_*(phi)."""
        pull = apply(self.A[0], self.b[0])
        for k in range(1, len(self.A)):
            pull = pull + phi[:, k - 1, None] * apply(self.A[k], self.b[k])
        return solve(self.hessian(phi), pull)

    def total(self, phi: Array, w: Array) -> Array:
        """L_T(w, phi)."""
        losses = [phi[:, k] * self.loss(k + 1, w) for k in range(phi.shape[1])]
        return self.loss(0, w) + sum(losses)

    def descend(self, w: Array, phi: Array, eta: Array, beta: Array, steps: int) -> Array:
        """beta times the sum of ell_1 over steps in w and, clipped at 0, phi; it is phi_1 - phi_1(t)
        as long as that is less than phi_1.
        """
        spent = 0 * beta
        for _ in range(steps):
            force = apply(self.A[0], w - self.b[0])
            for k in range(1, len(self.A)):
                force = force + phi[:, k - 1, None] * apply(self.A[k], w - self.b[k])
            losses = np.stack([self.loss(k + 1, w) for k in range(phi.shape[1])], axis=1)
            spent = spent + beta * losses[:, 0]
            w, phi = w - eta[:, None] * force, np.maximum(phi - beta[:, None] * losses, 0 * phi)
        return spent


def largest(M: Array) -> Array:
    """The largest eigenvalue of a positive definite matrix of the plane."""
    half, difference = (M[:, 0, 0] + M[:, 1, 1]) / 2, (M[:, 0, 0] - M[:, 1, 1]) / 2
    return half + sqrt(difference * difference + M[:, 0, 1] * M[:, 0, 1])


@attack(
    "navon2021_trivial_solution", "repaired", axis_k=(1, 3), axis_q=(16, 16), axis_b=(8, 8),
    STEPS=(1, 12), PART=(0, 3), shapes=(real, "q"), biases=(real, "b"), noise=(positive, "k"),
    phi=(positive, "k"), other=(positive, "k"), w=(real, "p"), axis_p=(2, 2), x=share, y=share,
    beta=positive,
)  # fmt: skip
def trivial(
    shapes: Array, biases: Array, noise: Array, phi: Array, other: Array, w: Array, x: Array,
    y: Array, beta: Array, STEPS: int, PART: int, fewer: int = 0, percent: int = 100,
) -> tuple[Array, ...]:  # fmt: skip
    """phi_1 is spent after ceil(phi_1/(beta c_1)) steps; V is below its tangents; a loss falls as
    its weight rises; and the fall of phi_1 for noiseless tasks that agree. An island is about one.
    """
    count, zero = phi.shape[1], 0 * x
    A = [gram(shapes[:, 4 * k : 4 * k + 4]) for k in range(count + 1)]
    b = [biases[:, 2 * k : 2 * k + 2] for k in range(count + 1)]
    noisy = Weighted(A, b, [zero, *(noise[:, k] for k in range(count))])
    eta = x / largest(noisy.hessian(phi))
    if PART == 0:
        # phi_1/(beta c_1) in (STEPS - 1, STEPS)
        fast = phi[:, 0] / (noise[:, 0] * (STEPS - 1 + y))
        return phi[:, 0], noisy.descend(w, phi, eta, fast, STEPS - fewer)
    if PART == 1:
        here, there = noisy.solution(phi), noisy.solution(other)
        slopes = np.stack([noisy.loss(k + 1, here) for k in range(count)], axis=1)
        V, change = noisy.total(phi, here), dot(other - phi, slopes)
        return noisy.total(other, there), V + change, V + abs(change)
    if PART == 2:
        single = Weighted(A[:2], b[:2], noisy.c[:2])
        light, heavy = phi[:, :1], phi[:, :1] + other[:, :1]
        return tuple(single.loss(1, single.solution(weight)) for weight in (heavy, light))
    clean = Weighted(A, [b[0]] * (count + 1), [zero] * (count + 1))
    mu = (A[0][:, 0, 0] * A[0][:, 1, 1] - A[0][:, 0, 1] * A[0][:, 0, 1]) / largest(A[0])
    slow = beta * phi[:, 0] / largest(A[1])
    fall = np.minimum(clean.descend(w, phi, eta, slow, 4 * STEPS), phi[:, 0])
    away = w - b[0]
    bound = slow * largest(A[1]) * dot(away, away) / (2 * eta * mu * (2 - eta * mu))
    return fall, bound * percent / 100


control("weights that vanish one step sooner", "navon2021_trivial_solution", "repaired", PART=0,
        fewer=1)  # fmt: skip
control("weights that fall by 99/100 of the bound", "navon2021_trivial_solution", "repaired",
        PART=3, percent=99)  # fmt: skip


@attack("navon2021_grid_search", "reading", M=(1, 4), axis_n=(15, 15), phi=(positive, "n"),
        other=(positive, "n"), c=(share, "p"), axis_p=(2, 2))  # fmt: skip
def trials(phi: Array, other: Array, c: Array, M: int, percent: int = 100) -> tuple[Array, ...]:
    """Fewer than m^2 trials of two weights leave 1/(8 m^2); the grid leaves at most 2/(8 m^2)."""
    parts = []
    if M > 1:
        places = [phi[:, : M * M - 1], other[:, : M * M - 1]]
        places = [p / (1 + p) for p in places]
        worst = 0 * c[:, 0]
        for i in range(M):
            for j in range(M):
                dx, dy = (places[0] - (2 * i + 1) / (2 * M)), places[1] - (2 * j + 1) / (2 * M)
                worst = np.maximum(worst, ((dx * dx + dy * dy) / 2).min(axis=1))
        parts.append((percent + 0 * worst, 800 * M * M * worst))
    excess = 0 * c[:, 0]
    for k in range(2):
        off = [abs(c[:, k] - (2 * j + 1) / (2 * M)) for j in range(M)]
        nearest = off[0]
        for value in off[1:]:
            nearest = np.minimum(nearest, value)
        excess = excess + nearest * nearest / 2
    return all_of(*parts, (excess * 4 * M * M, 1 + 0 * excess))
