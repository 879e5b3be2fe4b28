"""Readers of what is no number: words, flags, functions, and objects of a class."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

import numpy as np

from quadmeta._validate.messages import show

Kind = TypeVar("Kind")
Function = TypeVar("Function")


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if value is True or value is False:
        return bool(value)
    if not isinstance(value, np.bool_):
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
    hint = f": did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name} = {show(value)} must be {' or '.join(map(repr, words))}{hint}")


def instance(
    name: str, value: Any, kind: type[Kind] | tuple[type[Kind], ...], example: str
) -> Kind:
    """An object of the right kind.

    ``example`` shows how one is made: "GradientDescent(steps=10)".
    """
    if isinstance(value, kind):
        return value
    kinds = kind if isinstance(kind, tuple) else (kind,)
    wanted = " or ".join(one.__name__ for one in kinds)
    if isinstance(value, type) and issubclass(value, kinds):
        raise ValueError(
            f"{name} is the class {value.__name__}, it must be an instance: pass for example "
            f"{example}"
        )
    article = "an" if wanted[:1].upper() in "AEIOU" else "a"
    raise ValueError(
        f"{name} = {show(value)} must be {article} {wanted}: pass for example {example}"
    )


def pair(name: str, value: Any, meaning: str) -> tuple[Any, Any]:
    """Two objects in a tuple or list, not yet read; ``meaning`` shows them: "(X2, y2)"."""
    if isinstance(value, tuple | list) and len(value) == 2:
        return value[0], value[1]
    if isinstance(value, tuple | list):
        found = f"{type(value).__name__} of {len(value)}"
    else:
        found = show(value)
    raise ValueError(f"{name} is {found}, it must be a pair {meaning}: pass a tuple")


def function(name: str, value: Function, meaning: str) -> Function:
    """Something that can be called; ``meaning`` says with what: "a function of one point"."""
    if not callable(value):
        raise ValueError(f"{name} = {show(value)} must be {meaning}: pass a function")
    return value
