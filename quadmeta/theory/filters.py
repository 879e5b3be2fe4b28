"""Spectral filters: at w_0 = w_* each estimator of a hypergradient returns -J(w_*) f(H) grad
L_2(w_*), and this is f.

    implicit           1 / lambda
    Neumann, J         (1 - (1 - nu lambda)^(J+1)) / lambda = nu S_(J+1)(1 - nu lambda)
    unrolled, T        eta S_T(1 - eta lambda), also the matrix discount; the last K steps alone: T
                       = K; one step: eta
    discounted         eta S_T(gamma), a constant: right at no more than one lambda

with S_n(a) = sum_{k<n} a^k and no restriction on the step. A filter < 0 turns its direction round;
Neumann's is > 0 for even J, and for odd J as long as nu lambda < 2. Away from w_* the estimators
differ from these and one another.

Source: the table is derived; Neumann's series from Lorraine, Vicol, Duvenaud 2020; Navon et al.
2021, Algorithm 2.
"""

from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers, Spectrum
from quadmeta._validate import finite, natural, numbers
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
    lam = finite("lam", lam)
    v = finite("v", v)
    if lam.shape != v.shape or lam.ndim != 1 or not (lam > 0).all() or not v.any():
        raise ValueError(
            f"lam has shape {lam.shape}, v {v.shape}: pass eigenvalues > 0 and as many numbers, "
            "not all 0"
        )
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
