"""Worst errors of solves, against loops over spectra."""

import mpmath as mp
import numpy as np
import pytest

from quadmeta.theory import filters, solves


@pytest.mark.parametrize(
    "kappa, counts",
    [(10, [(5, 12), (12, 35), (23, 69)]), (100, [(15, 116), (38, 346), (73, 691)])]
    + [(10_000, [(150, 11513), (381, 34539), (726, 69078)])],
)
def test_fewest_products(kappa, counts):
    rate = (kappa - 1) / (kappa + 1)
    for error, (chebyshev, neumann) in zip((1e-1, 1e-3, 1e-6), counts, strict=True):
        assert solves.chebyshev_products(kappa, error) == chebyshev
        assert solves.neumann_products(rate, error) == neumann


@pytest.mark.parametrize("kappa", [1 + 1e-12, 1.5, 30.0, 1e9])
@pytest.mark.parametrize("products", [1, 7, 60])
def test_the_bound_at_fifty_digits(kappa, products):
    with mp.workdps(50):
        x = (mp.mpf(kappa) + 1) / (mp.mpf(kappa) - 1)
        exact = 1 / mp.cosh(products * mp.acosh(x))
    assert solves.chebyshev(kappa, products) == pytest.approx(float(exact), rel=1e-12)


def test_the_bound_is_that_of_the_filters():
    assert solves.chebyshev(9.0, 4) == pytest.approx(filters.minimax(1.0, 9.0, 4), rel=1e-14)
    assert solves.chebyshev(1.0, 3) == 0.0 and solves.chebyshev_products(1.0, 1e-9) == 1


@pytest.mark.parametrize("ends", [(0.0, 0.95), (-0.9, 0.6), (-0.5, 0.98), (-0.7, -0.2)])
@pytest.mark.parametrize("steps", [6, 41, 400])
def test_what_a_cut_run_misses(ends, steps):
    """By every power on a grid of rates: not less, and not much more."""
    a = np.linspace(*ends, 4001)
    curvature = 1 - a
    powers = np.array([a**k for k in range(steps)])
    total = 1 - a**steps
    for kept in range(1, steps, max(1, steps // 7)):
        missed = np.abs(powers[kept:].sum(axis=0) * curvature / total).max()
        bound = solves.cut_error(ends, steps, kept)
        assert missed <= bound * (1 + 1e-12) and bound <= 30 * missed + 1e-300
        if kept < solves.kept_least(ends[1]):
            with pytest.raises(ValueError, match="at least 1 / "):
                solves.cut_sum(ends[1], ends[0], steps, kept)
            continue
        apart = np.abs(powers[kept:] * curvature / total).max(axis=1).sum()
        bound = solves.cut_sum(ends[1], ends[0], steps, kept)
        assert apart <= bound * (1 + 1e-12) and bound <= 40 * apart + 1e-300


def test_the_least_kept_is_where_the_worst_mode_is_the_slowest():
    """One step fewer, and the largest lambda a^k is inside the spectrum."""
    slow = 0.99
    a = np.linspace(0, slow, 10_001)
    for kept, inside in ((solves.kept_least(slow), False), (solves.kept_least(slow) - 2, True)):
        assert (np.argmax((1 - a) * a**kept) < len(a) - 1) == inside
