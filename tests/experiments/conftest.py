"""What the tests of figures share: a file of them is named after its experiment."""

from functools import cache

import pytest

from experiments.shared.places import PROJECT
from quadmeta.harness import compute, to_csv


@pytest.fixture(scope="session")
def smoke(shared):
    """The table of an experiment's smoke settings, as the bytes of its file."""

    @cache
    def table(name):
        module = PROJECT.load(name)
        text = shared(name, lambda folder: to_csv(compute(module, module.SMOKE)).decode())
        return text.encode()

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
