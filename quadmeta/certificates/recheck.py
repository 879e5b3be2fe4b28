"""A certificate checked again by whoever received it, with the standard library alone.

An instance is put into the recorded program with fractions: the path taken, both sides, each
margin and the verdict must be what the file states. A box is walked cell by cell with rational
intervals: each cell called proved must be. What no program of a file can show is whether it
computes the claim: that is seen beside the claim's source.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from quadmeta.certificates.budget import ENCLOSED, Budget
from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.file import read
from quadmeta.certificates.program import RELATIONS, Program, literal, number
from quadmeta.certificates.quick import quick
from quadmeta.certificates.refusal import TooLarge, Wrong, quoted
from quadmeta.certificates.schema import HOWS, check, inputs

__all__ = [
    "HOWS",
    "STATUSES",
    "TooLarge",
    "Wrong",
    "inputs",
    "met",
    "percent",
    "quoted",
    "read",
    "recheck",
]

STATUSES = tuple(HOWS)
VACUOUS = 1000
"""A bound that exceeds the truth by this factor on every instance says nothing."""
Cell: TypeAlias = tuple[tuple[Fraction, Fraction], ...]
"""The ends of each side of a box."""


def met(name: str, margin: float | Fraction) -> bool:
    """Whether an assumption holds with this margin; its name states the relation."""
    if "<=" in name or ">=" in name:
        return bool(margin >= 0)
    if re.search(r"[<>]|!=", name):
        return bool(margin > 0)
    return bool(margin == 0)


def recheck(certificate: Mapping[str, Any]) -> list[str]:
    """One line for each part that was verified. A written proof and a sample in float64 are not:
    the lines say so.

    Whether the program is what the claim computes is not looked at; ``python -m quadmeta recheck``
    does that as well.

    Raises
    ------
    Wrong
        the first thing that is not as stated, with what it is.
    TooLarge
        the check would take more than a bounded amount of work; a ``Wrong`` too.
    """
    check(certificate)
    status = certificate["status"]
    how = certificate["how"]
    relation = certificate["relation"]
    budget = Budget()
    instance = []
    try:
        if "instance" in certificate:
            instance.append(_instance(certificate, budget))
        boxes = [_box(box, relation, budget) for box in certificate.get("boxes", ())]
    except Wrong:
        raise
    except (ValueError, ArithmeticError) as error:
        raise Wrong(f"it cannot be computed: {error}") from None
    if how in ("proof + box", "box") and not any(proved == 1 for proved, _ in boxes):
        raise Wrong(f"status {status!r} by a box: the file holds no box that shows it")
    lines = instance + [line for _, line in boxes]
    if how == "proof + exact":
        lines.append(
            "that it holds beyond this rests on the written proof: python -m quadmeta show NAME"
        )
    elif how == "proof + box":
        lines.append(
            "that the boxes cover the statement rests on the written proof: python -m quadmeta "
            "show NAME"
        )
    elif how == "box":
        lines.append("that a box is the statement is said by its note alone")
    elif status != "refuted":
        told = {"sampled": "a sample in float64", "none": "nothing decides it"}
        lines.append(f"no proof: {told.get(how, 'instances alone')}")
    return lines


def _instance(certificate: Mapping[str, Any], budget: Budget) -> str:
    program = Program.read(certificate["program"])
    values = {name: quick(value) for name, value in inputs(certificate["instance"]).items()}
    run = program.run(values, budget)
    for line, truth in run.conditions(budget):
        if not truth:
            raise Wrong(
                f"instance: {quoted(line)} is not true of it: the program is not the computation "
                "there"
            )
    for side in ("lhs", "rhs"):
        _same(side, certificate[side], run[side])
    stated = certificate["assumptions"]
    _same("assumptions", list(stated.values()), run["assumptions"])
    dropped = certificate.get("dropped")
    for name, margin in zip(stated, run["assumptions"], strict=True):
        if name == dropped and met(name, margin):
            raise Wrong(
                f"the instance meets the assumption {quoted(name)}, which is called dropped"
            )
        if name != dropped and not met(name, margin):
            raise Wrong(
                f"the instance breaks the assumption {quoted(name)} by {quoted(literal(margin))}: "
                "it shows nothing"
            )
    status = certificate["status"]
    sign = certificate["relation"]
    pairs = list(zip(run["lhs"], run["rhs"], strict=True))
    for left, right in pairs:
        budget.relation(left, right)
    true = all(RELATIONS[sign](left, right) for left, right in pairs)
    if true == (status == "refuted"):
        raise Wrong(f"status {status!r}, but lhs {sign} rhs is {str(true).lower()} at the instance")
    if status == "vacuous" and not all(_loose(sign, left, right) for left, right in pairs):
        raise Wrong(
            f"status 'vacuous', but the sides differ by less than a factor of {VACUOUS} at the "
            "instance"
        )
    line = (
        f"instance: {len(program.steps)} steps with fractions, {len(pairs)} comparisons "
        f"lhs {sign} rhs, {len(stated)} assumptions: as stated"
    )
    if dropped is not None:
        line += f", without the assumption {quoted(dropped)}"
    return line


def _loose(relation: str, left: Fraction, right: Fraction) -> bool:
    """Whether a bound says nothing of the quantity that it bounds."""
    if relation in ("<=", "<"):
        return right > VACUOUS * left
    return relation in (">=", ">") and (right <= 0 or left > VACUOUS * right)


def _same(what: str, stated: list[str], found: tuple[Fraction, ...]) -> None:
    if len(stated) != len(found):
        raise Wrong(
            f"{what} has {len(stated)} components in the file, {len(found)} at the instance"
        )
    for k, (text, value) in enumerate(zip(stated, found, strict=True)):
        # a number is written in one way only
        if text != literal(value):
            raise Wrong(
                f"{what} differs in component {k}: the file says {quoted(text)}, the instance "
                f"gives {quoted(literal(value))}"
            )


def percent(share: Fraction) -> str:
    """A share in %, cut and not rounded: only 1 is 100."""
    return f"{int(share * 10**6) / 10**4:g}"


def _box(box: Mapping[str, Any], relation: str, budget: Budget) -> tuple[Fraction, str]:
    """(share proved, a line)."""
    program = Program.read(box["program"])
    names = list(box["ranges"])
    whole = tuple((quick(number(low)), quick(number(high))) for low, high in box["ranges"].values())
    cells = [whole]
    proved = Fraction(0)
    count = 0
    for depth, level in enumerate(box["levels"]):
        if len(level) != len(cells):
            raise Wrong(f"box: level {depth} has {len(level)} cells, {len(cells)} are there")
        for cell, mark in zip(cells, level, strict=True):
            budget.spend(ENCLOSED)
            if mark not in ("P", "S", "U"):
                raise Wrong(
                    f"box: the cell {_place(names, cell)} is marked {quoted(mark)}, not P, S or U"
                )
            if mark == "P" and not _true(program, names, cell, relation, budget):
                raise Wrong(
                    f"box: lhs {relation} rhs is not proved on the cell {_place(names, cell)}"
                )
        proved = proved + Fraction(level.count("P"), 2**depth)
        count = count + len(level)
        # all sides are halved in turn
        axis = depth % len(names)
        cells = [
            half
            for cell, mark in zip(cells, level, strict=True)
            if mark == "S"
            for half in _halves(cell, axis)
        ]
    if cells:
        raise Wrong(f"box: {len(cells)} cells are missing at the end")
    if box["proved"] != literal(proved):
        raise Wrong(
            f"box: proved is {quoted(box['proved'])} in the file, {literal(proved)} in its cells"
        )
    return proved, (
        f"box {_place(names, whole)}: {percent(proved)} % proved in {count} cells with rational "
        "intervals: as stated"
    )


def _true(program: Program, names: list[str], cell: Cell, relation: str, budget: Budget) -> bool:
    """Whether the relation is certain on a whole cell."""
    sides = {name: Enclosure(*ends) for name, ends in zip(names, cell, strict=True)}
    run = program.run(sides, budget)
    left = Enclosure.of(run["lhs"][0])
    right = Enclosure.of(run["rhs"][0])
    budget.relation(left, right)
    return bool(RELATIONS[relation](left, right))


def _halves(cell: Cell, axis: int) -> list[Cell]:
    """A cell cut in the middle of one side."""
    low, high = cell[axis]
    middle = (low + high) / 2
    return [(*cell[:axis], ends, *cell[axis + 1 :]) for ends in ((low, middle), (middle, high))]


def _place(names: list[str], cell: Cell) -> str:
    return ", ".join(
        f"{name} in [{low}, {high}]" for name, (low, high) in zip(names, cell, strict=True)
    )
