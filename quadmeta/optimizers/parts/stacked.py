"""Jets of 106 bits with value and derivatives in the rows of one array.

A ``Jet`` of ``DoubleDouble`` multiplies its entries one at a time: 17 products and 11 sums for
two parameters. Here a product of jets is one product of arrays, of long rows up to four, and at
most three sums. Each number is the one that ``Jet`` gives, to the last bit.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet

_LARGE = 1000  # numbers in a row, from which on copies of rows take longer than more calls


class _Blocks(NamedTuple):
    """The rows whose products a product of jets x y is summed from.

    The blocks are every row of x times the value of y; the value of x times every derivative of y;
    for every second derivative ij the products x_i y_j, and x_j y_i where there are other ones. A
    square does without the second.
    """

    blocks: list[tuple[Array | slice, Array | slice]]
    left: Array
    """All of them, one after the other."""
    right: Array
    ends: list[int]


@cache
def _blocks(k: int, rows: int, square: bool) -> _Blocks:
    """Those for k parameters and jets of so many rows."""
    first: tuple[Array | slice, Array | slice] = (slice(rows), slice(1))
    blocks = [first]
    if rows > 1 and not square:
        blocks.append((slice(1), slice(1, rows)))
    if rows > 1 + k:
        i, j = 1 + np.array(_triangle(k)).T.copy()
        blocks.append((i, j))
        if k > 1 and not square:
            blocks.append((j, i))
    number = np.arange(rows)
    pairs = [np.broadcast_arrays(number[a], number[b]) for a, b in blocks]
    left, right = (np.concatenate(x) for x in zip(*pairs, strict=True))
    ends = np.cumsum([len(a) for a, _ in pairs]).tolist()
    return _Blocks(blocks, left, right, ends)


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

    def reciprocal(self, where: Array) -> "StackedJet":
        """1 / x of jets with a value (n,) and at most first derivatives, 0 outside ``where``."""
        x = DoubleDouble(np.where(where, self.rows.hi, 1.0), np.where(where, self.rows.lo, 0.0))
        inverse = _picked(x, slice(1)).reciprocal()
        rest = _picked(x, slice(1, None)) * (inverse * inverse)
        hi = np.concatenate([inverse.hi, -rest.hi])
        lo = np.concatenate([inverse.lo, -rest.lo])
        return StackedJet(DoubleDouble(hi * where, lo * where), self.k)

    def plus(self, number: float | Array) -> "StackedJet":
        """The sum with a constant, or one for each value (n,)."""
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
        k = self.k
        square = other is self
        found, *more = _products(self.rows, other.rows, k, square)
        m = len(found.hi)
        if m == 1:
            return StackedJet(found, k)
        # a square has the rows of its derivatives twice: products commute to the last bit
        if square:
            rest = DoubleDouble(found.hi[1:].copy(), found.lo[1:].copy())
        else:
            rest = more.pop(0)
        if more:
            # x_ij y + x_i y_j + x_j y_i, and last x y_ij
            _put(found, 1 + k, _picked(found, slice(1 + k, m)) + more[0] + more[-1])
        _put(found, 1, _picked(found, slice(1, m)) + rest)
        return StackedJet(found, k)


def _products(x: DoubleDouble, y: DoubleDouble, k: int, square: bool) -> list[DoubleDouble]:
    """The products of each block, at once where rows are short."""
    plan = _blocks(k, len(x.hi), square)
    if x.hi.shape[-1] > _LARGE:
        # each number is split once, for this product and later ones
        _ = x.halves, y.halves
        return [x.at(a) * y.at(b) for a, b in plan.blocks]
    product = _picked(x, plan.left) * _picked(y, plan.right)
    return [
        _picked(product, slice(start, end))
        for start, end in zip([0, *plan.ends], plan.ends, strict=False)
    ]


def _picked(x: DoubleDouble, index: Array | slice) -> DoubleDouble:
    """Rows of x, a view where the index is a slice."""
    return DoubleDouble(x.hi[index], x.lo[index])


def _put(x: DoubleDouble, start: int, rows: DoubleDouble) -> None:
    """New rows from ``start`` on, in a number that nothing has used yet."""
    x.hi[start:] = rows.hi
    x.lo[start:] = rows.lo
