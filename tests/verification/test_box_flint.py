"""Interval proofs against another engine, cell by cell: the balls of python-flint (Arb) never say
the opposite.
"""

from fractions import Fraction
from itertools import islice
from math import isfinite

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.interval import Interval
from quadmeta.certificates.quick import quick
from quadmeta.verification.box import Box, prove

flint = pytest.importorskip("flint")
BOXED = [
    (name, form)
    for name in qm.members("claims")
    for form in qm.claim(name).forms
    if list(qm.claim(name).boxes(form))
]
CELLS = 200
"""Cells looked at in each box, spread over all levels."""


class Ball:
    """A ball with powers by multiplication: ``arb ** n`` is not a number where the ball holds 0."""

    def __init__(self, value):
        self.value = (
            value
            if isinstance(value, flint.arb)
            else flint.arb(flint.fmpq(Fraction(value).numerator, Fraction(value).denominator))
        )

    @classmethod
    def of(cls, x):
        return x if isinstance(x, cls) else cls(x)

    def __pow__(self, n):
        if n < 0:
            return Ball(1) / self**-n
        half = self if n == 1 else Ball(1) if n == 0 else self ** (n // 2)
        return half if n < 2 else half * half * self if n % 2 else half * half

    def __abs__(self):
        return Ball(abs(self.value))


for sign in ("add", "sub", "mul", "truediv"):

    def both(self, other, sign=f"__{sign}__"):
        return Ball(getattr(self.value, sign)(Ball.of(other).value))

    def swapped(self, other, sign=f"__{sign}__"):
        return Ball(getattr(Ball.of(other).value, sign)(self.value))

    setattr(Ball, f"__{sign}__", both)
    setattr(Ball, f"__r{sign}__", swapped)


def cells(found):
    """(mark, low ends, high ends) of every cell of a proof, level by level."""
    place = [quick(tuple(zip(*found.box.ends().values(), strict=True)))]
    for depth, level in enumerate(found.levels):
        yield from ((mark, *ends) for mark, ends in zip(level, place, strict=True))
        axis, halves = depth % len(found.box.ranges), []
        for mark, (low, high) in zip(level, place, strict=True):
            if mark == "S":
                middle = (low[axis] + high[axis]) / 2
                halves += [
                    (low, high[:axis] + (middle,) + high[axis + 1 :]),
                    (low[:axis] + (middle,) + low[axis + 1 :], high),
                ]
        place = halves


def ball(low, high):
    """The ball with these ends."""
    middle, radius = (
        flint.arb(flint.fmpq(q.numerator, q.denominator))
        for q in ((low + high) / 2, (high - low) / 2)
    )
    return Ball(flint.arb(middle.mid(), (radius + middle.rad()).upper()))


def compared(found, relation):
    """Cells looked at, and those that both engines decide."""
    program, names = found.box.program(), list(found.box.ranges)
    some = list(islice(cells(found), 0, None, max(1, found.cells // CELLS)))
    low, high = (np.array([[float(x) for x in cell[side]] for cell in some]) for side in (1, 2))
    run = program.run({name: Interval(low[:, i], high[:, i]) for i, name in enumerate(names)})
    ours = {side: Interval.of(run[side][0]) + np.zeros(len(some)) for side in ("lhs", "rhs")}
    ours = {side: (one.lower.tolist(), one.upper.tolist()) for side, one in ours.items()}
    both = 0
    for k, (mark, *ends) in enumerate(some):
        theirs = program.run({name: ball(a, b) for name, a, b in zip(names, *ends, strict=True)})
        balls = {side: Ball.of(theirs[side][0]).value for side in ours}
        for side, other in balls.items():
            lower, upper = ours[side][0][k], ours[side][1][k]
            if other.is_finite() and isfinite(lower) and isfinite(upper):
                assert float(other.upper()) >= lower - abs(lower) * 1e-12
                assert float(other.lower()) <= upper + abs(upper) * 1e-12
        first, second = (
            (balls["lhs"], balls["rhs"])
            if relation in ("<=", "<")
            else (balls["rhs"], balls["lhs"])
        )
        strict = relation in ("<", ">")
        yes, no = (first < second, first >= second) if strict else (first <= second, first > second)
        assert not (mark == "P" and no) and not (mark == "F" and yes)
        both += mark == "P" and yes or mark == "F" and no
    return len(some), both


@pytest.mark.parametrize("name, form", BOXED)
def test_every_proof_agrees(name, form):
    claim = qm.claim(name)
    for box in claim.boxes(form):
        assert compared(prove(box, claim.relation), claim.relation)[0] > 0


def test_both_engines_decide_most_cells_of_a_plain_box():
    box = Box(
        {"x": (0, 1), "y": (1, 2)},
        lambda x: (x["x"] ** 3 * x["y"] / (1 + x["x"]), 2),
        "",
        lambda instance: [],
    )
    found = prove(box, "<=")
    seen, both = compared(found, "<=")
    assert found.proved == 1 and seen == found.cells and both >= 0.3 * seen


def test_a_wrong_proof_is_noticed():
    from dataclasses import replace

    box = Box({"x": (0, 1)}, lambda x: (x["x"], Fraction(1, 2)), "", lambda instance: [])
    found = prove(box, "<=")
    assert found.levels[1] in ("PF", "PS", "SF", "SS")
    with pytest.raises(AssertionError):
        compared(replace(found, levels=("S", "PP"), box=replace(box, ranges={"x": (0, 4)})), "<=")
