"""Values with their first and second derivatives in k parameters: forward differentiation of a
formula of + - *.

    (xy)_i = x_i y + x y_i,   (xy)_ij = x_ij y + x_i y_j + x_j y_i + x y_ij
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Array = Any


@dataclass(frozen=True, eq=False)
class Jet:
    """A number or array, and its derivatives in k parameters as numbers or arrays of their own, in
    any arithmetic.

    Entries broadcast like their value; a derivative that vanishes may be the int 0.
    """

    __array_ufunc__ = None

    value: Array
    first: tuple[Array, ...]
    second: tuple[tuple[Array, ...], ...]
    """Symmetric, k by k; empty where only first derivatives are carried."""

    @classmethod
    def parameters(cls, theta: Sequence[Array], order: int = 2) -> "tuple[Jet, ...]":
        """The k numbers (or arrays) of ``theta`` as independent parameters."""
        k = len(theta)
        if order == 2:
            second = ((0,) * k,) * k
        else:
            second = ()
        return tuple(
            cls(x, tuple(int(i == j) for j in range(k)), second) for i, x in enumerate(theta)
        )

    def map(self, linear: Callable[[Array], Array]) -> "Jet":
        """The image of value and derivatives under a linear map."""
        at: Callable[[Array], Array] = lambda x: linear(x + 0 * self.value)  # noqa: E731 (an int 0 takes the shape)
        return Jet(
            linear(self.value),
            tuple(map(at, self.first)),
            tuple(tuple(map(at, row)) for row in self.second),
        )

    def __add__(self, other: Any) -> "Jet":
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.first, self.second)
        first = tuple(x + y for x, y in zip(self.first, other.first, strict=True))
        second = tuple(
            tuple(x + y for x, y in zip(*rows, strict=True))
            for rows in zip(self.second, other.second, strict=True)
        )
        return Jet(self.value + other.value, first, second)

    def __mul__(self, other: Any) -> "Jet":
        if not isinstance(other, Jet):
            return Jet(
                self.value * other,
                tuple(x * other for x in self.first),
                tuple(tuple(x * other for x in row) for row in self.second),
            )
        x = self.value
        y = other.value
        x1 = self.first
        y1 = other.first
        k = len(self.second)
        second = tuple(
            tuple(
                self.second[i][j] * y + x1[i] * y1[j] + x1[j] * y1[i] + x * other.second[i][j]
                for j in range(k)
            )
            for i in range(k)
        )
        return Jet(x * y, tuple(a * y + x * b for a, b in zip(x1, y1, strict=True)), second)

    def __truediv__(self, other: Any) -> "Jet":
        """By a constant."""
        return Jet(
            self.value / other,
            tuple(x / other for x in self.first),
            tuple(tuple(x / other for x in row) for row in self.second),
        )

    def __neg__(self) -> "Jet":
        return self * -1

    def __sub__(self, other: Any) -> "Jet":
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> "Jet":
        return (-self).__add__(other)

    __radd__ = __add__
    __rmul__ = __mul__
