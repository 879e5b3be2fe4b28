"""Where the pulls of the modes on both sides of 1/eta balance: the step size that minimises F.

S_+- = sum over +-a_i > 0 of omega_i lambda_i |a_i|^power, a = 1 - eta lambda, power = 2T - 1:
F' = 2T (S_- - S_+).
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.residual import SMALL, Factor, factor, log_ratio, pick, scaled, take


def balanced_step(eigenvalues: Array, weights: Array, power: int) -> Array:
    """The root eta of S_- = S_+ for each row of eigenvalues and weights (..., d); 1/lambda for one
    distinct eigenvalue.

    Relative error about 1e-15, by a safeguarded Newton iteration on h = log S_- - log S_+. It ends
    where the root is proved to be within rounding. S_-^(1/power) is a norm of affine functions, so
    convex, and increases; S_+^(1/power) decreases. At h < 0, to the left of the root, the root is
    therefore at most (e^g - 1) / s away, g = |h| / power, s = (log S_-)' / power; at h > 0 the same
    with S_+ for S_-.

    Raises
    ------
    ArithmeticError
        200 iterations do not converge.
    """
    shape = np.broadcast_shapes(np.shape(eigenvalues), np.shape(weights))
    lam = np.broadcast_to(eigenvalues, shape).reshape(-1, shape[-1])
    omega = np.broadcast_to(weights, shape).reshape(-1, shape[-1])
    active = omega > 0
    low = 1 / np.where(active, lam, -np.inf).max(axis=-1)
    high = 1 / np.where(active, lam, np.inf).min(axis=-1)
    eta = 2 / (1 / low + 1 / high)
    with np.errstate(all="ignore"):
        mass = omega * lam
        log_mass = np.log(omega) + np.log(lam)
        log_mass = np.where((mass > SMALL) & (mass < 1 / SMALL), np.log(mass), log_mass)
    busy = np.flatnonzero(low < high)
    for _ in range(200):
        if not busy.size:
            best: Array = eta.reshape(shape[:-1])[()]
            return best
        now = eta[busy]
        h, below, above = balance(lam[busy], mass[busy], log_mass[busy], now, power)
        low[busy] = np.where(h < 0, now, low[busy])
        high[busy] = np.where(h > 0, now, high[busy])
        step = now - h / (power * (below + above))
        close = np.abs(h) / power <= np.log1p(1e-16 * now * np.where(h < 0, below, above))
        inside = (step > low[busy]) & (step < high[busy]) | close
        middle = low[busy] + (high[busy] - low[busy]) / 2
        new = np.where(inside, step, middle)
        eta[busy] = new
        busy = busy[~close & (np.abs(new - now) > 4e-16 * now)]
    raise ArithmeticError(f"minimizer: no convergence in 200 iterations at eta = {eta[busy[0]]!r}")


def balance(
    lam: Array, mass: Array, log_mass: Array, eta: Array, power: int
) -> tuple[Array, Array, Array]:
    """(h, s_-, s_+) with s_+- = |d log S_+- / d eta| / power at 1/L < eta < 1/mu, rows of (n, d);
    S_+- = sum mass |a|^power over +-a > 0.

    mass = omega lambda; ``log_mass`` is its logarithm, also where it leaves float64. Where a side
    is empty, because every eigenvalue on it lies within rounding of 1/eta, h is infinite.
    """
    x = factor(eta[:, None], lam)
    with np.errstate(all="ignore"):
        score = log_mass + power * np.log(np.abs(x.value))
    below = _side(x, np.asarray(x.value < 0), mass, log_mass, score, power)
    above = _side(x, np.asarray(x.value > 0), mass, log_mass, score, power)
    with np.errstate(all="ignore"):
        quotient = below.mass / above.mass
        fits = (quotient > SMALL) & (quotient < 1 / SMALL)
        log = np.where(fits, np.log(quotient), below.log_mass - above.log_mass)
    leaders = (power * log_ratio(below.leader, above.leader) + log)[:, 0]
    h = leaders + np.log(below.total / above.total)
    h = np.where(below.empty, -np.inf, np.where(above.empty, np.inf, h))
    return h, below.slope, above.slope


class _Side(NamedTuple):
    """S = sum mass |a|^power over the modes on one side, in units of its leading term."""

    leader: Factor
    """Residual factor of the leading mode, (n, 1)."""
    mass: Array
    log_mass: Array
    total: Array
    """S over the leading term, (n,)."""
    slope: Array
    """|d log S / d eta| over the power, (n,)."""
    empty: Array
    """Whether no mode is on this side, (n,)."""


def _side(x: Factor, side: Array, mass: Array, log_mass: Array, score: Array, power: int) -> _Side:
    """The sum over the modes of ``side``; ``score`` is the logarithm of their terms."""
    index = np.argmax(np.where(side, score, -np.inf), axis=-1)[:, None]
    r = take(x, index)
    empty = np.asarray(~side.any(axis=-1, keepdims=True))
    r = r._replace(value=np.where(empty, 1, r.value))
    reference = pick(mass, index)
    log_reference = pick(log_mass, index)
    exponent = power * np.where(side, log_ratio(x, r), 0)
    terms = np.where(side, scaled(mass, reference, exponent, log_mass - log_reference), 0)
    total = np.where(empty[:, 0], 1, terms.sum(axis=-1))
    pull = terms * x.eigenvalue / np.where(side, np.abs(x.value), 1)
    return _Side(r, reference, log_reference, total, pull.sum(axis=-1) / total, empty[:, 0])
