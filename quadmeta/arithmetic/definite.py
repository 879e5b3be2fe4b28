"""Symmetric positive definite systems in whole numbers: for what float64 loses at condition
numbers of 10^8 and more.

A float64 is a whole number times a power of two, so that products of data are exact, and a
solution by M = L D L' with fractions of ``bits`` binary digits is wrong by about 2^-bits times the
condition number. Arrays of Python integers.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array


class Whole(NamedTuple):
    """An array of real numbers ``digits`` * 2**``exponent``, exactly."""

    digits: Array
    """Python integers."""
    exponent: int

    @classmethod
    def of(cls, x: Array) -> "Whole":
        """A float64 array itself."""
        mantissa, power = np.frexp(x)
        digits = (mantissa * 2.0**53).astype(np.int64).astype(object)
        power = power - 53
        if np.any(x):
            least = int(np.min(power, where=x != 0, initial=0))
        else:
            least = 0
        return cls(digits << np.where(x != 0, power - least, 0).astype(object), least)

    @property
    def T(self) -> "Whole":
        """The transpose."""
        return Whole(self.digits.T, self.exponent)

    def at(self, exponent: int) -> Array:
        """The digits at another exponent, rounded down if that is the larger one."""
        shift = self.exponent - exponent
        if shift >= 0:
            return self.digits << shift
        return self.digits >> -shift

    def __add__(self, other: "Whole") -> "Whole":  # type: ignore[override]
        least = min(self.exponent, other.exponent)
        return Whole(self.at(least) + other.at(least), least)

    def __neg__(self) -> "Whole":
        return Whole(-self.digits, self.exponent)

    def __mul__(self, other: "Whole") -> "Whole":  # type: ignore[override]
        return Whole(self.digits * other.digits, self.exponent + other.exponent)

    def __matmul__(self, other: "Whole") -> "Whole":
        return Whole(self.digits @ other.digits, self.exponent + other.exponent)

    def over(self, divisor: int | Fraction) -> Array:
        """Divided by a number > 0 and rounded to float64."""
        top, bottom = divisor.as_integer_ratio()
        digits = np.asarray(self.digits, dtype=object)
        rounded = [_rounded(x * bottom, top, self.exponent) for x in digits.ravel()]
        return np.array(rounded).reshape(digits.shape)


def _rounded(top: int, bottom: int, exponent: int) -> float:
    """top / bottom * 2**exponent with 64 bits kept, then as float64: inf or 0 beyond its range."""
    shift = max(0, 64 + bottom.bit_length() - abs(top).bit_length())
    quotient = (top << shift) // bottom
    excess = max(0, abs(quotient).bit_length() - 64)
    try:
        return math.ldexp(quotient >> excess, excess - shift + exponent)
    except OverflowError:
        return math.inf if top > 0 else -math.inf


class Definite:
    """M = S (L D L') S with S powers of two that bring the diagonal next to 1.

    Raises
    ------
    ArithmeticError
        a pivot that is not positive: M is not definite, or ``bits`` are too few.
    """

    def __init__(self, M: Whole, bits: int) -> None:
        n = len(M.digits)
        self.bits = bits
        if not all(x > 0 for x in M.digits.diagonal()):
            raise ArithmeticError("the matrix is not definite: a diagonal entry is not positive")
        # M_ij / 2^(s_i + s_j), with `bits` digits behind the point
        self.scale = np.array(
            [(int(x).bit_length() + 1) // 2 for x in M.digits.diagonal()], dtype=object
        )
        self.exponent = M.exponent
        shifts = bits - self.scale[:, None] - self.scale
        rest = np.where(
            shifts >= 0, M.digits << np.maximum(shifts, 0), M.digits >> np.maximum(-shifts, 0)
        )
        self.pivots: list[int] = []
        self.columns: list[Array] = []
        for _ in range(n):
            pivot = rest[0, 0]
            column = rest[1:, 0]
            if pivot <= 0:
                raise ArithmeticError("the matrix is not definite at this number of digits")
            left = (column << bits) // pivot
            rest = rest[1:, 1:] - ((left[:, None] * column) >> bits)
            self.pivots.append(pivot)
            self.columns.append(left)

    def solve(self, right: Whole) -> Whole:
        """M^-1 R for R (n, columns)."""
        bits = self.bits
        scale = self.scale[:, None]
        # S^-1 R with its largest entry at about 2 * bits digits
        lift = int(scale.max()) + 2 * bits
        z = (right.digits << lift) >> scale
        drop = max(0, max((abs(x).bit_length() for x in z.flat), default=0) - 2 * bits)
        z = z >> drop
        for k, column in enumerate(self.columns):
            z[k + 1 :] -= (column[:, None] * z[k]) >> bits
        z = (z << bits) // np.array(self.pivots, dtype=object)[:, None]
        for k in reversed(range(len(self.columns))):
            z[k] -= (self.columns[k][:, None] * z[k + 1 :]).sum(axis=0) >> bits
        top = int(scale.max())
        return Whole(z << (top - scale), right.exponent - self.exponent - lift + drop - top)
