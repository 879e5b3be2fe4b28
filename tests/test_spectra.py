"""Profiles have exact ends, are sorted, and refuse impossible requests."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quadmeta import spectra

PROFILES = (spectra.linear, spectra.geometric, spectra.power_law, spectra.two_clusters, spectra.chebyshev)


@pytest.mark.parametrize("profile", PROFILES)
@given(st.floats(1e-6, 1e3), st.floats(1, 1e6), st.integers(2, 40))
def test_profiles_have_exact_ends(profile, mu, kappa, d):
    lam = profile(mu=mu, L=mu * kappa, d=d)
    assert len(lam) == d and lam[0] == mu and lam[-1] == mu * kappa and (np.diff(lam) >= 0).all()


@pytest.mark.parametrize("profile", PROFILES)
def test_impossible_profiles_are_refused(profile):
    for arguments, message in (((0.0, 1.0, 3), "0 < mu"), ((2.0, 1.0, 3), "0 < mu"), ((1.0, 2.0, 1), "d = 1"),
                               ((1.0, 2.0, 0), "d = 0"), ((np.nan, 1.0, 2), "mu"), ((1.0, 2.0, 2.5), "d = 2.5")):
        with pytest.raises(ValueError, match=message):
            profile(*arguments)


def test_rotation_is_orthogonal():
    Q = spectra.rotation(7, np.random.default_rng(0))
    np.testing.assert_allclose(Q @ Q.T, np.eye(7), atol=1e-14)
