"""log and exp of float64 or mpf, scalar or array: the only functions beyond + - * / ** that
objectives use.
"""

from typing import Any

import numpy as np

from quadmeta._types import Arithmetic


def log(x: Arithmetic) -> Any:
    """Natural logarithm.

    Raises
    ------
    TypeError
        a number type whose logarithm it cannot hold (Fraction, SignLog, Interval).
    """
    return _apply("log", x)


def exp(x: Arithmetic) -> Any:
    """Exponential function; errors as ``log``."""
    return _apply("exp", x)


def _apply(name: str, x: Arithmetic) -> Any:
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([_apply(name, v) for v in x.ravel()], dtype=object).reshape(x.shape)
    if isinstance(x, (float, np.floating, np.ndarray)):
        return getattr(np, name)(x)
    if type(x).__module__.startswith("mpmath"):
        import mpmath

        return getattr(mpmath, name)(x)
    raise TypeError(
        f"the {name} of a {type(x).__name__} is not one: use kind='mpmath' or 'float64', or a "
        "derivative"
    )
