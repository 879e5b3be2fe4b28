"""One generator of instances: for users, for hypothesis, which shrinks them, and for the search of
the worst ratio.
"""

from fractions import Fraction as F
from itertools import islice

import pytest
from hypothesis import Phase, find, given, settings, strategies as st

import quadmeta as qm
from quadmeta.verification.finding import broken, examine
from quadmeta.verification.instances import COORDINATES, Coordinates, instances, strategy, worst
from quadmeta.verification.parameters import draw, size
from quadmeta.verification.record import on_record


def test_users_get_admitted_instances_that_repeat():
    claim = qm.claim("wang2021_naive_lower_bound")
    first, again, other = (
        list(islice(instances(claim, "printed", seed), 20)) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert not any(broken(claim, "printed", x) for x in first) and all(
        claim.read(x) == x for x in first
    )


def test_a_domain_without_instances_says_so(monkeypatch):
    claim = qm.claim("wang2021_naive_upper_bound")
    monkeypatch.setattr(type(claim), "assumptions", lambda self, x, form: {"never > 0": F(0)})
    with pytest.raises(ValueError, match="no instance in 10000 draws meets the assumptions"):
        next(instances(claim))


@settings(max_examples=20, deadline=None)
@given(st.data())
@pytest.mark.parametrize(
    "name", ["derived_log_curvature", "yakovlev2023_bias_bound", "navon2021_sign_condition"]
)
def test_hypothesis_draws_the_same_instances(name, data):
    claim, form = qm.claim(name), list(qm.claim(name).forms)[-1]
    x = data.draw(strategy(claim, form))
    assert not broken(claim, form, x) and examine(claim, form, x).holds


@pytest.mark.parametrize(
    "name, form, longest",
    [
        ("navon2021_neumann_scale", "reading", 25),
        ("derived_heavy_ball_unbounded_gradient", "conjectured", 45),
    ],
)
def test_hypothesis_shrinks_a_counterexample(name, form, longest):
    """To a third or less of what it finds where it cannot shrink: 125 and 146."""
    claim = qm.claim(name)
    least = find(
        strategy(claim, form),
        lambda x: not examine(claim, form, x).holds,
        settings=settings(max_examples=300, database=None, phases=tuple(Phase)),
    )
    assert size(least) <= longest


def test_coordinates_are_the_numbers_that_are_drawn():
    domain = qm.claim("wang2021_naive_upper_bound").domain
    low, high = (draw(domain, Coordinates([v] * COORDINATES)) for v in (0.0, 1.0))
    assert (
        low["steps"] == 1
        and high["steps"] == 7
        and len(low["eigenvalues"]) < len(high["eigenvalues"])
    )
    assert draw(domain, Coordinates([0.3] * 5)) == draw(domain, Coordinates([0.3] * 5))
    assert Coordinates([]).random() != 0.3 and Coordinates([1.0]).random() < 1


def test_the_search_finds_what_random_instances_do_not():
    claim = qm.claim("derived_matrix_discount")
    drawn = max(
        max(examine(claim, "stated", x).ratios.values(), default=0)
        for x in islice(instances(claim, "stated"), 200)
    )
    found = worst(claim, "stated", steps=2, size=2)
    assert found.admitted and found.holds and max(found.ratios.values()) > 0.5
    assert found.instance == worst(claim, "stated", steps=2, size=2).instance
    assert max(F(on_record(claim, "stated")["ratio"]), 0) >= F(drawn).limit_denominator(1000)


def test_a_lower_bound_is_searched_downwards():
    claim = qm.claim("wang2021_gap_decreases")
    found = worst(claim, "repaired", steps=3, size=2)
    assert 1 < min(found.ratios.values()) < 10


def test_sides_without_a_ratio():
    assert worst(qm.claim("derived_stop_gradient_parity"), steps=1, size=1) is None
