"""Samples of the certificates; a false bound and a loose sign test are noticed."""
import pytest

import quadmeta as qm
from quadmeta.certify import BOUNDS, main, sample


@pytest.mark.parametrize("name, form", BOUNDS)
def test_sample_of_the_certificate(name, form):
    found = sample(name, form, 35)
    assert found.violations == 0 and 0 < found.ratio <= 1


@pytest.mark.parametrize("name", ["derived_discount_bound", "derived_gradient_sign"])
def test_certificate_of_a_false_bound_fails(name, monkeypatch, capsys):
    cls = type(qm.claim(name))
    sides = cls.sides
    monkeypatch.setattr(cls, "sides", lambda self, x, form: (sides(self, x, form)[0], sides(self, x, form)[1] / 4))
    monkeypatch.setattr("quadmeta.certify.BOUNDS", ((name, "printed"),))
    assert main(["100"]) == 1
    assert ": 0 violations" not in capsys.readouterr().out


def test_shares_of_certified_signs(monkeypatch, capsys):
    monkeypatch.setattr("quadmeta.certify.BOUNDS", (("derived_sign_certificate", "printed"),))
    assert main(["200"]) == 0
    share = float(capsys.readouterr().out.split("certified in ")[1].split("%")[0])
    assert 50 < share < 90
    assert sample("derived_gradient_sign", "printed", 200).certified < 2 * share
    assert sample("derived_discount_bound", "printed", 20).certified == 0
