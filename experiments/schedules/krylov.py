"""The least loss of all schedules of T steps: conjugate gradients, and its closed forms in 80
digits.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
from mpmath.matrices.eigen_symmetric import tridiag_eigen

import quadmeta as qm


def log10_loss(problem: qm.Quadratic, w: Any) -> float:
    """log10 of (f(w) - f(w_*)) / (f(w_0) - f(w_*))."""
    e = w - problem.minimizer
    start = problem.start - problem.minimizer
    return float(np.log10(e @ problem.hvp(w, e) / (start @ problem.hvp(w, start))))


def start_loss(problem: qm.Quadratic) -> float:
    """log10 of f(w_0) - f(w_*)."""
    return float(np.log10(problem.modes().weights.sum()))


@cache
def orthogonal(problem: qm.Quadratic, T: int, power: int) -> tuple[Any, ...]:
    """(center, squared norm, value at 0) of the monic orthogonal polynomials of degree 0..T for
    omega lambda^power, in 80 digits.
    """
    with mpmath.workdps(80):
        return tuple(_recurrence(problem, T, power))


def _recurrence(problem: qm.Quadratic, T: int, power: int) -> Iterator[Any]:
    lam, omega = (
        np.array([mpmath.mpf(float(v)) for v in x])
        for x in (problem.eigenvalues, problem.modes().weights)
    )
    weights = omega * lam**power
    now = (lam * 0 + 1, mpmath.mpf(1))
    before = (lam * 0, 0)
    old = None
    for _ in range(T + 1):
        norm = (weights * now[0] ** 2).sum()
        center = (weights * lam * now[0] ** 2).sum() / norm
        back = norm / old if old else 0
        yield center, norm, now[1]
        now, before, old = (
            ((lam - center) * now[0] - back * before[0], -center * now[1] - back * before[1]),
            now,
            norm,
        )


def least(problem: qm.Quadratic, T: int) -> float:
    """log10 of 1 / (K_T(0, 0) f(w_0)), the least loss of all schedules, in 80 digits."""
    with mpmath.workdps(80):
        kernel = sum(value**2 / norm for _, norm, value in orthogonal(problem, T, 0))
        return float(-mpmath.log10(kernel)) - start_loss(problem)


def ritz(problem: qm.Quadratic, T: int) -> Any:
    """(T,) the Ritz values, ascending: eigenvalues of the Jacobi matrix of omega lambda, in 80
    digits, rounded.
    """
    with mpmath.workdps(80):
        centers, norms, _ = zip(*orthogonal(problem, T - 1, 1), strict=True)
        beside = [mpmath.sqrt(b / a) for a, b in pairwise(norms)]
        found = list(centers)
        tridiag_eigen(mpmath.mp, found, [*beside, mpmath.mpf(0)])
        return np.array([1 / float(1 / x) for x in sorted(found)])


def conjugate_gradients(problem: qm.Quadratic, T: int) -> Any:
    """w_T in float64."""
    w = problem.start
    r = -problem.gradient(problem.start)
    p = r
    for _ in range(T):
        q = problem.hvp(w, p)
        a = r @ r / (p @ q)
        w = w + a * p
        rest = r - a * q
        p = rest + rest @ rest / (r @ r) * p
        r = rest
    return w
