"""The square root of a float64, an mpf, an array of them, or a jet."""

from typing import Any

import numpy as np

from quadmeta._types import Arithmetic
from quadmeta.arithmetic.jet import Jet


def square_root(x: Arithmetic) -> Any:
    """s = sqrt(x) for x >= 0; for a jet with s_i = x_i / (2 s), s_ij = (x_ij - 2 s_i s_j) / (2 s).

    At x = 0 the root has no derivative, and first derivatives of a jet are given as 0 there. That
    is right only where the root meets a factor that vanishes with it, as in m / (sqrt(v) + c) with
    |m| <= C sqrt(v): its differential at v = 0 is dm / c, whatever stands for that of the root.

    Raises
    ------
    ValueError
        second derivatives at x = 0, where they do not exist.
    TypeError
        a number type that has no root (Fraction, SignLog, Interval).
    """
    if not isinstance(x, Jet):
        return _plain_root(x)
    s = _plain_root(x.value)
    zero = s == 0
    if np.any(zero):
        if x.second:
            raise ValueError(
                "the square root of 0 has no second derivative: carry first derivatives alone"
            )
        # 1 / (2 s) by a divisor that is never 0
        slope = np.where(zero, 0, 1 / np.where(zero, 1, 2 * s))[()]
    else:
        slope = 1 / (2 * s)
    first = tuple(slope * xi for xi in x.first)
    k = range(len(x.second))
    second = tuple(tuple(slope * (x.second[i][j] - 2 * first[i] * first[j]) for j in k) for i in k)
    return Jet(s, first, second)


def _plain_root(x: Any) -> Any:
    """The root of what carries no derivatives."""
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([_plain_root(v) for v in x.ravel()], dtype=object).reshape(x.shape)
    if isinstance(x, (int, float, np.number, np.ndarray)):
        return np.sqrt(x)
    if type(x).__module__.startswith("mpmath"):
        import mpmath

        return mpmath.sqrt(x)
    raise TypeError(
        f"the square root of a {type(x).__name__} is not one: use float64 or mpmath numbers"
    )
