"""The harness itself: known-false statements are refuted, loosened and empty bounds noticed,
counterexamples small.
"""

from fractions import Fraction

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.claims.derived.step_size.log_curvature import DerivedLogCurvature
from quadmeta.claims.derived.step_size.log_gradient_bound import DerivedLogGradientBound
from quadmeta.claims.derived.step_size.naive_growth import DerivedNaiveGrowth
from quadmeta.claims.derived.step_size.stop_gradient_parity import DerivedStopGradientParity
from quadmeta.claims.talk2021.almost_all_step_sizes import Talk2021AlmostAllStepSizes
from quadmeta.claims.wang2021.backprop_intermediates import Wang2021BackpropIntermediates
from quadmeta.claims.wang2021.log_gradient_bound import Wang2021LogGradientBound
from quadmeta.claims.wang2021.naive_lower_bound import Wang2021NaiveLowerBound
from quadmeta.claims.wang2021.naive_upper_bound import Wang2021NaiveUpperBound
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import examine
from quadmeta.verification.needed import drop
from quadmeta.verification.parameters import Parameter, draw, simpler, size
from quadmeta.verification.search import shrink

# class, form, how the right side is falsified or loosened
MUTANTS = [
    (
        Wang2021NaiveUpperBound,
        "printed",
        "T - 1 for T",
        lambda x, l, r: (l, r * (x["steps"] - 1) / x["steps"]),
    ),
    (Wang2021NaiveUpperBound, "stated", "dropped 1/2 of omega", lambda x, l, r: (2 * l, r)),
    (Wang2021NaiveUpperBound, "stated", "lost 1 % ", lambda x, l, r: (l, r * 101 / 100)),
    (
        Wang2021NaiveLowerBound,
        "printed",
        "no subtracted term",
        lambda x, l, r: (l, r + x["eigenvalues"].max() ** 2 * x["steps"]),
    ),
    (
        Wang2021NaiveLowerBound,
        "stated",
        "W halved twice",
        lambda x, l, r: (l, r + (l - r) * 3 / 2),
    ),
    (Wang2021NaiveLowerBound, "stated", "loosened", lambda x, l, r: (l, r - abs(r) / 100)),
    (
        DerivedLogCurvature,
        "stated",
        "2T for 2T - 1",
        lambda x, l, r: (l, r * 2 * x["steps"] / (2 * x["steps"] - 1)),
    ),
    (DerivedLogCurvature, "stated", "loosened", lambda x, l, r: (l, r * 99 / 100)),
    (
        DerivedLogGradientBound,
        "stated",
        "factor 2 lost",
        lambda x, l, r: (l, r / 4 ** (2 * x["steps"])),
    ),
    (
        Wang2021LogGradientBound,
        "stated",
        "L + mu for 2 (L + mu)",
        lambda x, l, r: (l, r / 2 ** (2 * x["steps"])),
    ),
    (DerivedNaiveGrowth, "stated", "next modulus squared", lambda x, l, r: (l, r / 2)),
    (DerivedNaiveGrowth, "stated", "loosened", lambda x, l, r: (l, r * 2)),
    (DerivedStopGradientParity, "stated", "sign", lambda x, l, r: (-l, r)),
    (Talk2021AlmostAllStepSizes, "stated", "loosened", lambda x, l, r: (l, r * 2)),
    (Talk2021AlmostAllStepSizes, "stated", "too narrow", lambda x, l, r: (l * 2, r)),
    (Talk2021AlmostAllStepSizes, "reading", "half of the bound", lambda x, l, r: (l * 2, r)),
    (Talk2021AlmostAllStepSizes, "reading", "loosened", lambda x, l, r: (l, r * 2)),
    (Wang2021BackpropIntermediates, "stated", "2 for 2/T", lambda x, l, r: (l * x["steps"], r)),
    (Wang2021BackpropIntermediates, "stated", "loosened", lambda x, l, r: (l, r * 101 / 100)),
]


@pytest.mark.parametrize(
    "cls, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(cls, form, what, change):
    class Mutant(cls):
        __doc__ = cls.__doc__

        def sides(self, x, form):
            lhs, rhs = (np.asarray(side, dtype=object) for side in super().sides(x, form))
            return change(x, lhs, rhs)

    record, verdict = cls().forms[form], decide(Mutant(), form)
    assert (verdict.status, verdict.how) != (record.recorded, record.how)
    assert verdict.status == ("undecided" if what in ("loosened", "lost 1 % ") else "refuted")


class Control(Claim):
    """A statement about two numbers for the harness to judge.

    Proof. None is needed of a control.
    """

    reference, strength = "control", "upper"
    forms = {"printed": Form("x y < 50", "refuted", "exact", fault="false")}
    domain = {"x": Parameter("x", low=Fraction(1)), "y": Parameter("y", low=Fraction(1), axis="d")}

    def assumptions(self, x, form):
        return {"x <= 9": 9 - x["x"]}

    def sides(self, x, form):
        return x["x"] * x["y"].sum(), Fraction(50)

    def cases(self, form):
        return [{"x": "3/2", "y": (1, 2)}]


def control(forms, **members):
    return type(
        "Control", (Control,), {"__doc__": Control.__doc__, "forms": {"printed": forms}, **members}
    )()


def test_counterexamples_are_shrunk_within_the_assumptions():
    verdict = decide(Control())
    x = verdict.evidence["instance"]
    assert verdict.status == "refuted" and verdict.evidence["lhs"][0] > 50
    assert (
        x["x"] <= 9
        and x["x"].denominator == 1
        and all(y.denominator == 1 for y in x["y"])
        and len(x["y"]) <= 2
    )
    start = examine(Control(), "printed", Control().read({"x": "89/10", "y": ("71/9", "13/2", 1)}))
    least = shrink(Control(), "printed", start)
    assert size(least.instance) < size(start.instance) / 3 and not least.holds and least.admitted
    for candidate in simpler(Control.domain, least.instance):
        found = examine(Control(), "printed", candidate)
        assert found.holds or not found.admitted or size(candidate) >= size(least.instance)


def test_what_each_status_needs():
    below = {"sides": lambda self, x, form: (x["x"] / x["x"], x["x"])}
    assert decide(control(Form("", "", ""), **below)).status == "consistent"
    holds = decide(control(Form("", "", "", proved=True), **below))
    assert (holds.status, holds.how) == ("holds", "proof + exact") and holds.evidence["ratio"][
        "max"
    ] <= 1
    empty = {"sides": lambda self, x, form: (x["x"], x["x"] * 2000)}
    assert decide(control(Form("", "", "", proved=True), **empty)).status == "vacuous"
    negative = {"sides": lambda self, x, form: (x["x"], -x["x"]), "relation": ">="}
    vacuous = decide(control(Form("", "", "", proved=True), **negative))
    assert vacuous.status == "vacuous" and vacuous.evidence["trivial"] == 1
    sampled = decide(control(Form("", "", "", proved=True), **below, exact=False))
    assert (sampled.status, sampled.how) == ("consistent", "sampled")
    loose = {"sides": lambda self, x, form: (x["x"], x["x"] + 1)}
    assert (
        "never attained"
        in decide(control(Form("", "", "", attained=True), **loose)).evidence["reason"]
    )


def test_floats_cannot_leak_into_exact_sides():
    with pytest.raises(TypeError, match="float"):
        decide(control(Form("", "", ""), sides=lambda self, x, form: (0.5 * x["x"], x["x"])))


def test_a_case_outside_the_assumptions_is_an_error():
    with pytest.raises(ValueError, match="breaks x <= 9: correct it"):
        decide(control(Form("", "", ""), cases=lambda self, form: [{"x": 10, "y": (1,)}]))


def test_proved_forms_need_a_written_proof():
    with pytest.raises(TypeError, match="docstring must hold the proof"):
        type(
            "Bare",
            (Control,),
            {"__doc__": "Nothing.", "forms": {"printed": Form("", "", "", proved=True)}},
        )


def test_verdicts_are_deterministic():
    first, second = (
        qm.certificate(decide(qm.claim("derived_mean_log_unimodal"))) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("name", list(qm.members("claims")))
def test_draws_lie_in_the_domain(name):
    from random import Random

    claim, random = qm.claim(name), Random(3)
    for _ in range(50):
        x = claim.prepare(draw(claim.domain, random))
        assert claim.read(x) == x


@pytest.mark.parametrize(
    "name, assumption, needed",
    [
        ("wang2021_naive_strictly_convex", "kappa > 1", True),
        ("wang2021_log_unique_minimizer", "kappa > 1", True),
        ("wang2021_naive_lower_bound", "|w_0 - w_*|^2 = 1", True),
        ("wang2021_naive_lower_bound", "kappa > 1", False),
        ("wang2021_log_gradient_bound", "|w_0 - w_*|^2 = 1", True),
        ("wang2021_naive_upper_bound", "eta < 2/L", False),
        ("derived_stop_gradient_parity", "T mod 2 = 0", True),
        ("derived_stop_gradient_parity", "eta <= 2/L", True),
        ("derived_stop_gradient_parity", "0 < |a_i| < 1 for some i", True),
    ],
)
def test_which_assumptions_are_needed(name, assumption, needed):
    verdict = drop(qm.claim(name), assumption)
    assert verdict.status == ("refuted" if needed else "consistent")
    assert verdict.evidence["instances"] > 0 and verdict.evidence["dropped"] == assumption


def test_without_an_assumption_a_side_may_not_exist():
    assert drop(qm.claim("derived_log_gradient_bound"), "kappa > 1").status == "undecided"
