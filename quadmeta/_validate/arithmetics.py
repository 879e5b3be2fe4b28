"""Readers of numbers that keep their own arithmetic: fractions stay exact, mpf keeps its digits."""

from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate.arrays import finite, frozen
from quadmeta._validate.kinds import (
    array_of,
    ragged,
    real,
    require_real_array,
    require_real_entries,
)
from quadmeta._validate.messages import show

_FLOATING = (np.ndarray, np.floating)
_WHOLE = 2**53
"""Up to here float64 holds every whole number."""


def numbers(
    name: str, value: Any, *, least: float | None = None, above: float | None = None
) -> Any:
    """Real numbers for a formula that runs in every arithmetic, kept in theirs.

    float64 must be finite, and is copied as an array where it comes as one. Fractions, whole
    numbers and mpf are kept, in object arrays too, and so are arrays with an arithmetic of their
    own: ``SignLog``, ``Interval`` and jets.
    """
    if _has_arithmetic(value):
        return value
    if isinstance(value, list | tuple | range):
        require_real_entries(name, value)
        plain_entries = set(map(type, value)) <= {float, int}
        value = np.array(value, dtype=None if plain_entries else object)
    if isinstance(value, np.ndarray) and value.dtype.kind == "O" and type(value) is np.ndarray:
        for entry in value.flat:
            if isinstance(entry, list | tuple | np.ndarray):
                raise ragged(name, value)
            numbers(name, entry, least=least, above=above)
        return frozen(value)
    if not real(value) or isinstance(value, float | np.floating):
        value = plain(finite(name, value))
    if not _within(value, least, above):
        wanted = f"> {above:g}" if above is not None else f">= {least:g}"
        raise ValueError(f"{name} = {show(value)} must be {wanted}: pass numbers in this range")
    return value


def quantity(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Any:
    """One real number of any arithmetic, kept in its own, as ``numbers`` does for arrays."""
    x = numbers(name, value, least=least, above=above)
    if np.ndim(x):
        raise ValueError(
            f"{name} = {show(value)} must be one number, it has shape {np.shape(x)}: pass a scalar"
        )
    if below is not None and not getattr(x, "plain", x) < below:
        raise ValueError(f"{name} = {show(value)} must be < {below:g}: pass a smaller number")
    return x


def unrounded(name: str, value: Any) -> Array:
    """Real numbers of any shape without any rounding, NaN and infinities among them.

    A float64 array where machine numbers fit in it, else an object array: integers beyond 2^53,
    fractions, mpf and longer floats stay what they are.
    """
    if isinstance(value, np.ndarray) and value.dtype == float and type(value) is np.ndarray:
        return value
    if type(value) is float or type(value) is np.float64:
        return np.array(value)
    if isinstance(value, list | tuple | range):
        require_real_entries(name, value)
        array = _objects(name, value)
    elif isinstance(value, np.ndarray):
        array = value
    else:
        array = np.asarray(array_of(name, value))
    require_real_array(name, array)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return array.astype(float)
    if array.dtype.kind in "iu" and (array <= _WHOLE).all() and (array >= -_WHOLE).all():
        return array.astype(float)
    entries = [
        entry.item() if isinstance(entry, np.generic | np.ndarray) else entry
        for entry in array.astype(object).flat
    ]
    if all(map(_is_machine_number, entries)):
        return np.array(entries, dtype=float).reshape(array.shape)
    out = np.empty(array.size, dtype=object)
    out[:] = entries
    return out.reshape(array.shape)


def plain(value: Any) -> Any:
    """A 0-d float64 array or numpy scalar as a Python float, anything else as it is."""
    if isinstance(value, _FLOATING) and value.ndim == 0:
        return float(value)
    return value


def _has_arithmetic(value: Any) -> bool:
    """Whether a value is an array with an arithmetic of its own, which numpy must leave alone."""
    if value is None or isinstance(value, type):
        return False
    return getattr(value, "__array_ufunc__", value) is None


def _is_machine_number(entry: Any) -> bool:
    return type(entry) is float or type(entry) is int and -_WHOLE <= entry <= _WHOLE


def _within(value: Any, least: float | None, above: float | None) -> bool:
    # a number that records what is computed from it is judged by its plain value: a check is no
    # step of a computation
    if isinstance(value, np.ndarray) and value.size:
        low = np.min(value)
    else:
        low = getattr(value, "plain", value)
    if np.size(low) == 0:
        return True
    if above is not None:
        return bool(low > above)
    return least is None or bool(low >= least)


def _objects(name: str, value: list[Any] | tuple[Any, ...] | range) -> Array:
    """Nested lists of real numbers as an object array."""
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        raise ragged(name, value) from None
    if any(isinstance(entry, list | tuple | range) or np.ndim(entry) for entry in array.flat):
        raise ragged(name, value)
    return array
