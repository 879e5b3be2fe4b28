"""Jets of 106 bits with value and derivatives in the rows of one array.

A ``Jet`` of ``DoubleDouble`` multiplies its entries one at a time: 17 products and 11 sums for
two parameters. Here a product of jets is four products of arrays and three sums, and every number
is split once. Each number is the one that ``Jet`` gives, to the last bit.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet


class _Pairs(NamedTuple):
    """The rows x_i and x_j of every second derivative ij."""

    left: Array
    right: Array


@cache
def _pairs(k: int) -> _Pairs:
    """The pairs of rows for k parameters."""
    return _Pairs(*(1 + np.array(_triangle(k)).T))


def _triangle(k: int) -> list[tuple[int, int]]:
    """The index pairs i <= j below k."""
    return [(i, j) for i in range(k) for j in range(i, k)]


@dataclass(frozen=True, eq=False)
class StackedJet:
    """A number with its derivatives in k parameters: rows of one ``DoubleDouble`` (m, n).

    Row 0 is the value (n,), rows 1 to k are the first derivatives, and the rest are the second
    derivatives ij with i <= j, or nothing. Jets combine with jets of the same k and order.
    """

    rows: DoubleDouble
    k: int

    @classmethod
    def of(cls, jet: Jet) -> "StackedJet":
        """The same of a Jet with a ``DoubleDouble`` as value, flattened, its entries broadcast."""
        jet = jet.map(lambda x: x)
        second = [jet.second[i][j] for i, j in _triangle(len(jet.second))]
        entries = [jet.value, *jet.first, *second]
        hi = np.stack([x.hi.ravel() for x in entries])
        lo = np.stack([x.lo.ravel() for x in entries])
        return cls(DoubleDouble(hi, lo), len(jet.first))

    def jet(self, shape: tuple[int, ...]) -> Jet:
        """As a Jet of entries of this shape."""
        rows = self.rows
        entries = [
            DoubleDouble(hi.reshape(shape), lo.reshape(shape))
            for hi, lo in zip(rows.hi, rows.lo, strict=True)
        ]
        second: dict[tuple[int, int], DoubleDouble] = {}
        if len(entries) > 1 + self.k:
            second.update(zip(_triangle(self.k), entries[1 + self.k :], strict=True))
        k = range(self.k if second else 0)
        return Jet(
            entries[0],
            tuple(entries[1 : 1 + self.k]),
            tuple(tuple(second[min(i, j), max(i, j)] for j in k) for i in k),
        )

    @property
    def value(self) -> Array:
        """The value (n,), rounded to float64."""
        value: Array = self.rows.hi[0]
        return value

    def plus(self, number: float) -> "StackedJet":
        """The sum with a constant."""
        hi = self.rows.hi.copy()
        lo = self.rows.lo.copy()
        value = DoubleDouble(hi[0], lo[0]) + number
        hi[0] = value.hi
        lo[0] = value.lo
        return StackedJet(DoubleDouble(hi, lo), self.k)

    def times(self, power_of_two: float) -> "StackedJet":
        """The product with 0.5, 2, 4 or their negatives, or with 0: exact."""
        rows = self.rows
        return StackedJet(DoubleDouble(rows.hi * power_of_two, rows.lo * power_of_two), self.k)

    def ldexp(self, exponent: Array) -> "StackedJet":
        """The product with 2**exponent, integers (n,)."""
        return StackedJet(self.rows.ldexp(exponent), self.k)

    def at(self, index: Array | slice) -> "StackedJet":
        """The entries at an index, a mask or a slice of n."""
        return StackedJet(DoubleDouble(self.rows.hi[:, index], self.rows.lo[:, index]), self.k)

    def __add__(self, other: "StackedJet") -> "StackedJet":
        return StackedJet(self.rows + other.rows, self.k)

    def __mul__(self, other: "StackedJet") -> "StackedJet":
        if other is self:
            return self._square()
        k = self.k
        x = self.rows
        y = other.rows
        found = x * y.at(slice(1))
        if len(x.hi) > 1:
            rest = x.at(slice(1)) * y.at(slice(1, None))
            ij = _pairs(k)
            if len(x.hi) > 1 + k:
                # x_ij y + x_i y_j + x_j y_i, and last x y_ij
                one = x.at(ij.left) * y.at(ij.right)
                mirrored = x.at(ij.right) * y.at(ij.left) if k > 1 else one
                _put(found, 1 + k, found.at(slice(1 + k, None)) + one + mirrored)
            _put(found, 1, found.at(slice(1, None)) + rest)
        return StackedJet(found, k)

    def _square(self) -> "StackedJet":
        """The same with half of the products: those of ``DoubleDouble`` commute to the last bit."""
        k = self.k
        x = self.rows
        found = x * x.at(slice(1))
        if len(x.hi) > 1:
            rest = found.at(slice(1, None))
            total = DoubleDouble(rest.hi.copy(), rest.lo.copy())
            ij = _pairs(k)
            if len(x.hi) > 1 + k:
                both = x.at(ij.left) * x.at(ij.right)
                _put(total, k, rest.at(slice(k, None)) + both + both)
            _put(found, 1, total + rest)
        return StackedJet(found, k)


def _put(x: DoubleDouble, start: int, rows: DoubleDouble) -> None:
    """New rows from ``start`` on, in a number that nothing has used yet."""
    x.hi[start:] = rows.hi
    x.lo[start:] = rows.lo
