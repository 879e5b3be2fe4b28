"""Checks of arguments. Each error is one line: the argument, the value, the requirement, the remedy."""
from numbers import Integral
from typing import Any

import numpy as np

Array = Any


def show(value: Any) -> str:
    """A value as it appears in a message: its repr, cut to sixty characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def natural(name: str, value: Any, remedy: str = "pass a whole number >= 1") -> int:
    """A whole number of at least one, as a Python int (so that exact powers cannot wrap around)."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} = {show(value)} must be a whole number of at least 1: {remedy}")
    return int(value)


def finite(name: str, value: Any, remedy: str = "remove NaN and infinite entries") -> Array:
    """Real numbers as a float64 array without NaN or infinity."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {show(value)} must hold real numbers: pass numbers or an array of them") from None
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"{name} has the non-finite entry {array[bad].flat[0]} : {remedy}".replace(" :", ":"))
    return array


def step_sizes(name: str, value: Any) -> Array:
    """Finite step sizes >= 0, unit 1/eigenvalue."""
    array = finite(name, value)
    if (array < 0).any():
        raise ValueError(f"{name} has the negative entry {array[array < 0].flat[0]}: pass step sizes >= 0")
    return array


def frozen(array: Array) -> Array:
    """The array as a read-only view owned by a frozen object."""
    array = np.array(array)
    array.setflags(write=False)
    return array


def plain(value: Any) -> Any:
    """A 0-d float64 array or numpy scalar as a Python float, anything else as it is."""
    return float(value) if isinstance(value, np.ndarray | np.floating) and value.ndim == 0 else value
