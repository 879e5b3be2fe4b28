"""What is a number, and what only looks like one."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate.messages import show

_DEEPEST = 32
"""Levels of nested lists that numpy can hold as axes."""
_NOT_NUMBERS = {
    "b": "booleans",
    "c": "complex numbers",
    "S": "text",
    "U": "text",
    "M": "dates",
    "m": "time spans",
    "V": "records",
}
"""Kinds of numpy array that a conversion to float64 would accept or drop a part of."""


def real(value: Any) -> bool:
    """Whether a scalar is a real number.

    Booleans and numpy's time spans call themselves integers and are none.
    """
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_ | np.timedelta64)


def whole(value: Any) -> bool:
    """Whether a scalar is a whole number of an integer type."""
    return type(value) is int or isinstance(value, Integral) and real(value)


def require_real_array(name: str, array: Array) -> None:
    """Refuse an array that holds something else than real numbers, or whose mask would be lost."""
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array, whose mask would be lost: pass {name}.filled(...) or the "
            "entries that are not masked"
        )
    if array.dtype.kind in _NOT_NUMBERS:
        raise ValueError(
            f"{name} = {show(array)} holds {_NOT_NUMBERS[array.dtype.kind]}: pass real numbers"
        )
    if array.dtype.kind == "O":
        for entry in array.flat:
            if not real(entry):
                raise not_real(name, array, entry)


def require_real_entries(name: str, given: list[Any] | tuple[Any, ...] | range) -> None:
    """Every leaf of nested lists is a real number.

    This is seen before numpy makes an array of them, which turns booleans among floats into floats.
    """
    _require_leaves(name, given, given, 0)


def _require_leaves(
    name: str,
    entries: list[Any] | tuple[Any, ...] | range,
    given: list[Any] | tuple[Any, ...] | range,
    depth: int,
) -> None:
    """The leaves below ``entries``, which stand ``depth`` levels deep in what was ``given``."""
    if depth > _DEEPEST:
        raise ValueError(
            f"{name} is a list nested more than {_DEEPEST} deep: pass an array of numbers"
        )
    if isinstance(entries, range) or set(map(type, entries)) <= {float, int}:
        return
    for entry in entries:
        if isinstance(entry, list | tuple | range):
            _require_leaves(name, entry, given, depth + 1)
        elif isinstance(entry, np.ndarray):
            require_real_array(name, entry)
        elif not real(entry):
            raise not_real(name, given, entry)


def not_real(name: str, value: Any, entry: Any) -> ValueError:
    """The error of an ``entry`` of ``value``, or of the value itself, that is no real number."""
    if entry is value:
        found = f"= {show(value)} "
    else:
        found = f"has the entry {show(entry)}, it "
    return ValueError(f"{name} {found}must hold real numbers: pass numbers or an array of them")


def ragged(name: str, value: Any) -> ValueError:
    """The error of nested lists whose rows have several lengths."""
    return ValueError(f"{name} = {show(value)} is ragged: pass rows of equal length")


def array_of(name: str, value: Any) -> Any:
    """A scalar as it is, or the array that somebody else's object (a table, a tensor) turns into.

    Raises
    ------
    ValueError
        it is neither, or only turns into an array by a method that must be called by name.
    """
    if real(value):
        return value
    if hasattr(value, "to_float"):
        raise ValueError(
            f"{name} = {show(value)} is a {type(value).__name__}, real numbers are needed: pass "
            f"{name}.to_float()"
        )
    if hasattr(value, "toarray"):
        raise ValueError(f"{name} is a sparse {type(value).__name__}: pass {name}.toarray()")
    if isinstance(value, type) or not hasattr(value, "__array__"):
        raise not_real(name, value, value)
    try:
        return np.asarray(value)
    except Exception as error:
        raise ValueError(
            f"{name} = {show(value)} does not turn into an array ({type(error).__name__}): "
            "pass a numpy array"
        ) from None
