"""Readers of one machine number: whole numbers, seeds, orders of derivatives, floats in a range."""

import math
from typing import Any

from quadmeta._validate.arrays import finite
from quadmeta._validate.kinds import whole
from quadmeta._validate.messages import show


def natural(name: str, value: Any, remedy: str = "", least: int = 1) -> int:
    """A whole number of at least ``least``.

    It is a Python int, so that exact powers cannot wrap around.
    """
    if not whole(value) or value < least:
        remedy = remedy or f"pass a whole number >= {least}"
        raise ValueError(
            f"{name} = {show(value)} must be a whole number of at least {least}: {remedy}"
        )
    return int(value)


def seeded(name: str, value: Any) -> int:
    """The seed of a random stream: a whole number >= 0."""
    return natural(
        name, value, "pass a whole number >= 0, so that the draw can be repeated", least=0
    )


def order(value: Any, highest: int = 2) -> int:
    """The number of a derivative, 0 for the value itself."""
    if whole(value) and 0 <= value <= highest:
        return int(value)
    known = " or ".join(map(str, range(highest + 1)))
    meaning = "0 is the value, 1 its derivative"
    if highest > 1:
        meaning += ", 2 the second one"
    raise ValueError(f"order = {show(value)} must be {known}: {meaning}")


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
    """One real number with ``above < value < below`` and ``least <= value <= most``."""
    array = finite(name, value)
    if array.ndim:
        raise ValueError(
            f"{name} = {show(value)} must be one number, it has shape {array.shape}: pass a scalar"
        )
    x = float(array)
    if least <= x <= most and above < x < below:
        return x
    signs = {">=": least, ">": above, "<=": most, "<": below}
    bounds = [f"{sign} {bound:g}" for sign, bound in signs.items() if math.isfinite(bound)]
    raise ValueError(
        f"{name} = {show(value)} must be a number {' and '.join(bounds)}: "
        f"{remedy or 'pass one in this range'}"
    )
