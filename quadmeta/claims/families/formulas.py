"""Formulas that statements share, in any arithmetic; a_i = 1 - eta lambda_i, F = sum_i omega_i
a_i^(2T).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from quadmeta._types import Array
from quadmeta.objectives.parts.polynomial import energy
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    WEIGHTS,
    Parameter,
    Quantity,
)

TWO_STEP_SIZES: Mapping[str, Parameter] = {
    "eigenvalues": EIGENVALUES,
    "weights": WEIGHTS,
    "left": STEP_SIZE,
    "right": STEP_SIZE,
    "steps": STEPS,
}
"""A quadratic by its eigenvalues and spectral weights, seen at two step sizes after T steps."""


def derivatives(lam: Array, omega: Array, eta: Quantity, T: int) -> tuple[Array, Array, Array]:
    """(F, F', F'') at the step size eta after T steps."""
    residual = GradientDescent(T).residual(lam, eta)
    first, second, third = (energy(omega, residual, order) for order in range(3))
    return first, second, third


def weight_at(lam: Array, omega: Array, value: Quantity) -> Any:
    """Total weight of the modes whose eigenvalue is ``value``, so that repeated eigenvalues count
    as one.
    """
    return omega[lam == value].sum()


def spread(lam: Array) -> Any:
    """kappa - 1 = L / mu - 1."""
    return lam.max() / lam.min() - 1


def binary_scale(e: Array) -> Fraction:
    """The power of two with max |e| / scale in [1/2, 1), 1 for e = 0; by comparisons, which lose
    nothing.
    """
    top = max(abs(e))
    scale = Fraction(1)
    while scale <= top:
        scale *= 2
    while 0 < top < scale / 2:
        scale /= 2
    return scale


def scaled(e: Array) -> Any:
    """e over its scale."""
    return e / binary_scale(e)
