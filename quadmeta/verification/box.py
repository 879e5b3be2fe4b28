"""Branch and bound on ``Interval``: a statement proved on every point of a parameter box, or what
is left of it.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.interval import Interval
from quadmeta.certificates.program import Program
from quadmeta.certificates.recheck import percent
from quadmeta.certificates.schema import CELLS, GRID, HALVINGS
from quadmeta.verification.parameters import Instance, Values
from quadmeta.verification.trace import Recorder


class Reduced(NamedTuple):
    """An instance of the claim seen in a box: its slack there is at least ``scale`` times that of
    the box.
    """

    point: Mapping[str, Any]
    scale: Any
    component: int = 0
    """Component of the claim's sides that the box is about."""


@dataclass(frozen=True, eq=False)
class Box:
    """Ranges of parameters, two sides in plain arithmetic, and how instances of a claim are
    reduced to them.
    """

    ranges: Mapping[str, tuple[Any, Any]]
    sides: Callable[[Values], tuple[Any, Any]]
    """(lhs, rhs) at one point, from ``+ - * /``, integer powers, abs and numbers alone; no
    comparison.
    """
    note: str
    """What part of the domain this is: what was fixed or reduced, and by which argument."""
    reduce: Callable[[Instance], Sequence[Reduced]]
    """The points of the box that decide an instance; none if it belongs to another part of the
    domain.
    """
    equality: str = ""
    """Where both sides are equal: no arithmetic with rounding proves a bound there."""
    covers_domain: bool = False
    """Whether the box, with the reduction, is the whole domain of the claim."""
    origin: "partial[Box] | None" = None
    """How a claim gave the box, by which it pickles: its functions do not."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.origin is None:
            return super().__reduce_ex__(protocol)
        return (self.origin.func, self.origin.args)

    def ends(self) -> dict[str, tuple[Fraction, Fraction]]:
        """The ranges, checked.

        Raises
        ------
        ValueError
            an empty box, or an end that is no multiple of 1/1024 of size at most 1024.
        """
        found = {
            name: (_end(name, low), _end(name, high)) for name, (low, high) in self.ranges.items()
        }
        for name, (low, high) in found.items():
            if low >= high:
                raise ValueError(f"{name} in [{low}, {high}]: the box is empty: pass low < high")
        return found

    def program(self) -> Program:
        """The sides as a straight-line program.

        Raises
        ------
        ValueError
            the sides compare numbers, so that one program does not serve every point.
        """
        recorder = Recorder()
        # a point that no symmetry of the formula singles out
        middle = {
            name: low + (high - low) * Fraction(3 + k, 7 + 3 * k)
            for k, (name, (low, high)) in enumerate(self.ends().items())
        }
        lhs, rhs = self.sides(
            {name: recorder.number(name, value) for name, value in middle.items()}
        )
        program = recorder.program({"lhs": (lhs,), "rhs": (rhs,)})
        if program.conditions:
            raise ValueError(
                f"sides of the box compare numbers ({program.conditions[0]}): write them without "
                "max, if"
            )
        return program


@dataclass(frozen=True, eq=False)
class Coverage:
    """How far a box was decided."""

    box: Box
    proved: Fraction
    """Share of the volume where the statement is proved."""
    refuted: Fraction
    """Share of the volume where the opposite is proved."""
    levels: tuple[str, ...]
    """Each halving: P proved, F the opposite proved, S halved (along all sides in turn), U left
    undecided.
    """
    left: Mapping[str, tuple[float, float]]
    """Hull of the undecided cells, empty if there are none."""

    @property
    def cells(self) -> int:
        """Cells that were looked at."""
        return sum(len(level) for level in self.levels)

    @property
    def complete(self) -> bool:
        """Whether the statement is proved everywhere on the box."""
        return self.proved == 1

    def __repr__(self) -> str:
        left = ", ".join(
            f"{name} in [{low:.4g}, {high:.4g}]" for name, (low, high) in self.left.items()
        )
        if self.box.equality:
            equal = f", equality: {self.box.equality}"
        else:
            equal = ""
        return (
            f"{percent(self.proved)} % of the box proved, {float(100 * self.refuted):.4g} % "
            "refuted, "
            f"{self.cells} cells ({self.box.note}){'; left: ' + left + equal if left else ''}"
        )


def prove(box: Box, relation: str, limit: int = CELLS) -> Coverage:
    """Halve undecided cells, along all sides in turn, until all are decided.

    At most ``limit`` cells are looked at, and no side is halved more than 30 times. Halves of a
    cell share their border, so nothing between them is lost; the shares are counted by halvings.

    Raises
    ------
    ValueError
        an empty or infinite box, ends that are no multiples of 1/1024, or a pole in it.
    """
    names = list(box.ranges)
    program = box.program()
    levels: list[str] = []
    lower, upper = (
        np.array([[float(pair[side]) for pair in box.ends().values()]]) for side in (0, 1)
    )
    _no_pole_in_corners(box, program)
    proved = refuted = Fraction(0)
    while len(lower):
        values = {name: Interval(lower[:, i], upper[:, i]) for i, name in enumerate(names)}
        yes, no, pole = _decided(program, values, relation, len(lower))
        marks = np.where(yes, "P", np.where(no, "F", "S"))
        last = sum(len(level) for level in levels) + len(lower) + 2 * int(
            (marks == "S").sum()
        ) > limit or len(levels) == HALVINGS * len(names)
        levels.append("".join(np.where(marks == "S", "U", marks) if last else marks))
        share = Fraction(1, 2 ** (len(levels) - 1))
        proved = proved + share * int(yes.sum())
        refuted = refuted + share * int(no.sum())
        open_ = marks == "S"
        lower = lower[open_]
        upper = upper[open_]
        if last:
            if pole[open_].any():
                place = dict(
                    zip(
                        names,
                        zip(lower[pole[open_]][0], upper[pole[open_]][0], strict=True),
                        strict=True,
                    )
                )
                raise ValueError(
                    f"the box has a pole, a divisor that may be 0, in {place}: leave it out of "
                    "the ranges"
                )
            break
        lower, upper = _halves(lower, upper, (len(levels) - 1) % len(names))
    if len(lower):
        left = {
            name: (float(lower[:, i].min()), float(upper[:, i].max()))
            for i, name in enumerate(names)
        }
    else:
        left = {}
    return Coverage(box, proved, refuted, tuple(levels), left)


def _decided(
    program: Program, values: Mapping[str, Interval], relation: str, count: int
) -> tuple[Array, Array, Array]:
    """(proved, opposite proved, divisor may be 0) for each cell; a cell at a pole is neither."""
    run = program.run(values)
    lhs, rhs = (_cells(run[side][0], count) for side in ("lhs", "rhs"))
    if relation in (">=", ">"):
        lhs, rhs = rhs, lhs
    strict = relation in ("<", ">")
    pole = np.zeros(count, dtype=bool)
    for name in _divisors(program, run.values):
        divisor = _cells(run.values[name], count)
        pole |= (divisor.lower <= 0) & (divisor.upper >= 0)
    yes, no = ((lhs < rhs), (lhs >= rhs)) if strict else ((lhs <= rhs), (lhs > rhs))
    return yes & ~pole, no & ~pole, pole


def _divisors(program: Program, names: Container[str]) -> Iterator[str]:
    """Named operands that are divided by, directly or by a negative power."""
    for line in program.steps:
        left, sign, right = (*line.partition(" = ")[2].split(" "), "")[:3]
        if sign == "/" and right in names:
            yield right
        if sign == "**" and right.startswith("-") and left in names:
            yield left


def _no_pole_in_corners(box: Box, program: Program) -> None:
    for corner in product(*box.ends().values()):
        point = dict(zip(box.ranges, corner, strict=True))
        try:
            program.run(point)
        except ZeroDivisionError:
            raise ValueError(
                f"the box touches a pole at {', '.join(f'{k} = {v}' for k, v in point.items())}: "
                "leave it out of the ranges"
            ) from None


def _cells(x: Any, count: int) -> Interval:
    found = Interval.of(x)
    return Interval(np.broadcast_to(found.lower, count), np.broadcast_to(found.upper, count))


def _end(name: str, x: Any) -> Fraction:
    if not isinstance(x, float) or np.isfinite(x):
        end = Fraction(x)
    else:
        end = None
    if end is None or abs(end) > GRID or (end * GRID).denominator > 1:
        raise ValueError(
            f"{name}: the end {x} of the box must be a multiple of 1/{GRID} of size at most {GRID}"
        )
    return end


def _halves(lower: Array, upper: Array, axis: int) -> tuple[Array, Array]:
    """Both halves of each cell, side by side."""
    middle = lower[:, axis] + (upper[:, axis] - lower[:, axis]) / 2
    first = upper.copy()
    second = lower.copy()
    first[:, axis] = second[:, axis] = middle
    return np.stack([lower, second], axis=1).reshape(-1, lower.shape[1]), np.stack(
        [first, upper], axis=1
    ).reshape(-1, lower.shape[1])
