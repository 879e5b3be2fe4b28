"""The computation of both sides and of every margin, written down as a straight-line program.

A ``Traced`` number is a ``Fraction`` that remembers which step made it. What a claim computes from
traced numbers is recorded, and so is every comparison it makes, as a condition. A number whose
history would be lost is an error.
"""

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, isfinite
from typing import Any, final

from quadmeta.certificates.budget import Budget, size
from quadmeta.certificates.program import BINARY, OPPOSITE, RELATIONS, Program, literal
from quadmeta.certificates.quick import Quick, lowest, slow

RECORDED = 8 * 10**6
"""What it costs at least to record an operation, in the unit of a ``Budget``."""
_COMMUTE = {"+", "*"}
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Recorder:
    """Steps and conditions in the order in which they happened, equal steps once.

    With a ``budget`` no operation is begun that it cannot pay.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget
        self.steps: dict[str, str] = {}
        """Right side -> name."""
        self.conditions: dict[str, None] = {}

    def number(self, name: str, value: Fraction) -> "Traced":
        """A traced input."""
        return Traced.made(self, name, value)

    def read(self, name: str, value: Any) -> Any:
        """A parameter as traced numbers; whole numbers and lengths decide the shape of a program
        and are pinned.
        """
        if isinstance(value, tuple):
            self.conditions[f"{name}.length == {len(value)}"] = None
            return tuple(self.read(f"{name}[{i}]", entry) for i, entry in enumerate(value))
        if isinstance(value, int):
            self.conditions[f"{name} == {value}"] = None
            return value
        return self.number(name, value)

    def pay(self, sign: str, left: Any, right: Any) -> None:
        """Take the cost of one operation from the budget, if there is one.

        Raises
        ------
        TooLarge
            there is not enough left.
        """
        if self.budget is not None:
            bits = right if sign == "**" else size(right)
            self.budget.operation(sign, size(left), bits, RECORDED)

    def step(self, right: str, value: Fraction) -> "Traced":
        """The result of one operation."""
        return Traced.made(self, self.steps.setdefault(right, f"t{len(self.steps)}"), value)

    def program(self, outputs: Mapping[str, tuple[Any, ...]]) -> Program:
        """What the outputs and the conditions need of the steps."""
        results = {key: tuple(map(name_of, entries)) for key, entries in outputs.items()}
        needed = {name for names in results.values() for name in names}
        needed |= {word for line in self.conditions for word in line.split(" ")}
        kept: list[str] = []
        for right, name in reversed(self.steps.items()):
            if name in needed:
                needed |= set(right.split(" "))
                kept.append(f"{name} = {right}")
        return Program(tuple(reversed(kept)), tuple(self.conditions), results)


@final
class Traced(Fraction):
    """A fraction with a name in a program."""

    __slots__ = ("recorder", "name")
    recorder: Recorder
    name: str

    @classmethod
    def made(cls, recorder: Recorder, name: str, value: Fraction) -> "Traced":
        """The value under this name."""
        # made of parts in lowest terms, as they are; a traced value refuses its public numerator
        self = object.__new__(cls)
        self._numerator = value._numerator  # type: ignore[attr-defined]
        self._denominator = value._denominator  # type: ignore[attr-defined]
        self.recorder = recorder
        self.name = name
        return self

    @property
    def plain(self) -> Fraction:
        """The value without its history."""
        found: Fraction = slow(self.quick)
        return found

    @property
    def quick(self) -> Quick:
        """The same for further arithmetic."""
        return lowest(self._numerator, self._denominator)  # type: ignore[attr-defined]

    @property
    def numerator(self) -> int:
        """Refused: what is computed from it would have no history."""
        raise TypeError(
            f"{self.name} is used outside of + - * / ** abs and comparisons: it cannot be traced"
        )

    denominator = numerator

    def as_integer_ratio(self) -> tuple[int, int]:
        """Refused."""
        return self.numerator, 1

    def __int__(self) -> int:  # type: ignore[override]
        return self.numerator

    def __complex__(self) -> complex:
        return complex(self.numerator)

    __trunc__ = __int__

    def __neg__(self) -> "Traced":
        value = self.quick
        self.recorder.pay("-", 0, value)
        return self.recorder.step(f"0 - {self.name}", -value)

    def __pos__(self) -> "Traced":
        return self

    def __abs__(self) -> "Traced":
        value = self.quick
        self.recorder.pay("abs", value, 0)
        return self.recorder.step(f"abs {self.name}", abs(value))

    def __pow__(self, exponent: Any) -> "Traced":  # type: ignore[override]
        whole = operator.index(exponent)
        value = self.quick
        self.recorder.pay("**", value, whole)
        return self.recorder.step(f"{self.name} ** {whole}", value**whole)

    def __ceil__(self) -> int:
        whole = ceil(self.plain)
        # both comparisons are conditions of the program
        if self > whole - 1 and self <= whole:
            return whole
        return whole

    def __float__(self) -> float:
        """For checks of arguments; a float that reaches a result is noticed there."""
        return float(self.plain)

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.plain)

    def __copy__(self) -> "Traced":
        return self

    def __deepcopy__(self, memo: Any) -> "Traced":
        return self


_USUAL = {Traced, Quick, Fraction, int}


def name_of(x: Any) -> str:
    """The operand of a number: the name of a traced one, a literal of any other."""
    if type(x) is Traced:
        return x.name
    return literal(_exact(x))


def _exact(x: Any) -> Quick:
    """The value of a number, traced or not."""
    kind = type(x)
    if kind is Quick:
        return x  # type: ignore[no-any-return]
    if kind is Traced or kind is Fraction:
        # a traced value refuses its public numerator
        return lowest(x._numerator, x._denominator)
    return Quick(x)


def _rational(x: Any) -> bool:
    # the types that are there are not asked for their bases, which takes longer than a product
    return type(x) in _USUAL or isinstance(x, Fraction | int)


def _known(x: Any) -> bool:
    return _rational(x) or (isinstance(x, float) and isfinite(x))


def _operation(sign: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def forward(self: Traced, other: Any) -> Any:
        if _rational(other):
            return _record(self.recorder, sign, self, other)
        return NotImplemented

    def backward(self: Traced, other: Any) -> Any:
        if _rational(other):
            return _record(self.recorder, sign, other, self)
        return NotImplemented

    return forward, backward


def _record(recorder: Recorder, sign: str, left: Any, right: Any) -> Traced:
    first = _exact(left)
    second = _exact(right)
    recorder.pay(sign, first, second)
    value = BINARY[sign](first, second)
    names = (name_of(left), name_of(right))
    # a sum or product in one order only, so that equal steps are found
    one, other = sorted(names) if sign in _COMMUTE else names
    return recorder.step(f"{one} {sign} {other}", value)


def _comparison(sign: str) -> Callable[..., Any]:
    def compare(self: Traced, other: Any) -> Any:
        if not _known(other):
            # every fraction lies on the same side of an infinite bound: nothing to record
            if isinstance(other, float):
                return RELATIONS[sign](self.plain, other)
            return NotImplemented
        first = self.quick
        second = _exact(other)
        self.recorder.pay(sign, first, second)
        truth = bool(RELATIONS[sign](first, second))
        left = self.name
        right = name_of(other)
        if truth:
            relation = sign
        else:
            relation = OPPOSITE[sign]
        if left != right:
            line = min(f"{left} {relation} {right}", f"{right} {_SWAPPED[relation]} {left}")
            self.recorder.conditions[line] = None
        return truth

    return compare


for _sign, _name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "truediv")):
    for _method, _function in zip(
        (f"__{_name}__", f"__r{_name}__"), _operation(_sign), strict=True
    ):
        setattr(Traced, _method, _function)
for _sign, _name in (
    ("<", "lt"),
    ("<=", "le"),
    (">", "gt"),
    (">=", "ge"),
    ("==", "eq"),
    ("!=", "ne"),
):
    setattr(Traced, f"__{_name}__", _comparison(_sign))
