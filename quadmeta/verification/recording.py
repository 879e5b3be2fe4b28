"""``python -m quadmeta record [PACKAGE]``: worst instances searched on both cores, numbers of the
ledger written to one file.
"""

import json
from typing import Any

from quadmeta._files import sweep, write as write_file
from quadmeta.sweep import Failure, pmap
from quadmeta.verification.claim import Claim
from quadmeta.verification.collection import collect
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import Finding
from quadmeta.verification.instances import worst
from quadmeta.verification.record import file_of, numbers, on_record
from quadmeta.verification.verdict import plain


def measured(form: tuple[Claim, str]) -> dict[str, Any]:
    """The numbers of one form, with the worst instance where the search beats all others."""
    statement, wording = form
    verdict = decide(statement, wording)
    out = numbers(verdict, statement.relation)
    kept = on_record(statement, wording).get("worst")
    if kept is not None:
        out["worst"] = kept
    if (
        not statement.exact
        or statement.relation == "=="
        or verdict.status == "refuted"
        or out.get("ratio") == 1
    ):
        return out
    found = worst(statement, wording)
    sign = -1 if statement.relation in (">=", ">") else 1
    if found is not None and "ratio" in out and sign * _extreme(found, sign) > sign * out["ratio"]:
        # it will be looked at like any other instance
        out |= {
            "ratio": float(f"{_extreme(found, sign):.4g}"),
            "worst": plain(found.instance),
            "instances": out["instances"] + (kept is None),
        }
    return out


def _extreme(found: Finding, sign: int) -> float:
    if sign > 0:
        return max(found.ratios.values())
    return min(found.ratios.values())


def write(package: str, workers: int = 2) -> int:
    """Measure every form of the claims of a package and write its record; 3 if one fails.

    Raises
    ------
    ImportError
        there is no such package.
    ValueError
        it has no claim, or is no package.
    """
    claims = collect(package)
    file = file_of(package)
    forms = [
        (statement, form)
        for statement in claims.values()
        for form, record in statement.forms.items()
        if record.testable
    ]
    out: dict[str, dict[str, Any]] = {
        name: {} for name in sorted({statement.name for statement, _ in forms})
    }
    results = pmap(measured, forms, workers)
    for (statement, form), result in zip(forms, results, strict=True):
        if isinstance(result, Failure):
            print(f"{statement.name}, {form}: {result}")
            return 3
        out[statement.name][form] = result
    sweep(file.parent, deep=False)
    write_file(file, (json.dumps(out, indent=1) + "\n").encode())
    print(f"{file}: {len(forms)} forms")
    return 0
