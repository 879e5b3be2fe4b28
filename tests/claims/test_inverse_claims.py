"""Statements about approximate inverses: golden numbers, mutants, small counterexamples."""

from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.certificates.recheck import recheck
from quadmeta.theory import filters, solves
from quadmeta.verification.certificate import certificate
from tests.helpers import case, mutant, status

PERCENT = F(99, 100)
SOME = np.array
MINIMAX = "derived_chebyshev_minimax"
ONE_STEP = "derived_one_step_bound"
NYSTROM = "derived_nystrom_shift"
EFFICIENT = "derived_super_efficiency"
SURROGATE = "derived_unrolled_surrogate"
NAMES = (MINIMAX, ONE_STEP, NYSTROM, EFFICIENT, SURROGATE)
MUTANTS = [
    (MINIMAX, "stated", "1 % better", lambda x, l, r: (l, r * PERCENT)),
    (MINIMAX, "stated", "not squared", lambda x, l, r: (l, r * r)),
    (ONE_STEP, "stated", "1 % better", lambda x, l, r: (l, r * PERCENT)),
    (NYSTROM, "repaired", "1 % better", lambda x, l, r: (l, r * PERCENT)),
    (EFFICIENT, "stated", "sign", lambda x, l, r: (l, -r)),
    (EFFICIENT, "stated", "1 % off", lambda x, l, r: (l, r * PERCENT)),
    (EFFICIENT, "stated", "no half", lambda x, l, r: (l, r * SOME([1, 1, 2]))),
    (SURROGATE, "stated", "1 % less is cut", lambda x, l, r: (l, r * SOME([PERCENT, 1, 1]))),
    (SURROGATE, "stated", "1 % less steep", lambda x, l, r: (l, r * SOME([1, 1, PERCENT]))),
    (SURROGATE, "stated", "a third", lambda x, l, r: (l, r / 3)),
]


@pytest.mark.parametrize(
    "name, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(name, form, what, change):
    assert status(mutant(type(qm.claim(name)), change), form) == "refuted"


@pytest.mark.parametrize("name", NAMES)
def test_certificates_hold_up(name, decided):
    for form in qm.claim(name).forms:
        assert recheck(certificate(decided(name, form), qm.claim(name)))


def test_the_counterexample_is_small(decided):
    found = decided(NYSTROM).evidence
    assert len(found["instance"]["eigenvalues"]) == 2 and found["instance"]["rank"] == 1
    assert found["lhs"][0] > found["rhs"][0]


def test_a_tail_of_one_under_a_shift_of_a_tenth():
    """The tail is answered by 10 for 1: an error of 9."""
    plane = {"eigenvalues": (2, 1), "rank": 1, "turn": (0, 0), "outer": (0, 1)}
    assert case(NYSTROM, "conjectured", **plane, shift=F(1, 10)).lhs == (81,)


@pytest.mark.parametrize("low, high, degree", [(1, 9, 1), (1, 3, 2), (1, 100, 3)])
def test_the_bound_is_that_of_the_filters(low, high, degree):
    found = case(MINIMAX, "stated", low=low, high=high, degree=degree, polynomial=(0,), share=0)
    bound = filters.minimax(F(low), F(high), degree)
    assert found.lhs[0] == bound**2
    assert solves.chebyshev(F(high, low), degree) == pytest.approx(float(bound), rel=1e-14)


def test_the_series_of_four_steps():
    """3/2 + 7/4 T_1 + 1/2 T_2 + 1/4 T_3: cut after 1, three quarters are lost at a = 1."""
    found = case(SURROGATE, "stated", rate=1, other=1, steps=4, degree=1)
    # 4 / 2 + 9 / 4
    assert list(found.lhs) == [F(3, 4), F(3, 4), F(17, 4)]
    assert filters.chebyshev_series(4, 3) == pytest.approx([1.5, 1.75, 0.5, 0.25], abs=1e-14)


def test_the_surrogate_holds_beyond_the_rational_instances():
    """T = 1000 at the degrees of the formula, and at 1 over 1.7 of them it is vacuous no more."""
    T = 1000
    c = filters.chebyshev_series(T, T - 1)
    for epsilon, degree, error in ((1e-2, 103, 1.4e-4), (1e-4, 141, 5.9e-7), (1e-8, 196, 2.1e-11)):
        assert degree == np.ceil(np.sqrt(2 * (T - 1) * np.log(2 / epsilon)))
        rest = np.cumsum(c[::-1])[::-1] / T
        assert rest[degree + 1] == pytest.approx(error, rel=0.05)
        least = int(np.argmax(rest <= epsilon)) - 1
        assert 1.15 * least < degree < 1.7 * least
