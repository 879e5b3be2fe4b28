"""Chebyshev's semi-iteration on the extreme eigenvalues m, M of the inner Hessian, which follow the
hyperparameters:

    F'_k = (as for given bounds) + dF/dm q_1' H_k q_1 + dF/dM q_p' H_k q_p,   dF/dm = -<G, dS/dm o
    R>.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.objectives.parts.closed.unrolled import unrolled
from quadmeta.optimizers.chebyshev_iteration import ChebyshevIteration
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


def on_spectrum(
    inner: QuadraticInnerLoss, start: Array, optimizer: ChebyshevIteration, moving: Array | None
) -> tuple[Array, float]:
    """(F' / e^shift (h,), shift) for a run from ``start`` (P,)."""
    W0 = start.reshape(inner.B.shape)
    H2, B2, _ = inner.outer
    lam, Q, _, R = inner.modes(W0)
    at = optimizer.between(float(lam.min()), float(lam.max()))
    value, shift = unrolled(inner, start, at, moving)
    S = at.response(lam).moved[:, None]
    G = Q.T @ (H2 @ (W0 - Q @ (S * R)) - B2)
    weights = (G * R).sum(axis=1)
    for slopes, rates in zip(at.bound_slopes(lam), optimizer.rates_of_bounds(inner), strict=True):
        value = value - np.exp(-shift) * (slopes @ weights) * rates
    return value, shift
