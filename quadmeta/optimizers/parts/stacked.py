"""Jets of 106 bits with value and derivatives in the rows of one array.

A ``Jet`` of ``DoubleDouble`` multiplies its entries one at a time: 17 products and 11 sums for
two parameters. Here all products that a product of jets needs are one product of arrays, and its
sums are four at most. Each number is the one that ``Jet`` gives, to the last bit.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet


class _Pairs(NamedTuple):
    """The rows whose products a product of jets x y is summed from, block by block.

    The blocks are every row of x times the value of y, the value of x times every derivative of y,
    and for every second derivative ij the products x_i y_j and x_j y_i.
    """

    left: Array
    right: Array


@cache
def _pairs(k: int, order: int) -> _Pairs:
    """The pairs of rows for k parameters and derivatives up to ``order``."""
    triangle = _triangle(k) if order == 2 else []
    slopes = range(1, k + 1)
    last = range(1, 1 + k + len(triangle))
    left = [0, *last] + [0 for _ in last]
    right = [0 for _ in [0, *last]] + [*last]
    for first, second in ((0, 1), (1, 0)):
        left += [slopes[ij[first]] for ij in triangle]
        right += [slopes[ij[second]] for ij in triangle]
    return _Pairs(np.array(left), np.array(right))


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
        m = len(self.rows.hi)
        k = self.k
        pairs = _pairs(k, 2 if m > 1 + k else 1)
        product = _picked(self.rows, pairs.left) * _picked(other.rows, pairs.right)
        found = _part(product, 0, m)
        if m == 1:
            return StackedJet(found, k)
        if m > 1 + k:
            bend = _part(product, 1 + k, m)
            cross = 2 * m - 1
            bend = bend + _part(product, cross, cross + m - 1 - k)
            bend = bend + _part(product, cross + m - 1 - k, cross + 2 * (m - 1 - k))
            found.hi[1 + k :] = bend.hi
            found.lo[1 + k :] = bend.lo
        slopes = _part(found, 1, m) + _part(product, m, 2 * m - 1)
        found.hi[1:] = slopes.hi
        found.lo[1:] = slopes.lo
        return StackedJet(found, k)


def _picked(x: DoubleDouble, index: Array) -> DoubleDouble:
    """Rows of x at an index."""
    return DoubleDouble(x.hi[index], x.lo[index])


def _part(x: DoubleDouble, start: int, stop: int) -> DoubleDouble:
    """Rows of x, a view."""
    return DoubleDouble(x.hi[start:stop], x.lo[start:stop])
