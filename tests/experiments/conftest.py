"""What the tests of figures share: a file of them is named after its experiment."""

import fcntl
import os
from functools import cache

import pytest

from experiments.shared.places import PROJECT
from quadmeta.harness import compute, to_csv


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    """The table of an experiment's smoke settings, as the bytes of its file.

    It is computed once a session, by the test process that asks first.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    @cache
    def table(name):
        path = folder / f"{name}.csv"
        with open(folder / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                module = PROJECT.load(name)
                path.write_bytes(to_csv(compute(module, module.SMOKE)))
        return path.read_bytes()

    return table


@pytest.fixture(scope="module")
def name(request):
    """The experiment that a file ``test_NAME.py`` is about."""
    return request.path.stem.removeprefix("test_")


@pytest.fixture(scope="module")
def figure(name):
    """The module of the experiment."""
    return PROJECT.load(name)


@pytest.fixture(scope="module")
def table(name, smoke):
    """The table of its smoke settings, as the bytes of its file."""
    return smoke(name)
