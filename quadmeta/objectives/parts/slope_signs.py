"""The sign of dJ/d eta of an outer loss under gradient descent at many step sizes, from values at
few of them.

**Coordinates.** With x = eta L, L the largest eigenvalue, l = lambda / L and a = 1 - x l, J' is a
positive multiple of a sum over modes of products of q = a^T and q' = -T l a^(T-1). For x <= 2 the
coordinate is x. Beyond, everything is divided by powers of x - 1: in u = 1 / (x - 1) the factors
are u - (1 + u) l, and u in place of 1; they stay in [-1, 1].

**Bounds.** Where |a| <= A and |q'| <= B, the magnitudes in J' add up to at most the ``slope_size``
of the loss times A^T B. Rounding moves a by at most 4 eps, T times: so a value is off by at most
16 T eps of that, and what sums add. A polynomial in the coordinate has such bounds on ellipses of
the complex plane too, and so its interpolant in Chebyshev points has a proved error. Pieces of the
line grow finer towards x = 0 and x = 2, where T is large enough to need it: the number of points
grows like log T.

A sign is taken where the interpolant exceeds its error, then where the value itself does; what
remains is left to the caller.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.chebyshev import REACH, interpolated, needed, nodes
from quadmeta.arithmetic.scan import short_power
from quadmeta.objectives.parts.short_losses import ShortLoss
from quadmeta.optimizers.parts.base import BLOCK

_FEW = 40  # a piece with no more nodes is not cut
_TINY = 1e-290  # what underflow takes


class Piece(NamedTuple):
    """A stretch of one coordinate, and the derivative at its Chebyshev points."""

    beyond: bool
    """Whether the coordinate is u."""
    low: float
    high: float
    points: int
    """How many points."""
    values: Array | None = None

    def holds(self, beyond: Array, t: Array) -> Array:
        """Which coordinates lie on it."""
        found: Array = (beyond == self.beyond) & (t >= self.low) & (t <= self.high)
        return found


class ShortSlopes:
    """J' of an outer loss over all tasks, for eigenvalues lambda (tasks, r) and T = ``steps``.

    The derivatives of the loss are those for q' = -T l a^(T-1).
    """

    def __init__(self, loss: ShortLoss, lam: Array, steps: int) -> None:
        self._loss = loss
        self._lam = lam
        self._largest = float(lam.max())
        self._steps = steps
        eps = float(np.finfo(float).eps)
        self.rounding = (16 * steps + loss.terms + 32) * eps

    @cached_property
    def _relative(self) -> Array:
        relative: Array = self._lam / self._largest
        return relative

    def value(self, eta: Array) -> tuple[Array, float]:
        """J at 0 <= eta <= 2 / L, and what it is off by at most."""
        return self._value(*self._place(eta)), self.rounding * self._loss.value_size + _TINY

    def rises(self, eta: float) -> int:
        """1 where J certainly exceeds J(0), -1 where it certainly does not, else 0."""
        beyond, t = self._place(np.array([eta, 0.0]))
        value = self._value(beyond, t)
        unit = float(t[0] if beyond[0] else 1) ** self._steps
        gain = float(value[0] - unit * unit * value[1])
        error = 4 * self.rounding * self._loss.value_size + _TINY
        return int(np.sign(gain)) if abs(gain) > error else 0

    def signs(self, eta: Array) -> Array:
        """-1 or 1 where the sign of J' is certain, else 0, at step sizes (n,)."""
        beyond, t = self._place(eta)
        sign = np.zeros(len(eta))
        if len(eta) > _FEW:
            sign = self._interpolated_signs(beyond, t)
        left = np.flatnonzero(sign == 0)
        value = self._slope(beyond[left], t[left])
        bound = self._bound(beyond[left], t[left])
        sign[left] = np.where(np.abs(value) > bound, np.sign(value), 0)
        return sign

    def narrowed(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Brackets of sign changes from - to +, made smaller as far as interpolants tell."""
        parts = np.linspace(0, 1, 33)
        for _ in range(8):
            width = high - low
            grid = low[:, None] + width[:, None] * parts
            grid[:, -1] = high
            sign = self._interpolated_signs(*self._place(grid.ravel())).reshape(grid.shape)
            sign[:, 0] = -1
            sign[:, -1] = 1
            end = np.argmax(sign > 0, axis=-1)
            before = np.where(np.arange(len(parts)) < end[:, None], sign < 0, False)
            start = len(parts) - 1 - np.argmax(before[:, ::-1], axis=-1)
            low, high = (np.take_along_axis(grid, k[:, None], axis=1)[:, 0] for k in (start, end))
            if not (high - low < width / 4).any():
                break
        return low, high

    def _place(self, eta: Array) -> tuple[Array, Array]:
        """The coordinate of each step size, and whether it is u."""
        x = eta * self._largest
        beyond: Array = x > 2
        return beyond, np.where(beyond, 1 / np.where(beyond, x - 1, 1), x)

    def _interpolated_signs(self, beyond: Array, t: Array) -> Array:
        """The sign of the interpolants, 0 where they are less than their errors."""
        sign = np.zeros(len(t))
        if beyond.any():
            self._reach(float(t[beyond].min()))
        for piece in self._pieces:
            on = np.flatnonzero(piece.holds(beyond, t))
            if not on.size or piece.values is None:
                continue
            c = (piece.low + piece.high) / 2
            h = (piece.high - piece.low) / 2
            found = interpolated(piece.values, np.clip((t[on] - c) / h, -1, 1))
            # 1 + (2 / pi) log(count + 1) times the error of values, and that of the interpolant
            error = 10 * self._noise(piece.beyond, c, h)
            sign[on] = np.where(np.abs(found) > error, np.sign(found), 0)
        return sign

    @cached_property
    def _pieces(self) -> list[Piece]:
        """Pieces of x in [0, 2]; those of u are added as they are asked for."""
        whole = [self._piece(False, 0.0, 2.0)]
        halves = [*self._graded(False, 1.0, 0.0), *self._graded(False, 1.0, 2.0)]
        return self._filled(min(whole, halves, key=_total))

    def _reach(self, low: float) -> None:
        """Pieces of u down to ``low``."""
        if not any(piece.beyond and piece.low <= low for piece in self._pieces):
            self._pieces[:] = [piece for piece in self._pieces if not piece.beyond]
            self._pieces.extend(self._filled(self._graded(True, low, 1.0)))

    def _graded(self, beyond: bool, start: float, end: float) -> list[Piece]:
        """Pieces from ``start`` to ``end``, as few nodes as may be, finer towards the end."""
        whole = [self._piece(beyond, *sorted((start, end)))]
        if whole[0].points <= _FEW:
            return whole
        inner = start + (end - start) * 3 / 4
        outer = self._piece(beyond, *sorted((start, inner)))
        return min(whole, [outer, *self._graded(beyond, inner, end)], key=_total)

    def _piece(self, beyond: bool, low: float, high: float) -> Piece:
        """One with as many nodes as keep the interpolant's error below that of the values."""
        c = (low + high) / 2
        h = (high - low) / 2
        with np.errstate(all="ignore"):
            log = self._log_size(beyond, c, h * REACH) - np.log(self._noise(beyond, c, h))
        count = needed(log + np.log(self._loss.slope_size))
        return Piece(beyond, low, high, min(count, 2 * self._steps))

    def _filled(self, pieces: list[Piece]) -> list[Piece]:
        """The same with values."""
        t = np.concatenate([_points(piece) for piece in pieces])
        beyond = np.repeat([p.beyond for p in pieces], [p.points for p in pieces])
        values = np.split(self._slope(beyond, t), np.cumsum([p.points for p in pieces])[:-1])
        return [piece._replace(values=found) for piece, found in zip(pieces, values, strict=True)]

    def _log_size(self, beyond: Array | bool, c: Array | float, reach: Array) -> Array:
        """log of the bound of |q| |q'| at complex coordinates within ``reach`` of c."""
        T = self._steps
        # u: |a| <= max(1, c + reach)
        grown = np.log(np.maximum(1, np.where(beyond, c, np.abs(1 - c)) + reach))
        # x: l |a|^(T-1) with a <= 1 - l near for c l <= 1, and at l = 1 beyond
        near = c - reach
        first = np.where(
            near > 0, -np.log(np.maximum(1, near * T)), (T - 1) * np.log1p(np.maximum(-near, 0))
        )
        last = np.where(c > 1, (T - 1) * np.log(np.maximum(c - 1 + reach, 1e-300)), -np.inf)
        slope = np.where(beyond, (T - 1) * grown, np.maximum(first, last))
        log: Array = T * grown + slope + np.log(T)
        return log

    def _noise(self, beyond: Array | bool, c: Array | float, reach: Array | float) -> Array:
        """What a value is off by at most."""
        size = np.exp(self._log_size(beyond, c, np.asarray(reach)))
        noise: Array = self.rounding * self._loss.slope_size * size + _TINY
        return noise

    def _bound(self, beyond: Array, t: Array) -> Array:
        return self._noise(beyond, t, 0.0)

    def _value(self, beyond: Array, t: Array) -> Array:
        """J at coordinates (n,), over (x - 1)^2T where the coordinate is u."""
        offset, slope, unit = self._factors(beyond, t)
        total = np.zeros(len(t))
        for points, tasks, a, power in self._runs(offset, slope):
            a *= power
            total[points] += self._loss.value(a, unit[points], tasks)
        return total

    def _slope(self, beyond: Array, t: Array) -> Array:
        """A positive multiple of J' at coordinates (n,)."""
        offset, slope, unit = self._factors(beyond, t)
        total = np.zeros(len(t))
        for points, tasks, a, power in self._runs(offset, slope):
            a *= power
            total[points] += self._loss.slope(a, power, unit[points], tasks)
        return total

    def _factors(self, beyond: Array, t: Array) -> tuple[Array, Array, Array]:
        """The offset and slope in l of the factors a, and the offset to the power T."""
        offset = np.where(beyond, t, 1)
        return offset, np.where(beyond, 1 + t, t), offset**self._steps

    def _runs(self, offset: Array, slope: Array) -> Iterator[tuple[slice, slice, Array, Array]]:
        """(points, tasks, a, a^(T-1)) with a = offset - slope l of shape (tasks, points, r), block
        by block.
        """
        tasks, r = self._lam.shape
        size = max(1, min(len(offset), BLOCK // r))
        many = max(1, BLOCK // (r * size))
        work = np.empty((2, min(many, tasks), size, r))
        for k in range(0, tasks, many):
            some = slice(k, k + many)
            lam = self._relative[some, None]
            for start in range(0, len(offset), size):
                points = slice(start, start + size)
                a, power = work[:, : len(lam), : len(offset[points])]
                np.multiply(-slope[points, None], lam, out=a)
                a += offset[points, None]
                short_power(a, self._steps - 1, power)
                yield points, some, a, power


def _points(piece: Piece) -> Array:
    """The Chebyshev points."""
    found: Array = (piece.low + piece.high) / 2 + (piece.high - piece.low) / 2 * nodes(piece.points)
    return found


def _total(pieces: list[Piece]) -> int:
    """How many points they have."""
    return sum(piece.points for piece in pieces)
