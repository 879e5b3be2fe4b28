"""Results in point order whatever computes them; failures as values; a killed worker is an error, not a wait."""
import os
import signal
import sys
import time
from threading import Lock

import mpmath
import numpy as np
import pytest

from quadmeta.sweep import ClusterError, Failure, WorkerKilled, pmap, workers


def spectrum(point):
    """Something that a BLAS computes, and that takes longer for early points."""
    draws = np.random.default_rng(point["seed"]).standard_normal((8, 8))
    time.sleep(0.02 if point["seed"] < 2 else 0)
    return np.linalg.eigvalsh(draws + draws.T).tolist()


def fragile(point):
    if point % 3 == 0:
        raise ValueError(f"point {point}\nis a multiple of 3")
    return point


class Awkward(Exception):
    """An exception that does not survive pickling."""

    def __init__(self, one, two):
        super().__init__(one)


def awkward(point):
    raise Awkward(point, 2)


def deadly(point):
    if point == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return point


@pytest.mark.parametrize("where", [1, "serial", 2])
def test_results_come_in_point_order(where):
    points = [{"seed": seed} for seed in range(12)]
    landed = {}
    found = pmap(spectrum, points, where, landed.__setitem__)
    assert found == [spectrum(point) for point in points] == [landed[index] for index in range(12)]


@pytest.mark.parametrize("where", [1, 2])
def test_what_raises_travels_back_as_a_value(where):
    found = pmap(fragile, range(5), where)
    assert found == [Failure(0, "ValueError: point 0 is a multiple of 3"), 1, 2,
                     Failure(3, "ValueError: point 3 is a multiple of 3"), 4]
    assert "in fragile" in found[0].trace and "Traceback" not in repr(found[0])
    assert pmap(awkward, [1], where) == [Failure(1, "Awkward: 1")]


@pytest.mark.parametrize("where", [1, 2])
def test_no_points_and_functions_without_a_name(where):
    assert pmap(fragile, [], where) == []
    shift = 10
    assert pmap(lambda point: point + shift, iter(range(3)), where) == [10, 11, 12]


@pytest.mark.parametrize("where", [1, 2])
def test_what_the_callback_raises_ends_the_call(where):
    landed = []

    def stop(index, result):
        landed.append(index)
        if len(landed) == 2:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        pmap(lambda point: time.sleep(0.1), range(400), where, stop)
    assert len(landed) == 2 and time.monotonic() - started < 10
    assert pmap(fragile, [1, 2], where) == [1, 2]


def test_a_killed_worker_raises_at_once_and_the_next_call_works():
    landed = {}
    started = time.monotonic()
    with pytest.raises(WorkerKilled, match="a worker process was killed after .* try fewer workers") as caught:
        pmap(deadly, range(8), 2, landed.__setitem__)
    assert "\n" not in str(caught.value) and all(index == result for index, result in landed.items())
    assert time.monotonic() - started < 10
    assert pmap(deadly, range(3), 2) == [0, 1, 2]


def test_workers_have_one_blas_thread():
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    assert pmap(lambda name: os.environ[name], names, 2) == ["1", "1", "1"]


@pytest.mark.parametrize("where, message", [
    (0, "workers = 0 must be"), (-1, "workers = -1"), (1.5, "workers = 1.5"), (True, "workers = True"),
    ("many", "workers = 'many' must be \"serial\""), (None, "workers = None"),
    ("localhost:8786", "workers = 'localhost:8786'.*: pass the number of processes or tcp://HOST:PORT"),
    ("tcp://nowhere", "workers = 'tcp://nowhere'"), ("tcp:/a:1", "workers = 'tcp:/a:1'")])
def test_where_is_checked_before_anything_runs(where, message):
    with pytest.raises(ValueError, match=message):
        pmap(fragile, [1], where)
    assert workers("serial") == workers(1) == 1 and workers(np.int64(3)) == 3
    assert workers("tcp://[::1]:8786") == "tcp://[::1]:8786"


@pytest.mark.parametrize("where", [2, "tcp://127.0.0.1:1"])
def test_what_cannot_be_pickled_is_named_before_anything_runs(where):
    lock = Lock()

    def locked(point):
        return lock, point
    with pytest.raises(ValueError, match=r"fn = .*locked cannot be pickled .*lock.*: keep open files, locks"):
        pmap(locked, [1], where)
    with pytest.raises(ValueError, match=r"points\[1\] = <unlocked .* cannot be pickled"):
        pmap(fragile, [1, lock], where)


def test_a_module_of_a_class_of_its_own_travels():
    assert type(mpmath) is not type(np)
    assert pmap(lambda point: mpmath.nstr(mpmath.sqrt(point), 5), [2], 2) == ["1.4142"]


def test_a_cluster_needs_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"needs the package distributed: pip install 'quadmeta\[cluster\]'"):
        pmap(fragile, [1], "tcp://127.0.0.1:1")
