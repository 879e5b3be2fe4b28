"""A straight-line program: what was computed, step by step, in a form that any arithmetic can run
again.

A step reads ``t3 = t1 * eigenvalues[0]`` or ``t4 = abs t3``; a condition ``t3 < t4`` says which
way a comparison went. Operands are inputs, earlier steps, whole numbers and fractions such as
``-3/4``. Only the standard library is used.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from quadmeta.certificates.budget import HELD, OPERATION, Budget, fixed, size
from quadmeta.certificates.enclosure import Exact
from quadmeta.certificates.refusal import Json, TooLarge, quoted

BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_RESULT: Mapping[str, Callable[[Any, Any], Any]] = {
    **BINARY,
    "**": operator.pow,
    "abs": lambda left, right: abs(left),
}
RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
LONG = 10000
"""Bits from which on a number is written in hexadecimal: Python reads no decimal integer beyond
4300 digits.
"""
_NUMBER = re.compile(r"-?[0-9]+(/[0-9]+)?|-?0x[0-9a-f]+/0x[0-9a-f]+", re.ASCII)
_FIRST = "-0123456789"
_STEP = re.compile(r"t[0-9]+", re.ASCII)
_EXPONENT = re.compile(r"-?[0-9]{1,5}", re.ASCII)


class Step(NamedTuple):
    """One operation; an operand is a name, or a number that the program holds."""

    line: str
    name: str
    sign: str
    """``+ - * /``, ``**`` or ``abs``."""
    left: str | Fraction
    right: str | Fraction | int
    """The exponent of ``**`` is an int, ``abs`` has 0 here."""


class Condition(NamedTuple):
    """One comparison."""

    line: str
    relation: str
    left: str | Fraction
    right: str | Fraction


@dataclass(frozen=True)
class Program:
    """Steps, the conditions under which they are the computation, and the operands that are its
    results.
    """

    steps: tuple[str, ...]
    conditions: tuple[str, ...]
    outputs: Mapping[str, tuple[str, ...]]

    @cached_property
    def parsed(self) -> tuple[Step, ...]:
        """The steps, taken apart once.

        Raises
        ------
        ValueError
            a line that is no step.
        """
        return tuple(map(_step, self.steps))

    @cached_property
    def compared(self) -> tuple[Condition, ...]:
        """The conditions, taken apart once.

        Raises
        ------
        ValueError
            a line that is no condition.
        """
        return tuple(map(_condition, self.conditions))

    @cached_property
    def results(self) -> Mapping[str, tuple[str | Fraction, ...]]:
        """The outputs, taken apart once."""
        return {key: tuple(map(operand, names)) for key, names in self.outputs.items()}

    def run(self, inputs: Mapping[str, Any], budget: Budget | None = None) -> "Run":
        """Every step on numbers of any type with ``+ - * /``, integer powers and abs; conditions
        are not looked at.

        With a ``budget`` numbers are fractions or enclosures, and no operation is begun that it
        cannot pay.

        Raises
        ------
        ValueError
            a line that is not a step, or names an operand that is not known there.
        ZeroDivisionError
            a divisor that is 0, with the step.
        TooLarge
            the budget does not suffice.
        """
        known = dict(inputs)
        meter = None if budget is None else _Meter(budget, known)
        for step in self.parsed:
            line, name, sign, left, right = step
            if name in known:
                raise ValueError(
                    f"step {quoted(line)} must give a new name to a result: the program is damaged"
                )
            a = _value(left, known)
            b = _value(right, known)
            if meter is not None:
                meter.before(step, a, b)
            try:
                known[name] = found = _RESULT[sign](a, b)
            except ZeroDivisionError:
                raise ZeroDivisionError(
                    f"step {quoted(line)} divides by 0: the instance lies at a pole"
                ) from None
            if meter is not None:
                meter.after(name, found)
        return Run(self, known)

    def plain(self) -> dict[str, Any]:
        """The program ready for JSON."""
        return {
            "steps": list(self.steps),
            "conditions": list(self.conditions),
            **{key: list(value) for key, value in self.outputs.items()},
        }

    @classmethod
    def read(cls, data: Json) -> "Program":
        """The program of ``plain``.

        Raises
        ------
        ValueError
            something is missing or is no list of strings.
        """
        if not isinstance(data, Mapping) or not {"steps", "conditions"} <= set(data):
            raise ValueError("program must hold steps and conditions: the file is damaged")
        for key, lines in data.items():
            if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
                raise ValueError(
                    f"program, {quoted(key)}: it must be a list of strings: the file is damaged"
                )
        outputs = {
            key: tuple(value) for key, value in data.items() if key not in ("steps", "conditions")
        }
        return cls(tuple(data["steps"]), tuple(data["conditions"]), outputs)


@dataclass(frozen=True)
class Run:
    """All values of a program."""

    program: Program
    values: Mapping[str, Any]

    def __getitem__(self, output: str) -> tuple[Any, ...]:
        return tuple(_value(result, self.values) for result in self.program.results[output])

    def conditions(self, budget: Budget | None = None) -> Iterator[tuple[str, Any]]:
        """Each condition with its truth (an array of truths for arrays)."""
        for line, relation, left, right in self.program.compared:
            a = _value(left, self.values)
            b = _value(right, self.values)
            if budget is not None:
                budget.relation(a, b)
            yield line, RELATIONS[relation](a, b)


class _Meter:
    """Takes the cost of each step from a budget, and counts the bits of all results; each length
    is found once.
    """

    def __init__(self, budget: Budget, inputs: Mapping[str, Exact]) -> None:
        self.budget = budget
        self.held = 0
        self.sizes = {name: size(value) for name, value in inputs.items()}
        # one enclosure makes all results enclosures
        self.least = max(map(fixed, inputs.values()), default=OPERATION)

    def before(self, step: Step, left: Exact, right: Exact) -> None:
        """Pay for a step.

        Raises
        ------
        TooLarge
            the budget does not suffice.
        """
        _, _, sign, one, other = step
        if isinstance(one, str):
            m = self.sizes[one]
        else:
            m = size(left)
        if isinstance(other, str):
            n = self.sizes[other]
        elif sign == "**" and isinstance(other, int):
            n = other
        else:
            n = size(right)
        self.budget.operation(sign, m, n, self.least)

    def after(self, name: str, found: Exact) -> None:
        """Count a result.

        Raises
        ------
        TooLarge
            all results together take too much memory.
        """
        self.sizes[name] = bits = size(found)
        self.held += bits
        if self.held > HELD:
            raise TooLarge(
                "the results of the program take too much memory: use a smaller instance or box"
            )


def number(text: Json) -> Fraction:
    """A fraction such as ``-3/4``, ``5`` or, beyond 10000 bits, hexadecimal ``0x1f/0x2``.

    Raises
    ------
    ValueError
        something else.
    """
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(f"{quoted(text)} must be a fraction like '3/4': the file is damaged")
    top, _, bottom = text.partition("/")
    base = 16 if "x" in text else 10
    try:
        return Fraction(int(top, base), int(bottom or "1", base))
    except ZeroDivisionError:
        raise ValueError(f"{quoted(text)} divides by 0: the file is damaged") from None
    except ValueError:  # more decimal digits than Python reads
        raise ValueError(
            f"{quoted(text)} must be hexadecimal, like '0x3/0x4', at this length: "
            "the file is damaged"
        ) from None


def literal(x: Fraction) -> str:
    """The one way in which a fraction is written: lowest terms, hexadecimal beyond 10000 bits."""
    long = max(x.numerator.bit_length(), x.denominator.bit_length()) > LONG
    if long:
        return f"{x.numerator:#x}/{x.denominator:#x}"
    return str(x)


def named(text: str) -> bool:
    """Whether a program would read this as a step or a number: no input can have such a name."""
    return bool(_STEP.fullmatch(text) or _NUMBER.fullmatch(text) or text == "abs")


def operand(text: str) -> str | Fraction:
    """A number, or the name of something."""
    # most names are seen to be none by their first letter
    if text[:1] in _FIRST and _NUMBER.fullmatch(text):
        return number(text)
    return text


def _value(x: str | Fraction | int, known: Mapping[str, Any]) -> Any:
    """The value of an operand; a name that nothing has is no number either."""
    if not isinstance(x, str):
        return x
    try:
        return known[x]
    except KeyError:
        return number(x)


def _step(line: str) -> Step:
    name, sign, right = line.partition(" = ")
    if not sign or not _STEP.fullmatch(name):
        raise ValueError(
            f"step {quoted(line)} must give a new name to a result: the program is damaged"
        )
    words = right.split(" ")
    if len(words) == 2 and words[0] == "abs":
        return Step(line, name, "abs", operand(words[1]), 0)
    if len(words) == 3 and words[1] == "**" and _EXPONENT.fullmatch(words[2]):
        return Step(line, name, "**", operand(words[0]), int(words[2]))
    if len(words) == 3 and words[1] in BINARY:
        return Step(line, name, words[1], operand(words[0]), operand(words[2]))
    raise ValueError(f"{quoted(right)} must be one operation: the program is damaged")


def _condition(line: str) -> Condition:
    words = line.split(" ")
    if len(words) != 3 or words[1] not in RELATIONS:
        raise ValueError(
            f"condition {quoted(line)} must compare two operands: the program is damaged"
        )
    return Condition(line, words[1], operand(words[0]), operand(words[2]))
