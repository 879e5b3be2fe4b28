"""Functions of an eigenvalue and of parameters, with their divided differences and derivatives.

A germ is a function f(lambda; theta) at nodes lambda_1..lambda_d and one theta in R^k: its values,
its first and second divided differences over the nodes, its first and second derivatives in theta,
and the derivatives of its first differences. Sums and products follow from

    (f g)[x, y] = f(x) g[x, y] + f[x, y] g(y),
    (f g)[x, z, y] = f(x) g[x, z, y] + f[x, z] g[z, y] + f[x, z, y] g(y)

and from Leibniz' rule in theta, so that a recursion in ``+ - * / **`` that is evaluated at germs
gives differences without a division by x - y: equal nodes are like any others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import show, whole

Part = Any
"""An array, or the int 0 for a part that vanishes."""


@dataclass(frozen=True, eq=False)
class Germ:
    """f(lambda; theta) at B batches of d nodes, up to total order 0, 1 or 2.

    Germs combine with germs of the same nodes and order, and with numbers on either side. Axes of
    length 1 stand for all entries that are equal.

    Examples
    --------
    (lambda theta)^2 at lambda = 1, 3 and theta = 2: its difference f[1, 3] = 16.

    >>> import numpy as np
    >>> lam, theta = Germ.variables(np.array([[1.0, 3.0]]), [2.0], order=2)
    >>> f = (lam * theta) ** 2
    >>> f.value, f.slopes[0]
    (array([[ 4., 36.]]), array([[ 8., 16.],
           [16., 24.]]))
    """

    __array_ufunc__ = None

    order: int
    value: Part
    """f(lambda_i), (B, d)."""
    slopes: Part = 0
    """f[lambda_i, lambda_j], (B, d, d)."""
    bends: Part = 0
    """f[lambda_i, lambda_z, lambda_j], (B, d, d, d)."""
    first: Part = 0
    """d f(lambda_i) / d theta_a, (k, B, d)."""
    mixed: Part = 0
    """d f[lambda_i, lambda_j] / d theta_a, (k, B, d, d)."""
    second: Part = 0
    """d^2 f(lambda_i) / d theta_a d theta_b, (k, k, B, d)."""

    @classmethod
    def variables(cls, nodes: Array, theta: Sequence[Any], order: int) -> "tuple[Germ, ...]":
        """lambda at the nodes (B, d), and each parameter, as germs of this order."""
        one = np.ones((1, 1, 1))
        lam = cls(order, nodes, one if order else 0)
        units = np.eye(len(theta))[:, :, None, None]
        parameters = (
            cls(order, np.asarray([[x]], dtype=nodes.dtype), first=unit if order else 0)
            for x, unit in zip(theta, units, strict=True)
        )
        return (lam, *parameters)

    def constant(self, number: float) -> "Germ":
        """A number as a germ of the same order."""
        return Germ(self.order, np.full((1, 1), number))

    def as_floats(self) -> "Germ":
        """The same in float64."""
        return self._each(lambda x: x.astype(float))

    @property
    def _parts(self) -> tuple[Part, ...]:
        return self.value, self.slopes, self.bends, self.first, self.mixed, self.second

    def _each(self, linear: Callable[[Array], Array]) -> "Germ":
        return Germ(self.order, *(0 if _zero(x) else linear(x) for x in self._parts))

    def __add__(self, other: "Germ | float") -> "Germ":
        if not isinstance(other, Germ):
            return Germ(self.order, self.value + other, *self._parts[1:])
        return Germ(
            self.order, *(_sum(x, y) for x, y in zip(self._parts, other._parts, strict=True))
        )

    def __mul__(self, other: "Germ | float") -> "Germ":
        if not isinstance(other, Germ):
            return self._each(lambda x: x * other)
        f = (self.value, self.slopes, self.bends)
        g = (other.value, other.slopes, other.bends)
        f_a = (self.first, self.mixed)
        g_a = (other.first, other.mixed)
        value = _product(0, f, g)
        if self.order == 0:
            return Germ(0, value)
        slopes = _product(1, f, g)
        first = _sum(_product(0, f_a, g), _product(0, f, g_a))
        if self.order == 1:
            return Germ(1, value, slopes, first=first)
        both = _times(_row(self.first), _column(other.first))
        both = _sum(both, _times(_column(self.first), _row(other.first)))
        alone = _sum(_times(self.second, other.value), _times(self.value, other.second))
        return Germ(
            2,
            value,
            slopes,
            _product(2, f, g),
            first,
            _sum(_product(1, f_a, g), _product(1, f, g_a)),
            _sum(both, alone),
        )

    def inverse(self) -> "Germ":
        """1 / f, where no value is 0.

        From q f = 1: q[x, y] = -q(x) f[x, y] q(y), q_a = -q^2 f_a, and so on.
        """
        q = 1 / self.value
        known = Germ(self.order, q)
        # Newton's step q <- q (2 - f q) doubles the order to which it is right
        for _ in range(self.order):
            known = known * (2 - self * known)
        return known

    def __truediv__(self, other: "Germ | float") -> "Germ":
        if not isinstance(other, Germ):
            return self._each(lambda x: x / other)
        return self * other.inverse()

    def __rtruediv__(self, other: float) -> "Germ":
        return self.inverse() * other

    def __pow__(self, exponent: int) -> "Germ":
        """A whole power, by squaring.

        Raises
        ------
        ValueError
            ``exponent`` is not a whole number.
        """
        if not whole(exponent):
            raise ValueError(
                f"exponent = {show(exponent)} must be a whole number: a germ takes + - * / ** alone"
            )
        if exponent < 0:
            return self.inverse() ** -exponent
        found = self.constant(1.0)
        square = self
        while exponent:
            if exponent & 1:
                found = found * square
            exponent >>= 1
            if exponent:
                square = square * square
        return found

    def __neg__(self) -> "Germ":
        return self._each(np.negative)

    def __sub__(self, other: "Germ | float") -> "Germ":
        return self + -other

    def __rsub__(self, other: float) -> "Germ":
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__


def _zero(x: Part) -> bool:
    return isinstance(x, int)


def _sum(x: Part, y: Part) -> Part:
    if _zero(x):
        return y
    if _zero(y):
        return x
    return x + y


def _times(x: Part, y: Part) -> Part:
    if _zero(x) or _zero(y):
        return 0
    return x * y


def _row(x: Part) -> Part:
    """(k, ...) as (1, k, ...)."""
    return x if _zero(x) else x[None]


def _column(x: Part) -> Part:
    """(k, ...) as (k, 1, ...)."""
    return x if _zero(x) else x[:, None]


def _product(level: int, f: tuple[Part, ...], g: tuple[Part, ...]) -> Part:
    """The difference of this level of f g: sum_m f[x_0..x_m] g[x_m..x_level]."""
    total: Part = 0
    for m in range(level + 1):
        left = f[m]
        right = g[level - m]
        if _zero(left) or _zero(right):
            continue
        # the nodes of the left factor stand first, those of the right one last
        for _ in range(level - m):
            left = left[..., None]
        for _ in range(m):
            right = np.expand_dims(right, -2 - (level - m))
        total = _sum(total, left * right)
    return total
