"""``python -m quadmeta record``: worst instances searched on both cores, numbers of the ledger
written to one file.
"""

import json
from typing import Any

from quadmeta._files import sweep
from quadmeta._files import write as write_file
from quadmeta._registry import members
from quadmeta.sweep import Failure, pmap
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import Finding
from quadmeta.verification.instances import worst
from quadmeta.verification.ledger import claim
from quadmeta.verification.record import FILE, numbers, on_record
from quadmeta.verification.verdict import plain


def measured(form: tuple[str, str]) -> dict[str, Any]:
    """The numbers of one form, with the worst instance where the search beats all others."""
    name, wording = form
    statement = claim(name)
    verdict = decide(statement, wording)
    out = numbers(verdict, statement.relation)
    kept = on_record(name, wording).get("worst")
    out |= {} if kept is None else {"worst": kept}
    if (
        not statement.exact
        or statement.relation == "=="
        or verdict.status == "refuted"
        or out.get("ratio") == 1
    ):
        return out
    found = worst(statement, wording)
    if statement.relation in (">=", ">"):
        sign = -1
    else:
        sign = 1
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


def write(workers: int = 2) -> int:
    """Measure every form and write the record; 3 if one fails."""
    forms = [
        (name, form)
        for name in members("claims")
        for form, record in claim(name).forms.items()
        if record.testable
    ]
    out: dict[str, dict[str, Any]] = {name: {} for name, _ in forms}
    results = pmap(measured, forms, workers)
    for (name, form), result in zip(forms, results, strict=True):
        if isinstance(result, Failure):
            print(f"{name}, {form}: {result}")
            return 3
        out[name][form] = result
    sweep(FILE.parent, deep=False)
    write_file(FILE, (json.dumps(out, indent=1) + "\n").encode())
    print(f"{FILE}: {len(forms)} forms")
    return 0
