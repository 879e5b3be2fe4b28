"""Intervals with rational ends: exact, and so never wider than outward-rounded ones."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from quadmeta.certificates.quick import Quick, quick


@dataclass(eq=False, slots=True)
class Enclosure:
    """All numbers from ``lower`` to ``upper``; ``+ - * /``, integer powers and abs enclose every
    result.

    Comparisons are statements that are certain. A divisor that holds 0 is a ``ZeroDivisionError``.
    """

    lower: Fraction
    upper: Fraction

    @staticmethod
    def of(x: "Exact") -> "Enclosure":
        """A number as an interval of width 0."""
        if isinstance(x, Enclosure):
            return x
        end = Quick(x) if isinstance(x, int) else quick(x)
        return Enclosure(end, end)

    def __add__(self, other: "Exact") -> "Enclosure":
        b = Enclosure.of(other)
        return Enclosure(self.lower + b.lower, self.upper + b.upper)

    def __sub__(self, other: "Exact") -> "Enclosure":
        b = Enclosure.of(other)
        return Enclosure(self.lower - b.upper, self.upper - b.lower)

    def __mul__(self, other: "Exact") -> "Enclosure":
        b = Enclosure.of(other)
        if self.lower.numerator >= 0 and b.lower.numerator >= 0:
            return Enclosure(self.lower * b.lower, self.upper * b.upper)
        # the corners that can be least and greatest, by the signs of both factors
        if self.lower.numerator >= 0:
            if b.upper.numerator < 0:
                return Enclosure(self.upper * b.lower, self.lower * b.upper)
            return Enclosure(self.upper * b.lower, self.upper * b.upper)
        if self.upper.numerator <= 0:
            if b.upper.numerator <= 0:
                return Enclosure(self.upper * b.upper, self.lower * b.lower)
            if b.lower.numerator > 0:
                return Enclosure(self.lower * b.upper, self.upper * b.lower)
            return Enclosure(self.lower * b.upper, self.lower * b.lower)
        if b.lower.numerator >= 0:
            return Enclosure(self.lower * b.upper, self.upper * b.upper)
        if b.upper.numerator <= 0:
            return Enclosure(self.upper * b.lower, self.lower * b.lower)
        return Enclosure(
            min(self.lower * b.upper, self.upper * b.lower),
            max(self.lower * b.lower, self.upper * b.upper),
        )

    def __truediv__(self, other: "Exact") -> "Enclosure":
        b = Enclosure.of(other)
        if b.lower.numerator <= 0 <= b.upper.numerator:
            raise ZeroDivisionError("the divisor holds 0")
        return self * Enclosure(1 / b.upper, 1 / b.lower)

    def __pow__(self, exponent: int) -> "Enclosure":
        if exponent < 0:
            return Enclosure.of(1) / self**-exponent
        base = abs(self) if exponent % 2 == 0 else self
        return Enclosure(base.lower**exponent, base.upper**exponent)

    def __abs__(self) -> "Enclosure":
        if self.lower.numerator >= 0:
            return self
        if self.upper.numerator <= 0:
            return Enclosure(-self.upper, -self.lower)
        return Enclosure(Quick(0), max(-self.lower, self.upper))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: "Exact") -> "Enclosure":
        return Enclosure.of(other) - self

    def __rtruediv__(self, other: "Exact") -> "Enclosure":
        return Enclosure.of(other) / self

    def __lt__(self, other: "Exact") -> bool:
        return self.upper < Enclosure.of(other).lower

    def __le__(self, other: "Exact") -> bool:
        return self.upper <= Enclosure.of(other).lower

    def __gt__(self, other: "Exact") -> bool:
        return self.lower > Enclosure.of(other).upper

    def __ge__(self, other: "Exact") -> bool:
        return self.lower >= Enclosure.of(other).upper

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Exact):
            return NotImplemented
        return self <= other and self >= other

    def __ne__(self, other: object) -> bool:
        if not isinstance(other, Exact):
            return NotImplemented
        return self < other or self > other


Exact: TypeAlias = Fraction | int | Enclosure
"""What a re-check computes with."""
