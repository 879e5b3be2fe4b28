"""Numbers by doubling the precision."""

import mpmath
import pytest
from mpmath import mpf

from quadmeta.arithmetic.doubling import settled


def lost(digits):
    """1 + 1/3 10^-digits - 1, which loses as many digits."""
    return (mpf(1) + mpf(1) / 3 / mpf(10) ** digits) - 1


@pytest.mark.parametrize("digits, needed", [(5, 60), (20, 120), (50, 240), (200, 480)])
def test_a_number_has_all_digits_of_float64(digits, needed):
    (found,), spent = settled(lambda: [lost(digits)])
    assert found == pytest.approx(float(mpf(1) / 3 / mpf(10) ** digits), rel=1e-15, abs=0)
    assert spent <= needed


def test_rounding_about_0_is_0_and_a_small_number_is_not():
    (zero, small), _ = settled(lambda: [mpmath.sqrt(2) ** 2 - 2, lost(40)])
    assert zero == 0.0
    assert small == pytest.approx(1e-40 / 3, rel=1e-15, abs=0)
    exact = settled(lambda: [mpf(1) / 3 - mpf(1) / 3])
    assert exact[0][0] == 0.0
    assert exact[1] == 240


def test_zeros_that_are_rounded_differently_settle_together():
    # exact at some precisions and not at others
    zeros = [lambda: mpf(1) / 3 * 3 - 1, lambda: mpf(1) / 10 * 3 - mpf(3) / 10]
    zeros += [lambda: mpf(1) / k * k - 1 for k in (7, 49, 103)]
    zeros += [lambda: mpmath.sqrt(k) ** 2 - k for k in (2, 3, 5, 7, 11)]
    found, digits = settled(lambda: [zero() for zero in zeros])
    assert (found == 0).all()
    assert digits <= 480


def test_what_never_settles_is_refused():
    with pytest.raises(ArithmeticError, match="960 digits are not enough"):
        settled(lambda: [mpf(10) ** mpmath.mp.dps])
    with pytest.raises(OverflowError, match="exceeds float64"):
        settled(lambda: [mpf(10) ** 400])
