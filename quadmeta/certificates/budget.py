"""Bounded work: the cost of an operation is known from the lengths of its operands, before it is
done.

With whole numbers of m and n bits a product, a quotient and a greatest common divisor take about m
n elementary steps. The sum and the product of two fractions are made of these, and so is a
comparison.
"""

from quadmeta.certificates.enclosure import Enclosure, Exact
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

    def relation(self, left: Exact, right: Exact) -> None:
        """Take the cost of comparing two numbers from it.

        Raises
        ------
        TooLarge
            there is not enough left.
        """
        self.operation("<", size(left), size(right), fixed(left))

    def operation(self, sign: str, left: int, right: int, least: int) -> None:
        """Take the cost of ``left sign right`` from it, for operands of so many bits.

        Parameters
        ----------
        sign
            an operation or a relation.
        left, right
            bits of the operands; of ``**`` the right one is the exponent itself.
        least
            what the operation costs whatever their lengths are.

        Raises
        ------
        TooLarge
            there is not enough left.
        """
        cost = left * right
        if sign == "**":
            cost = cost**2
        if sign == "/":  # of enclosures: a reciprocal and a product
            least = 2 * least
        self.spend(least + cost)


def fixed(x: Exact) -> int:
    """What an operation on such a number costs at least."""
    if isinstance(x, Enclosure):
        return ENCLOSED
    return OPERATION


def size(x: Exact) -> int:
    """Bits of a fraction, a whole number or, both ends together, an enclosure."""
    if not isinstance(x, Enclosure):
        return x.numerator.bit_length() + x.denominator.bit_length() + 1
    lower = x.lower
    upper = x.upper
    return (
        lower.numerator.bit_length()
        + lower.denominator.bit_length()
        + upper.numerator.bit_length()
        + upper.denominator.bit_length()
    )
