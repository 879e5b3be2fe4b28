"""Profiles have exact ends, are sorted, and refuse impossible requests."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.theory import spectra

PROFILES = (
    spectra.linear,
    spectra.geometric,
    spectra.power_law,
    spectra.two_clusters,
    spectra.chebyshev,
)


@pytest.mark.parametrize("profile", PROFILES)
@given(st.floats(1e-6, 1e3), st.floats(1, 1e6), st.integers(2, 40))
def test_profiles_have_exact_ends(profile, mu, kappa, d):
    lam = profile(mu=mu, L=mu * kappa, d=d)
    assert len(lam) == d and lam[0] == mu and lam[-1] == mu * kappa and (np.diff(lam) >= 0).all()


@pytest.mark.parametrize("profile", PROFILES)
def test_impossible_profiles_are_refused(profile):
    for arguments, message in (
        ((0.0, 1.0, 3), "0 < mu"),
        ((2.0, 1.0, 3), "0 < mu"),
        ((1.0, 2.0, 1), "d = 1"),
        ((1.0, 2.0, 0), "d = 0"),
        ((np.nan, 1.0, 2), "mu"),
        ((1.0, 2.0, 2.5), "d = 2.5"),
    ):
        with pytest.raises(ValueError, match=message):
            profile(*arguments)


def test_rotation_is_orthogonal():
    Q = spectra.rotation(7, np.random.default_rng(0))
    np.testing.assert_allclose(Q @ Q.T, np.eye(7), atol=1e-14)


def test_geometric_spectra_of_any_condition_number():
    assert spectra.geometric(1e-300, 1e300, 3) == pytest.approx([1e-300, 1.0, 1e300], rel=1e-13)
    for mu, L, d in ((5e-324, 1.7e308, 40), (1e-200, 1e200, 7), (1e-160, 1e150, 5)):
        lam = spectra.geometric(mu, L, d)
        with mpmath.workdps(40):
            want = [
                mpmath.mpf(mu) * (mpmath.mpf(L) / mpmath.mpf(mu)) ** (mpmath.mpf(k) / (d - 1))
                for k in range(d)
            ]
            for x, y in zip(lam.tolist(), want, strict=True):
                assert abs(x - y) <= max(4e-13 * y, mpmath.mpf(5e-324))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.filterwarnings("error")
def test_profiles_at_the_ends_of_float64(profile):
    for mu, L in ((1e-300, 1e300), (1e308, 1.7e308), (5e-324, 1e-320), (1.0, 1.0)):
        lam = profile(mu, L, 9)
        assert (
            np.isfinite(lam).all() and lam[0] == mu and lam[-1] == L and (np.diff(lam) >= 0).all()
        )
        assert profile(mu, mu, 1).tolist() == [mu]


def test_power_laws_of_any_exponent():
    for s in (1e-300, 1e-8, 0.009, 0.011, 1.0, 3.0, 700.0):
        lam = spectra.power_law(1.0, 2.0, 6, exponent=s)
        with mpmath.workdps(60):
            s = mpmath.mpf(max(s, 1e-30))
            ends = mpmath.power(6, -s)
            want = [float(1 + (mpmath.power(i, -s) - ends) / (1 - ends)) for i in range(6, 0, -1)]
        assert lam == pytest.approx(want, rel=1e-13)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: spectra.power_law(1.0, 2.0, 3, exponent=-1.0),
            "exponent = -1.0 must be a number > 0",
        ),
        (
            lambda: spectra.power_law(1.0, 2.0, 3, exponent=0.0),
            "exponent = 0.0 must be a number > 0",
        ),
        (
            lambda: spectra.two_clusters(1.0, 2.0, 3, width=-0.1),
            "width = -0.1 must be a number >= 0 and <= 1",
        ),
        (
            lambda: spectra.two_clusters(1.0, 2.0, 3, width=2.0),
            "width = 2.0 must be a number >= 0 and <= 1",
        ),
        (lambda: spectra.linear("1", 2.0, 3), "mu"),
        (lambda: spectra.linear(1.0, True, 3), "L"),
        (
            lambda: spectra.rotation(3, 0),
            "rng = 0 must be a Generator: pass for example numpy.random.default_rng",
        ),
        (
            lambda: spectra.rotation(3, np.random.Generator),
            "rng is the class Generator, it must be an instance",
        ),
        (lambda: spectra.marchenko_pastur(0.0, 3), "aspect = 0.0 must be a number > 0"),
        (lambda: spectra.marchenko_pastur(0.5, 0), "nodes = 0"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
