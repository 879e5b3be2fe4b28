"""Branch and bound: true statements are proved with full coverage, false ones never, tight ones
name what is left.
"""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.claims.wang2021.naive_lower_bound import Wang2021NaiveLowerBound
from quadmeta.verification.box import Box, prove
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import broken, examine
from quadmeta.verification.parameters import draw
from quadmeta.verification.strength import strength

BOXED = [
    (name, form)
    for name in qm.members("claims")
    for form in qm.claim(name).forms
    if list(qm.claim(name).boxes(form))
]


def nothing(instance):
    return []


def parabola(shift, ranges=(0, 1)):
    """x (1 - x) against 1/4 + shift."""
    return Box(
        {"x": ranges},
        lambda x: (x["x"] * (1 - x["x"]), Fraction(1, 4) + Fraction(shift)),
        "x",
        nothing,
    )


def test_a_true_statement_is_covered():
    found = prove(parabola(0.01), "<=")
    assert found.complete and found.refuted == 0 and not found.left and found.cells < 500
    assert "100 % of the box proved" in repr(found)


def test_a_tight_statement_is_not_covered_and_says_where():
    found = prove(parabola(0.0), "<=")
    low, high = found.left["x"]
    assert (
        0.99 < found.proved < 1 and found.refuted == 0 and low <= 0.5 <= high and high - low < 0.02
    )
    assert "left: x in [0.49" in repr(found) and found.cells <= 20000


def test_a_false_statement_is_refuted_where_it_is_false():
    found = prove(parabola(-0.01), "<=", limit=3000)
    # x (1 - x) > 0.24 on (0.4, 0.6)
    assert not found.complete and found.refuted == pytest.approx(0.2, abs=0.01)
    assert found.proved + found.refuted > 0.98


@pytest.mark.parametrize("relation, expected", [("<", 1), (">", 0), (">=", 0)])
def test_relations(relation, expected):
    assert prove(parabola(1.0), relation).proved == expected


@pytest.mark.parametrize("relation, true", [("<=", True), (">=", True), ("<", False), (">", False)])
def test_equality_everywhere_meets_no_strict_relation(relation, true):
    found = prove(Box({"x": (0, 1)}, lambda x: (0 * x["x"], 0), "", nothing), relation)
    assert (found.proved, found.refuted, found.levels) == (true, not true, ("P" if true else "F",))


def test_levels_say_what_became_of_each_cell():
    """x <= 5/8 on [0, 1]: true on the left half and up to 5/8, false beyond, where 5/8 itself
    stays open.
    """
    found = prove(Box({"x": (0, 1)}, lambda x: (x["x"], Fraction(5, 8)), "", nothing), "<=")
    assert found.levels[:3] == ("S", "PS", "SF") and found.levels[3] == "PS"
    assert found.levels[-1] == "UF" and not any("U" in level for level in found.levels[:-1])
    assert found.cells == sum(map(len, found.levels)) and len(found.levels) == 31
    assert found.left["x"] == pytest.approx((0.625, 0.625)) and found.proved == Fraction(5, 8)
    few = prove(Box({"x": (0, 1)}, lambda x: (x["x"], Fraction(5, 8)), "", nothing), "<=", limit=5)
    assert few.levels == ("S", "PS", "UF") and few.cells == 5 and few.left == {"x": (0.5, 0.75)}


def test_shares_add_up_whatever_the_ranges():
    box = Box({"x": ("-3/8", 3), "y": (2, "25/8")}, lambda x: (x["x"] * x["y"], 3), "", nothing)
    found = prove(box, "<=", limit=30000)
    x = -3 / 8 + 27 / 8000 * np.arange(1001)
    y = 2 + 9 / 8000 * np.arange(1001)
    above = (np.multiply.outer(x, y) > 3).mean()
    assert float(found.proved) == pytest.approx(1 - above, abs=0.01)
    assert float(found.refuted) == pytest.approx(above, abs=0.01)


def raw(keep):
    """F' >= c_L^2 L^2 T (eta L - 1)^(2T-1) - keep L^2 T for d = 2, T = 2, L = 1, nothing reduced."""

    def sides(x):
        mu, c, eta = x["mu"], x["c"], x["eta"]
        rest, top = -2 * (1 - c) * mu**2 * (1 - eta * mu) ** 3, 2 * c * (eta - 1) ** 3
        return rest + top, top - keep * 2

    return Box({"mu": (0, 1), "c": (0, 1), "eta": (2, 3)}, sides, "d = 2, T = 2, L = 1", nothing)


def test_the_printed_bound_on_a_raw_box_and_without_its_last_term():
    assert prove(raw(Fraction(1)), ">=").complete
    without = prove(raw(Fraction(0)), ">=")
    assert not without.complete and without.left["mu"][0] == 0


def test_the_claim_is_decided_by_its_box():
    claim = Wang2021NaiveLowerBound()
    (box,) = claim.boxes("printed")
    assert box.covers_domain and prove(box, claim.relation).complete
    assert decide(claim).how == "proof + box"
    assert strength(claim)[0] == "proved: by hand down to a box, which intervals prove"


def test_a_false_box_decides_nothing():
    class False_(Wang2021NaiveLowerBound):
        __doc__ = Wang2021NaiveLowerBound.__doc__

        def boxes(self, form):
            return [raw(Fraction(-1))]

    verdict = decide(False_())
    assert (verdict.status, verdict.how) == (
        "undecided",
        "none",
    ) and "its reduction" in verdict.evidence["reason"]


@pytest.mark.parametrize(
    "ranges, message",
    [
        ({"x": (1, 1)}, r"x in \[1, 1\]: the box is empty"),
        ({"x": (1, 0)}, "the box is empty"),
        ({"x": (0, float("inf"))}, "the end inf of the box must be a multiple"),
        ({"x": (0, Fraction(1, 3))}, "the end 1/3 of the box must be a multiple of 1/1024"),
        ({"x": (0, 2000)}, "of size at most 1024"),
        ({"x": (float("nan"), 1)}, "must be a multiple"),
    ],
)
def test_ranges_are_checked(ranges, message):
    with pytest.raises(ValueError, match=message):
        prove(Box(ranges, lambda x: (x["x"], 5), "", nothing), "<=")


def test_a_pole_is_named():
    touching = Box({"x": (0, 1)}, lambda x: (1, 1 / (1 - x["x"])), "", nothing)
    with pytest.raises(ValueError, match="touches a pole at x = 1: leave it out"):
        prove(touching, "<=")
    inside = Box({"x": (0, 1)}, lambda x: (1 / (3 * x["x"] - 1), 0), "", nothing)
    with pytest.raises(ValueError, match="has a pole, a divisor that may be 0, in {'x': "):
        prove(inside, ">=")
    # a divisor that only overestimation takes to 0 is no pole
    wide = Box({"x": (0, 4)}, lambda x: (1 / (1 + x["x"] * x["x"] - x["x"]), 2), "", nothing)
    assert prove(wide, "<=").complete


def test_sides_that_compare_are_refused():
    with pytest.raises(ValueError, match="write them without max"):
        prove(Box({"x": (0, 1)}, lambda x: (max(x["x"], 1 - x["x"]), 2), "", nothing), "<=")


def slack(relation, lhs, rhs):
    return lhs - rhs if relation in (">=", ">") else rhs - lhs


@pytest.mark.parametrize("name, form", BOXED)
def test_reductions(name, form):
    """An instance has at least ``scale`` times the slack of the points that stand for it; every
    box decides some.
    """
    claim, random = qm.claim(name), Random(5)
    boxes = list(claim.boxes(form))
    met = dict.fromkeys(range(len(boxes)), 0)
    enough = 12
    for _ in range(4000):
        if all(count >= enough for count in met.values()):
            break
        x = claim.prepare(draw(claim.domain, random))
        if broken(claim, form, x):
            continue
        found = None
        for k, box in enumerate(boxes):
            for point, scale, component in box.reduce(x) if met[k] < enough else ():
                found = found or examine(claim, form, x)
                met[k] += 1
                assert set(point) == set(box.ranges) and scale > 0
                assert all(low <= point[key] <= high for key, (low, high) in box.ends().items()), (
                    point
                )
                here = slack(claim.relation, found.lhs[component], found.rhs[component])
                assert here >= scale * slack(claim.relation, *box.sides(point))
    assert all(met.values()), (
        f"no instance belongs to the boxes {[k for k, count in met.items() if not count]}"
    )


def test_the_reduced_point_of_the_lower_bound():
    (box,) = Wang2021NaiveLowerBound().boxes("printed")
    x = Wang2021NaiveLowerBound().read(
        {"eigenvalues": (1, 2), "energy": ("99/100", "1/100"), "eta": 2, "steps": 1}
    )
    ((point, scale, component),) = box.reduce(x)
    assert point == {"mu": Fraction(1, 2), "c_L^2": Fraction(1, 100)} and (scale, component) == (
        4,
        0,
    )
