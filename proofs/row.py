"""A row: its file, the forms that it proves, the files it needs, and the text that people read."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import quadmeta as qm
from quadmeta.verification.claim import Claim

FOLDER = Path(__file__).parent
BASE = ("Base", "Tie")
"""What every check needs, lemmas aside."""
_BEGIN = re.compile(r"^\(\*\* \*\* (?:Statement|Definitions) \*\)\n", re.M)
_END = "(** ** Proof *)\n"
_REQUIRED = re.compile(r"^From Quadmeta Require Import ([^.]*)\.$", re.M)


@dataclass(frozen=True)
class Row:
    """The file of one claim."""

    name: str

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return read(self.name)

    @property
    def claim(self) -> Claim:
        """The claim in Python."""
        return qm.claim(self.name)

    @cached_property
    def statement(self) -> str:
        """The formal statement: its own definitions, after those that it shares with others."""
        own = _between(self.text)
        if not own:
            raise ValueError(f"{self.name}.v needs the headings 'Statement' and 'Proof', in turn")
        others = [name for name in self.needs[:-1] if name not in qm.members("claims")]
        parts = {name: _between(read(name)) for name in others}
        shared = [f"(* of {name}.v *)\n{part}" for name, part in parts.items() if part]
        return "\n".join([*shared, own])

    @property
    def beyond(self) -> str:
        """What the statement says in words and its sides do not hold."""
        found = re.search(r"^\(\*\* Not in the sides: (.*?)\.? \*\)$", self.text, re.M | re.S)
        return " ".join(found[1].split()) if found else ""

    @cached_property
    def forms(self) -> list[str]:
        """The forms that it proves, each by the theorem NAME_FORM."""
        forms = [
            form
            for form in self.claim.forms
            if re.search(rf"^Theorem {self.theorem(form)} : holds {form}\.$", self.text, re.M)
        ]
        if not forms:
            raise ValueError(
                f"{self.name}.v proves no form of {list(self.claim.forms)}: state a theorem "
                f"{self.theorem('FORM')} : holds FORM"
            )
        return forms

    def theorem(self, form: str) -> str:
        """The name of the theorem of a form."""
        return f"{self.name}_{form}"

    @cached_property
    def needs(self) -> list[str]:
        """The modules it needs, in the order in which they compile, itself last."""
        found: list[str] = []
        _visit(self.name, found)
        return found

    @property
    def sources(self) -> list[str]:
        """The files that its theorems and its tie rest on."""
        return [f"{name}.v" for name in dict.fromkeys([*self.needs, "Tie"])]


def rows() -> list[Row]:
    """All rows, by name."""
    claims = qm.members("claims")
    return [Row(path.stem) for path in sorted(FOLDER.glob("*.v")) if path.stem in claims]


def shared() -> list[str]:
    """The modules that are no row, in the order in which they compile."""
    names = {row.name for row in rows()}
    found: list[str] = []
    for path in sorted(FOLDER.glob("*.v")):
        if path.stem not in names:
            _visit(path.stem, found)
    return found


def read(name: str) -> str:
    """The text of a module."""
    return (FOLDER / f"{name}.v").read_text(encoding="utf-8")


def definitions(text: str) -> str:
    """A module without its proofs, which compiles alone."""
    kept = text.partition("\nLocal Close Scope num_scope.\n")[0]
    claims = qm.members("claims")

    def without_proofs(line: re.Match[str]) -> str:
        names = [name for name in line[1].split() if name != "Lemmas" and name not in claims]
        return f"From Quadmeta Require Import {' '.join(names)}." if names else ""

    return _REQUIRED.sub(without_proofs, kept)


def _between(text: str) -> str:
    """The definitions between the headings of a module, "" without them."""
    found = _BEGIN.search(text)
    if found is None or _END not in text:
        return ""
    return text[found.end() :].partition(_END)[0].strip() + "\n"


def _visit(name: str, found: list[str]) -> None:
    """A module after those that it requires."""
    for line in _REQUIRED.findall(read(name)):
        for other in line.split():
            if other not in found:
                _visit(other, found)
    if name not in found:
        found.append(name)
