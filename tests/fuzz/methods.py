"""Objectives of several parameters: schedules, and heavy ball and Nesterov with one or both
parameters free.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from flint import acb, arb, arb_mat, ctx

import quadmeta as qm
from tests.fuzz import draws, models
from tests.fuzz.exact import Question, balls, total
from tests.fuzz.package import ask, single

Array = Any
CLASSES = ("NaiveObjective", "LogObjective", "RootObjective")


class Residuals:
    """F = sum omega p^2 of k parameters, with its relative derivatives and what their errors scale
    with.

    Parameters
    ----------
    omega
        weights.
    p
        (p, [p_s], [[p_st]]) of each eigenvalue.
    T
        steps.
    logs
        sum of |log |a_t|| over the factors of each p, where it is a product.
    """

    def __init__(
        self,
        omega: list[arb],
        p: list[tuple[arb, list[arb], list[list[arb]]]],
        T: int,
        logs: list[arb] | None = None,
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
        self.square = [
            total([o * q1[s] * q1[s] for o, (_, q1, _) in zip(omega, p)]) / F for s in one
        ]
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
        self.log_weight = models.log_of_weights(omega, self.top)
        self.log_power = (
            2 * logs[self.top]
            if logs
            else (2 * abs(abs(p[self.top][0]).log()) if not p[self.top][0].is_zero() else arb(0))
        )
        # products of factors enter as sums of their logarithms
        self.exponent = 2 * max(map(float, logs), default=0.0) if logs else 0.0
        # the largest logarithm of a ratio of weights
        logs = [abs(float((x / omega[self.top]).log())) for x in omega]
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


Series = list[Any]
"""A polynomial of degree 2 in two variables: its coefficients of 1, x, y, xx, xy, yy."""


def multiplied(a: Series, b: Series) -> Series:
    """The product, without terms of degree 3 and more."""
    return [
        a[0] * b[0],
        a[0] * b[1] + a[1] * b[0],
        a[0] * b[2] + a[2] * b[0],
        a[0] * b[3] + a[1] * b[1] + a[3] * b[0],
        a[0] * b[4] + a[1] * b[2] + a[2] * b[1] + a[4] * b[0],
        a[0] * b[5] + a[2] * b[2] + a[5] * b[0],
    ]


def power(a: Series, first: Any, c1: Any, c2: Any) -> Series:
    """first (1 + c1 e + c2 e^2) with e = a / a_0 - 1: a root, a power or an inverse of a."""
    e = [0, *(x / a[0] for x in a[1:])]
    square = multiplied(e, e)
    return [first * (c1 * x + c2 * y + (k == 0)) for k, (x, y) in enumerate(zip(e, square))]


def coefficients(lam: arb, eta: arb, beta: arb, nesterov: bool) -> tuple[Series, Series]:
    """(h, b) of z_{t+1} = h z_t - b z_{t-1} as series in (eta lambda, beta) around their values."""
    a, zero, one = 1 - eta * lam, arb(0), arb(1)
    if nesterov:
        return [(1 + beta) * a, -(1 + beta), a, zero, -one, zero], [
            beta * a,
            -beta,
            a,
            zero,
            -one,
            zero,
        ]
    return [a + beta, -one, one, zero, zero, zero], [beta, zero, one, zero, zero, zero]


def powers(
    lam: arb, eta: arb, beta: arb, T: int, nesterov: bool
) -> tuple[arb, list[arb], list[list[arb]]]:
    """p_T and its derivatives in (eta, beta): by the roots of z^2 = h z - b, or where they agree
    by a matrix power.
    """
    h, b = coefficients(lam, eta, beta, nesterov)
    z = by_roots(h, b, T) or by_matrix(h, b, T)
    p, x, y, xx, xy, yy = z
    return p, [x * lam, y], [[2 * xx * lam * lam, xy * lam], [xy * lam, 2 * yy]]


def by_roots(h: Series, b: Series, T: int) -> Series | None:
    """(r^T (r - b) - s^T (s - b)) / (r - s); None where a root is 0 or both are equal, as far as
    the balls tell.
    """
    h, b = ([acb(x) for x in series] for series in (h, b))
    D = [x - 4 * y for x, y in zip(multiplied(h, h), b)]
    if D[0].contains(0):
        return None
    gap = power(D, D[0].sqrt(), arb(1) / 2, -arb(1) / 8)
    total: Series = [acb(0)] * 6
    for sign in (1, -1):
        r = [(x + sign * y) / 2 for x, y in zip(h, gap)]
        if r[0].contains(0):
            return None
        raised = power(r, r[0] ** T, T, T * (T - 1) // 2)
        end = multiplied(raised, [x - y for x, y in zip(r, b)])
        total = [x + sign * y for x, y in zip(total, end)]
    return [x.real for x in multiplied(total, power(gap, 1 / gap[0], -1, 1))]


def by_matrix(h: Series, b: Series, T: int) -> Series:
    """The T-th power of the companion matrix [[h, -b], [1, 0]], each entry as the matrix of the
    product by it.
    """

    def rows(c: Series) -> list[list[Any]]:
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
    table = [[*H[i], *(-x for x in B[i])] for i in range(6)]
    table += [[*identity[i], *([0] * 6)] for i in range(6)]
    start = arb_mat([[int(i in (0, 6))] for i in range(12)])
    z = arb_mat([[arb(x) for x in row] for row in table]) ** T * start
    return [z[i, 0] for i in range(6)]


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

    @cache
    def residuals(k: int, bits: int) -> Residuals:
        steps = balls(points[k])
        factors = [[abs(1 - s * x) for s in steps] for x in balls(lam)]
        logs = [total([abs(a.log()) for a in row if a > 0]) for row in factors]
        return Residuals(balls(omega), [products(x, steps) for x in balls(lam)], T, logs)

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
    points = [pair(rng, lam, nesterov) for _ in range(12)]
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    about = f"lam={lam.tolist()}, omega={omega.tolist()}, T={T}"
    label = "Nesterov" if nesterov else "heavy ball"
    one = bool(lam[0] == lam[-1])

    @cache
    def at(eta: float, beta: float, bits: int) -> Residuals:
        p = [powers(x, arb(eta), arb(beta), T, nesterov) for x in balls(lam)]
        return Residuals(balls(omega), p, T)

    # both parameters free, then each of them with the other one given
    (eta, beta), both = points[0].tolist(), [x.tolist() for x in points]
    settings = [
        ({}, points, both, [(0, 0), (0, 1), (1, 1)], ""),
        (
            {"momentum": beta},
            [e for e, _ in both],
            [(e, beta) for e, _ in both],
            [(0, 0)],
            ", momentum given",
        ),
        (
            {"step_size": eta},
            [b for _, b in both],
            [(eta, b) for _, b in both],
            [(1, 1)],
            ", step_size given",
        ),
    ]
    for given, thetas, places, picks, suffix in settings:
        if given.get("step_size") == 0:
            continue
        yield from vector(
            problem,
            cls(T, **given),
            thetas,
            lambda k, bits, places=places: at(*places[k], bits),
            picks,
            label + suffix,
            f"{about}, {given}",
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
        for order, call in enumerate(("__call__", "gradient", "curvature")):
            # all points in one call, or one by one where one of them is refused
            found = ask(getattr(built, call), np.array(points))
            if isinstance(found, Exception):
                found = [ask(getattr(built, call), theta) for theta in points]
            free = range(optimizer.shape[0]) if many else [picks[0][0]]
            entries = [[()], [(s,) for s in free], list(picks)][order]
            for k, theta in enumerate(points):
                # a loss of 0 has no logarithm and no relative derivatives
                zero = isinstance(found[k], ValueError) and bool(residuals(k, ctx.prec).F.is_zero())
                for entry in entries:
                    value = found[k]
                    if not isinstance(value, Exception):
                        value = single(value[entry] if many and entry else value)
                    truth = models.several(name, residuals, k, entry, label)
                    yield Question(
                        f"{name}.{('value', 'gradient', 'curvature')[order]}, {label}",
                        value,
                        truth,
                        f"{about}, theta={np.asarray(theta).tolist()}",
                        refusal=one or zero,
                        bits=bits,
                        size=lambda k=k, truth=truth: models.largest(
                            largest_relative(residuals(k, ctx.prec)), abs(truth()[0])
                        ),
                    )


def largest_relative(m: Residuals) -> arb:
    """What float64 has to hold: squares of the relative derivatives."""
    value = arb(1)
    if m.F.is_zero():
        return value
    for x in [*m.square, *(s * s for s in m.slope), *m.bend.values()]:
        value = value.max(abs(x))
    return value * m.T**2
