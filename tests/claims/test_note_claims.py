"""Statements of the notes on auxiliary learning and on the talk: known-false controls, borders,
what is needed.
"""

from fractions import Fraction as F
from itertools import islice
from random import Random
from sys import modules

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.certificates.recheck import recheck
from quadmeta.claims.families import auxiliary as aux
from quadmeta.claims.families.least_squares import ridge_quadratic, train_risk
from quadmeta.objectives.log_objective import LogObjective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.quadratic import Quadratic
from quadmeta.verification.certificate import certificate
from quadmeta.verification.finding import arrays, examine
from quadmeta.verification.needed import drop
from quadmeta.verification.parameters import draw
from tests.helpers import case, mutant, status

PERCENT = F(99, 100)
SOME = np.array


def scaled(*factors):
    """Right side times these."""
    return lambda x, l, r: (l, r * SOME(factors))


# claim, form, what is changed, how; "loosened" bounds are not refuted, but never attained
MUTANTS = [
    (
        "navon2021_two_stage",
        "repaired",
        "any sign",
        lambda x, l, r: (l, SOME([*r[:2], 1][: len(r)])),
    ),
    (
        "navon2021_two_stage",
        "repaired",
        "linear part alone",
        lambda x, l, r: (l * SOME([1, 2, 1][: len(l)]), r),
    ),
    (
        "navon2021_two_stage",
        "repaired",
        "one task 1 % off",
        lambda x, l, r: (l, SOME([r[0] * PERCENT, *r[1:]])),
    ),
    ("navon2021_implicit_function", "printed", "sign of the derivative", lambda x, l, r: (-l, r)),
    ("navon2021_grid_search", "reading", "trials 1 % too many", scaled(PERCENT, 1)),
    ("navon2021_grid_search", "reading", "grid 1 % too good", scaled(1, PERCENT)),
    ("navon2021_grid_search", "reading", "loosened", scaled(1, 1 / PERCENT)),
    ("navon2021_grid_search", "reading", "loosened", lambda x, l, r: (l * SOME([PERCENT, 1]), r)),
    (
        "derived_proximal_centre_cost",
        "stated",
        "one solve less",
        lambda x, l, r: (l, r - SOME([0, 1])),
    ),
    ("derived_proximal_centre_cost", "stated", "loosened", lambda x, l, r: (l, r + SOME([0, 1]))),
    ("derived_proximal_centre_cost", "stated", "something is left", scaled(PERCENT, 1)),
    (
        "navon2021_neumann_scale",
        "repaired",
        "nu twice",
        lambda x, l, r: (l * SOME([x["nu"], *l[1:] ** 0]), r),
    ),
    ("talk2021_shared_parameter", "reading", "no sum", lambda x, l, r: (l[1:2], r[:1])),
    (
        "talk2021_shared_parameter",
        "reading",
        "unequal",
        lambda x, l, r: (l[1:] + np.arange(len(l) - 1), r[1:]),
    ),
    ("talk2021_logarithm_idea", "reading", "no T", lambda x, l, r: (l, r / x["steps"])),
    ("talk2021_logarithm_idea", "reading", "1 % off", scaled(1, PERCENT)),
    ("talk2021_meta_steps_converge", "printed", "root 1 % too low", scaled(PERCENT, 1)),
    ("talk2021_meta_steps_converge", "printed", "step 1 % too good", scaled(1, PERCENT)),
    ("talk2021_meta_steps_converge", "printed", "loosened", scaled(1 / PERCENT, 1)),
    ("talk2021_few_samples", "stated", "by a tenth", lambda x, l, r: (l, r * F(9, 10))),
    ("talk2021_many_samples", "reading", "1 % better", scaled(PERCENT, 1)),
    ("talk2021_many_samples", "stated", "ratio 1 % off", scaled(PERCENT, 1, 1, 1)),
    (
        "talk2021_many_samples",
        "stated",
        "1 % higher",
        lambda x, l, r: (l / SOME([1, 1, PERCENT, 1]), r),
    ),
    ("talk2021_many_samples", "stated", "1 % lower", scaled(1, 1, 1, PERCENT)),
    ("talk2021_many_samples", "stated", "loosened", scaled(1, 1, 1, 1 / PERCENT)),
    ("talk2021_networks_first_case", "stated", "exchanged", lambda x, l, r: (r, l)),
    (
        "talk2021_open_network_optimizers",
        "stated",
        "bounded",
        lambda x, l, r: (l[-1:], r[-1:] * x["gap"]),
    ),
    ("talk2021_open_network_optimizers", "stated", "1/T", lambda x, l, r: (l[2:-1], r[2:-1] / 2)),
    ("talk2021_open_network_optimizers", "stated", "sign", lambda x, l, r: (l[:2], -r[:2])),
    (
        "talk2021_open_complex_optimizers",
        "stated",
        "1 % too low",
        lambda x, l, r: (l, r * PERCENT),
    ),
    ("talk2021_open_complex_optimizers", "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (
        "talk2021_open_complex_objectives",
        "stated",
        "no hill",
        lambda x, l, r: (l, r * SOME([1, 1, 1, 0])),
    ),
    ("derived_unconverged_inner", "repaired", "sign", lambda x, l, r: (-l, r)),
    ("derived_cg_dominates_neumann", "repaired", "1 % better", lambda x, l, r: (l, r * PERCENT)),
    ("derived_cg_dominates_neumann", "repaired", "loosened", lambda x, l, r: (l, r / PERCENT)),
    ("derived_identity_regime", "stated", "lower bound 1 % up", scaled(1 / PERCENT, 1, 1, 1)),
    ("derived_identity_regime", "stated", "upper bound 1 % down", scaled(1, 1 / PERCENT, 1, 1)),
    ("derived_identity_regime", "stated", "cosine 1 % up", scaled(1, 1, 1 / PERCENT, 1)),
    ("derived_identity_regime", "stated", "error 1 % down", scaled(1, 1, 1, 1 / PERCENT)),
    ("derived_identity_regime", "stated", "loosened", scaled(1, 1, 1, PERCENT)),
    ("derived_leave_one_out", "repaired", "1 % off", scaled(PERCENT, 1)),
    ("derived_leave_one_out", "repaired", "no leverage", lambda x, l, r: (l[1:], l[:1])),
]
NAMES = tuple(dict.fromkeys(row[0] for row in MUTANTS))


@pytest.mark.parametrize(
    "name, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(name, form, what, change):
    expected = "undecided" if what == "loosened" else "refuted"
    assert status(mutant(type(qm.claim(name)), change), form) == expected


@pytest.mark.parametrize("name", NAMES)
def test_certificates_hold_up(name, decided):
    for found in (decided(name, form) for form in qm.claim(name).forms):
        data = certificate(found, qm.claim(name))
        assert recheck(data) or found.how == "none"
        assert ("program" in data) is (found.how != "none")


@pytest.mark.parametrize(
    "name, assumption, form, status",
    [
        ("navon2021_implicit_function", "sum |delta_k| tr(H^-1 A_k) < 1", "printed", "refuted"),
        ("navon2021_grid_search", "N < m^K", "reading", "refuted"),
        ("talk2021_meta_steps_converge", "F'(eta*) = 0", "printed", "refuted"),
        ("talk2021_few_samples", "n < d", "printed", "refuted"),
        ("talk2021_few_samples", "sigma >= R", "printed", "refuted"),
        ("talk2021_few_samples", "sigma^2 >= (1 - n/d) R^2", "stated", "refuted"),
        ("talk2021_many_samples", "n_1/d >= 1 + s/epsilon", "reading", "refuted"),
        ("talk2021_many_samples", "n_1 > d", "stated", "refuted"),
        ("talk2021_networks_first_case", "n < d", "stated", "refuted"),
        ("talk2021_networks_first_case", "f < 1", "stated", "refuted"),
        ("talk2021_open_complex_objectives", "p > 2", "stated", "refuted"),
        ("derived_identity_regime", "nu L <= 1", "stated", "refuted"),
        # without these a side does not exist
        ("navon2021_two_stage", "H(0) > 0", "repaired", "undecided"),
        ("derived_proximal_centre_cost", "A_0 + lam I > 0", "stated", "undecided"),
        ("talk2021_logarithm_idea", "F > 0", "reading", "undecided"),
        ("derived_leave_one_out", "H - x_1 x_1' > 0", "repaired", "undecided"),
    ],
)
def test_which_assumptions_are_needed(name, assumption, form, status):
    assert drop(qm.claim(name), assumption, form).status == status


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if next(iter(qm.claim(name).forms.values())).recorded == "refuted"],
)
def test_counterexamples_are_small_and_admitted(name, decided):
    verdict = decided(name)
    assert verdict.status == "refuted" and recheck(certificate(verdict))
    numbers = [
        F(v)
        for value in verdict.evidence["instance"].values()
        for v in (value if isinstance(value, tuple) else (value,))
    ]
    assert max(max(abs(v.numerator), v.denominator) for v in numbers) <= 5


def test_two_stage_optimum_against_a_scan():
    """Whether some weight is better than 0, by F on a grid of weights from 1/1000 to 1000."""
    claim, random, seen = qm.claim("navon2021_two_stage"), Random(3), set()
    for _ in range(60):
        x = {**draw(claim.domain, random), "phi1": F(0)}
        shared = aux.Family.of(arrays(claim.prepare(x)))
        if shared.convexity((0, 0)) <= 0:
            continue
        zero = (F(0), F(0))
        g, base = [aux.slope(shared.value, zero, k) for k in (0, 1)], shared.value(zero)
        weights = [F(0), *(F(10) ** k for k in range(-3, 4))]
        better = any(shared.value((p, q)) < base for p in weights for q in weights)
        assert better or min(g) >= 0 or min(g) > -F(1, 10)
        assert not better or min(g) < 0
        seen.add(better)
    assert seen == {True, False}


def test_worst_instance_of_one_trial_and_of_a_grid():
    """One trial for two cells: 1/32, at both centres. The grid of 2^3 at a corner: 3/32."""
    found = case(
        "navon2021_grid_search",
        tasks=1,
        points=2,
        phi1=(1,),
        phi2=(0,),
        phi3=(0,),
        c1=0,
        c2=0,
        c3=0,
    )
    assert found.lhs == found.rhs == (F(1, 32), F(1, 32))
    found = case(
        "navon2021_grid_search",
        tasks=3,
        points=2,
        phi1=(1,),
        phi2=(1,),
        phi3=(1,),
        c1=0,
        c2=1,
        c3=0,
    )
    assert found.lhs[1] == found.rhs[1] == F(3, 32)


def test_conjugate_gradients_stop_and_solve():
    random = Random(1)
    for size in (1, 2, 3):
        lam = np.array([F(random.randint(1, 5)) for _ in range(size)])
        H = aux.turned(lam, np.array([F(random.randint(-3, 3)) for _ in range(size)]))
        v = np.array([F(random.randint(-3, 3)) for _ in range(size)])
        x, steps = aux.conjugate_gradients(H, v, size + 3)
        assert (H @ x == v).all() and steps <= len(set(lam))
    assert aux.conjugate_gradients(H, 0 * v, 5)[1] == 0


def test_released_loop_is_right_at_scale_one_only():
    claim = qm.claim("navon2021_neumann_scale")
    base = {"eigenvalues": (1, 3), "turn": (1, 2), "outer": (1, 1), "task": (2, -1), "products": 2}
    assert all(
        examine(claim, "reading", claim.read({**base, "nu": nu})).holds is (nu == 1)
        for nu in ("1/2", 1, 2)
    )


def test_steps_of_one_over_root_k_do_converge():
    """What the row proves of one step, run in float64 from both sides: the error falls below each
    epsilon.
    """
    objective = LogObjective(
        Quadratic.from_spectrum([1.0, 3.0], weights=[1.0, 1.0]), GradientDescent(5)
    )
    best = objective.minimizer()
    for start in (0.0, 3.0):
        errors = [abs(eta - best) for eta in islice(qm.meta_descent(objective, start, 1 / 9), 1000)]
        assert [max(errors[k:]) < epsilon for k, epsilon in ((100, 0.1), (900, 1e-6))] == [
            True,
            True,
        ]


def test_first_case_lies_between_two_noise_levels():
    """s_c of a fair split is above (1 - f)(1 - nu) and below 1 - nu; each border is reached in a
    corner.
    """

    def sign(nu, f, s):
        return ridge_quadratic(train_risk(nu, s), f * nu, s)

    for nu in (F(1, 10), F(1, 2), F(9, 10)):
        for f in (F(1, 10), F(1, 2), F(9, 10)):
            assert sign(nu, f, (1 - f) * (1 - nu)) < 0 < sign(nu, f, 1 - nu)
    tiny = F(1, 10**6)
    assert sign(F(1, 2), tiny, PERCENT / 2) < 0 and sign(F(1, 2), 1 - tiny, F(1, 100)) > 0


def test_quartic_has_two_best_step_sizes():
    """u_2 = (1 - z)(1 - z (1 - z)^2): zero at 1 and at 1.7549, with F(3/2) = 0.3125^4/4 between."""
    z, real = 1.5, [r.real for r in np.roots([1, -2, 1, -1]) if abs(r.imag) < 1e-9]
    assert real == [pytest.approx(1.7548776662)]
    found = case("talk2021_open_complex_objectives", form="stated", half=2, lam=1, start=1, steps=2)
    hill = ((1 - z) * (1 - z * (1 - z) ** 2)) ** 4 / 4
    assert found.lhs == (0, -1, 1, 1) and hill == pytest.approx(0.002384, rel=1e-3)


def test_network_is_not_linear():
    """Other slopes for other signs: with x = y the network is gradient descent, else superposition
    fails.
    """
    module = modules[type(qm.claim("talk2021_open_network_optimizers")).__module__]
    H = np.array([[F(2), F(1)], [F(1), F(1)]], dtype=object)

    def step(e, x, y):
        return e - module._slopes(H @ e, x, y) * (H @ e)

    one, two = np.array([F(2), F(-3)]), np.array([F(1), F(1)])
    for x, y, linear in ((F(1, 2), F(1, 2), True), (F(1, 2), F(3, 4), False)):
        assert (step(one + two, x, y) == step(one, x, y) + step(two, x, y)).all() is np.bool_(
            linear
        )
        assert (step(3 * one, x, y) == 3 * step(one, x, y)).all()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in NAMES
        if name
        not in (
            "talk2021_few_samples",
            "talk2021_many_samples",
            "talk2021_networks_first_case",
            "talk2021_open_complex_objectives",
        )
    ],
)
def test_instances_reach_each_regime(name):
    claim, random, sizes = qm.claim(name), Random(6), set()
    for _ in range(60):
        x = arrays(claim.prepare(draw(claim.domain, random)))
        sizes |= {len(v) for v in x.values() if isinstance(v, np.ndarray)}
    assert {2, 3} <= sizes and (1 in sizes or name == "talk2021_meta_steps_converge")
