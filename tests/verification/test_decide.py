"""How a statement is decided and what is said of it: thresholds, quantiles, tightest instances,
boxes, records.
"""

from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.verification.box import Box, prove
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.decide import decide
from quadmeta.verification.needed import drop
from quadmeta.verification.parameters import Parameter
from quadmeta.verification.record import numbers, on_record
from quadmeta.verification.search import findings
from quadmeta.verification.verdict import Verdict, plain, text


class Pairs(Claim):
    """x against y at these cases only.

    Proof. None is needed of a control.
    """

    reference, strength, draws = "control", "upper", 0
    forms = {"printed": Form("x <= y", "", "")}
    domain = {"x": Parameter("x", low=None), "y": Parameter("y", low=None)}
    pairs = ((1, 2),)

    def assumptions(self, x, form):
        return {"x <= 9999": 9999 - x["x"]}

    def sides(self, x, form):
        return x["x"], x["y"]

    def cases(self, form):
        return [{"x": x, "y": y} for x, y in self.pairs]


def pairs(*cases, form=None, **members):
    forms = {"printed": Form("x <= y", "", "", **(form or {}))}
    return type(
        "Pairs", (Pairs,), {"__doc__": Pairs.__doc__, "pairs": cases, "forms": forms, **members}
    )()


def test_an_upper_bound_is_summed_up_by_its_largest_ratio():
    verdict = decide(pairs((1, 8), (3, 4), (-5, 1), (1, 2), (0, 3), (2, 3)))
    assert (verdict.status, verdict.how, verdict.claim, verdict.form) == (
        "consistent",
        "exact",
        "pairs",
        "printed",
    )
    assert verdict.evidence["ratio"] == {"min": 0.125, "median": 0.6667, "max": 0.75}
    assert verdict.evidence["instance"] == {"x": 3, "y": 4} and verdict.evidence["instances"] == 6
    assert (verdict.evidence["lhs"], verdict.evidence["rhs"]) == (
        (3,),
        (4,),
    ) and "trivial" not in verdict.evidence
    assert decide(pairs((1, 4), (2, 4), relation="<")).evidence["instance"]["x"] == 2


def test_a_lower_bound_is_summed_up_by_its_smallest_ratio_and_its_trivial_share():
    verdict = decide(pairs((8, 1), (4, 3), (1, 0), (3, -2), (-1, -2), (2, 1), relation=">="))
    assert verdict.evidence["ratio"] == {"min": 1.333, "median": 2, "max": 8}
    assert verdict.evidence["instance"] == {"x": 4, "y": 3} and verdict.evidence["trivial"] == 0.5
    assert decide(pairs((8, 1), (4, 3), relation=">")).evidence["instance"] == {"x": 4, "y": 3}


def test_without_ratios_the_first_instance_stands():
    verdict = decide(pairs((-3, 0), (-1, 0)))
    assert verdict.evidence["instance"] == {"x": -3, "y": 0} and "ratio" not in verdict.evidence
    equal = decide(pairs((2, 2), (3, 3), relation="=="))
    assert (
        equal.status == "consistent"
        and "ratio" not in equal.evidence
        and "trivial" not in equal.evidence
    )


@pytest.mark.parametrize(
    "relation, cases, status",
    [
        ("<=", ((1, 1001), (1, 5000)), "vacuous"),
        ("<=", ((1, 5000), (1, 999)), "consistent"),
        ("<=", ((0, 1), (-1, 1)), "consistent"),
        ("<", ((1, 5000),), "consistent"),
        (">=", ((1001, 1), (5000, 1)), "vacuous"),
        (">=", ((5000, 1), (999, 1)), "consistent"),
        (">=", ((1, 0), (1, -1)), "vacuous"),
        (">=", ((1, 0), (2, 1)), "consistent"),
        (">", ((5000, 1),), "consistent"),
    ],
)
def test_a_bound_a_thousand_times_off_everywhere_says_nothing(relation, cases, status):
    assert decide(pairs(*cases, relation=relation)).status == status
    # whatever is proved of it
    assert decide(pairs(*cases, relation=relation, form={"proved": True})).status == (
        "holds" if status == "consistent" else status
    )


def test_equality_is_looked_for_in_each_component():
    def sides(self, x, form):
        return np.array([x["x"], x["x"]]), np.array([x["y"], x["x"]])

    found = decide(pairs((1, 2), (3, 4), form={"attained": True}, sides=sides))
    assert found.status == "undecided"
    assert found.evidence["reason"] == "called tight, and never attained in component 0"
    assert found.evidence["instances"] == 2
    for y, status in ((1 + F(1, 10**13), "holds"), (1 + F(1, 10**11), "undecided")):
        assert (
            decide(pairs((1, y), (1, 2), form={"attained": True, "proved": True})).status == status
        )
    assert decide(pairs((1, 2), form={"proved": True})).status == "holds"


def test_the_shortest_of_the_first_counterexamples_is_shown():
    long, short = ("100/7", "1/3"), (2, 1)
    verdict = decide(pairs((1, 2), long, short, domain={name: Parameter(name) for name in "xy"}))
    assert (verdict.status, verdict.how) == ("refuted", "exact") and verdict.evidence[
        "instances"
    ] == 3
    assert verdict.evidence["instance"] == {"x": 1, "y": 0}  # shrunk
    many = decide(pairs(*[(k + 1, k) for k in range(1, 9)]))
    assert many.evidence["instances"] == 4  # four are enough
    sampled = decide(pairs((2, 1), exact=False))
    assert (sampled.status, sampled.how) == ("refuted", "sampled")


def test_a_form_that_cannot_be_tested_is_undecided():
    verdict = decide(pairs((2, 1), form={"testable": False, "reason": "no number is given"}))
    assert (verdict.status, verdict.how, verdict.evidence) == (
        "undecided",
        "none",
        {"reason": "no number is given"},
    )


@pytest.mark.parametrize(
    "bound, covers, status, how",
    [(2, True, "holds", "box"), (2, False, "consistent", "exact"), (-1, True, "undecided", "none")],
)
def test_a_box_decides_if_it_covers_the_domain(bound, covers, status, how):
    """One that is false shows no more than that the reduction to it gives away too much."""

    def boxes(self, form):
        return [
            Box({"x": (0, 1)}, lambda x: (x["x"], F(bound)), "", lambda x: [], covers_domain=covers)
        ]

    verdict = decide(pairs((1, 2), boxes=boxes))
    assert (verdict.status, verdict.how) == (status, how) and verdict.evidence["instances"] == 1
    proved = decide(pairs((1, 2), boxes=boxes, form={"proved": True}))
    assert proved.how == {"box": "proof + box", "exact": "proof + exact", "none": "none"}[how]
    if status == "undecided":
        assert "a box is false somewhere" in verdict.evidence["reason"]
    else:
        assert verdict.evidence["boxes"][0].proved == 1 and verdict.evidence["instance"] == {
            "x": 1,
            "y": 2,
        }
        found = numbers(verdict, "<=")
        assert (found["instances"], found["ratio"], found["boxes"], float(found["coverage"])) == (
            1,
            0.5,
            1,
            100,
        )


def test_a_box_that_is_left_open_decides_nothing():
    def boxes(self, form):
        return [
            Box(
                {"x": (0, 1)},
                lambda x: (x["x"] * (1 - x["x"]), F(1, 4)),
                "",
                lambda x: [],
                covers_domain=True,
            )
        ]

    assert decide(pairs((1, 2), boxes=boxes)).how == "exact"


def test_the_numbers_on_record():
    upper, lower = pairs((1, 8), (3, 4)), pairs((8, 1), (4, 3), relation=">=")
    assert numbers(decide(upper), "<=") == {"instances": 2, "ratio": 0.75}
    assert (
        numbers(decide(lower), ">=")
        == {"instances": 2, "ratio": 1.333}
        == numbers(decide(lower), ">")
    )
    assert numbers(decide(pairs((-1, 0))), "<=") == {"instances": 1}
    assert numbers(Verdict("", "", "undecided", "none"), "<=") == {"instances": 0}
    covered = [
        prove(Box({"x": (0, 1)}, lambda x, b=b: (x["x"], F(b)), "", lambda x: []), "<=")
        for b in (2, "1/3")
    ]
    found = numbers(Verdict("", "", "", "", {"boxes": covered}), "<=")
    assert found["boxes"] == 2 and found["coverage"] == pytest.approx(33.33, abs=0.01)
    assert on_record(qm.claim("derived_log_convexity"), "nothing") == {}
    assert on_record(qm.claim("derived_log_curvature"), "stated")["instances"] > 0


def test_cases_come_first_then_the_worst_on_record_then_draws(monkeypatch):
    claim = pairs((1, 2), (3, 4), draws=7)
    monkeypatch.setattr(
        "quadmeta.verification.search.on_record", lambda name, form: {"worst": {"x": "5", "y": "6"}}
    )
    found = list(findings(claim, "printed"))
    assert [x.instance["x"] for x in found[:3]] == [1, 3, 5] and len(found) == 10
    assert [x.instance for x in found] == [x.instance for x in findings(claim, "printed", 0)]
    assert [x.instance for x in found[3:]] != [x.instance for x in findings(claim, "printed", 1)][
        3:
    ]
    # one that breaks an assumption is no candidate
    monkeypatch.setattr(
        "quadmeta.verification.search.on_record",
        lambda name, form: {"worst": {"x": "50000", "y": "6"}},
    )
    assert len(list(findings(claim, "printed"))) == 9
    never = pairs(draws=3, assumptions=lambda self, x, form: {"never > 0": F(0)})
    assert list(findings(never, "printed")) == []


class Dropped(Pairs):
    """x <= 100 is needed.

    Proof. None is needed of a control.
    """

    draws = 10

    def assumptions(self, x, form):
        return {"x <= 100": 100 - x["x"], "y > 0": x["y"]}

    def sides(self, x, form):
        return x["x"], 200 + 0 * (1 / x["y"])

    def prepare(self, x):
        return {**x, "x": min(x["x"], F(100))}

    def without(self, assumption):
        return [
            {"x": 150, "y": 1},
            {"x": 300, "y": -1},
            {"x": 300, "y": 0},
            {"x": "1001/3", "y": 2},
        ]


def test_a_dropped_assumption_is_the_only_one_broken():
    verdict = drop(Dropped(), "x <= 100")
    assert (verdict.status, verdict.how) == ("refuted", "exact") and verdict.evidence[
        "dropped"
    ] == "x <= 100"
    # 150 is no counterexample, the next two break y > 0 as well; prepared instances break nothing
    assert verdict.evidence["instances"] == 2
    x = verdict.evidence["instance"]
    assert x["x"] == 201 and x["y"] > 0 and verdict.evidence["lhs"][0] > verdict.evidence["rhs"][0]
    # y = 0 has no side, y < 0 changes nothing
    other = drop(Dropped(), "y > 0")
    assert (other.status, other.how, other.form) == ("consistent", "exact", "printed")
    assert other.evidence["instances"] > 0 and other.evidence["dropped"] == "y > 0"
    sampled = type("Sampled", (Dropped,), {"__doc__": Dropped.__doc__, "exact": False})()
    assert drop(sampled, "x <= 100").how == "sampled"


def test_an_instance_without_sides_is_looked_at_again_when_it_is_prepared():
    def prepare(self, x):
        return {**x, "y": x["y"] or F(-1)}

    claim = type(
        "Prepared",
        (Dropped,),
        {
            "__doc__": Dropped.__doc__,
            "draws": 0,
            "prepare": prepare,
            "without": lambda self, assumption: [{"x": 50, "y": 0}],
        },
    )()
    verdict = drop(claim, "y > 0")
    assert verdict.status == "consistent" and verdict.evidence["instances"] == 1


def test_lines_of_a_verdict():
    verdict = Verdict(
        "c",
        "printed",
        "refuted",
        "exact",
        {
            "instance": {"x": F(1, 3), "v": (F(1), F(2))},
            "lhs": (F(1, 2),),
            "relation": "<=",
            "rhs": (F(1, 4), F(1)),
            "assumptions": {"x > 0": F(1, 3)},
            "boxes": ("all of it",),
            "instances": 7,
        },
    )
    assert verdict.lines() == [
        "c, as printed: REFUTED (exact)",
        "  instance: x = 1/3, v = (1, 2)",
        "  lhs = 1/2",
        "  relation: <=",
        "  rhs = (1/4, 1)",
        "  assumptions: x > 0: 1/3",
        "  box: all of it",
        "  instances: 7",
    ]
    assert repr(verdict) == "Verdict(c, printed: refuted, exact, 7 instances)"
    assert (
        repr(Verdict("c", "printed", "undecided", "none")) == "Verdict(c, printed: undecided, none)"
    )


@pytest.mark.parametrize(
    "value, wanted",
    [
        (F(10**12 - 1), "999999999999"),
        (F(1, 10**12 - 1), "1/999999999999"),
        (F(10) ** 12, "1.000000e+12"),
        (F(1, 10**12), "1.000000e-12"),
        (-(F(10) ** 12) / 3, "-3.333333e+11"),
        (F(10**15 - 1), "1.000000e+15"),
        (F(9999998 * 10**8), "9.999998e+14"),
        (1.23456789, "1.23457"),
        ((F(1, 2),), "1/2"),
        ([1, 2], "(1, 2)"),
    ],
)
def test_numbers_of_any_length_are_short(value, wanted):
    assert text(value) == wanted


def test_plain_is_ready_for_json():
    found = plain({"x": F(1, 3), "v": (F(1), 2), "s": "a", "n": None})
    assert found == {"x": "1/3", "v": ["1", 2], "s": "a", "n": None}


def test_names_relations_and_proofs_of_claims():
    assert (
        pairs().name == "pairs"
        and type("ABound2", (Pairs,), {"__doc__": Pairs.__doc__})().name == "a_bound2"
    )
    assert pairs().proof == "Proof. None is needed of a control."
    lines = "A bound.\n\n    Proof. By\n    two  lines.\n    "
    assert type("Lines", (Pairs,), {"__doc__": lines})().proof == "Proof. By two lines."
    assert type("Bare", (Pairs,), {"__doc__": "Nothing."})().proof == ""
    for strength, relation in {
        "identity": "==",
        "upper": "<=",
        "tight": "<=",
        "lower": ">=",
        "rate": "<=",
        "ordering": "<=",
        "counterexample": "<=",
    }.items():
        given = {"__doc__": Pairs.__doc__, "strength": strength, "relation": ""}
        assert type("Of", (Pairs,), given).relation == relation
    given = {"__doc__": Pairs.__doc__, "strength": "upper", "relation": "<"}
    assert type("Of", (Pairs,), given).relation == "<"


def test_vectors_of_one_axis_have_one_length():
    domain = {
        "u": Parameter("u", axis="d"),
        "v": Parameter("v", axis="d"),
        "w": Parameter("w", axis="n"),
        "x": Parameter("x"),
    }
    claim = pairs(domain=domain)
    good = {"u": (1, 2), "v": (3, 4), "w": (5,), "x": 1}
    assert claim.read(good) == {"u": (1, 2), "v": (3, 4), "w": (5,), "x": 1}
    for change in ({"v": (3,)}, {"w": ()}, {"u": (), "v": ()}):
        with pytest.raises(ValueError, match="pass equal ones, at least 1"):
            claim.read({**good, **change})
    with pytest.raises(ValueError, match="the instance lacks u, x: pass the whole domain"):
        claim.read({"v": (3, 4), "w": (5,)})


def test_defaults_of_a_claim():
    claim = pairs()
    x = claim.read({"x": 1, "y": 2})
    assert claim.power(x, "stated") == 1 and claim.prepare(x) is x
    assert not list(claim.without("x <= 9999")) and not list(claim.boxes("stated"))
    assert Pairs.exact and Claim.draws == 200
    assert repr(pairs()) == "Pairs(printed: )" and qm.claim("derived_log_curvature").draws > 0
