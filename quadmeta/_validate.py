"""The one reader of arguments: every public function takes what it is given through a function of
this module.

Numbers are real and finite. Arrays are copied and frozen, so that a caller who changes his own
afterwards changes nothing here. What only looks like a number is refused by name: text, booleans,
dates, complex numbers, masked arrays.

Each error is a ``ValueError`` of one line: the argument, the value, the requirement, the remedy.
"""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral, Rational, Real
from types import EllipsisType
from typing import Any, TypeVar

import numpy as np

Array = Any
Kind = TypeVar("Kind")

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


def show(value: Any) -> str:
    """A value as it appears in a message: its repr on one line, printable, cut to sixty
    characters.
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value) is int and abs(value) >= 10**60:
        return f"an integer of about {value.bit_length() * math.log10(2):.0f} digits"
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a repr of somebody else's object; huge integers in lists have none
        text = f"an object of type {type(value).__name__}"
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    if len(text) <= 60:
        return text
    return text[:57] + "..."


def real(value: Any) -> bool:
    """Whether a scalar is a real number; booleans and numpy's time spans call themselves integers
    and are none.
    """
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_ | np.timedelta64)


def whole(value: Any) -> bool:
    """Whether a scalar is a whole number of an integer type."""
    return isinstance(value, Integral) and real(value)


def natural(name: str, value: Any, remedy: str = "", least: int = 1) -> int:
    """A whole number of at least ``least``, as a Python int (so that exact powers cannot wrap
    around).
    """
    if not whole(value) or value < least:
        remedy = remedy or f"pass a whole number >= {least}"
        raise ValueError(
            f"{name} = {show(value)} must be a whole number of at least {least}: {remedy}"
        )
    return int(value)


def finite(name: str, value: Any, remedy: str = "remove NaN and infinite entries") -> Array:
    """Real numbers of any shape as a float64 array without NaN or infinity, copied and read-only.

    Integers and fractions that float64 does not hold are rounded to the nearest it does.
    """
    array = _floats(name, value)
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name} has the non-finite entry {bad}: {remedy}")
    array.setflags(write=False)
    return array


def unrounded(name: str, value: Any) -> Array:
    """Real numbers of any shape without any rounding, NaN and infinities among them.

    A float64 array where machine numbers fit in it, else an object array: integers beyond 2^53,
    fractions, mpf and longer floats stay what they are.
    """
    if isinstance(value, np.ndarray) and value.dtype == float and type(value) is np.ndarray:
        return value
    if type(value) is float:
        return np.array(value)
    if isinstance(value, list | tuple | range):
        _require_real_entries(name, value, value, 0)
        value = _objects(name, value)
    elif not isinstance(value, np.ndarray):
        value = np.asarray(_array(name, value))
    _require_real_array(name, value)
    if value.dtype.kind == "f" and value.dtype.itemsize <= 8:
        return value.astype(float)
    if value.dtype.kind in "iu" and (value <= 2**53).all() and (value >= -(2**53)).all():
        return value.astype(float)
    value = value.astype(object)
    entries = [
        entry.item() if isinstance(entry, np.generic | np.ndarray) else entry
        for entry in value.flat
    ]
    if all(
        type(entry) is float or type(entry) is int and -(2**53) <= entry <= 2**53
        for entry in entries
    ):
        return np.array(entries, dtype=float).reshape(value.shape)
    out = np.empty(value.size, dtype=object)
    out[:] = entries
    return out.reshape(value.shape)


def number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    remedy: str = "",
) -> float:
    """One real number with ``above < value < below`` and ``least <= value <= most``, as a Python
    float.
    """
    array = finite(name, value)
    if array.ndim:
        raise ValueError(
            f"{name} = {show(value)} must be one number, it has shape {array.shape}: pass a scalar"
        )
    x = float(array)
    bounds = [
        f"{sign} {bound:g}"
        for sign, bound in ((">=", least), (">", above), ("<=", most), ("<", below))
        if math.isfinite(bound)
    ]
    if not (least <= x <= most and above < x < below):
        raise ValueError(
            f"{name} = {show(value)} must be a number {' and '.join(bounds)}: "
            f"{remedy or 'pass one in this range'}"
        )
    return x


def step_sizes(name: str, value: Any) -> Array:
    """Finite step sizes >= 0, unit 1/eigenvalue, as ``finite`` returns them."""
    array = finite(name, value)
    if (array < 0).any():
        raise ValueError(
            f"{name} has the negative entry {array[array < 0].flat[0]}: pass step sizes >= 0"
        )
    return array


def numbers(
    name: str, value: Any, *, least: float | None = None, above: float | None = None
) -> Any:
    """Real numbers for a formula that runs in every arithmetic, kept in theirs: fractions stay
    exact.

    float64 must be finite, and is copied as an array where it comes as one. Fractions, whole
    numbers and mpf are kept, in object arrays too, and so are arrays with an arithmetic of their
    own: ``SignLog``, ``Interval`` and jets.
    """
    if (
        value is not None
        and not isinstance(value, type)
        and getattr(value, "__array_ufunc__", value) is None
    ):
        return value
    if isinstance(value, list | tuple | range):
        _require_real_entries(name, value, value, 0)
        value = np.array(value, dtype=None if set(map(type, value)) <= {float, int} else object)
    if isinstance(value, np.ndarray) and value.dtype.kind == "O" and type(value) is np.ndarray:
        for entry in value.flat:
            if isinstance(entry, list | tuple | np.ndarray):
                raise ValueError(f"{name} = {show(value)} is ragged: pass rows of equal length")
            numbers(name, entry, least=least, above=above)
        return frozen(value)
    if not real(value) or isinstance(value, float | np.floating):
        array = finite(name, value)
        if array.ndim:
            value = array
        else:
            value = float(array)
    if not _within(value, least, above):
        raise ValueError(
            f"{name} = {show(value)} must be "
            f"{f'>= {least:g}' if above is None else f'> {above:g}'}: "
            "pass numbers in this range"
        )
    return value


def _within(value: Any, least: float | None, above: float | None) -> bool:
    # a number that records what is computed from it is judged by its plain value: a check is no
    # step of a computation
    if isinstance(value, np.ndarray) and value.size:
        low = np.min(value)
    else:
        low = getattr(value, "plain", value)
    if np.size(low) == 0 or least is None and above is None:
        return True
    return bool(low >= least if above is None else low > above)


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


def shaped(
    name: str, value: Any, shape: tuple[int | EllipsisType, ...], meaning: str = ""
) -> Array:
    """``finite`` numbers of a given shape; -1 stands for any length of at least 1, a leading ...
    for any axes.

    ``meaning`` completes the remedy: "pass shape (n, d), one row a sample".
    """
    array = finite(name, value)
    wanted = tuple(n for n in shape if n is not ...)
    if shape[:1] == (...,):
        found = array.shape[array.ndim - len(wanted) :]
    else:
        found = array.shape
    fits = len(found) == len(wanted) and all(
        a == b or b == -1 and a > 0 for a, b in zip(found, wanted)
    )
    if not fits:
        text = ", ".join("..." if n is ... else "n" if n == -1 else str(n) for n in shape)
        if len(shape) == 1:
            text = f"({text},)"
        else:
            text = f"({text})"
        raise ValueError(f"{name} has shape {array.shape}: pass shape {meaning or text}")
    return array


def order(value: Any, highest: int = 2) -> int:
    """The number of a derivative, 0 for the value itself."""
    if not whole(value) or not 0 <= value <= highest:
        known = " or ".join(map(str, range(highest + 1)))
        raise ValueError(
            f"order = {show(value)} must be {known}: 0 is the value, 1 its derivative"
            f"{', 2 the second one' if highest > 1 else ''}"
        )
    return int(value)


def seeded(name: str, value: Any) -> int:
    """The seed of a random stream: a whole number >= 0."""
    return natural(
        name, value, "pass a whole number >= 0, so that the draw can be repeated", least=0
    )


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} = {show(value)} must be True or False")
    return bool(value)


def choice(name: str, value: Any, known: Iterable[str]) -> str:
    """One of the ``known`` words."""
    words = list(known)
    if isinstance(value, str) and value in words:
        return value
    if isinstance(value, str):
        text = value
    else:
        text = getattr(value, "__name__", None) or str(getattr(value, "name", ""))
    near = get_close_matches(str(text), words, n=1, cutoff=0.5)
    if near:
        hint = f": did you mean {near[0]!r}?"
    else:
        hint = ""
    raise ValueError(f"{name} = {show(value)} must be {' or '.join(map(repr, words))}{hint}")


def instance(name: str, value: Any, kind: type[Kind] | tuple[type[Any], ...], example: str) -> Kind:
    """An object of the right kind; ``example`` shows how one is made: "GradientDescent(steps=10)"."""
    if isinstance(value, kind):
        return value
    if isinstance(kind, tuple):
        kinds = kind
    else:
        kinds = (kind,)
    wanted = " or ".join(k.__name__ for k in kinds)
    if isinstance(value, type) and issubclass(value, kinds):
        raise ValueError(
            f"{name} is the class {value.__name__}, it must be an instance: pass for example "
            f"{example}"
        )
    raise ValueError(
        f"{name} = {show(value)} must be {_article(wanted)} {wanted}: pass for example {example}"
    )


def pair(name: str, value: Any, meaning: str) -> tuple[Any, Any]:
    """Two objects in a tuple or list, not yet read; ``meaning`` shows them: "(X2, y2)"."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        if isinstance(value, tuple | list):
            found = f"{type(value).__name__} of {len(value)}"
        else:
            found = show(value)
        raise ValueError(f"{name} is {found}, it must be a pair {meaning}: pass a tuple")
    return value[0], value[1]


def function(name: str, value: Any, meaning: str) -> Any:
    """Something that can be called; ``meaning`` says with what: "a function of one point"."""
    if not callable(value):
        raise ValueError(f"{name} = {show(value)} must be {meaning}: pass a function")
    return value


def frozen(array: Array) -> Array:
    """A read-only copy of an array that is known to be good."""
    array = np.array(array)
    array.setflags(write=False)
    return array


def plain(value: Any) -> Any:
    """A 0-d float64 array or numpy scalar as a Python float, anything else as it is."""
    if isinstance(value, np.ndarray | np.floating) and value.ndim == 0:
        return float(value)
    return value


def _article(word: str) -> str:
    if word[:1].upper() in "AEIOU":
        return "an"
    return "a"


def _floats(name: str, value: Any) -> Array:
    """A new float64 array of what is a real number and nothing else."""
    if type(value) is float or type(value) is int and -(2**53) <= value <= 2**53:
        return np.array(value, dtype=float)  # the common case, at a tenth of the cost
    if isinstance(value, list | tuple | range):
        _require_real_entries(name, value, value, 0)
    elif not isinstance(value, np.ndarray):
        value = _array(name, value)
    if isinstance(value, np.ndarray):
        _require_real_array(name, value)
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
        raise _ragged(name, value) from None


def _array(name: str, value: Any) -> Any:
    """A scalar as it is, or the array that somebody else's object (a table, a tensor) turns into."""
    if real(value):
        return value
    if hasattr(value, "to_float"):
        raise ValueError(
            f"{name} = {show(value)} is a {type(value).__name__}, real numbers are needed: pass "
            f"{name}.to_float()"
        )
    if hasattr(value, "toarray"):
        raise ValueError(f"{name} is a sparse {type(value).__name__}: pass {name}.toarray()")
    if not isinstance(value, type) and hasattr(value, "__array__"):
        try:
            return np.asarray(value)
        except Exception as error:
            raise ValueError(
                f"{name} = {show(value)} does not turn into an array ({type(error).__name__}): "
                "pass a "
                "numpy array"
            ) from None
    raise _not_real(name, value, value)


def _objects(name: str, value: Any) -> Array:
    """Nested lists of real numbers as an object array."""
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        raise _ragged(name, value) from None
    if any(isinstance(entry, list | tuple | range) or np.ndim(entry) for entry in array.flat):
        raise _ragged(name, value)
    return array


def _ragged(name: str, value: Any) -> ValueError:
    return ValueError(f"{name} = {show(value)} is ragged: pass rows of equal length")


def _require_real_array(name: str, array: Array) -> None:
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
                raise _not_real(name, array, entry)


def _require_real_entries(name: str, entries: Any, whole: Any, depth: int) -> None:
    """Every leaf of nested lists is a real number, before numpy turns booleans among floats into
    floats.
    """
    if depth > _DEEPEST:
        raise ValueError(
            f"{name} is a list nested more than {_DEEPEST} deep: pass an array of numbers"
        )
    if isinstance(entries, range) or set(map(type, entries)) <= {float, int}:
        return
    for entry in entries:
        if isinstance(entry, list | tuple | range):
            _require_real_entries(name, entry, whole, depth + 1)
        elif isinstance(entry, np.ndarray):
            _require_real_array(name, entry)
        elif not real(entry):
            raise _not_real(name, whole, entry)


def _not_real(name: str, value: Any, entry: Any) -> ValueError:
    if entry is value:
        where = ""
    else:
        where = f"has the entry {show(entry)}, it "
    return ValueError(
        f"{name} {where or f'= {show(value)} '}must hold real numbers: pass numbers or an array "
        "of them"
    )


def exact_rational(value: Any) -> bool:
    """Whether a scalar is a whole number or a fraction, which exact arithmetic takes without
    rounding.
    """
    return isinstance(value, Rational) and real(value)
