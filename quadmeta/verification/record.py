"""The numbers on record beside the verdicts: instances, worst ratio, coverage, and the worst
instance a search found.

``python -m quadmeta record`` writes them; the tests recompute them. A worst instance is a
candidate like any other: it counts only after both sides were computed from it again.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from quadmeta.certificates.recheck import percent
from quadmeta.verification.verdict import Verdict

FILE = Path(__file__).parents[1] / "claims" / "record.json"


@cache
def record() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Claim -> form -> numbers."""
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def on_record(claim: str, form: str) -> Mapping[str, Any]:
    """The numbers of one form, {} where none were written."""
    return record().get(claim, {}).get(form, {})


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
