"""Which closed form belongs to an optimizer on a quadratic bilevel problem."""

from typing import TypeGuard

import numpy as np

from quadmeta._types import Array
from quadmeta.objectives.parts.closed.other_forms import affine, preconditioned, with_ridge
from quadmeta.objectives.parts.closed.spectrum import on_spectrum
from quadmeta.objectives.parts.closed.unrolled import from_minimum, settled, unrolled
from quadmeta.optimizers.chebyshev_iteration import ChebyshevIteration
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.jacobi_preconditioned import JacobiPreconditioned
from quadmeta.optimizers.l2_decay import L2Decay
from quadmeta.optimizers.parts.along.affine import AffineOptimizer
from quadmeta.optimizers.parts.base import Optimizer, PolynomialOptimizer
from quadmeta.optimizers.preconditioned import Preconditioned
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss

_LARGEST = 1e100  # entry of H; 1 / _LARGEST is the smallest
_FARTHEST = 30.0
"""W_* may be so many times as large as W_T in the form with W_*: a digit and a half is lost."""


def descends(optimizer: Optimizer) -> TypeGuard[GradientDescent]:
    """Whether this is gradient descent with nothing of it redefined."""
    if not isinstance(optimizer, GradientDescent):
        return False
    kind = type(optimizer)
    return kind.run is GradientDescent.run and kind.response is GradientDescent.response


def has_closed_form(inner: InnerLoss, optimizer: Optimizer) -> TypeGuard[QuadraticInnerLoss]:
    """Whether ``closed_form`` takes this optimizer on this inner loss: it is linear there, and
    float64 holds S[., .], which has the unit of 1 / lambda^2.
    """
    if not isinstance(inner, QuadraticInnerLoss) or not _has_response(optimizer):
        return False
    if descends(optimizer) and by_minimum(inner, optimizer):
        # a form without S[., .]
        return True
    return holds_slopes(inner)


def holds_slopes(inner: QuadraticInnerLoss) -> bool:
    """Whether float64 holds divided differences in lambda, of units up to 1 / lambda^3."""
    largest = np.abs(inner.H).max()
    return bool(largest == 0 or 1 / _LARGEST <= largest <= _LARGEST)


def _has_response(optimizer: Optimizer) -> bool:
    """Whether its steps are linear in the gradient, or in a preconditioned one."""
    if isinstance(optimizer, PolynomialOptimizer | AffineOptimizer):
        return True
    return any(
        isinstance(optimizer, kind) and type(optimizer).run is kind.run
        for kind in (L2Decay, Preconditioned, JacobiPreconditioned)
    )


def by_minimum(inner: QuadraticInnerLoss, descent: GradientDescent) -> bool:
    """Whether W_* may enter: it is determined, and there is a second step: one alone leaves the
    start as it is.
    """
    return descent.steps > 1 and settled(inner)


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def closed_form(
    inner: QuadraticInnerLoss, start: Array, optimizer: Optimizer, moving: Array | None
) -> tuple[Array, float]:
    """(F' / e^shift (h,), shift) for a run from ``start`` (P,), without the direct term.

    ``moving`` are the rows d w_0 / d alpha_k (h, P) of a start that depends on alpha.
    """
    if isinstance(optimizer, L2Decay):
        ridged = with_ridge(inner, float(optimizer.decay or 0.0))
        return closed_form(ridged, start, optimizer.optimizer, moving)
    if isinstance(optimizer, Preconditioned | JacobiPreconditioned):
        matrix = optimizer.preconditioner(inner)
        return preconditioned(inner, start, optimizer.optimizer, matrix, moving)
    if isinstance(optimizer, ChebyshevIteration) and optimizer.follows:
        return on_spectrum(inner, start, optimizer, moving)
    if isinstance(optimizer, AffineOptimizer):
        return affine(inner, start, optimizer, moving)
    if descends(optimizer) and by_minimum(inner, optimizer):
        # where float64 does not hold S[., .] there is no other form
        farthest = _FARTHEST if holds_slopes(inner) else np.inf
        found = from_minimum(inner, start, optimizer, moving, farthest)
        if found is not None:
            return found
    assert isinstance(optimizer, PolynomialOptimizer)
    return unrolled(inner, start, optimizer, moving)
