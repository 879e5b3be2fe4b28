"""The curvature after one step of gradient descent, F = sum_i omega_i a_i^2 with a = 1 - eta
lambda, to all its digits.

    F''/F = 2 (Delta + m^2) / F^2,   (log F)'' = 2 (Delta - m^2) / F^2,   m = sum omega lambda a,
    Delta = sum omega sum omega lambda^2 - (sum omega lambda)^2

With F = A - 2 B eta + C eta^2 they are Delta = A C - B^2 and m = B - C eta, so that Delta + m^2 =
C F.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.residual import Factor, pick, two_sum


class OneStep(NamedTuple):
    """Sums over one task at T = 1, each divided by F^2."""

    spread: Array
    """Delta / F^2 with Delta = Omega^2 Var_omega(lambda) = sum_{i<j} omega_i omega_j (lambda_i -
    lambda_j)^2.
    """
    square: Array
    """m^2 / F^2 with m = sum omega lambda a."""
    difference: Array
    """(Delta - m^2) / F^2."""


def one_step(weights: Array, x: Factor) -> OneStep:
    """The parts of both curvatures for weights (..., d) and factors (..., d); 0 where F = 0.

    Next to eta = 1/lambda of a cluster of eigenvalues Delta - m^2 changes sign between two floats.
    So it is formed in double-double from exact factors and exact differences of eigenvalues, with
    an error of about 1e-30 (Delta + m^2).

    Raises
    ------
    OverflowError
        the mode that leads F has less than 1e-250 of the largest weight.
    """
    lam, omega = (np.broadcast_to(y, x.value.shape) for y in (x.eigenvalue, weights))
    with np.errstate(divide="ignore"):
        leader = np.argmax(np.log(omega) + 2 * np.log(np.abs(x.value)), axis=-1, keepdims=True)
    heaviest = np.argmax(omega, axis=-1, keepdims=True)
    # exact powers of two keep products in range: the largest weight, the largest eigenvalue and
    # the factor that leads F become numbers of about 1
    lam_unit, a_unit = (
        np.frexp(y)[1] for y in (lam.max(axis=-1, keepdims=True), pick(x.value, leader))
    )
    omega = np.ldexp(omega, -np.frexp(pick(omega, heaviest))[1])
    lam = np.ldexp(lam, -lam_unit)
    a = DoubleDouble(np.ldexp(x.value, -a_unit), np.ldexp(x.tail, -a_unit))
    # Delta = sum omega sum omega g^2 - (sum omega g)^2 with the gaps g to the heaviest mode, where
    # by Cauchy (sum omega g)^2 <= d Delta: little cancels
    gap = DoubleDouble(*two_sum(lam, -pick(lam, heaviest)))
    # the widest gap becomes a number of about 1 too, or a tiny weight times its square would
    # underflow
    gap_unit = np.frexp(np.abs(gap.hi).max(axis=-1, keepdims=True))[1]
    gap = gap.ldexp(-gap_unit)
    first = gap * omega
    pull = a * omega
    rows = (DoubleDouble.of(omega), first, first * gap, pull * lam, pull * a)
    total = DoubleDouble(
        np.stack([row.hi for row in rows]), np.stack([row.lo for row in rows])
    ).sum()
    mass, centre, second, m, loss = (
        DoubleDouble(total.hi[k], total.lo[k]) for k in range(len(rows))
    )
    lam_unit = lam_unit[..., 0]
    a_unit = a_unit[..., 0]
    gap_unit = gap_unit[..., 0]
    m = m.ldexp(a_unit)
    spread = mass * second - centre * centre
    square = m * m
    difference = spread.ldexp(2 * gap_unit) - square
    vanished = pick(x.value, leader)[..., 0] == 0
    F = np.where(vanished, 1, loss.hi)
    if (F < 1e-250).any():
        raise OverflowError(
            "weights: the mode that leads the loss has less than 1e-250 of the largest weight: use "
            "objective.exactly"
        )
    with np.errstate(over="ignore"):
        unit = 2 * lam_unit - 4 * a_unit
        parts = [
            np.ldexp(part.hi / F / F, exponent)
            for part, exponent in (
                (spread, unit + 2 * gap_unit),
                (square, unit),
                (difference, unit),
            )
        ]
    return OneStep(*(np.where(vanished, 0, part) for part in parts))
