"""A straight-line program: what was computed, step by step, in a form that any arithmetic can run again.

A step reads ``t3 = t1 * eigenvalues[0]`` or ``t4 = abs t3``; a condition ``t3 < t4`` says which way a comparison went.
Operands are inputs, earlier steps, whole numbers and fractions such as ``-3/4``. Only the standard library is used.
"""
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_NUMBER = re.compile(r"-?[0-9]+(/[0-9]+)?|-?0x[0-9a-f]+/0x[0-9a-f]+")
_STEP = re.compile(r"t[0-9]+")


@dataclass(frozen=True)
class Program:
    """Steps, the conditions under which they are the computation, and the operands that are its results."""

    steps: tuple[str, ...]
    conditions: tuple[str, ...]
    outputs: Mapping[str, tuple[str, ...]]

    def run(self, inputs: Mapping[str, Any]) -> "Run":
        """Every step on numbers of any type with ``+ - * /``, integer powers and abs; conditions are not looked at.

        Raises:
            ValueError: a line that is not a step, or names an operand that is not known there.
            ZeroDivisionError: a divisor that is 0, with the step.
        """
        known = dict(inputs)
        for line in self.steps:
            name, sign, right = line.partition(" = ")
            if not sign or name in known or not _STEP.fullmatch(name):
                raise ValueError(f"step {line!r} must give a new name to a result: the program is damaged")
            try:
                known[name] = _result(right.split(" "), known)
            except ZeroDivisionError:
                raise ZeroDivisionError(f"step {line!r} divides by 0: the instance lies at a pole") from None
        return Run(self, known)

    def plain(self) -> dict[str, Any]:
        """The program ready for JSON."""
        return {"steps": list(self.steps), "conditions": list(self.conditions),
                **{key: list(value) for key, value in self.outputs.items()}}

    @classmethod
    def read(cls, data: Any) -> "Program":
        """The program of ``plain``.

        Raises:
            ValueError: something is missing or is no list of strings.
        """
        if not isinstance(data, Mapping) or not {"steps", "conditions"} <= set(data):
            raise ValueError("program must hold steps and conditions: the file is damaged")
        for key, lines in data.items():
            if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
                raise ValueError(f"program, {key}: it must be a list of strings: the file is damaged")
        outputs = {key: tuple(value) for key, value in data.items() if key not in ("steps", "conditions")}
        return cls(tuple(data["steps"]), tuple(data["conditions"]), outputs)


@dataclass(frozen=True)
class Run:
    """All values of a program."""

    program: Program
    values: Mapping[str, Any]

    def __getitem__(self, output: str) -> tuple[Any, ...]:
        return tuple(_operand(name, self.values) for name in self.program.outputs[output])

    def conditions(self) -> Iterator[tuple[str, Any]]:
        """Each condition with its truth (an array of truths for arrays)."""
        for line in self.program.conditions:
            left, relation, right = (line.split(" ") + ["", ""])[:3]
            if relation not in RELATIONS or line.count(" ") != 2:
                raise ValueError(f"condition {line!r} must compare two operands: the program is damaged")
            yield line, RELATIONS[relation](_operand(left, self.values), _operand(right, self.values))


def number(text: str) -> Fraction:
    """A fraction such as ``-3/4``, ``5`` or, beyond 4300 digits, hexadecimal ``0x1f/0x2``.

    Raises:
        ValueError: something else.
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} must be a fraction like '3/4': the file is damaged")
    top, _, bottom = text.partition("/")
    base = 16 if "x" in text else 10
    return Fraction(int(top, base), int(bottom, base) if bottom else 1)


def _operand(text: str, known: Mapping[str, Any]) -> Any:
    return known[text] if text in known else number(text)


def _result(words: list[str], known: Mapping[str, Any]) -> Any:
    if len(words) == 2 and words[0] == "abs":
        return abs(_operand(words[1], known))
    if len(words) == 3 and words[1] == "**" and re.fullmatch(r"-?[0-9]{1,5}", words[2]):
        return _operand(words[0], known) ** int(words[2])
    if len(words) == 3 and words[1] in BINARY:
        return BINARY[words[1]](_operand(words[0], known), _operand(words[2], known))
    raise ValueError(f"{' '.join(words)!r} must be one operation: the program is damaged")
