"""SGD with additive normal noise, w_{t+1} = w_t - eta (H w_t + zeta_t), and its tangent in eta:
what the meta-gradient of one run is on average and how far it scatters.

In the eigenbasis of H, with a = 1 - eta lambda, error e and tangent f = d e / d eta obey

    e' = a e - eta zeta,   f' = a f - lambda e - zeta,

so that (e, f) is normal: with means (m, n) and the covariances V of e, C of e with f, D of f. The
estimate is g = e' Lambda f, a quadratic form in them.
"""

import math

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.noisy_quadratic import NoisyQuadratic

_WIDE = 2.0**60
"""The moments are rescaled where they leave [1 / _WIDE, _WIDE]."""


def limit(problem: NoisyQuadratic) -> float:
    """The step size beyond which the variance diverges: the same as that of the mean."""
    return problem.mean_square_limit()


def moments(problem: NoisyQuadratic, eta: float, T: int, first: int) -> tuple[SignLog, SignLog]:
    """Mean and variance of g after T steps, with the tangent 0 before step ``first``."""
    lam = np.asarray(problem.eigenvalues, dtype=float)
    noise = _covariance(problem)
    a = 1 - eta * lam
    both = np.outer(a, a)
    m = np.asarray(problem.error, dtype=float)
    n = np.zeros_like(m)
    V, C, D = (np.zeros_like(noise) for _ in range(3))
    # means are in units of 2^k, covariances and the noise in units of 4^k
    k = 0
    with np.errstate(under="ignore"):
        for t in range(T):
            if t == first:
                n, C, D = 0 * n, 0 * C, 0 * D
            # C_ij = cov(e_i, f_j); all right sides hold the old values
            cross = a[:, None] * lam
            D = both * D - cross.T * C - cross * C.T + np.outer(lam, lam) * V + noise
            C = both * C - cross * V + eta * noise
            V = both * V + eta**2 * noise
            n = a * n - lam * m
            m = a * m
            size = max(abs(m).max(), abs(n).max(), math.sqrt(max(V.max(), D.max())))
            if not 1 / _WIDE < size < _WIDE and size:
                shift = -math.frexp(size)[1]
                k = k - shift
                m, n = np.ldexp(m, shift), np.ldexp(n, shift)
                V, C, D, noise = (np.ldexp(x, 2 * shift) for x in (V, C, D, noise))
    mean = float((lam * (m * n + np.diag(C))).sum())
    # variance of a quadratic form of normal variables: tr (Lambda C)^2 + tr (Lambda D Lambda V)
    # and the pull of the means
    weights = np.outer(lam, lam)
    spread = (weights * (C * C.T + D * V)).sum()
    pull = (weights * (np.outer(n, n) * V + np.outer(m, m) * D + 2 * np.outer(n, m) * C)).sum()
    return _unscaled(mean, 2 * k), _unscaled(float(spread + pull), 4 * k)


def _covariance(problem: NoisyQuadratic) -> Array:
    """That of the noise in the eigenbasis."""
    if problem.root is None:
        return np.diag(np.asarray(problem.noise, dtype=float))
    root = problem.root if problem.basis is None else problem.basis.T @ problem.root
    found: Array = root @ root.T
    return found


def _unscaled(value: float, k: int) -> SignLog:
    """value 2^k."""
    return SignLog.of(value) * SignLog(1.0, k * math.log(2))
