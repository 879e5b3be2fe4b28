"""Every row compiled, its axioms compared, and its statements tied to Python's."""

import json
import re
import resource
import shutil
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import quadmeta.claims
from proofs import coq, text
from proofs.row import FOLDER, Row, rows, shared
from proofs.table import Answer, digest as digest_of_table, table
from quadmeta._files import write
from quadmeta.verification.proofs import FILE, sha256
from quadmeta.verification.source import digest

BUILD = FOLDER.parent / ".cache" / "proofs"
RECORD = Path(quadmeta.claims.__file__).with_name(FILE)
LEAST = 100
"""Instances of a form at which Coq must agree with Python."""
ALLOWED = {
    "sig_forall_dec": "a predicate of natural numbers holds of all, or fails somewhere",
    "sig_not_dec": "a proposition is refuted or not",
    "functional_extensionality_dep": "functions of equal values are equal",
    "classic": "a proposition holds or not",
}
"""The axioms of the real numbers in Coq's standard library; no theorem may rest on another one."""


def main(names: Iterable[str] = (), workers: int = 2) -> int:
    """Check all rows, or those that are named, and write the record of all; 1 where one fails."""
    if not coq.installed():
        print(coq.MISSING)
        return 1
    start = time.perf_counter()
    try:
        checker = f"Coq {coq.version()}"
        copied()
        for name in shared():
            coq.compile_file(BUILD, f"{name}.v")
    except coq.Failed as error:
        print(error)
        return 1
    chosen = [row for row in rows() if not names or row.name in set(names)]
    waves = _waves(chosen)
    found: dict[str, Any] = {}
    failed = 0
    with ThreadPoolExecutor(workers) as pool:
        for wave in waves:
            for row, result in zip(wave, pool.map(_tried, wave), strict=True):
                if isinstance(result, str):
                    failed += 1
                    print(f"{row.name}: FAILED: {result}", flush=True)
                else:
                    found[row.name] = result
                    for line in _said(row, result):
                        print(line, flush=True)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    seconds = time.perf_counter() - start
    forms = sum(len(row["forms"]) for row in found.values())
    print(
        f"{checker}: {len(found)} rows, {forms} forms, {failed} failed; {seconds:.0f} s, at most "
        f"{memory:.2f} GB a process"
    )
    if failed:
        return 1
    kept = {} if not names else recorded()["rows"]
    write_record(checker, {**kept, **found})
    return 0


def copied() -> None:
    """A clean copy of all sources where Coq may write."""
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    for path in FOLDER.glob("*.v"):
        shutil.copy(path, BUILD)


def _waves(chosen: list[Row]) -> list[list[Row]]:
    """Rows after those that they use."""
    names = {row.name for row in rows()}
    first = [row for row in chosen if not names & set(row.needs[:-1])]
    return [first, [row for row in chosen if row not in first]]


def _tried(row: Row) -> dict[str, Any] | str:
    try:
        return checked(row)
    except (coq.Failed, ValueError) as error:
        return str(error)


def checked(row: Row) -> dict[str, Any]:
    """What is recorded of one row, once Coq has accepted it.

    Raises
    ------
    Failed
        Coq refuses the proof, it rests on more than the reals, or the sides are not Python's.
    """
    for name in row.needs:
        if not (BUILD / f"{name}.vo").is_file():
            coq.compile_file(BUILD, f"{name}.v")
    answers = {form: table(row.claim, form) for form in row.forms}
    counts = write_table(row, answers)
    forms: dict[str, Any] = {}
    for form, axioms in zip(row.forms, coq.axioms(_run(row)), strict=True):
        if unknown := set(axioms) - ALLOWED.keys():
            raise coq.Failed(f"{form} rests on {', '.join(sorted(unknown))}: prove it")
        count, left_out = counts[form]
        if count < LEAST:
            raise coq.Failed(f"{form}: {count} instances, fewer than {LEAST}")
        forms[form] = {
            "theorem": row.theorem(form),
            "relation": row.claim.relation,
            "instances": count,
            "left out": left_out,
            "table": digest_of_table(answers[form]),
            "axioms": axioms,
        }
    return {
        "statement": row.statement,
        "beyond": row.beyond,
        "claim": digest(type(row.claim)),
        "sources": {name: sha256(BUILD / name) for name in row.sources},
        "forms": forms,
    }


def write_table(
    row: Row, answers: Mapping[str, list[Answer]], folder: Path = BUILD
) -> dict[str, tuple[int, int]]:
    """Compile what Python gives; (instances, those left out) of each form."""
    parts = [text.HEADER.format(modules="Base Tie")]
    counts = {}
    for form, given in answers.items():
        lines, count, left_out = text.instances(row.claim, form, given)
        parts.append(lines)
        counts[form] = (count, left_out)
    (folder / f"table_{row.name}.v").write_text("\n".join(parts), encoding="utf-8")
    coq.compile_file(folder, f"table_{row.name}.v")
    return counts


def _run(row: Row) -> str:
    """What Coq prints of the theorems; where the tie fails, which instances differ."""
    parts = [text.HEADER.format(modules=f"Base Tie {row.name} table_{row.name}")]
    parts += [text.module(row.name, form, row.theorem(form)) for form in row.forms]
    for form in row.forms:
        parts += [text.differing(row.claim, form), text.agreed(form)]
    file = BUILD / f"check_{row.name}.v"
    file.write_text("\n".join(parts), encoding="utf-8")
    try:
        return coq.compile_file(BUILD, file.name)
    except coq.Failed as error:
        if "_differs" not in str(error):
            raise
    found = differences(row)
    raise coq.Failed(f"Coq and Python differ at the instances {found}; 0 is domain or relation")


def differences(row: Row, folder: Path = BUILD) -> dict[str, list[int]]:
    """The places in the table of each form at which Coq and Python differ."""
    parts = [text.HEADER.format(modules=f"Base Tie {row.name} table_{row.name}")]
    parts += [text.differing(row.claim, form) for form in row.forms]
    parts += [f"Eval vm_compute in {form}_differs." for form in row.forms]
    file = folder / f"differ_{row.name}.v"
    file.write_text("\n".join(parts), encoding="utf-8")
    lists = re.findall(r"= (.*?)\n\s*: list nat", coq.compile_file(folder, file.name), re.DOTALL)
    return {
        form: [int(k) for k in re.findall(r"[0-9]+", one)]
        for form, one in zip(row.forms, lists, strict=True)
    }


def _said(row: Row, result: Mapping[str, Any]) -> list[str]:
    out = []
    for form, one in result["forms"].items():
        axioms = ", ".join(one["axioms"]) or "no axiom"
        left_out = f", {one['left out']} too long" * bool(one["left out"])
        out.append(
            f"{row.name}, {form}: proved ({axioms}), equal to Python at {one['instances']} points"
            f"{left_out}"
        )
    return out


def recorded() -> dict[str, Any]:
    """The record as it is."""
    if not RECORD.is_file():
        return {"rows": {}}
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def write_record(checker: str, found: Mapping[str, Any]) -> None:
    """Write the record that the ledger reads."""
    content = {
        "checker": checker,
        "folder": "../../proofs",
        "allowed axioms": ALLOWED,
        "rows": dict(sorted(found.items())),
    }
    write(RECORD, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
