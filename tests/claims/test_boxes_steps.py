"""Boxes of statements about the step size have teeth: stronger statements are refuted; what was
cancelled is right.
"""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.certificates.quick import Quick
from quadmeta.claims.families.sgd import strain, transition
from quadmeta.claims.reductions.steps import complete, increasing, peak, power_mean, two_extremes
from quadmeta.verification.box import Box, prove
from quadmeta.verification.finding import arrays, examine

NAMES = (
    "derived_log_gradient_bound",
    "derived_log_curvature",
    "wang2021_log_gradient_bound",
    "wang2021_log_unique_minimizer",
    "wang2021_naive_lower_bound",
    "wang2021_naive_strictly_convex",
    "wang2021_naive_upper_bound",
    "derived_log_convexity",
    "derived_mean_log_unimodal",
    "derived_stop_gradient_parity",
    "derived_heavy_ball_not_quasiconvex",
    "derived_sgd_naive_against_log",
    "derived_streaming_mean_square_limit",
)
BOXES = [
    (name, form, k)
    for name in NAMES
    for form in qm.claim(name).forms
    for k in range(len(list(qm.claim(name).boxes(form))))
]
HALF = Fraction(1, 2)


def slack(claim, box, point):
    lhs, rhs = box.sides(point)
    return lhs - rhs if claim.relation in (">=", ">") else rhs - lhs


def square(names, low=-1, high=1, count=5, seed=1):
    random = Random(seed)
    return [
        {name: low + (high - low) * Fraction(random.randint(1, 99), 100) for name in names}
        for _ in range(count)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_that_holds_is_boxed(name):
    claim = qm.claim(name)
    assert all(
        list(claim.boxes(form))
        for form, record in claim.forms.items()
        if record.recorded == "holds"
    )
    assert not any(
        list(claim.boxes(form))
        for form, record in claim.forms.items()
        if record.recorded == "refuted"
    )


@pytest.mark.parametrize("name, form, k", BOXES)
def test_a_stronger_statement_is_refuted(name, form, k):
    """Less by 2 % than the least slack of a grid: false on an open set, and found there."""
    claim = qm.claim(name)
    box = list(claim.boxes(form))[k]
    axes = [
        [Quick(low + (high - low) * Fraction(j, 12)) for j in range(13)]
        for low, high in box.ends().values()
    ]
    least = Fraction(
        min(
            slack(claim, box, dict(zip(box.ranges, point, strict=True))) for point in product(*axes)
        )
    )
    assert least >= 0
    loss = least * Fraction(51, 50) + Fraction(1, 1000)
    stronger = replace(
        box,
        sides=lambda x: (
            box.sides(x)[0],
            box.sides(x)[1] + (loss if claim.relation in (">=", ">") else -loss),
        ),
    )
    found = prove(stronger, claim.relation, limit=8000)
    assert found.refuted > 0 and not found.complete, found


def bare(box, sides, **ranges):
    return Box({**box.ranges, **ranges}, sides, "", lambda x: [])


@pytest.mark.parametrize("T", [2, 3])
def test_odd_powers_are_neither_convex_nor_increasing(T):
    convex, rising = power_mean(T, list), increasing(T, list)
    odd = bare(convex, lambda x: (0, complete(2 * T - 1, x["v"], x["y"], 1)))
    assert prove(convex, "<=").complete and prove(odd, "<=", limit=4000).refuted > Fraction(1, 20)
    even = bare(rising, lambda x: (0, complete(2 * T - 1, x["t"], 1)))
    # h_(2T-1)(-1, 1) = 0: t^(2T) has equal values there
    assert prove(rising, "<").complete and not prove(even, "<", limit=4000).complete


@pytest.mark.parametrize("T", [1, 2, 3])
def test_a_lost_factor_of_the_uniform_bound(T):
    """2L (L + mu) / (L - mu) without L + mu."""
    m = 2 * T

    def without(x):
        return (x["s"] + x["mu"] * (1 - x["s"])) ** m, x["s"] ** m + (1 - x["s"]) ** m

    assert prove(bare(two_extremes(T, 0, None), without), "<=", limit=4000).refuted > Fraction(
        1, 20
    )


def test_cancelled_factors_of_the_common_boxes():
    for T in (2, 3, 5):
        m = 2 * T
        for x in square(("v", "y"), count=4):
            v, y = x["v"], x["y"]
            chord = (1 - y) / (1 - v) * v**m + (y - v) / (1 - v)
            assert chord - y**m == (1 - y) * (y - v) * power_mean(T, list).sides(x)[1]
        for x in square(("mu", "s"), 0):
            mu, s = x["mu"], x["s"]
            lhs, rhs = two_extremes(T, 0, None).sides(x)
            assert rhs - lhs == (1 + mu) ** m * (s**m + (1 - s) ** m) - (s + mu * (1 - s)) ** m
        n, X = m - 1, Fraction(2, m + 1)
        for x in square(("a",), 0):
            a = x["a"]
            rest = X**2 * (1 - X) ** n - (1 - a) ** 2 * a**n
            assert rest == peak(T).sides(x)[0] * (a - 1 + X) ** 2


def test_a_lower_peak_and_a_smaller_curvature():
    level, one = Fraction(99, 100) * Fraction(4, 27), {"a": (0, 1)}
    low = Box(one, lambda x: (level, (1 - x["a"]) ** 2 * x["a"]), "z^2 (1 - z)", lambda x: [])
    assert prove(low, ">=", limit=4000).refuted > Fraction(1, 20)
    (box,) = qm.claim("derived_log_curvature").boxes("stated")
    found = prove(box, ">=")
    assert found.proved > Fraction(999, 1000) and found.refuted == 0 and list(found.left) == ["q"]
    assert found.left["q"][0] > 0.999 and found.left["q"][1] == 1
    small = bare(box, lambda x: (Fraction(99, 100) * (1 + x["q"] ** 2), 2 * x["q"]))
    assert prove(small, ">=", limit=4000).refuted > Fraction(1, 20)


def test_the_triangle_inequality_is_needed_in_full():
    box, *_ = qm.claim("wang2021_naive_upper_bound").boxes("stated")

    def scaled(x):
        lhs, rhs = box.sides(x)
        return lhs, Fraction(99, 100) * rhs

    assert prove(bare(box, scaled), "<=", limit=4000).refuted > 0


def test_one_mode_may_vanish_and_an_odd_horizon_may_fail():
    *_, positive = qm.claim("wang2021_log_unique_minimizer").boxes("printed")
    assert not prove(bare(positive, positive.sides, mu=(0, 1)), "<", limit=4000).complete
    even, *_ = qm.claim("derived_stop_gradient_parity").boxes("stated")

    def odd(x):
        a, b = (1 - x["mu"] * x["x"]) ** 3, (1 - x["x"]) ** 3
        return a**2 + b**2, a + b

    assert prove(even, "<").complete and prove(bare(even, odd), "<", limit=4000).refuted > Fraction(
        1, 20
    )


def test_sgd_beyond_the_limit_needs_the_other_bound():
    below, above = qm.claim("derived_sgd_naive_against_log").boxes("stated")
    assert prove(bare(below, below.sides, x_2=(0, "15/16")), "<=", limit=4000).refuted > Fraction(
        1, 20
    )
    for box in (below, above):
        for x in square(("q", "x_2"), 0, count=8):
            ends = box.ends()
            q, v = (low + (high - low) * x[name] for name, (low, high) in ends.items())
            pair = np.array([q * v, v], dtype=object)
            y, B, turn = HALF / (1 - pair), strain(pair, Fraction(1)), 2 * pair * (1 - pair)
            # the raw statement: A y against r y
            gap = (1 - turn.min() * (1 - B)) * y - transition(pair, Fraction(1)) @ y
            fast = 1 if box is below else 0
            assert gap[1 - fast] == 0 and (1 - B > 0) == (box is below)
            assert abs(gap[fast]) == 2 * y[fast] * box.sides({"q": q, "x_2": v})[1]


def test_the_bracket_of_the_mean_square_limit():
    low, high = qm.claim("derived_streaming_mean_square_limit").boxes("stated")

    def at(extra):
        """B at 2 / (tr S + 2 extra), lambda_max = 1."""

        def sides(x):
            q = [1, x["q_2"], x["q_3"]]
            return sum(v / (sum(q) + 2 * extra - 2 * v) for v in q), 1

        return sides

    for x in square(("q_2", "q_3"), 0):
        lam = np.array([Fraction(1), x["q_2"], x["q_3"]], dtype=object)
        t, s = lam.sum(), (lam**2).sum()
        assert low.sides(x)[0] == strain(lam, 2 / (t + 2))
        assert high.sides(x)[1] * 2 / t == strain(lam, 2 / (t + 2 * s / t)) - 1
    # a longer step is too long, and lambda_max does not bound from above
    assert prove(bare(low, at(Fraction(9, 10))), "<=", limit=4000).refuted > 0
    assert prove(bare(low, at(Fraction(1))), ">=", limit=4000).refuted == 1


def test_modes_beyond_one_half_of_the_printed_lower_bound():
    """With a < 0 a mode adds to |F'|, less at a larger T: the point that stands for it has a = 0."""
    claim = qm.claim("wang2021_naive_lower_bound")
    x = claim.read({"eigenvalues": ("14/3", 8), "energy": ("3/7", "4/7"), "eta": "2/7", "steps": 3})
    (box,), found = claim.boxes("printed"), examine(claim, "printed", x)
    ((point, scale, _),) = box.reduce(x)
    assert not any(margin < 0 for margin in claim.assumptions(arrays(x), "printed").values())
    assert point["mu"] == HALF and found.lhs[0] - found.rhs[0] >= scale * slack(claim, box, point)
    # the mode itself would promise more than there is
    assert found.lhs[0] - found.rhs[0] < scale * slack(claim, box, {**point, "mu": Fraction(7, 12)})
