"""What a certificate looks like: each key is known, each value has one form, and each part is used
by another.

The instance that is shown is the one that the program reads: a name belongs to one number, each
number is in lowest terms, every list has its length and every whole number its value pinned by a
condition, every step is needed.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from quadmeta.certificates.program import RELATIONS, Program, literal, named, number
from quadmeta.certificates.refusal import Json, Wrong, quoted
from quadmeta.certificates.shape import as_object, require_keys, require_strings, require_text

HOWS = {
    "holds": ("proof + exact", "proof + box", "box"),
    "consistent": ("exact", "sampled"),
    "refuted": ("exact",),
    "vacuous": ("exact", "sampled"),
    "undecided": ("none", "exact", "sampled"),
}
"""Status -> how it may have been decided; ``exact`` and ``sampled`` are instances alone, ``proof +
box`` is a written reduction to a box, ``box`` one that needs none."""
KEYS = ("claim", "form", "source", "statement", "status", "how", "relation", "arithmetic")
"""What every certificate holds."""
FORMS = ("printed", "reading", "conjectured", "stated", "repaired")
"""Who says the statement, and in which words."""
SAID = {
    "fault": ("false", "condition missing", "misprint", "wording"),
    "judged": ("needed", "not needed", "unsatisfiable"),
}
"""What some hold beside: what is wrong with a refuted form, what is said of an assumption."""
PROOF = "proof"
"""What some that hold say beside: the theorem that a proof assistant has checked, which is not
checked again here.
"""
INSTANCE = ("instance", "assumptions", "lhs", "rhs", "program")
"""What one with an instance holds beside."""
BOX = ("ranges", "note", "equality", "program", "proved", "levels")
ARITHMETIC = "fractions; + - * /, whole powers, abs"
GRID = 1024
"""Ends of a box are multiples of 1/1024 of size at most 1024, so that midpoints are floats."""
HALVINGS = 30
"""No side of a box is halved more often: down to here every midpoint is exact."""
CELLS = 20000
"""Cells of one box."""
BOXES = 32
LARGEST = 10000
"""The largest whole number of an instance, such as a number of steps."""
ENTRIES = 1000
"""Numbers of an instance."""
LINE = 20000
"""Characters of a line of a program or a number of an instance; sides and margins may be longer."""


def check(certificate: Json) -> None:
    """Whether a certificate is formed like one, whatever it shows.

    Raises
    ------
    Wrong
        the first thing that is not, with its place.
    """
    if not isinstance(certificate, Mapping):
        raise Wrong(
            f"the certificate lacks {', '.join(KEYS)}: it is {quoted(certificate)}, not an object"
        )
    missing = [key for key in KEYS if key not in certificate]
    if missing:
        raise Wrong(f"the certificate lacks {', '.join(missing)}: it is damaged")
    require_keys(
        "the certificate",
        certificate,
        (*KEYS, *SAID, PROOF, *INSTANCE, "dropped", "boxes"),
        required=(),
    )
    _words(certificate)
    how = certificate["how"]
    there = [key for key in INSTANCE if key in certificate]
    if how in ("none", "sampled"):
        if there:
            raise Wrong(
                f"{there[0]} has no place in a certificate decided by {how!r}: it is damaged"
            )
    else:
        absent = next((key for key in INSTANCE if key not in certificate), None)
        if not there:
            raise Wrong(
                f"status {certificate['status']!r} decided by {how!r} needs an instance: the "
                "file holds none"
            )
        if absent is not None:
            raise Wrong(f"{absent} is missing: the certificate is damaged")
        _instance(certificate)
    if "dropped" in certificate:
        _dropped(certificate)
    if "boxes" in certificate:
        _boxes(certificate)


def inputs(instance: Mapping[str, Any]) -> dict[str, Fraction]:
    """An instance as a program names it: ``eta``, ``eigenvalues[0]``, ``eigenvalues.length``."""
    flat: dict[str, Fraction] = {}
    for name, value in instance.items():
        if not isinstance(value, list):
            flat[name] = _number(name, value)
            continue
        flat[f"{name}.length"] = Fraction(len(value))
        for i, entry in enumerate(value):
            flat[f"{name}[{i}]"] = _number(f"{name}[{i}]", entry)
    return flat


def _words(certificate: Mapping[str, Any]) -> None:
    for key in KEYS:
        if not isinstance(certificate[key], str):
            raise Wrong(
                f"{key} is {quoted(certificate[key])}, not a string: the certificate is damaged"
            )
    status = certificate["status"]
    how = certificate["how"]
    relation = certificate["relation"]
    decided = status in HOWS and how in HOWS[status]
    if not decided or relation not in RELATIONS or relation == "!=":
        raise Wrong(
            f"status {quoted(status)} decided by {quoted(how)} with the relation "
            f"{quoted(relation)} is none: it is damaged"
        )
    if not re.fullmatch("[a-z][a-z0-9_]{0,99}", certificate["claim"]):
        raise Wrong(
            f"claim {quoted(certificate['claim'])} must be the name of a claim in a-z, 0-9 and _"
        )
    if certificate["form"] not in FORMS:
        raise Wrong(f"form {quoted(certificate['form'])} must be one of {', '.join(FORMS)}")
    for key, words in SAID.items():
        if key in certificate and certificate[key] not in words:
            raise Wrong(f"{key} {quoted(certificate[key])} must be one of {', '.join(words)}")
    if "fault" in certificate and status != "refuted":
        raise Wrong(f"a form that is {quoted(status)} has no fault: the certificate is damaged")
    if PROOF in certificate:
        require_text(PROOF, certificate[PROOF])
        if status != "holds":
            raise Wrong(f"a form that is {quoted(status)} has no proof: the certificate is damaged")
    if certificate["arithmetic"] != ARITHMETIC:
        raise Wrong(f"arithmetic {quoted(certificate['arithmetic'])} must be {ARITHMETIC!r}")
    for key in ("source", "statement"):
        require_text(key, certificate[key])


def _instance(certificate: Mapping[str, Any]) -> None:
    instance = as_object("instance", certificate["instance"])
    for name in instance:
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,39}", name) or named(name):
            raise Wrong(
                f"the input {quoted(name)} is named like a step or a number, or like nothing that "
                "is read: the certificate is damaged"
            )
    lists = [value for value in instance.values() if isinstance(value, list)]
    count = len(instance) - len(lists) + sum(map(len, lists))
    if count > ENTRIES:
        raise Wrong(f"the instance has {count} numbers, more than {ENTRIES}: none is that long")
    values = inputs(instance)
    for name, margin in as_object("assumptions", certificate["assumptions"]).items():
        if not name or len(name) > 200 or not name.isascii() or not name.isprintable():
            raise Wrong(
                f"assumption {quoted(name)} must be named in printable ASCII: the certificate is "
                "damaged"
            )
        if not isinstance(margin, str):
            raise Wrong(
                f"assumption {quoted(name)} has the margin {quoted(margin)}, not a fraction in "
                "quotes"
            )
    for side in ("lhs", "rhs"):
        require_strings(side, certificate[side])
    if not certificate["lhs"] or len(certificate["lhs"]) != len(certificate["rhs"]):
        raise Wrong(
            f"lhs has {len(certificate['lhs'])} components, rhs {len(certificate['rhs'])}: "
            "nothing is compared"
        )
    program = _program("program", certificate["program"], values, ("lhs", "rhs", "assumptions"))
    pinned = set(program.conditions)
    for name, value in instance.items():
        if isinstance(value, list):
            pin = f"{name}.length == {len(value)}"
        elif isinstance(value, int):
            pin = f"{name} == {value}"
        else:
            continue
        if pin not in pinned:
            raise Wrong(
                f"the program has no condition {quoted(pin)}: it is not the computation at the "
                "instance"
            )


def _dropped(certificate: Mapping[str, Any]) -> None:
    dropped = certificate["dropped"]
    counterexample = (certificate["status"], certificate["how"]) == ("refuted", "exact")
    if not counterexample or not isinstance(dropped, str):
        raise Wrong(
            f"dropped is {quoted(dropped)}: only a counterexample to a statement without an "
            "assumption has it"
        )
    if dropped not in certificate["assumptions"]:
        raise Wrong(
            f"dropped is {quoted(dropped)}, which is none of the assumptions: the certificate is "
            "damaged"
        )


def _boxes(certificate: Mapping[str, Any]) -> None:
    boxes = certificate["boxes"]
    status = certificate["status"]
    how = certificate["how"]
    if status == "refuted" or how == "none":
        raise Wrong(
            f"boxes have no place in a certificate with status {status!r} decided by {how!r}: it "
            "is damaged"
        )
    if not isinstance(boxes, list) or not 0 < len(boxes) <= BOXES:
        raise Wrong(
            f"boxes is {quoted(boxes)}, not a list of 1 to {BOXES}: the certificate is damaged"
        )
    for box in boxes:
        if not isinstance(box, Mapping):
            raise Wrong(f"a box is {quoted(box)}, not an object: the certificate is damaged")
        require_keys("a box", box, BOX)
        for key in ("note", "equality"):
            require_text(key, box[key])
        sides = ("lhs", "rhs")
        program = _program("box, program", box["program"], _ranges(box["ranges"]), sides)
        if program.conditions or any(len(program.outputs[side]) != 1 for side in sides):
            raise Wrong(
                "the program of a box must have one lhs, one rhs and no condition: the "
                "certificate is damaged"
            )
        levels = box["levels"]
        require_strings("levels", levels)
        cells = sum(map(len, levels))
        if len(levels) > HALVINGS * len(box["ranges"]) + 1 or cells > CELLS:
            raise Wrong(
                f"a box has {len(levels)} levels of {cells} cells, "
                f"more than {HALVINGS} halvings of each side or {CELLS} cells: none has"
            )
        if not isinstance(box["proved"], str):
            raise Wrong(
                f"proved is {quoted(box['proved'])}, not a fraction in quotes: the certificate "
                "is damaged"
            )


def _ranges(found: Json) -> Iterable[str]:
    ranges = as_object("ranges", found)
    if not 0 < len(ranges) <= 8:
        raise Wrong(
            f"a box has {len(ranges)} ranges, not 1 to 8: the certificate is damaged, or the box "
            "is empty"
        )
    for name, ends in ranges.items():
        if not re.fullmatch("[A-Za-z0-9_^/]{1,40}", name) or named(name):
            raise Wrong(
                f"the range {quoted(name)} is named like nothing that is read: the certificate "
                "is damaged"
            )
        if not isinstance(ends, list) or len(ends) != 2:
            raise Wrong(
                f"the range of {name} is {quoted(ends)}, not a list of two: the certificate is "
                "damaged"
            )
        low = _fraction(f"the end of {name}", ends[0])
        high = _fraction(f"the end of {name}", ends[1])
        if low >= high:
            raise Wrong(f"box: {name} in [{quoted(ends[0])}, {quoted(ends[1])}] is empty")
        if max(abs(low), abs(high)) > GRID or GRID % low.denominator or GRID % high.denominator:
            raise Wrong(
                f"box: the ends of {name} must be multiples of 1/{GRID} of size at most {GRID}"
            )
    return tuple(ranges)


def _program(place: str, data: Json, names: Iterable[str], outputs: tuple[str, ...]) -> Program:
    """The program, if each operand is known where it is used, each step is used, and each number
    is in one form.
    """
    if not isinstance(data, Mapping) or not {"steps", "conditions"} <= set(data):
        raise Wrong(f"{place} must hold steps and conditions: the file is damaged")
    require_keys(place, data, ("steps", "conditions", *outputs))
    for key, lines in data.items():
        require_strings(f"{place}, {key}", lines)
        if any(len(line) > LINE for line in lines):
            raise Wrong(
                f"{place}, {key}: a line has more than {LINE} characters: none is that long"
            )
    program = Program.read(data)
    known = set(names)
    used = set()
    last = -1
    try:
        for step in program.parsed:
            index = int(step.name[1:10])
            if step.name != f"t{index}" or index <= last:
                raise Wrong(
                    f"{place}: step {quoted(step.line)} must give a new name to a result, in order"
                )
            words = step.line.split(" ")[2:]
            # the sign stands between two operands, abs before one, and an exponent is no operand
            if step.sign == "abs":
                operands = words[1:]
            elif step.sign == "**":
                operands = words[:1]
            else:
                operands = words[::2]
            used |= _operands(place, step.line, operands, known)
            if step.sign == "**" and words[2] != str(step.right):
                raise Wrong(
                    f"{place}: {quoted(step.line)} has an exponent that is written in another way"
                )
            known.add(step.name)
            last = index
        for condition in program.compared:
            used |= _operands(place, condition.line, condition.line.split(" ")[::2], known)
        for key, results in program.outputs.items():
            used |= _operands(f"{place}, {key}", key, results, known)
    except Wrong:
        raise
    except ValueError as error:
        raise Wrong(f"{place}: {error}") from None
    idle = next((step.line for step in program.parsed if step.name not in used), None)
    if idle is not None:
        raise Wrong(f"{place}: nothing uses the step {quoted(idle)}: the program is damaged")
    if len(set(program.conditions)) < len(program.conditions):
        raise Wrong(f"{place}: a condition is there twice: the program is damaged")
    return program


def _operands(place: str, line: str, texts: Sequence[str], known: Container[str]) -> set[str]:
    """The names among the operands; the others are numbers in the one form."""
    found = {text for text in texts if text in known}
    for text in texts:
        # what is neither known nor a number is reported as the latter
        if text not in found and literal(number(text)) != text:
            raise Wrong(
                f"{place}: {quoted(text)} in {quoted(line)} is not in lowest terms: the program "
                "is damaged"
            )
    return found


def _number(name: str, value: Json) -> Fraction:
    if type(value) is int:
        if not 0 <= value <= LARGEST:
            raise Wrong(
                f"{name} is {quoted(value)}: a whole number of an instance is at most {LARGEST}"
            )
        return Fraction(value)
    return _fraction(name, value)


def _fraction(name: str, text: Json) -> Fraction:
    if isinstance(text, str) and len(text) > LINE:
        raise Wrong(f"{name} is {quoted(text)}: no number of an instance or a box is that long")
    try:
        found = number(text)
    except ValueError as error:
        raise Wrong(f"{name}: {error}") from None
    if literal(found) != text:
        raise Wrong(
            f"{name} is {quoted(text)}: it is not in lowest terms, {quoted(literal(found))}"
        )
    return found
