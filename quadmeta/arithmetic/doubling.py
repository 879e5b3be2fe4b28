"""Numbers to the last digit of float64, by doubling the precision until nothing moves."""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np

from quadmeta._types import Array

FIRST = 30
"""Decimal digits of the first evaluation."""
ZERO = 240
"""Decimal digits from which on what vanishes or shrinks with the precision counts as 0."""
LAST = 960
"""Decimal digits of the last one."""


def settled(formula: Callable[[], Sequence[Any]]) -> tuple[Array, int]:
    """The numbers of a formula in float64, and the digits with which they were computed.

    ``formula`` is evaluated in mpf at 30 digits, at 60, at 120, ..., until two evaluations in a row
    agree to 1e-17 of every number. A number that is 0, or that shrinks with the precision by half
    of the digits that were added or more, is rounding about a 0 and is returned as one, from 240
    digits on: what is not 0 but below some 1e-200 of the terms it is a sum of is not told from it.

    Raises
    ------
    ArithmeticError
        960 digits are not enough: the formula loses them all, or has no value there.
    OverflowError
        a number that float64 cannot hold.

    Examples
    --------
    A difference that float64 loses, and an exact zero:

    >>> import mpmath
    >>> one = lambda: mpmath.mpf(1)
    >>> settled(lambda: [(one() + one() / 10**25) - one(), mpmath.sqrt(2) ** 2 - 2])[0]
    array([1.e-25, 0.e+00])
    """
    digits = FIRST
    before = _at(digits, formula)
    while digits < LAST:
        digits = 2 * digits
        now = _at(digits, formula)
        with mpmath.workdps(digits):
            found = [_agreed(x, y, digits) for x, y in zip(before, now, strict=True)]
        numbers = np.array([x for x in found if x is not None])
        if not np.isfinite(numbers).all():
            raise OverflowError("a derivative exceeds float64: pass a smaller step size")
        if len(numbers) == len(found):
            return numbers, digits
        # rounding about a 0 may happen to be 0: the last one that is not tells how it shrinks
        before = [y or x for x, y in zip(before, now, strict=True)]
    raise ArithmeticError(
        f"{LAST} digits are not enough for all digits of float64: the point is next to one where "
        "no derivative exists, or the run is chaotic; take fewer steps or a larger epsilon"
    )


def _at(digits: int, formula: Callable[[], Sequence[Any]]) -> list[Any]:
    """The formula at this precision."""
    with mpmath.workdps(digits):
        return [mpmath.mpf(x) for x in formula()]


def _agreed(x: Any, y: Any, digits: int) -> float | None:
    """y at a higher precision than x in float64, or None where they do not agree."""
    gap = abs(x - y)
    if y != 0 and gap <= abs(y) * mpmath.mpf(10) ** -17:
        return float(y)
    # half of the digits that were added are digits / 4
    if digits >= ZERO and abs(y) <= abs(x) * mpmath.mpf(10) ** -(digits // 4):
        return 0.0
    return None
