"""Intervals with rational ends: exact, and so never wider than outward-rounded ones."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, eq=False)
class Enclosure:
    """All numbers from ``lower`` to ``upper``; ``+ - * /``, integer powers and abs enclose every
    result.

    Comparisons are statements that are certain. A divisor that holds 0 is a ``ZeroDivisionError``.
    """

    lower: Fraction
    upper: Fraction

    @staticmethod
    def of(x: Any) -> "Enclosure":
        """A number as an interval of width 0."""
        if isinstance(x, Enclosure):
            return x
        if type(x) is Fraction:
            end = x
        else:
            end = Fraction(x)
        return Enclosure(end, end)

    def __add__(self, other: Any) -> "Enclosure":
        b = Enclosure.of(other)
        return Enclosure(self.lower + b.lower, self.upper + b.upper)

    def __sub__(self, other: Any) -> "Enclosure":
        b = Enclosure.of(other)
        return Enclosure(self.lower - b.upper, self.upper - b.lower)

    def __mul__(self, other: Any) -> "Enclosure":
        b = Enclosure.of(other)
        if self.lower.numerator >= 0 and b.lower.numerator >= 0:
            return Enclosure(self.lower * b.lower, self.upper * b.upper)
        # the corners that can be least and greatest, by the signs of the first factor
        if self.lower.numerator >= 0:
            high = (self.lower if b.upper.numerator < 0 else self.upper) * b.upper
            return Enclosure(self.upper * b.lower, high)
        if self.upper.numerator <= 0:
            low = (self.lower if b.upper.numerator > 0 else self.upper) * b.upper
            high = (self.upper if b.lower.numerator > 0 else self.lower) * b.lower
            return Enclosure(low, high)
        if b.lower.numerator >= 0:
            return Enclosure(self.lower * b.upper, self.upper * b.upper)
        if b.upper.numerator <= 0:
            return Enclosure(self.upper * b.lower, self.lower * b.lower)
        return Enclosure(
            min(self.lower * b.upper, self.upper * b.lower),
            max(self.lower * b.lower, self.upper * b.upper),
        )

    def __truediv__(self, other: Any) -> "Enclosure":
        b = Enclosure.of(other)
        if b.lower.numerator <= 0 <= b.upper.numerator:
            raise ZeroDivisionError("the divisor holds 0")
        return self * Enclosure(1 / b.upper, 1 / b.lower)

    def __pow__(self, exponent: int) -> "Enclosure":
        if exponent < 0:
            return Enclosure.of(1) / self**-exponent
        if exponent % 2 == 0:
            base = abs(self)
        else:
            base = self
        return Enclosure(base.lower**exponent, base.upper**exponent)

    def __abs__(self) -> "Enclosure":
        if self.lower.numerator >= 0:
            return self
        if self.upper.numerator <= 0:
            return Enclosure(-self.upper, -self.lower)
        return Enclosure(Fraction(0), max(-self.lower, self.upper))

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> "Enclosure":
        return Enclosure.of(other) - self

    def __rtruediv__(self, other: Any) -> "Enclosure":
        return Enclosure.of(other) / self

    def __lt__(self, other: Any) -> bool:
        return self.upper < Enclosure.of(other).lower

    def __le__(self, other: Any) -> bool:
        return self.upper <= Enclosure.of(other).lower

    def __gt__(self, other: Any) -> bool:
        return self.lower > Enclosure.of(other).upper

    def __ge__(self, other: Any) -> bool:
        return self.lower >= Enclosure.of(other).upper

    def __eq__(self, other: object) -> bool:
        return self <= other and self >= other

    def __ne__(self, other: object) -> bool:
        return self < other or self > other
