"""Gradient descent on one task, at one step size after the other: its loss by two dozen calls of
numpy on d numbers.

The same operations in the same order as in ``GradientDescent.log_moments``, so that every bit is
the same. What does not depend on the step size is done once, and what changes no bit is left out:
sums with an exact 0, and branches that no mode takes.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy import add, array, copyto, exp, log, log1p

from quadmeta._types import Array
from quadmeta.arithmetic.residual import SMALL, scaled, split
from quadmeta.optimizers.parts.loss import LogLoss
from quadmeta.optimizers.parts.moments import LogMoments, log_loss_of, variance_of

# arrays without axes, which numpy reads faster than floats
_ZERO = np.array(0.0)
_ONE = np.array(1.0)
_HALF = np.array(0.5)
_MINUS_HALF = np.array(-0.5)
# up to this h the rounding of s = 1 - h is (1 - s) - h, without another rounding
_LARGEST = 2.0**52
# what is kept for one task: some ten arrays of so many numbers at most
_MOST_MODES = 2**16


class _Leader(NamedTuple):
    """The mode r with the largest term of F, and what of the others depends on it alone."""

    gap: Array
    """(d,) lambda_r - lambda."""
    quotient: Array
    """(d,) omega / omega_r."""
    fits: bool
    """Whether products with it need no logarithms."""
    omega: Any
    log_omega: float


class OneTask:
    """The loss of T steps on the modes of one task as a function of a float step size.

    Parameters
    ----------
    T
        the number of steps.
    lam, omega
        (d,) eigenvalues, between 1e-130 and 1e150, and weights > 0; d <= 65536.
    """

    def __init__(self, T: int, lam: Array, omega: Array) -> None:
        self.T = T
        self.lam = lam
        self.omega = omega
        self._twice = np.array(float(2 * T))
        high, low = split(lam)
        # times (-eta, h, h, l, l) with eta = h + l: minus the product, and Dekker's parts of what
        # it lost
        self._rows = np.stack([lam, high, low, high, low])
        self._log_omega = np.log(omega)
        self._first = int(lam.argmin())
        self._last = int(lam.argmax())
        self._largest = _LARGEST / float(lam.max())
        # a = 0 needs a power of two as eigenvalue, and its inverse as step size
        self._powers = frozenset(lam[np.frexp(lam)[0] == 0.5].tolist())
        self._leaders: dict[int, _Leader] = {}

    @classmethod
    def of(cls, T: int, lam: Array, omega: Array) -> "OneTask | None":
        """None for eigenvalues and weights out of its domain."""
        if lam.size > _MOST_MODES or not (omega > 0).all():
            return None
        if 1e-130 < lam.min() and lam.max() < 1e150:
            return cls(T, lam, omega)
        return None

    def log_loss(self, eta: float, order: int) -> LogLoss | None:
        """The loss and its derivatives up to ``order``, bit by bit those of
        ``GradientDescent.log_loss``.

        None where only that knows them: eta < 0 or eta lambda > 2^52, a mode with a = 0, second
        derivatives at T = 1, and where numpy is told to raise at an underflow.

        Raises
        ------
        OverflowError
            F''/F exceeds float64.
        """
        if order == 2 and self.T == 1:
            return None
        found = self._terms(eta)
        if found is None:
            return None
        mean, total, v, exponent, a, r, a_r, h, l = found
        level = self._twice.item() * _log_abs(h, l, a_r) + r.log_omega + log(total)
        variance = None
        if order == 2:
            shift = r.gap / (a * -a_r)
            variance = variance_of(shift, v, total, self.omega, r.omega, exponent)
        return log_loss_of(LogMoments(level, mean, variance), self.T)

    def slope(self, eta: float) -> Any:
        """F'/F, for which log F is not needed; None as ``log_loss``."""
        found = self._terms(eta)
        if found is None:
            return None
        return -2 * self.T * found[0]

    def _terms(self, eta: float) -> tuple[Any, ...] | None:
        """E_pi[u]; the sum of v = (omega / omega_r) e^x, v and x = 2T log |a / a_r|; a; of the
        leader r what is known of it, a = 1 - (h + l), h and l.
        """
        if not 0 <= eta <= self._largest or self._powers and eta and 1 / eta in self._powers:
            return None
        try:
            return self._sum(eta)
        except FloatingPointError:  # numpy was told to raise where a term underflows
            return None

    def _sum(self, eta: float) -> tuple[Any, ...]:
        high, low = split(eta)
        products = array((-eta, high, high, low, low))[:, None] * self._rows
        minus = products[0]
        lost = add.reduce(products)
        # a = 1 - (h + l) with h = -minus, l = lost
        rounded = _ONE + minus
        tail = _ONE - rounded
        tail += minus
        tail -= lost
        a = rounded + tail
        size = abs(a)
        score = log(size)
        score *= self._twice
        score += self._log_omega
        index = int(score.argmax())
        r = self._leader(index)
        a_r = a.item(index)
        size_r = array(abs(a_r))
        # q = |a| / |a_r| - 1 of equal signs
        q = r.gap * array(math.copysign(eta, a_r))
        first = a.item(self._first) / a_r
        last = a.item(self._last) / a_r
        if -0.49 < first < 1.49 and -0.49 < last < 1.49:
            q /= size_r
            near = q >= _MINUS_HALF
        else:
            tail -= a - rounded
            opposite = (a + a_r) + (tail + tail.item(index))
            if a_r > 0:
                copyto(q, -opposite, where=a < _ZERO)
            else:
                copyto(q, opposite, where=a > _ZERO)
            q /= size_r
            near = abs(q) <= _HALF
        size /= size_r
        exponent = log(size)
        log1p(q, exponent, where=near)
        exponent *= self._twice
        if r.fits:
            v = exp(exponent)
            v *= r.quotient
        else:
            v = scaled(self.omega, r.omega, exponent)
        total = add.reduce(v)
        mean = add.reduce(v * (self.lam / a)) / total
        return mean, total, v, exponent, a, r, a_r, -minus.item(index), lost.item(index)

    def _leader(self, index: int) -> _Leader:
        found = self._leaders.get(index)
        if found is None:
            omega = self.omega[index]
            with np.errstate(all="ignore"):
                quotient = self.omega / omega
            found = _Leader(
                self.lam[index] - self.lam,
                quotient,
                bool(SMALL < quotient.min() and quotient.max() < 1e7),
                omega,
                self._log_omega.item(index),
            )
            if len(self._leaders) * self.lam.size > _MOST_MODES:
                self._leaders.clear()
            self._leaders[index] = found
        return found


def _log_abs(h: float, l: float, a: float) -> float:
    """log |a| of a = 1 - (h + l): ``log_abs`` of one number."""
    if h < 0.5:
        return float(log1p(-h)) - l / (1 - h)
    if abs(h - 2) < 0.5:
        return float(log1p((h - 2) + l))
    return float(log(abs(a)))
