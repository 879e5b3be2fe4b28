"""Train, validation and population losses of least squares: records of modes taken as exact."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from flint import arb, ctx

import quadmeta as qm
from tests.fuzz import draws
from tests.fuzz.exact import EPS, Question, balls, largest, total
from tests.fuzz.methods import powers
from tests.fuzz.package import ask, describe

Array = Any
CLASSES = ("TrainByTrain", "TrainByValidation", "PopulationRisk")
CALLS = ("__call__", "gradient", "curvature")
NAMES = ("value", "gradient", "curvature")
FACTOR = 16 * EPS
"""Of the sum of the magnitudes that are added, each times 1 + T |log |a|| + |log of it|."""


class Mode:
    """q = p_T(lambda) with two derivatives and 1 - q, and the errors of each by the model of
    ``signed_residual``.
    """

    def __init__(self, q: list[arb], log: arb) -> None:
        self.q = q
        self.rest = 1 - q[0]
        self.blur = [abs(x) * blur(1 + log + logarithm(x)) for x in q]
        # 1 - q keeps its digits: the error of q, or of its logarithm where q is next to 1
        self.rest_blur = abs(self.rest) * blur(1 + logarithm(self.rest)) + abs(q[0]) * blur(log)


def blur(x: arb) -> arb:
    """Relative error of a number of which the logarithm is off by x roundings."""
    return (FACTOR * x).expm1()


def logarithm(x: arb) -> arb:
    """|log |x||, 0 at 0."""
    return abs(abs(x).log()) if abs(x) > 0 else arb(0)


def modes(lam: list[arb], eta: arb, optimizer: Any) -> list[Mode]:
    """The residuals of gradient descent, heavy ball or Nesterov."""
    T, found = optimizer.steps, []
    for x in lam:
        if isinstance(optimizer, qm.GradientDescent):
            a = 1 - eta * x
            q = [a**T, -T * x * a ** (T - 1), T * (T - 1) * x * x * a ** max(T - 2, 0)]
            log = T * abs(abs(a).log()) if abs(a) > 0 else arb(0)
        else:
            p, first, second = powers(
                x, eta, arb(optimizer.momentum), T, isinstance(optimizer, qm.Nesterov)
            )
            q = [p, first[0], second[0][0]]
            log = logarithm(p)
        found.append(Mode(q, log))
    return found


def short_modes(lam: list[arb], eta: arb, T: int) -> list[Mode]:
    """The same with the errors of the short kernel: the rounding of 1 - eta lambda counts T times,
    4 T eps in all.
    """
    found = []
    for x in lam:
        a = 1 - eta * x
        mode = Mode([a**T, -T * x * a ** (T - 1), arb(0)], arb(0))
        # next to a root the rounding is larger than a itself
        near = abs(a) + 4 * EPS * (1 + eta * x)
        moved = near ** (T - 1) * (1 + eta * x)
        bent = (T - 1) * near ** max(T - 2, 0) * (1 + eta * x)
        # powers below 3e-300 may be kept at that size
        lost = arb(3e-300)
        mode.blur = [
            4 * EPS * (T * moved + abs(mode.q[0])) + lost,
            4 * EPS * T * x * (bent + abs(a) ** (T - 1)) + T * x * lost,
            arb(0),
        ]
        mode.rest_blur = mode.blur[0] + 4 * EPS
        found.append(mode)
    return found


def separable(
    parts: list[tuple[arb, arb, arb]], constant: arb, found: list[Mode], order: int
) -> tuple[arb, arb]:
    """constant + sum A q^2 + B q (1 - q) + C (1 - q)^2, or a derivative, with its error."""
    value, error = (constant, FACTOR * abs(constant)) if order == 0 else (arb(0), arb(0))
    for (A, B, C), m in zip(parts, found):
        (q, q1, q2), (dq, d1, d2), r, dr = m.q, m.blur, m.rest, m.rest_blur
        if order == 0:
            terms = [(A, q, dq, q, dq), (B, q, dq, r, dr), (C, r, dr, r, dr)]
        elif order == 1:
            terms = [
                (2 * A, q, dq, q1, d1),
                (B, r, dr, q1, d1),
                (-B, q, dq, q1, d1),
                (-2 * C, r, dr, q1, d1),
            ]
        else:
            terms = [
                (2 * A - 2 * B + 2 * C, q1, d1, q1, d1),
                (2 * A - B, q, dq, q2, d2),
                (B - 2 * C, r, dr, q2, d2),
            ]
            # each of A, B and C has products of its own, which may cancel
            for x in (2 * q1 * q1, q * q2, r * q2):
                error += (abs(A) + abs(B) + abs(C)) * abs(x) * blur(1 + logarithm(x))
        for factor, x, dx, y, dy in terms:
            term = factor * x * y
            value += term
            error += abs(factor) * (abs(x) * dy + abs(y) * dx + dx * dy) + abs(term) * blur(
                1 + logarithm(term)
            )
    return value, error


def dense(
    fitted: list[arb], features: list[list[arb]], target: list[arb], found: list[Mode], order: int
) -> tuple[arb, arb]:
    """||target - features w_T||^2 / (2 n_2), or a derivative, with its error."""
    n = len(target)
    value, error = arb(0), arb(0)

    def along(row: list[arb], entries: list[tuple[arb, arb]]) -> tuple[arb, arb]:
        x = total([f * w * e for f, w, (e, _) in zip(row, fitted, entries)])
        blur = total(
            [abs(f * w) * (d + FACTOR * abs(e)) for f, w, (e, d) in zip(row, fitted, entries)]
        )
        return x, blur

    for row, y in zip(features, target):
        e, de = along(row, [(m.rest, m.rest_blur) for m in found])
        e, de = e - y, de + abs(y) * blur(1 + logarithm(y))
        f, df = along(row, [(-m.q[1], m.blur[1]) for m in found])
        g, dg = along(row, [(-m.q[2], m.blur[2]) for m in found])
        terms = [[(e, de, e, de)], [(e, de, f, df)], [(f, df, f, df), (e, de, g, dg)]][order]
        for x, dx, z, dz in terms:
            share = arb(1) / (2 * n) if order == 0 else arb(1) / n
            value += share * x * z
            error += share * (
                abs(x) * dz + abs(z) * dx + dx * dz + abs(x * z) * blur(1 + logarithm(x * z))
            )
    return value, error


def regression(rng: np.random.Generator) -> Iterator[Question]:
    """One task under gradient descent mostly, sometimes with momentum."""
    r = draws.dimension(rng, 4)
    lam = draws.spectrum(rng, r, kappa=1e12, reach=30.0)
    plain = draws.chance(rng, 0.9)
    T = draws.steps(rng, 2**53 + 1 if plain else 1000)
    beta = float(rng.uniform(0, 1))
    optimizer = (
        qm.GradientDescent(T)
        if plain
        else (qm.HeavyBall if draws.chance(rng, 0.5) else qm.Nesterov)(T, momentum=beta)
    )
    eta = draws.step_sizes(rng, lam, None, 5)
    label = type(optimizer).__name__
    exact: dict[str, Any] = {}
    if draws.chance(rng, 0.6):
        problem = realised(rng, lam, exact)
    else:
        problem = averaged(rng, lam, exact)
    about = f"{exact.pop('about')}, {optimizer!r}"

    @cache
    def found(k: int, bits: int) -> list[Mode]:
        return modes(balls(lam), arb(float(eta[k])), optimizer)

    @cache
    def short(k: int, bits: int) -> list[Mode]:
        return short_modes(balls(lam), arb(float(eta[k])), T)

    for name in CLASSES:
        objective = ask(lambda: getattr(qm, name)(problem, optimizer))
        if isinstance(objective, Exception):
            yield Question(f"{name}, {label}", objective, lambda: (arb(0), arb(0)), about)
            continue
        for order, call in enumerate(CALLS):
            values = ask(getattr(objective, call), eta)
            if isinstance(values, Exception):
                values = [ask(getattr(objective, call), float(x)) for x in eta]
            for k, x in enumerate(eta):
                yield Question(
                    f"{name}.{NAMES[order]}, {label}",
                    describe(values, k),
                    lambda k=k, order=order, name=name: exact[name](found(k, ctx.prec), order),
                    f"{about}, eta={float(x)!r}",
                )
        for k, x in enumerate(eta if plain else []):
            pair = ask(objective.scan, float(x))
            for order in (0, 1):

                def truth(k: int = k, order: int = order, name: str = name) -> tuple[arb, arb]:
                    value, error = exact[name](short(k, ctx.prec), order)
                    return value, error + arb(1e-300)

                yield Question(
                    f"{name}.scan {NAMES[order]}",
                    pair if isinstance(pair, Exception) else float(pair[order]),
                    truth,
                    f"{about}, eta={float(x)!r}",
                    # both are computed at once, and either may leave float64
                    size=lambda t=truth: largest(*(abs(y) for o in (0, 1) for y in t(order=o))),
                )


def realised(rng: np.random.Generator, lam: Array, exact: dict[str, Any]) -> Any:
    """A record of one task, its numbers drawn."""
    r, n2 = len(lam), int(rng.integers(1, 4))
    signal, noise = rng.standard_normal((2, r))
    if draws.chance(rng, 0.3):
        signal, noise = signal * 10 ** rng.uniform(-8, 8, r), noise * 10 ** rng.uniform(-8, 8, r)
    sigma = float(rng.choice([0.0, 1.0, 0.3, 10 ** rng.uniform(-6, 3)]))
    residual, null = float(rng.uniform(0, 1)), float(rng.choice([0.0, rng.uniform(0, 1)]))
    features, clean, unit = rng.standard_normal((n2, r)), *rng.standard_normal((2, n2))
    problem = qm.LeastSquares(
        lam,
        signal,
        noise,
        np.float64(residual),
        np.float64(null),
        10,
        10 + r,
        sigma,
        (features, clean, unit, 1.0),
    )
    exact["about"] = (
        f"LeastSquares{(lam.tolist(), signal.tolist(), noise.tolist(), residual, null, sigma)}, "
        f"validation={(features.tolist(), clean.tolist(), unit.tolist())}"
    )
    s = arb(sigma)  # exact at any precision

    def parts() -> list[tuple[arb, arb, arb]]:
        return list(zip(balls(lam), balls(signal), [s * x for x in balls(noise)]))

    exact["TrainByTrain"] = lambda found, order: separable(
        [(x * (a + b) ** 2 / 2, arb(0), arb(0)) for x, a, b in parts()],
        arb(residual) * arb(sigma) ** 2,
        found,
        order,
    )
    exact["PopulationRisk"] = lambda found, order: separable(
        [(a * a, -2 * a * b, b * b) for _, a, b in parts()], arb(null), found, order
    )
    exact["TrainByValidation"] = lambda found, order: dense(
        [a + b for _, a, b in parts()],
        [balls(row) for row in features],
        [x + s * y for x, y in zip(balls(clean), balls(unit))],
        found,
        order,
    )
    return problem


def averaged(rng: np.random.Generator, lam: Array, exact: dict[str, Any]) -> Any:
    """The mean over noise and truth, for a given design."""
    r = len(lam)
    n, d = r + int(rng.integers(0, 4)), r + int(rng.integers(0, 4))
    sigma, norm = (
        float(rng.choice([0.0, 1.0, rng.uniform(0, 2)])),
        float(rng.choice([1.0, rng.uniform(0.1, 3)])),
    )
    exact["about"] = f"AveragedLeastSquares.of({lam.tolist()}, {n}, {d}, {sigma!r}, {norm!r})"
    zero = arb(0)

    def masses() -> tuple[arb, arb, arb, arb, arb]:
        # signal and noise of a mode, the null space of each, the noise itself
        noise, signal = arb(sigma) ** 2, arb(norm) ** 2
        return signal / d, noise / n, signal * (d - r) / d, noise * (n - r) / n, noise

    def train(found: list[Mode], order: int) -> tuple[arb, arb]:
        b, c, _, floor, _ = masses()
        return separable(
            [((b * x + c) / 2, zero, zero) for x in balls(lam)], floor / 2, found, order
        )

    def population(found: list[Mode], order: int) -> tuple[arb, arb]:
        b, c, null, _, _ = masses()
        return separable([(b, zero, c / x) for x in balls(lam)], null, found, order)

    def validation(found: list[Mode], order: int) -> tuple[arb, arb]:
        b, c, null, _, noise = masses()
        return separable(
            [(b / 2, zero, c / x / 2) for x in balls(lam)], (null + noise) / 2, found, order
        )

    exact.update(TrainByTrain=train, PopulationRisk=population, TrainByValidation=validation)
    return qm.AveragedLeastSquares.of(lam, n, d, sigma, norm)
