"""Eigenvalue profiles with prescribed (mu, L, d), both ends exact, and random rotations.

Each profile is sorted ascending with ``profile[0] == mu`` and ``profile[-1] == L``; kappa = L / mu.
"""
from typing import Any

import numpy as np

from quadmeta._validate import finite, natural

Array = Any


def _ends(mu: float, L: float, d: int) -> tuple[float, float, int]:
    mu, L = float(finite("mu", mu)), float(finite("L", L))
    d = natural("d", d)
    if not 0 < mu <= L:
        raise ValueError(f"mu = {mu!r} and L = {L!r} must satisfy 0 < mu <= L: swap or rescale them")
    if d == 1 and mu != L:
        raise ValueError(f"d = 1 holds one eigenvalue, mu = {mu!r} and L = {L!r} are two: pass d >= 2 or mu = L")
    return mu, L, d


def _pinned(values: Array, mu: float, L: float) -> Array:
    """Rounding must not move the ends nor leave [mu, L]."""
    values = np.clip(values, mu, L)
    values[0], values[-1] = mu, L
    return values


def linear(mu: float, L: float, d: int) -> Array:
    """d eigenvalues evenly spaced in [mu, L]."""
    mu, L, d = _ends(mu, L, d)
    return _pinned(np.linspace(mu, L, d), mu, L)


def geometric(mu: float, L: float, d: int) -> Array:
    """d eigenvalues evenly spaced in log lambda: mu kappa^(i/(d-1))."""
    mu, L, d = _ends(mu, L, d)
    return _pinned(mu * (L / mu) ** np.linspace(0, 1, d), mu, L)


def power_law(mu: float, L: float, d: int, exponent: float = 1.0) -> Array:
    """d eigenvalues L i^-exponent, i = 1..d, mapped affinely onto [mu, L]: few large ones, many small ones."""
    mu, L, d = _ends(mu, L, d)
    x = np.arange(d, 0, -1, dtype=float) ** -float(finite("exponent", exponent))
    span = x[-1] - x[0]
    return _pinned(mu + (L - mu) * (x - x[0]) / (span if span > 0 else 1.0), mu, L)


def two_clusters(mu: float, L: float, d: int, width: float = 0.05) -> Array:
    """Half of the d eigenvalues within a relative ``width`` above mu, half within ``width`` below L."""
    mu, L, d = _ends(mu, L, d)
    width = float(finite("width", width))
    low, high = d // 2, d - d // 2
    spread = width * (L - mu)
    values = [mu + spread * np.linspace(0, 1, max(low, 1))[:low], L - spread * np.linspace(1, 0, max(high, 1))]
    return _pinned(np.sort(np.concatenate(values)), mu, L)


def chebyshev(mu: float, L: float, d: int) -> Array:
    """Extrema of the Chebyshev polynomial of degree d - 1 on [mu, L]: dense at both ends."""
    mu, L, d = _ends(mu, L, d)
    return _pinned((L + mu) / 2 - (L - mu) / 2 * np.cos(np.pi * np.arange(d) / max(d - 1, 1)), mu, L)


def rotation(d: int, rng: np.random.Generator) -> Array:
    """A d x d orthogonal matrix, Haar distributed: Q R of a Gaussian matrix, with the signs of diag R moved to Q."""
    q, r = np.linalg.qr(rng.standard_normal((natural("d", d),) * 2))
    return q * np.sign(np.diag(r))
