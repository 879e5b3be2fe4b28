"""A value as a message shows it."""

import math
from typing import Any

import numpy as np

LONGEST = 60
"""Characters of a value in a message."""


def show(value: Any) -> str:
    """The repr of a value on one line, printable, cut to sixty characters."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if type(value) is int and abs(value) >= 10**LONGEST:
        return f"an integer of about {value.bit_length() * math.log10(2):.0f} digits"
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a repr of somebody else's object; huge integers in lists have none
        text = f"an object of type {type(value).__name__}"
    text = "".join(map(_printable, text))
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 3] + "..."


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return ascii(character)[1:-1]
