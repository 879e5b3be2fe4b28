"""Positive definite matrices: how they are read, diagonalised, and solved to the last digit."""

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite
from quadmeta._validate.matrices import require_square, symmetrised
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.extremes import extremes
from quadmeta.problems.parts.base import apply
from quadmeta.problems.parts.scale import require_range, within

EPS = float(np.finfo(float).eps)


def diagonalised(hessian: Numbers) -> tuple[Array, Array, Array]:
    """(H symmetric to the bit, eigenvalues, eigenvectors) of positive definite H (..., d, d)."""
    H = finite("hessian", hessian)
    require_square("hessian", H, batch=True)
    H = symmetrised("hessian", H)
    lam, Q = np.linalg.eigh(H)
    # of one matrix these are two numbers
    low = lam.T[0]
    high = lam.T[-1]
    d = H.shape[-1]
    # an eigenvalue below d eps L may be a rounded 0; the largest entry of H lies in L / d .. L
    good = (low > d * EPS * high) & (high > 1e-150 * d) & (high < 1e150)
    if H.ndim > 2:
        good = good.all()
    if not good:
        _refuse(H, lam)
    return H, lam, Q


def _refuse(H: Array, lam: Array) -> None:
    """Say what is wrong with matrices of these eigenvalues, if anything is."""
    require_range("hessian", np.abs(H).max(axis=(-1, -2)))
    bad = lam[..., 0] <= H.shape[-1] * EPS * np.maximum(lam[..., -1], 0.0)
    if bad.any():
        low, high = lam[bad][0, [0, -1]]
        raise ValueError(
            f"hessian has the eigenvalue {low:.3g} next to {high:.3g}, it must be positive "
            "definite: add a ridge, or use from_design for a least-squares problem"
        )


def vector(name: str, value: Numbers | None, shape: tuple[int, ...]) -> Array:
    """A vector for each matrix of a batch, zero for None; ``shape`` is (..., d)."""
    if value is None:
        return np.zeros(shape)
    x = finite(name, value)
    d = shape[-1]
    if x.shape != shape:
        tasks = ""
        if shape[:-1]:
            tasks = f" for each of {shape[:-1]} tasks"
        raise ValueError(
            f"{name} has shape {x.shape}, hessian is {d} x {d}{tasks}: pass a vector of length "
            f"{d}{tasks}"
        )
    return x


def error_by_distance(Q: Array, distance: Array) -> tuple[Array, bool]:
    """Q'(w_0 - w_*), where entries below 8 d eps of the norm are rounding and become 0; and whether
    every entry is moderate, so that none is 0.
    """
    if distance.ndim == 1:
        error = distance @ Q
    else:
        error = apply(np.swapaxes(Q, -1, -2), distance)
    size = np.abs(error)
    d = Q.shape[-1]
    ends = extremes(size)
    # no norm exceeds d times the largest entry
    if ends[0] <= 8 * d * EPS * d * ends[1]:
        error[size <= 8 * d * EPS * np.linalg.norm(error, axis=-1, keepdims=True)] = 0
        ends = (0.0, ends[1])
    return error, within(ends)


def error_by_gradient(lam: Array, Q: Array, distance: Array, gradient: Array) -> Array:
    """e_i = q_i'(w_0 - w_*) or q_i'(H w_0 - b) / lambda_i, whichever has less rounding there."""
    rows = np.swapaxes(Q, -1, -2)
    by_distance = apply(rows, distance)
    by_gradient = apply(rows, gradient) / lam
    # rounding of either, in units of 8 d eps
    far = np.linalg.norm(by_distance, axis=-1, keepdims=True)
    steep = np.linalg.norm(gradient, axis=-1, keepdims=True) / lam
    error = np.where(steep < far, by_gradient, by_distance)
    error[np.abs(error) <= 8 * Q.shape[-1] * EPS * np.minimum(far, steep)] = 0
    return error


def solution(H: Array, b: Array) -> Array:
    """w with H w = b: each round of refinement multiplies the error by about eps kappa.

    Raises
    ------
    ValueError
        the rounds do not converge, kappa is too close to 1/eps.
    """
    # divided by powers of two, which rounds nothing
    h = _exponent(H.reshape(*b.shape[:-1], -1))
    s = _exponent(b)
    H = np.ldexp(H, -h[..., None])
    b = np.ldexp(b, -s)
    inverse = np.linalg.inv(H)
    w = DoubleDouble.of(apply(inverse, b))
    for _ in range(20):
        step = apply(inverse, (b - _product(H, w)).hi)
        w = w + step
        change = np.linalg.norm(step, axis=-1)
        size = np.linalg.norm(w.hi, axis=-1)
        if (change <= EPS / 8 * size).all():
            solved: Array = np.ldexp(w.hi, s - h)
            return solved
    raise ValueError(
        f"hessian has the condition number {np.linalg.cond(H).max():.3g}, too large to solve "
        "H w = b: add a ridge"
    )


def _exponent(x: Array) -> Array:
    """The power of two just above the largest entry along the last axis."""
    power: Array = np.frexp(np.abs(x).max(axis=-1, keepdims=True))[1]
    return power


def _product(H: Array, w: DoubleDouble) -> DoubleDouble:
    """H w with twice the digits of float64, for magnitudes around 1."""
    total = DoubleDouble.of(np.zeros(w.hi.shape))
    for j in range(H.shape[-1]):
        total = total + DoubleDouble(w.hi[..., j, None], w.lo[..., j, None]) * H[..., j]
    return total
