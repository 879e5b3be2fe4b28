"""Where claims come from: a class, a list, a module or package, and what installed packages
register.

A package registers its claims under the entry point group ``quadmeta.claims``, in its own
``pyproject.toml``::

    [project.entry-points."quadmeta.claims"]
    mine = "mypackage.claims"
"""

import inspect
import pkgutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeAlias

from quadmeta._registry import members, unknown
from quadmeta._validate import show
from quadmeta.verification.claim import Claim

GROUP = "quadmeta.claims"
Named: TypeAlias = str | Claim | type[Claim]
"""A claim: itself, its class, or the name of a known one."""
Source: TypeAlias = ModuleType | str | Iterable[Claim | type[Claim]]
"""Claims: a module or package, its name, or a list of classes or instances."""


def claim(name: Named) -> Claim:
    """The claim of this name, for example "wang2021_naive_upper_bound"; or of this class.

    Raises
    ------
    KeyError
        unknown name; the message has the nearest known ones.
    ValueError
        neither a name nor a claim.

    Examples
    --------
    >>> claim("wang2021_naive_upper_bound").reference
    'Wang, Yuan, Wu, Ge 2021, Theorem 3'
    """
    if isinstance(name, Claim):
        return name
    if inspect.isclass(name) and issubclass(name, Claim) and not inspect.isabstract(name):
        return _made(name)
    if isinstance(name, str):
        return _made(known()[name])
    raise ValueError(
        f"claim = {show(name)} must be a claim, its class with both sides, or the name of a known "
        "one: pass one of these"
    )


@cache
def _made(cls: type[Claim]) -> Claim:
    """Claims have no state: one instance of each class does."""
    return cls()


class Known(Mapping[str, type[Claim]]):
    """The claims that come with this version, then those of installed packages, by name.

    A class is imported when it is looked up, and other packages only where a name is not built in.
    """

    def __init__(self) -> None:
        self._own: Mapping[str, type[Claim]] = members("claims")

    def __getitem__(self, name: str) -> type[Claim]:
        if name in self._own:
            return self._own[name]
        if name in installed():
            return installed()[name]
        if name in self.aliases:
            return self[self.aliases[name]]
        raise KeyError(unknown("claim", name, self))

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in installed() or name in self.aliases

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Earlier name -> name; all claims are imported for it."""
        return {old: name for name in self for old in self[name].aliases}

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from installed()

    def __len__(self) -> int:
        return len(list(iter(self)))


@cache
def known() -> Mapping[str, type[Claim]]:
    """The claims that are found by name."""
    return Known()


@cache
def installed() -> Mapping[str, type[Claim]]:
    """The claims of installed packages, by name; of two of one name the first, with a warning."""
    own = members("claims")
    found: dict[str, type[Claim]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            claims = collect(entry.load())
        # whatever is wrong with a neighbour, the other claims stay usable
        except Exception as error:
            warnings.warn(
                f"the claims of {entry.value} are left out: {type(error).__name__}: {error}",
                stacklevel=2,
            )
            continue
        for name, one in claims.items():
            cls = type(one)
            taken = found.get(name) or own.get(name)
            if taken is not None:
                warnings.warn(
                    f"{cls.__module__}.{cls.__name__} is left out: {name} is the name of a claim "
                    f"of {taken.__module__} as well: rename it",
                    stacklevel=2,
                )
            else:
                found[name] = cls
    return found


def collect(source: Source | None = None) -> dict[str, Claim]:
    """The claims of a source by name: the known ones by default.

    Of a module those that it defines, of a package those of all modules below it as well.

    Raises
    ------
    ValueError
        no claim there, or two of one name.
    """
    if source is None:
        return {name: claim(name) for name in known()}
    if isinstance(source, str | ModuleType):
        found = [claim(cls) for module in modules(source) for cls in _defined(module)]
        place = source if isinstance(source, str) else source.__name__
    else:
        if not isinstance(source, Iterable):
            raise ValueError(
                f"source = {show(source)} must be a module, its name, or a list of claims: pass "
                "one of these"
            )
        found = list(map(claim, source))
        place = "the list"
    out: dict[str, Claim] = {}
    for one in found:
        if one.name in out:
            raise ValueError(f"{place}: two claims have the name {one.name}: rename one of them")
        out[one.name] = one
    if not out:
        raise ValueError(
            f"{place}: no claim is defined there: pass a module with subclasses of Claim that "
            "have both sides, or a list of them"
        )
    return out


def modules(source: ModuleType | str) -> list[ModuleType]:
    """A module, and for a package all those below it, in the order of their names.

    Raises
    ------
    ImportError
        there is none of this name, or one below it cannot be imported.
    """
    top = import_module(source) if isinstance(source, str) else source
    path = getattr(top, "__path__", [])
    names = [info.name for info in pkgutil.walk_packages(path, f"{top.__name__}.", _failed)]
    # what runs when it is imported is no place for statements
    return [top, *(import_module(n) for n in sorted(names) if not n.endswith(".__main__"))]


def _failed(name: str) -> None:
    raise ImportError(f"{name} cannot be imported: repair it") from sys.exc_info()[1]


def _defined(module: ModuleType) -> Iterator[type[Claim]]:
    """The claims that a module defines, in its order; those it imports belong elsewhere."""
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, Claim)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
            and not value.__name__.startswith("_")
        ):
            yield value
