"""Filters of inverses that know a part of the spectrum, or factors of it: Nystrom, Kronecker."""

from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers, Scalar, Spectrum
from quadmeta._validate import natural, numbers, quantity


def largest(lam: Any, rank: int) -> Array:
    """A mask of the ``rank`` largest eigenvalues (P,), the first ones where some are equal.

    Raises
    ------
    ValueError
        a rank below 1 or above P, or eigenvalues that are not one vector.
    """
    if np.ndim(lam) != 1:
        raise ValueError(f"lam has shape {np.shape(lam)}: pass one spectrum (P,)")
    k = natural("rank", rank)
    P = len(lam)
    if k > P:
        raise ValueError(f"rank = {k} exceeds the P = {P} eigenvalues: pass at most P")
    order = sorted(range(P), key=lambda i: lam[i], reverse=True)
    top = np.zeros(P, dtype=bool)
    top[order[:k]] = True
    return top


def nystrom(lam: Spectrum, rank: int, shift: Scalar) -> Any:
    """1 / (lambda + delta) on the k = ``rank`` largest eigenvalues and 1 / delta below them, with
    delta = ``shift``: the inverse of an ideal Nystrom sketch plus delta.

    On the tail it is one step of size 1 / delta. Any arithmetic.

    Parameters
    ----------
    lam
        eigenvalues (P,).
    rank
        1 <= k <= P.
    shift
        delta > 0.

    Examples
    --------
    >>> from quadmeta.theory.filters import nystrom
    >>> nystrom([3.0, 1.0], rank=1, shift=1.0)
    array([0.25, 1.  ])
    """
    delta = quantity("shift", shift, above=0)
    return 1 / (delta + _seen(numbers("lam", lam), rank))


def nystrom_residual(lam: Spectrum, rank: int, shift: Scalar) -> Any:
    """1 - lambda f(lambda) of ``nystrom``: delta / (lambda + delta) on the k largest, 1 - lambda /
    delta below, which overshoots to -(lambda / delta - 1) where lambda > 2 delta.

    Examples
    --------
    >>> from quadmeta.theory.filters import nystrom_residual
    >>> nystrom_residual([3.0, 1.0], rank=1, shift=0.25)
    array([ 0.07692308, -3.        ])
    """
    x = numbers("lam", lam)
    delta = quantity("shift", shift, above=0)
    seen = _seen(x, rank)
    return (delta + seen - x) / (delta + seen)


def _seen(lam: Any, rank: int) -> Any:
    """The eigenvalues of an ideal sketch: the largest ones, and 0."""
    top = largest(lam, rank)
    if lam.dtype == object:
        # 0 of the arithmetic of each entry
        return np.array([x if kept else 0 * x for x, kept in zip(lam, top, strict=True)])
    return np.where(top, lam, 0.0)


def kronecker(c: Numbers, a: Numbers, ridge: Scalar, tau: Scalar) -> Any:
    """1 / ((c + tau sqrt(alpha)) (a + sqrt(alpha) / tau)), the inverse with factored damping of a
    Hessian C x A + alpha I of eigenvalues c a + alpha.

    c and a are eigenvalues >= 0 of the factors, and broadcast; alpha = ``ridge`` > 0, tau > 0.

    Examples
    --------
    >>> from quadmeta.theory.filters import kronecker
    >>> kronecker([0.0, 4.0], 1.0, ridge=1.0, tau=1.0)
    array([0.5, 0.1])
    """
    x, y, p, q = _damped(c, a, ridge, tau)
    return 1 / ((x + p) * (y + q))


def kronecker_residual(c: Numbers, a: Numbers, ridge: Scalar, tau: Scalar) -> Any:
    """1 - (c a + alpha) f of ``kronecker``: (u + v) / ((1 + u) (1 + v)) in [0, 1) with u = c / (tau
    sqrt(alpha)) and v = tau a / sqrt(alpha). It tends to 1 where one factor is large and the other
    0: nothing of 1 / alpha is left there.

    Examples
    --------
    >>> from quadmeta.theory.filters import kronecker_residual
    >>> kronecker_residual([0.0, 4.0], 1.0, ridge=1.0, tau=1.0)
    array([0.5, 0.5])
    """
    x, y, p, q = _damped(c, a, ridge, tau)
    # (c + p)(a + q) - (c a + p q) = q c + p a with p q = alpha
    return (q * x + p * y) / ((x + p) * (y + q))


def _damped(c: Any, a: Any, ridge: Scalar, tau: Scalar) -> tuple[Any, Any, Any, Any]:
    """(c, a, p = tau sqrt(alpha), q = sqrt(alpha) / tau)."""
    root = quantity("ridge", ridge, above=0) ** 0.5
    split = quantity("tau", tau, above=0)
    return numbers("c", c, least=0), numbers("a", a, least=0), split * root, root / split
