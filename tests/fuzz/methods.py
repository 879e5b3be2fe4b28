"""Objectives of several parameters: schedules, and heavy ball and Nesterov with one or both parameters free."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from flint import arb, arb_mat, ctx
import numpy as np

import quadmeta as qm
from fuzz import draws, models
from fuzz.exact import Question, balls, total
from fuzz.package import ask, single

Array = Any
CLASSES = ("NaiveObjective", "LogObjective", "RootObjective")


class Residuals:
    """F = sum omega p^2 of k parameters, with its relative derivatives and what their errors scale with.

    Args:
        omega: weights.
        p: (p, [p_s], [[p_st]]) of each eigenvalue.
        T: steps.
    """

    def __init__(
        self, omega: list[arb], p: list[tuple[arb, list[arb], list[list[arb]]]], T: int
    ) -> None:
        self.T, k = T, len(p[0][1])
        self.F = total([o * q * q for o, (q, _, _) in zip(omega, p)])
        one, two = range(k), [(s, t) for s in range(k) for t in range(k)]
        F = self.F
        if F.is_zero():
            return
        self.slope = [
            2 * total([o * q * q1[s] for o, (q, q1, _) in zip(omega, p)]) / F for s in one
        ]
        self.size = [
            2 * total([o * abs(q * q1[s]) for o, (q, q1, _) in zip(omega, p)]) / F for s in one
        ]
        self.square = [total([o * q1[s] ** 2 for o, (_, q1, _) in zip(omega, p)]) / F for s in one]
        self.second = {
            (s, t): 2
            * total([o * (q1[s] * q1[t] + q * q2[s][t]) for o, (q, q1, q2) in zip(omega, p)])
            / F
            for s, t in two
        }
        self.bend = {
            (s, t): 2 * total([o * abs(q * q2[s][t]) for o, (q, _, q2) in zip(omega, p)]) / F
            for s, t in two
        }
        self.top = max(range(len(omega)), key=lambda i: float(omega[i] * p[i][0] ** 2 / F))
        self.log_weight = abs(omega[self.top].log())
        self.log_power = (
            2 * abs(abs(p[self.top][0]).log()) if not p[self.top][0].is_zero() else arb(0)
        )
        # the largest logarithm of a ratio of weights that counts
        shares = [float(o * q * q / F) for o, (q, _, _) in zip(omega, p)]
        logs = [
            abs(float((omega[i] / omega[self.top]).log()))
            for i in range(len(omega))
            if shares[i] > 1e-30
        ]
        self.blur = max(logs, default=0.0)

    def curvature(self, s: int, t: int) -> arb:
        """(log F)_st."""
        return self.second[s, t] - self.slope[s] * self.slope[t]


def products(lam: arb, eta: list[arb]) -> tuple[arb, list[arb], list[list[arb]]]:
    """p = prod (1 - eta_t lambda) and its derivatives, as products that leave factors out."""
    a, T = [1 - x * lam for x in eta], len(eta)

    def without(*out: int) -> arb:
        value = arb(1)
        for t in range(T):
            if t not in out:
                value *= a[t]
        return value

    second = [[arb(0)] * T for _ in range(T)]
    for s in range(T):
        for t in range(s):
            second[s][t] = second[t][s] = lam * lam * without(s, t)
    return without(), [-lam * without(t) for t in range(T)], second


def powers(
    lam: arb, eta: arb, beta: arb, T: int, nesterov: bool
) -> tuple[arb, list[arb], list[list[arb]]]:
    """p_T and its derivatives in (eta, beta) by the T-th power of the companion matrix, over Taylor polynomials.

    z_{t+1} = h z_t - b z_{t-1}. Each entry of the matrix is a polynomial of degree 2 in (x, beta), x = eta lambda, held
    as the 6 x 6 matrix of the multiplication by it on the basis 1, x, y, xx, xy, yy.
    """
    a = 1 - eta * lam
    if nesterov:
        h, b = ([(1 + beta) * a, -(1 + beta), a, 0, -1, 0], [beta * a, -beta, a, 0, -1, 0])
    else:
        h, b = ([a + beta, -1, 1, 0, 0, 0], [beta, 0, 1, 0, 0, 0])

    def rows(c: list[Any]) -> list[list[Any]]:
        v, x, y, xx, xy, yy = c
        return [
            [v, 0, 0, 0, 0, 0],
            [x, v, 0, 0, 0, 0],
            [y, 0, v, 0, 0, 0],
            [xx, x, 0, v, 0, 0],
            [xy, y, x, 0, v, 0],
            [yy, 0, y, 0, 0, v],
        ]

    H, B = rows(h), rows(b)
    identity = [[int(i == j) for j in range(6)] for i in range(6)]
    table = [[*H[i], *(-x for x in B[i])] for i in range(6)] + [
        [*identity[i], *([0] * 6)] for i in range(6)
    ]
    start = arb_mat([[int(i in (0, 6))] for i in range(12)])
    z = (arb_mat([[arb(x) for x in row] for row in table]) ** T) * start
    p, x, y, xx, xy, yy = (z[i, 0] for i in range(6))
    return p, [x * lam, y], [[2 * xx * lam * lam, xy * lam], [xy * lam, 2 * yy]]


def schedule(rng: np.random.Generator) -> Iterator[Question]:
    """A step size for each step."""
    d = max(2, draws.dimension(rng, 4))
    lam = draws.spectrum(rng, d, reach=60.0)
    omega = draws.weights(rng, lam)
    T = int(rng.integers(1, 8))
    problem, optimizer = qm.Quadratic.from_spectrum(lam, weights=omega), qm.Schedule(T)
    points = [draws.step_sizes(rng, lam, None, T) * rng.choice([1, 1, 1, -1], T) for _ in range(3)]
    if draws.chance(rng, 0.4):
        points[0][:] = points[0][0]
    about = f"lam={lam.tolist()}, omega={omega.tolist()}, T={T}"

    @lru_cache(maxsize=None)
    def residuals(k: int, bits: int) -> Residuals:
        steps = balls(points[k])
        return Residuals(balls(omega), [products(x, steps) for x in balls(lam)], T)

    one = bool(lam[0] == lam[-1])
    picks = [(int(s), int(t)) for s, t in rng.integers(0, T, (3, 2))]
    yield from vector(problem, optimizer, points, residuals, picks, "schedule", about, one)


def momentum(rng: np.random.Generator) -> Iterator[Question]:
    """Heavy ball and Nesterov."""
    d = max(2, draws.dimension(rng, 3))
    lam = draws.spectrum(rng, d, kappa=1e6 if draws.chance(rng, 0.7) else 1e15, reach=60.0)
    omega = draws.weights(rng, lam)
    T = draws.steps(rng)
    cls = qm.Nesterov if draws.chance(rng, 0.5) else qm.HeavyBall
    nesterov = cls is qm.Nesterov
    points = [pair(rng, lam, nesterov) for _ in range(2)]
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    about = f"lam={lam.tolist()}, omega={omega.tolist()}, T={T}"
    label = "Nesterov" if nesterov else "heavy ball"

    @lru_cache(maxsize=None)
    def residuals(k: int, bits: int) -> Residuals:
        eta, beta = balls(points[k])
        return Residuals(balls(omega), [powers(x, eta, beta, T, nesterov) for x in balls(lam)], T)

    one = bool(lam[0] == lam[-1])
    yield from vector(
        problem, cls(T), points, residuals, [(0, 0), (0, 1), (1, 1)], label, about, one
    )
    eta, beta = points[0]
    if eta > 0:
        for given, free, theta in (("momentum", 0, eta), ("step_size", 1, beta)):
            optimizer = cls(T, **{given: (beta if free == 0 else eta)})
            yield from vector(
                problem,
                optimizer,
                [theta],
                lambda k, bits: residuals(0, bits),
                [(free, free)],
                f"{label}, {given} given",
                f"{about}, other={points[0]}",
                one,
            )


def pair(rng: np.random.Generator, lam: Array, nesterov: bool) -> Array:
    """(eta, beta): complex, real and equal roots, momentum from 0 to next to 1, divergence."""
    kind = rng.random()
    beta = (
        1 - 10 ** rng.uniform(-16, 0)
        if kind < 0.6
        else rng.choice([0.0, 0.5, 0.9, 1 - 2.0**-53])
        if kind < 0.8
        else 10 ** rng.uniform(-20, 0)
    )
    beta = min(max(float(beta), 0.0), 1 - 2.0**-53)
    x = float(rng.choice(lam))
    if draws.chance(rng, 0.4):
        root = np.sqrt(beta)
        edge = 1 - 4 * beta / (1 + beta) ** 2 if nesterov else (1 + rng.choice([-1, 1]) * root) ** 2
        eta = draws.near(rng, edge / x) if edge > 0 else 0.5 / x
    else:
        eta = float(draws.step_sizes(rng, lam, None, 1)[0])
    return np.array([min(eta, 1e60 / lam[-1]), beta])


def vector(
    problem: Any,
    optimizer: Any,
    points: list[Any],
    residuals: Any,
    picks: list[tuple[int, int]],
    label: str,
    about: str,
    one: bool,
) -> Iterator[Question]:
    """Value, entries of the gradient and of the Hessian of three objectives."""
    many = bool(optimizer.shape)
    bits = 256 if label == "schedule" else 256 + 4 * optimizer.steps.bit_length()
    for name in CLASSES:
        built = ask(lambda: getattr(qm, name)(problem, optimizer))
        if isinstance(built, Exception):
            yield Question(f"{name}, {label}", built, lambda: (arb(0), arb(0)), about, refusal=one)
            continue
        for k, theta in enumerate(points):
            where = f"{about}, theta={np.asarray(theta).tolist()}"
            for order, call in enumerate(("__call__", "gradient", "curvature")):
                found = ask(getattr(built, call), theta)
                entries: list[tuple[int, ...]]
                if order == 0:
                    entries = [()]
                elif order == 1:
                    entries = (
                        [(s,) for s in range(optimizer.shape[0])] if many else [(picks[0][0],)]
                    )
                else:
                    entries = list(picks)
                for entry in entries:
                    index = entry if many else ()
                    value = (
                        found
                        if isinstance(found, Exception)
                        else single(found[index] if index else found)
                    )
                    yield Question(
                        f"{name}.{('value', 'gradient', 'curvature')[order]}, {label}",
                        value,
                        models.several(name, residuals, k, entry, label),
                        where,
                        refusal=one,
                        bits=bits,
                        size=lambda k=k: largest_relative(residuals(k, ctx.prec)),
                    )


def largest_relative(m: Residuals) -> arb:
    """What float64 has to hold: squares of the relative derivatives."""
    value = arb(1)
    if m.F.is_zero():
        return value
    for x in [*m.square, *(s * s for s in m.slope), *m.bend.values()]:
        value = value.max(abs(x))
    return value * m.T**2
