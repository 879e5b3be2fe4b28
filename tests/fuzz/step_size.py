"""Objectives of a step size on a quadratic: naive, log, root and mean log under gradient descent."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from flint import arb, ctx

import quadmeta as qm
from tests.fuzz import draws, models
from tests.fuzz.exact import Question, balls, total
from tests.fuzz.package import ask, describe

Array = Any
CLASSES = ("NaiveObjective", "LogObjective", "RootObjective")
CALLS = ("__call__", "gradient", "curvature")
NAMES = ("value", "gradient", "curvature")


class Moments:
    """F = sum omega a^2T, means of u = lambda / a under pi = omega a^2T / F, and what errors scale
    with.
    """

    def __init__(self, lam: list[arb], omega: list[arb], eta: arb, T: int) -> None:
        a = [1 - eta * x for x in lam]
        p = [o * b ** (2 * T - 2) for o, b in zip(omega, a)]
        squares = [q * b * b for q, b in zip(p, a)]
        self.T, self.F = T, total(squares)
        self.S1 = total([q * x * b for q, x, b in zip(p, lam, a)])
        self.S2 = total([q * x * x for q, x in zip(p, lam)])
        # p_i p_j (lambda_i - lambda_j)^2: a variance without cancellation
        self.spread = total(
            [p[i] * p[j] * (lam[i] - lam[j]) ** 2 for i in range(len(lam)) for j in range(i)]
        )
        self.steepest = models.largest(
            *((x / b) ** 2 for x, b in zip(lam, a) if not b.is_zero()), arb(0)
        )
        self.size1 = total([q * x * abs(b) for q, x, b in zip(p, lam, a)])
        # logarithms that the float formula exponentiates: |log| of the weights relative to the
        # largest
        self.top = max(
            range(len(lam)), key=lambda i: float(squares[i] / self.F) if self.F > 0 else 0.0
        )
        # weights beyond 2^400 are held in units of another power of two, whose logarithm is added
        self.log_weight = models.log_of_weights(omega, self.top)
        b = abs(a[self.top])
        self.log_power = 2 * T * abs(b.log()) if b > 0 else arb(0)
        ratio = [
            abs((omega[i] / omega[self.top]).log()) if squares[i] > 0 else arb(0)
            for i in range(len(lam))
        ]
        share = [s / self.F for s in squares] if self.F > 0 else [arb(0) for _ in squares]
        log = [(abs(s.log()) if s > 0 else arb(0)) + r for s, r in zip(share, ratio)]
        self.blur0 = total([s * x for s, x in zip(share, log)])
        self.blur1 = total([q * x * abs(b) * y for q, x, b, y in zip(p, lam, a, log)])
        inverse = [q * abs(b) for q, b in zip(p, a)]
        self.inverse = total(inverse)  # F E 1/|a|
        self.scan1 = total(
            [q * x * (1 + abs(b)) for q, x, b in zip(p, lam, a)]
        )  # F E |u| (1 + 1/|a|)
        self.blur2 = total([q * x * x * y for q, x, y in zip(p, lam, log)])
        self.blurred_spread = total(
            [
                p[i] * p[j] * (lam[i] - lam[j]) ** 2 * (log[i] + log[j])
                for i in range(len(lam))
                for j in range(i)
            ]
        )


def gradient_descent(rng: np.random.Generator) -> Iterator[Question]:
    """All three objectives at three orders on one spectrum."""
    d = draws.dimension(rng)
    lam = draws.spectrum(rng, d)
    omega = draws.weights(rng, lam)
    T = draws.steps(rng)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    optimizer = qm.GradientDescent(T)
    exact = lambda: (balls(lam), balls(omega))  # noqa: E731
    yield from polynomial(
        rng,
        problem,
        optimizer,
        lam,
        exact,
        "gradient descent",
        f"lam={lam.tolist()}, omega={omega.tolist()}",
    )


def polynomial(
    rng: np.random.Generator,
    problem: Any,
    optimizer: Any,
    lam: Array,
    exact: Any,
    label: str,
    about: str,
    pooled: bool = True,
) -> Iterator[Question]:
    """Questions on one quadratic of which ``exact()`` gives the exact eigenvalues and weights."""
    T = optimizer.steps
    one = float(np.min(lam)) == float(np.max(lam))
    best = None
    if not one:
        found = ask(lambda: qm.NaiveObjective(problem, optimizer).minimizer())
        best = None if isinstance(found, Exception) else float(found)
        yield Question(
            f"minimizer, {label}",
            found,
            lambda: models.minimizer(*exact(), T, best),
            f"{about}, T={T}",
        )
    eta = draws.step_sizes(rng, np.sort(lam), best)

    @cache
    def moments(k: int, bits: int) -> Moments:
        return Moments(*exact(), arb(float(eta[k])), T)

    for name in CLASSES:
        built = ask(lambda: getattr(qm, name)(problem, optimizer))
        if isinstance(built, Exception):
            yield Question(f"{name}, {label}", built, lambda: (arb(0), arb(0)), about, refusal=one)
            continue
        for order, call in enumerate(CALLS):
            values = ask(getattr(built, call), eta)
            if isinstance(values, Exception):
                values = [ask(getattr(built, call), float(x)) for x in eta]
            for k, x in enumerate(eta):
                truth = models.truth(name, order, moments, k)
                yield Question(
                    f"{name}.{NAMES[order]}, {label}",
                    describe(values, k),
                    truth,
                    f"{about}, T={T}, eta={float(x)!r}",
                    refusal=one,
                    # a ratio on the way, or the result itself
                    size=lambda k=k, truth=truth: models.largest(
                        4 * T * T * moments(k, ctx.prec).steepest, abs(truth()[0])
                    ),
                )
        if name == "LogObjective":
            found = ask(built.scan, eta)
            found = (
                [ask(built.scan, float(x)) for x in eta]
                if isinstance(found, Exception)
                else list(zip(*found))
            )
            for k, x in enumerate(eta):
                for order in (0, 1):
                    value = found[k] if isinstance(found[k], Exception) else float(found[k][order])
                    yield Question(
                        f"LogObjective.scan {NAMES[order]}, {label}",
                        value,
                        lambda k=k, order=order: models.scan(moments(k, ctx.prec), order),
                        f"{about}, T={T}, eta={float(x)!r}",
                        refusal=one,
                    )
