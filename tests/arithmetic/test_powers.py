"""Powers and their sums: exact in Fraction, a few eps of the sum of magnitudes in float64 (mpmath
as reference).
"""

from fractions import Fraction
from itertools import combinations_with_replacement
from math import prod

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.powers import (
    complete_homogeneous,
    divided_difference,
    geometric_sum,
    geometric_sum_at,
    power_complement,
)
from quadmeta.arithmetic.signlog import SignLog

EPS = 2.0**-52
TINY = np.finfo(float).tiny
counts = st.integers(0, 12) | st.sampled_from([100, 1001, 99_999, 100_000])
fractions = st.fractions(min_value=-3, max_value=3, max_denominator=20)


def reference(a, b, n):
    """D_n(a, b) at the working precision."""
    a, b = mpmath.mpf(a), mpmath.mpf(b)
    return n * a ** (n - 1) if a == b else (a**n - b**n) / (a - b)


@pytest.fixture(autouse=True)
def precise():
    """Sixty digits, so that a^n - b^n keeps forty where a and b are neighbours."""
    with mpmath.workdps(60):
        yield


@st.composite
def bases(draw, n):
    """Numbers whose n-th power float64 holds, of either sign, on both sides of 1."""
    reach = min(1.0, 300 / max(n, 1))
    return draw(st.sampled_from([-1.0, 1.0])) * float(np.exp(reach * draw(st.floats(-1, 1))))


@given(st.data(), counts)
def test_divided_difference_is_accurate(data, n):
    a = data.draw(bases(n))
    b = data.draw(
        bases(n)
        | st.sampled_from([a, -a, a * (1 + EPS), -a * (1 + 1e-9), a * (1 + 1e-5), 0.0, 1.0, -1.0])
    )
    scale = reference(abs(a), abs(b), n)
    # each of log2(n) doublings adds four roundings: 4 * 17 * 2^-53 for n = 10^5, in the worst case
    assert n == 0 or abs(divided_difference(a, b, n) - reference(a, b, n)) <= 1e-14 * scale
    assert n == 0 or abs(geometric_sum(a, n) - reference(a, 1, n)) <= 1e-14 * reference(
        abs(a), 1, n
    )


@given(fractions, fractions, st.integers(0, 20))
def test_divided_difference_is_exact_in_fractions(a, b, n):
    definition = sum((a**k * b ** (n - 1 - k) for k in range(n)), Fraction(0))
    for count in (n, np.int64(n)):
        exact = divided_difference(a, b, count)
        assert exact == definition and type(exact) is Fraction
    assert geometric_sum(a, n) == sum(a**k for k in range(n))
    box, signlog = (divided_difference(kind.of(a), kind.of(b), n) for kind in (Interval, SignLog))
    assert box.contains(definition)
    size = float(sum(abs(a) ** k * abs(b) ** (n - 1 - k) for k in range(n)))
    assert abs(float(signlog) - float(definition)) <= 100 * EPS * size


def definition(values, n):
    return sum((prod(term) for term in combinations_with_replacement(values, n)), Fraction(0))


@given(st.lists(fractions, min_size=1, max_size=4), st.integers(0, 9))
def test_complete_homogeneous_is_exact_in_fractions(values, n):
    exact = complete_homogeneous(values, np.int64(n))
    assert exact == definition(values, n) and type(exact) is Fraction
    assert complete_homogeneous(values, -1) == 0
    assert complete_homogeneous([Interval.of(v) for v in values], n).contains(exact)
    size = float(definition(map(abs, values), n))
    for kind in (float, SignLog.of):
        assert (
            abs(float(complete_homogeneous([kind(v) for v in values], n)) - float(exact))
            <= 100 * EPS * size
        )


@given(fractions, fractions, st.integers(0, 300))
def test_complete_homogeneous_of_one_and_two(a, b, n):
    assert complete_homogeneous([a], n) == a**n
    assert complete_homogeneous([a, b], n) == divided_difference(a, b, n + 1)


def by_partial_fractions(values, n):
    """h_n at distinct points: sum_i x_i^(n+m-1) / prod_(j != i) (x_i - x_j)."""
    x = [mpmath.mpf(v) for v in values]
    return sum(v ** (n + len(x) - 1) / mpmath.fprod(v - w for w in x if w != v) for v in x)


@given(st.data(), st.sampled_from([1, 2, 7, 100, 1001, 99_999, 100_000]), st.integers(2, 4))
def test_complete_homogeneous_is_accurate(data, n, m):
    a = data.draw(bases(n))
    near = [a, a * (1 + 1e-9), -a * (1 + 1e-5), data.draw(bases(n))]
    values = list(dict.fromkeys(near))[:m]
    if len(set(map(abs, values))) < len(values):
        return
    # log2(n) levels of about 2m roundings each
    scale = by_partial_fractions(map(abs, values), n)
    assert (
        abs(complete_homogeneous(values, n) - by_partial_fractions(values, n))
        <= 1e-14 * m / 2 * scale
    )


@given(
    st.sampled_from([0, 1, 2, 3, 10, 11, 1000, 99_999, 100_000, 10**9]),
    st.floats(0, 1)
    | st.floats(1, 2)
    | st.floats(-30, 30).map(lambda t: 10.0 ** -abs(t) * np.sign(t))
    | st.floats(0, 16).map(lambda t: 2 - 10.0**-t)
    | st.floats(0, 16).map(lambda t: 2 + 10.0**-t)
    | st.sampled_from([0.0, 1.0, 2.0, 1e-320, -1e-320, 1 - 2.0**-53, 1e3, -1e3]),
)
def test_complement_and_sum_of_powers(n, x):
    with mpmath.workdps(400):
        power = mpmath.mpf(1 - mpmath.mpf(x)) ** n
        exact = 1 - power
        total = exact / mpmath.mpf(x) if x else mpmath.mpf(n)
    if abs(exact) > 1e308 or abs(total) > 1e308:
        return
    # the log of a large power is rounded: relative error eps |log|
    tolerance = 4 * EPS * (1 + max(0.0, float(mpmath.log(abs(power))) if power else 0.0))
    assert abs(power_complement(x, n) - exact) <= max(tolerance * abs(exact), 5e-324)
    assert abs(geometric_sum_at(x, n) - total) <= tolerance * abs(total)


def test_vectorised_and_other_types():
    x = np.array([[0.0, 1e-20], [1.0, -0.5]])
    assert power_complement(x, np.int64(3)).shape == (2, 2) and geometric_sum_at(x, 3)[0, 0] == 3
    assert isinstance(power_complement(0.5, 2), float) and isinstance(
        divided_difference(0.5, 0.5, 3), float
    )
    assert (
        divided_difference(2, 3, 200)
        == divided_difference(np.int64(2), np.int64(3), 200)
        == 3**200 - 2**200
    )
    assert divided_difference(1e308, 1.5e308, 1) == 1 == complete_homogeneous([1e308, 1.5e308], 0)
    objects = divided_difference(np.array([Fraction(1, 2), Fraction(1, 3)]), 1, 5)
    assert objects[1] == Fraction(121, 81)
    assert divided_difference([Fraction(1, 2)], 1, 2)[0] == Fraction(3, 2)
    assert type(geometric_sum(mpmath.mpf("0.5"), 10)) is mpmath.mpf
    assert complete_homogeneous([x, 1.0, x[0]], 4).shape == (2, 2)
    huge = divided_difference(SignLog.of(1.5), -1, 10**9)
    assert huge.log == pytest.approx(1e9 * np.log(1.5) - np.log(2.5), rel=1e-14)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: divided_difference(1.0, 2.0, -1), ValueError, "n = -1"),
        (lambda: geometric_sum(1, 1.5), ValueError, "n = 1.5"),
        (lambda: power_complement(0.5, True), ValueError, "True"),
        (lambda: geometric_sum_at(0.5, "3"), ValueError, "'3'"),
        (lambda: complete_homogeneous([1.0], -2), ValueError, "degree = -2"),
        (lambda: complete_homogeneous([], 2), ValueError, "empty"),
        (lambda: power_complement(np.nan, 2), ValueError, "nan"),
        (lambda: divided_difference(np.inf, 1, 2), ValueError, "a has"),
        (lambda: complete_homogeneous([1.0, np.nan], 2), ValueError, "values[1]"),
        (lambda: power_complement(-1.0, 5000), OverflowError, "SignLog"),
        (lambda: geometric_sum_at(3.0, 5000), OverflowError, "SignLog"),
        (lambda: divided_difference(2.0, -2.0, 4001), OverflowError, "SignLog"),
        (lambda: complete_homogeneous([np.full(3, 9.0), -9.0], 999), OverflowError, "SignLog"),
    ],
)
def test_errors_are_one_line(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_a_billion_steps_take_thirty_levels():
    a, b = SignLog.of(1.5), SignLog.of(-1)
    n = 10**9
    want = divided_difference(a, b, n + 1).log
    assert complete_homogeneous([a, b], n).log == pytest.approx(want, rel=1e-14)
    assert complete_homogeneous([a, b, SignLog.of(0)], n).log == pytest.approx(want, rel=1e-14)


def test_numbers_keep_their_digits_and_their_names():
    assert divided_difference([2**53 + 1, Fraction(1, 2)], 0, 2).tolist() == [
        2**53 + 1,
        Fraction(1, 2),
    ]
    assert power_complement(np.longdouble(0.5), 1) == 0.5
    for call in (
        lambda x: power_complement(x, 2),
        lambda x: geometric_sum(x, 2),
        lambda x: divided_difference(1.0, x, 2),
        lambda x: complete_homogeneous([x], 2),
    ):
        for bad in (
            True,
            [True, 1.0],
            "1",
            None,
            1j,
            float("nan"),
            mpmath.inf,
            np.ma.array([1.0], mask=[True]),
        ):
            with pytest.raises(ValueError) as caught:
                call(bad)
            assert "\n" not in str(caught.value)
    for values in (1.0, "12", None, {1}):
        with pytest.raises(ValueError, match="^values = .* must be a sequence: pass a list"):
            complete_homogeneous(values, 2)
    for call in (
        lambda: power_complement(0.5, 10**400),
        lambda: divided_difference(1.0, 10**400, 3),
    ):
        with pytest.raises(OverflowError, match="the result exceeds 1.8e308"):
            call()
