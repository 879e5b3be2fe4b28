"""Readers of float64 arrays: real, finite, copied, read-only, of a shape that is asked for."""

import math
from types import EllipsisType
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate.kinds import array_of, ragged, require_real_array, require_real_entries
from quadmeta._validate.messages import show

_FLOAT = np.dtype(float)
_FEW = 32


def finite(name: str, value: Any, remedy: str = "remove NaN and infinite entries") -> Array:
    """Real numbers of any shape as a float64 array without NaN or infinity, copied and read-only.

    Integers and fractions that float64 does not hold are rounded to the nearest it does.
    """
    array = _floats(name, value)
    if type(value) is float and math.isfinite(value):
        array.setflags(write=False)
        return array
    # of few numbers a finite sum is the fastest proof; count_nonzero takes half the time of all()
    proved = array.ndim == 1 and array.size <= _FEW and math.isfinite(sum(array.tolist()))
    if not proved and np.count_nonzero(np.isfinite(array)) < array.size:
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name} has the non-finite entry {bad}: {remedy}")
    array.setflags(write=False)
    return array


def step_sizes(name: str, value: Any) -> Array:
    """Finite step sizes >= 0, unit 1/eigenvalue, as ``finite`` returns them."""
    array = finite(name, value)
    if (array < 0).any():
        raise ValueError(
            f"{name} has the negative entry {array[array < 0].flat[0]}: pass numbers >= 0"
        )
    return array


def shaped(
    name: str, value: Any, shape: tuple[int | EllipsisType, ...], meaning: str = ""
) -> Array:
    """``finite`` numbers of a given shape.

    In ``shape`` -1 stands for any length of at least 1, and a leading ... for any axes.
    ``meaning`` completes the remedy: "pass shape (n, d), one row a sample".
    """
    array = finite(name, value)
    lengths = tuple(n for n in shape if n is not ...)
    if shape[:1] == (...,):
        found = array.shape[array.ndim - len(lengths) :]
    else:
        found = array.shape
    fits = len(found) == len(lengths) and all(
        n == wanted or wanted == -1 and n > 0 for n, wanted in zip(found, lengths, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}: pass shape {meaning or _written(shape)}")
    return array


def frozen(array: Array) -> Array:
    """A read-only copy of an array that is known to be good."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def _written(shape: tuple[int | EllipsisType, ...]) -> str:
    """A shape as messages write it, such as (..., n, 2); that of one axis ends in a comma."""
    words: dict[int | EllipsisType, str] = {...: "...", -1: "n"}
    text = ", ".join(words.get(n, str(n)) for n in shape)
    if len(shape) == 1:
        text += ","
    return f"({text})"


def _floats(name: str, value: Any) -> Array:
    """A new float64 array of what is a real number and nothing else."""
    if type(value) is float or type(value) is int and -(2**53) <= value <= 2**53:
        return np.array(value, dtype=float)  # the common case, at a tenth of the cost
    if type(value) is np.ndarray and value.dtype == _FLOAT:
        return np.array(value)
    if isinstance(value, list | tuple | range):
        require_real_entries(name, value)
    elif not isinstance(value, np.ndarray):
        value = array_of(name, value)
    if isinstance(value, np.ndarray):
        require_real_array(name, value)
    try:
        # overflow of a wider format is seen as infinity by the caller
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(value, dtype=float, subok=False)
    except OverflowError:
        raise ValueError(
            f"{name} = {show(value)} has an entry beyond 1.8e308, the end of float64: rescale the "
            "problem"
        ) from None
    except (TypeError, ValueError):
        raise ragged(name, value) from None
