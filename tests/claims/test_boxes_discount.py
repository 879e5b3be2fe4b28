"""Boxes of the discount claims: factored sides are the statement they came from, and false
statements are refuted.
"""

from dataclasses import replace
from fractions import Fraction as F
from itertools import product
from random import Random

import pytest

import quadmeta as qm
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.certificates.quick import Quick
from quadmeta.claims.reductions import angles, bent, discount
from quadmeta.verification.box import prove

CLAIMS = (
    "derived_discount_bound",
    "derived_matrix_discount",
    "derived_minimax_discount",
    "derived_scalar_discount_no_go",
    "yakovlev2023_bias_bound",
    "yakovlev2023_bias_bound_cross",
    "yakovlev2023_bias_bound_step_size",
    "yakovlev2023_equal_curvature",
    "derived_descent_direction",
    "derived_gradient_sign",
    "derived_sign_certificate",
    "derived_neumann_truncation",
)
BOXES = [
    (name, form, k)
    for name in CLAIMS
    for form in qm.claim(name).forms
    for k, _ in enumerate(qm.claim(name).boxes(form))
]


def nothing(instance):
    return []


def grid(box, parts=6):
    """Rational points of a box, with its ends."""
    axes = [
        [Quick(low + (high - low) * F(i, parts)) for i in range(parts + 1)]
        for low, high in box.ends().values()
    ]
    return [dict(zip(box.ranges, point, strict=True)) for point in product(*axes)]


def slack(relation, sides):
    lhs, rhs = sides
    return lhs - rhs if relation in (">", ">=") else rhs - lhs


@pytest.mark.parametrize("name, form, k", BOXES)
def test_a_quarter_more_than_is_true_is_refuted(name, form, k):
    """The larger side less its least excess on a grid and 1/4: false on an open set."""
    claim = qm.claim(name)
    box = list(claim.boxes(form))[k]
    least = F(min(slack(claim.relation, box.sides(point)) for point in grid(box)))
    assert least >= 0

    def sides(x):
        lhs, rhs = box.sides(x)
        less = least + F(1, 4)
        return (lhs - less, rhs) if claim.relation in (">", ">=") else (lhs, rhs - less)

    found = prove(replace(box, sides=sides), claim.relation)
    assert not found.complete and found.refuted > 0


def opposed(x):
    m, t, rho = x["m"], x["t"], x["rho"]
    s = m + t * (1 - m)
    return (
        ((1 - s) * (1 + m)) ** 2 * rho,
        (rho * (1 + s**2) + s * (1 + rho**2)) * (1 - m) ** 2,
        (1 - m) ** 2,
    )


def aligned(x):
    g, q, rho = x["g"], x["q"], x["rho"]
    return (1 + g * q) ** 2 * rho, rho * (1 + q**2) + q * (1 + rho**2), q


def rising(T):
    def raw(x):
        b, a = x["b"], x["b"] * x["x"]
        return geometric_sum(a, T), geometric_sum(b, T), b - a

    return raw


def two(x):
    b, y, size = x["b"], x["y"], x["x_0"]
    return size * (1 - b * (y + (1 - y) * x["t"])), 1 - b * y, 1


def three(x):
    # the worst sign of x_1
    b, g, size, last = x["b"], x["g"], x["x_1"], x["x_2"]
    return (
        abs(size) * (1 - b * last) + g * (1 - b**2 * size * last),
        1 - b * last + g * (1 + b**2),
        1,
    )


def loops(T, moves):
    def raw(x):
        b = x["b"]
        products = [(k, move) for k in range(3 - len(moves), T) for move in moves]
        lhs = sum(
            b ** (s - T + k - 1) * x[f"x_{min(s, 4)}"]
            for k, move in products
            for s in range(T - k + 1 + move, T + 1 + move)
        )
        return lhs, sum(b**move * geometric_sum(b, k) for k, move in products), 1

    return raw


def expanded(x):
    c, r = x["c"], x["r"]
    second, third = (c + r * x[name] for name in ("x_2", "x_3"))
    return third * (1 + second), (c + r) * (1 + c + r), r


FACTORED = {
    "opposed": (angles.opposed(nothing), opposed),
    "aligned": (angles.aligned(nothing), aligned),
    "rising 3": (discount.rising(3, nothing), rising(3)),
    "rising 5": (discount.rising(5, nothing), rising(5)),
    "path 2": (discount.path(2), two),
    "path 3": (discount.path(3), three),
    "bends 3": (bent.bends(3, False, None), loops(3, (0,))),
    "bends 4": (bent.bends(4, False, None), loops(4, (0,))),
    "shifted 2": (bent.bends(2, True, None), loops(2, (0, 1))),
    "shifted 4": (bent.bends(4, True, None), loops(4, (0, 1))),
    "expansion": (bent.expansion(), expanded),
}


@pytest.mark.parametrize("key", FACTORED)
def test_factored_sides_are_the_statement(key):
    """Slack of the statement = factor * slack of the box, exactly, and factor >= 0."""
    box, raw = FACTORED[key]
    random = Random(3)
    for _ in range(50):
        x = {
            name: low + (high - low) * F(random.randint(0, 60), 60)
            for name, (low, high) in box.ends().items()
        }
        lhs, rhs, factor = raw(x)
        assert factor >= 0 and rhs - lhs == factor * slack("<=", box.sides(x)), x


@pytest.mark.parametrize("key", FACTORED)
def test_the_statement_with_a_quarter_less_is_refuted(key):
    box, raw = FACTORED[key]
    true = replace(box, sides=lambda x: raw(x)[:2])
    false = replace(box, sides=lambda x: (raw(x)[0], raw(x)[1] * F(3, 4)))
    assert prove(true, "<=", limit=3000).refuted == 0
    found = prove(false, "<=", limit=20000)
    assert not found.complete and found.refuted > 0


def test_more_than_the_angles_allow_is_refuted():
    """r = 3/2 of its bound in place of 3/4."""

    def sides(x):
        k, X, y, r = x["k"], x["X"], x["y"], F(3, 2)
        return (1 + X**2) * ((1 + y**2) * (1 + k**2) + 2 * r * k * (1 - y**2)), 4 * r * (
            1 - k**2
        ) * X * y

    found = prove(replace(angles.turning(nothing), sides=sides), ">")
    assert found.refuted > 0


@pytest.mark.parametrize("relative", [False, True])
def test_the_least_worst_case_is_no_larger(relative):
    """1 % more than (1 - y)/2 or (1 - y)/(1 + y)."""
    box = angles.between(relative, True, nothing)
    found = prove(
        replace(box, sides=lambda x: (box.sides(x)[0], box.sides(x)[1] * F(101, 100))),
        ">=",
        limit=20000,
    )
    assert found.refuted > 0


def test_the_means_are_no_bound():
    """max(g, 1 - g) not replaced by its mean 1/2 with anything."""
    box = discount.mixture(nothing)
    found = prove(replace(box, sides=lambda x: (box.sides(x)[0], 1)), "<=", limit=3000)
    assert found.refuted == pytest.approx(F(1, 4), abs=0.02)


@pytest.mark.parametrize("T, low", [(2, F(1, 8)), (3, F(1, 4)), (5, F(1, 2))])
def test_the_printed_shape_is_no_smaller(T, low):
    """Nine tenths of the least bound of either part."""
    for box in bent.printed_shape(T, low):
        ratio = F(max(lhs / rhs for lhs, rhs in map(box.sides, grid(box, 12))))
        less = ratio * F(9, 10)
        false = replace(
            box, sides=lambda x, box=box, less=less: (box.sides(x)[0], box.sides(x)[1] * less)
        )
        assert prove(box, "<=").complete and prove(false, "<=").refuted > 0


@pytest.mark.parametrize("T", [2, 3, 5])
def test_the_drift_of_the_matrix_discount_is_no_smaller(T):
    """T - 2 in place of T - 1."""
    box = bent.matrix_drift(T)
    assert (
        prove(
            replace(box, sides=lambda x: (box.sides(x)[0], T - 2 + F(1, 8))), "<=", limit=3000
        ).refuted
        > 0
    )


def test_the_part_of_one_mode_is_no_smaller():
    """A tenth of the printed bound for L = mu."""
    for box in qm.claim("yakovlev2023_equal_curvature").boxes("printed"):
        found = prove(
            replace(box, sides=lambda x, box=box: (box.sides(x)[0], F(1, 5))), "<=", limit=3000
        )
        assert not found.complete and found.refuted > 0


def test_several_bends_are_no_single_mode():
    x = {
        "q": F(4, 5),
        "eta": F(1),
        "heights": (F(1, 4), F(1, 4)),
        "levels": (F(0), F(1, 8)),
        "slopes": (F(1), F(1)),
        "L2": F(1, 2),
        "angles": (F(0), F(1, 2)),
        "start": F(1, 3),
        "R": F(1),
        "G": F(1),
        "gradient": F(0),
        "gamma": F(1, 2),
        "steps": 4,
    }
    assert discount.modes(x)[1] == [] and list(discount.path(2).reduce(x)) == []
    ((point, scale, _),) = bent.bends(4, False, lambda known: 1).reduce(x)
    assert scale > 0 and set(point) == {"b", "x_2", "x_3", "x_4"} and point["b"] == F(16, 25)
    found, parts = discount.modes({**x, "angles": (F(1, 2), F(-2))})
    assert len(parts) == 2 and all(len(mode.factors) == 4 for mode in parts)
    # the squares of the parts of the start
    assert sum(mode.start**2 for mode in parts) == 1
