"""How extreme cases are drawn: spectra, weights, numbers of steps and step sizes. Everything
follows from one rng.
"""

from typing import Any

import numpy as np

Array = Any
RANGE = 1e-150, 1e150
"""Where eigenvalues and errors of a Quadratic must lie."""


def chance(rng: np.random.Generator, share: float) -> bool:
    """True with this probability."""
    return bool(rng.random() < share)


def steps(rng: np.random.Generator, largest: int = 2**53 + 1) -> int:
    """T from 1 to 2^53 + 1: small ones often, then even in the logarithm, then the ends of the
    integers of float64.
    """
    kind = rng.random()
    if kind < 0.4:
        return min(int(rng.integers(1, 12)), largest)
    if kind < 0.95:
        return min(int(10 ** rng.uniform(0, np.log10(float(largest)))), largest)
    return min(int(rng.choice([2**31, 2**32 + 1, 2**52, 2**53 - 1, 2**53, 2**53 + 1])), largest)


def dimension(rng: np.random.Generator, most: int = 12) -> int:
    """d: 1 to 4 mostly."""
    d = int(rng.choice([1, 2, 3, 4], p=[0.06, 0.4, 0.32, 0.22]))
    return int(rng.integers(5, most + 1)) if most > 4 and chance(rng, 0.08) else min(d, most)


def spectrum(rng: np.random.Generator, d: int, kappa: float = 1e15, reach: float = 140.0) -> Array:
    """d eigenvalues, ascending: condition up to ``kappa``, scale up to 10^``reach``, clusters.

    Members of a cluster are equal, a few ulps or up to 1e-3 apart.
    """
    scale = (
        10 ** rng.uniform(-3, 3)
        if chance(rng, 0.7)
        else 10 ** rng.uniform(-reach, reach)
        if chance(rng, 0.6)
        else 1.0
    )
    k = 10 ** (rng.uniform(0, np.log10(kappa)) * (1 if chance(rng, 0.6) else 0.2))
    lam = scale * np.sort(np.concatenate([[1.0, k][:d], k ** rng.uniform(0, 1, max(d - 2, 0))]))
    if d > 1 and chance(rng, 0.35):
        # a cluster: the members of a random subset become neighbours of the first of them
        members = np.sort(rng.choice(d, int(rng.integers(2, d + 1)), replace=False))
        for k in members[1:]:
            lam[k] = near(rng, lam[members[0]])
    if chance(rng, 0.1):
        lam = np.maximum(np.round(lam / scale), 1.0) * (scale if chance(rng, 0.5) else 1.0)
    low, high = 10.0**-150, 10.0**150
    return np.sort(np.clip(lam, low, high))


def near(rng: np.random.Generator, x: float) -> float:
    """A number next to x: equal, a few ulps, or 1e-16 to 1e-3 apart."""
    kind = rng.random()
    if kind < 0.2:
        return float(x)
    if kind < 0.55:
        for _ in range(int(rng.integers(1, 5))):
            x = np.nextafter(x, np.inf if chance(rng, 0.5) else -np.inf)
        return float(x)
    return float(x * (1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-16, -3)))


def weights(rng: np.random.Generator, lam: Array) -> Array:
    """omega > 0: ordinary, over 12 decades, or anywhere within 600, with errors sqrt(2 omega /
    lambda) in range.
    """
    d, kind = len(lam), rng.random()
    if kind < 0.3:
        log = np.log10(rng.uniform(0.1, 2, d))
    elif kind < 0.4:
        log = np.zeros(d)
    elif kind < 0.75:
        log = rng.uniform(-12, 0, d)
    else:
        # anywhere, or all within 290 decades of one another: both are allowed
        log = rng.uniform(-299, 299, d)
        if chance(rng, 0.9):
            log = log[0] + (log - log[0]) * min(1.0, 290 / (np.ptp(log) + 1e-9))
    share = np.log10(lam / 2)
    return 10.0 ** np.clip(log, np.maximum(share - 299, -306), np.minimum(share + 299, 306))


def step_sizes(rng: np.random.Generator, lam: Array, best: float | None, count: int = 8) -> Array:
    """Step sizes >= 0: roots 1/lambda and their neighbours, the minimiser, 2/L, 0, tiny, huge and
    ordinary ones.
    """
    mu, L = float(lam[0]), float(lam[-1])
    found = []
    for _ in range(count):
        kind = int(rng.integers(0, 10))
        if kind <= 1:
            found.append(near(rng, 1 / rng.choice(lam)))
        elif kind == 2 and best is not None:
            found.append(
                near(rng, best)
                if chance(rng, 0.5)
                else best * (1 + rng.choice([-1, 1]) * 10 ** rng.uniform(-9, -1))
            )
        elif kind == 3:
            found.append(near(rng, 2 / L))
        elif kind == 4:
            found.append(near(rng, 2 / (L + mu)))
        elif kind == 5:
            found.append(10 ** rng.uniform(-20, -3) / L)
        elif kind == 6:
            found.append(min(10 ** rng.uniform(0, 20) / mu, 0.9e150 / L))
        elif kind == 7:
            found.append(rng.choice([0.0, 1 / L, 1 / mu, 1.0, 0.5, 2.0**-40]))
        else:
            found.append(rng.uniform(0, 3) / rng.choice(lam))
    eta = np.array(found)
    return np.where((eta * L <= 0.9e150) & np.isfinite(eta), eta, 1 / L)
