"""Expected losses of SGD: the recursion of the moments as the power of one matrix, with its
derivative in eta.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

import quadmeta as qm
from tests.fuzz import draws
from tests.fuzz.exact import EPS, Question, balls, largest, total
from tests.fuzz.package import ask, describe

Array = Any
FACTOR = 1e-12
"""Of |F| + begin / 1000 for values, of |F'| + T / eta_ms times that for derivatives."""


def stochastic(rng: np.random.Generator) -> Iterator[Question]:
    """One problem, all its outer losses and transforms, values and derivatives."""
    kind = int(rng.integers(0, 3))
    problem, outers, system, about = (streaming, noisy, rows)[kind](rng)
    T = draws.steps(rng, 2**53 + 1 if draws.chance(rng, 0.3) else 10**5)
    limit = ask(problem.mean_square_limit)
    if isinstance(limit, Exception):
        yield Question("mean-square limit", limit, lambda: (arb(0), arb(0)), about)
        return
    sgd = qm.StochasticGradientDescent(T)
    eta = (
        np.array(
            [
                float(
                    rng.choice(
                        [
                            0.0,
                            rng.uniform(0, 1),
                            10 ** rng.uniform(-9, 0),
                            rng.uniform(0.99, 1.01),
                            1.0,
                            rng.uniform(1, 3),
                        ]
                    )
                )
                for _ in range(3)
            ]
        )
        * limit
    )

    @cache
    def after(k: int, bits: int) -> dict[str, tuple[arb, arb]]:
        return system(arb(float(eta[k])), T)

    @cache
    def moved(k: int, bits: int) -> dict[str, arb]:
        # eta F'', by a difference far below the rounding of float64
        if T * eta[k] / limit < 10:
            return dict.fromkeys(outers, arb(0))
        h = arb(2) ** -80
        other = system(arb(float(eta[k])) * (1 + h), T)
        return {outer: (other[outer][1] - after(k, bits)[outer][1]) / h for outer in outers}

    @cache
    def begin(bits: int) -> arb:
        # the errors are those of the terms that are added: squared distances from w_* too
        return largest(magnitude(problem), *(value for value, _ in system(arb(0), 1).values()))

    for name, outer in (
        ("NaiveObjective", "train"),
        ("LogObjective", "train"),
        ("RootObjective", "train"),
        ("TrainByTrain", "train"),
        ("TrainByValidation", "validation"),
        ("PopulationRisk", "population"),
    ):
        if outer not in outers:
            continue
        objective = ask(lambda: getattr(qm, name)(problem, sgd))
        if isinstance(objective, Exception):
            yield Question(
                f"{name}, SGD, {type(problem).__name__}",
                objective,
                lambda: (arb(0), arb(0)),
                about,
                refusal=name in ("LogObjective", "RootObjective") and type(objective) is ValueError,
            )
            continue
        for order, call in enumerate(("__call__", "gradient")):
            values = ask(getattr(objective, call), eta)
            if isinstance(values, Exception):
                values = [ask(getattr(objective, call), float(x)) for x in eta]
            for k, x in enumerate(eta):
                yield Question(
                    f"{name}.{('value', 'gradient')[order]}, SGD, {type(problem).__name__}",
                    describe(values, k),
                    lambda k=k, name=name, outer=outer, order=order: transformed(
                        name,
                        after(k, ctx.prec)[outer],
                        begin(ctx.prec),
                        T,
                        arb(limit),
                        order,
                        arb(float(eta[k])),
                        problem,
                        moved(k, ctx.prec)[outer],
                    ),
                    f"{about}, T={T}, eta={float(x)!r}",
                )


def magnitude(problem: Any) -> arb:
    """The largest squared distance from w_* that enters the losses of sampled rows, by the outer
    loss's curvature.
    """
    if not isinstance(problem, qm.SampledRows):
        return arb(0)
    X, y, start = (
        np.asarray(part, dtype=float) for part in (problem.X, problem.y, problem.initial)
    )
    minimum = start - np.linalg.pinv(X) @ (X @ start - y)
    ends = [start] if problem.truth is None else [start, np.asarray(problem.truth, dtype=float)]
    bend = (
        1.0
        if problem.validation is None
        else max(1.0, float(np.square(problem.validation[0]).sum()))
    )
    return arb(1000 * bend * max(float(((end - minimum) ** 2).sum()) for end in ends))


def transformed(
    name: str,
    F: tuple[arb, arb],
    begin: arb,
    T: int,
    limit: arb,
    order: int,
    eta: arb,
    problem: Any,
    bend: arb,
) -> tuple[arb, ...]:
    """The objective and its error: that of F and F', carried through the logarithm or the root.

    1e-12 (|F| + begin / 1000), and of the derivative with T / eta_ms times that; where T steps of
    size next to the limit multiply it, what a relative change of eta by 32 eps does to F and to F'
    as well.
    """
    grown = largest(arb(1), abs(abs(F[0]).log())) if abs(F[0]) > 0 else arb(1)
    factor = largest(arb(FACTOR), 32 * EPS * grown)
    size = abs(F[0]) + begin / 1000
    errors = [
        factor * size + 32 * EPS * abs(eta * F[1]),
        factor * (abs(F[1]) + T / limit * size) + 32 * EPS * abs(bend),
    ]
    if name == "TrainByTrain" and order == 0:
        floor = arb(float(problem.floor))
        return F[0] + floor, errors[0] + 4 * EPS * floor
    if name in ("NaiveObjective", "TrainByTrain", "TrainByValidation", "PopulationRisk"):
        return F[order], errors[order]
    value, slope = F
    if not value > 0:
        # a loss that has decayed below all digits: what is promised of its logarithm is nothing
        decayed = abs(value) < begin / arb(2) ** 2000
        return (arb(0), arb(10) ** 400) if decayed else (arb("nan"), arb("nan"))
    relative = [errors[0] / value, (errors[1] + abs(slope) * errors[0] / value) / value]
    log = value.log()
    if name == "LogObjective":
        return (
            (log / T, relative[0] / T + 4 * EPS * (1 + abs(log)) / T)
            if order == 0
            else (slope / value / T, relative[1] / T)
        )
    root = (log / (2 * T)).exp()
    half = relative[0] / (2 * T) + 4 * EPS * (1 + abs(log) / T)
    if order == 0:
        return root, root * half
    inner = slope / value / (2 * T)
    return root * inner, root * (abs(inner) * half + relative[1] / (2 * T))


def run(
    A: list[list[arb]],
    dA: list[list[arb]],
    c: list[arb],
    dc: list[arb],
    start: list[arb],
    T: int,
    readers: dict[str, tuple[list[arb], arb]],
) -> dict[str, tuple[arb, arb]]:
    """v' = A v + c with its derivative in eta, T steps: one power of a matrix of 2k + 1 rows."""
    k = len(start)
    zero = [arb(0)] * k
    table = [[*A[i], *zero, c[i]] for i in range(k)] + [[*dA[i], *A[i], dc[i]] for i in range(k)]
    table.append([*zero, *zero, arb(1)])
    end = (arb_mat(table) ** T) * arb_mat([[x] for x in [*start, *zero, arb(1)]])
    return {
        name: (
            total([w * end[i, 0] for i, w in enumerate(weights)]) + constant,
            total([w * end[k + i, 0] for i, w in enumerate(weights)]),
        )
        for name, (weights, constant) in readers.items()
    }


System = Callable[[arb, int], dict[str, tuple[arb, arb]]]


def streaming(rng: np.random.Generator) -> tuple[Any, tuple[str, ...], System, str]:
    """A fresh Gaussian sample each step: v' = (I - 2 eta L + eta^2 (2 L^2 + l l')) v + eta^2
    sigma^2 l.
    """
    d = draws.dimension(rng, 4)
    lam = draws.spectrum(rng, d, kappa=1e4 if draws.chance(rng, 0.8) else 1e12, reach=20.0)
    error = rng.standard_normal(d) * 10 ** rng.uniform(-2, 2)
    sigma = float(rng.choice([0.0, 1.0, 10 ** rng.uniform(-3, 1)]))
    problem = qm.StreamingGaussian.from_spectrum(lam, error, sigma)

    def system(eta: arb, T: int) -> dict[str, tuple[arb, arb]]:
        l, s = balls(lam), arb(sigma) ** 2
        A = [
            [
                (1 - 2 * eta * l[i] + 2 * (eta * l[i]) ** 2 if i == j else arb(0))
                + eta**2 * l[i] * l[j]
                for j in range(d)
            ]
            for i in range(d)
        ]
        dA = [
            [
                (-2 * l[i] + 4 * eta * l[i] ** 2 if i == j else arb(0)) + 2 * eta * l[i] * l[j]
                for j in range(d)
            ]
            for i in range(d)
        ]
        c, dc = [eta**2 * s * x for x in l], [2 * eta * s * x for x in l]
        return run(
            A,
            dA,
            c,
            dc,
            [e * e for e in balls(error)],
            T,
            {"train": ([x / 2 for x in l], arb(0)), "population": (l, arb(0))},
        )

    return (
        problem,
        ("train", "population"),
        system,
        f"StreamingGaussian.from_spectrum({lam.tolist()}, {error.tolist()}, {sigma!r})",
    )


def noisy(rng: np.random.Generator) -> tuple[Any, tuple[str, ...], System, str]:
    """Additive noise: v' = a^2 v + eta^2 s, mode by mode."""
    d = draws.dimension(rng, 4)
    lam = draws.spectrum(rng, d, kappa=1e12, reach=20.0)
    error, noise = rng.standard_normal(d), 10 ** rng.uniform(-6, 1, d) * rng.choice([0, 1, 1], d)
    problem = qm.NoisyQuadratic(lam, error, noise)

    def system(eta: arb, T: int) -> dict[str, tuple[arb, arb]]:
        value = slope = arb(0)
        for x, e, s in zip(balls(lam), balls(error), balls(noise)):
            a = 1 - eta * x
            got = run(
                [[a * a]],
                [[-2 * x * a]],
                [eta**2 * s],
                [2 * eta * s],
                [e * e],
                T,
                {"": ([x / 2], arb(0))},
            )[""]
            value, slope = value + got[0], slope + got[1]
        return {"train": (value, slope)}

    return (
        problem,
        ("train",),
        system,
        f"NoisyQuadratic({lam.tolist()}, {error.tolist()}, {noise.tolist()})",
    )


def rows(rng: np.random.Generator) -> tuple[Any, tuple[str, ...], System, str]:
    """One row of a finite sample a step: first and second moments of the error, by their
    definition.
    """
    n, d = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    if draws.chance(rng, 0.5):
        X = rng.integers(-3, 4, (n, d)).astype(float)
        X[0, 0] = X[0, 0] or 1.0
    else:
        X = rng.standard_normal((n, d)) * 10 ** rng.uniform(-1, 1, d)
    truth, w0 = rng.standard_normal(d), rng.standard_normal(d) * rng.choice([0, 1])
    y = X @ truth + rng.choice([0.0, 0.5]) * rng.standard_normal(n)
    X2, y2 = rng.standard_normal((2, d)), rng.standard_normal(2)
    problem = qm.SampledRows(X, y, (X2, y2), truth, w0)

    center, residual = least_squares(X, y, w0)
    # as documented: residuals of rounding size are taken as zero
    size = sum(r * r for r in residual)
    scale = sum((Fraction(float(t)) - dot(row, w0)) ** 2 for row, t in zip(X, y))
    if size <= (8 * max(n, d) * Fraction(EPS)) ** 2 * scale:
        residual = [Fraction(0)] * n

    def system(eta: arb, T: int) -> dict[str, tuple[arb, arb]]:
        # moments of z = (e, 1) with e = w - center: e' = e - eta x (x'e - r) for a random row,
        # entries i <= j of E zz'
        m = d + 1
        pairs = [(i, j) for i in range(m) for j in range(i, m)]
        r, c = [quotient(x) for x in residual], [quotient(x) for x in center]
        A = [[arb(0)] * len(pairs) for _ in pairs]
        dA = [[arb(0)] * len(pairs) for _ in pairs]
        for x, t in zip(map(balls, X), r):
            step = [
                [(1 if i == j else 0) - eta * x[i] * x[j] for j in range(d)] + [eta * x[i] * t]
                for i in range(d)
            ]
            slope = [[-x[i] * x[j] for j in range(d)] + [x[i] * t] for i in range(d)]
            step.append([arb(0)] * d + [arb(1)])
            slope.append([arb(0)] * m)
            for a, (i, j) in enumerate(pairs):
                for b, (k, q) in enumerate(pairs):
                    for k1, q1 in {(k, q), (q, k)}:
                        A[a][b] += step[i][k1] * step[j][q1] / n
                        dA[a][b] += (slope[i][k1] * step[j][q1] + step[i][k1] * slope[j][q1]) / n
        z = [*(w - x for w, x in zip(balls(w0), c)), arb(1)]
        zero = [arb(0)] * len(pairs)

        def form(rows_: list[tuple[list[arb], arb]], share: arb) -> list[arb]:
            # share sum (x'e - t)^2 as weights on the moments
            flat = [arb(0)] * len(pairs)
            for x, t in rows_:
                vector = [*x, -t]
                for a, (i, j) in enumerate(pairs):
                    flat[a] += share * vector[i] * vector[j] * (1 if i == j else 2)
            return flat

        def moved(x: list[arb], t: float) -> tuple[list[arb], arb]:
            return x, arb(float(t)) - total([a * b for a, b in zip(x, c)])

        train = [(balls(x), arb(0)) for x in X]
        unit = [moved([arb(int(i == j)) for j in range(d)], truth[i]) for i in range(d)]
        held = [moved(balls(x), t) for x, t in zip(X2, y2)]
        readers = {
            "train": (form(train, arb(1) / (2 * n)), arb(0)),
            "population": (form(unit, arb(1)), arb(0)),
            "validation": (form(held, arb(1) / 4), arb(0)),
        }
        return run(A, dA, zero, zero, [z[i] * z[j] for i, j in pairs], T, readers)

    return (
        problem,
        ("train", "validation", "population"),
        system,
        f"SampledRows({X.tolist()}, {y.tolist()}, ({X2.tolist()}, {y2.tolist()}), "
        f"{truth.tolist()}, {w0.tolist()})",
    )


def quotient(x: Fraction) -> arb:
    """A fraction as a ball."""
    return arb(x.numerator) / arb(x.denominator)


def dot(x: Any, w: Any) -> Fraction:
    """x'w in fractions."""
    return sum((Fraction(a) * Fraction(b) for a, b in zip(x, w)), Fraction(0))


def least_squares(X: Array, y: Array, w0: Array) -> tuple[list[Fraction], list[Fraction]]:
    """(center, y - X center): the minimiser that differs from w_0 in the row space only, in
    fractions.
    """
    basis: list[list[Fraction]] = []
    images: list[list[Fraction]] = []
    rest = [Fraction(float(t)) - dot(row.tolist(), w0.tolist()) for row, t in zip(X, y)]
    center = [Fraction(float(w)) for w in w0]
    for row in X.tolist():
        b = [Fraction(x) for x in row]
        image = [dot(x, b) for x in X.tolist()]
        for old, seen in zip(basis, images):
            # images are made orthogonal, so that the solution adds up direction by direction
            share = dot(image, seen) / dot(seen, seen)
            b = [p - share * q for p, q in zip(b, old)]
            image = [p - share * q for p, q in zip(image, seen)]
        if any(image):
            basis.append(b)
            images.append(image)
    for b, image in zip(basis, images):
        share = dot(rest, image) / dot(image, image)
        center = [p + share * q for p, q in zip(center, b)]
        rest = [p - share * q for p, q in zip(rest, image)]
    return center, rest
