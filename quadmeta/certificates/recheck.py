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
from quadmeta.certificates.program import RELATIONS, Program, Run, number

HOWS = {"holds": ("proof + exact", "box"), "consistent": ("exact", "sampled"), "refuted": ("exact",),
        "vacuous": ("exact", "sampled"), "undecided": ("none", "exact", "sampled")}
"""Status -> how it may have been decided; ``exact`` and ``sampled`` are instances alone."""
STATUSES = tuple(HOWS)
KEYS = {"claim", "form", "source", "statement", "status", "how", "relation"}


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
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{path} is not JSON: the file is damaged: {error}") from None
    if not isinstance(data, dict):
        raise Wrong(f"{path} holds no JSON object: the file is damaged")
    return data


def recheck(certificate: Mapping[str, Any]) -> list[str]:
    """One line for each part that was verified. A written proof and a sample in float64 are not: the lines say so.

    Raises:
        Wrong: the first thing that is not as stated, with what it is.
    """
    missing = KEYS - set(certificate if isinstance(certificate, Mapping) else ())
    if missing:
        raise Wrong(f"the certificate lacks {', '.join(sorted(missing))}: it is damaged")
    status, how, relation = (certificate[key] for key in ("status", "how", "relation"))
    if not all(isinstance(word, str) for word in (status, how, relation)) or status not in STATUSES \
            or how not in HOWS[status] or relation not in RELATIONS:
        raise Wrong(f"status {status!r} decided by {how!r} with the relation {relation!r} is none: it is damaged")
    instance = []
    try:
        if "instance" in certificate:
            instance.append(_instance(certificate))
        boxes = [_box(box, relation) for box in certificate.get("boxes", ())]
    except Wrong:
        raise
    except KeyError as error:
        raise Wrong(f"{error.args[0]} is missing: the certificate is damaged") from None
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise Wrong(f"it cannot be computed: {error}") from None
    if how == "box" and not any(proved == 1 for proved, _ in boxes):
        raise Wrong(f"status {status!r} by a box: the file holds no box that shows it")
    if how in ("proof + exact", "exact") and not instance:
        raise Wrong(f"status {status!r} needs an instance: the file holds none")
    lines = instance + [line for _, line in boxes]
    if how == "proof + exact":
        lines.append("that it holds beyond this rests on the written proof: python -m quadmeta show NAME")
    elif status in ("consistent", "undecided"):
        told = {"sampled": "a sample in float64", "none": "nothing decides it"}
        lines.append(f"no proof: {told.get(how, 'instances alone')}")
    return lines


def inputs(instance: Mapping[str, Any]) -> dict[str, Fraction]:
    """An instance as a program names it: ``eta``, ``eigenvalues[0]``."""
    flat = {f"{name}.length": Fraction(len(value)) for name, value in instance.items() if isinstance(value, list)}
    for name, value in instance.items():
        entries = {f"{name}[{i}]": entry for i, entry in enumerate(value)} if isinstance(value, list) else {name: value}
        flat |= {key: Fraction(v) if type(v) is int else number(v) for key, v in entries.items()}
    wrong = next((name for name in flat if not re.match(r"(?!t[0-9]+$)[A-Za-z_]", name)), None)
    if wrong is not None:
        raise ValueError(f"the input {wrong!r} is named like a step or a number: the certificate is damaged")
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
    if not run["lhs"] or len(run["lhs"]) != len(run["rhs"]):
        raise Wrong(f"lhs has {len(run['lhs'])} components, rhs {len(run['rhs'])}: nothing is compared")
    relation = RELATIONS[certificate["relation"]]
    true = all(relation(left, right) for left, right in zip(run["lhs"], run["rhs"], strict=True))
    if true == (certificate["status"] == "refuted"):
        raise Wrong(f"status {certificate['status']!r}, but lhs {certificate['relation']} rhs is "
                    f"{'true' if true else 'false'} at the instance")
    return (f"instance: {len(program.steps)} steps with fractions, {len(run['lhs'])} comparisons "
            f"lhs {certificate['relation']} rhs, {len(stated)} assumptions: as stated"
            + (f", without the assumption {certificate['dropped']}" if "dropped" in certificate else ""))


def _same(what: str, stated: Any, found: tuple[Any, ...]) -> None:
    if len(stated) != len(found):
        raise Wrong(f"{what} has {len(stated)} components in the file, {len(found)} at the instance")
    for k, (text, value) in enumerate(zip(stated, found, strict=True)):
        if number(text) != value:
            raise Wrong(f"{what} differs in component {k}: the file says {text}, the instance gives {value}")


def percent(share: Fraction) -> str:
    """A share in %, cut and not rounded: only 1 is 100."""
    return f"{int(share * 10**6) / 10**4:g}"


def _box(box: Mapping[str, Any], relation: str) -> tuple[Fraction, str]:
    """(share proved, a line)."""
    program, names = Program.read(box["program"]), list(box["ranges"])
    cells = [tuple((number(low), number(high)) for low, high in box["ranges"].values())]
    if not cells[0] or not all(low < high for low, high in cells[0]):
        raise Wrong(f"box: {_place(names, cells[0])} is empty")
    proved, count = Fraction(0), 0
    for depth, level in enumerate(box["levels"]):
        if len(level) != len(cells):
            raise Wrong(f"box: level {depth} has {len(level)} cells, {len(cells)} are there")
        for cell, mark in zip(cells, level, strict=True):
            if mark not in ("P", "S", "U"):
                raise Wrong(f"box: the cell {_place(names, cell)} is marked {mark!r}, not P, S or U")
            if mark == "P" and not _true(program, names, cell, relation):
                raise Wrong(f"box: lhs {relation} rhs is not proved on the cell {_place(names, cell)}")
        proved, count = proved + Fraction(level.count("P"), 2**depth), count + len(level)
        # all sides are halved in turn
        axis = depth % len(names)
        cells = [half for cell, mark in zip(cells, level, strict=True) if mark == "S" for half in _halves(cell, axis)]
    if cells:
        raise Wrong(f"box: {len(cells)} cells are missing at the end")
    if number(box["proved"]) != proved:
        raise Wrong(f"box: proved is {box['proved']} in the file, {proved} in its cells")
    place = _place(names, tuple((number(low), number(high)) for low, high in box["ranges"].values()))
    return proved, f"box {place}: {percent(proved)} % proved in {count} cells with rational intervals: as stated"


def _true(program: Program, names: list[str], cell: tuple[Any, ...], relation: str) -> bool:
    run: Run = program.run({name: Enclosure(*ends) for name, ends in zip(names, cell, strict=True)})
    (left,), (right,) = run["lhs"], run["rhs"]
    return all(truth for _, truth in run.conditions()) and bool(
        RELATIONS[relation](Enclosure.of(left), Enclosure.of(right)))


def _halves(cell: tuple[Any, ...], axis: int) -> list[tuple[Any, ...]]:
    low, high = cell[axis]
    return [cell[:axis] + (ends,) + cell[axis + 1:] for ends in ((low, (low + high) / 2), ((low + high) / 2, high))]


def _place(names: list[str], cell: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} in [{low}, {high}]" for name, (low, high) in zip(names, cell, strict=True))
