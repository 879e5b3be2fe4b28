"""Error-free transformations and ratios of residual factors against exact rationals."""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from quadmeta.arithmetic.residual import (
    factor,
    log_abs,
    log_ratio,
    pick,
    power_difference,
    take,
    two_product,
    two_sum,
)

number = st.floats(1e-150, 1e150)


@given(number, number, st.booleans())
# needs 26 + 26 bits
@example(float.fromhex("0x1.b49ea582233ddp+0"), float.fromhex("0x1.300377436d007p+0"), False)
def test_two_sum_and_two_product_are_error_free(x, y, negative):
    y = -y if negative else y
    s, e = two_sum(np.float64(x), np.float64(y))
    assert Q(float(s)) + Q(float(e)) == Q(x) + Q(y)
    if 1e-130 < abs(x * y) < 1e150:
        p, f = two_product(np.float64(x), np.float64(y))
        assert Q(float(p)) + Q(float(f)) == Q(x) * Q(y)


def hard_pairs():
    """(eta, lambda_i, lambda_j) with eta lambda next to 0, 1, 2 and with |a_i| next to |a_j|."""
    rng = np.random.default_rng(0)
    for x in (1e-9, 0.3, 0.5, 1.0, 1.5, 2.0, 2.5, 1e6):
        for offset in (0.0, 2**-52, -(2**-52), 1e-9, -1e-9, 1e-3):
            eta = 10 ** rng.uniform(-3, 3)
            lam = x * (1 + offset) / eta
            for other in (lam * (1 + 2**-52), lam * (1 + 1e-9), (2 - eta * lam) / eta, lam / 3):
                yield eta, lam, abs(other) or 1.0


@pytest.mark.parametrize(("eta", "lam", "other"), list(hard_pairs()))
def test_factor_log_and_ratio_keep_their_digits(eta, lam, other):
    x, r = factor(np.float64(eta), np.float64(lam)), factor(np.float64(eta), np.float64(other))
    a, b = 1 - Q(eta) * Q(float(lam)), 1 - Q(eta) * Q(float(other))
    assert abs(Q(float(x.value)) - a) <= abs(a) * Q(2, 10**16)
    with mp.workdps(60):

        def log(y):
            return mp.log(abs(mp.mpf(y.numerator) / y.denominator)) if y else mp.ninf

        if a and b:
            assert abs(log_abs(x) - log(a)) <= 4e-16 * abs(log(a))
            want = log(a / b)
            # value + tail carries a to about eps^2: the only absolute error
            assert abs(log_ratio(x, r) - want) <= 8e-16 * abs(want) + 1e-30


def test_exact_zero_has_log_minus_infinity():
    x = factor(np.float64(0.5), np.array([2.0, 4.0]))
    assert x.value.tolist() == [0.0, -1.0] and log_abs(x)[0] == -np.inf


@pytest.mark.parametrize("n", [1, 2, 3, 40, 12345, 10**6])
@pytest.mark.parametrize("x", [0.0, 1e-6, 0.3, 1.0, 1.3, 1.9999, 2.0, 2.5])
def test_power_difference_keeps_its_digits_for_any_pair(n, x):
    """Ties, near ties, mirror images, zeros and opposite signs against sixty digits."""
    rng = np.random.default_rng(n)
    eta = 10 ** rng.uniform(-2, 1)
    lam = x / eta
    others = [
        lam,
        lam * (1 + 1e-12),
        lam * (1 + 1e-4),
        max(2 - x, 0.0) / eta,
        1 / eta,
        3 * rng.random() / eta,
    ]
    for other in np.array(others, dtype=float):
        one, two = factor(np.float64(eta), np.float64(lam)), factor(np.float64(eta), other)
        got, back = power_difference(one, two, n), power_difference(two, one, n)
        with mp.workdps(60):
            a, b = (1 - mp.mpf(float(eta)) * mp.mpf(float(v)) for v in (lam, other))
            want = (a**n - b**n) / (a - b) if a != b else n * a ** (n - 1)
            assert got.sign == back.sign == mp.sign(want)
            if want:
                for value in (got, back):
                    assert abs(value.log - mp.log(abs(want))) <= 4e-15 * max(
                        1, abs(mp.log(abs(want)))
                    )


def test_entries_at_one_index_a_row():
    eta, lam = np.array([[0.1], [0.7], [1.3]]), np.array([1.0, 2.0, 3.0, 5.0])
    x, index = factor(eta, lam), np.array([[2], [0], [3]])
    assert pick(lam, index).tolist() == [[3.0], [1.0], [5.0]]
    assert pick(x.value, index).ravel().tolist() == [x.value[0, 2], x.value[1, 0], x.value[2, 3]]
    one = take(x, index)
    for part, whole in zip(one, (eta, np.broadcast_to(lam, (3, 4)), x.value, x.tail), strict=True):
        want = whole if whole.shape[1] == 1 else [[whole[0, 2]], [whole[1, 0]], [whole[2, 3]]]
        np.testing.assert_array_equal(part, want)
    deep = np.arange(24.0).reshape(2, 3, 4)
    assert pick(deep, np.full((2, 3, 1), 1)).ravel().tolist() == [1, 5, 9, 13, 17, 21]


@pytest.mark.parametrize("low, high", [(1e-6, 0.5), (0.3, 0.5), (1.5, 2.5), (0.5, 1.5), (2.5, 1e3)])
def test_log_of_a_factor_is_right_to_about_one_unit(low, high):
    rng = np.random.default_rng(0)
    eta = rng.uniform(0.5, 1, 3000)
    lam = np.exp(rng.uniform(np.log(low), np.log(high), 3000)) / eta
    got = log_abs(factor(eta, lam))
    with mp.workdps(40):
        want = [
            mp.log(abs(1 - mp.mpf(float(a)) * mp.mpf(float(b))))
            for a, b in zip(eta, lam, strict=True)
        ]
        worst = max(abs((mp.mpf(float(x)) - w) / w) for x, w in zip(got, want, strict=True))
    assert worst < 1.25 * 2.0**-52


def test_zero_factors():
    zero, half, minus = (factor(np.float64(0.5), np.float64(lam)) for lam in (2.0, 1.0, 3.0))
    assert log_ratio(zero, half) == log_ratio(zero, minus) == -np.inf
    for n in (1, 2, 3, 8):
        for x, y in ((zero, half), (half, zero)):
            assert power_difference(x, y, n).to_float() == pytest.approx(0.5 ** (n - 1), rel=1e-15)
        for x, y in ((zero, minus), (minus, zero)):
            assert power_difference(x, y, n).to_float() == pytest.approx(
                (-0.5) ** (n - 1), rel=1e-15
            )
        assert power_difference(zero, zero, n).to_float() == (n == 1)
        # a_x = -a_y: the powers cancel for even n
        assert power_difference(half, minus, n).to_float() == pytest.approx(
            0 if n % 2 == 0 else 0.5 ** (n - 1)
        )


@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_power_differences_of_a_table_are_those_of_its_entries(n):
    """Equal and opposite signs, ties and zeros in one call."""
    lam, eta = np.array([0.0, 0.5, 2.0, 2.0, 3.0, 3.0 + 1e-9, 7.0]), np.float64(0.5)
    table = power_difference(factor(eta, lam[:, None]), factor(eta, lam), n)
    for i, j in np.ndindex(7, 7):
        one = power_difference(factor(eta, lam[i]), factor(eta, lam[j]), n)
        assert table.sign[i, j] == one.sign and table.log[i, j] == pytest.approx(
            float(one.log), rel=1e-15, abs=1e-16
        )
