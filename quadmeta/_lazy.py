"""Packages whose names are imported when they are first used.

A package that is used like this says twice what it holds: as imports under ``TYPE_CHECKING``, for
readers, editors and type checkers, and by :func:`attach` at run time. A test keeps both equal.
"""

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any


def attach(
    package: str,
    names: Callable[[], Mapping[str, str]] | Mapping[str, str],
    modules: Mapping[str, str] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package
        its ``__name__``.
    names
        {public name: module that defines it}, or what gives it once a name is looked up.
    modules
        {public name: module that it stands for}.

    Returns
    -------
    The two functions that the package defines under these names. The first is called for names
    that are not there yet; what it finds is kept in the package.
    """
    modules = modules or {}

    def listed() -> Mapping[str, str]:
        return names() if callable(names) else names

    def __dir__() -> list[str]:
        return sorted([*listed(), *modules])

    def __getattr__(name: str) -> Any:
        if name in modules:
            return import_module(modules[name])
        # ``from quadmeta import *`` asks for it
        if name == "__all__":
            return [word for word in __dir__() if not word.startswith("_")]
        # names such as __path__ and __wrapped__ are asked for often, and never public
        module = None if name.startswith("_") else listed().get(name)
        if module is None:
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}{_hint(name, __dir__())}"
            )
        found = getattr(import_module(module), name)
        setattr(sys.modules[package], name, found)
        return found

    return __getattr__, __dir__


def _hint(name: str, public: list[str]) -> str:
    """The public names that look like ``name``, in whatever case."""
    if name.startswith("_"):
        return ""
    known: dict[str, list[str]] = {}
    for word in public:
        known.setdefault(word.lower().replace("_", ""), []).append(word)
    near = get_close_matches(name.lower().replace("_", ""), known, n=2, cutoff=0.7)
    words = [word for key in near for word in known[key]]
    if words:
        return f": did you mean {' or '.join(map(repr, words))}?"
    return ""
