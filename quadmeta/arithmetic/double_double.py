"""Numbers of 106 bits as an unevaluated sum of two float64: for recursions that multiply a
rounding error by T or T^2.

Sums and products have a relative error of a few 2^-104 (products lose that below magnitudes of
about 1e-150).
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Real
from typing import TypeGuard

import numpy as np

from quadmeta._types import Arithmetic, Array, Operand
from quadmeta._validate import unrounded
from quadmeta.arithmetic.residual import product_of_split, split, two_sum


@dataclass(frozen=True, eq=False)
class DoubleDouble:
    """An array hi + lo with |lo| <= ulp(hi) / 2; + - * with another one, with float64 arrays and
    with numbers.
    """

    __array_ufunc__ = None

    hi: Array
    lo: Array

    @classmethod
    def of(cls, x: Operand) -> "DoubleDouble":
        """x itself: exactly, if it has no more than 106 bits, else to 2^-106."""
        exact = unrounded("x", x)
        if exact.dtype != object:
            return cls(exact, np.zeros_like(exact))
        hi = exact.astype(float)
        rest = [
            Fraction(*v.as_integer_ratio()) - Fraction(float(h))
            for v, h in zip(exact.flat, hi.flat, strict=False)
        ]
        return cls(hi, np.array(rest, dtype=float).reshape(hi.shape))

    @cached_property
    def halves(self) -> tuple[Array, Array]:
        """``hi``, split once for all its products."""
        found: tuple[Array, Array] = split(self.hi)
        return found

    def at(self, index: Array | slice) -> "DoubleDouble":
        """Some entries of the first axis, split already where this number is."""
        found = DoubleDouble(self.hi[index], self.lo[index])
        if "halves" in vars(self):
            vars(found)["halves"] = tuple(part[index] for part in self.halves)
        return found

    def ldexp(self, exponent: Array | int) -> "DoubleDouble":
        """Times 2**exponent, exact unless it leaves the range of float64."""
        return DoubleDouble(np.ldexp(self.hi, exponent), np.ldexp(self.lo, exponent))

    def reciprocal(self) -> "DoubleDouble":
        """1 / x, by a step of Newton's method from the float64 quotient; infinite where x is 0."""
        first = 1 / self.hi
        # 1 - x q, which is below a few 2^-53
        rest = 1 - self * first
        return DoubleDouble(first, np.zeros_like(first)) + rest * first

    def __add__(self, other: "Operand | DoubleDouble") -> "DoubleDouble":
        if isinstance(other, DoubleDouble):
            s, e = two_sum(self.hi, other.hi)
            t, f = two_sum(self.lo, other.lo)
            s, e = _renormalised(s, e + t)
            return DoubleDouble(*_renormalised(s, e + f))
        if not isinstance(other, (Real, np.ndarray)):
            return NotImplemented
        if not _is_float64(other):
            return self + DoubleDouble.of(other)
        s, e = two_sum(self.hi, other)
        return DoubleDouble(*_renormalised(s, e + self.lo))

    def __mul__(self, other: "Operand | DoubleDouble") -> "DoubleDouble":
        if isinstance(other, DoubleDouble):
            p, e = product_of_split(self.hi, other.hi, self.halves, other.halves)
            return DoubleDouble(*_renormalised(p, e + (self.hi * other.lo + self.lo * other.hi)))
        if not isinstance(other, (Real, np.ndarray)):
            return NotImplemented
        if isinstance(other, int | float) and other in (0.5, 2, 4):  # exact
            return DoubleDouble(self.hi * other, self.lo * other)
        if not _is_float64(other):
            return self * DoubleDouble.of(other)
        p, e = product_of_split(self.hi, other, self.halves, split(other))
        return DoubleDouble(*_renormalised(p, e + self.lo * other))

    def __neg__(self) -> "DoubleDouble":
        return DoubleDouble(-self.hi, -self.lo)

    def sum(self) -> "DoubleDouble":
        """Sum along the last axis, by halves."""
        total = self
        while (n := total.hi.shape[-1]) > 1:
            half = n // 2
            pair = total._columns(0, half) + total._columns(half, 2 * half)
            rest = total._columns(2 * half, n)
            total = DoubleDouble(
                np.concatenate([pair.hi, rest.hi], axis=-1),
                np.concatenate([pair.lo, rest.lo], axis=-1),
            )
        return DoubleDouble(total.hi[..., 0], total.lo[..., 0])

    def _columns(self, start: int, stop: int) -> "DoubleDouble":
        return DoubleDouble(self.hi[..., start:stop], self.lo[..., start:stop])

    def __sub__(self, other: "Arithmetic | DoubleDouble") -> "DoubleDouble":
        return self.__add__(-other)

    def __rsub__(self, other: "Operand | DoubleDouble") -> "DoubleDouble":
        return (-self).__add__(other)

    __radd__ = __add__
    __rmul__ = __mul__


def _is_float64(x: object) -> TypeGuard[float | Array]:
    """Whether x is one or an array of float64, or an int that is one."""
    if type(x) is int:
        return -(2**53) <= x <= 2**53
    return isinstance(x, float) or type(x) is np.ndarray and x.dtype == float


def _renormalised(s: Array, e: Array) -> tuple[Array, Array]:
    """(h, l) with h = fl(s + e) and h + l = s + e exactly, for |e| <= |s|."""
    h = s + e
    return h, e - (h - s)
