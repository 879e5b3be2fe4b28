"""The ledger: each statement with its verdict as printed and as repaired, on record and recomputed."""
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from quadmeta._registry import members
from quadmeta.claims._base import Claim, Form
from quadmeta.claims._decide import decide
from quadmeta.claims._verdict import Verdict


class Row(NamedTuple):
    """One claim as on record; "-" where there is no repaired form."""

    claim: str
    source: str
    strength: str
    printed: str
    repaired: str
    decided: str
    """How the printed form was decided, and, where it differs, the repaired one."""


@dataclass(frozen=True)
class Ledger:
    """Recorded verdicts; ``check`` recomputes them."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        table = [Row._fields, *self.rows]
        widths = [max(len(row[k]) for row in table) for k in range(len(Row._fields))]
        lines = ["  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip()
                 for row in table]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def claim(name: str) -> Claim:
    """The claim of this name, for example "wang2021_naive_upper_bound".

    Raises:
        KeyError: unknown name; the message has the nearest known ones.
    """
    found: Claim = members("claims")[name]()
    return found


def check(name: str) -> Verdict:
    """Recompute the verdict as printed; ``.repaired`` is the one of the repaired form, if there is one."""
    statement = claim(name)
    repaired = decide(statement, "repaired") if "repaired" in statement.forms else None
    return replace(decide(statement, "printed"), repaired=repaired)


def ledger() -> Ledger:
    """All claims with their recorded verdicts; nothing is recomputed."""
    rows, printed_only = [], Form("", "-", "")
    for name in members("claims"):
        statement = claim(name)
        printed, repaired = statement.forms["printed"], statement.forms.get("repaired", printed_only)
        decided = " / ".join(dict.fromkeys(form.how for form in (printed, repaired) if form.how))
        rows.append(Row(name, statement.reference.split(";")[0], statement.strength, printed.recorded,
                        repaired.recorded, decided))
    return Ledger(tuple(rows))


def differences(name: str) -> list[str]:
    """One line for each form whose recomputed verdict is not the recorded one."""
    verdict, lines = check(name), []
    for found in (verdict, verdict.repaired):
        if found is not None:
            record = claim(name).forms[found.form]
            if (found.status, found.how) != (record.recorded, record.how):
                lines.append(f"{name}, {found.form}: recorded {record.recorded} ({record.how}), "
                             f"recomputed {found.status} ({found.how})")
    return lines
