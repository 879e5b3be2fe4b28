"""Certificates are re-checked with fractions alone, and an altered one is rejected; instances are validated."""
import json
from fractions import Fraction
from functools import cache

import pytest

import quadmeta as qm
from quadmeta.claims._base import met
from quadmeta.claims._finding import examine
from quadmeta.claims._verdict import Verdict, text
from quadmeta.claims._decide import decide
from quadmeta.claims._recheck import recheck
from quadmeta.claims._search import drop

check = cache(qm.check)
EXACT = [name for name in qm.members("claims") if qm.claim(name).exact]


@pytest.mark.parametrize("name", EXACT)
def test_certificates_survive_json_and_recheck(name):
    verdict = check(name)
    for found in filter(None, (verdict, verdict.repaired)):
        certificate = json.loads(json.dumps(found.certificate()))
        again = recheck(certificate)
        assert again.status == ("refuted" if found.status == "refuted" else "consistent")
        assert json.loads(json.dumps(again.certificate()))["lhs"] == certificate["lhs"]


def test_sides_of_many_digits_have_a_certificate_too():
    claim = qm.claim("wang2021_naive_upper_bound")
    x = claim.read({"eigenvalues": ("1/97", "3/89"), "energy": (1, 1), "eta": "7/11", "steps": 3000})
    certificate = Verdict(claim.name, "printed", "holds", "proof + exact", examine(claim, "printed", x).evidence())
    plain = json.loads(json.dumps(certificate.certificate()))
    assert plain["lhs"][0].startswith("0x") and recheck(plain).status == "consistent"


def altered(certificate, key, value):
    return {**certificate, key: value}


def test_altered_certificates_are_rejected():
    good = check("derived_log_convexity").certificate()
    assert recheck(good).status == "refuted"
    for key, value in [("lhs", ["1/3"]), ("rhs", ["2"]), ("relation", ">="), ("status", "holds"),
                       ("assumptions", {**good["assumptions"], "kappa > 1": "7"}),
                       ("instance", {**good["instance"], "right": "1/2"})]:
        with pytest.raises(ValueError, match="do not trust it"):
            recheck(altered(good, key, value))
    with pytest.raises(ValueError, match="must lie in"):
        recheck(altered(good, "instance", {**good["instance"], "left": "-1"}))
    with pytest.raises(KeyError, match="unknown claim"):
        recheck(altered(good, "claim", "wang2021"))


def test_an_instance_outside_the_assumptions_refutes_nothing():
    certificate = drop(qm.claim("derived_stop_gradient_parity"), "T mod 2 = 0").certificate()
    assert recheck(certificate).status == "refuted"
    with pytest.raises(ValueError, match="breaks an assumption"):
        recheck({key: value for key, value in certificate.items() if key != "dropped"})


def test_sampled_and_untestable_forms_prove_nothing():
    verdict = check("wang2021_meta_descent")
    assert (verdict.status, verdict.how) == ("undecided", "none") and "not specified" in verdict.evidence["reason"]
    assert (verdict.repaired.status, verdict.repaired.how) == ("consistent", "sampled")
    assert recheck(verdict.certificate()).status == "undecided"
    assert recheck(verdict.repaired.certificate()).how == "sampled"


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


def test_names_of_assumptions_state_the_relation():
    assert met("eta < 2/L", Fraction(1)) and not met("eta < 2/L", Fraction(0))
    assert met("eta <= 2/L", Fraction(0)) and not met("eta >= 0", Fraction(-1))
    assert met("|w_0|^2 = 1", Fraction(0)) and not met("|w_0|^2 = 1", Fraction(1)) and not met("rho != 1", Fraction(0))


def test_unknown_forms_and_assumptions():
    claim = qm.claim("wang2021_naive_upper_bound")
    with pytest.raises(KeyError, match="unknown form 'repair': did you mean 'repaired'"):
        decide(claim, "repair")
    with pytest.raises(KeyError, match="unknown assumption 'eta < 2'"):
        drop(claim, "eta < 2")
