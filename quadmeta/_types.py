"""Names for the types that signatures use.

Formulas here are written once and run in several arithmetics, so that most of them take whatever
has ``+ - * / **``: that is :class:`Arithmetic`. What is always a numpy array is an :data:`Array`,
and what a user may pass where an array is meant is :data:`Numbers`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
"""A numpy array: of float64, or of objects (``Fraction``, ``mpf``, jets) in exact arithmetic."""

Scalar: TypeAlias = float | Fraction
"""One real number, as a user passes it."""

Numbers: TypeAlias = ArrayLike | Fraction | Sequence[Fraction] | Sequence[Sequence[Fraction]]
"""One real number or an array of them, as a user passes it."""

Spectrum: TypeAlias = Numbers
"""Eigenvalues > 0, shape (..., d), as a user passes them."""

StepSizes: TypeAlias = Numbers
"""Step sizes >= 0, of any shape, as a user passes them."""


Floats: TypeAlias = Array | float
"""float64 numbers: one, or an array of them."""


class Ring(Protocol):
    """What has ``+ - *``: all that is an :class:`Arithmetic`, and numbers of 106 bits."""

    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...


class Arithmetic(Ring, Protocol):
    """What has ``+ - * / **``: a number, an array, a ``SignLog``, an ``Interval``, a jet."""

    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...


Operand: TypeAlias = Arithmetic | Numbers
"""Whatever a formula in ``+ - * / **`` takes: numbers, arrays or lists of them, and numbers of a
type of their own."""
