"""A certificate checked again by whoever received it, with the standard library alone.

An instance is put into the recorded program with fractions: the path taken, both sides, each margin and the verdict
must be what the file states. A box is walked cell by cell with rational intervals: each cell called proved must be.
"""
import json
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.program import OPPOSITE, RELATIONS, Program, Run, number

STATUSES = ("holds", "consistent", "refuted", "vacuous", "undecided")


class Wrong(ValueError):
    """A certificate that does not show what it says."""


def met(name: str, margin: Any) -> bool:
    """Whether an assumption holds with this margin; its name states the relation."""
    if "<=" in name or ">=" in name:
        return bool(margin >= 0)
    return bool(margin > 0) if re.search(r"[<>]|!=", name) else bool(margin == 0)


def read(path: str | Path) -> dict[str, Any]:
    """The certificate in a file.

    Raises:
        Wrong: no JSON object, or a part is missing.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Wrong(f"{path} is not JSON: the file is damaged: {error}") from None
    missing = {"claim", "form", "status", "how", "relation"} - set(data if isinstance(data, dict) else ())
    if missing:
        raise Wrong(f"{path} lacks {', '.join(sorted(missing))}: the file is damaged")
    return dict(data)


def recheck(certificate: Mapping[str, Any]) -> list[str]:
    """One line for each part that was verified.

    Raises:
        Wrong: the first thing that is not as stated, with what it is.
    """
    if certificate["status"] not in STATUSES or certificate["relation"] not in RELATIONS:
        raise Wrong(f"status {certificate['status']!r} or relation {certificate['relation']!r} is unknown: "
                    "the file is damaged")
    out = []
    try:
        if "instance" in certificate:
            out.append(_instance(certificate))
        boxes = [_box(box, certificate["relation"]) for box in certificate.get("boxes", ())]
    except Wrong:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise Wrong(f"the program cannot be run: {error}") from None
    refuted = any(fails for fails, _ in boxes)
    if refuted and certificate["status"] != "refuted":
        raise Wrong(f"status {certificate['status']!r}, but a box refutes the statement")
    if certificate["how"] == "box" and not (refuted if certificate["status"] == "refuted" else boxes):
        raise Wrong(f"status {certificate['status']!r} by a box: the file holds no box that shows it")
    out += [line for _, line in boxes]
    if not out and certificate["status"] != "undecided" and certificate["how"] != "sampled":
        raise Wrong(f"status {certificate['status']!r} needs an instance or a box: the file holds none")
    return out or ["nothing to recompute: the statement is not decided by exact numbers"]


def inputs(instance: Mapping[str, Any]) -> dict[str, Fraction]:
    """An instance as a program names it: ``eta``, ``eigenvalues[0]``."""
    flat = {f"{name}.length": Fraction(len(value)) for name, value in instance.items() if isinstance(value, list)}
    for name, value in instance.items():
        entries = {f"{name}[{i}]": entry for i, entry in enumerate(value)} if isinstance(value, list) else {name: value}
        flat |= {key: Fraction(v) if type(v) is int else number(v) for key, v in entries.items()}
    return flat


def _instance(certificate: Mapping[str, Any]) -> str:
    program = Program.read(certificate["program"])
    run = program.run(inputs(certificate["instance"]))
    for line, truth in run.conditions():
        if not truth:
            raise Wrong(f"instance: {line} is not true of it: the program is not the computation there")
    for side in ("lhs", "rhs"):
        _same(side, certificate[side], run[side])
    stated = certificate["assumptions"]
    _same("assumptions", list(stated.values()), run["assumptions"])
    for name, margin in zip(stated, run["assumptions"], strict=True):
        if not met(name, margin) and name != certificate.get("dropped"):
            raise Wrong(f"the instance breaks the assumption {name} by {margin}: it shows nothing")
    relation = RELATIONS[certificate["relation"]]
    true = all(relation(left, right) for left, right in zip(run["lhs"], run["rhs"], strict=True))
    if true == (certificate["status"] == "refuted"):
        raise Wrong(f"status {certificate['status']!r}, but lhs {certificate['relation']} rhs is "
                    f"{'true' if true else 'false'} at the instance")
    return (f"instance: {len(program.steps)} steps with fractions, {len(run['lhs'])} comparisons "
            f"lhs {certificate['relation']} rhs, {len(stated)} assumptions: as stated")


def _same(what: str, stated: Any, found: tuple[Any, ...]) -> None:
    if len(stated) != len(found):
        raise Wrong(f"{what} has {len(stated)} components in the file, {len(found)} at the instance")
    for k, (text, value) in enumerate(zip(stated, found, strict=True)):
        if number(text) != value:
            raise Wrong(f"{what} differs in component {k}: the file says {text}, the instance gives {value}")


def _box(box: Mapping[str, Any], relation: str) -> tuple[bool, str]:
    program, names = Program.read(box["program"]), list(box["ranges"])
    cells = [tuple((number(low), number(high)) for low, high in box["ranges"].values())]
    proved, count, refuted = Fraction(0), 0, False
    for depth, level in enumerate(box["levels"]):
        if len(level) != len(cells):
            raise Wrong(f"box: level {depth} has {len(level)} cells, {len(cells)} are there")
        for cell, mark in zip(cells, level, strict=True):
            shown = {"P": relation, "F": OPPOSITE[relation]}.get(mark)
            if shown and not _true(program, names, cell, shown):
                raise Wrong(f"box: lhs {shown} rhs is not proved on the cell {_place(names, cell)}")
        proved, count = proved + Fraction(level.count("P"), 2**depth), count + len(level)
        refuted |= "F" in level
        # all sides are halved in turn
        axis = depth % len(names)
        cells = [half for cell, mark in zip(cells, level, strict=True) if mark == "S" for half in _halves(cell, axis)]
    if cells:
        raise Wrong(f"box: {len(cells)} cells are missing at the end")
    if number(box["proved"]) != proved:
        raise Wrong(f"box: proved is {box['proved']} in the file, {proved} in its cells")
    place = _place(names, tuple((number(low), number(high)) for low, high in box["ranges"].values()))
    share = f"{float(100 * proved):.6g} %"
    return refuted, f"box {place}: {share} proved in {count} cells with rational intervals: as stated"


def _true(program: Program, names: list[str], cell: tuple[Any, ...], relation: str) -> bool:
    run: Run = program.run({name: Enclosure(*ends) for name, ends in zip(names, cell, strict=True)})
    sides = zip(map(Enclosure.of, run["lhs"]), map(Enclosure.of, run["rhs"]), strict=True)
    return all(truth for _, truth in run.conditions()) and all(RELATIONS[relation](a, b) for a, b in sides)


def _halves(cell: tuple[Any, ...], axis: int) -> list[tuple[Any, ...]]:
    low, high = cell[axis]
    return [cell[:axis] + (ends,) + cell[axis + 1:] for ends in ((low, (low + high) / 2), ((low + high) / 2, high))]


def _place(names: list[str], cell: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} in [{low}, {high}]" for name, (low, high) in zip(names, cell, strict=True))
