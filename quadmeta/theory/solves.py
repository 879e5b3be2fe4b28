"""Worst relative errors of x' = f(H) g beside x = H^-1 g over all spectra in [mu, L], and the
fewest products that keep them below a wanted one.

An error is ||q(H) (x' - x)|| / ||q(H) x|| for any function q: it is at most the largest |1 -
lambda f(lambda)|, the residual of the filter. With kappa = L / mu and T_n Chebyshev's polynomial,

    one step nu        max(|1 - nu mu|, |1 - nu L|) = rho
    Neumann, K terms   rho^K
    Chebyshev, N       1 / T_N((kappa + 1) / (kappa - 1)) = 2 r^N / (1 + r^(2N)),
                       r = (sqrt(kappa) - 1) / (sqrt(kappa) + 1)

of which the last is the least that any x' in span{g, H g, ..., H^(N-1) g} has, in more than N
dimensions (``filters.minimax_instance``). Conjugate gradients after N steps stay below it in the
norm of q = H^(1/2), so that their error in the plain norm is at most sqrt(kappa) times as large.

Source: derived; the bound is that of the Chebyshev semi-iteration, Golub and Varga 1961.
"""

import math

import numpy as np

from quadmeta._types import Scalar, Spectrum
from quadmeta._validate import finite, natural, number


def chebyshev(kappa: Scalar, products: int) -> float:
    """1 / T_N((kappa + 1) / (kappa - 1)) for N = ``products`` >= 1 and kappa >= 1: the float of
    ``filters.minimax``, whatever N.

    Raises
    ------
    ValueError
        kappa below 1, or no product.

    Examples
    --------
    >>> from quadmeta.theory.solves import chebyshev
    >>> round(chebyshev(100.0, products=15), 12)
    0.098338498934
    """
    angle = _angle(kappa) * natural("products", products)
    # 1 / cosh, without overflow
    small = math.exp(-angle)
    return 2 * small / (1 + small * small)


def chebyshev_products(kappa: Scalar, error: Scalar) -> int:
    """The least N with 1 / T_N((kappa + 1) / (kappa - 1)) <= ``error``, for 0 < error < 1.

    Raises
    ------
    ValueError
        kappa below 1, or an error outside (0, 1).

    Examples
    --------
    >>> from quadmeta.theory.solves import chebyshev_products
    >>> [chebyshev_products(kappa, 1e-3) for kappa in (10, 100, 10_000)]
    [12, 38, 381]
    """
    wanted = _wanted(error)
    angle = _angle(kappa)
    if math.isinf(angle):
        return 1
    # T_N(cosh angle) = cosh(N angle)
    products = max(1, math.ceil(math.acosh(1 / wanted) / angle) - 1)
    while chebyshev(kappa, products) > wanted:
        # a float tells no single product apart beyond 2^40 of them
        products += 1 + (products >> 40)
    return products


def neumann_products(rate: Scalar, error: Scalar) -> int:
    """The least K with rate^K <= ``error``, for 0 <= rate < 1 and 0 < error < 1.

    Raises
    ------
    ValueError
        a rate or an error outside these ranges.

    Examples
    --------
    >>> from quadmeta.theory.solves import neumann_products
    >>> neumann_products(99 / 101, 0.1)
    116
    """
    q = number("rate", rate, least=0.0, below=1.0, remedy="shorten the step below 2 / L")
    wanted = _wanted(error)
    if q <= wanted:
        return 1
    terms = max(1, math.ceil(math.log(wanted) / math.log(q)) - 1)
    while q**terms > wanted:
        terms += 1 + (terms >> 40)
    return terms


def cut_error(rates: Spectrum, steps: int, kept: int) -> float:
    """How much of S_T = sum_{k<T} a^k the sum S_K of K = ``kept`` terms misses at most, over rates
    a = 1 - eta lambda in (-1, 1).

    It is (a^K - a^T) / (1 - a^T) for a >= 0, and with |a| and a sum in the numerator, not less, for
    a < 0: the relative error of K-truncated reverse mode in direction lambda where the mixed
    derivative does not depend on w. It falls in K, and an interval of rates has its worst at one
    of its ends.

    Raises
    ------
    ValueError
        rates outside (-1, 1), or more steps kept than there are.

    Examples
    --------
    >>> from quadmeta.theory.solves import cut_error
    >>> cut_error([0.5], steps=3, kept=2)
    0.14285714285714285
    """
    a = finite("rates", rates)
    T = natural("steps", steps)
    K = natural("kept", kept)
    if K > T:
        raise ValueError(f"kept = {K} exceeds steps = {T}: pass at most all of them")
    size = np.abs(a)
    if not (size < 1).all():
        raise ValueError("rates must lie in (-1, 1): shorten the step below 2 / L")
    if K == T:
        return 0.0
    whole = np.power(size, T)
    missed = np.power(size, K) - np.copysign(whole, a)
    return float(np.max(missed / (1 - whole)))


def cut_sum(slow: Scalar, fast: Scalar, steps: int, kept: int) -> float:
    """The same where the mixed derivative may depend on w: sum_{K<=k<T} ||A^k g|| over ||sum_{k<T}
    A^k g|| at most, for rates a = 1 - eta lambda from ``slow`` (at mu) down to ``fast`` (at L).

    With S_T = (1 - a^T) / (eta lambda) each term is at most the largest eta lambda |a|^k / (1 -
    a^T). Over a >= 0 that is found at mu once k + 1 >= 1 / (eta mu), over a < 0 at L; the sums of
    both are geometric.

    Raises
    ------
    ValueError
        rates outside (-1, 1) or in another order, K > T, or K + 1 < 1 / (eta mu).

    Examples
    --------
    >>> from quadmeta.theory.solves import cut_sum
    >>> round(cut_sum(0.5, 0.25, steps=3, kept=2), 12)
    0.142857142857
    """
    a = number("slow", slow, above=-1.0, below=1.0, remedy="pass 1 - eta mu")
    least = number("fast", fast, above=-1.0, most=a, remedy="pass 1 - eta L")
    T = natural("steps", steps)
    K = natural("kept", kept)
    if K > T:
        raise ValueError(f"kept = {K} exceeds steps = {T}: pass at most all of them")
    if K < kept_least(a):
        raise ValueError(f"kept = {K} must be at least 1 / (eta mu) - 1 = {1 / (1 - a) - 1:.6g}")
    total = 0.0
    if a > 0:
        total += (a**K - a**T) / (1 - a**T)
    if least < 0:
        # eta lambda = 1 + b at a = -b, and 1 - a^T >= 1 - b^T
        b = -least
        total += (1 + b) / (1 - b) * (b**K - b**T) / (1 - b**T)
    return total


def kept_least(slow: Scalar) -> int:
    """The least K for which ``cut_sum`` holds: 1 / (eta mu) - 1 with ``slow`` = 1 - eta mu.

    Examples
    --------
    >>> from quadmeta.theory.solves import kept_least
    >>> kept_least(0.9)
    9
    """
    a = number("slow", slow, above=-1.0, below=1.0, remedy="pass 1 - eta mu")
    return max(1, math.ceil((1 - 1e-12) / (1 - a) - 1))


def _angle(kappa: Scalar) -> float:
    """arccosh((kappa + 1) / (kappa - 1)) = 2 artanh(kappa^(-1/2)); infinite at kappa = 1."""
    k = number("kappa", kappa, least=1.0, remedy="pass L / mu")
    if k == 1:
        return math.inf
    if k < 2:
        # the same, without a difference near 1
        return 2 * math.log1p(math.sqrt(k)) - math.log(k - 1)
    return 2 * math.atanh(1 / math.sqrt(k))


def _wanted(error: Scalar) -> float:
    """An error that more products can reach."""
    return number("error", error, above=0.0, below=1.0, remedy="pass a relative error such as 1e-3")
