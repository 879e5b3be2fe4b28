"""Schedules of T step sizes, their optimum and conjugate gradients, in any arithmetic.

p(lambda) = prod_t (1 - eta_t lambda), F = sum_i omega_i p(lambda_i)^2 with omega_i = lambda_i
c_i^2 / 2.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import solve
from quadmeta.optimizers.schedule import Schedule
from quadmeta.verification.parameters import Instance, Parameter

SCHEDULE = Parameter(r"L\eta_t", low=Fraction(-1), axis="T", reach=4)
"""Step sizes in units of 1/L."""


class Loss(NamedTuple):
    """F and its derivatives at a schedule, from the residual polynomial and its own."""

    value: Any
    gradient: Array
    hessian: Array
    residual: Array
    tangents: Array
    """dp / d eta_t, shape (T, d)."""

    @classmethod
    def at(cls, lam: Array, omega: Array, etas: Array) -> "Loss":
        """At eta_1, ..., eta_T."""
        p, first, second = map(np.array, Schedule(len(etas)).residual(lam, etas))
        hessian = [
            [2 * (omega * (f * g + p * both)).sum() for g, both in zip(first, row, strict=True)]
            for f, row in zip(first, second, strict=True)
        ]
        return cls(
            (omega * p**2).sum(), 2 * (omega * p * first).sum(axis=1), np.array(hessian), p, first
        )


def negative(A: Array) -> int:
    """Number of negative eigenvalues of a symmetric matrix whose pivots do not vanish
    (Sylvester's law of inertia).
    """
    A = np.array(A, dtype=object)
    count = 0
    while len(A):
        count += int(A[0, 0] < 0)
        A = A[1:, 1:] - np.outer(A[1:, 0], A[0, 1:]) / A[0, 0]
    return count


def distinct(lam: Array) -> int:
    """Number of distinct eigenvalues."""
    return len(set(lam))


def enriched(x: Instance, count: int, weight: str) -> Instance:
    """At least ``count`` distinct eigenvalues: max + 1, max + 2, ... are appended with weight 1."""
    lam = x["eigenvalues"]
    more = tuple(max(lam) + k for k in range(1, count - distinct(lam) + 1))
    return {**x, "eigenvalues": lam + more, weight: x[weight] + (Fraction(1),) * len(more)}


def conjugate_gradients(H: Array, error: Array, steps: int) -> Array:
    """The error w_T - w_* after T steps of conjugate gradients; ZeroDivisionError beyond the
    last.
    """
    e = error
    r = -H @ error
    p = r
    for _ in range(steps):
        q = H @ p
        alpha = r @ r / (p @ q)
        e = e + alpha * p
        rest = r - alpha * q
        p = rest + rest @ rest / (r @ r) * p
        r = rest
    return e


def orthogonal(lam: Array, weights: Array, degree: int, at: Array) -> Iterator[tuple[Array, Any]]:
    """Monic polynomials of degree 0 to ``degree``, orthogonal for the weights: values ``at``
    points, squared norms.
    """
    before = (0 * lam, 0 * at)
    now = (0 * lam + 1, 0 * at + 1)
    old_norm = None
    for _ in range(degree + 1):
        norm = (weights * now[0] ** 2).sum()
        yield now[1], norm
        center = (weights * lam * now[0] ** 2).sum() / norm
        if old_norm is None:
            back = 0
        else:
            back = norm / old_norm
        before, now = (
            now,
            tuple(
                (points - center) * q - back * p
                for points, q, p in zip((lam, at), now, before, strict=True)
            ),
        )
        old_norm = norm


def least(moments: Sequence[Any], degree: int) -> Any:
    """min sum_i omega_i p(lambda_i)^2 over p(0) = 1 of this degree, from the moments sum_i omega_i
    lambda_i^k.

    p = 1 - sum_j x_j lambda^j, by the normal equations.
    """
    steps = range(1, degree + 1)
    gram = np.array([[moments[i + j] for j in steps] for i in steps])
    right = np.array([moments[i] for i in steps])
    return moments[0] - right @ solve(gram, right)
