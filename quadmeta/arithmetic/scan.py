"""Integer powers of many numbers at once, short of full accuracy: what a scan over a grid is made
of.
"""

import math

import numpy as np

from quadmeta._types import Array

# (ns a call, ns an entry) of a product, of the other way
_PRODUCT = (550, 0.3)
_LOG_EXP = (4600, 12)
# up to so many entries one call of numpy's power takes less than several of anything else
_FEW = 128


def short_power(b: Array, n: int, out: Array) -> Array:
    """b^n for an array b and n >= 0 in ``out``, relative error about n eps, and about 1e-300
    beside it.

    Memory that is used again costs no page faults. What exceeds float64 is inf.
    """
    if b.size <= _FEW and 3 < n <= 2**53:
        return np.power(b, float(n), out=out)
    # repeated multiplication for small exponents, and larger ones of large arrays, else a
    # logarithm and an exponential
    products = n.bit_length() + n.bit_count() - 2
    if (
        n < 512
        or products * (_PRODUCT[0] + _PRODUCT[1] * b.size) < _LOG_EXP[0] + _LOG_EXP[1] * b.size
    ):
        return _squared(b, n, out)
    np.abs(b, out=out)
    # a result below e^-690 is set to it, so that no logarithm of 0 and no slow denormal arises
    np.maximum(out, math.exp(-690 / n), out=out)
    np.log(out, out=out)
    out *= n
    np.exp(out, out=out)
    if n % 2:
        return np.copysign(out, b, out=out)
    return out


def _squared(b: Array, n: int, out: Array) -> Array:
    if n < 2:
        out[...] = b if n else 1
        return out
    # bit by bit of n, after the first: a square, and a product where it is set
    root = b
    for place in reversed(range(n.bit_length() - 1)):
        root = np.multiply(root, root, out=out)
        if n >> place & 1:
            out *= b
    return out
