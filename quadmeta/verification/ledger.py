"""The ledger: each statement with its verdict as printed and as repaired, on record and
recomputed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from quadmeta._registry import members
from quadmeta.verification.claim import Claim
from quadmeta.verification.decide import decide
from quadmeta.verification.record import numbers, on_record
from quadmeta.verification.verdict import Verdict


class Row(NamedTuple):
    """One wording of one statement, as on record."""

    claim: str
    form: str
    """printed or repaired."""
    verdict: str
    decided: str
    evidence: str
    """Exact instances, and coverage of the parameter boxes."""
    worst: str
    """The most extreme lhs/rhs found: <= of an upper bound, >= of a lower one; 1 is equality."""
    source: str
    """Where in the source that the name begins with."""

    @property
    def wording(self) -> str:
        """printed, repaired, or stated: what is derived here was printed nowhere."""
        if self.form == "printed" and self.claim.startswith("derived_"):
            return "stated"
        return self.form


@dataclass(frozen=True)
class Ledger:
    """Recorded verdicts; ``check`` recomputes them."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        table = [
            Row._fields,
            *(
                row._replace(claim="", source="")
                if row.form == "repaired"
                else row._replace(form=row.wording)
                for row in self.rows
            ),
        ]
        widths = [max(len(row[k]) for row in table) for k in range(len(Row._fields))]
        lines = [
            "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], "", self.summary()])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def summary(self) -> str:
        """How many statements have which verdict: of the sources as printed, derived here as
        stated, as repaired.
        """
        parts = []
        titles = {
            "printed": "statements of the sources as printed",
            "stated": "derived here as stated",
            "repaired": "as repaired",
        }
        for wording, title in titles.items():
            found = [row.verdict for row in self.rows if row.wording == wording]
            kinds = sorted(set(found), key=lambda verdict: (-found.count(verdict), verdict))
            parts.append(
                f"{len(found)} {title}: "
                + ", ".join(f"{found.count(kind)} {kind}" for kind in kinds)
            )
        return "\n".join(parts)


def claim(name: str) -> Claim:
    """The claim of this name, for example "wang2021_naive_upper_bound".

    Raises
    ------
    KeyError
        unknown name; the message has the nearest known ones.
    """
    found: Claim = members("claims")[name]()
    return found


def check(name: str) -> Verdict:
    """Recompute the verdict as printed; ``.repaired`` is the one of the repaired form, if there is
    one.
    """
    statement = claim(name)
    if "repaired" in statement.forms:
        repaired = decide(statement, "repaired")
    else:
        repaired = None
    return replace(decide(statement, "printed"), repaired=repaired)


def ledger() -> Ledger:
    """All claims with their recorded verdicts; nothing is recomputed."""
    rows = []
    for name in members("claims"):
        statement = claim(name)
        for form, record in statement.forms.items():
            found = on_record(name, form)
            worst = "-"
            if "ratio" in found and statement.relation != "==":
                worst = f"{'>=' if statement.relation in ('>=', '>') else '<='} {found['ratio']:g}"
            # the name of a claim begins with authors and year
            place, _, more = statement.reference.partition("; ")
            if place == "derived":
                source = "derived"
            else:
                source = re.sub(r"^.*?\b\d{4}(, |$)", "", place) or more
            rows.append(
                Row(name, form, record.recorded, record.how, _evidence(found), worst, source)
            )
    return Ledger(tuple(rows))


def _evidence(found: Mapping[str, Any]) -> str:
    if found.get("instances"):
        parts = [f"{found['instances']} instances"]
    else:
        parts = []
    if "coverage" in found:
        parts.append(f"{found['boxes']} box{'es' * (found['boxes'] > 1)} {found['coverage']:g} %")
    return ", ".join(parts) or "-"


def compared(name: str) -> list[dict[str, Any]]:
    """Each form of a claim recomputed beside its record; "agrees" is whether the verdict is the
    recorded one.
    """
    verdict = check(name)
    statement = claim(name)
    out = []
    for found in (verdict, verdict.repaired):
        if found is not None:
            record = statement.forms[found.form]
            out.append(
                {
                    "claim": name,
                    "form": found.form,
                    "status": found.status,
                    "how": found.how,
                    "recorded": record.recorded,
                    "recorded_how": record.how,
                    "agrees": (found.status, found.how) == (record.recorded, record.how),
                    **numbers(found, statement.relation),
                }
            )
    return out
