"""Which forms a proof assistant has checked, for every dimension and number of steps.

The record stands in a file ``proofs.json`` beside the numbers of the ledger. A row loses its word
when the code of the claim is no longer that which was compared with the formal statement, or,
where the folder of proofs is there, when that is no longer what was checked.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quadmeta.verification.claim import Claim
from quadmeta.verification.record import folders
from quadmeta.verification.source import digest

FILE = "proofs.json"


@dataclass(frozen=True)
class Proof:
    """A theorem that a proof assistant has checked, about the sides that Python evaluates."""

    theorem: str
    checker: str
    """Its name and version."""
    axioms: tuple[str, ...]
    """What the theorem rests on beyond the logic itself."""
    instances: int
    """Points at which the formal statement, evaluated there, gave what Python gives."""
    statement: str
    """The formal statement: assumptions and sides."""
    beyond: str
    """What the wording says and the sides do not, so that it is not checked."""
    current: bool
    """Neither the claim nor, where it is there, the proof has changed since."""

    @property
    def word(self) -> str:
        """What the ledger says."""
        if self.current:
            return self.checker.split(" ")[0]
        return "stale"

    def sentence(self) -> str:
        """The proof in one sentence."""
        axioms = ", ".join(self.axioms) or "no axiom"
        said = f"{self.checker} checked {self.theorem}, for every dimension and number of steps"
        if not self.current:
            said = f"stale, since claim or proof has changed: {said}"
        said = f"{said}; it rests on {axioms}; equal to Python's sides at {self.instances} points"
        if self.beyond:
            said = f"{said}; not checked: {self.beyond}"
        return said


def proof(claim: Claim, form: str) -> Proof | None:
    """The proof of one form, None where there is none on record."""
    for folder in folders(type(claim).__module__):
        file = folder / FILE
        if file.is_file():
            return _found(file, claim, form)
    return None


def formal_statement(claim: Claim) -> str:
    """The formal statement of all forms of a claim that are proved, "" where none is."""
    found = [one for form in claim.forms if (one := proof(claim, form)) is not None]
    return found[0].statement if found else ""


def _found(file: Path, claim: Claim, form: str) -> Proof | None:
    record = _read(file, file.stat().st_mtime_ns)
    row = record["rows"].get(claim.name, {})
    if form not in row.get("forms", {}):
        return None
    found = row["forms"][form]
    return Proof(
        found["theorem"],
        record["checker"],
        tuple(found["axioms"]),
        found["instances"],
        row["statement"],
        row["beyond"],
        _current(claim, row["claim"]) and unchanged(file.parent / record["folder"], row["sources"]),
    )


def _current(claim: Claim, recorded: str) -> bool:
    try:
        return digest(type(claim)) == recorded
    except (OSError, TypeError):
        # without its source code nothing can be said of it
        return False


def unchanged(folder: Path, recorded: Mapping[str, str]) -> bool:
    """Whether the sources of a proof are as recorded, or are not there at all, as in a wheel."""
    if not any((folder / name).is_file() for name in recorded):
        return True
    return all(sha256(folder / name) == value for name, value in recorded.items())


def sha256(file: Path) -> str:
    """Of a file; "" where it is not there."""
    if not file.is_file():
        return ""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _read(file: Path, written: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
