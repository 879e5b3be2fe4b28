"""Formulas that statements share, in any arithmetic; a_i = 1 - eta lambda_i, F = sum_i omega_i a_i^(2T)."""
from typing import Any

from quadmeta.objectives._polynomial import energy
from quadmeta.optimizers.gradient_descent import GradientDescent

Array = Any


def derivatives(lam: Array, omega: Array, eta: Array, T: int) -> tuple[Array, Array, Array]:
    """(F, F', F'') at the step size eta after T steps."""
    residual = GradientDescent(T).residual(lam, eta)
    first, second, third = (energy(omega, residual, order) for order in range(3))
    return first, second, third


def weight_at(lam: Array, omega: Array, value: Array) -> Array:
    """Total weight of the modes whose eigenvalue is ``value``, so that repeated eigenvalues count as one."""
    return omega[lam == value].sum()


def spread(lam: Array) -> Array:
    """kappa - 1 = L / mu - 1."""
    return lam.max() / lam.min() - 1
