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


def marchenko_pastur(aspect: float, nodes: int) -> tuple[Array, Array, float, float]:
    """Quadrature of the Marchenko-Pastur law of X'X/n, aspect = d/n, for Gaussian X as n, d grow.

    l dMP(l) is a semicircle law on [(1 - sqrt aspect)^2, (1 + sqrt aspect)^2] of mass 1, so with N = ``nodes`` and
    theta_k = k pi / (N + 1) the Gauss rule is l_k = (1 - sqrt aspect)^2 + 4 sqrt aspect cos^2(theta_k / 2), weight
    2 sin^2(theta_k) / (N + 1): exact for polynomials of degree 2N - 1.

    Returns:
        (l, weights, null, empty): the rule, ascending in l, and the mass a rule with a node at 0 gives that node in the
        spectrum of X'X/n (null = aspect^N (1 - aspect) / (1 - aspect^(N+1)) for d) and of XX'/n (empty, for n). Their
        sums 1 = null + sum weights / l and 1 = empty + aspect sum weights / l are exact.
    """
    aspect, N = float(finite("aspect", aspect)), natural("nodes", nodes)
    if not aspect > 0:
        raise ValueError(f"aspect = {aspect!r} must be > 0: pass d / n")
    theta = np.arange(N, 0, -1) * np.pi / (N + 1)
    root = np.sqrt(aspect)
    l = (1 - root) ** 2 + 4 * root * np.cos(theta / 2) ** 2
    if aspect == 1:
        return l, 2 / (N + 1) * np.sin(theta) ** 2, 1 / (N + 1), 1 / (N + 1)
    # 1 - aspect^k = -expm1(k log aspect); for aspect > 1 divide both by aspect^(N+1)
    log = -abs(np.log(aspect))
    small, large = np.exp(N * log) * np.expm1(log) / np.expm1((N + 1) * log), np.expm1(log) / np.expm1((N + 1) * log)
    null, empty = (small, large) if aspect < 1 else (large, small)
    return l, 2 / (N + 1) * np.sin(theta) ** 2, float(null), float(empty)
