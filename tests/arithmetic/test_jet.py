"""Jets against polynomials differentiated by hand, in rationals; double-double against fractions."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, strategies as st

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
    xy = (-(z**2) + 2 * y * z - 2 * x * z - 2 * p) / 3
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
    # two_product is exact
    assert X == Q(float(a[0])) * Q(float(c[0])) and Y == Q(float(b[0])) * Q(float(e[0]))
    for got, want in (
        (x + y, X + Y),
        (x - y, X - Y),
        (x * y, X * Y),
        (1.5 + x, X + Q(3, 2)),
        (a - y, Q(float(a[0])) - Y),
    ):
        assert abs(exact(got)[0] - want) <= abs(want) * Q(2) ** -100
        assert abs(got.lo) <= np.spacing(abs(got.hi))
    assert exact(x.ldexp(7))[0] == 128 * X


def test_double_double_sees_what_float64_does_not():
    third = DoubleDouble.of(1.0) - DoubleDouble.of(2.0**-60)
    assert third.hi == 1.0 and exact(third - 1)[0] == -(Q(2) ** -60)
    with pytest.raises(TypeError):
        third + "1"


def test_arrays_and_numpy_numbers_on_the_left():
    x = Jet.parameters([np.array([1.0, 2.0]), np.array([3.0, -1.0])])
    y = x[0] * x[1]
    c = np.array([2.0, 5.0])
    for left, right in (
        (c * y, y * c),
        (c + y, y + c),
        (c - y, (y - c) * -1),
        (np.float64(3) * y, y * 3.0),
    ):
        assert isinstance(left, Jet)
        np.testing.assert_array_equal(left.value, right.value)
        for got, want in zip(
            (*left.first, *left.second[0]), (*right.first, *right.second[0]), strict=True
        ):
            np.testing.assert_array_equal(got + 0 * c, want + 0 * c)
    assert (c * y).second[0][1].tolist() == [2, 5] and (c - y).first[0].tolist() == [-3, 1]


@given(rational, rational)
def test_sums_add_derivatives_of_both_orders(x, y):
    a, b = Jet.parameters([x, y])
    jet = a * b + a * a - b * b
    assert (jet.value, jet.first) == (x * y + x * x - y * y, (y + 2 * x, x - 2 * y))
    assert jet.second == ((2, 1), (1, -2))


def test_jets_in_different_parameters_do_not_add():
    two, one = Jet.parameters([Q(1), Q(2)])[0], Jet.parameters([Q(1)])[0]
    first = Jet.parameters([Q(1), Q(2)], order=1)[0]
    for call in (
        lambda: two + one,
        lambda: one - two,
        lambda: two + first,
        lambda: first + two,
        lambda: first + Jet.parameters([Q(1)], order=1)[0],
    ):
        with pytest.raises(ValueError, match="zip"):
            call()
    with pytest.raises((ValueError, IndexError)):
        two * one
    with pytest.raises(ValueError, match="zip"):
        first * Jet.parameters([Q(1)], order=1)[0]


def test_map_of_a_value_that_is_zero():
    jet = Jet.parameters([np.array([0.0, 2.0])])[0].map(lambda v: 3 * v)
    assert jet.first[0].tolist() == [3, 3] and jet.second[0][0].tolist() == [0, 0]


@pytest.mark.parametrize("kind", [SignLog.of, Interval.of, DoubleDouble.of])
def test_numbers_of_every_type_on_the_left(kind):
    x = Jet.parameters([kind(np.array([0.5, 3.0]))])[0]
    c = kind(np.array([2.0, 2.0]))
    for jet, value, slope in (
        (c - x, [1.5, -1.0], -1),
        (c + x, [2.5, 5.0], 1),
        (c * x, [1.0, 6.0], 2),
    ):
        assert isinstance(jet, Jet)
        for got, want in ((jet.value, value), (jet.first[0] + 0 * c, [slope] * 2)):
            if isinstance(got, Interval):
                assert got.contains(want).all()
            else:
                np.testing.assert_allclose(
                    got.hi if isinstance(got, DoubleDouble) else got.to_float(), want
                )


def rate(x, y):
    """x^3 / y - 2 / (x y^2) + y^-2, with quotients both ways and powers of both signs."""
    return x**3 / y - 2 / (x * y**2) + y**-2 + x**0 + x**1


@given(rational.filter(bool), rational.filter(bool))
def test_quotients_and_powers_are_those_of_calculus(x, y):
    jet = rate(*Jet.parameters([x, y]))
    xx = 6 * x / y - 4 / (x**3 * y**2)
    xy = -3 * x**2 / y**2 - 4 / (x**2 * y**3)
    yy = 2 * x**3 / y**3 - 12 / (x * y**4) + 6 / y**4
    assert jet.value == rate(x, y)
    assert jet.first == (
        3 * x**2 / y + 2 / (x**2 * y**2) + 1,
        -(x**3) / y**2 + 4 / (x * y**3) - 2 / y**3,
    )
    assert jet.second == ((xx, xy), (xy, yy))
    assert rate(*Jet.parameters([x, y], order=1)).first == jet.first


def test_powers_at_zero_have_their_derivatives():
    x = Jet.parameters([Q(0)])[0]
    found = [((x**n).value, (x**n).first[0], (x**n).second[0][0]) for n in range(4)]
    assert found == [(1, 0, 0), (0, 1, 0), (0, 0, 2), (0, 0, 0)]
    with pytest.raises(ZeroDivisionError):
        x**-1
    with pytest.raises(ValueError, match=r"exponent = 0\.5 must be a whole number"):
        x**0.5


def test_nested_jets_give_second_derivatives():
    x = Q(3, 2)
    inner = Jet(x, (Q(1),), ())
    nested = 1 / Jet(inner, (Q(1),), ()) ** 2
    assert nested.first[0].first[0] == 6 / x**4
