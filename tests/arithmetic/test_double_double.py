"""Double-double numbers: every operation within a few 2^-104, exact where it says so, on either
side of floats.
"""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.arithmetic.double_double import DoubleDouble

UNIT = Q(1, 2**104)
part = st.integers(-(2**53), 2**53)
pairs = st.builds(
    lambda high, low, k: (float(high) * 2.0**k, float(low) * 2.0 ** (k - 55)),
    part,
    part,
    st.integers(-60, 60),
)


def made(pair):
    """hi + lo as one normalised number."""
    return DoubleDouble.of(pair[0]) + pair[1]


def exact(x):
    return Q(float(x.hi)) + Q(float(x.lo))


def close(got, want, size):
    """The value within four units of ``size``, and its low part at most half an ulp of the high
    one.
    """
    return abs(exact(got) - want) <= 4 * UNIT * size and abs(got.lo) <= np.spacing(abs(got.hi)) / 2


@given(pairs, pairs)
def test_sums_and_products(a, b):
    x, y = made(a), made(b)
    X, Y = exact(x), exact(y)
    assert X == Q(a[0]) + Q(a[1])
    assert (
        close(x + y, X + Y, abs(X + Y))
        and close(x - y, X - Y, abs(X - Y))
        and close(x * y, X * Y, abs(X * Y))
    )
    assert exact(-x) == -X and exact(x - x) == 0


@given(pairs, part, st.integers(-100, 0))
def test_what_is_left_after_the_high_parts_cancel(a, low, k):
    x, y = made(a), made((a[0], float(low) * 2.0 ** (k - 60)))
    X, Y = exact(x), exact(y)
    assert close(x - y, X - Y, abs(X - Y))


@given(pairs, st.floats(-1e20, 1e20).filter(lambda c: c == 0 or abs(c) > 1e-20))
def test_with_floats_on_either_side(a, c):
    x = made(a)
    X, C = exact(x), Q(c)
    for scalar in (c, np.array(c), np.float64(c)):
        for got, want in (
            (x + scalar, X + C),
            (scalar + x, X + C),
            (x - scalar, X - C),
            (scalar - x, C - X),
        ):
            assert close(got, want, abs(X) + abs(C))
        assert close(x * scalar, X * C, abs(X * C)) and close(scalar * x, X * C, abs(X * C))


def test_arrays_and_powers_of_two():
    x = DoubleDouble.of(np.array([[1.0, 2.0], [3.0, -4.0]])) + np.array([2.0**-70, -(2.0**-80)])
    y = x.ldexp(np.array([3, -200]))
    assert (
        x.hi.shape == x.lo.shape == y.hi.shape == (2, 2)
        and x.lo.tolist() == [[2.0**-70, -(2.0**-80)]] * 2
    )
    np.testing.assert_array_equal(y.hi, x.hi * np.array([8, 2.0**-200]))
    np.testing.assert_array_equal(y.lo, x.lo * np.array([8, 2.0**-200]))
    assert DoubleDouble.of([1, 2]).hi.dtype == float and not DoubleDouble.of([1, 2]).lo.any()


@pytest.mark.parametrize(
    "call", [lambda x: x + "1", lambda x: x * "1", lambda x: "1" + x, lambda x: [1] * x]
)
def test_other_types_are_refused(call):
    with pytest.raises(TypeError):
        call(DoubleDouble.of(1.0))


def test_known_false_in_float64():
    x = DoubleDouble.of(1.0) + 2.0**-90
    assert exact(x * x) - 1 == pytest.approx(2.0**-89) and (1 + 2.0**-90) ** 2 == 1


@given(st.lists(pairs, min_size=1, max_size=9))
def test_sum_along_the_last_axis(parts):
    numbers = [made(pair) for pair in parts]
    high, low = (np.array([[*part, 0.0]]) for part in zip(*((x.hi, x.lo) for x in numbers)))
    total = DoubleDouble(high, low).sum()
    want, size = sum(map(exact, numbers)), sum(abs(exact(x)) for x in numbers)
    assert (
        total.hi.shape == (1,)
        and abs(Q(float(total.hi[0])) + Q(float(total.lo[0])) - want) <= 16 * UNIT * size
    )


@pytest.mark.parametrize(
    "x", [2**53 + 1, np.uint64(2**64 - 1), Q(2**60 + 1, 2**7), np.longdouble(1) / 3]
)
def test_longer_numbers_are_split(x):
    want = Q(*x.item().as_integer_ratio()) if isinstance(x, np.generic) else Q(x)
    one = DoubleDouble.of(1.0)
    assert (
        exact(DoubleDouble.of(x)) == want and exact(one * x) == want and exact(one + x) == want + 1
    )
