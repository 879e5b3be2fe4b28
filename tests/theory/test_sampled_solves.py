"""Sampled solves: enumeration of all draws in fractions, printed numbers, and limits."""

import math
from fractions import Fraction as F
from itertools import product

import pytest

import quadmeta as qm
from quadmeta.theory import sampled_solves

LAW = {F(1, 2): F(18, 19), F(10): F(1, 19)}
"""A sample Hessian: mean 1, relative variance 9/2."""
NU = F(9, 2)


def enumerated(order, way, x):
    """First and second moment of the series over all sequences of Hessians; v_* = 1."""
    first = second = F(0)
    for draw in product(LAW, repeat=order):
        weight = math.prod((LAW[h] for h in draw), start=F(1))
        if way == "chain":
            residual = total = F(1)
            for h in draw:
                residual -= x * h * residual
                total += residual
            v = x * total
        else:
            v = x
            for h in draw:
                v -= x * (h * v - 1)
        first += weight * v
        second += weight * v * v
    return first, second


@pytest.mark.parametrize("way", ["chain", "horner"])
def test_series_by_enumeration(way):
    x = F(1, 10)
    for order in (0, 1, 5):
        first, second = enumerated(order, way, x)
        found = sampled_solves.series(x, NU, order)
        assert found.bias == first - 1
        assert found.variance == second - first**2
        assert found.mean_square == second - 2 * first + 1


def test_five_atoms_are_a_gaussian():
    """Two dimensions, one row and two rows a batch: nu = 3 and 3/2."""
    one, nine = F(1), F(3)
    atoms = [
        (F(4, 9), ((0, 0), (0, 0))),
        (F(2, 9), ((nine, 0), (0, 0))),
        (F(2, 9), ((0, 0), (0, nine))),
        (F(1, 18), ((nine, nine), (nine, nine))),
        (F(1, 18), ((nine, -nine), (-nine, nine))),
    ]
    x = F(1, 5)
    for batch, order in ((1, 3), (2, 1)):
        second = F(0)
        for draw in product(product(atoms, repeat=batch), repeat=order):
            weight = math.prod((p for drawn in draw for p, _ in drawn), start=one)
            v = (x, F(0))
            for drawn in draw:
                rows = [
                    sum(h[k][0] * v[0] + h[k][1] * v[1] for _, h in drawn) / batch for k in (0, 1)
                ]
                v = (v[0] - x * (rows[0] - 1), v[1] - x * rows[1])
            second += weight * ((v[0] - 1) ** 2 + v[1] ** 2)
        assert sampled_solves.series(x, F(3, batch), order).mean_square == second


@pytest.mark.parametrize(
    "nu, x, order, value, limit",
    [
        (F(11), F(1, 20), 50, 0.274747112701444, F(11, 28)),
        (F(11, 4), F(1, 5), 12, 0.315943471418852, F(11, 25)),
        (F(2), F(1, 4), 10, 0.305662673544305, F(2, 5)),
    ],
)
def test_values_and_limits_of_the_series(nu, x, order, value, limit):
    exact = sampled_solves.series(x, nu, order).mean_square
    assert float(exact) == pytest.approx(value, rel=1e-14)
    rounded = sampled_solves.series(float(x), float(nu), order).mean_square
    assert rounded == pytest.approx(float(exact), rel=1e-13)
    assert sampled_solves.series_limit(x, nu) == limit
    late = sampled_solves.series(float(x), float(nu), 2000).mean_square
    assert late == pytest.approx(float(limit), rel=1e-12)
    # the sum form of the second moment
    a = 1 - x
    m = a * a + x * x * nu
    kappa = sum(
        m**q * ((1 + a) / (1 - a) - 2 * a ** (order - q + 1) / (1 - a)) for q in range(order + 1)
    )
    assert exact == x * x * kappa - 2 * (1 - a ** (order + 1)) + 1


def test_random_length_by_enumeration():
    """h = 1 +- 1/2, L = 3, k = 4, and the printed mean and second moment."""
    k, x, first, second = 4, F(1, 3), F(0), F(0)
    for p in range(k):
        for draw in product((F(1, 2), F(3, 2)), repeat=p):
            v = k * x * math.prod((1 - x * h for h in draw), start=F(1))
            first += v / k / 2**p
            second += v * v / k / 2**p
    found = sampled_solves.random_length(x, F(1, 4), k)
    assert (found.bias, found.variance) == (first - 1, second - first**2)
    assert (first, second) == (F(65, 81), F(84005, 104976))


@pytest.mark.parametrize("x, nu, terms", [(0.1, 0.0, 1), (1e-8, 0.0, 10), (1e-3, 2.0, 100)])
def test_a_small_variance_of_random_length_keeps_its_digits(x, nu, terms):
    """No second moment less a squared mean: with one term nothing scatters."""
    exact = sampled_solves.random_length(F(x), F(nu), terms).variance
    found = sampled_solves.random_length(x, nu, terms).variance
    assert found == pytest.approx(float(exact), rel=1e-13, abs=0)
    assert (exact == 0) == (terms == 1)


def test_a_penalty_with_short_steps_keeps_its_digits():
    exact = sampled_solves.penalty(10, F(1e-9), 3, 1, 1)
    found = sampled_solves.penalty(10.0, 1e-9, 3.0, 1.0, 1.0)
    assert found.variance == pytest.approx(float(exact.variance), rel=1e-14, abs=0)


def test_no_number_of_terms_beats_the_floor():
    t, least = sampled_solves.random_length_floor()
    assert t == pytest.approx(1.27180541857810, rel=1e-13)
    assert least == pytest.approx(0.146582234959897, rel=1e-13)
    assert math.sqrt(least) == pytest.approx(0.38286, abs=1e-5)
    for kappa, terms, value in ((10, 12, 0.146059214176607), (100, 127, 0.146582720513622)):
        errors = {
            k: sampled_solves.random_length(F(1, kappa), 0, k).mean_square
            for k in range(terms - 2, terms + 3)
        }
        assert min(errors, key=errors.get) == terms
        assert float(errors[terms]) == pytest.approx(value, rel=1e-13)
    for t in (0.3, 2.0):
        found = sampled_solves.random_length(1e-5, 0.0, round(t * 1e5)).mean_square
        assert found == pytest.approx(sampled_solves.random_length_law(t), rel=1e-4)


def test_a_penalty_at_rest_is_the_limit_of_its_moments():
    s, x, nu, phi, noise, target = 10, F(1, 20), 3, 1, 1, 1
    g = F(1)
    mean, second, spread = F(0), F(0), F(0)
    a = 1 - x - x * phi / F(s)
    for _ in range(400):
        # y's error e <- (1 - x h - x phi / s) e - x g / s + noise, floats after a while
        drift = x * g / s
        second = (a * a + x * x * nu) * second - 2 * a * drift * mean + drift**2 + x * x * noise
        mean = a * mean - drift
        spread = ((1 - x) ** 2 + x * x * nu) * spread + x * x * noise
        mean, second, spread = (F(float(value)) for value in (mean, second, spread))
    found = sampled_solves.penalty(s, x, nu, phi, noise, target)
    assert float(s * s * (second - mean**2 + spread)) == pytest.approx(float(found.variance))
    assert float(-s * mean - 1) == pytest.approx(float(found.bias))
    assert found.variance == F(23196475, 4333131) and found.bias**2 == F(1, 121)


def test_past_the_limit_logarithms_are_needed():
    with pytest.raises(ValueError, match=r"x \(1 \+ nu\) = 2.2 must be < 2"):
        sampled_solves.series_limit(0.2, 10.0)
    with pytest.raises(OverflowError, match=r"pass x and nu as SignLog"):
        sampled_solves.series(0.9, 10.0, 2000)
    found = sampled_solves.series(qm.SignLog.of(0.9), qm.SignLog.of(10.0), 2000)
    assert float(found.variance.log10_abs) > 1800
    with pytest.raises(ValueError, match="must be < 1: shorten"):
        sampled_solves.penalty(0.01, 0.5, 0.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="must be < 2: shorten"):
        sampled_solves.penalty(1.0, 0.5, 3.0, 1.0, 1.0)
