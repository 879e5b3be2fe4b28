"""Quadratics built in other ways: by errors, as a batch of tasks, from a matrix, from a design."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

import quadmeta as qm
from tests.fuzz import draws, models
from tests.fuzz.exact import EPS, Question, balls, largest, matrix, total
from tests.fuzz.package import ask, describe, single
from tests.fuzz.step_size import CALLS, CLASSES, NAMES, Moments, polynomial

Array = Any


def batches(rng: np.random.Generator) -> Iterator[Question]:
    """Errors in the place of weights; several tasks, pooled, apart, and the mean of their
    logarithms.
    """
    m = int(rng.integers(1, 4))
    d = max(2, draws.dimension(rng, 3))
    lam = np.array([draws.spectrum(rng, d, reach=100.0) for _ in range(m)])
    if m > 1 and draws.chance(rng, 0.8):
        lam = lam / lam[:, -1:] * lam[0, -1]
    scale = rng.uniform(-145, 145) if draws.chance(rng, 0.3) else rng.uniform(-3, 3)
    error = rng.choice([-1, 1], (m, d)) * 10 ** np.clip(
        scale + rng.uniform(-4, 4, (m, d)), -149, 149
    )
    T = draws.steps(rng)
    optimizer = qm.GradientDescent(T)
    about = f"lam={lam.tolist()}, error={error.tolist()}"
    if m == 1:
        lam, error = lam[0], error[0]
    problem = qm.Quadratic.from_spectrum(lam, error=error)

    def weights(row: int, share: int = 1) -> list[arb]:
        tasks = np.atleast_2d(lam), np.atleast_2d(error)
        return [x * e * e / 2 / share for x, e in zip(*(balls(part[row]) for part in tasks))]

    def union() -> tuple[list[arb], list[arb]]:
        return balls(lam), [x for k in range(m) for x in weights(k, m)]

    if m == 1 or draws.chance(rng, 0.5):
        flat = np.sort(np.ravel(lam))
        label = "gradient descent, errors" if m == 1 else "gradient descent, pooled"
        yield from polynomial(rng, problem, optimizer, flat, union, label, about)
        return
    yield from apart(rng, problem, optimizer, lam, weights, about)


def apart(
    rng: np.random.Generator, problem: Any, optimizer: Any, lam: Array, weights: Any, about: str
) -> Iterator[Question]:
    """Each task by itself, and the mean of the logarithms."""
    m, T = len(lam), optimizer.steps
    eta = draws.step_sizes(rng, lam[0], None, 4)
    eta = np.where(eta * lam.max() < 0.9e150, eta, 1 / lam.max())
    one = bool((lam[:, 0] == lam[:, -1]).any())

    @cache
    def moments(place: tuple[int, int], bits: int) -> Moments:
        k, row = place
        return Moments(balls(lam[row]), weights(row), arb(float(eta[k])), T)

    def size(k: int) -> arb:
        return 4 * T * T * largest(*(moments((k, row), ctx.prec).steepest for row in range(m)))

    for name in CLASSES:
        built = ask(lambda: getattr(qm, name)(problem, optimizer, pooled=False))
        if isinstance(built, Exception):
            yield Question(f"{name}, each task", built, lambda: (arb(0), arb(0)), about, one)
            continue
        for order, call in enumerate(CALLS):
            values = ask(getattr(built, call), eta[:, None])
            for k in range(len(eta)):
                for row in range(m):
                    value = values if isinstance(values, Exception) else single(values[k, row])
                    yield Question(
                        f"{name}.{NAMES[order]}, each task",
                        value,
                        models.truth(name, order, moments, (k, row)),
                        f"{about}, T={T}, eta={float(eta[k])!r}, task {row}",
                        refusal=one,
                        size=lambda: largest(*(size(k) for k in range(len(eta)))),
                    )
    built = ask(lambda: qm.MeanLogObjective(problem, optimizer))
    if isinstance(built, Exception):
        yield Question("MeanLogObjective", built, lambda: (arb(0), arb(0)), about, one)
        return
    for order, call in enumerate(CALLS):
        values = ask(getattr(built, call), eta)
        for k in range(len(eta)):

            def mean(k: int = k, order: int = order) -> tuple[arb, arb]:
                found = [models.log(moments((k, row), ctx.prec), order) for row in range(m)]
                spread = total([abs(value) for value, _ in found])
                return total([x for x, _ in found]) / m, total(
                    [e for _, e in found]
                ) / m + 4 * EPS * spread

            yield Question(
                f"MeanLogObjective.{NAMES[order]}",
                describe(values, k),
                mean,
                f"{about}, T={T}, eta={float(eta[k])!r}",
                refusal=one,
                size=lambda: largest(*(size(k) for k in range(len(eta)))),
            )


def matrices(rng: np.random.Generator) -> Iterator[Question]:
    """A matrix or a design: F by powers of the exact matrix, no eigenvalues."""
    p = int(rng.integers(1, 5))
    T = draws.steps(rng, 10**4)
    if draws.chance(rng, 0.5):
        Q = np.linalg.qr(rng.standard_normal((p, p)))[0]
        H = Q * np.sort(10 ** rng.uniform(-rng.uniform(0, 4), 0, p)) @ Q.T
        H, w0 = (H + H.T) / 2, rng.standard_normal(p)
        problem = ask(lambda: qm.Quadratic.from_matrix(H, start=w0))
        label, about = "from_matrix", f"H={H.tolist()}, start={w0.tolist()}"

        def data() -> tuple[arb_mat, arb_mat]:
            return matrix(H), matrix(w0[:, None])
    else:
        n = p + int(rng.integers(0, 3))
        X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
        ridge = float(rng.choice([0.0, 0.1, 1e-3]))
        problem = ask(lambda: qm.Quadratic.from_design(X, y, ridge))
        label, about = "from_design", f"X={X.tolist()}, y={y.tolist()}, ridge={ridge!r}"

        def data() -> tuple[arb_mat, arb_mat]:
            A = matrix(X)
            H = A.transpose() * A / n + matrix(np.eye(p)) * arb(ridge)
            # w_0 - w_* with w_0 = 0
            return H, H.solve(A.transpose() * matrix(y[:, None]) / n) * arb(-1)

    if isinstance(problem, Exception):
        yield Question(f"Quadratic.{label}", problem, lambda: (arb(0), arb(0)), about)
        return
    L, mu = float(np.max(problem.L)), float(np.min(problem.mu))
    eta = np.array([rng.uniform(0, 2.1), rng.uniform(0, 1), 10 ** rng.uniform(-6, 0)]) / L

    @cache
    def derivatives(k: int, bits: int) -> list[arb]:
        H, e = data()
        A = matrix(np.eye(p)) - H * arb(float(eta[k]))
        e = A ** (T - 1) * e
        moved = [A * e, H * e]  # p e and -p' e / T
        F = (moved[0].transpose() * H * moved[0])[0, 0] / 2
        first = -T * (moved[0].transpose() * H * moved[1])[0, 0]
        # F'' = T (2T - 1) e'H H^2 A^(2T-2) e, since all of them commute
        second = T * (2 * T - 1) * (moved[1].transpose() * H * moved[1])[0, 0]
        start = (e.transpose() * H * e)[0, 0] / 2
        return [F, first, second, start]

    for name in CLASSES:
        built = ask(lambda: getattr(qm, name)(problem, qm.GradientDescent(T)))
        if isinstance(built, Exception):
            yield Question(f"{name}, {label}", built, lambda: (arb(0), arb(0)), about, p == 1)
            continue
        for order, call in enumerate(CALLS):
            values = ask(getattr(built, call), eta)
            for k, x in enumerate(eta):

                def truth(k: int = k, name: str = name, order: int = order) -> tuple[arb, arb]:
                    return dense(name, order, derivatives(k, ctx.prec), float(eta[k]), T, L, mu)

                yield Question(
                    f"{name}.{NAMES[order]}, {label}",
                    describe(values, k),
                    truth,
                    f"{about}, T={T}, eta={float(x)!r}",
                    refusal=p == 1,
                )


def dense(
    name: str, order: int, derivatives: list[arb], eta: float, T: int, L: float, mu: float
) -> tuple[arb, arb]:
    """The objective of F, F', F'', and what rounding of the eigenvalues leaves of it.

    An eigenvalue is off by a few eps L, which moves 1 - eta lambda by eta L eps, T times; a
    component of the start by a few eps of its norm, and w_* by eps kappa. So 1e-12 + 16 eps (eta L
    T + kappa), relative to the sizes of F, F' and F''; and where 1 - eta lambda itself is small, 4
    eps kappa |eta F' / F|.
    """
    F, first, second, start = derivatives
    relative = 1e-12 + 16 * EPS * (eta * L * T + L / mu) + 4 * EPS * L / mu * abs(eta * first / F)
    size = F + relative * start  # components of rounding size decay more slowly
    slope = 2 * T * (second / (2 * T * (2 * T - 1)) * size).abs_upper().sqrt()
    errors = [relative * size, relative * (slope + abs(first)), relative * (second + T * L * slope)]
    if name == "NaiveObjective":
        return derivatives[order], errors[order]
    r = [errors[0] / F, errors[1] / F + abs(first) * errors[0] / F**2]
    r.append(errors[2] / F + second * errors[0] / F**2)
    if name == "LogObjective":
        if order == 0:
            return F.log() / T, r[0] / T + 4 * EPS * abs(F.log()) / T
        if order == 1:
            return first / F / T, r[1] / T
        return (second / F - (first / F) ** 2) / T, (r[2] + 2 * abs(first / F) * r[1]) / T
    R = (F.log() / (2 * T)).exp()
    half = r[0] / (2 * T) + 4 * EPS * (1 + abs(F.log()) / T)
    if order == 0:
        return R, R * half
    inner = first / F / (2 * T)
    if order == 1:
        return R * inner, R * (abs(inner) * half + r[1] / (2 * T))
    value = second / F / (2 * T) - (2 * T - 1) * inner**2
    return R * value, R * (abs(value) * half + (r[2] + 2 * abs(first / F) * r[1]) / (2 * T))
