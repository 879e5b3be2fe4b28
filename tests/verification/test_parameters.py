"""Drawing and shrinking of instances: every range is filled and respected, every step makes an
instance shorter.
"""

from fractions import Fraction
from random import Random

import pytest

from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, Parameter, draw, simpler, size


def values(parameter, count=400):
    random = Random(0)
    return [parameter.draw(random, 1) for _ in range(count)]


def test_draws_fill_each_range_and_never_leave_it():
    free = values(Parameter("x", low=None, reach=3))
    assert min(free) == -3 and max(free) == 3 and any(x.denominator == 5 for x in free)
    unit = values(Parameter("x", high=Fraction(1)))
    assert min(unit) == 0 and max(unit) == 1 and len(set(unit)) > 5
    inside = values(Parameter("x", low=Fraction(1, 2), high=Fraction(3, 4), open=True))
    assert all(Fraction(1, 2) < x <= Fraction(3, 4) for x in inside) and len(set(inside)) > 1
    shifted = values(Parameter("x", low=Fraction(2), high=Fraction(3)))
    assert min(shifted) == 2 and max(shifted) == 3
    whole = values(Parameter("n", low=Fraction(2), whole=True, reach=3))
    assert set(whole) == {2, 3, 4, 5} and all(type(n) is int for n in whole)
    assert set(values(Parameter("n", low=Fraction(2), open=True, whole=True, reach=3))) == {3, 4, 5}


def test_step_sizes_meet_the_kinks_of_the_instance():
    random, kinks = Random(1), {"1/lambda": 0, "2/L": 0, "2/(L + mu)": 0, "none": 0}
    for _ in range(600):
        x = draw({"eigenvalues": EIGENVALUES, "eta": STEP_SIZE}, random)
        lam, eta = x["eigenvalues"], x["eta"]
        found = {
            "1/lambda": any(eta * v == 1 for v in lam),
            "2/L": eta * max(lam) == 2,
            "2/(L + mu)": eta * (max(lam) + min(lam)) == 2,
        }
        for name, hit in found.items():
            kinks[name] += hit
        kinks["none"] += not any(found.values())
        assert eta * min(lam) <= 4 or eta * max(lam) <= 4 or any(found.values())
    assert all(count > 30 for count in kinks.values())


@pytest.mark.parametrize("seed", range(20))
def test_every_simpler_instance_lies_in_the_domain_and_changes_one_thing(seed):
    domain = {
        "v": Parameter("v", open=True, axis="d"),
        "w": Parameter("w", low=None, axis="d"),
        "x": Parameter("x", low=Fraction(1, 2), high=Fraction(9, 2)),
        "n": Parameter("n", low=Fraction(1), whole=True),
    }
    x = draw(domain, Random(seed))
    dimensions = 0
    for y in simpler(domain, x):
        assert all(p.read(name, y[name]) == y[name] for name, p in domain.items()) and size(
            y
        ) < size(x)
        changed = [name for name in domain if y[name] != x[name]]
        if len(y["v"]) < len(x["v"]):
            dimensions += 1
            pairs, left = (
                list(zip(x["v"], x["w"], strict=True)),
                list(zip(y["v"], y["w"], strict=True)),
            )
            assert any(pairs[:i] + pairs[i + 1 :] == left for i in range(len(pairs)))
        else:
            assert len(changed) == 1
    assert dimensions == (len(x["v"]) if len(x["v"]) > 1 else 0)


def test_the_ends_of_a_range_are_among_the_simpler_numbers():
    closed, half = (
        Parameter("x", low=Fraction(1), high=Fraction(3), open=open) for open in (False, True)
    )
    start = {"x": Fraction(14, 5)}
    assert {1, 2, 3} <= {y["x"] for y in simpler({"x": closed}, start)}
    assert 1 not in {y["x"] for y in simpler({"x": half}, start)}
    assert [
        y["x"] for y in simpler({"x": Parameter("n", low=Fraction(2), whole=True)}, {"x": 5})
    ] == [2, 3, 4]
    assert not list(simpler({"x": closed}, {"x": Fraction(1)}))
    # the numerator stays while the denominator falls, and the other way round
    free = {"x": Parameter("x", low=None)}
    for value in (Fraction(7, 2), Fraction(-7, 2), Fraction(9, 5)):
        q = {y["x"] for y in simpler(free, {"x": value})}
        assert Fraction(value.numerator, value.denominator - 1) in q
        assert (
            Fraction(value.numerator - 1 if value > 0 else value.numerator + 1, value.denominator)
            in q
        )
