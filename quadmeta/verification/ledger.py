"""The ledger: each form of each statement with its verdict, on record and recomputed."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from quadmeta.verification.citation import SOURCES
from quadmeta.verification.claim import FAULTS, FORMS, JUDGEMENTS, STANDINGS, Claim
from quadmeta.verification.collection import Named, Source, claim, collect
from quadmeta.verification.decide import decide
from quadmeta.verification.proofs import proof
from quadmeta.verification.record import numbers, on_record
from quadmeta.verification.verdict import Verdict


class Row(NamedTuple):
    """One form of one statement, as on record."""

    claim: str
    form: str
    """Its kind: printed, reading, conjectured, stated or repaired."""
    verdict: str
    """Of a form that tests an assumption: needed, not needed or unsatisfiable."""
    fault: str
    """What is wrong with it, where it is refuted."""
    decided: str
    machine_checked: str
    """The proof assistant that checked it for every dimension and number of steps; stale where it
    or the proof has changed since.
    """
    evidence: str
    """Exact instances, and coverage of the parameter boxes."""
    worst: str
    """The most extreme lhs/rhs found: <= of an upper bound, >= of a lower one; 1 is equality."""
    source: str
    """Where in the source that the name begins with."""
    standing: str = ""
    """What it is in its source: theorem, formula, assumption, sentence, ...; no column."""
    kind: str = ""
    """The kind of source: paper, slides, talk, note or code; no column."""
    first: bool = True
    """Whether the claim is about this form; no column."""


COLUMNS = Row._fields[:-3]
ARTICLES = {
    "paper": "a paper",
    "slides": "slides",
    "talk": "a talk",
    "note": "a note",
    "code": "code",
}
WIDTH = 180
"""Characters of a line of the table."""
VERDICTS = ("holds", "consistent", "refuted", "vacuous", "undecided", *JUDGEMENTS)


@dataclass(frozen=True)
class Ledger:
    """Recorded verdicts; ``check`` recomputes them."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        heads = [name.replace("_", "-") for name in COLUMNS]
        table: list[tuple[Any, ...]] = [_without_fault(heads)]
        for row in self.rows:
            verdict = row.verdict
            if row.fault != "-":
                verdict = f"{verdict}: {row.fault}"
            shown = row._replace(verdict=verdict)
            if not row.first:
                shown = shown._replace(claim="", source="")
            table.append(_without_fault(shown))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        # the place in the source is last and may be long
        lines = [line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..." for line in lines]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], "", self.summary()])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def summary(self) -> str:
        """How many forms have which verdict, by what they are and where they stand.

        What a source prints and what is read into it are counted apart, theorems and informal
        sentences as well; refuted forms by their fault. A form of an assumption counts by what it
        says of the assumption.
        """
        groups: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=_order):
            groups.setdefault(_group(row), []).append(row)
        return "\n".join(f"{name} ({len(rows)}): {_counted(rows)}" for name, rows in groups.items())


def _without_fault(row: Sequence[Any]) -> tuple[Any, ...]:
    """The columns that are printed: a fault stands beside its verdict."""
    fault = COLUMNS.index("fault")
    return (*row[:fault], *row[fault + 1 : len(COLUMNS)])


def _order(row: Row) -> tuple[int, int, int]:
    """Sources before what is our own, papers before notes, theorems before remarks."""
    own = list(FORMS).index(row.form)
    if not row.kind or row.form not in ("printed", "reading"):
        return (own + 1, 0, 0)
    return (0, SOURCES.index(row.kind), _standing(row) * 2 + own)


def _standing(row: Row) -> int:
    return [*STANDINGS, ""].index(row.standing)


def _group(row: Row) -> str:
    """What the summary counts together."""
    if row.form not in ("printed", "reading"):
        return row.form
    place = row.standing or "statement"
    if row.kind:
        place = f"{place} of {ARTICLES[row.kind]}"
    return f"{place}, {row.form}"


def _counted(rows: Sequence[Row]) -> str:
    parts = []
    for verdict in VERDICTS:
        found = [row for row in rows if row.verdict == verdict]
        if not found:
            continue
        faults = Counter(row.fault for row in found if row.fault != "-")
        said = ", ".join(f"{faults[fault]} {fault}" for fault in FAULTS if fault in faults)
        parts.append(f"{len(found)} {verdict}" + f" ({said})" * bool(said))
    return ", ".join(parts)


def check(name: Named) -> Verdict:
    """Recompute the verdict of a claim, which is given by its name, its class or itself.

    Returns
    -------
    Verdict
        of the first form; ``.others`` are those of the other ones, ``.repaired`` that of the
        repaired one.

    Raises
    ------
    KeyError
        unknown name; the message has the nearest known ones.
    ValueError
        neither a name nor a claim.

    Examples
    --------
    >>> check("derived_log_convexity").repaired
    Verdict(derived_log_convexity, repaired: holds, proof + exact, 202 instances)
    """
    statement = claim(name)
    first, *others = (decide(statement, form) for form in statement.forms)
    return replace(first, others=tuple(others))


def ledger(source: Source | None = None) -> Ledger:
    """Claims with their recorded verdicts; nothing is recomputed.

    Parameters
    ----------
    source
        a module or package, its name, or a list of claims; by default those of this version and of
        installed packages that register theirs.

    Raises
    ------
    ValueError
        no claim there, or two of one name.

    Examples
    --------
    >>> print(ledger(["derived_log_curvature"]).summary())
    stated (1): 1 holds
    """
    rows = []
    for name, statement in collect(source).items():
        for form, record in statement.forms.items():
            found = on_record(statement, form)
            checked = proof(statement, form)
            rows.append(
                Row(
                    claim=name,
                    form=form,
                    verdict=record.verdict,
                    fault=record.fault or "-",
                    decided=record.how,
                    machine_checked=checked.word if checked else "-",
                    evidence=_evidence(found, statement),
                    worst=_worst(found, statement.relation),
                    source=_place(statement.reference),
                    standing=statement.standing,
                    kind=statement.source.kind if statement.source else "",
                    first=form == statement.first,
                )
            )
    return Ledger(tuple(rows))


def _evidence(found: Mapping[str, Any], statement: Claim) -> str:
    parts = []
    if found.get("instances"):
        # of a closed form derived by hand they test the algebra alone
        of = " of algebra" * bool(statement.algebra_of)
        parts.append(f"{found['instances']} instances{of}")
    if "coverage" in found:
        parts.append(f"{found['boxes']} box{'es' * (found['boxes'] > 1)} {found['coverage']:g} %")
    return ", ".join(parts) or "-"


def _worst(found: Mapping[str, Any], relation: str) -> str:
    if "ratio" not in found or relation == "==":
        return "-"
    if relation in (">=", ">"):
        return f">= {found['ratio']:g}"
    return f"<= {found['ratio']:g}"


def _place(reference: str) -> str:
    """The part of a reference after authors and year, which the name of a claim begins with."""
    place, _, more = reference.partition("; ")
    if place == "derived":
        return place
    return re.sub(r"^.*?\b\d{4}(, |$)", "", place) or more


def compared(name: Named) -> list[dict[str, Any]]:
    """Each form of a claim recomputed beside its record; "agrees" is whether the verdict is the
    recorded one.
    """
    statement = claim(name)
    verdict = check(statement)
    return [_compared(found, statement) for found in (verdict, *verdict.others)]


def _compared(found: Verdict, statement: Claim) -> dict[str, Any]:
    record = statement.forms[found.form]
    return {
        "claim": found.claim,
        "form": found.form,
        "status": found.status,
        "how": found.how,
        "recorded": record.recorded,
        "recorded_how": record.how,
        "agrees": (found.status, found.how) == (record.recorded, record.how),
        **numbers(found, statement.relation),
    }
