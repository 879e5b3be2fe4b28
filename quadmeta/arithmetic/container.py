"""What SignLog and Interval share: two arrays of one shape, seen as an array of numbers."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from quadmeta._types import Arithmetic, Array, Operand
from quadmeta._validate import numbers, show, whole


def summed(axis: Any, ndim: int) -> int | None:
    """The axis of a sum, from 0 on; None for all of them."""
    if axis is None:
        return None
    if not whole(axis) or not -ndim <= axis < ndim:
        raise ValueError(
            f"axis = {show(axis)} must be None or a whole number from {-ndim} to {ndim - 1}: the "
            f"array has {ndim} axes"
        )
    return int(axis) % ndim


class Container:
    """An array of numbers of which each is held as a pair of float64; elementwise arithmetic like
    an ndarray.
    """

    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]

    @property
    @abstractmethod
    def _parts(self) -> tuple[Array, Array]:
        """The two arrays, as the constructor takes them."""

    @classmethod
    @abstractmethod
    def _operand(cls, x: object) -> Self | None:
        """The other side of an operation, or None for a type that is not a real number."""

    @abstractmethod
    def _show(self, k: int) -> str:
        """Entry number k as text."""

    @abstractmethod
    def __add__(self, other: Arithmetic) -> Self:
        """Sum."""

    @abstractmethod
    def __mul__(self, other: Arithmetic) -> Self:
        """Product."""

    @abstractmethod
    def __truediv__(self, other: Arithmetic) -> Self:
        """Quotient."""

    @abstractmethod
    def __pow__(self, exponent: int | Array) -> Self:
        """Whole power."""

    @abstractmethod
    def __neg__(self) -> Self:
        """Negative."""

    def __sub__(self, other: Arithmetic) -> Self:
        if (b := self._operand(other)) is None:
            return NotImplemented
        return self + (-b)

    def __rsub__(self, other: Arithmetic) -> Self:
        return (-self).__add__(other)

    def __rtruediv__(self, other: Arithmetic) -> Self:
        if (a := self._operand(other)) is None:
            return NotImplemented
        return a.__truediv__(self)

    def __radd__(self, other: Arithmetic) -> Self:
        return self.__add__(other)

    def __rmul__(self, other: Arithmetic) -> Self:
        return self.__mul__(other)

    @abstractmethod
    def sum(self, axis: Any = None) -> Self:
        """Sum over all entries or an axis."""

    def dot(self, other: Operand) -> Self:
        """Sum of products along the last axis."""
        factor = self._operand(numbers("other", other))
        if factor is None:
            raise ValueError(
                f"other = {show(other)} must hold real numbers: pass numbers or an array of them"
            )
        try:
            products: Self = self * factor
        except ValueError:
            raise ValueError(
                f"other has shape {factor.shape}, this {self.shape}: pass shapes that broadcast"
            ) from None
        return products.sum(axis=-1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return tuple(self._parts[0].shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(self._parts[0].size)

    def _make(self, first: Array, second: Array) -> Self:
        return type(self)(first, second)  # type: ignore[call-arg]

    def reshape(self, *shape: Any) -> Self:
        """The same entries in another shape."""
        return self._make(*(part.reshape(*shape) for part in self._parts))

    def ravel(self) -> Self:
        """The same entries in one axis."""
        return self.reshape(-1)

    def __getitem__(self, key: Any) -> Self:
        return self._make(*(part[key] for part in self._parts))

    def __len__(self) -> int:
        return len(self._parts[0])

    def __iter__(self) -> Iterator[Self]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        show: Any = {"int": self._show}
        text = np.array2string(
            np.arange(self.size).reshape(self.shape), separator=", ", threshold=8, formatter=show
        )
        return f"{type(self).__name__}({' '.join(text.split())})"
