"""Statements about evolution strategies: golden fractions, mutants, the room's own moments."""

from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.certificates.recheck import recheck
from quadmeta.verification.certificate import certificate
from tests.helpers import case, mutant, status

NAMES = ("vicol2021_unbiased", "vicol2023_unbiased", "vicol2023_lower_than_pes")
A = {"eigenvalues": (1, 3), "weights": (1, 1), "eta": F(1, 2), "sigma": F(1, 10)}
PERCENT = F(99, 100)


@pytest.mark.parametrize("name", NAMES)
def test_certificates_hold_up(name, decided):
    for form in qm.claim(name).forms:
        assert recheck(certificate(decided(name, form), qm.claim(name)))


@pytest.mark.parametrize("name", NAMES[:2])
def test_mutants_are_noticed(name):
    wrong = mutant(type(qm.claim(name)), lambda x, l, r: (l, r * PERCENT))
    assert status(wrong, "repaired") == "refuted"


def test_golden_fractions():
    two = A | {"window": 1, "windows": 2}
    assert case("vicol2021_unbiased", "repaired", **two).lhs[0] == F(38, 25)
    assert case("vicol2021_unbiased", "repaired", **two | {"windows": 3}).lhs[0] == F(1047, 1250)
    assert case("vicol2023_unbiased", "reading", **two).lhs[0] == F(64, 25)
    found = case("vicol2023_lower_than_pes", "reading", **two)
    assert (found.lhs[0], found.rhs[0]) == (F(25274, 625), F(1576, 125))
    one = {"eigenvalues": (1,), "weights": (1,), "eta": F(1, 2), "sigma": F(1, 2)}
    found = case("vicol2023_unbiased", "reading", **one, window=1, windows=2)
    assert (found.lhs[0], found.rhs[0]) == (-2, F(-1, 2))


def test_the_estimators_of_the_package_have_these_moments():
    lam = np.array([1.0, 3.0])
    problem = qm.Quadratic.from_spectrum(lam, error=np.sqrt(2 / lam))
    loss = qm.NaiveObjective(problem, qm.GradientDescent(4))
    four = A | {"window": 2, "windows": 2}
    for estimator, name in (
        (qm.PersistentEvolution(0.1, 2), "vicol2021_unbiased"),
        (qm.SingleEvolution(0.1, 2), "vicol2023_unbiased"),
    ):
        exact = np.ravel(case(name, "repaired", **four).lhs)[0]
        mean = qm.moments(loss, 0.5, estimator).mean.to_float()
        assert mean == pytest.approx(float(exact), rel=1e-13)
