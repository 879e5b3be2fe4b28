"""The numbers on record beside the verdicts: instances, worst ratio, coverage, and the worst
instance a search found.

They stand in a file ``record.json`` in the folder of a package of claims; without it nothing is on
record. ``python -m quadmeta record`` writes it; the tests recompute it. A worst instance is a
candidate like any other: it counts only after both sides were computed from it again.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from quadmeta.certificates.recheck import percent
from quadmeta.verification.claim import Claim
from quadmeta.verification.verdict import Verdict

FILE = "record.json"


def on_record(claim: Claim, form: str) -> Mapping[str, Any]:
    """The numbers of one form, {} where none were written."""
    return recorded(type(claim).__module__).get(claim.name, {}).get(form, {})


def recorded(module: str) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Claim -> form -> numbers, from the file of the innermost package above a module that has
    one.
    """
    for folder in folders(module):
        file = folder / FILE
        if file.is_file():
            return _read(file, file.stat().st_mtime_ns)
    return {}


@cache
def _read(file: Path, written: int) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def folders(module: str) -> Iterator[Path]:
    """The folders of a module's packages, the innermost first."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        package = sys.modules.get(".".join(parts[:length]))
        yield from map(Path, list(getattr(package, "__path__", []))[:1])


def file_of(package: str) -> Path:
    """Where the record of a package of claims is written, or of one module's in its package.

    Raises
    ------
    ValueError
        the module is in no package.
    """
    folder = next(folders(package), None)
    if folder is None:
        raise ValueError(
            f"{package}: a module outside of a package has no place for a record: move its claims "
            "into a package"
        )
    return folder / FILE


def numbers(verdict: Verdict, relation: str) -> dict[str, Any]:
    """What is recorded of a verdict: instances, the most extreme ratio lhs/rhs, least coverage of
    a box in %.
    """
    found: dict[str, Any] = {"instances": verdict.evidence.get("instances", 0)}
    if "ratio" in verdict.evidence:
        found["ratio"] = verdict.evidence["ratio"]["min" if relation in (">=", ">") else "max"]
    if "boxes" in verdict.evidence:
        found["coverage"] = float(percent(min(box.proved for box in verdict.evidence["boxes"])))
        found["boxes"] = len(verdict.evidence["boxes"])
    return found
