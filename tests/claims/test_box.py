"""Branch and bound: true statements are proved with full coverage, false ones never, tight ones name what is left."""
from fractions import Fraction

import numpy as np
import pytest

from quadmeta.arithmetic.interval import Interval
from quadmeta.claims._box import Box, prove
from quadmeta.claims._formulas import derivatives
from quadmeta.claims.wang2021_naive_lower_bound import Wang2021NaiveLowerBound
from quadmeta.claims._decide import decide


def parabola(shift, ranges=(0, 1)):
    """x (1 - x) against 1/4 + shift."""
    return Box({"x": ranges}, lambda x: (x["x"] * (1 - x["x"]), Interval.of(np.full(x["x"].shape, 0.25 + shift))), "x")


def test_a_true_statement_is_covered():
    found = prove(parabola(0.01), "<=")
    assert found.complete and found.refuted == 0 and not found.left and found.cells < 500
    assert "100 % of the box proved" in repr(found)


def test_a_tight_statement_is_not_covered_and_says_where():
    found = prove(parabola(0.0), "<=", limit=20000)
    low, high = found.left["x"]
    assert 0.99 < found.proved < 1 and found.refuted == 0 and low <= 0.5 <= high and high - low < 0.02
    assert "left: x in [0.49" in repr(found)


def test_a_false_statement_is_refuted_where_it_is_false():
    found = prove(parabola(-0.01), "<=", limit=3000)
    # x (1 - x) > 0.24 on (0.4, 0.6)
    assert not found.complete and found.refuted == pytest.approx(0.2, abs=0.01)
    assert found.proved + found.refuted > 0.98


@pytest.mark.parametrize("relation, expected", [("<", 1), (">", 0), (">=", 0)])
def test_relations(relation, expected):
    assert prove(parabola(1.0), relation).proved == expected


def test_shares_add_up_whatever_the_ranges():
    box = Box({"x": ("-1/3", 3), "y": (2, "22/7")}, lambda x: (x["x"] * x["y"], Interval.of(3 + 0 * x["x"].lower)), "")
    box = Box({k: tuple(map(Fraction, v)) for k, v in box.ranges.items()}, box.sides, "")
    found = prove(box, "<=", limit=30000)
    exact = 1 - (7.0 / 8 * 0 + _share_above(3.0))
    assert float(found.proved) == pytest.approx(exact, abs=0.01)
    assert float(found.refuted) == pytest.approx(1 - exact, abs=0.01)


def _share_above(level):
    x, y = np.meshgrid(np.linspace(-1 / 3, 3, 1001), np.linspace(2, 22 / 7, 1001))
    return (x * y > level).mean()


def raw(keep):
    """|F'| >= F' >= c_L^2 L^2 T (eta L - 1)^(2T-1) - keep L^2 T for d = 2, T = 2, L = 1, nothing reduced."""
    def sides(x):
        mu, c, eta, T = x["mu"].reshape(-1, 1), x["c"].reshape(-1, 1), x["eta"].reshape(-1, 1), 2
        rest = derivatives(mu, mu * (1 - c) / 2, eta, T)[1]
        top = derivatives(Interval.of(np.ones(mu.shape)), c / 2, eta, T)[1]
        return rest + top, c.reshape(-1) * T * (eta.reshape(-1) - 1) ** (2 * T - 1) - keep * T
    return Box({"mu": (0, 1), "c": (0, 1), "eta": (2, 3)}, sides, "d = 2, T = 2, L = 1")


def test_the_printed_bound_on_a_raw_box_and_without_its_last_term():
    assert prove(raw(Fraction(1)), ">=").complete
    without = prove(raw(Fraction(0)), ">=", limit=20000)
    assert not without.complete and without.left["mu"][0] == 0


def test_the_claim_is_decided_by_its_box():
    claim = Wang2021NaiveLowerBound()
    box = claim.box("printed")
    assert box.covers_domain and prove(box, claim.relation).complete and claim.box("repaired") is None
    assert decide(claim).how == "box"
