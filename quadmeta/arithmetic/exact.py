"""One formula, five number types: float64, SignLog, Interval, Fraction and mpf.

A formula uses ``+ - * / **`` and sums only. Its arguments are converted once, at the gate, and
what it returns must be of the type that was asked for: a float that leaks into rational arithmetic
is an error and not a rounded result.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._validate import choice, finite, function, natural, show, unrounded, whole
from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.signlog import LARGEST, SMALLEST, SignLog, integer_parts

KINDS = ("float64", "signlog", "interval", "fraction", "mpmath")


def evaluate(
    formula: Callable[..., Any], *args: Any, kind: str = "float64", digits: int = 50
) -> Any:
    """formula(*args) in one number type; ``digits`` is the decimal precision of kind="mpmath".

    Raises
    ------
    ValueError
        unknown kind, or an argument that ``convert`` rejects.
    TypeError
        the formula returns another number type, for example because it says 0.5 * x for x / 2.
    FloatingPointError
        overflow, NaN or division by zero in float64.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from quadmeta import evaluate
    >>> evaluate(lambda x, n: 1 - x**n, Fraction(1, 3), 2, kind="fraction")
    Fraction(8, 9)
    >>> float(evaluate(lambda x, n: 1 - x**n, Fraction(1, 3), 2))
    0.8888888888888888
    """
    function("formula", formula, "a function of the arguments")
    choice("kind", kind, KINDS)
    digits = natural("digits", digits)
    if digits > 10**6:
        raise ValueError(
            f"digits = {show(digits)} is more than mpmath can use: pass at most 1000000"
        )
    if kind == "mpmath":
        import mpmath

        with mpmath.workdps(digits):
            return _checked(kind, formula(*(convert(kind, arg) for arg in args)))
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        return _checked(kind, formula(*(convert(kind, arg) for arg in args)))


def convert(kind: str, value: Any) -> Any:
    """A number, array or list in the number type ``kind``: "float64", "signlog", "interval",
    "fraction" or "mpmath".

    Single integers stay Python ints, because they are counts and exponents (``Fraction(3,
    2)**np.int64(50)`` wraps around); a tuple is converted entry by entry. Floats are taken at
    their exact value. Fractions and mpf become object arrays; mpf are made at the working
    precision of the caller.

    Raises
    ------
    ValueError
        unknown kind, NaN or infinity, or something that is not a real number.
    OverflowError
        kind="float64" and an exact number that is too large, or not zero and below 2.2e-308.
    """
    choice("kind", kind, KINDS)
    if isinstance(value, tuple):
        return tuple(convert(kind, entry) for entry in value)
    if whole(value):
        return int(value)
    if isinstance(value, (SignLog, Interval)) and not isinstance(value, _CLASSES.get(kind, ())):
        raise ValueError(
            f"value = {show(value)} cannot become {kind}: pass the numbers it was made from"
        )
    if kind in _CLASSES:
        return _CLASSES[kind].of(value)
    array = unrounded("value", value)
    if kind == "float64" and array.dtype != object:
        return finite("value", array)[()]
    out = np.empty(array.shape, dtype=float if kind == "float64" else object)
    out.ravel()[:] = [_ENTRY[kind](entry) for entry in array.flat]
    return out[()]


def rational(x: Any) -> Fraction:
    """The exact value of a finite float, int, Fraction, numpy scalar or mpf.

    Raises
    ------
    ValueError
        NaN, infinity, or not a real number.
    OverflowError
        an mpf beyond 2**(+-10**7), which would not fit in memory.
    """
    if isinstance(x, Fraction):
        return x
    top, bottom, exponent = integer_parts(x)
    if abs(exponent) > 10**7:
        raise OverflowError(
            f"value = {show(x)} is too long for a fraction: use kind='mpmath' or 'signlog'"
        )
    return Fraction(top << max(exponent, 0), bottom << max(-exponent, 0))


def _float(x: Any) -> float:
    exact = rational(x)
    try:
        value = float(exact)
    except OverflowError:
        value = np.inf
    if not SMALLEST <= abs(value) <= LARGEST and value != exact:
        raise OverflowError(
            f"value = {SignLog.of(exact)!r} does not fit in float64: use kind='signlog'"
        )
    return value


def _mpf(x: Any) -> Any:
    import mpmath

    if isinstance(x, mpmath.mpf) and mpmath.isfinite(x):
        return +x
    exact = rational(x)
    return mpmath.mpf(exact.numerator) / exact.denominator


_CLASSES: dict[str, Any] = {"signlog": SignLog, "interval": Interval}
_ENTRY: dict[str, Callable[[Any], Any]] = {"float64": _float, "fraction": rational, "mpmath": _mpf}


def _checked(kind: str, result: Any) -> Any:
    """The result of a formula, if all of it is of the number type; exact ints are promoted."""
    if isinstance(result, tuple):
        return tuple(_checked(kind, entry) for entry in result)
    if type(result) is int:
        return convert(kind, np.asarray(result))
    wanted = _CLASSES.get(kind, Fraction if kind == "fraction" else float)
    if kind == "mpmath":
        import mpmath

        wanted = mpmath.mpf
    entries = result.flat if isinstance(result, np.ndarray) else [result]
    wrong = next(
        (type(x).__name__ for x in entries if not isinstance(x, wanted) and type(x) is not int),
        None,
    )
    if wrong is not None:
        raise TypeError(
            f"the formula returned {wrong} where {kind} was asked for: write x / 2, not 0.5 * x"
        )
    if wanted is float and not np.isfinite(result).all():
        raise FloatingPointError(
            "the formula returned NaN or infinity in float64: use kind='signlog' or 'fraction'"
        )
    return result
