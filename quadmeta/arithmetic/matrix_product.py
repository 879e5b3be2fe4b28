"""Products with a matrix in any arithmetic; those of mpf go through whole numbers, which Python
multiplies twenty times as fast.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.definite import Whole

_GUARD = 16
"""Binary digits beyond the working precision of mpmath."""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix that multiplies many others, ``Matrix.of(A) @ B``.

    In mpf the result is right to the working precision relative to max |A| max |B|, entry by entry,
    not to that of small entries.

    Examples
    --------
    >>> import mpmath
    >>> import numpy as np
    >>> with mpmath.workdps(40):
    ...     A = np.array([[mpmath.mpf(1) / 3, mpmath.mpf(0)]])
    ...     print((Matrix.of(A) @ A.T)[0, 0] * 9)
    1.0
    """

    array: Array
    whole: Whole | None
    """The same in whole numbers, where it holds mpf."""

    @classmethod
    def of(cls, A: Array) -> "Matrix":
        """A in its own arithmetic."""
        if _has_digits(A):
            return cls(A, _whole(A))
        return cls(A, None)

    @property
    def T(self) -> "Matrix":
        """The transpose."""
        if self.whole is None:
            return Matrix(self.array.T, None)
        return Matrix(self.array.T, self.whole.T)

    def __matmul__(self, B: Array) -> Array:
        if self.whole is None:
            product: Array = self.array @ B
            return product
        return _numbers(self.whole @ _whole(B))


def _has_digits(A: Array) -> bool:
    """Whether these are mpf."""
    return A.dtype == object and bool(A.size) and hasattr(A.flat[0], "man_exp")


def _whole(A: Array) -> Whole:
    """mpf, and 0, rounded to the precision of the largest of them."""
    from mpmath import libmp, mp

    parts = [mp.convert(x)._mpf_ for x in A.flat]
    # a zero has no digits
    sizes = [part[2] + part[3] for part in parts if part[1]]
    exponent = max(sizes, default=0) - mp.prec - _GUARD
    digits = np.empty(A.size, dtype=object)
    digits[:] = [int(libmp.to_fixed(part, -exponent)) for part in parts]
    return Whole(digits.reshape(A.shape), exponent)


def _numbers(product: Whole) -> Array:
    """The same as mpf."""
    from mpmath import libmp, mp

    def number(digits: int) -> Any:
        return mp.make_mpf(libmp.from_man_exp(digits, product.exponent, mp.prec, "n"))

    found: Array = np.frompyfunc(number, 1, 1)(product.digits)
    return found
