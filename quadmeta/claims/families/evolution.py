"""Episodes of evolution strategies as polynomials in their perturbations, with rational
coefficients: means and second moments by the moments of normal variables.

The loss of gradient descent with the step size eta + sigma xi_m in window m of K steps is f_n =
sum_i omega_i prod_(m <= n) (a_i - sigma lambda_i xi_m)^(2K), a_i = 1 - eta lambda_i.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    WEIGHTS,
    Parameter,
    Values,
)

Polynomial: TypeAlias = dict[tuple[int, ...], Any]
"""{exponents of the variables: coefficient}."""

EVOLUTION: Mapping[str, Parameter] = {
    "eigenvalues": EIGENVALUES,
    "weights": WEIGHTS,
    "eta": STEP_SIZE,
    "sigma": Parameter(r"\sigma", open=True, reach=1),
    "window": Parameter("K", low=Fraction(1), whole=True, reach=2),
    "windows": Parameter("N", low=Fraction(1), whole=True, reach=2),
}
"""A quadratic, a step size, the scale of its perturbation, N windows of K steps."""


def episode(x: Values) -> list[Polynomial]:
    """f_1, ..., f_N in N perturbations."""
    N = x["windows"]
    losses: list[Polynomial] = [{} for _ in range(N)]
    for lam, omega in zip(x["eigenvalues"], x["weights"], strict=True):
        term: Polynomial = {(0,) * N: omega}
        for n in range(N):
            factor = {(0,) * N: 1 - x["eta"] * lam, unit(n, N): -x["sigma"] * lam}
            for _ in range(2 * x["window"]):
                term = times(term, factor)
            losses[n] = plus(losses[n], term)
    return losses


def unit(n: int, N: int) -> tuple[int, ...]:
    """The exponents of xi_n alone."""
    return tuple(int(m == n) for m in range(N))


def plus(p: Polynomial, q: Polynomial) -> Polynomial:
    """p + q."""
    found = dict(p)
    for e, c in q.items():
        found[e] = found[e] + c if e in found else c
    return found


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    """p q."""
    found: Polynomial = {}
    for d, b in p.items():
        for e, c in q.items():
            key = tuple(i + j for i, j in zip(d, e, strict=True))
            found[key] = found[key] + b * c if key in found else b * c
    return found


def odd(p: Polynomial) -> Polynomial:
    """The part that changes its sign with all perturbations: what an antithetic pair leaves."""
    return {e: c for e, c in p.items() if sum(e) % 2}


def expected(p: Polynomial) -> Any:
    """E of p for independent standard normal variables: products of (k - 1)!!."""
    total: Any = 0
    for e, c in p.items():
        if all(k % 2 == 0 for k in e):
            weight = 1
            for k in e:
                for j in range(1, k, 2):
                    weight = weight * j
            total = total + c * weight
    return total


def estimate(losses: Sequence[Polynomial], persistent: bool) -> Polynomial:
    """sigma times the antithetic estimate of the sum of the losses that are given, each weighed by
    the perturbations of its window and those before where ``persistent``, else by the first one
    with all set to it.
    """
    N = len(losses)
    found: Polynomial = {}
    for n, loss in enumerate(losses):
        if persistent:
            weight = {unit(m, N): 1 for m in range(n + 1)}
            found = plus(found, times(weight, odd(loss)))
        else:
            found = plus(found, times({(1,): 1}, odd(joined(loss))))
    return found


def joined(p: Polynomial) -> Polynomial:
    """All perturbations replaced by one."""
    found: Polynomial = {}
    for e, c in p.items():
        key = (sum(e),)
        found[key] = found[key] + c if key in found else c
    return found


def final(losses: Sequence[Polynomial]) -> list[Polynomial]:
    """Nothing but the last loss."""
    return [{} for _ in losses[:-1]] + [losses[-1]]


def slope(x: Values, horizons: Sequence[int]) -> Any:
    """d/d eta of the sum of f after so many steps."""
    total: Any = 0
    for T in horizons:
        a = 1 - x["eta"] * x["eigenvalues"]
        total = total - 2 * T * (x["weights"] * x["eigenvalues"] * a ** (2 * T - 1)).sum()
    return total
