"""The bias ghat - g of the discounted hypergradient itself, on a quadratic inner loss.

s(a) = sum_{0<k<T} gamma^k (a^(T-k) - a^T) is its transient part, due to g_t in place of g_T; h_n is
the complete homogeneous polynomial of degree n, and S_T(x) = sum_{k<T} x^k.
"""

from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers, Scalar, Spectrum
from quadmeta._validate import natural, numbers, quantity
from quadmeta.arithmetic.powers import complete_homogeneous


def bias(
    eigenvalues: Spectrum,
    cross: Numbers,
    outer_hessian: Numbers,
    error: Numbers,
    gradient: Numbers,
    eta: Scalar,
    gamma: Scalar,
    steps: int,
) -> Any:
    """ghat - g for a quadratic inner loss with J = -C', without cancellation.

        eta C' {(gamma - a) h_{T-2}(1, gamma, a) g_T + gamma H_2 [a (1 - a) h_{T-2}(a, gamma a,
        gamma) (w_0 - w_*)]}

    since S_T(gamma) - S_T(a) = (gamma - a) h_{T-2}(1, gamma, a), and s(a) is the other part.

    Parameters
    ----------
    eigenvalues
        lambda (P,) of the inner Hessian H > 0; all else in its eigenbasis.
    cross
        C (P, h), or (P,).
    outer_hessian
        H_2 (P, P) of the outer loss.
    error
        w_0 - w_* (P,).
    gradient
        g_T (P,), the gradient of the outer loss at w_T.
    eta, gamma, steps
        step size, discount and number of steps T, without restriction.

    Returns
    -------
    ghat - g (h,), or a number.

    Examples
    --------
    >>> from quadmeta.theory.discount import bias
    >>> bias([1.0, 0.5], [1.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], [1.0, 0.0], 1.0, 0.0, 9)
    0.0
    """
    lam, C, g = read_modes(eigenvalues, cross, gradient)
    H2 = _shaped("outer_hessian", outer_hessian, lam.shape * 2)
    error = _shaped("error", error, lam.shape)
    eta = quantity("eta", eta)
    T = natural("steps", steps)
    z = eta * lam
    a = 1 - z
    # one discount for each mode
    y: Any = quantity("gamma", gamma) + 0 * z
    # gamma - a without the rounding of a
    last = (y - 1 + z) * complete_homogeneous((a * 0 + 1, y, a), T - 2) * g
    return eta * (C.T @ (last + H2 @ (transient(z, y, T) * error)))


def transient(z: Numbers, gamma: Numbers, steps: int) -> Any:
    """s(a) = gamma a (1 - a) h_{T-2}(a, gamma a, gamma) = sum_{0<k<T} gamma^k (a^(T-k) - a^T) at a
    = 1 - z, where z = eta lambda.
    """
    x: Any = numbers("z", z)
    g: Any = numbers("gamma", gamma)
    a = 1 - x
    return g * a * x * complete_homogeneous((a, g * a, g), natural("steps", steps) - 2)


def largest_transient(
    low: Scalar, high: Scalar, gamma: Scalar, steps: int, halvings: int = 40
) -> Any:
    """An upper bound of max s(a) over 0 <= low <= a <= high: exact at an end, else too large by
    2^-halvings or so.

    s is unimodal: s'/a^(T-1) = sum gamma^k ((T - k) a^-k - T) decreases in a.
    """
    low = quantity("low", low, least=0)
    high = quantity("high", high, least=0)
    gamma = quantity("gamma", gamma, least=0)
    T = natural("steps", steps)
    halvings = natural("halvings", halvings)
    total = sum(gamma**k for k in range(1, T))

    def rises(a: Scalar) -> bool:
        """Whether s'(a) > 0."""
        weighted = sum(gamma**k * (T - k) * a ** (T - 1 - k) for k in range(1, T))
        return bool(weighted > T * a ** (T - 1) * total)

    if high == low or rises(high):
        return transient(1 - high, gamma, T)
    if not rises(low):
        return transient(1 - low, gamma, T)
    for _ in range(halvings):
        middle = (low + high) / 2
        if rises(middle):
            low = middle
        else:
            high = middle
    # from the maximum to high, s falls by less than sum gamma^k (high^T - low^T)
    return transient(1 - high, gamma, T) + total * (high**T - low**T)


def limit_bias(
    eigenvalues: Spectrum, cross: Numbers, gradient: Numbers, eta: Scalar, gamma: Scalar
) -> Any:
    """ghat - g as T -> infinity, C' (eta/(1 - gamma) - 1/lambda) g_*: 0 iff gamma = 1 - eta lambda
    where it counts.

    Parameters
    ----------
    eigenvalues, cross
        as for ``bias``.
    gradient
        g_* (P,), the gradient of the outer loss at w_*.
    eta, gamma
        step size > 0 and discount in [0, 1).
    """
    lam, C, g = read_modes(eigenvalues, cross, gradient)
    eta = quantity("eta", eta, above=0)
    gamma = quantity("gamma", gamma, least=0, below=1)
    return C.T @ ((eta / (1 - gamma) - 1 / lam) * g)


def read_modes(
    eigenvalues: Spectrum, cross: Numbers, gradient: Numbers
) -> tuple[Array, Array, Array]:
    """lambda > 0 (P,), C (P, h), g (P,) in the eigenbasis, checked."""
    lam = numbers("eigenvalues", eigenvalues, above=0)
    C = numbers("cross", cross)
    if np.ndim(lam) != 1 or not len(lam):
        raise ValueError(f"eigenvalues has shape {np.shape(lam)}: pass a vector of at least one")
    if np.ndim(C) not in (1, 2) or len(C) != len(lam):
        raise ValueError(
            f"cross has shape {np.shape(C)}: pass shape ({len(lam)}, h), one row an eigenvalue"
        )
    return lam, C, _shaped("gradient", gradient, np.shape(lam))


def _shaped(name: str, value: Numbers, shape: tuple[int, ...]) -> Any:
    array = numbers(name, value)
    if np.shape(array) != shape:
        raise ValueError(
            f"{name} has shape {np.shape(array)}: pass shape {shape}, in the eigenbasis"
        )
    return array
