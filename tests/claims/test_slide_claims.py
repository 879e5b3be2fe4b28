"""Statements of the slides on the discounted hypergradient: mutants, equality, roles of the six
assumptions.
"""

import re
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.families import discount as _discount
from quadmeta.claims.yakovlev2023 import existing_methods
from quadmeta.verification.certificate import trace
from quadmeta.verification.finding import examine
from quadmeta.verification.needed import drop
from tests.helpers import case, mutant, status

PREFIX = "yakovlev2023_"
ASSUMPTIONS = [
    "smooth_convex",
    "lipschitz_hessian",
    "discount_range",
    "cross_bound",
    "cross_lipschitz",
    "injective_cross",
]
ROWS = [
    "existing_methods",
    "no_additional_cost",
    "comparable_cost",
    "hypergradient_formula",
    "approximation",
    "discount_special_cases",
    "inner_optimizer",
    "bound_floor",
    "asymptotic_warm_start",
    "surpasses_existing",
    *(f"assumption_{name}" for name in ASSUMPTIONS),
]
PAGE = Path(qm.__file__).parents[1] / "docs" / "statements" / "yakovlev2023.md"
PERCENT = F(99, 100)
# row, form, what is changed, how
MUTANTS = [
    ("existing_methods", "repaired", "no H_w", lambda x, l, r: (l, 0 * r)),
    ("existing_methods", "repaired", "H for H_w", lambda x, l, r: (l + x["G"] ** 2, r)),
    (
        "no_additional_cost",
        "reading",
        "an A-product",
        lambda x, l, r: (l + np.array([1, 0, 0]), r),
    ),
    (
        "no_additional_cost",
        "reading",
        "outer gradients uncounted",
        lambda x, l, r: (l * np.array([1, 1, 0]), r),
    ),
    ("comparable_cost", "reading", "one more", lambda x, l, r: (l + 1, r)),
    ("comparable_cost", "reading", "loosened", lambda x, l, r: (l, r + 1)),
    (
        "hypergradient_formula",
        "printed",
        "no direct term",
        lambda x, l, r: (l, r - np.array([0, x["first"] ** 2])),
    ),
    ("approximation", "stated", "gamma once more", lambda x, l, r: (l, r * x["gamma"])),
    ("discount_special_cases", "stated", "T - 1 at gamma = 1", lambda x, l, r: (l, _longer(x, r))),
    ("inner_optimizer", "stated", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    ("inner_optimizer", "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    ("inner_optimizer", "stated", "T + 1", lambda x, l, r: (l, r * x["q"] ** 4)),
    ("bound_floor", "repaired", "halved", lambda x, l, r: (l, r / 4)),
    ("bound_floor", "repaired", "loosened", lambda x, l, r: (l, r / PERCENT)),
    ("asymptotic_warm_start", "repaired", "eta lost", lambda x, l, r: (l, r / x["eta"])),
    ("surpasses_existing", "repaired", "1 % better", lambda x, l, r: (l, r * PERCENT)),
    ("surpasses_existing", "repaired", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (
        "assumption_lipschitz_hessian",
        "stated",
        "without the factor 2",
        lambda x, l, r: (l, r / 4),
    ),
    *(
        (f"assumption_{name}", form, what, change)
        for name, form in (
            ("smooth_convex", "printed"),
            ("smooth_convex", "stated"),
            ("discount_range", "repaired"),
            ("cross_bound", "stated"),
            ("cross_lipschitz", "stated"),
            ("injective_cross", "stated"),
        )
        for what, change in (
            ("1 % too small", lambda x, l, r: (l, r * PERCENT)),
            ("loosened", lambda x, l, r: (l, r / PERCENT)),
        )
    ),
]


def _longer(x, r):
    last = x["eta"] * x["cross"] * x["G"] * _discount.direction(x["gradient"])
    return r - np.array([*(0 * last), *(0 * last), *last])


@pytest.mark.parametrize(
    "name, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(name, form, what, change, decided):
    cls = type(qm.claim(PREFIX + name))
    assert decided(PREFIX + name, form).status == "holds"
    expected = "undecided" if what == "loosened" else "refuted"
    assert status(mutant(cls, change), form) == expected


@pytest.mark.parametrize("name", ROWS)
def test_counterexamples_are_small_and_traced(name, decided):
    claim = qm.claim(PREFIX + name)
    for form, record in claim.forms.items():
        if not record.testable:
            continue
        verdict = decided(claim.name, form)
        x = verdict.evidence["instance"]
        assert (verdict.status, verdict.how) == (record.recorded, record.how)
        assert trace(claim, form, x).steps or not any(isinstance(v, F | tuple) for v in x.values())
        if verdict.status == "refuted":
            found = examine(claim, form, x)
            assert found.admitted and not found.holds
            numbers = [
                F(v)
                for value in x.values()
                for v in (value if isinstance(value, tuple) else (value,))
            ]
            assert max(max(abs(v.numerator), v.denominator) for v in numbers) <= 24


@pytest.mark.parametrize(
    "name, assumption, form, needed",
    [
        ("hypergradient_formula", "dw_0/dalpha = 0", "printed", True),
        ("inner_optimizer", "eta <= 2/(L + mu)", "stated", True),
        ("assumption_smooth_convex", "mu <= H", "printed", True),
        ("assumption_smooth_convex", "H <= L", "printed", True),
        ("assumption_smooth_convex", "H_2 <= L", "printed", True),
        ("assumption_smooth_convex", "mu <= H_2", "printed", False),
        ("assumption_smooth_convex", "mu <= H", "stated", True),
        ("assumption_smooth_convex", "H <= L", "stated", True),
        ("assumption_smooth_convex", "-L_2 <= mu_2", "stated", True),
        ("assumption_lipschitz_hessian", "H <= 1/eta", "stated", True),
        ("assumption_injective_cross", "h >= P", "stated", True),
        ("bound_floor", "1 - eta L <= gamma <= 1 - eta mu", "repaired", True),
        ("surpasses_existing", "gamma <= 1 - eta L", "repaired", True),
        ("surpasses_existing", "R = 0", "repaired", True),
    ],
)
def test_which_assumptions_are_needed(name, assumption, form, needed):
    verdict = drop(qm.claim(PREFIX + name), assumption, form)
    assert verdict.evidence["instances"] and verdict.status == (
        "refuted" if needed else "consistent"
    ), verdict


def test_every_assumption_has_a_row():
    references = [qm.claim(f"{PREFIX}assumption_{name}").reference for name in ASSUMPTIONS]
    assert references == [f"Yakovlev et al. 2023, assumption {k}" for k in range(1, 7)]


BEND = {
    "q": "4/5",
    "eta": "2/5",
    "heights": (1, 1),
    "slopes": (0, 5),
    "angles": (0, 2),
    "start": 0,
    "gradient": 5,
}


def test_without_a_lipschitz_hessian_products_that_commute_are_harmless():
    """T = 2, and both bends along one line, in which all Hessians commute."""
    name = PREFIX + "assumption_lipschitz_hessian"
    assert not case(name, **BEND, steps=3).holds
    assert case(name, **BEND, steps=2).holds
    assert case(name, **{**BEND, "angles": (0, 0), "heights": ("1/2", "1/2")}, steps=3).holds
    assert case(name, "stated", **BEND, steps=3).holds


def test_literal_range_of_the_discount_is_the_only_fault():
    """Along H = L = 1, mu = 3/4, eta = 1, T = 3: 1 + 3/4 + 9/16 - 1 against 1/3 + 1/64; gamma =
    1/4 is fine.
    """
    line = {
        "q": "1/2",
        "eta": 1,
        "heights": ("1/4",),
        "levels": ("1/4",),
        "slopes": (0,),
        "angles": (0,),
        "start": 0,
        "R": 0,
        "G": 1,
        "L2": 1,
        "gradient": 0,
        "steps": 3,
    }
    found = case(PREFIX + "assumption_discount_range", **line, gamma="3/4")
    assert found.lhs == (F(21, 16) ** 2,) and found.rhs == (F(67, 192) ** 2,) and not found.holds
    assert case(PREFIX + "bias_bound_cross", "repaired", **line, gamma="1/4").holds


@pytest.mark.parametrize(
    "h, P, holds", [(1, 1, True), (2, 2, True), (3, 2, True), (1, 2, False), (2, 3, False)]
)
def test_injective_cross_needs_as_many_hyperparameters(h, P, holds):
    claim = qm.claim(PREFIX + "assumption_injective_cross")
    x = {
        "eigenvalues": (1,) * P,
        "cross": (2,) * P,
        "turn": (1,) * P,
        "rows": h,
        "eta": 1,
        "gamma": "1/2",
    }
    found = [
        examine(
            claim, "printed", claim.read({**x, "gradient": tuple(int(i == k) for i in range(P))})
        )
        for k in range(P)
    ]
    assert all(f.admitted for f in found) and all(f.holds for f in found) == holds


def test_stationary_for_the_estimate_and_not_for_the_hypergradient():
    claim = qm.claim(PREFIX + "assumption_injective_cross")
    x = next(iter(claim.without("h >= P")))
    found = examine(claim, "stated", claim.read(x))
    assert found.broken == ("h >= P",) and found.rhs == (0,) and found.lhs[0] > 0


def test_hypergradient_formula_against_the_package():
    """Central differences of the same polynomial map, with the index the row uses."""
    name = PREFIX + "hypergradient_formula"
    found = case(name, **next(iter(qm.claim(name).cases("printed"))))

    def outer(a, b):
        w, c = np.array([1.0, -1.0]), np.array([1.0, 2.0])
        for _ in range(3):
            w = (
                w
                - np.array([[0.5, 1], [0, 1]]) @ w
                - a * np.array([[0, 0], [1, 0]]) @ w
                - w * w / 3
                + b * c
            )
        return ((w - [2, 0]) ** 2).sum() / 2 + a * (c @ w) ** 2 / 2 + b * a**2

    e = 1e-6
    slope = [
        (outer(0.5 + e, 1) - outer(0.5 - e, 1)) / (2 * e),
        (outer(0.5, 1 + e) - outer(0.5, 1 - e)) / (2 * e),
    ]
    assert slope == pytest.approx([float(v) for v in found.rhs], rel=1e-7)


def test_neumann_series_at_equal_price():
    """T products on a quadratic, by the estimators themselves: no bias, where the discounted sum
    has one.
    """
    loss = qm.OuterLoss(qm.Coupled.random([0.2, 1.0], 2, seed=1), qm.GradientDescent(8, 0.9))
    exact, alpha = loss.gradient(np.zeros(2)), np.zeros(2)
    series, discounted = (
        qm.hypergradient(loss, alpha, m) for m in (qm.Neumann(7), qm.Discounted(0.5))
    )
    assert series.jvps == discounted.jvps == 8 and (
        series.outer_gradients,
        discounted.outer_gradients,
    ) == (1, 8)
    assert series.value == pytest.approx(exact, rel=1e-12) and discounted.value != pytest.approx(
        exact, rel=1e-2
    )


def test_published_costs():
    for N, K in ((9, 5), (4, 10)):
        found = case(PREFIX + "comparable_cost", "reading", products=N, estimates=K)
        assert found.lhs == found.rhs == (100, 100, 100)


def test_bias_floor_is_the_limit_of_the_loop():
    from quadmeta.theory.discount import Scales, bias_bound_as_printed

    x = next(iter(qm.claim(PREFIX + "bound_floor").cases("printed")))
    limit = case(PREFIX + "bound_floor", **x).lhs[0]
    far = Scales(0.25, 0.75, 1.0, 0.25, 400, H_w=3.0)
    assert bias_bound_as_printed(far) ** 2 == pytest.approx(float(limit), rel=1e-12) and limit > 0


def test_floor_of_existing_methods_is_met_by_the_discounted_sum():
    """H = mu and H = L along g_T: the discounted sum is biased on one of them, Neumann on none."""
    x = next(iter(qm.claim(PREFIX + "existing_methods").cases("reading")))
    x = {k: np.array([F(e) for e in v]) if isinstance(v, tuple) else F(v) for k, v in x.items()}
    x["steps"] = 4
    runs = existing_methods.ends(x)
    curvatures = [1 - run.step(run.states[0], run.gradients[-1])[0] for run in runs]
    assert curvatures == [F(3, 4), 1]
    assert [abs(run.neumann_bias()).max() for run in runs] == [0, 0]
    floor = (1 + F(1, 4) + F(1, 16) + F(1, 64) - 1) / 2
    assert max(abs(run.bias()).max() for run in runs) >= floor > 0


def test_where_a_discount_is_right_at_a_warm_start():
    """S_3(-3/2) = S_3(1/2); below 2/eta and for even T there is one solution only."""
    assert geometric_sum(F(-3, 2), 3) == geometric_sum(F(1, 2), 3) == F(7, 4)
    for T in range(2, 8):
        inside = [geometric_sum(F(k, 50), T) for k in range(-50, 50)]
        for k in range(50):
            assert inside.count(geometric_sum(F(k, 50), T)) == 1 + (k == 0 and T % 2)
        if T % 2 == 0:
            wide = [geometric_sum(F(k, 20), T) for k in range(-100, 20)]
            assert wide == sorted(set(wide))


def test_accuracies_are_left_open(decided):
    verdict = decided(PREFIX + "validation_accuracy")
    assert (verdict.status, verdict.how) == ("undecided", "none")
    assert decided(PREFIX + "surpasses_existing").status == "undecided"
    found = case(PREFIX + "validation_accuracy", points=(-1, 1, 2), steps=5, rounds=3)
    assert all(0 <= share <= 1 for share in (*found.lhs, *found.rhs)) and len(found.lhs) == 3


def test_page_names_claims_that_exist():
    lines = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ][2:]
    named = [re.findall(r"`(\w+)`", line) for line in lines]
    assert all(named) and {name for names in named for name in names} <= set(qm.members("claims"))
    assert {name for name in qm.members("claims") if name.startswith(PREFIX)} <= {
        n for names in named for n in names
    }
