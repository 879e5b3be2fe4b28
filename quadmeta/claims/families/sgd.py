"""Moments of stochastic gradient descent from their definitions, in any arithmetic.

Streaming: x ~ N(0, diag(lambda)), e' = e - eta (x'e - sigma xi) x, xi ~ N(0, 1). Sampled: x is one
of n rows.
"""

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.verification.parameters import Quantity

Polynomial = dict[tuple[int, ...], Any]
"""Exponents of the variables (x_1, ..., x_d, xi) -> coefficient."""


def times(f: Polynomial, g: Polynomial) -> Polynomial:
    """f g."""
    out: Polynomial = {}
    for (m, a), (n, b) in product(f.items(), g.items()):
        key = tuple(i + j for i, j in zip(m, n, strict=True))
        out[key] = out.get(key, 0) + a * b
    return out


def plus(*terms: Polynomial) -> Polynomial:
    """The sum."""
    out: Polynomial = {}
    for key, c in (pair for f in terms for pair in f.items()):
        out[key] = out.get(key, 0) + c
    return out


def expectation(f: Polynomial, variances: Iterable[Any]) -> Any:
    """E f for independent centred normal variables: E x^(2k) = 1 3 5 ... (2k - 1) var^k."""
    return sum(
        c
        * prod(prod(range(1, k, 2)) * v ** (k // 2) for k, v in zip(powers, variances, strict=True))
        for powers, c in f.items()
        if not any(k % 2 for k in powers)
    )


def streamed(e: Array, eta: Quantity, sigma: Quantity) -> list[Polynomial]:
    """The entries of e' = e - eta (x'e - sigma xi) x."""

    def unit(*places: int) -> tuple[int, ...]:
        return tuple(places.count(k) for k in range(len(e) + 1))

    pull = {unit(j): -eta * c for j, c in enumerate([*e, -sigma])}
    return [plus({unit(): c}, times({unit(i): 1}, pull)) for i, c in enumerate(e)]


def transition(lam: Array, eta: Quantity) -> Array:
    """A of v' = A v + eta^2 sigma^2 lambda: diag(1 - 2x + 2x^2) + eta^2 lambda lambda', x = eta
    lambda.
    """
    x = eta * lam
    return np.diag(1 - 2 * x + 2 * x**2) + np.outer(x, x)


def strain(lam: Array, eta: Quantity) -> Any:
    """B(eta) = sum_i x_i / (2 (1 - x_i)), x = eta lambda."""
    x = eta * lam
    return (x / (2 * (1 - x))).sum()


def definite(A: Array) -> tuple[bool, bool]:
    """Whether a symmetric matrix is positive definite, and semidefinite, by elimination."""
    A = np.array(A, dtype=object)
    positive = True
    while len(A):
        pivot = A[0, 0]
        row = A[0, 1:]
        if pivot < 0 or (pivot == 0 and any(row)):
            return False, False
        positive = positive and pivot > 0
        if pivot > 0:
            A = A[1:, 1:] - np.outer(row, row) / pivot
        else:
            A = A[1:, 1:]
    return bool(positive), True


def symmetric(X: Array) -> list[Array]:
    """A basis of the symmetric matrices over the row space of X, orthogonal but not normed."""
    rows: list[Array] = []
    for x in X:
        for q in rows:
            x = x - x @ q / (q @ q) * q
        if any(x):
            rows.append(x)
    return [np.outer(p, q) + np.outer(q, p) for i, p in enumerate(rows) for q in rows[: i + 1]]


def average(X: Array, y: Array, eta: Quantity, steps: int) -> Any:
    """Mean of |X w_T - y|^2 / (2n) over all n^T sequences of rows, w_0 = 0."""
    paths = [0 * X[0]]
    for _ in range(steps):
        paths = [
            w - eta * (x @ w - target) * x for w in paths for x, target in zip(X, y, strict=True)
        ]
    return sum(((X @ w - y) ** 2).sum() for w in paths) / (2 * len(X) ** (steps + 1))
