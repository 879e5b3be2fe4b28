"""Functions of an eigenvalue with their divided differences: the upper triangular matrices

    f([[x, 1], [0, y]]) = [[f(x), f[x, y]], [0, f(y)]],   f[x, y] = (f(x) - f(y)) / (x - y),

at many x and y at once. Any recursion in ``+ - * / **`` that is run in them gives the divided
differences of its result without a division by x - y, at x = y too (Opitz 1964).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array
from quadmeta.arithmetic.jet import Jet

_LARGE = 2.0**300
"""Above this a float array is divided by a power of two, which ``exponent`` counts."""


@dataclass(frozen=True, eq=False)
class Differences:
    """f at the points x_i and y_j, and f[x_i, y_j], all over 2^``exponent``.

    Entries are arrays of float64, or of any exact number type as objects; those never overflow, and
    their exponent stays 0.

    Examples
    --------
    The square has the divided difference x + y:

    >>> import numpy as np
    >>> lam = Differences.identity(np.array([1.0, 2.0]))
    >>> (lam * lam).between
    array([[2., 3.],
           [3., 4.]])
    """

    __array_ufunc__ = None

    left: Any
    """f(x_i), shape (m,)."""
    between: Any
    """f[x_i, y_j], shape (m, n)."""
    right: Any
    """f(y_j), shape (n,)."""
    exponent: int = 0

    @classmethod
    def identity(cls, x: Array, y: Array | None = None) -> "Differences":
        """f(z) = z at the points x (m,) and y (n,), by default the same ones."""
        if y is None:
            y = x
        return cls(x, x[:, None] * 0 + y * 0 + 1, y)

    def _scaled(self, number: Any) -> "Differences":
        """The product with a number."""
        return Differences(
            self.left * number, self.between * number, self.right * number, self.exponent
        )

    def _aligned(self, exponent: int) -> tuple[Any, Any, Any]:
        """The entries over another, larger power of two."""
        parts = (self.left, self.between, self.right)
        down = self.exponent - exponent
        if down == 0:
            return parts
        left, between, right = (np.ldexp(part, max(down, -5000)) for part in parts)
        return left, between, right

    def _combined(self, other: "Differences", add: Callable[[Any, Any], Any]) -> "Differences":
        exponent = max(self.exponent, other.exponent)
        pairs = zip(self._aligned(exponent), other._aligned(exponent), strict=True)
        left, between, right = (add(x, y) for x, y in pairs)
        return Differences(left, between, right, exponent)

    def constant(self, number: Any) -> "Differences":
        """The constant function at the same points."""
        return Differences(self.left * 0 + number, self.between * 0, self.right * 0 + number, 0)

    def __add__(self, other: Any) -> "Differences":
        if isinstance(other, Jet):
            return NotImplemented
        if not isinstance(other, Differences):
            other = self.constant(other)
        return self._combined(other, lambda x, y: x + y)

    def __sub__(self, other: Any) -> "Differences":
        if isinstance(other, Jet):
            return NotImplemented
        if not isinstance(other, Differences):
            other = self.constant(other)
        return self._combined(other, lambda x, y: x - y)

    def __rsub__(self, other: Arithmetic) -> "Differences":
        return self.constant(other) - self

    def __neg__(self) -> "Differences":
        return self._scaled(-1)

    def __mul__(self, other: Any) -> "Differences":
        """(f g)[x, y] = f(x) g[x, y] + f[x, y] g(y)."""
        if isinstance(other, Jet):
            return NotImplemented
        if not isinstance(other, Differences):
            return self._scaled(other)
        between = self.left[:, None] * other.between + self.between * other.right
        return Differences(
            self.left * other.left,
            between,
            self.right * other.right,
            self.exponent + other.exponent,
        )._lowered()

    def _lowered(self) -> "Differences":
        """The same over a larger power of two, where an entry is large."""
        parts = (self.left, self.between, self.right)
        if self.between.dtype == object:
            return self
        size = max(float(np.abs(part).max(initial=0.0)) for part in parts)
        if not _LARGE < size < np.inf:
            return self
        down = int(np.frexp(size)[1])
        left, between, right = (np.ldexp(part, -down) for part in parts)
        return Differences(left, between, right, self.exponent + down)

    def __truediv__(self, other: Any) -> "Differences":
        if isinstance(other, Jet):
            return NotImplemented
        if not isinstance(other, Differences):
            return Differences(
                self.left / other, self.between / other, self.right / other, self.exponent
            )
        return self * other.inverse()

    def __rtruediv__(self, other: Arithmetic) -> "Differences":
        return self.inverse()._scaled(other)

    def inverse(self) -> "Differences":
        """1 / f: (1 / f)[x, y] = -f[x, y] / (f(x) f(y))."""
        product = self.left[:, None] * self.right
        return Differences(1 / self.left, -self.between / product, 1 / self.right, -self.exponent)

    def __pow__(self, exponent: int) -> "Differences":
        """A whole power, by squaring."""
        if exponent < 0:
            return self.inverse() ** -exponent
        found = self.constant(1)
        for bit in bin(exponent)[2:]:
            found = found * found
            if bit == "1":
                found = found * self
        return found

    __radd__ = __add__
    __rmul__ = __mul__
