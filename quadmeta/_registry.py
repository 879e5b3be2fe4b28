"""Families are folders: each module of a family's folder holds the one class it is named after.

``quadmeta/estimators/renormalised_reverse.py`` holds ``RenormalisedReverse``, and what members
share stands in ``quadmeta/estimators/parts``. A claim is named after its source as well:
``quadmeta/claims/wang2021/gap_decreases.py`` holds ``Wang2021GapDecreases``, and one derived here,
``quadmeta/claims/derived/discount/matrix_discount.py``, holds ``DerivedMatrixDiscount`` whatever
its topic. Adding a member is adding a file.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from textwrap import shorten
from typing import Any

from quadmeta._lazy import attach
from quadmeta.certificates.refusal import quoted

FAMILIES = ("problems", "optimizers", "objectives", "estimators", "sampled", "claims")
SENTENCE = 100
"""Characters of a sentence in a table of members."""


def class_names(family: str) -> dict[str, str]:
    """{class name: module path} of the members of a family, in the order of their names, without
    importing them.
    """
    folder = Path(__file__).parent / family
    keys = dict(
        sorted(_claims(folder) if family == "claims" else _files(folder, f"quadmeta.{family}"))
    )
    return {
        "".join(word.capitalize() for word in key.split("_")): module
        for key, module in keys.items()
    }


def _files(folder: Path, package: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(key of the member, module) of each file of a folder."""
    for path in folder.glob("*.py"):
        if path.stem != "__init__":
            yield prefix + path.stem, f"{package}.{path.stem}"


def _claims(folder: Path) -> Iterator[tuple[str, str]]:
    """(key of the claim, module): its source and its file. A folder that ends in a year is a
    source.
    """
    for source in folder.iterdir():
        if re.fullmatch(r"[a-z]+\d{4}", source.name):
            yield from _files(source, f"quadmeta.claims.{source.name}", f"{source.name}_")
    for topic in (folder / "derived").iterdir():
        yield from _files(topic, f"quadmeta.claims.derived.{topic.name}", "derived_")


def family(
    name: str, shared: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of the package of a family.

    Parameters
    ----------
    name
        the family, such as ``"estimators"``.
    shared
        {name: module below the family's folder} of what its members share and users need.
    """
    package = f"quadmeta.{name}"
    bases = {public: f"{package}.{module}" for public, module in shared.items()}
    return attach(package, lambda: {**class_names(name), **bases})


class Members(Mapping[str, type]):
    """Read-only mapping from file name (``renormalised_reverse``) to class; each is imported when
    it is looked up.
    """

    def __init__(self, family: str) -> None:
        self.family = family
        self._places = {_key(name): (module, name) for name, module in class_names(family).items()}

    def __getitem__(self, name: str) -> type:
        if not isinstance(name, str) or name not in self._places:
            raise KeyError(unknown(f"{self.family[:-1]}", name, self._places))
        module, cls = self._places[name]
        found: type = getattr(import_module(module), cls)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        """A table of class, what it is in a sentence, and reference."""
        rows = [
            (name if self.family == "claims" else cls.__name__, _sentence(cls), _reference(cls))
            for name, cls in self.items()
        ]
        first = max((len(row[0]) for row in rows), default=0)
        second = max((len(row[1]) for row in rows), default=0)
        return "\n".join(
            f"{name:<{first}}  {sentence:<{second}}  {source}".rstrip()
            for name, sentence, source in rows
        )

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


def _key(name: str) -> str:
    """A class name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _sentence(cls: type) -> str:
    """The first sentence of the file that a member stands in, as much as fits beside a name."""
    text = sys.modules[cls.__module__].__doc__ or cls.__doc__ or ""
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[a-z)\d])\. ", paragraph)[0].rstrip(".:;")
    return shorten(sentence, SENTENCE, placeholder=" ...")


def _reference(cls: type) -> str:
    """Where a member comes from: its ``reference``, or the section of its docstring."""
    stated = getattr(cls, "reference", "")
    if stated:
        return str(stated)
    section = re.search(r"^ *References\n *-+\n(.*?)(\n *\n|\Z)", cls.__doc__ or "", re.M | re.S)
    return " ".join(section[1].split()) if section else ""


def members(family: str) -> Members:
    """The members of ``"problems"``, ``"optimizers"``, ``"objectives"``, ``"estimators"``,
    ``"sampled"`` or ``"claims"`` by name.

    Printed, they are a table of class, what it is in a sentence, and reference.

    Parameters
    ----------
    family
        one of the six names above.

    Returns
    -------
    A read-only mapping from the file name of a member to its class.

    Examples
    --------
    >>> import quadmeta as qm
    >>> qm.members("optimizers")["heavy_ball"]
    <class 'quadmeta.optimizers.heavy_ball.HeavyBall'>

    Raises
    ------
    KeyError
        unknown family.
    """
    if not isinstance(family, str) or family not in FAMILIES:
        raise KeyError(unknown("family", family, FAMILIES))
    return Members(family)


def unknown(kind: str, name: Any, known: Any) -> str:
    """One line for an unknown name, with the nearest known ones."""
    if isinstance(name, str):
        text = name[:100]
    else:
        text = ""
    near = get_close_matches(text, list(known), n=3, cutoff=0.0)
    return f"unknown {kind} {quoted(name)}: did you mean {' or '.join(map(repr, near))}?"
