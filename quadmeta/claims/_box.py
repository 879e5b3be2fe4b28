"""Branch and bound on ``Interval``: a statement proved on every point of a parameter box, or what is left of it."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.arithmetic.interval import Interval

Array = Any


@dataclass(frozen=True, eq=False)
class Box:
    """Ranges of parameters and the two sides as a function of one ``Interval`` array for each of them."""

    ranges: Mapping[str, tuple[Any, Any]]
    sides: Callable[[Mapping[str, Interval]], tuple[Interval, Interval]]
    note: str
    """What was fixed or reduced, and by which argument."""
    covers_domain: bool = False
    """Whether the box, with the reduction, is the whole domain of the claim."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """How far a box was decided."""

    proved: Fraction
    """Share of the volume where the statement is proved."""
    refuted: Fraction
    """Share of the volume where the opposite is proved."""
    cells: int
    left: Mapping[str, tuple[float, float]]
    """Hull of the undecided cells, empty if there are none."""
    note: str = ""

    @property
    def complete(self) -> bool:
        """Whether the statement is proved everywhere on the box."""
        return self.proved == 1

    def __repr__(self) -> str:
        left = ", ".join(f"{name} in [{low:.4g}, {high:.4g}]" for name, (low, high) in self.left.items())
        return (f"{float(100 * self.proved):.4g} % of the box proved, {float(100 * self.refuted):.4g} % refuted, "
                f"{self.cells} cells ({self.note}){'; left: ' + left if left else ''}")


def prove(box: Box, relation: str, limit: int = 50000) -> Coverage:
    """Halve undecided cells along their relatively widest side until all are decided or ``limit`` cells were looked at.

    Halves of a cell share their border, so nothing between them is lost; the shares are counted by halvings.
    """
    names = list(box.ranges)
    ends = [Interval.hull(*map(Interval.of, pair)) for pair in box.ranges.values()]
    lower, upper = (np.array([[float(getattr(e, side)) for e in ends]]) for side in ("lower", "upper"))
    full = upper[0] - lower[0]
    share, cells = Fraction(1), 0
    proved = refuted = Fraction(0)
    while len(lower) and cells + len(lower) <= limit:
        cells += len(lower)
        lhs, rhs = box.sides({name: Interval(lower[:, i], upper[:, i]) for i, name in enumerate(names)})
        if relation in (">=", ">"):
            lhs, rhs = rhs, lhs
        strict = relation in ("<", ">")
        yes = (lhs < rhs) if strict else (lhs <= rhs)
        no = (lhs >= rhs) if strict else (lhs > rhs)
        proved, refuted = proved + share * int(yes.sum()), refuted + share * int(no.sum())
        open_ = ~(yes | no)
        lower, upper, share = *_halves(lower[open_], upper[open_], full), share / 2
    left = {name: (float(lower[:, i].min()), float(upper[:, i].max())) for i, name in enumerate(names)} \
        if len(lower) else {}
    return Coverage(proved, refuted, cells, left, box.note)


def _halves(lower: Array, upper: Array, full: Array) -> tuple[Array, Array]:
    rows = np.arange(len(lower))
    widest = np.argmax((upper - lower) / full, axis=1) if len(lower) else rows
    middle = lower + (upper - lower) / 2
    first, second = upper.copy(), lower.copy()
    first[rows, widest] = second[rows, widest] = middle[rows, widest]
    return np.concatenate([lower, second]), np.concatenate([first, upper])
