"""Oracles of the accuracy tests: a quadratic under gradient descent at high precision, and
rational instances.
"""

from fractions import Fraction as Q
from typing import NamedTuple

import mpmath as mp
import numpy as np

import quadmeta as qm


class Reference(NamedTuple):
    """log F, G, G', G'' with E|u| and E u^2, the scales of their errors."""

    log_loss: mp.mpf
    value: mp.mpf
    slope: mp.mpf
    curvature: mp.mpf
    size: mp.mpf
    square: mp.mpf


def exact(eigenvalues, weights, eta, T, digits=100):
    """F = sum omega a^2T and its derivatives in mpmath from float64 data taken as exact."""
    with mp.workdps(digits):
        lam, omega = ([mp.mpf(float(x)) for x in data] for data in (eigenvalues, weights))
        a = [1 - mp.mpf(float(eta)) * x for x in lam]
        F, S1, S2, size = (
            mp.fsum(o * x**k * sign(b) for o, x, b in zip(omega, lam, a, strict=True))
            for k, sign in (
                (0, lambda b: b ** (2 * T)),
                (1, lambda b: b ** (2 * T - 1)),
                (2, lambda b: b ** (2 * T - 2)),
                (1, lambda b: abs(b) ** (2 * T - 1)),
            )
        )
        mean, square = S1 / F, S2 / F
        log = mp.log(F)
        return Reference(
            log,
            log / T,
            -2 * mean,
            (4 * T - 2) * (square - mean**2) - 2 * mean**2,
            size / F,
            square,
        )


def minimizer_error(eigenvalues, weights, eta, T, digits=100):
    """Relative distance of eta from the root of F', by one Newton step on log S_- - log S_+ in
    mpmath.
    """
    with mp.workdps(digits):
        lam, omega = ([mp.mpf(float(x)) for x in data] for data in (eigenvalues, weights))
        sums = []
        for sign in (-1, 1):
            pairs = [
                (o * x, x, abs(1 - eta * x))
                for o, x in zip(omega, lam, strict=True)
                if sign * (1 - eta * x) > 0
            ]
            S = mp.fsum(m * a ** (2 * T - 1) for m, _, a in pairs)
            sums.append((mp.log(S), mp.fsum(m * x * a ** (2 * T - 2) for m, x, a in pairs) / S))
        h, slope = sums[0][0] - sums[1][0], (2 * T - 1) * (sums[0][1] + sums[1][1])
        return float(abs(h / slope / eta))


def random_spectrum(rng, dimension=50, kappa=1e6, decades=12):
    """Eigenvalues (both ends exact) and weights over ``decades``."""
    d = int(rng.integers(2, dimension + 1))
    mu, k = 10 ** rng.uniform(-3, 3), kappa ** rng.uniform(0.002, 1)
    lam = np.sort(mu * np.concatenate([[1, k], k ** rng.uniform(0, 1, d - 2)]))
    return lam, 10 ** rng.uniform(-decades, 0, d)


def fractions(*values):
    return np.array([Q(v) for v in values], dtype=object)


def rational(rng, *shape):
    return np.array(
        [Q(int(k), 4) for k in rng.integers(-8, 9, int(np.prod(shape)))], dtype=object
    ).reshape(shape)


def sampled(seed, n, d, n2=3, exact=True, noise=True, copies=False):
    """Rows with validation data, a truth and a start; ``copies`` repeats the first column."""
    rng = np.random.default_rng(seed)
    draw = (
        (lambda *shape: rational(rng, *shape))
        if exact
        else (lambda *shape: rng.standard_normal(shape))
    )
    X, truth = draw(n, d), draw(d)
    X[0, 0] = Q(1) if exact else 1.0
    if copies:
        X[:, -1] = X[:, 0]
    y = draw(n) if noise else X @ truth
    return qm.SampledRows(X, y, (draw(n2, d), draw(n2)), truth, draw(d))
