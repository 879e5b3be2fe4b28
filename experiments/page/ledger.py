"""The ledger as HTML: filters, and a table with a row for each wording of a statement."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from experiments.page.mathml import formula, prose
from quadmeta.certificates.program import RELATIONS, number
from quadmeta.harness.results import BrokenFile, content, line, read_json
from quadmeta.verification.claim import FAULTS, FORMS, JUDGEMENTS, Claim
from quadmeta.verification.collection import claim
from quadmeta.verification.ledger import VERDICTS, Row
from quadmeta.verification.proofs import Proof, proof
from quadmeta.verification.strength import strength
from quadmeta.verification.verdict import text

MARKS = dict(zip(VERDICTS, "✓≈✗∅?!−⊥", strict=True))
KINDS = {**FORMS, **FAULTS}
MEANING = {
    "holds": (
        "A written proof and exact rational instances without violation, or a box of parameters "
        "that is covered, at once or after a written reduction."
    ),
    "consistent": "No violation was found on exact or sampled instances; that proves nothing.",
    "refuted": "There is a counterexample in rational numbers, with every assumption met.",
    "vacuous": "The bound is true because it says nothing.",
    "undecided": "The wording leaves open what would decide it.",
    **{word: f"Of an assumption: {meaning}." for word, meaning in JUDGEMENTS.items()},
}
_SIGN = {"==": "=", "<=": "≤", ">=": "≥", "<": "<", ">": ">"}
_COLUMNS = (
    "form",
    "statement",
    "verdict",
    "decided by",
    "machine-checked",
    "evidence",
    "lhs/rhs",
    "certificate",
)


def badge(verdict: str, count: int | None = None) -> str:
    """A verdict as a word with its sign and colour."""
    words = f"{MARKS[verdict]} {verdict}"
    if count is not None:
        words = f"{words} {count}"
    return f'<span class="badge {slug(verdict)}">{words}</span>'


def slug(verdict: str) -> str:
    """A verdict as the name of a class."""
    return verdict.replace(" ", "-")


def filters(rows: Sequence[Row]) -> str:
    """How many statements have which verdict; each count shows its own statements alone."""
    claims = len({row.claim for row in rows})
    parts = [
        '<form><fieldset class="filter"><span>statements</span><div>'
        '<input type="radio" name="show" id="show-all" checked>'
        f'<label class="badge" for="show-all">all {claims}</label></div>'
    ]
    rules = []
    for form in FORMS:
        parts.append(f"<span>{form}</span><div>")
        for verdict in VERDICTS:
            count = sum((row.form, row.verdict) == (form, verdict) for row in rows)
            if count:
                key = f"{form}-{slug(verdict)}"
                parts.append(
                    f'<input type="radio" name="show" id="show-{key}">'
                    f'<label class="badge {slug(verdict)}" for="show-{key}">'
                    f"{MARKS[verdict]} {count} {verdict}</label>"
                )
                rules.append(
                    f"body:has(#show-{key}:checked) tbody:not(.{key}):is([id], .group) {{ "
                    f"display: none; }}"
                )
        parts.append("</div>")
    parts.append(
        '</fieldset><input id="find" type="search" placeholder="search the ledger" '
        'aria-label="search the ledger" hidden></form>'
    )
    return "".join(parts) + f"\n<style>{' '.join(rules)}</style>"


def table(rows: Sequence[Row], figures: Path) -> str:
    """The statements of the sources first, what is derived here last."""
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.claim.startswith("derived")):
        found = re.match(r"(?!derived).*?\d{4}(, talk)?", claim(row.claim).reference)
        source = "Derived here"
        if found is not None:
            source = found.group()
        groups.setdefault(source, []).append(row)
    heads = "".join(
        f"<th scope=col{' class=number' * (name == 'lhs/rhs')}>{name}</th>" for name in _COLUMNS
    )
    out = [f"<table><thead><tr>{heads}</tr></thead>"]
    for source, members in groups.items():
        names = list(dict.fromkeys(row.claim for row in members))
        out.append(
            f'<tbody class="group {_classes(members)}">'
            f'<tr><th colspan="{len(_COLUMNS)}" scope="rowgroup">'
            f'{escape(source)} <span class="soft">{len(names)}</span></th></tr></tbody>'
        )
        out += [
            _claim(claim(name), [row for row in members if row.claim == name], figures)
            for name in names
        ]
    return "\n".join(out) + "\n</table>"


def _classes(rows: Iterable[Row]) -> str:
    return " ".join(sorted({f"{row.form}-{slug(row.verdict)}" for row in rows}))


def _claim(statement: Claim, rows: Sequence[Row], figures: Path) -> str:
    name = statement.name
    out = [
        f'<tbody id="{name}" class="claim {_classes(rows)}"><tr>'
        f'<th colspan="2" scope="rowgroup"><a href="#{name}"><code>{name}</code></a></th>'
        f'<td colspan="{len(_COLUMNS) - 2}" class="soft">'
        f"{escape(statement.reference)}</td></tr>"
    ]
    proved = [key for key, form in statement.forms.items() if form.proved]
    for row in rows:
        path = figures / "certificates" / f"{name}.{row.form}.json"
        certificate: dict[str, Any] = {}
        link = ""
        if path.exists():
            certificate = _certificate(path)
            link = f'<a href="certificates/{path.name}" aria-label="{path.stem}">json</a>'
        record = statement.forms[row.form]
        below = [f'<div class="formula">{formula(record.statement, True)}</div>']
        if record.reason:
            below.append(f"<p>{prose(record.reason)}</p>")
        told = strength(statement, row.form)
        if told:
            below.append(_details("Strength", "".join(f"<p>{prose(line)}</p>" for line in told)))
        if row is rows[0]:
            below.append(_details("Setting", _paragraphs(_setting(statement))))
        if proved[:1] == [row.form]:
            below.append(_details("Proof", _paragraphs(statement.proof)))
        checked = proof(statement, row.form)
        if checked is not None:
            below.append(_details("Formal statement", _formal(checked)))
        if record.recorded == "refuted" and "instance" in certificate:
            below.append(_details("Counterexample", _counterexample(certificate, statement)))
        cells = [
            ("decided by", "", row.decided),
            ("machine-checked", "", row.machine_checked),
            ("evidence", "", row.evidence),
            ("lhs/rhs", "number", row.worst),
        ]
        shown = [
            f'<td class="{style}" data-label="{label}">{escape(entry) * (entry != "-")}</td>'
            for label, style, entry in cells
        ]
        out.append(
            f'<tr class="form" data-form="{row.form}" data-verdict="{row.verdict}">'
            f'<th scope="row">{row.form}</th><td class="statement">{"".join(below)}</td>'
            f"<td>{badge(row.verdict)}{_fault(row)}</td>{''.join(shown)}<td>{link}</td></tr>"
        )
    return "\n".join(out) + "</tbody>"


def _formal(checked: Proof) -> str:
    """What the proof assistant checked, in its own words."""
    return f"<p>{escape(checked.sentence())}</p><pre>{escape(checked.statement)}</pre>"


def _fault(row: Row) -> str:
    if row.fault == "-":
        return ""
    return f' <span class="soft">{row.fault}</span>'


def _certificate(path: Path) -> dict[str, Any]:
    try:
        found = read_json(content(path))
        if not isinstance(found, dict):
            raise ValueError("it is no object")
    except (OSError, ValueError, RecursionError) as error:
        raise BrokenFile(
            f"{path} is no certificate ({line(error)}): `python -m experiments run "
            "counterexamples` writes it again, or remove it"
        ) from None
    return found


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>{body}</details>"


def _setting(statement: Claim) -> str:
    return re.split(r"\n\s*Proof\b", inspect.cleandoc(type(statement).__doc__ or ""))[0]


def _paragraphs(words: str) -> str:
    """A paragraph begins at an empty line, and at a sentence with a label ("Repaired: ...")."""
    labelled = r"(?<=[.?])\s+(?=(?:Printed|Reading|Conjectured|Stated|Repaired|Sides)\b[^.:]*:)"
    parts = re.split(rf"\n\s*\n|{labelled}", words)
    return "".join(f"<p>{prose(' '.join(part.split()))}</p>" for part in parts)


def _counterexample(found: Mapping[str, Any], statement: Claim) -> str:
    """The instance, and the entry of both sides that is wrong."""
    shown = ", ".join(
        f"{name} = {text(_numbers(value))}" for name, value in found["instance"].items()
    )
    pairs = zip(_numbers(found["lhs"]), _numbers(found["rhs"]), strict=True)
    left, right = next(pair for pair in pairs if not RELATIONS[found["relation"]](*pair))
    stated = f"{text(left)} {_SIGN[found['relation']]} {text(right)}"
    sides = " ".join((inspect.getdoc(type(statement).sides) or "").split())
    return (
        f"<p>{escape(shown)}</p>"
        f"<p>Stated is {escape(stated)}, which is false. Compared are: {prose(sides)}</p>"
    )


def _numbers(value: Any) -> Any:
    if isinstance(value, str):
        return number(value)
    if isinstance(value, list):
        return tuple(map(_numbers, value))
    return value
