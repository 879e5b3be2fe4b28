"""What follows from the steps of an optimizer alone: its residual polynomial by running it, and the
loss by that polynomial in sixty digits.

These are definitions: right whatever the method is, and slower than a closed form.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.parts.loss import LogLoss

DIGITS = 60
"""Decimal digits of an evaluation, of which a formula may lose forty to cancellation."""


class Steps(Protocol):
    """What is asked of an optimizer."""

    @property
    def steps(self) -> int:
        """T."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one theta."""

    def along(self, eigenvalues: Any, theta: Any) -> Callable[[Any], Any]:
        """What a run follows, mode by mode."""

    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any) -> Iterator[Any]:
        """w_0, ..., w_T."""


class Polynomial(Steps, Protocol):
    """What is asked of one with a residual polynomial."""

    def residual(self, eigenvalues: Any, theta: Any) -> tuple[Any, Any, Any]:
        """(p_T, dp_T/dtheta, d^2p_T/dtheta^2)."""


def residual_of_run(
    optimizer: Steps, eigenvalues: Array | SignLog, theta: Array
) -> tuple[Any, Any, Any]:
    """(p_T, dp_T/dtheta, d^2p_T/dtheta^2) by T steps on f(w) = lambda w^2 / 2 for each lambda.

    From w_0 = 1 the run ends at w_T = p_T(lambda); theta enters as jets, which carry their
    derivatives along.

    Raises
    ------
    ValueError
        w_T does not depend on theta.
    """
    vector = bool(optimizer.shape)
    if vector:
        at: Any = Jet.parameters(list(theta))
    else:
        (at,) = Jet.parameters([theta])
    start = eigenvalues * 0 + 1
    *_, last = optimizer.run(optimizer.along(eigenvalues, at), start, at)
    if not isinstance(last, Jet):
        raise ValueError(
            f"{optimizer!r} has iterates that do not depend on theta: use theta in run, or leave "
            "nothing free"
        )
    # a derivative that is the int 0 takes the shape of the modes
    p = last.map(lambda x: x)
    if vector:
        return p.value, p.first, p.second
    return p.value, p.first[0], p.second[0][0]


def signed_residual(
    optimizer: Polynomial, eigenvalues: Array, theta: Array
) -> tuple[SignLog, SignLog, SignLog]:
    """(p_T, p_T', p_T'') (..., d) of one parameter (...), evaluated in ``DIGITS`` digits."""
    import mpmath

    with mpmath.workdps(DIGITS):
        p, first, second = _evaluated(optimizer, eigenvalues, theta)
        return SignLog.of(p), SignLog.of(first[0]), SignLog.of(second[0, 0])


def log_loss(
    optimizer: Polynomial, eigenvalues: Array, weights: Array, theta: Array, order: int
) -> LogLoss:
    """log F and the relative derivatives of F = sum_i omega_i p_i^2, all in ``DIGITS`` digits.

    F_a = 2 sum_i omega_i p_i p_i,a and F_ab = 2 sum_i omega_i (p_i,a p_i,b + p_i p_i,ab).

    Raises
    ------
    OverflowError
        a relative derivative exceeds float64.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        omega = _exact(weights)
        p, first, second = _evaluated(optimizer, eigenvalues, theta)
        loss = np.asarray((omega * p * p).sum(axis=-1))
        vanished = loss == 0
        divisor = np.where(vanished, mpmath.mpf(1), loss)
        level = np.where(vanished, -np.inf, _rounded(_log(divisor)))
        if order == 0:
            return LogLoss(level)
        slope = 2 * (omega * p * first).sum(axis=-1) / divisor
        if order == 1:
            return _finite(optimizer, vanished, level, [slope])
        products = first[:, None] * first[None, :]
        bend = 2 * (omega * (products + p * second)).sum(axis=-1) / divisor
        square = slope[:, None] * slope[None, :]
        T = mpmath.mpf(optimizer.steps)
        root = (bend - square + square / (2 * T)) / (2 * T)
        return _finite(optimizer, vanished, level, [slope, bend, bend - square, root])


def _evaluated(
    optimizer: Polynomial, eigenvalues: Array, theta: Array
) -> tuple[Array, Array, Array]:
    """p (..., d), its first (k, ..., d) and second derivatives (k, k, ..., d) in the working
    precision, k = 1 for one parameter.
    """
    theta = np.asarray(theta, dtype=float)
    if optimizer.shape:
        theta = np.moveaxis(theta, -1, 0)
    at = _exact(theta[..., None])
    lam = _exact(eigenvalues)
    shape = np.broadcast_shapes(lam.shape, theta.shape[len(optimizer.shape) :] + (1,))
    p, first, second = optimizer.residual(np.broadcast_to(lam, shape), at)
    if not optimizer.shape:
        first = [first]
        second = [[second]]

    def full(x: Any) -> Array:
        return np.broadcast_to(np.asarray(x, dtype=object), shape)

    slopes = np.stack([full(x) for x in first])
    bends = np.stack([np.stack([full(x) for x in row]) for row in second])
    return full(p), slopes, bends


def _exact(x: Array) -> Array:
    """The floats themselves as mpf."""
    import mpmath

    return np.asarray(np.frompyfunc(mpmath.mpf, 1, 1)(np.asarray(x, dtype=float)), dtype=object)


def _log(x: Array) -> Array:
    import mpmath

    return np.asarray(np.frompyfunc(mpmath.log, 1, 1)(x), dtype=object)


def _rounded(x: Array) -> Array:
    """As float64, infinite where that does not hold it."""
    return np.asarray(x).astype(float)


def _finite(optimizer: Steps, vanished: Array, level: Array, parts: Sequence[Array]) -> LogLoss:
    """The loss with its derivatives in float64, their axes last, 0 where F = 0."""
    out = []
    for axes, part in enumerate(parts):
        rounded = np.where(vanished, 0.0, _rounded(part))
        if not np.isfinite(rounded).all():
            raise OverflowError(
                "a derivative of the loss relative to the loss exceeds float64: use "
                "objective.exactly"
            )
        # (k, ...) and (k, k, ...) to (..., k) and (..., k, k)
        moved = np.moveaxis(rounded, 0, -1)
        if axes:
            moved = np.moveaxis(moved, 0, -1)
        if not optimizer.shape:
            moved = moved.reshape(vanished.shape)
        out.append(moved)
    return LogLoss(level, *out)
