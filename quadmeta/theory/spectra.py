"""Eigenvalue profiles with prescribed (mu, L, d), both ends exact, and random rotations.

Each profile is sorted ascending with ``profile[0] == mu`` and ``profile[-1] == L``; kappa = L /
mu.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import instance, natural, number


def _ends(mu: float, L: float, d: int) -> tuple[float, float, int]:
    mu = number("mu", mu)
    L = number("L", L)
    d = natural("d", d)
    if not 0 < mu <= L:
        raise ValueError(
            f"mu = {mu!r} and L = {L!r} must satisfy 0 < mu <= L: swap or rescale them"
        )
    if d == 1 and mu != L:
        raise ValueError(
            f"d = 1 holds one eigenvalue, mu = {mu!r} and L = {L!r} are two: pass d >= 2 or mu = L"
        )
    return mu, L, d


def _pinned(values: Array, mu: float, L: float) -> Array:
    """Rounding must not move the ends nor leave [mu, L]."""
    values = np.clip(values, mu, L)
    values[0], values[-1] = mu, L
    return values


def linear(mu: float, L: float, d: int) -> Array:
    """d eigenvalues evenly spaced in [mu, L].

    Examples
    --------
    >>> from quadmeta.theory.spectra import linear
    >>> linear(mu=1.0, L=3.0, d=3)
    array([1., 2., 3.])
    """
    mu, L, d = _ends(mu, L, d)
    return _pinned(np.linspace(mu, L, d), mu, L)


def geometric(mu: float, L: float, d: int) -> Array:
    """d eigenvalues evenly spaced in log lambda: mu kappa^(i/(d-1)).

    Examples
    --------
    >>> from quadmeta.theory.spectra import geometric
    >>> geometric(mu=1.0, L=100.0, d=3)
    array([  1.,  10., 100.])
    """
    mu, L, d = _ends(mu, L, d)
    with np.errstate(over="ignore"):
        ratio = L / np.float64(mu)
    powers = np.linspace(0, 1, d)
    if np.isfinite(ratio):
        return _pinned(mu * ratio**powers, mu, L)
    # kappa leaves float64: go from the nearer end by four equal factors; a power of two keeps tiny
    # mu off subnormals
    q = (np.sqrt(np.sqrt(L)) / np.sqrt(np.sqrt(mu))) ** np.minimum(powers, 1 - powers)
    up = np.ldexp(np.ldexp(mu, 300) * q * q * q * q, -300)
    return _pinned(np.where(powers <= 0.5, up, L / q / q / q / q), mu, L)


def power_law(mu: float, L: float, d: int, exponent: float = 1.0) -> Array:
    """d eigenvalues L i^-exponent, i = 1..d, mapped affinely onto [mu, L]: few large ones, many
    small ones.

    ``exponent`` s > 0; as s tends to 0 their spacing tends to that of log i.

    Examples
    --------
    >>> from quadmeta.theory.spectra import power_law
    >>> power_law(mu=1.0, L=4.0, d=4)
    array([1.        , 1.33333333, 2.        , 4.        ])
    """
    mu, L, d = _ends(mu, L, d)
    s = number("exponent", exponent, above=0.0, remedy="pass a power of decay")
    i = np.arange(d, 0, -1, dtype=float)
    if d == 1:
        return np.array([mu])
    if s < 0.01:
        # (i^-s - d^-s) / (1 - d^-s), whose differences cancel for small s
        share = np.expm1(s * np.log(d / i)) / np.expm1(s * np.log(d))
        return _pinned(mu + (L - mu) * share, mu, L)
    x = i**-s
    return _pinned(mu + (L - mu) * (x - x[0]) / (x[-1] - x[0]), mu, L)


def two_clusters(mu: float, L: float, d: int, width: float = 0.05) -> Array:
    """Half of the d eigenvalues within ``width`` (L - mu) above mu, half within as much below L; 0
    <= width <= 1.

    Examples
    --------
    >>> from quadmeta.theory.spectra import two_clusters
    >>> two_clusters(mu=1.0, L=2.0, d=4)
    array([1.  , 1.05, 1.95, 2.  ])
    """
    mu, L, d = _ends(mu, L, d)
    width = number("width", width, least=0.0, most=1.0, remedy="pass a share of L - mu")
    low = d // 2
    high = d - d // 2
    spread = width * (L - mu)
    values = [
        mu + spread * np.linspace(0, 1, max(low, 1))[:low],
        L - spread * np.linspace(1, 0, max(high, 1)),
    ]
    return _pinned(np.sort(np.concatenate(values)), mu, L)


def chebyshev(mu: float, L: float, d: int) -> Array:
    """Extrema of the Chebyshev polynomial of degree d - 1 on [mu, L]: dense at both ends.

    Examples
    --------
    >>> from quadmeta.theory.spectra import chebyshev
    >>> chebyshev(mu=1.0, L=3.0, d=3)
    array([1., 2., 3.])
    """
    mu, L, d = _ends(mu, L, d)
    return _pinned(
        (L / 2 + mu / 2) - (L - mu) / 2 * np.cos(np.pi * np.arange(d) / max(d - 1, 1)), mu, L
    )


def rotation(d: int, rng: np.random.Generator) -> Array:
    """A d x d orthogonal matrix, Haar distributed: Q R of a Gaussian matrix, with the signs of
    diag R moved to Q.

    Examples
    --------
    >>> import numpy as np
    >>> from quadmeta.theory.spectra import rotation
    >>> Q = rotation(3, np.random.default_rng(0))
    >>> np.allclose(Q.T @ Q, np.eye(3))
    True
    """
    rng = instance("rng", rng, np.random.Generator, "numpy.random.default_rng(0)")
    q, r = np.linalg.qr(rng.standard_normal((natural("d", d),) * 2))
    return q * np.sign(np.diag(r))


def marchenko_pastur(aspect: float, nodes: int) -> tuple[Array, Array, float, float]:
    """Quadrature of the Marchenko-Pastur law of X'X/n, aspect = d/n, for Gaussian X as n, d grow.

    l dMP(l) is a semicircle law on [(1 - sqrt aspect)^2, (1 + sqrt aspect)^2] of mass 1, so with N
    = ``nodes`` and theta_k = k pi / (N + 1) the Gauss rule is l_k = (1 - sqrt aspect)^2 + 4 sqrt
    aspect cos^2(theta_k / 2), weight 2 sin^2(theta_k) / (N + 1): exact for polynomials of degree
    2N - 1.

    Returns
    -------
    (l, weights, null, empty): the rule, ascending in l, and the mass a rule with a node at 0 gives
    that node in the spectrum of X'X/n (null = aspect^N (1 - aspect) / (1 - aspect^(N+1)) for d)
    and of XX'/n (empty, for n). Their sums 1 = null + sum weights / l and 1 = empty + aspect sum
    weights / l are exact.

    Examples
    --------
    >>> from quadmeta.theory.spectra import marchenko_pastur
    >>> l, weights, null, empty = marchenko_pastur(aspect=0.5, nodes=20)
    >>> round(float(null + (weights / l).sum()), 12)
    1.0
    """
    aspect = number("aspect", aspect, above=0.0, most=1e150, remedy="pass d / n")
    N = natural("nodes", nodes)
    theta = np.arange(N, 0, -1) * np.pi / (N + 1)
    root = np.sqrt(aspect)
    l = (1 - root) ** 2 + 4 * root * np.cos(theta / 2) ** 2
    if aspect == 1:
        return l, 2 / (N + 1) * np.sin(theta) ** 2, 1 / (N + 1), 1 / (N + 1)
    # 1 - aspect^k = -expm1(k log aspect); for aspect > 1 divide both by aspect^(N+1)
    log = -abs(np.log(aspect))
    small = np.exp(N * log) * np.expm1(log) / np.expm1((N + 1) * log)
    large = np.expm1(log) / np.expm1((N + 1) * log)
    null, empty = (small, large) if aspect < 1 else (large, small)
    return l, 2 / (N + 1) * np.sin(theta) ** 2, float(null), float(empty)
