"""Integer powers of many numbers at once, short of full accuracy: what a scan over a grid is made of."""
import math
from typing import Any

import numpy as np

Array = Any
_SQUARINGS = 512  # below this exponent repeated multiplication beats a logarithm and an exponential


def short_power(b: Array, n: int) -> Array:
    """b^n for an array b and n >= 0, relative error about n eps, and about 1e-300 beside it.

    What exceeds float64 is inf.
    """
    if n < _SQUARINGS:
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
