"""Certificates are re-checked with fractions alone, and an altered one is rejected; instances are
validated.
"""

import pickle
from copy import deepcopy
from fractions import Fraction
from functools import cache

import pytest

import quadmeta as qm
from quadmeta.verification.box import prove
from quadmeta.verification.claim import placed
from quadmeta.verification.decide import decide
from quadmeta.verification.finding import examine
from quadmeta.verification.needed import drop
from quadmeta.verification.verdict import Verdict, text

check = cache(qm.check)


def test_sampled_and_untestable_forms_prove_nothing():
    verdict = check("yakovlev2023_validation_accuracy")
    assert (verdict.status, verdict.how) == ("undecided", "none")
    assert "no stated test" in verdict.evidence["reason"]

    class Sampled(type(qm.claim("talk2021_meta_steps_converge"))):
        """The same, in float64. Proof: the same."""

        exact = False
        draws = 20

    verdict = decide(Sampled(), "printed")
    assert (verdict.status, verdict.how) == ("consistent", "sampled")


def test_reprs_show_and_do_not_compute(monkeypatch):
    verdict = check("derived_log_convexity")
    monkeypatch.setattr(type(qm.claim("derived_log_convexity")), "sides", None)
    assert repr(verdict).startswith("Verdict(derived_log_convexity, conjectured: refuted, exact, ")
    lines = verdict.lines()
    assert lines[0] == "derived_log_convexity, as conjectured: REFUTED (exact)" and any(
        "kappa > 1" in x for x in lines
    )

    class Printer:
        def text(self, value):
            self.value = value

    printer = Printer()
    verdict._repr_pretty_(printer, False)
    assert "as repaired: HOLDS" in printer.value
    assert (
        repr(qm.claim("derived_log_convexity"))
        == "DerivedLogConvexity(conjectured: refuted, repaired: holds)"
    )


def test_a_verdict_pickles_with_its_boxes():
    verdict = check("derived_log_convexity")
    for again in (pickle.loads(pickle.dumps(verdict)), deepcopy(verdict)):
        assert (
            again.lines() == verdict.lines() and again.repaired.lines() == verdict.repaired.lines()
        )
        assert qm.certificate(again.repaired) == qm.certificate(verdict.repaired)
        assert again.repaired.evidence["boxes"][0].box.covers_domain is False


@pytest.mark.parametrize("name", qm.members("claims"))
def test_whatever_a_check_of_a_claim_gives_pickles(name):
    claim = qm.claim(name)
    for form, record in claim.forms.items():
        if record.testable:
            found = examine(claim, form, claim.read(next(iter(claim.cases(form)))))
            # few cells: what they hold is the same of many
            boxes = tuple(prove(box, claim.relation, limit=1) for box in placed(claim, form))
            verdict = Verdict(
                name, form, record.recorded, record.how, {**found.evidence(), "boxes": boxes}
            )
            again = pickle.loads(pickle.dumps(verdict))
            assert again.lines() == verdict.lines()
            assert [box.box.program() for box in again.evidence["boxes"]] == [
                box.box.program() for box in boxes
            ]
            assert pickle.loads(pickle.dumps(found)).margins == found.margins
    assert repr(pickle.loads(pickle.dumps(claim))) == repr(claim)


def test_a_box_of_functions_alone_does_not_pickle():
    box = placed(qm.claim("wang2021_naive_lower_bound"), "printed")[0]
    assert pickle.loads(pickle.dumps(box)).note == box.note
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(type(box)(box.ranges, lambda x: x, box.note, box.reduce))


def test_the_ledger_and_its_members_pickle():
    ledger = qm.ledger()
    assert pickle.loads(pickle.dumps(ledger)) == ledger
    for family in ("problems", "optimizers", "objectives", "estimators", "claims"):
        assert list(pickle.loads(pickle.dumps(qm.members(family)))) == list(qm.members(family))


def test_numbers_a_person_can_read():
    assert text(Fraction(3, 7)) == "3/7" and text((Fraction(1), Fraction(1, 2))) == "(1, 1/2)"
    assert (
        text(Fraction(10) ** -300 * 2) == "2.000000e-300"
        and text(-(Fraction(10) ** 40)) == "-1.000000e+40"
    )
    assert text(0.5) == "0.5" and text(3) == "3"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"eta": -1}, r"eta = -1 must lie in \[0, inf\)"),
        ({"steps": 0}, "steps = 0 must lie in"),
        ({"steps": "3/2"}, "steps = '3/2' must lie in"),
        ({"eigenvalues": (1, 0)}, r"eigenvalues\[1\] = 0 must lie in"),
        ({"energy": (1,)}, "vectors have the lengths"),
        ({"etta": 1}, "unknown parameter 'etta': did you mean 'eta'"),
    ],
)
def test_instances_are_validated(change, message):
    good = {"eigenvalues": (1, 3), "energy": (1, 1), "eta": "1/2", "steps": 2}
    claim = qm.claim("wang2021_naive_upper_bound")
    assert claim.read(good)["eta"] == Fraction(1, 2)
    with pytest.raises(ValueError, match=message):
        claim.read({**good, **change})
    with pytest.raises(ValueError, match="lacks steps"):
        claim.read({key: value for key, value in good.items() if key != "steps"})


def test_unknown_forms_and_assumptions():
    claim = qm.claim("wang2021_naive_upper_bound")
    with pytest.raises(KeyError, match="unknown form 'print': did you mean 'printed'"):
        decide(claim, "print")
    with pytest.raises(KeyError, match="unknown assumption 'eta < 2'"):
        drop(claim, "eta < 2")
