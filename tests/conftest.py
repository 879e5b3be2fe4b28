"""Profiles of the property tests, and global state that no test may leave changed."""

import os

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from tests.shipping import installed_wheel, unpacked_sdist

threadpool_limits(1)  # the matrices are small, and every core has a test of its own
slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", deadline=None, max_examples=50, print_blob=True, suppress_health_check=slow
)
settings.register_profile(
    "user", deadline=None, max_examples=50, derandomize=True, suppress_health_check=slow
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "user"))


@pytest.fixture(autouse=True)
def unchanged_state():
    """Precision and floating-point error handling are the same after each test."""
    before = mpmath.mp.prec, np.geterr()
    yield
    assert (mpmath.mp.prec, np.geterr()) == before


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    """The source distribution of this checkout, unpacked."""
    return unpacked_sdist(tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(sdist, tmp_path_factory):
    """The folder into which the wheel is installed, without what it depends on."""
    return installed_wheel(sdist, tmp_path_factory.mktemp("wheel"))
