"""Profiles of the property tests, and global state that no test may leave changed."""

import gc
import os
import pickle
from base64 import b64decode, b64encode
from functools import partial
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

import quadmeta as qm
from quadmeta.verification.decide import decide
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

# what is imported and collected lives as long as the process: no search for garbage in it
gc.disable()


def pytest_collection_finish(session):
    """From here on there is garbage."""
    gc.freeze()
    gc.enable()


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
def decided(shared):
    """``decided(name, form)``: the verdict of a claim as it stands, once in a run of tests.

    Not for a test that changes the claim or what it calls.
    """

    def verdict(name, form=""):
        form = form or qm.claim(name).first
        kept = shared(f"verdict.{name}.{form}", lambda folder: packed(decide(qm.claim(name), form)))
        return pickle.loads(b64decode(kept))

    return verdict


def packed(verdict):
    return b64encode(pickle.dumps(verdict)).decode()


@pytest.fixture(scope="session")
def sdist(shared):
    """The source distribution of this checkout, unpacked."""
    return Path(shared("sdist", lambda folder: str(unpacked_sdist(folder))))


@pytest.fixture(scope="session")
def wheel(shared, sdist):
    """The folder into which the wheel is installed, without what it depends on."""
    return Path(shared("wheel", lambda folder: str(installed_wheel(sdist, folder))))
