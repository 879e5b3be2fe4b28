"""Numbers that carry their derivatives: forward differentiation of a formula of ``+ - * / **``.

A jet is a value x with its first derivatives x_i and second derivatives x_ij in k parameters. Sums
and products of jets follow the rules of calculus,

    (x y)_i = x_i y + x y_i,   (x y)_ij = x_ij y + x_i y_j + x_j y_i + x y_ij,
    q = x / y:   q_i = (x_i - q y_i) / y,   q_ij = (x_ij - q_i y_j - q_j y_i - q y_ij) / y,

so that a formula that is evaluated at jets gives its own derivatives along with its value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from quadmeta._types import Arithmetic
from quadmeta._validate import show, whole
from quadmeta.arithmetic.double_double import DoubleDouble


@dataclass(frozen=True, eq=False)
class Jet:
    """A number or array, and its derivatives in k parameters, in any arithmetic.

    Entries broadcast like their value; a derivative that vanishes may be the int 0. Jets combine
    with jets of the same k and order, and with constants on either side. A jet that carries first
    derivatives alone costs less; nested (jets whose values are jets) it gives second ones too.

    Examples
    --------
    >>> from fractions import Fraction
    >>> x, y = Jet.parameters([Fraction(1), Fraction(2)])
    >>> z = x**2 / y
    >>> z.first
    (Fraction(1, 1), Fraction(-1, 4))
    >>> z.second[0]
    (Fraction(1, 1), Fraction(-1, 2))
    """

    __array_ufunc__ = None

    value: Any
    first: tuple[Any, ...]
    """k derivatives."""
    second: tuple[tuple[Any, ...], ...]
    """Symmetric, k by k; empty where only first derivatives are carried."""

    @classmethod
    def parameters(cls, theta: Sequence[Any], order: int = 2) -> "tuple[Jet, ...]":
        """The k numbers (or arrays) of ``theta`` as independent parameters."""
        k = len(theta)
        second = ((0,) * k,) * k if order == 2 else ()
        return tuple(
            cls(x, tuple(int(i == j) for j in range(k)), second) for i, x in enumerate(theta)
        )

    @property
    def _k(self) -> range:
        """The indices of second derivatives, none where they are not carried."""
        return range(len(self.second))

    def map(self, linear: Callable[[Any], Any]) -> "Jet":
        """The image of value and derivatives under a linear map."""
        # a derivative that is the int 0 takes the shape of the value
        nothing = 0 * self.value

        def image(x: Any) -> Any:
            if isinstance(x, DoubleDouble) and x.hi.shape == nothing.hi.shape:
                return linear(x)
            return linear(x + nothing)

        return Jet(
            linear(self.value),
            tuple(map(image, self.first)),
            tuple(tuple(map(image, row)) for row in self.second),
        )

    def _each(self, linear: Callable[[Any], Any], value: Arithmetic) -> "Jet":
        """``value`` with the derivatives of this jet under a linear map of each."""
        first = tuple(map(linear, self.first))
        return Jet(value, first, tuple(tuple(map(linear, row)) for row in self.second))

    def __add__(self, other: Arithmetic) -> "Jet":
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.first, self.second)
        first = tuple(x + y for x, y in zip(self.first, other.first, strict=True))
        second = tuple(
            tuple(x + y for x, y in zip(*rows, strict=True))
            for rows in zip(self.second, other.second, strict=True)
        )
        return Jet(self.value + other.value, first, second)

    def __mul__(self, other: Arithmetic) -> "Jet":
        if not isinstance(other, Jet):
            return self._each(lambda x: x * other, self.value * other)
        x = self.value
        y = other.value
        xi = self.first
        yi = other.first
        if self is other and isinstance(x, DoubleDouble):
            return self._square()

        def entry(i: int, j: int) -> Any:
            return self.second[i][j] * y + xi[i] * yi[j] + xi[j] * yi[i] + x * other.second[i][j]

        second = _rows(entry, len(self.second), isinstance(x, DoubleDouble))
        return Jet(x * y, tuple(a * y + x * b for a, b in zip(xi, yi, strict=True)), second)

    def _square(self) -> "Jet":
        """The same with half of the products: those of ``DoubleDouble`` commute to the last bit."""
        x = self.value
        xi = self.first
        slope = [a * x for a in xi]

        def entry(i: int, j: int) -> Any:
            bend = self.second[i][j] * x
            both = xi[i] * xi[j]
            return bend + both + both + bend

        return Jet(x * x, tuple(a + a for a in slope), _rows(entry, len(self.second), True))

    def __truediv__(self, other: Arithmetic) -> "Jet":
        if not isinstance(other, Jet):
            return self._each(lambda x: x / other, self.value / other)
        y = other.value
        yi = other.first
        value = self.value / y
        first = tuple((a - value * b) / y for a, b in zip(self.first, yi, strict=True))
        second = tuple(
            tuple(
                (
                    self.second[i][j]
                    - first[i] * yi[j]
                    - first[j] * yi[i]
                    - value * other.second[i][j]
                )
                / y
                for j in self._k
            )
            for i in self._k
        )
        return Jet(value, first, second)

    def __rtruediv__(self, other: Arithmetic) -> "Jet":
        k = len(self.second)
        return Jet(other, (0,) * len(self.first), ((0,) * k,) * k) / self

    def __pow__(self, exponent: int) -> "Jet":
        """A whole power n: (x^n)_i = n x^(n-1) x_i, (x^n)_ij = n x^(n-1) x_ij + n (n-1) x^(n-2)
        x_i x_j.

        Raises
        ------
        ValueError
            ``exponent`` is not a whole number.
        """
        if not whole(exponent):
            raise ValueError(
                f"exponent = {show(exponent)} must be a whole number: a jet is differentiated in "
                "+ - * / ** alone"
            )
        n = int(exponent)
        x = self.value
        xi = self.first
        # no negative power where its coefficient is 0, so that x = 0 has its derivatives
        slope: Any = 0
        bend: Any = 0
        if n != 0:
            slope = n * x ** (n - 1)
        if n not in (0, 1) and self.second:
            bend = n * (n - 1) * x ** (n - 2)
        second = tuple(
            tuple(slope * self.second[i][j] + bend * (xi[i] * xi[j]) for j in self._k)
            for i in self._k
        )
        return Jet(x**n, tuple(slope * a for a in xi), second)

    # as sums and products: programs that are published have these operations in this order
    def __neg__(self) -> "Jet":
        return self * -1

    def __sub__(self, other: Arithmetic) -> "Jet":
        return self.__add__(-other)

    def __rsub__(self, other: Arithmetic) -> "Jet":
        return (-self).__add__(other)

    __radd__ = __add__
    __rmul__ = __mul__


def _rows(entry: Callable[[int, int], Any], k: int, mirrored: bool) -> tuple[tuple[Any, ...], ...]:
    """A symmetric k by k matrix, entry by entry, or one triangle computed and the other the same.

    Programs that are published compute both.
    """
    if not mirrored:
        return tuple(tuple(entry(i, j) for j in range(k)) for i in range(k))
    found = {(i, j): entry(i, j) for i in range(k) for j in range(i, k)}
    return tuple(tuple(found[min(i, j), max(i, j)] for j in range(k)) for i in range(k))
