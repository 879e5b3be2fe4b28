"""Filters of Krylov methods for H x = v: what N products buy at most, and what conjugate gradients
make of a given v.

A method that returns x in span{v, H v, ..., H^(N-1) v} has a residual polynomial p_N with p_N(0) =
1 of degree N. On all spectra in [m, M] none has a smaller worst case of |p_N| than

    1 / T_N(sigma),   sigma = (M + m) / (M - m),   T_N the Chebyshev polynomial,

and Chebyshev's method attains it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers, Scalar, Spectrum
from quadmeta._validate import finite, natural, numbers, quantity, show
from quadmeta.theory.filters.low_rank import largest


def interval(low: Scalar, high: Scalar) -> tuple[Any, Any]:
    """Spectral bounds 0 < low < high.

    Raises
    ------
    ValueError
        others.
    """
    m = quantity("low", low, above=0)
    M = quantity("high", high, above=0)
    if not m < M:
        raise ValueError(
            f"low = {show(low)} must be below high = {show(high)}: pass bounds of the spectrum, "
            "0 < low < high"
        )
    return m, M


def semi_iteration(
    times: Callable[[Any], Any], v: Any, low: Any, high: Any, terms: int
) -> tuple[Any, Any, Any]:
    """(x, r, d) of Chebyshev's method for H x = v from x = 0: x of N = ``terms`` summands, the
    residual r = v - H (x - d) without the last of them, and that summand d; N - 1 products
    ``times``.

    With c = (M + m) / 2 and e = (M - m) / 2, d is combined from the last one and the residual with
    rho = e w, where w = 1 / c at first and then 1 / (2 c - e rho). e may be 0.
    """
    center = (high + low) / 2
    half = (high - low) / 2
    r = v
    d = v / center
    x = d
    rho = half / center
    for _ in range(terms - 1):
        r = r - times(d)
        weight = 1 / (2 * center - half * rho)
        d = half * weight * rho * d + 2 * weight * r
        rho = half * weight
        x = x + d
    return x, r, d


def chebyshev(lam: Spectrum, low: Scalar, high: Scalar, budget: int) -> Any:
    """(1 - p_N(lambda)) / lambda with p_N = T_N((M + m - 2 lambda) / (M - m)) / T_N(sigma): a
    polynomial of degree N - 1, from N - 1 Hessian products, and one mixed product beside.

    Any arithmetic.

    Parameters
    ----------
    lam
        eigenvalues, of any shape.
    low, high
        bounds m < M of the spectrum, m > 0.
    budget
        N >= 1; N = 1 is one step of size 2 / (m + M).

    Examples
    --------
    >>> from quadmeta.theory.filters import chebyshev
    >>> chebyshev([1.0, 3.0], low=1.0, high=3.0, budget=1)
    array([0.5, 0.5])
    """
    return _scalar_run(lam, low, high, budget)[0]


def chebyshev_residual(lam: Spectrum, low: Scalar, high: Scalar, budget: int) -> Any:
    """p_N(lambda) = 1 - lambda f(lambda) of ``chebyshev``, also where it is tiny.

    Examples
    --------
    >>> from quadmeta.theory.filters import chebyshev_residual
    >>> chebyshev_residual([1.0, 3.0], low=1.0, high=3.0, budget=1)
    array([ 0.5, -0.5])
    """
    return _scalar_run(lam, low, high, budget)[1]


def _scalar_run(lam: Spectrum, low: Scalar, high: Scalar, budget: int) -> tuple[Any, Any]:
    """(f, p_N) by the method itself, run on H = lambda and v = 1."""
    m, M = interval(low, high)
    x = numbers("lam", lam)
    f, r, d = semi_iteration(lambda v: x * v, 0 * x + 1, m, M, natural("budget", budget))
    return f, r - x * d


def minimax(low: Scalar, high: Scalar, budget: int) -> Any:
    """1 / T_N(sigma): the least worst-case relative error of x over all spectra in [low, high], in
    every norm |q(H) x|, of any method that returns x in span{v, ..., H^(N-1) v}.

    Attained by ``chebyshev``; no conjugate gradients are below it on ``minimax_instance``. Any
    arithmetic.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from quadmeta.theory.filters import minimax
    >>> minimax(1, 9, 1), minimax(Fraction(1), Fraction(9), 2)
    (0.8, Fraction(8, 17))
    """
    m, M = interval(low, high)
    N = natural("budget", budget)
    share = m / M
    if isinstance(share, float):
        # 1 / T_N = 2 q^N / (1 + q^2N) with q = (sqrt M - sqrt m) / (sqrt M + sqrt m)
        power = ((M - m) / M / (1 + share**0.5) ** 2) ** N
        return 2 * power / (1 + power * power)
    # T_n = 2 sigma T_{n-1} - T_{n-2}: the ratio T_{n-1} / T_n is 1 / (2 sigma - the one before)
    sigma = (M + m) / (M - m)
    ratio = 1 / sigma
    value = ratio
    for _ in range(N - 1):
        ratio = 1 / (2 * sigma - ratio)
        value = value * ratio
    return value


class MinimaxInstance(NamedTuple):
    """A spectrum and a right-hand side on which no Krylov method is below the bound."""

    eigenvalues: Array
    """(N + 1,): the points of [m, M] at which |T_N| = 1."""
    squares: Array
    """(N + 1,): v_i^2 in the eigenbasis, up to a factor."""


def minimax_instance(low: Scalar, high: Scalar, budget: int) -> MinimaxInstance:
    """The instance on which conjugate gradients, the best of all methods with N products in the
    norm sqrt(x'Hx), have exactly the error ``minimax``.

    lambda_i = (M + m)/2 - (M - m)/2 cos(i pi / N) for i = 0..N, and v_i^2 proportional to 1 /
    prod_{j != i} |lambda_i - lambda_j|: 1, and 1/2 at both ends. T_N satisfies the first-order
    condition of the best polynomial: sum_i v_i^2 T_N(lambda_i) q(lambda_i) = 0 for every q of a
    degree below N, because T_N(lambda_i) = +-1 makes that a divided difference of order N of q.

    Examples
    --------
    >>> from quadmeta.theory.filters import minimax_instance
    >>> minimax_instance(1.0, 9.0, budget=1)
    MinimaxInstance(eigenvalues=array([1., 9.]), squares=array([0.5, 0.5]))
    """
    m, M = (float(x) for x in interval(low, high))
    N = natural("budget", budget)
    cosines = np.cos(np.arange(N + 1) * np.pi / N)
    lam = (M + m) / 2 - (M - m) / 2 * cosines
    squares = np.ones(N + 1)
    squares[[0, -1]] = 0.5
    return MinimaxInstance(lam, squares)


def conjugate_gradients(lam: Spectrum, v: Numbers, products: int) -> Array:
    """f(lambda) v for N - 1 = ``products`` steps: f = (1 - p) / lambda, p(0) = 1 the best for sum
    p^2 v^2 / lambda.

    This f depends on v, so the estimate is not linear in it. By projection on the Krylov space,
    from Lanczos with full orthogonalisation: rounding delays the estimator, not this.

    Parameters
    ----------
    lam
        eigenvalues > 0 (P,).
    v
        coordinates (P,) in the eigenbasis, not all 0.
    products
        of the Hessian, >= 1; more than the space has dimensions change nothing.

    Examples
    --------
    >>> from quadmeta.theory.filters import conjugate_gradients
    >>> conjugate_gradients([1.0, 0.5], [1.0, 1.0], products=1)
    array([1.33333333, 1.33333333])
    """
    lam, v = _right_side(lam, v)
    basis = [v / np.linalg.norm(v)]
    size = 1.0
    while len(basis) < min(natural("products", products), len(lam)):
        V = np.array(basis)
        image = lam * basis[-1]
        rest = image
        for _ in range(2):
            rest = rest - V.T @ (V @ rest)
        size = float(np.linalg.norm(rest))
        if size <= 1e-13 * np.linalg.norm(image):
            break
        basis.append(rest / size)
    V = np.array(basis)
    return V.T @ np.linalg.solve(V * lam @ V.T, V @ v)


def preconditioned(lam: Spectrum, v: Numbers, products: int, rank: int, shift: Scalar) -> Array:
    """f(lambda) v of conjugate gradients after ``products`` steps with a Nystrom preconditioner,
    the sketch taken for ideal.

    The preconditioner of rank k divides the k largest eigenvalues by (lambda_i + delta) /
    (lambda_k + delta), with delta = ``shift``: the iteration is one of ``conjugate_gradients`` on
    what is left.

    Parameters
    ----------
    lam
        eigenvalues > 0 (P,).
    v
        coordinates (P,) in the eigenbasis, not all 0.
    products
        of the Hessian, >= 1, beside those of the sketch.
    rank
        1 <= k <= P.
    shift
        delta >= 0.

    Examples
    --------
    >>> from quadmeta.theory.filters import preconditioned
    >>> preconditioned([100.0, 1.0, 1.0], [1.0, 1.0, 1.0], products=1, rank=2, shift=0.0)
    array([0.01, 1.  , 1.  ])
    """
    lam, v = _right_side(lam, v)
    delta = float(quantity("shift", shift, least=0))
    top = largest(lam, rank)
    # 1 / m is the preconditioner, and y = x / sqrt(m): (m lambda) y = sqrt(m) v
    m = np.where(top, (lam[top].min() + delta) / (lam + delta), 1.0)
    root = np.sqrt(m)
    return root * conjugate_gradients(m * lam, root * v, products)


def _right_side(lam: Spectrum, v: Numbers) -> tuple[Array, Array]:
    """Eigenvalues > 0 and coordinates, not all 0.

    Raises
    ------
    ValueError
        others, or of another shape.
    """
    values = finite("lam", lam)
    entries = finite("v", v)
    fits = values.shape == entries.shape and values.ndim == 1
    if not fits or not (values > 0).all() or not entries.any():
        raise ValueError(
            f"lam has shape {values.shape}, v {entries.shape}: pass eigenvalues > 0 and as many "
            "numbers, not all 0"
        )
    return values, entries
