"""Bounded work: the cost of an operation is known from the lengths of its operands, before it is
done.

With whole numbers of m and n bits a product, a quotient and a greatest common divisor take about m
n elementary steps. The sum and the product of two fractions are made of these, and so is a
comparison.
"""

from typing import Any

from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.refusal import TooLarge

WORK = 15 * 10**11
"""What the re-check of one certificate may cost, in steps on two bits: about two seconds."""
HELD = 4 * 10**8
"""Bits of all results of one run of a program together: 50 MB."""
OPERATION = 3 * 10**6
"""What an operation on fractions costs whatever their lengths are."""
ENCLOSED = 8 * 10**6
"""The same on enclosures."""


class Budget:
    """Work that is left."""

    def __init__(self, work: int = WORK) -> None:
        self.left = work

    def spend(self, work: int) -> None:
        """Take some of it.

        Raises
        ------
        TooLarge
            there is not enough left.
        """
        self.left -= work
        if self.left < 0:
            raise TooLarge(
                "the check takes more work than any certificate is given: use a smaller instance "
                "or box"
            )

    def operation(self, sign: str, left: Any, right: Any) -> None:
        """Take the cost of ``left sign right`` from it, for numbers and any operation or relation.

        Raises
        ------
        TooLarge
            there is not enough left.
        """
        self.of_sizes(sign, size(left), right if sign == "**" else size(right), fixed(left))

    def of_sizes(self, sign: str, left: int, right: int, least: int) -> None:
        """The same for operands of so many bits; of ``**`` the right one is the exponent itself."""
        if sign == "**":
            cost = (left * right) ** 2
        else:
            cost = left * right
        # a quotient of enclosures is a reciprocal and a product
        self.spend((2 * least if sign == "/" else least) + cost)


def fixed(x: Any) -> int:
    """What an operation on such a number costs at least."""
    if isinstance(x, Enclosure):
        return ENCLOSED
    return OPERATION


def size(x: Any) -> int:
    """Bits of a fraction, a whole number or, both ends together, an enclosure."""
    if not isinstance(x, Enclosure):
        return int(x.numerator.bit_length() + x.denominator.bit_length() + 1)
    low = x.lower
    high = x.upper
    return (
        low.numerator.bit_length()
        + low.denominator.bit_length()
        + high.numerator.bit_length()
        + high.denominator.bit_length()
    )
