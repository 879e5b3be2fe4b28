"""Jets against polynomials differentiated by hand, in rationals; double-double against fractions."""
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog

rational = st.fractions(min_value=-5, max_value=5, max_denominator=9)


def formula(x, y):
    """(2 - x y) (x - y)^2 / 3 + x - 1 with + - * / only."""
    z = x - y
    return (2 - x * y) * (z * z) / 3 + x - 1


def by_hand(x, y):
    """Value, gradient and Hessian of ``formula``."""
    z, p = x - y, 2 - x * y
    first = ((-y * z**2 + 2 * p * z) / 3 + 1, (-x * z**2 - 2 * p * z) / 3)
    xx = (-4 * y * z + 2 * p) / 3
    xy = (-z**2 + 2 * y * z - 2 * x * z - 2 * p) / 3
    yy = (4 * x * z + 2 * p) / 3
    return p * z**2 / 3 + x - 1, first, ((xx, xy), (xy, yy))


@given(rational, rational)
def test_derivatives_are_those_of_the_polynomial(x, y):
    jet = formula(*Jet.parameters([x, y]))
    assert (jet.value, jet.first, jet.second) == by_hand(x, y)
    one = formula(*Jet.parameters([x, y], order=1))
    assert one.first == jet.first and one.second == ()


@pytest.mark.parametrize("kind", [np.asarray, SignLog.of, Interval.of, DoubleDouble.of])
def test_arrays_of_every_type(kind):
    x, y = np.array([0.5, -1.25, 3.0]), np.array([2.0, 0.75, 3.0])
    jet = Jet.parameters([kind(x), kind(y)])
    jet = (2 - jet[0] * jet[1]) * (jet[0] - jet[1])
    want = ((2 - x * y) * (x - y), 2 - 2 * x * y + y**2, -2 + 2 * x * y - x**2)
    for got, exact in zip((jet.value, *jet.first), want, strict=True):
        if isinstance(got, Interval):
            assert got.contains(exact).all()
        elif isinstance(got, SignLog):
            np.testing.assert_allclose(got.to_float(), exact, rtol=1e-14)
        else:
            np.testing.assert_array_equal(got.hi if isinstance(got, DoubleDouble) else got, exact)


def test_map_is_applied_to_every_part_and_spreads_zeros():
    jet = Jet.parameters([np.array([1.0, 2.0])])[0].map(lambda v: 3 * v)
    np.testing.assert_array_equal(jet.value, [3, 6])
    np.testing.assert_array_equal(jet.first[0], [3, 3])
    np.testing.assert_array_equal(jet.second[0][0], [0, 0])


def test_a_product_rule_without_its_cross_term_is_noticed():
    jet = Jet.parameters([Q(2), Q(3)])
    assert (jet[0] * jet[1]).second[0][1] == 1  # not x_ij y + x y_ij = 0


def exact(x):
    """hi + lo as fractions."""
    return [Q(float(a)) + Q(float(b)) for a, b in zip(np.ravel(x.hi), np.ravel(x.lo), strict=True)]


number = st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30)


@given(st.lists(number, min_size=4, max_size=4))
def test_double_double_keeps_a_hundred_bits(numbers):
    a, b, c, e = (np.array([x]) for x in numbers)
    x, y = DoubleDouble.of(a) * c, DoubleDouble.of(b) * e
    X, Y = (exact(v)[0] for v in (x, y))
    assert X == Q(float(a[0])) * Q(float(c[0])) and Y == Q(float(b[0])) * Q(float(e[0]))  # two_product is exact
    for got, want in ((x + y, X + Y), (x - y, X - Y), (x * y, X * Y), (1.5 + x, X + Q(3, 2)),
                      (a - y, Q(float(a[0])) - Y)):
        assert abs(exact(got)[0] - want) <= abs(want) * Q(2) ** -100
        assert abs(got.lo) <= np.spacing(abs(got.hi))
    assert exact(x.ldexp(7))[0] == 128 * X


def test_double_double_sees_what_float64_does_not():
    third = DoubleDouble.of(1.0) - DoubleDouble.of(2.0**-60)
    assert third.hi == 1.0 and exact(third - 1)[0] == -Q(2) ** -60
    with pytest.raises(TypeError):
        third + "1"
