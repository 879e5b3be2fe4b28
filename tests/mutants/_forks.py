"""Tests in a fork of this process: what all of them import is loaded once, before the forks."""

import itertools
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ["HYPOTHESIS_PROFILE"] = "mutants"

import hypothesis  # noqa: E402
import mpmath  # noqa: E402,F401
import numpy  # noqa: E402,F401
import pytest  # noqa: E402
import scipy.optimize  # noqa: E402,F401
from _store import CACHE, claim_keys, fingerprint, key_of  # noqa: E402
from coverage import Coverage  # noqa: E402

# as the profile of a user in tests/conftest.py, with fewer examples and without the search for the
# smallest failure
hypothesis.settings.register_profile(
    "mutants",
    deadline=None,
    max_examples=20,
    derandomize=True,
    report_multiple_bugs=False,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)

MEMORY = 4 << 30
FEWER = {"CASES": 3000}  # constants of test files that set how many cases they draw


class Plugin:
    """In a fork: the chosen tests in the best order, the coverage of each, its time, and what
    failed.
    """

    def __init__(self, keep, order=None, coverage=None):
        self.keep, self.order, self.coverage = keep, order, coverage
        self.collected, self.failed, self.seconds = [], None, {}

    def pytest_collection_modifyitems(self, items):
        for item, (name, value) in itertools.product(items, FEWER.items()):
            if hasattr(item.module, name):
                setattr(item.module, name, value)
        self.collected = [item.nodeid for item in items]
        items[:] = [item for item in items if self.keep(item.nodeid)]
        if self.order:
            items.sort(key=lambda item: self.order.get(item.nodeid, ()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        if self.coverage:
            self.coverage.switch_context(item.nodeid)
        start = time.process_time()
        done = yield
        self.seconds[item.nodeid] = time.process_time() - start
        return done

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = report.nodeid


def in_package(tree, file):
    """The name of the module of a file, such as "claims/talk2021/root_bounds"."""
    return Path(file).relative_to(tree / "quadmeta").with_suffix("").as_posix()


def in_fork(work, cpu_seconds):
    """What work() returns in a fork that has this processor time, or None if it does not end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(8 * cpu_seconds)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1), os.dup2(silence, 2)
        try:
            with os.fdopen(write, "w") as pipe:
                json.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def pytest_run(tree, tests, plugin):
    """Exit code of pytest on files of a tree, in this process."""
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    without = (
        f"-pno:{name}"
        for name in ("cacheprovider", "xdist", "cov", "unraisableexception", "threadexception")
    )
    return int(
        pytest.main(
            ["-q", "-x", "-m", "not slow", "--assert=plain", *without, *tests], plugins=[plugin]
        )
    )


def baseline(tree, module, tests):
    """Seconds of each test, and by file of the family the tests that reach each line, of the
    unchanged tree.

    For a claim and for the engine, tests that name another claim are left out, and for a claim
    those of the ledger that do not name it.
    """
    family = module.partition("/")[0]
    name = key_of(module)
    key = fingerprint([tree / "quadmeta" / family, *(tree / place for place in tests)])
    store = CACHE / f"baseline.{name or family}.{key}.json"
    if store.exists():
        return json.loads(store.read_text(encoding="utf-8")) | {"name": store.name}

    def work():
        coverage = Coverage(
            data_file=None, include=[str(tree / "quadmeta" / family / "*")], config_file=False
        )
        # a test that names another claim says nothing about this one, and little about the engine
        narrow = name or family == "verification"
        other = [key for key in claim_keys(tree) if key != name] if narrow else []
        other += ["test_ledger.py"] if name else []
        plugin = Plugin(
            lambda test: bool(name and name in test) or not any(text in test for text in other),
            coverage=coverage,
        )
        coverage.start()
        code = pytest_run(tree, tests, plugin)
        coverage.stop()
        data = coverage.get_data()
        return {
            "failed": plugin.failed or code,
            "collected": plugin.collected,
            "seconds": plugin.seconds,
            "lines": {
                in_package(tree, file): data.contexts_by_lineno(file)
                for file in data.measured_files()
            },
        }

    found = in_fork(work, 3600)
    if found and not found["failed"]:
        CACHE.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps(found), encoding="utf-8")
    return found and found | {"name": store.name}


def verdict(tree, module, code, order, others):
    """[killed, survived or timeout, the test that failed] of a mutant against tests in the order
    {test: key}.

    A test with the parameters of the mutant is new: it is neither among these nor among the
    others, and comes first.
    """

    def work():
        sys.dont_write_bytecode = True
        (tree / "quadmeta" / f"{module}.py").write_text(code, encoding="utf-8")
        plugin = Plugin(lambda test: test not in others, order)
        failed = pytest_run(tree, sorted({test.partition("::")[0] for test in order}), plugin)
        return ["killed" if failed else "survived", plugin.failed]

    return in_fork(work, int(6 + 2 * sum(key[-1] for key in order.values()))) or ["timeout", None]
