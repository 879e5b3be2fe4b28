"""Filters of series and of unrolled runs, which are polynomials of lambda, and 1 / lambda.

    implicit           1 / lambda
    Neumann, J         (1 - (1 - nu lambda)^(J+1)) / lambda = nu S_(J+1)(1 - nu lambda)
    unrolled, T        eta S_T(1 - eta lambda), also the matrix discount; the last K steps alone: T
                       = K; one step: eta
    discounted         eta S_T(gamma), a constant: right at no more than one lambda
    momentum, T        eta sum_{k<T} s_k(lambda) with the impulse response s_k

with S_n(a) = sum_{k<n} a^k and no restriction on the step. A filter < 0 turns its direction round;
Neumann's is > 0 for even J, and for odd J as long as nu lambda < 2. Away from w_* the estimators
differ from these and one another.

Source: the table is derived; Neumann's series from Lorraine, Vicol, Duvenaud 2020; Navon et al.
2021, Algorithm 2.
"""

from typing import Any

import numpy as np
from scipy.fft import dct

from quadmeta._types import Array, Numbers, Spectrum
from quadmeta._validate import natural, numbers, quantity
from quadmeta.arithmetic.powers import geometric_sum, geometric_sum_at


def implicit(lam: Spectrum) -> Any:
    """1 / lambda.

    Examples
    --------
    >>> from quadmeta.theory.filters import implicit
    >>> implicit([1.0, 0.5])
    array([1., 2.])
    """
    return 1 / numbers("lam", lam, above=0)


def unrolled(lam: Spectrum, eta: Numbers, steps: int) -> Any:
    """eta S_T(1 - eta lambda): ``Reverse``, ``Forward``, ``DrMad``, ``MatrixDiscount``;
    ``Truncated(K)`` at T = K.

    In float64 nothing cancels, near eta lambda = 0 or 2 either; eta T at lambda = 0. Any
    arithmetic.

    Raises
    ------
    OverflowError
        beyond float64, far past eta lambda = 2; ``SignLog`` holds it.

    Examples
    --------
    >>> from quadmeta.theory.filters import unrolled
    >>> unrolled([1.0, 0.5], eta=1.0, steps=3)
    array([1.  , 1.75])
    """
    eta = numbers("eta", eta)
    T = natural("steps", steps)
    x = eta * numbers("lam", lam)
    in_floats = isinstance(x, float | np.floating | np.ndarray) and np.asarray(x).dtype != object
    return eta * (geometric_sum_at(x, T) if in_floats else geometric_sum(1 - x, T))


def neumann(lam: Spectrum, nu: Numbers, order: int) -> Any:
    """nu sum_{j<=J} (1 - nu lambda)^j with J = ``order``: J + 1 terms, from J Hessian products; as
    ``unrolled``.

    Examples
    --------
    >>> from quadmeta.theory.filters import neumann
    >>> neumann([1.0, 0.5], nu=1.0, order=2)
    array([1.  , 1.75])
    """
    return unrolled(lam, numbers("nu", nu), natural("order", order, least=0) + 1)


def neumann_residual(lam: Spectrum, nu: Numbers, order: int) -> Any:
    """1 - lambda f(lambda) = (1 - nu lambda)^(J+1), the relative error of Neumann's filter: plain
    arithmetic.

    Examples
    --------
    >>> from quadmeta.theory.filters import neumann_residual
    >>> neumann_residual([1.0, 0.5], nu=1.0, order=2)
    array([0.   , 0.125])
    """
    return (1 - numbers("nu", nu) * numbers("lam", lam)) ** (natural("order", order, least=0) + 1)


def unrolled_residual(lam: Spectrum, eta: Numbers, steps: int) -> Any:
    """1 - lambda f(lambda) = (1 - eta lambda)^T of ``unrolled``: plain arithmetic.

    Examples
    --------
    >>> from quadmeta.theory.filters import unrolled_residual
    >>> unrolled_residual([1.0, 0.5], eta=1.0, steps=3)
    array([0.   , 0.125])
    """
    return (1 - numbers("eta", eta) * numbers("lam", lam)) ** natural("steps", steps)


def momentum(lam: Spectrum, eta: Numbers, beta: Numbers, steps: int) -> Any:
    """eta sum_{k<T} s_k(lambda): T steps of heavy ball from rest, unrolled or truncated to T.

    s_k is the impulse response of the method, s_0 = 1, s_{k+1} = (1 + beta - eta lambda) s_k -
    beta s_{k-1}. At beta = 0 it is ``unrolled``; from T = 2 on it is no Neumann series. O(T), plain
    arithmetic.

    Examples
    --------
    >>> from quadmeta.theory.filters import momentum
    >>> momentum([1.0, 0.5], eta=1.0, beta=0.25, steps=2)
    array([1.25, 1.75])
    """
    return _impulses(lam, eta, beta, steps)[0]


def momentum_residual(lam: Spectrum, eta: Numbers, beta: Numbers, steps: int) -> Any:
    """1 - lambda f(lambda) of ``momentum``: the residual polynomial p_T of heavy ball from rest.

    Examples
    --------
    >>> from quadmeta.theory.filters import momentum_residual
    >>> momentum_residual([1.0, 0.5], eta=1.0, beta=0.25, steps=2)
    array([-0.25 ,  0.125])
    """
    return _impulses(lam, eta, beta, steps)[1]


def _impulses(lam: Spectrum, eta: Numbers, beta: Numbers, steps: int) -> tuple[Any, Any]:
    """(eta sum_{k<T} s_k, p_T)."""
    step = numbers("eta", eta)
    decay = quantity("beta", beta)
    x = step * numbers("lam", lam)
    h = 1 + decay - x
    before = 0 * x
    s = before + 1
    total = s
    for _ in range(natural("steps", steps) - 1):
        before, s = s, h * s - decay * before
        total = total + s
    # p_{t+1} = h p_t - beta p_{t-1} has p_0 = p_{-1} = 1: p_T = (h - beta) s_{T-1} - beta s_{T-2}
    return step * total, (h - decay) * s - decay * before


def chebyshev_series(steps: int, degree: int) -> Array:
    """c_0, ..., c_K with S_T(a) = sum_{j<T} a^j = sum_k c_k T_k(a): the Chebyshev series of T =
    ``steps`` unrolled steps, up to K = ``degree`` <= T - 1.

    Cut there it is within T epsilon of S_T on [-1, 1] if K >= sqrt(2 (T - 1) ln(2 / epsilon)): a^j
    has the coefficients 2^-j binom(j, i), whose tail Hoeffding's inequality bounds. By a cosine
    transform on nodes so many that what they fold back is below 1e-20 T.

    Examples
    --------
    >>> from quadmeta.theory.filters import chebyshev_series
    >>> chebyshev_series(4, degree=3)
    array([1.5 , 1.75, 0.5 , 0.25])
    """
    T = natural("steps", steps)
    K = natural("degree", degree, least=0)
    if K > T - 1:
        raise ValueError(f"degree = {K} exceeds T - 1 = {T - 1}: pass a degree of at most T - 1")
    nodes = min(T, K + 2 + int(10 * T**0.5))
    angles = (np.arange(nodes) + 0.5) * (np.pi / nodes)
    # 1 - a = 1 - cos(angle), without cancellation
    values = geometric_sum_at(2 * np.sin(angles / 2) ** 2, T)
    found: Array = dct(values, type=2)[: K + 1] / nodes
    found[0] /= 2
    return found


def surrogate(lam: Spectrum, eta: Numbers, steps: int, degree: int) -> Any:
    """eta sum_{k<=K} c_k T_k(1 - eta lambda): ``unrolled`` by its Chebyshev series, cut at K =
    ``degree``; at K >= T - 1 it is ``unrolled``.

    Examples
    --------
    >>> from quadmeta.theory.filters import surrogate
    >>> surrogate([1.0, 0.5], eta=1.0, steps=4, degree=1)
    array([1.5  , 2.375])
    """
    step = numbers("eta", eta)
    a = 1 - step * numbers("lam", lam)
    K = natural("degree", degree, least=0)
    c = chebyshev_series(steps, min(K, natural("steps", steps) - 1))
    # Clenshaw: b_k = c_k + 2 a b_{k+1} - b_{k+2}, and the sum is c_0 + a b_1 - b_2
    after = 0 * a
    b = after
    for coefficient in c[:0:-1]:
        after, b = b, coefficient + 2 * a * b - after
    return step * (c[0] + a * b - after)


def discounted(lam: Spectrum, eta: Numbers, gamma: Numbers, steps: int) -> Any:
    """eta S_T(gamma) at every lambda: ``Discounted``, ``FixedGradient``, ``HyperDistill``;
    ``OneStep`` at T = 1.

    Examples
    --------
    >>> from quadmeta.theory.filters import discounted
    >>> discounted([1.0, 0.5], eta=1.0, gamma=0.5, steps=3)
    array([1.75, 1.75])
    """
    total = geometric_sum(numbers("gamma", gamma), natural("steps", steps))
    return 0 * numbers("lam", lam) + numbers("eta", eta) * total
