"""SGD on a stream of isotropic normal features: the variance of the meta-gradient of one run.

Two runs with the step sizes h and t, in units of 1 / lambda, see the same samples. Their errors e
and f have the moments

    P = cov(|e|^2, |f|^2),   q = E (e'f)^2,   A = E |e|^2,   B = E |f|^2,   C = E e'f,

which obey, with the product AB, a linear recursion with polynomials of h and t as coefficients. The
meta-gradient of a run is g = (lambda^2 / 2) d |e|^2 / d h, so that

    E g = (lambda^2 / 2) dA / dh,   var g = (lambda^4 / 4) d^2 P / (dh dt)   at h = t = eta lambda.

No mean is subtracted, which would take the digits of the variance of many short steps.
"""

import math
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.streaming_gaussian import StreamingGaussian

_WIDE = 2.0**60
"""The moments are rescaled where they leave [1 / _WIDE, _WIDE]."""


def limit(problem: StreamingGaussian) -> float:
    """The step size beyond which the variance diverges."""
    return problem.fourth_moment_limit()


def moments(problem: StreamingGaussian, eta: float, T: int, first: int) -> tuple[SignLog, SignLog]:
    """Mean and variance of g after T steps, with the tangent 0 before step ``first``.

    Raises
    ------
    ValueError
        features that are not isotropic.
    """
    lam = np.asarray(problem.eigenvalues, dtype=float)
    if lam.max() > lam.min() * (1 + 1e-12):
        raise ValueError(
            "eigenvalues differ, the second moment is known for isotropic features only: pass "
            "equal eigenvalues, or draw"
        )
    scale = float(lam.mean())
    size = float((np.asarray(problem.error, dtype=float) ** 2).sum())
    noise = float(problem.sigma) ** 2 / scale
    x, y = Jet.parameters([eta * scale, eta * scale])
    d = len(lam)
    steps = range(-first, T - first)
    # without noise the smaller moments have no part in it
    others = [size, size, size, 1.0] if noise else [0.0] * 4
    start = [0.0, size**2, size**2, *others]
    variance = _run(_pair(x, y, d, noise), start, steps, mixed=True)
    mean = _run(_square(x, d, noise), [size, others[-1]], steps, mixed=False)
    return mean * (scale**2 / 2), variance * (scale**4 / 4)


def _square(h: Jet, d: int, noise: float) -> list[list[Any]]:
    """The recursion of (A, 1)."""
    return [[1 - 2 * h + (d + 2) * h * h, d * noise * h * h], [0, 1]]


def _pair(h: Jet, t: Jet, d: int, noise: float) -> list[list[Any]]:
    """The recursion of (P, q, AB, A, B, C, 1)."""
    b = d + 2
    c = b * (d + 4)
    ht = h * t
    theta = (d + 4) * (d + 6) * ht * ht - 2 * (d + 4) * ht * (h + t)
    # E |e|^2 |f|^2 = P + AB and q both hold W = P + AB + 2 q
    u = theta + 4 * ht
    v = theta + (h + t) ** 2
    # without noise A and B are multiplied by these
    a_a = 1 - 2 * h + b * h * h
    b_b = 1 - 2 * t + b * t * t
    # E |e|^2 |f|^2 less AB, after a step on AB alone
    apart = (6 * d + 20) * ht * ht - 4 * ht * (h + t)
    # what the noise of one sample makes of A, B and C in P
    a_p = 4 * noise * ht * t * (b * h - 1)
    b_p = 4 * noise * ht * h * (b * t - 1)
    c_p = 4 * noise * ht * (1 - b * (h + t) + c * ht)
    still_p = 2 * noise**2 * d * (d + 3) * ht * ht
    # in q
    a_q = noise * t * t * (1 - 2 * b * h + c * h * h)
    b_q = noise * h * h * (1 - 2 * b * t + c * t * t)
    c_q = 2 * noise * ht * (1 + d - 2 * b * (h + t) + 2 * c * ht)
    still_q = 3 * noise**2 * d * b * ht * ht
    # and in A and B
    a_1 = d * noise * h * h
    b_1 = d * noise * t * t
    return [
        [1 - 2 * h - 2 * t + b * (h * h + t * t) + u, 2 * u, apart, a_p, b_p, c_p, still_p],
        [v, 1 - 2 * (h + t) + 2 * b * ht + 2 * v, v, a_q, b_q, c_q, still_q],
        [0, 0, a_a * b_b, a_a * b_1, a_1 * b_b, 0, a_1 * b_1],
        [0, 0, 0, a_a, 0, 0, a_1],
        [0, 0, 0, 0, b_b, 0, b_1],
        [0, 0, 0, 0, 0, 1 - h - t + b * ht, d * noise * ht],
        [0, 0, 0, 0, 0, 0, 1],
    ]


def _run(rows: list[list[Any]], start: list[float], steps: range, mixed: bool) -> SignLog:
    """The derivative in h, or the mixed one in h and t, of the first moment after the steps; those
    at negative numbers are not differentiated.
    """
    M, M_h, M_t, M_ht = _parts(rows)
    S = np.array(start)
    S_h, S_t, S_ht = (np.zeros_like(S) for _ in range(3))
    # all are in units of 2^k
    k = 0
    with np.errstate(under="ignore"):
        for t in steps:
            if t >= 0:
                S_ht = M @ S_ht + M_h @ S_t + M_t @ S_h + M_ht @ S
                S_h = M @ S_h + M_h @ S
                S_t = M @ S_t + M_t @ S
            S = M @ S
            size = max(abs(x).max() for x in (S, S_h, S_t, S_ht))
            if size and not 1 / _WIDE < size < _WIDE:
                shift = math.frexp(size)[1]
                k = k + shift
                S, S_h, S_t, S_ht = (np.ldexp(x, -shift) for x in (S, S_h, S_t, S_ht))
    found = S_ht if mixed else S_h
    return SignLog.of(float(found[0])) * SignLog(1.0, k * math.log(2))


def _parts(rows: list[list[Any]]) -> tuple[Array, ...]:
    """A matrix of jets as four matrices: its values and derivatives in h, in t, in both."""
    jets = [
        [x if isinstance(x, Jet) else Jet(x, (0, 0), ((0, 0), (0, 0))) for x in r] for r in rows
    ]
    return (
        np.array([[float(x.value) for x in row] for row in jets]),
        np.array([[float(x.first[0]) for x in row] for row in jets]),
        np.array([[float(x.first[1]) for x in row] for row in jets]),
        np.array([[float(x.second[0][1]) for x in row] for row in jets]),
    )
