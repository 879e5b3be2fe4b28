"""Statements about other inner optimizers and singular inner problems: golden numbers, mutants,
small counterexamples, limits.
"""

import math
from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.certificates.recheck import recheck
from quadmeta.verification.certificate import certificate
from quadmeta.verification.needed import drop
from tests.helpers import case, mutant, status

PERCENT = F(99, 100)
NULL = "derived_null_space_limit"
HOLONOMY = "derived_warm_start_holonomy"
VANISH = "derived_interpolation_weights_vanish"
NEUMANN = "derived_neumann_is_not_momentum"
DECAY = "derived_decoupled_decay_is_ridge"
ZERO = "derived_adaptive_zero_gradient"
START = "derived_start_form"
CG = "derived_cg_hypergradient"
NAMES = (NULL, HOLONOMY, VANISH, NEUMANN, DECAY, ZERO, START, CG)
MUTANTS = [
    (NULL, "repaired", "1 % of growth lost", lambda x, l, r: (l, r * PERCENT)),
    (NULL, "repaired", "sign", lambda x, l, r: (l, -r)),
    (HOLONOMY, "repaired", "one round more", lambda x, l, r: (l, r + np.array([x["target"], 0]))),
    (HOLONOMY, "repaired", "direction", lambda x, l, r: (l * np.array([-1, 1]), r)),
    (VANISH, "stated", "no ridge", lambda x, l, r: (l, r / x["rho"])),
    (VANISH, "stated", "sign", lambda x, l, r: (l, -r)),
    (NEUMANN, "repaired", "1 % off", lambda x, l, r: (l, r * PERCENT)),
    (DECAY, "repaired", "1 % off", lambda x, l, r: (l, r * PERCENT)),
    (ZERO, "stated", "epsilon under the root", lambda x, l, r: (l, r * x["epsilon"])),
    (START, "stated", "1 % off", lambda x, l, r: (l, r * PERCENT)),
    (CG, "repaired", "1 % off", lambda x, l, r: (l, r * PERCENT)),
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


@pytest.mark.parametrize(
    "name", [n for n in NAMES if next(iter(qm.claim(n).forms.values())).recorded == "refuted"]
)
def test_counterexamples_are_small(name, decided):
    verdict = decided(name)
    numbers = [
        F(v)
        for value in verdict.evidence["instance"].values()
        for v in (value if isinstance(value, tuple) else (value,))
    ]
    assert max(max(abs(v.numerator), v.denominator) for v in numbers) <= 4


@pytest.mark.parametrize("assumption", ["beta_1 < 1", "beta_2 < 1"])
def test_moments_that_never_forget_have_no_correction(assumption):
    assert drop(qm.claim(ZERO), assumption, "stated").status == "undecided"


def turned(m, target=1.0, aside=0.5):
    """s_m after m steps once round the circle, by projections in float64."""
    w = np.array([target, aside])
    for j in range(1, m + 1):
        x = np.array([math.cos(2 * math.pi * j / m), math.sin(2 * math.pi * j / m)])
        w = w + (target - x @ w) * x
    return w[1]


def test_a_warm_start_once_round_the_circle():
    """Golden numbers; in the limit s_0 - 2 pi y, and a cold start returns to s_0 = 1/2."""
    golden = {12: -2.97883668678819, 100: -5.29306468550744, 1000: -5.73137173697078}
    for m, expected in golden.items():
        assert turned(m) == pytest.approx(expected, rel=1e-12)
        cos, sin = math.cos(2 * math.pi / m), math.sin(2 * math.pi / m)
        formula = 0.5 * cos**m - sin * (1 - cos**m) / (1 - cos)
        assert formula == pytest.approx(expected, rel=1e-12)
    assert turned(10**5) == pytest.approx(0.5 - 2 * math.pi, abs=1e-3)


def test_quarters_of_a_turn_leave_minus_the_target():
    found = case(HOLONOMY, "repaired", half=1, target=3, aside=F(1, 2), rounds=4, scales=(1,))
    assert found.lhs[0] == -3


def test_the_null_part_grows_like_t_under_a_ridge():
    """H = 0 in the first direction, a ridge as H_k, w_0 = (2, 0): -eta T P w_0."""
    x = {"eigenvalues": (1, 1), "turn": (0, 0), "linear": (0, 1), "s": (1, 1), "p": (0, 0)}
    start = {"moved": (0, 0), "start": (2, 0), "eta": F(1, 2)}
    for T in (1, 2, 4):
        assert list(case(NULL, "repaired", **x, **start, steps=T).lhs) == [-T, 0]


def test_weights_of_samples_fall_like_the_ridge():
    """Of one row the derivative over rho tends to y x'g / (phi |x|^2)^2."""
    one = {"first": (1,), "second": (2,), "labels": (1,), "weights": (1,), "g1": 1, "g2": 0}
    for rho in (F(1, 10**3), F(1, 10**9)):
        value = case(VANISH, "stated", **one, rho=rho).lhs[0]
        assert abs(value / rho - F(1, 25)) < rho


def test_two_steps_of_momentum_differ_by_eta_beta():
    one = {"eigenvalues": (1,), "turn": (0,), "linear": (1,), "s": (1,), "p": (0,), "moved": (0,)}
    x = one | {"eta": F(1, 2), "momentum": F(1, 2), "steps": 2}
    found = case(NEUMANN, "conjectured", **x)
    assert found.lhs[0] - found.rhs[0] == F(1, 4)
