"""Automatic differentiation as JAX and PyTorch do it, in plain numpy, of float32 or float64.

A number knows what it was computed from, with the linear rule of each step. Forward mode applies
the rules to tangents, reverse mode to cotangents: all rules are diagonal, but for the product with
a symmetric matrix, so that a rule is its own transpose. As there,

    sqrt: t * (0.5 / sqrt(x)),     x / y: t / y and -t x / y^2,     where: t or 0,

so that 0 times 1 / 0 is nan.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from quadmeta.typing import Array

Linear = Callable[[Array], Array]


class Number:
    """An array with the numbers it was computed from, each with its rule."""

    __array_ufunc__ = None

    def __init__(self, value: Array, *parents: tuple["Number", Linear]) -> None:
        self.value = value
        self.parents = parents

    def __add__(self, other: Any) -> "Number":
        if not isinstance(other, Number):
            return Number(self.value + other, (self, _same))
        return Number(self.value + other.value, (self, _same), (other, _same))

    def __mul__(self, other: Any) -> "Number":
        if not isinstance(other, Number):
            return Number(self.value * other, (self, lambda t: t * other))
        x = self.value
        y = other.value
        return Number(x * y, (self, lambda t: t * y), (other, lambda t: t * x))

    def __truediv__(self, other: "Number") -> "Number":
        x = self.value
        y = other.value
        steep = y**-2
        return Number(x / y, (self, lambda t: t / y), (other, lambda t: -t * x * steep))

    def __pow__(self, n: int) -> "Number":
        slope = n * self.value ** (n - 1)
        return Number(self.value**n, (self, lambda t: t * slope))

    def __neg__(self) -> "Number":
        return self.__mul__(-1)

    def __sub__(self, other: Any) -> "Number":
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> "Number":
        return (-self).__add__(other)

    __radd__ = __add__
    __rmul__ = __mul__


def _same(t: Array) -> Array:
    return t


def sqrt(x: Number) -> Number:
    """The root, with the slope 0.5 / sqrt(x)."""
    root = np.sqrt(x.value)
    slope = root.dtype.type(0.5) / root
    return Number(root, (x, lambda t: t * slope))


def where(condition: Array, x: Number, other: float) -> Number:
    """x where the condition holds, a constant elsewhere."""
    constant = x.value.dtype.type(other)
    value = np.where(condition, x.value, constant)
    return Number(value, (x, lambda t: np.where(condition, t, 0 * constant)))


def image(H: Array, x: Number) -> Number:
    """H x for a symmetric matrix."""
    return Number(H @ x.value, (x, lambda t: (H @ t.T).T))


def reverse(result: Number, inputs: list[Number]) -> list[float]:
    """Derivatives of the sum of the entries of a result."""
    order: list[Number] = []
    _after(result, order, set())
    found = {id(x): 0 * x.value for x in order}
    found[id(result)] = np.ones_like(result.value)
    for x in reversed(order):
        for parent, rule in x.parents:
            t = rule(found[id(x)])
            if parent.value.ndim < t.ndim:
                t = t.sum()
            found[id(parent)] = found[id(parent)] + t
    return [float(found[id(x)]) for x in inputs]


def forward(result: Number, inputs: list[Number]) -> list[float]:
    """The same by tangents of all inputs at once, one row each."""
    order: list[Number] = []
    _after(result, order, set())
    units = np.eye(len(inputs), dtype=result.value.dtype)[:, :, None]
    known = {id(x): unit for x, unit in zip(inputs, units, strict=True)}
    for x in order:
        if id(x) not in known:
            shape = (len(inputs), *(x.value.shape or (1,)))
            total = np.zeros(shape, dtype=result.value.dtype)
            for parent, rule in x.parents:
                total = total + rule(known[id(parent)])
            known[id(x)] = total
    return [float(t.sum()) for t in known[id(result)]]


def _after(x: Number, order: list[Number], seen: set[int]) -> None:
    """All numbers behind x, each after those it was computed from."""
    stack = [(x, False)]
    while stack:
        one, ready = stack.pop()
        if ready:
            order.append(one)
        elif id(one) not in seen:
            seen.add(id(one))
            stack.append((one, True))
            stack += [(parent, False) for parent, _ in one.parents]
