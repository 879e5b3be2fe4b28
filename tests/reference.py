"""The formulas of a quadratic under gradient descent at high precision: the oracle of the accuracy tests."""
from typing import NamedTuple

import mpmath as mp
import numpy as np


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
        F, S1, S2, size = (mp.fsum(o * x**k * sign(b) for o, x, b in zip(omega, lam, a, strict=True))
                           for k, sign in ((0, lambda b: b ** (2 * T)), (1, lambda b: b ** (2 * T - 1)),
                                           (2, lambda b: b ** (2 * T - 2)), (1, lambda b: abs(b) ** (2 * T - 1))))
        mean, square = S1 / F, S2 / F
        log = mp.log(F)
        return Reference(log, log / T, -2 * mean, (4 * T - 2) * (square - mean**2) - 2 * mean**2, size / F, square)


def minimizer_error(eigenvalues, weights, eta, T, digits=100):
    """Relative distance of eta from the root of F', by one Newton step on log S_- - log S_+ in mpmath."""
    with mp.workdps(digits):
        lam, omega = ([mp.mpf(float(x)) for x in data] for data in (eigenvalues, weights))
        sums = []
        for sign in (-1, 1):
            pairs = [(o * x, x, abs(1 - eta * x)) for o, x in zip(omega, lam, strict=True) if sign * (1 - eta * x) > 0]
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
