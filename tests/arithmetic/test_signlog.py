"""SignLog against exact Fractions; the error of a log is a few eps of the largest log or 1, times
the condition.
"""

import math
import operator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.signlog import LARGEST, SMALLEST as TINY, SignLog, integer_parts

EPS = 2.0**-52
small = st.fractions(min_value=-4, max_value=4, max_denominator=50)
wide = st.builds(lambda f, k: f * Fraction(10) ** k, small, st.integers(-400, 400))
near_one = st.builds(lambda n, k: 1 + Fraction(n, 10**k), st.integers(-9, 9), st.integers(1, 40))
numbers = small | wide | near_one


def reference(x):
    """log|x| to fifty digits."""
    with mpmath.workdps(400):
        return mpmath.log(abs(mpmath.mpf(x.numerator) / x.denominator))


def close(value, exact, tolerance):
    """value is exact up to an absolute error of its log."""
    assert value.shape == () and value.sign == np.sign(exact)
    return exact == 0 or abs(value.log - reference(exact)) <= tolerance


@given(numbers)
def test_of_fraction_is_accurate_relative_to_the_log(x):
    assert close(SignLog.of(x), x, 3 * EPS * abs(reference(x)) if x not in (0, 1, -1) else 0)


@given(numbers, numbers)
def test_arithmetic(a, b):
    x, y = SignLog.of(a), SignLog.of(b)
    size = 4 * EPS * max([1, *(abs(reference(v)) for v in (a, b) if v)])
    assert close(x * y, a * b, size) and close(-x, -a, size) and close(abs(x), abs(a), size)
    if b:
        assert close(x / y, a / b, size) and close(Fraction(a) / y, a / b, size)
    for value, exact in (
        (x + y, a + b),
        (x - y, a - b),
        (x - b, a - b),
        (a + y, a + b),
        (a - y, a - b),
    ):
        condition = (abs(a) + abs(b)) / abs(exact) if exact else 0
        assert condition * size > 0.1 or close(value, exact, size * float(max(condition, 1)))
    assert x - x == 0 and (x - x).log == -np.inf


@given(numbers, st.integers(-60, 60))
def test_powers(a, n):
    x = SignLog.of(a)
    if a == 0 and n < 0:
        with pytest.raises(ZeroDivisionError):
            x**n
    else:
        size = 4 * EPS * abs(n * reference(a)) if a else 0
        assert close(x ** np.int64(n), a**n, size) and close(x ** np.array(n), a**n, size)


@given(st.lists(numbers, max_size=8))
def test_sum_and_dot(values):
    x, exact, size = SignLog.of(values), sum(values), sum(map(abs, values))
    logs = max([1, *(abs(reference(v)) for v in values if v)])
    # an absolute error of eps (number of terms + |log|) of the sum of magnitudes
    tolerance = EPS * (len(values) + 4 * logs) * (float(size / abs(exact)) if exact else 0)
    if exact and tolerance < 0.1:
        assert close(x.sum(), exact, 2 * tolerance) and close(
            x.dot(np.ones(len(values))), exact, 2 * tolerance
        )
    if not size:
        assert x.sum() == 0


@given(numbers, numbers)
def test_order(a, b):
    x, y = SignLog.of(a), SignLog.of(b)
    assert (x == y) == (x.sign == y.sign and x.log == y.log) and (x != y) != (x == y)
    if a == b or x != y:
        assert [x < y, x <= y, x > y, x >= y, x == y] == [a < b, a <= b, a > b, a >= b, a == b]
        assert [a < y, a >= y] == [a < b, a >= b]


@given(
    st.floats(min_value=2.2250738585072014e-308, max_value=np.finfo(float).max),
    st.sampled_from([-1, 1]),
)
def test_float_round_trip(size, sign):
    # the absolute error of a log near 709 is 709 * 2^-53
    assert SignLog.of(sign * size).to_float() == pytest.approx(sign * size, rel=3e-13, abs=0)
    assert float(SignLog.of([sign * size])) == SignLog.of(sign * size).to_float()


def test_far_beyond_float64():
    x = SignLog.of(Fraction(9, 10)) ** (2 * 10**9)
    assert x.log == pytest.approx(2e9 * math.log(0.9), rel=4 * EPS, abs=0)
    assert (x + 10**400 - 10**400 == 0) and (x / x).to_float() == 1
    assert SignLog.of(mpmath.mpf("-1e-1000000000")).log10_abs == pytest.approx(
        -1e9, rel=4 * EPS, abs=0
    )
    assert SignLog.of(10**5000).log10_abs == pytest.approx(5000, rel=4 * EPS, abs=0)
    with mpmath.workdps(60):
        assert SignLog.of(1 + mpmath.mpf(10) ** -40).log == pytest.approx(1e-40, rel=4 * EPS, abs=0)


def test_operands_on_either_side_and_containers():
    x = SignLog.of([[1.5, -2], [0, Fraction(1, 3)]])
    values = np.array([[1.5, -2], [0, 1 / 3]])
    for other in (
        np.float64(2),
        np.int64(2),
        2,
        Fraction(2),
        mpmath.mpf(2),
        np.full((2, 2), 2.0),
        [[2, 2], [2, 2]],
    ):
        for got, wanted in (
            (other + x, 2 + values),
            (other - x, 2 - values),
            (other * x, 2 * values),
            (x / other, values / 2),
            (x - other, values - 2),
            (other / (x - 9), 2 / (values - 9)),
        ):
            np.testing.assert_allclose(got.to_float(), wanted, rtol=20 * EPS)
        assert ((x < other) == (values < 2)).all() and ((other <= x) == (2 <= values)).all()
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 2), 2, 4, 2) and x.reshape(
        4, 1
    ).ravel().shape == (4,)
    assert [row.shape for row in x] == [(2,), (2,)] and x[0, 1] == -2 and x[:, 0].shape == (2,)
    np.testing.assert_allclose(x.sum(axis=0).to_float(), values.sum(axis=0), rtol=20 * EPS)
    np.testing.assert_allclose(x.sum(axis=(0, 1)).to_float(), values.sum(), rtol=20 * EPS)
    assert SignLog.of([]).sum() == 0 and SignLog.of(np.zeros((2, 0))).sum(axis=1).shape == (2,)
    assert (x ** np.array([[2, 3], [0, 1]])).to_float()[0, 1] == pytest.approx(-8) and SignLog.of(
        0
    ) ** 0 == 1
    assert (x is not None and x != None) and not SignLog.of(0) and SignLog.of(x) is x  # noqa: E711
    with pytest.raises(ValueError):
        x.sign[0] = 1


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: SignLog.of(math.nan), ValueError, "nan"),
        (lambda: SignLog.of([1, math.inf]), ValueError, "inf"),
        (lambda: SignLog.of(mpmath.inf), ValueError, "inf"),
        (lambda: SignLog.of("a"), ValueError, "'a'"),
        (lambda: SignLog.of([Fraction(1), None]), ValueError, "None"),
        (lambda: SignLog.of(1j), ValueError, "1j"),
        (lambda: SignLog.of(Interval.of([1, 2])), ValueError, "Interval"),
        (lambda: SignLog.of([1, 0]) / [1, 0], ZeroDivisionError, "zero"),
        (lambda: 1 / SignLog.of(0), ZeroDivisionError, "zero"),
        (lambda: SignLog.of(0) ** -1, ZeroDivisionError, "zero"),
        (lambda: SignLog.of(2) ** 0.5, ValueError, "0.5"),
        (lambda: SignLog.of(20) ** 10**308, OverflowError, "exponent"),
        (lambda: SignLog.of(0.01) ** 10**308, OverflowError, "log"),
        (lambda: (SignLog.of(-10) ** 401).to_float(), OverflowError, "-10**401.0 does not fit"),
        (lambda: SignLog.of([1, Fraction(1, 10**309)]).to_float(), OverflowError, "10**-309.0"),
        (lambda: float(SignLog.of([1, 2])), TypeError, "to_float"),
        (lambda: bool(SignLog.of([1, 2])), ValueError, "sign"),
        (lambda: SignLog.of(1) + "a", TypeError, "str"),
        (lambda: SignLog.of(1) + math.nan, ValueError, "nan"),
        (lambda: SignLog(1, -np.inf), OverflowError, "log"),
        (lambda: SignLog(0, 1), ValueError, "SignLog.of"),
        (lambda: SignLog(2, 0), ValueError, "SignLog.of"),
        (lambda: hash(SignLog.of(1)), TypeError, "unhashable"),
    ],
)
def test_errors_are_one_line_and_name_the_remedy(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "x, text",
    [
        (-3.1e-280, "SignLog(-3.1e-280)"),
        (0, "SignLog(0)"),
        (Fraction(-1, 10**1505), "SignLog(-10**-1505.0)"),
        (10**812, "SignLog(10**812.0)"),
        ([1.5, -(10**812), 0], "SignLog([1.5, -10**812.0, 0])"),
        ([[1, 2], [3, 4]], "SignLog([[1, 2], [3, 4]])"),
        (np.ones(9), "SignLog([1, 1, 1, ..., 1, 1, 1])"),
    ],
)
def test_repr(x, text):
    assert repr(SignLog.of(x)) == text


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "lt"])
def test_foreign_types_are_refused_on_either_side(name):
    for pair in ((SignLog.of(1), "x"), ("x", SignLog.of(1))):
        with pytest.raises(TypeError):
            getattr(operator, name)(*pair)


def test_a_sum_and_a_product_keep_the_digits_of_a_log_near_zero():
    assert (SignLog.of(1) - SignLog.of(1e-20)).log == pytest.approx(-1e-20, rel=4 * EPS, abs=0)
    assert (SignLog.of(1) + SignLog.of(1e-20)).log == pytest.approx(1e-20, rel=4 * EPS, abs=0)


def test_each_sum_along_an_axis_has_its_own_scale():
    x = SignLog([[1, 1, 0], [1, -1, 1]], [[-3000.0, -3000.0, -np.inf], [3000.0, 2999.0, -3000.0]])
    along = x.sum(axis=1)
    assert along.sign.tolist() == [1, 1]
    np.testing.assert_allclose(
        along.log, [-3000 + math.log(2), 3000 + math.log1p(-math.exp(-1))], rtol=4 * EPS
    )
    one = SignLog.of(np.ones((1, 3)))
    assert one.sum(axis=1).shape == (1,) and one.sum(axis=0).shape == (3,) and one.sum().shape == ()


def test_ends_of_float64_make_the_round_trip_and_nothing_beyond_does():
    edge = np.log([TINY, LARGEST])
    for sign in (-1, 1):
        # the log of an end is rounded by up to 6e-14
        assert SignLog(sign, edge[1] + 1e-13).to_float() == sign * LARGEST
        assert SignLog(sign, edge[0] - 1e-13).to_float() == sign * TINY
        for log in (edge[1] + 1e-9, edge[0] - 1e-9):
            with pytest.raises(OverflowError, match="does not fit"):
                SignLog(sign, log).to_float()
    assert type(SignLog.of(2).to_float()) is float and SignLog.of([0, 2]).to_float().tolist() == [
        0.0,
        2.0,
    ]


def test_a_log_that_overflows_is_an_error_whichever_operation_made_it():
    big, small = SignLog(1, 1e308), SignLog(1, -1e308)
    for call in (
        lambda: big * big,
        lambda: small * small,
        lambda: big / small,
        lambda: big**2,
        lambda: small**-2,
    ):
        with pytest.raises(OverflowError, match="log"):
            call()
    assert big / big == 1 and (big * small).log == 0


def test_fields_are_float_arrays_that_nobody_can_change():
    x = SignLog([1, -1], [0, 2])
    assert x.sign.dtype == x.log.dtype == float and (SignLog(1, 0) ** 2).log.dtype == float
    for part in (x.sign, x.log):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 1


def test_numpy_scalars_as_entries_and_truth():
    x = SignLog.of(np.array([np.int64(3), np.float32(0.5), Fraction(-1, 3)], dtype=object))
    np.testing.assert_allclose(x.to_float(), [3, 0.5, -1 / 3], rtol=4 * EPS)
    for entry in (np.int64(3), np.int8(-3), np.float32(0.5), np.float64(0.5), -7, mpmath.mpf(-2.5)):
        top, bottom, exponent = integer_parts(entry)
        assert Fraction(top, bottom) * Fraction(2) ** exponent == Fraction(float(entry))
        assert all(type(part) is int for part in (top, bottom, exponent))
    assert (
        bool(SignLog.of(2)) is True
        and bool(SignLog.of([-3])) is True
        and bool(SignLog.of(0)) is False
    )


def test_logs_of_zero_and_of_neighbours_of_one_of_unequal_length():
    assert (
        SignLog.of(mpmath.mpf(0)) == 0
        and SignLog.of(np.array([mpmath.mpf(0)], dtype=object)).log[0] == -np.inf
    )
    for top, bottom in ((2**200, 2**200 - 1), (2**200 - 1, 2**200)):
        want = (top - bottom) * 2.0**-200
        assert SignLog.of(Fraction(top, bottom)).log == pytest.approx(want, rel=4 * EPS, abs=0)
        with mpmath.workprec(300):  # the power of two of an mpf stands apart
            assert SignLog.of(mpmath.mpf(2**200 - 1) / 2**200).log == pytest.approx(
                -(2.0**-200), rel=4 * EPS, abs=0
            )


@given(st.floats(0.25, 4).filter(lambda x: x != 1))
def test_an_mpf_has_the_log_of_the_float_it_equals(x):
    tolerance = 3 * EPS * abs(reference(Fraction(x)))
    for same in (x, mpmath.mpf(x), mpmath.mpf(x) * 2**600 / 2**600, Fraction(x)):
        assert abs(SignLog.of(same).log - reference(Fraction(x))) <= tolerance


@pytest.mark.parametrize(
    "other", [1.5, Fraction(3, 2), mpmath.mpf(1.5), np.array(1.5), SignLog.of(1.5)]
)
def test_every_comparison_with_a_number_on_either_side(other):
    for x in (1, Fraction(3, 2), 2, -2, 0):
        value = SignLog.of(x)
        assert [value < other, value <= other, value > other, value >= other] == [
            x < 1.5,
            x <= 1.5,
            x > 1.5,
            x >= 1.5,
        ]
        assert [other > value, other >= value, other < value, other <= value] == [
            x < 1.5,
            x <= 1.5,
            x > 1.5,
            x >= 1.5,
        ]
        assert (value == other) == (other == value) == (x == 1.5) and (value != other) == (
            other != value
        ) == (x != 1.5)
    assert not SignLog.of(1) == "x" and SignLog.of(1) != "x"
    for name in ("lt", "le", "gt", "ge"):
        with pytest.raises(TypeError):
            getattr(operator, name)(SignLog.of(1), "x")


def test_sign_and_log_broadcast():
    for x in (
        SignLog(1.0, [0.0, 1.0]),
        SignLog([1.0, 1.0], [0.0, 1.0]),
        SignLog([[1.0], [-1.0]], [0.0, 1.0])[0],
    ):
        assert x.shape == (2,) and x.sign.tolist() == [1, 1] and x.log.tolist() == [0, 1]
    with pytest.raises(ValueError, match="shape|broadcast"):
        SignLog([1.0, 1.0, 1.0], [0.0, 1.0])


def test_numbers_are_read_before_any_rounding():
    tiny, huge = np.longdouble("1e-4000"), np.longdouble("1e4000")
    assert SignLog.of(tiny).log == pytest.approx(-4000 * np.log(10)) and SignLog.of(huge).sign == 1
    assert SignLog.of([10**400, 0.5]).log[0] == pytest.approx(400 * np.log(10))
    assert SignLog.of([Fraction(-1, 10**400), 1]).sign.tolist() == [-1, 1]
    near = SignLog.of([Fraction(10**30 + 1, 10**30), 1.0])  # one above 1 by less than rounding
    assert near.log[0] == pytest.approx(1e-30, rel=1e-12) and near.log[1] == 0
    assert (SignLog.of([1.0, 1.0]) * [10**400, 0.5]).log10_abs[0] == pytest.approx(400)


@pytest.mark.parametrize(
    "bad",
    [
        True,
        np.array([True]),
        [True, 1.0],
        ["1"],
        np.array(["1"]),
        np.array([1j]),
        np.ma.array([1.0], mask=[True]),
        [[1, 2], [3]],
        [None],
        float("nan"),
        np.array([np.inf]),
    ],
    ids=str,
)
def test_what_only_looks_like_a_number_is_refused(bad):
    x = SignLog.of([1.0, 2.0])
    for call in (
        SignLog.of,
        lambda b: x + b,
        lambda b: x * b,
        lambda b: x / b,
        lambda b: x < b,
        lambda b: b - x,
        lambda b: SignLog(b, 0.0),
        lambda b: x**b,
    ):
        with pytest.raises(ValueError) as caught:
            call(bad)
        assert "\n" not in str(caught.value)


def test_exponents_and_axes():
    x = SignLog.of([2.0, 3.0])
    assert (x ** [2, 3]).to_float() == pytest.approx([4.0, 27.0])
    with pytest.raises(OverflowError, match="exponent = an integer of about 400 digits"):
        x**10**400
    for axis in (1, -2, True, 0.0, "0", (2,)):
        with pytest.raises(
            ValueError, match="^axis = .* must be None or a whole number from -1 to 0"
        ):
            x.sum(axis=axis)
