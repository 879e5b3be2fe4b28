"""Known-false controls for the boxes of least squares and of weighted tasks: each falsified box is
noticed.
"""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random

import pytest

import quadmeta as qm
from quadmeta.certificates.quick import Quick
from quadmeta.claims.families.least_squares import gain
from quadmeta.claims.reductions.bracket import bracket
from quadmeta.claims.reductions.polynomial import Polynomial
from quadmeta.claims.reductions.semicircle import (
    catalan,
    excess,
    mean,
    power_means,
    series,
    square,
    variance,
)
from quadmeta.verification.box import prove
from quadmeta.verification.finding import broken
from quadmeta.verification.parameters import draw

NAMES = (
    "derived_gain_sandwich",
    "wang2021_gap_decreases",
    "wang2021_large_sample",
    "wang2021_small_sample_train",
    "wang2021_small_sample_validation",
    "derived_gauss_markov_weights",
    "derived_shared_input_weights",
    "derived_simplex_quasiconvex",
    "derived_task_interaction",
    "navon2021_trivial_solution",
)
BOXES = [
    (name, k, box)
    for name in NAMES
    for form in qm.claim(name).forms
    for k, box in enumerate(qm.claim(name).boxes(form))
]


def shifted(box, relation, amount):
    """The statement with its slack made smaller by this amount."""

    def sides(point):
        lhs, rhs = box.sides(point)
        return lhs, rhs + (amount if relation in (">", ">=") else -amount)

    return replace(box, sides=sides)


def slacks(box, relation, parts=6):
    """Over a grid with the corners, in order."""
    grids = [
        [Quick(low + (high - low) * Fraction(i, parts)) for i in range(parts + 1)]
        for low, high in box.ends().values()
    ]
    if len(grids) > 3:
        grids = [grid[::2] for grid in grids]
    values = (box.sides(dict(zip(box.ranges, point, strict=True))) for point in product(*grids))
    return sorted(Fraction(l - r if relation in (">", ">=") else r - l) for l, r in values)


@pytest.mark.parametrize("name, k, box", BOXES, ids=[f"{name}-{k}" for name, k, _ in BOXES])
def test_a_box_with_less_than_its_slack_is_refuted(name, k, box):
    relation = qm.claim(name).relation
    found = slacks(box, relation)
    least, median = found[0], found[len(found) // 2]
    if not box.equality:
        assert prove(shifted(box, relation, least / 4), relation).complete
    assert least >= 0 and prove(shifted(box, relation, median), relation, limit=600).refuted > 0
    assert not prove(
        shifted(box, relation, least + (median - least) / 100), relation, limit=300
    ).complete


@pytest.mark.parametrize(
    "name, equal",
    [
        ("derived_gauss_markov_weights", 1),
        ("derived_shared_input_weights", 1),
        ("derived_simplex_quasiconvex", 1),
        ("derived_task_interaction", 2),
        ("navon2021_trivial_solution", 1),
    ],
)
def test_equality_sets_are_named_where_the_slack_vanishes(name, equal):
    relation = qm.claim(name).relation
    for box in (box for key, _, box in BOXES if key == name and box.equality):
        equal -= 1
        assert prove(box, relation).complete
        assert 0 < prove(shifted(box, relation, Fraction(1, 1000)), relation, limit=3000).proved < 1
    assert equal == 0


def test_the_gap_is_refuted_in_the_other_order():
    for name, _, box in BOXES:
        if name == "wang2021_gap_decreases":
            found = prove(replace(box, sides=lambda x, box=box: box.sides(x)[::-1]), ">")
            assert found.refuted == 1


@pytest.mark.parametrize("T", [2, 4])
def test_the_bracket_fails_at_even_horizons(T):
    _, near, far = bracket(T)
    assert prove(near, "<=", limit=3000).refuted > 0 and prove(far, "<=").complete


def test_ridge_has_no_room_for_twice_its_gain():
    S, W = excess(3)
    for box in qm.claim("derived_gain_sandwich").boxes("stated"):
        if "T = 3" in box.note and "ridge" in box.note:

            def sides(x):
                v = x["v"]
                return 2 * W(x["x"], v), (S(x["x"], v) ** 2 + v * W(x["x"], v)) ** 2

            assert prove(replace(box, sides=sides), "<=", limit=3000).refuted > 0
            break
    else:
        raise AssertionError("no box of ridge at T = 3")


@pytest.mark.parametrize("T", [1, 2, 3])
def test_the_edge_of_the_spectrum_is_needed(T):
    """With l_- replaced by the centre 1 + psi the scatter of fewer samples than dimensions is
    bounded falsely.
    """

    def sides(x):
        root, theta = x["root"], x["theta"]
        risk = mean(square(series(T, 1 - theta))[::2], variance(root**2) * theta**2)
        return root**2 * (root**2 - 1) * risk, (1 + root**2) ** 2 * series(T, 1 - theta)[0] ** 2

    box = next(iter(qm.claim("wang2021_small_sample_train").boxes("stated")))
    assert prove(replace(box, sides=sides), ">=", limit=2000).refuted > 0


@pytest.mark.parametrize("last", [-1, 0])
def test_an_indefinite_form_is_refuted_and_a_singular_one_left_open(last):
    for box in [b for name, _, b in BOXES if name == "derived_simplex_quasiconvex"][1:]:
        singular = replace(box, ranges={**box.ranges, "s": (last, Fraction(1, 8))})
        found = prove(singular, "<=", limit=3000)
        assert not found.complete and (found.refuted > 0) == (last < 0)


def test_spent_loss_needs_its_whole_sum():
    for box in [b for name, _, b in BOXES if name == "navon2021_trivial_solution"][-2:]:
        short = replace(box, sides=lambda x, box=box: (box.sides(x)[0], 1 / (1 - x["kappa"] ** 2)))
        # 1 + kappa <= 1/(1 - kappa^2) up to the golden ratio
        assert prove(short, "<=", limit=2000).refuted > Fraction(1, 2)


def test_gain_is_that_of_the_expansion():
    random = Random(3)
    for T in (2, 3, 5):
        S, W = excess(T)
        for _ in range(5):
            psi, x = Fraction(random.randint(1, 9), 4), Fraction(random.randint(1, 8), 9)
            v, s = variance(psi) * (1 - x) ** 2, S(x, 0)
            exact = gain(psi, (1 + psi) * x**T / (1 - x**T), (1 - x) / (1 + psi), T)
            assert (1 + psi) * exact == (1 - x) * (s + v * W(x, v) / s)
            assert s * (1 - x) == 1 - x**T


def test_moments_of_the_semicircle():
    """By the recursion E u f = E f - E y f, and by the matrix of which the law is the spectral
    measure.
    """
    r, c, b = Fraction(1, 5), Fraction(2, 3), Fraction(3, 7)
    assert [catalan(j) for j in range(6)] == [1, 1, 2, 5, 14, 42]
    for k in range(1, 8):
        v = [Fraction(1)] + [Fraction(0)] * (k + 1)
        for _ in range(k):
            v = [
                c * v[i] + b * ((v[i + 1] if i + 1 < len(v) else 0) + (r * v[i - 1] if i else 0))
                for i in range(len(v))
            ]
        # E q^k = e_1' v and E y q^k = v_2
        assert power_means(c, b, r, k) == (v[0], v[0] - v[1])


def test_polynomials_are_a_ring():
    x, v = Fraction(2, 7), Fraction(3, 5)
    p, q = Polynomial({(0, 0): 2, (2, 1): -3}), Polynomial({(1, 0): 1, (0, 3): 4})
    for combined, value in (
        (p + q, p(x, v) + q(x, v)),
        (p * q, p(x, v) * q(x, v)),
        (p - q, p(x, v) - q(x, v)),
        (3 * p + 1, 3 * p(x, v) + 1),
        (p**3, p(x, v) ** 3),
        (p**0, 1),
    ):
        assert combined(x, v) == value
    assert p(x, v) == 2 - 3 * x**2 * v


@pytest.mark.parametrize(
    "name, decided",
    [
        ("derived_gain_sandwich", (2, 3, 5)),
        ("wang2021_large_sample", (1, 2, 3, 5)),
        ("wang2021_small_sample_train", (1, 2, 3, 5)),
        ("wang2021_small_sample_validation", (3, 5)),
    ],
)
def test_listed_horizons_and_no_others_are_reduced(name, decided):
    claim, random, seen = qm.claim(name), Random(7), set()
    form = list(claim.forms)[-1]
    boxes = [box for box in claim.boxes(form) if "infinity" not in box.note]
    for _ in range(300):
        x = claim.prepare(draw(claim.domain, random))
        if not broken(claim, form, x) and any(box.reduce(x) for box in boxes):
            seen.add(x["steps"])
    assert seen == set(decided)
