"""Profiles of the property tests, and global state that no test may leave changed."""

import gc
import os
import pickle
from base64 import b64decode, b64encode
from contextlib import suppress
from functools import partial
from importlib import import_module
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

# in a run on several processes, which one this is: "gw0", "gw1", ...
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def pytest_collection(session):
    """Every second worker process reads the tests from the last file to the first: two of them side
    by side would each rewrite the asserts of every file, where one finds what the other has kept.
    """
    config = session.config
    if WORKER[-1:] in ("1", "3", "5", "7", "9") and config.args == config.getini("testpaths"):
        for path in sorted(config.rootpath.glob("tests/**/test_*.py"), reverse=True):
            # an error is that of the collection, which follows
            with suppress(Exception, pytest.skip.Exception):
                import_module(".".join(path.relative_to(config.rootpath).with_suffix("").parts))


def pytest_collection_finish(session):
    """From here on there is garbage."""
    gc.freeze()
    gc.enable()


STATE = pytest.StashKey[tuple[int, dict[str, str]]]()


def state():
    """Precision and floating-point error handling: the same after each test as before it."""
    return mpmath.mp.prec, np.geterr()


# hooks: a fixture that every test has costs each a tenth of a millisecond
@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    item.stash[STATE] = state()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    result = yield
    assert state() == item.stash[STATE]
    return result


def pytest_runtest_protocol(item, nextitem):
    """A worker process tells of each test what it was and not of its start, its end and what
    surrounds it, unless that fails: the messages take longer than most tests.
    """
    if not WORKER:
        return None
    runner = item.config.pluginmanager.get_plugin("runner")
    for report in runner.runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """``shared(name, compute)``: the JSON value of ``compute(folder)``, once in a run of tests."""
    folder = tmp_path_factory.getbasetemp()
    if WORKER:
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
