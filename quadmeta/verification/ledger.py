"""The ledger: each statement with its verdict as printed and as repaired, on record and
recomputed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from quadmeta.verification.claim import Claim
from quadmeta.verification.collection import Named, Source, claim, collect
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
    derived: bool = False
    """Whether the claim stands in no source; not a column of the table."""

    @property
    def wording(self) -> str:
        """printed, repaired, or stated: what is derived here was printed nowhere."""
        if self.form == "printed" and self.derived:
            return "stated"
        return self.form


COLUMNS = Row._fields[:-1]


@dataclass(frozen=True)
class Ledger:
    """Recorded verdicts; ``check`` recomputes them."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        table: list[tuple[Any, ...]] = [COLUMNS]
        for row in self.rows:
            if row.form == "repaired":
                shown = row._replace(claim="", source="")
            else:
                shown = row._replace(form=row.wording)
            table.append(shown[: len(COLUMNS)])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
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
            if not found:
                continue
            kinds = sorted(set(found), key=lambda verdict: (-found.count(verdict), verdict))
            parts.append(
                f"{len(found)} {title}: "
                + ", ".join(f"{found.count(kind)} {kind}" for kind in kinds)
            )
        return "\n".join(parts)


def check(name: Named) -> Verdict:
    """Recompute the verdict of a claim, which is given by its name, its class or itself.

    Returns
    -------
    Verdict
        as printed; ``.repaired`` is the one of the repaired form, if there is one.

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
    printed = decide(statement, "printed")
    if "repaired" not in statement.forms:
        return printed
    return replace(printed, repaired=decide(statement, "repaired"))


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
    1 derived here as stated: 1 holds
    """
    rows = []
    for name, statement in collect(source).items():
        for form, record in statement.forms.items():
            found = on_record(statement, form)
            rows.append(
                Row(
                    claim=name,
                    form=form,
                    verdict=record.recorded,
                    decided=record.how,
                    evidence=_evidence(found),
                    worst=_worst(found, statement.relation),
                    source=_place(statement.reference),
                    derived=statement.derived,
                )
            )
    return Ledger(tuple(rows))


def _evidence(found: Mapping[str, Any]) -> str:
    parts = []
    if found.get("instances"):
        parts.append(f"{found['instances']} instances")
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
    forms = [verdict] if verdict.repaired is None else [verdict, verdict.repaired]
    return [_compared(found, statement) for found in forms]


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
