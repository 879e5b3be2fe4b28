"""Samples of `make certify`: every statement recorded as true gets instances; a false one is
noticed and shown.
"""

import pytest

import quadmeta as qm
from quadmeta.__main__ import main
from quadmeta.verification import certify
from quadmeta.verification.certify import Tally, forms, sample, shares

FORMS = list(forms())


@pytest.mark.parametrize("name, form", FORMS)
def test_sample_of_every_statement(name, form):
    found = sample(name, form, 12, seed=7)
    assert found.violations == 0 and found.instances == 12 and found.first is None
    if found.ratio is not None and qm.claim(name).relation != "==":
        upper = qm.claim(name).relation in ("<=", "<")
        assert found.ratio <= 1 if upper else found.ratio >= 1


def test_what_is_certified():
    assert {name for name, _ in FORMS} <= set(qm.members("claims")) and len(FORMS) > 100
    assert all(
        qm.claim(name).forms[form].recorded in ("holds", "consistent") for name, form in FORMS
    )
    assert ("derived_log_convexity", "conjectured") not in FORMS and (
        "derived_log_convexity",
        "repaired",
    ) in FORMS


def test_shares(monkeypatch):
    some = [
        ("derived_fair_split", "stated"),
        ("derived_alternation_rate", "stated"),
        ("wang2021_naive_upper_bound", "printed"),
    ]
    monkeypatch.setattr(certify, "forms", lambda: iter(some))
    found = shares(3000)
    assert 3000 <= sum(found.values()) <= 3003 and found == shares(3000)
    assert found[some[0]] > found[some[2]] > found[some[1]] > 0


@pytest.mark.parametrize("name", ["derived_discount_bound", "derived_gradient_sign"])
def test_a_false_bound_fails(name, monkeypatch, capsys):
    cls = type(qm.claim(name))
    sides = cls.sides
    monkeypatch.setattr(
        cls, "sides", lambda self, x, form: (sides(self, x, form)[0], sides(self, x, form)[1] / 4)
    )
    monkeypatch.setattr(certify, "forms", lambda: iter([(name, qm.claim(name).first)]))
    assert certify.certify(100, workers=1) == 1
    lines = capsys.readouterr().out.splitlines()
    assert ": 0 violations" not in lines[0] and ", first {'eigenvalues': [" in lines[0]
    assert (
        lines[1].startswith(lines[0].split(": ")[1].split(" in ")[0])
        and "of 1 statements" in lines[1]
    )


def test_a_statement_that_cannot_be_computed_stops_it(monkeypatch, capsys):
    def broken(self, x, form):
        raise ArithmeticError("no")

    monkeypatch.setattr(certify, "forms", lambda: iter([("derived_fair_split", "stated")]))
    monkeypatch.setattr(certify, "shares", lambda total: {("derived_fair_split", "stated"): total})
    monkeypatch.setattr(type(qm.claim("derived_fair_split")), "sides", broken)
    assert certify.certify(10, workers=1) == 3
    assert (
        capsys.readouterr().err
        == "derived_fair_split, stated: could not be computed: ArithmeticError: no\n"
    )


@pytest.mark.parametrize("words", [["abc"], ["0"], ["-5"], ["1e6"]])
def test_a_wrong_count_is_bad_use(words):
    with pytest.raises(SystemExit) as stop:
        main(["certify", *words])
    assert stop.value.code == 2


def test_instances_do_not_depend_on_the_number_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(certify, "forms", lambda: iter([("derived_fair_split", "stated")]))
    seen = []
    monkeypatch.setattr(
        certify, "_point", lambda point: seen.append(point) or Tally(point[2], 0, 1.0)
    )
    certify.certify(1200, workers=1)
    certify.certify(1300, workers=1)
    assert (
        [point[3] for point in seen[:3]]
        == [point[3] for point in seen[3:]]
        == [f"stated {k}" for k in range(3)]
    )
    assert "0 violations in 1200 instances" in capsys.readouterr().out
