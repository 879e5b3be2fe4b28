"""Profiles of the property tests, and global state that no test may leave changed."""

import os
from functools import partial
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from tests.sharing import once
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
def shared(tmp_path_factory):
    """``shared(name, compute)``: the JSON value of ``compute(folder)``, once in a run of tests."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # above the folders of the workers
    return partial(once, folder)


@pytest.fixture(scope="session")
def sdist(shared):
    """The source distribution of this checkout, unpacked."""
    return Path(shared("sdist", lambda folder: str(unpacked_sdist(folder))))


@pytest.fixture(scope="session")
def wheel(shared, sdist):
    """The folder into which the wheel is installed, without what it depends on."""
    return Path(shared("wheel", lambda folder: str(installed_wheel(sdist, folder))))
