"""Boxes of the notes and slides have teeth; every bound on record is boxed, or this file says why
it is not.
"""

from dataclasses import replace
from fractions import Fraction as F
from itertools import product
from random import Random

import pytest

import quadmeta as qm
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.certificates.quick import Quick
from quadmeta.claims.derived.implicit import identity_regime as derived_identity_regime
from quadmeta.claims.families.least_squares import ridge_quadratic, train_risk
from quadmeta.claims.navon2021 import grid_search as navon2021_grid_search
from quadmeta.claims.reductions import notes
from quadmeta.claims.yakovlev2023 import (
    existing_methods as yakovlev2023_existing_methods,
    surpasses_existing as yakovlev2023_surpasses_existing,
)
from quadmeta.verification.box import prove

NAMES = (
    "derived_cg_dominates_neumann",
    "derived_identity_regime",
    "navon2021_grid_search",
    "talk2021_few_samples",
    "talk2021_many_samples",
    "talk2021_meta_steps_converge",
    "talk2021_networks_first_case",
    "talk2021_open_complex_optimizers",
    "yakovlev2023_assumption_cross_bound",
    "yakovlev2023_assumption_cross_lipschitz",
    "yakovlev2023_assumption_discount_range",
    "yakovlev2023_assumption_injective_cross",
    "yakovlev2023_assumption_lipschitz_hessian",
    "yakovlev2023_assumption_smooth_convex",
    "yakovlev2023_bound_floor",
    "yakovlev2023_existing_methods",
    "yakovlev2023_inner_optimizer",
    "yakovlev2023_surpasses_existing",
)
BOXES = [
    (name, form, k)
    for name in NAMES
    for form in qm.claim(name).forms
    for k in range(len(list(qm.claim(name).boxes(form))))
]
UNBOXED = {
    "wang2021_optimal_risk.repaired": "two sides of one identity in both directions: no slack",
    "wang2021_meta_descent.repaired": "all T at once, by hand from T = 1, where it is attained",
    "derived_risk_monotone_in_steps.repaired": "its sides are a count of roots and 1",
    "derived_fair_split_descent.stated": "a limit of filters of any kind, by hand",
    "derived_proximal_centre_cost.stated": "a loss that ends at 0, an identity, a count of solves",
    "derived_chebyshev_minimax.stated": "every polynomial at once, by a first-order condition",
    "derived_one_step_bound.stated": "a norm of a product, by one mode at a time",
    "derived_nystrom_shift.repaired": "a norm of a product, by one mode at a time",
    "derived_unrolled_surrogate.stated": "coefficients that sum to its value at 1; Hoeffding",
    "yakovlev2023_bias_bound.repaired": "the lesser of two bounds, stated beside it, is boxed",
    "yakovlev2023_comparable_cost.reading": "its sides are counts of products",
}


def test_every_bound_is_boxed_or_says_why():
    bounds = {
        f"{name}.{form}": bool(list(qm.claim(name).boxes(form)))
        for name in qm.members("claims")
        for form, record in qm.claim(name).forms.items()
        if record.recorded == "holds"
        and qm.claim(name).strength in ("upper", "lower", "ordering", "tight")
    }
    assert {bound for bound, boxed in bounds.items() if not boxed} == UNBOXED.keys()
    assert all(UNBOXED.values())


def test_no_refuted_form_is_boxed():
    assert not any(
        list(qm.claim(name).boxes(form))
        for name in NAMES
        for form, record in qm.claim(name).forms.items()
        if record.recorded != "holds"
    )


def slack(relation, sides):
    lhs, rhs = sides
    return lhs - rhs if relation in (">", ">=") else rhs - lhs


@pytest.mark.parametrize("name, form, k", BOXES)
def test_a_stronger_statement_is_refuted(name, form, k):
    """The larger side less its least excess on a grid and 1/4: false on an open set, and found
    there.
    """
    claim = qm.claim(name)
    box = list(claim.boxes(form))[k]
    axes = [
        [Quick(low + (high - low) * F(i, 6)) for i in range(7)] for low, high in box.ends().values()
    ]
    least = F(
        min(
            slack(claim.relation, box.sides(dict(zip(box.ranges, point, strict=True))))
            for point in product(*axes)
        )
    )
    assert least >= 0

    def sides(x):
        lhs, rhs = box.sides(x)
        less = least + F(1, 4)
        return (lhs - less, rhs) if claim.relation in (">", ">=") else (lhs, rhs - less)

    found = prove(replace(box, sides=sides), claim.relation)
    assert not found.complete and found.refuted > 0


def boxes(name, form=None):
    """Of this form; by default of the last one, which is our own."""
    return list(qm.claim(name).boxes(form or list(qm.claim(name).forms)[-1]))


def kantorovich(x):
    m, t = x["m"], x["t"]
    mean = m + (1 - m) * t
    # E (f - m)(1 - f) = (1 + m) E f - m - E f^2
    square = (1 + m) * mean - m - (1 - m) ** 2 * t * (1 - t) * x["u"]
    return 4 * m * square, ((1 + m) * mean) ** 2, (1 - m) ** 2


def nearest(m):
    def raw(x):
        return min(abs(x["C"] - F(2 * j + 1, 2)) for j in range(m)), F(1, 2), 1

    return raw


def few(x):
    """One step against train-by-train."""
    nu, f, s = x["nu"], x["f"], (1 - x["nu"]) / x["u"]
    return (
        (1 + s) / (1 + f * nu + s),
        train_risk(nu, s),
        nu / x["u"] / (1 - nu + x["u"] * (1 + f * nu)),
    )


def many(kind):
    def raw(x):
        zeta, s = x["zeta"], x["r"] / (1 - x["r"])
        nu = (1 - zeta) * (s + zeta) / zeta
        shift = {"printed": -1, "upper": s - 1, "lower": s}[kind]
        pair = (s / (nu + shift), zeta) if kind == "lower" else (zeta, s / (nu + shift))
        return *pair, (1 + s) / (nu + shift)

    return raw


def split(x):
    """With s = 1."""
    nu = 1 / x["x"]
    return 1 / (nu / x["f"] - 1), 1 / (nu - 1), nu / (nu - 1) / (nu - x["f"])


def little(x):
    nu, g = x["nu"], x["g"]
    s = x["low"] * g * (1 - nu)
    return ridge_quadratic(train_risk(nu, s), (1 - g) * nu, s), 0, nu * g


def much(x):
    nu, g, s = x["nu"], x["g"], (1 - x["nu"]) / x["u"]
    return 0, ridge_quadratic(train_risk(nu, s), (1 - g) * nu, s), nu / x["u"] ** 2


def drift(T):
    def raw(x):
        b, g, a = x["b"], x["gamma"], x["b"] * x["x"]
        lhs = sum(g**k * a ** (T - k) * (1 - a**k) for k in range(1, T))
        return lhs, sum(g**k * b ** (T - k) for k in range(1, T)), g * b

    return raw


def quotients(x):
    K = x["K"]
    return (1 - x["e"]) * (1 - x["z"] * (1 - K)), (K + x["x"] * (1 - K)) / K, 1 / K


def inverses(x):
    m = x["m"]
    p, r = m + (1 - m) * x["t"], 1 - (1 - m) * x["v"]
    return 1 / p - 1 / r, 1 / m - 1, (1 - m) / (m * p * r)


def distances(T):
    def raw(x):
        b, pairs = x["b"], [(k, s) for k in range(1, T) for s in range(T - k + 1, T + 1)]
        lhs = sum(b ** (s - T + k - 1) * x[f"x_{s}"] * (1 + b ** (T - s + 1)) / 2 for k, s in pairs)
        return lhs, sum(geometric_sum(b, k) for k in range(1, T)), 1

    return raw


def contraction(x):
    m, eta = x["m"], 2 * x["theta"] / (1 + x["m"])
    a = 1 - eta * (m + (1 - m) * x["t"])
    return a**2, (1 - eta * m) ** 2, 4 * x["theta"] * (1 - m) * x["t"] / (1 + m) ** 2


def one_step(T):
    def raw(x):
        S, gamma = geometric_sum(x["a"], T), geometric_sum(x["a"] * x["x"], T)
        return (S - gamma) ** 2, (S - 1) ** 2, (gamma - 1) * x["a"]

    return raw


LARGE = {"zeta": ("1/8", "1/2"), "r": ("1/2", "7/8")}
"""Where nu > 1."""
RAW = {
    "kantorovich": (derived_identity_regime.kantorovich(), kantorovich, ">="),
    "grid 2": (navon2021_grid_search.grid(2), nearest(2), "<="),
    "grid 3": (navon2021_grid_search.grid(3), nearest(3), "<="),
    "few samples": (boxes("talk2021_few_samples")[0], few, "<"),
    "split": (boxes("talk2021_many_samples", "reading")[0], split, "<="),
    "printed ridge": (
        replace(boxes("talk2021_many_samples", "reading")[1], ranges=LARGE),
        many("printed"),
        "<=",
    ),
    "lower ridge": (boxes("talk2021_many_samples")[0], many("lower"), "<="),
    "upper ridge": (boxes("talk2021_many_samples")[1], many("upper"), "<="),
    "little noise": (boxes("talk2021_networks_first_case")[0], little, "<"),
    "much noise": (boxes("talk2021_networks_first_case")[1], much, "<"),
    "drift 3": (notes.drift(3, None, None), drift(3), "<="),
    "drift 5": (notes.drift(5, None, None), drift(5), "<="),
    "quotients": (boxes("yakovlev2023_assumption_injective_cross")[0], quotients, "<="),
    "inverses": (boxes("yakovlev2023_bound_floor")[0], inverses, "<="),
    "distances 3": (yakovlev2023_existing_methods.distances(3), distances(3), "<="),
    "distances 4": (yakovlev2023_existing_methods.distances(4), distances(4), "<="),
    "contraction": (boxes("yakovlev2023_inner_optimizer")[0], contraction, "<="),
    "one step 3": (yakovlev2023_surpasses_existing.one_mode(3), one_step(3), "<="),
    "one step 6": (yakovlev2023_surpasses_existing.one_mode(6), one_step(6), "<="),
}


@pytest.mark.parametrize("key", RAW)
def test_factored_sides_are_the_statement(key):
    """Slack of the statement = factor * slack of the box, exactly, and factor >= 0."""
    box, raw, relation = RAW[key]
    random = Random(3)
    for _ in range(40):
        x = {
            name: low + (high - low) * F(random.randint(1, 59), 60)
            for name, (low, high) in box.ends().items()
        }
        lhs, rhs, factor = raw(x)
        assert factor >= 0 and rhs - lhs == factor * slack(relation, box.sides(x)), x


SIZED = {
    key: RAW[key]
    for key in RAW
    if key not in ("grid 2", "grid 3", "few samples", "little noise", "much noise")
}
"""Whose statement is arithmetic without comparisons and has a right side to lose."""


@pytest.mark.parametrize("key", SIZED)
def test_the_statement_with_half_of_the_bound_is_refuted(key):
    """On a part of the box, away from its poles."""
    box, raw, _ = SIZED[key]
    ranges = {
        name: (
            low + (high - low) / 16 if low == 0 else low,
            high - (high - low) / 16 if high == 1 else high,
        )
        for name, (low, high) in box.ends().items()
    }
    true, false = (
        replace(box, ranges=ranges, sides=lambda x, keep=keep: (raw(x)[0], keep * raw(x)[1]))
        for keep in (F(1), F(1, 2))
    )
    assert prove(true, "<=", limit=2000).refuted == 0
    found = prove(false, "<=")
    assert not found.complete and found.refuted > 0


def test_noise_levels_beyond_the_borders_are_refuted():
    """s up to 2 (1 - nu) in place of (1 - f)(1 - nu), and s from (1 - nu)/2 on, of both kinds."""
    first, second = boxes("talk2021_networks_first_case")
    much = {**first.ranges, "low": (1, 2)}
    assert prove(first, "<").complete and prove(replace(first, ranges=much), "<").refuted > 0
    assert prove(second, "<").complete
    assert prove(replace(second, ranges={**second.ranges, "u": (1, 2)}), "<").refuted > 0
    (box,) = boxes("talk2021_few_samples")
    assert prove(replace(box, ranges={**box.ranges, "u": (1, 4)}), "<").refuted > 0


def test_the_trials_of_a_search_by_hand():
    """m - 1 trials of one coordinate, on a grid: the farthest centre is as far as the box says, or
    farther.
    """
    (box,) = [box for box in boxes("navon2021_grid_search", "reading") if "q" in box.ranges]
    claim = qm.claim("navon2021_grid_search")
    values = [F(k, 4) for k in range(12)]
    tight = 0
    for m, W in [
        *((2, (v,)) for v in values if v < 2),
        *((3, pair) for pair in product(values, repeat=2)),
    ]:
        x = {"tasks": 1, "points": m, "phi1": tuple(w / (m - w) for w in W)}
        ((point, _, _),) = box.reduce(x)
        lhs, rhs = box.sides(point)
        worst = max(min(abs(w - F(2 * j + 1, 2)) for w in W) for j in range(m))
        assert 2 * worst >= rhs >= lhs == 1
        tight += 2 * worst == lhs
    assert (
        tight >= 5
        and list(box.reduce({**x, "phi1": (1, 1, 1)})) == []
        and claim.strength == "tight"
    )


def test_a_smaller_share_of_the_way_is_no_bound():
    """A step by less than half of the error does not pass it: |1 - g| > g."""
    box = boxes("talk2021_meta_steps_converge", "printed")[3]
    assert prove(replace(box, ranges={"g": (0, 2)}), "<=").refuted > F(1, 5)


def test_discounts_beyond_the_spectrum_have_the_slack_of_the_nearer_end():
    a, sizes, T = [F(1, 4), F(1, 2), F(3, 4)], [1, 1, 1], 4
    box = boxes("yakovlev2023_assumption_cross_lipschitz", "stated")[0]
    for gamma in (F(0), F(1, 8), F(1, 3), F(9, 10)):
        points = iter(notes.spread(a, gamma, T, sizes))
        total = sum(max(abs(a[-1] ** k - gamma**k), abs(gamma**k - a[0] ** k)) for k in range(1, T))
        for v in a:
            for k in range(1, T):
                point, scale, _ = next(points)
                most = max(abs(a[-1] ** k - gamma**k), abs(gamma**k - a[0] ** k))
                assert scale * slack("<=", box.sides(point)) == total * (
                    most - abs(gamma**k - v**k)
                )
