"""Certificates are re-checked with fractions alone, and an altered one is rejected; instances are validated."""
from fractions import Fraction
from functools import cache

import pytest

import quadmeta as qm
from quadmeta.claims._verdict import text
from quadmeta.claims._decide import decide
from quadmeta.claims._search import drop

check = cache(qm.check)


def test_sampled_and_untestable_forms_prove_nothing():
    verdict = check("wang2021_meta_descent")
    assert (verdict.status, verdict.how) == ("undecided", "none") and "not specified" in verdict.evidence["reason"]
    assert (verdict.repaired.status, verdict.repaired.how) == ("consistent", "sampled")


def test_reprs_show_and_do_not_compute(monkeypatch):
    verdict = check("derived_log_convexity")
    monkeypatch.setattr(type(qm.claim("derived_log_convexity")), "sides", None)
    assert repr(verdict).startswith("Verdict(derived_log_convexity, printed: refuted, exact, ")
    lines = verdict.lines()
    assert lines[0] == "derived_log_convexity, as printed: REFUTED (exact)" and any("kappa > 1" in x for x in lines)

    class Printer:
        def text(self, value):
            self.value = value
    printer = Printer()
    verdict._repr_pretty_(printer, False)
    assert "as repaired: HOLDS" in printer.value
    assert repr(qm.claim("derived_log_convexity")) == "DerivedLogConvexity(printed: refuted, repaired: holds)"


def test_numbers_a_person_can_read():
    assert text(Fraction(3, 7)) == "3/7" and text((Fraction(1), Fraction(1, 2))) == "(1, 1/2)"
    assert text(Fraction(10) ** -300 * 2) == "2.000000e-300" and text(-Fraction(10) ** 40) == "-1.000000e+40"
    assert text(0.5) == "0.5" and text(3) == "3"


@pytest.mark.parametrize("change, message", [
    ({"eta": -1}, r"eta = -1 must lie in \[0, inf\)"), ({"steps": 0}, "steps = 0 must lie in"),
    ({"steps": "3/2"}, "steps = '3/2' must lie in"), ({"eigenvalues": (1, 0)}, r"eigenvalues\[1\] = 0 must lie in"),
    ({"energy": (1,)}, "vectors have the lengths"), ({"etta": 1}, "unknown parameter 'etta': did you mean 'eta'")])
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
    with pytest.raises(KeyError, match="unknown form 'repair': did you mean 'repaired'"):
        decide(claim, "repair")
    with pytest.raises(KeyError, match="unknown assumption 'eta < 2'"):
        drop(claim, "eta < 2")
