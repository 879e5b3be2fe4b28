"""Integer powers of many numbers at once, short of full accuracy: what a scan over a grid is made of."""
import math
from typing import Any

import numpy as np

Array = Any
_PRODUCT, _LOG_EXP = (550, 0.3), (4600, 12)  # (ns a call, ns an entry) of a product, of the other way


def short_power(b: Array, n: int) -> Array:
    """b^n for an array b and n >= 0, relative error about n eps, and about 1e-300 beside it.

    What exceeds float64 is inf.
    """
    # repeated multiplication for large arrays and small exponents, else a logarithm and an exponential
    products = n.bit_length() + n.bit_count() - 2
    if products * (_PRODUCT[0] + _PRODUCT[1] * b.size) < _LOG_EXP[0] + _LOG_EXP[1] * b.size:
        return _squared(b, n)
    power: Array = np.abs(b)
    # a result below e^-690 is set to it, so that no logarithm of 0 and no slow denormal arises
    np.maximum(power, math.exp(-690 / n), out=power)
    np.log(power, out=power)
    power *= n
    np.exp(power, out=power)
    return np.copysign(power, b, out=power) if n % 2 else power


def _squared(b: Array, n: int) -> Array:
    result: Array = b.copy() if n % 2 else np.ones_like(b)
    square, n = b, n // 2
    while n:
        square = np.multiply(square, square, out=None if square is b else square)
        if n % 2:
            result *= square
        n //= 2
    return result
