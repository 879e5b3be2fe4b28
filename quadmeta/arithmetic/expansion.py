"""Sums of products of floats that keep every digit, for differences in which all leading digits
cancel.

A product of two floats is the exact sum of two (Dekker), so a polynomial of small degree in floats
is an exact sum of some twenty floats. ``total`` adds them by repeated two-sums, which lose
nothing, until what is left below the leading float is small: its result has a relative error of a
few 2^-104 whatever cancels.
"""

from collections.abc import Sequence

import numpy as np

from quadmeta._types import Array, Floats
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.residual import two_product, two_sum


def products(x: Sequence[Floats], y: Sequence[Floats]) -> list[Array]:
    """Floats whose exact sum is (sum of ``x``) (sum of ``y``), for arrays that broadcast, sizes
    1e-150 to 1e150.
    """
    parts: list[Array] = []
    for a in x:
        for b in y:
            parts.extend(two_product(a, b))
    return parts


def total(terms: Sequence[Array]) -> DoubleDouble:
    """The sum of ``terms``, arrays that broadcast, with a relative error of a few 2^-104."""
    parts = list(np.broadcast_arrays(*terms))
    for _ in parts:
        for k in range(1, len(parts)):
            parts[k], parts[k - 1] = two_sum(parts[k], parts[k - 1])
        rest = np.sum(np.abs(parts[:-1]), axis=0)
        if (rest <= 2.0**-50 * np.abs(parts[-1])).all():
            break
    hi, lo = two_sum(parts[-1], np.sum(parts[:-1], axis=0))
    return DoubleDouble(hi, lo)
