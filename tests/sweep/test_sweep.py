"""Results in point order whatever computes them; failures as values; a killed worker is an error,
not a wait.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path
from threading import Lock

import mpmath
import numpy as np
import pytest

from quadmeta.sweep import ClusterError, Failure, WorkerKilled, pmap, worker as _worker, workers


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


@pytest.mark.parametrize("where", [1, "serial", 2])
def test_results_come_in_point_order(where):
    points = [{"seed": seed} for seed in range(12)]
    landed = {}
    found = pmap(spectrum, points, where, landed.__setitem__)
    assert found == [spectrum(point) for point in points] == [landed[index] for index in range(12)]


@pytest.mark.parametrize("where", [1, 2])
def test_what_raises_travels_back_as_a_value(where):
    found = pmap(fragile, range(5), where)
    assert found == [
        Failure(0, "ValueError: point 0 is a multiple of 3"),
        1,
        2,
        Failure(3, "ValueError: point 3 is a multiple of 3"),
        4,
    ]
    assert "in fragile" in found[0].trace and "Traceback" not in repr(found[0])
    assert pmap(awkward, [1], where) == [Failure(1, "Awkward: 1")]


@pytest.mark.parametrize("where", [1, 2])
def test_no_points_and_functions_without_a_name(where):
    assert pmap(fragile, [], where) == []
    shift = 10
    assert pmap(lambda point: point + shift, iter(range(3)), where) == [10, 11, 12]


@pytest.mark.parametrize("where", [1, 2])
def test_what_the_callback_raises_ends_the_call(where, tmp_path):
    landed = []

    def stop(index, result):
        landed.append(index)
        if len(landed) == 2:
            raise KeyboardInterrupt

    def logged(point):
        (tmp_path / str(point)).touch()
        time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        pmap(logged, range(400), where, stop)
    assert len(landed) == 2 and len(list(tmp_path.iterdir())) < 400
    assert pmap(fragile, [1, 2], where) == [1, 2]


@pytest.mark.parametrize("how", ["kill", "exit 0", "exit 3", "fork"])
def test_a_killed_worker_names_its_point_which_is_tried_once(tmp_path, how):
    """Though a process that the point started lives on and holds whatever its worker had open."""

    def deadly(point):
        with open(tmp_path / "tries", "a") as log:
            log.write(f"{point}\n")
        if point == 7 and how == "fork" and os.fork() == 0:
            for _ in range(600):
                if (tmp_path / "seen").exists():
                    break
                time.sleep(0.1)
            else:
                (tmp_path / "late").touch()
            os._exit(0)
        if point == 7 and how.startswith("exit"):
            os._exit(int(how[-1]))
        if point == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return point

    landed = {}
    with pytest.raises(WorkerKilled) as caught:
        pmap(deadly, range(16), 2, landed.__setitem__)
    (tmp_path / "seen").touch()
    assert not (tmp_path / "late").exists()
    assert re.fullmatch(
        r"a worker process \((SIGKILL|exit code [03])\) ended in the middle of points\[7\] = 7, "
        rf"after {len(landed)} of 16 points had landed; it was not tried again: if it .* fewer "
        r"workers",
        str(caught.value),
    )
    assert (caught.value.index, caught.value.point) == (7, 7)
    tries = [int(point) for point in (tmp_path / "tries").read_text().split()]
    assert len(set(tries)) == len(tries) and set(landed) == set(landed.values()) <= set(tries) - {7}
    assert pmap(fragile, [1, 2], 2) == [1, 2]


def test_a_worker_that_ended_without_a_point_is_replaced():
    _worker.dismiss()
    first = pmap(lambda point: os.getpid(), [0], 2)
    os.kill(first[0], signal.SIGKILL)
    second = pmap(lambda point: os.getpid(), [0], 2)
    assert first != second == pmap(lambda point: os.getpid(), [0], 2)  # and is kept then


def test_workers_that_cannot_start_are_not_blamed_on_a_point(monkeypatch, tmp_path):
    _worker.dismiss()
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    with pytest.raises(
        WorkerKilled, match="^a worker process ended .* before it could begin a point"
    ) as caught:
        pmap(fragile, [1, 2], 2)
    assert caught.value.index is None and "\n" not in str(caught.value)
    monkeypatch.delenv("PYTHONHOME")
    assert pmap(fragile, [1, 2], 2) == [1, 2]


class Refuses:
    """What a process can send and no other can open."""

    def __reduce__(self):
        return rebuild, ()


def rebuild():
    raise ValueError("not here")


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def one_of_each(point):
    """Results and errors that do not travel, and what would end a process."""
    if point == 1:
        return Lock()
    if point == 2:
        return (number for number in [1])
    if point == 3:
        return {"deep": [Refuses()]}
    if point == 4:
        raise Speechless
    if point == 5:
        sys.exit(2)
    return point


def test_a_result_that_does_not_travel_costs_one_point():
    landed = {}
    found = pmap(one_of_each, range(7), 2, landed.__setitem__)
    assert [landed[index] for index in range(7)] == found and found[0] == 0 and found[6] == 6
    assert [type(result) for result in found[1:6]] == [Failure] * 5
    assert [result.point for result in found[1:6]] == [1, 2, 3, 4, 5]
    assert all("\n" not in result.error for result in found[1:6])
    for point in (1, 2):
        assert re.fullmatch(
            r"ValueError: result = .* cannot be pickled for other processes \(.*\): keep open.*",
            found[point].error,
        )
    assert found[3].error.startswith(
        "the result cannot be opened in this process (ValueError: not here): return"
    )
    assert found[4].error == "Speechless" and found[5].error == "SystemExit: 2"
    assert pmap(one_of_each, [4]) == [Failure(4, "Speechless")]


class Closed:
    """A point that no other process can open."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return (rebuild, ()) if self.name == "shut" else (Closed, (self.name,))


def test_a_point_that_does_not_arrive_costs_one_point():
    points = [Closed("a"), Closed("shut"), Closed("b")]
    found = pmap(lambda point: point.name, points, 2)
    assert found == ["a", Failure(points[1], "ValueError: not here"), "b"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="sees from /proc that workers end")
def test_a_point_may_have_workers_of_its_own():
    """They end with the worker that started them, which does not wait for them."""

    def inner(point):
        return os.getpid()

    def outer(point):
        return os.getpid(), pmap(inner, range(2), 2)

    ((first, inside),) = pmap(outer, [0], 2)
    assert first not in inside and os.getpid() not in inside
    _worker.dismiss()
    for _ in range(2400):
        if not any(alive(process) for process in (first, *inside)):
            break
        time.sleep(0.05)
    else:
        raise AssertionError("workers are left")


def alive(process):
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_an_interrupt_in_a_worker_ends_the_call():
    def interrupt(point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pmap(interrupt, range(3), 2)


def test_workers_have_one_blas_thread():
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    assert pmap(lambda name: os.environ[name], names, 2) == ["1", "1", "1"]


@pytest.mark.parametrize(
    "where, message",
    [
        (0, "workers = 0 must be"),
        (-1, "workers = -1"),
        (1.5, "workers = 1.5"),
        (True, "workers = True"),
        ("many", "workers = 'many' must be \"serial\""),
        (None, "workers = None"),
        (
            "localhost:8786",
            "workers = 'localhost:8786'.*: pass the number of processes or tcp://HOST:PORT",
        ),
        ("tcp://nowhere", "workers = 'tcp://nowhere'"),
        ("tcp:/a:1", "workers = 'tcp:/a:1'"),
    ],
)
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

    with pytest.raises(
        ValueError, match=r"fn = .*locked cannot be pickled .*lock.*: keep open files, locks"
    ):
        pmap(locked, [1], where)
    with pytest.raises(ValueError, match=r"points\[1\] = <unlocked .* cannot be pickled"):
        pmap(fragile, [1, lock], where)


def test_a_module_of_a_class_of_its_own_travels():
    assert type(mpmath) is not type(np)
    assert pmap(lambda point: mpmath.nstr(mpmath.sqrt(point), 5), [2], 2) == ["1.4142"]


def test_a_cluster_needs_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        ClusterError, match=r"needs the package distributed: pip install 'quadmeta\[cluster\]'"
    ):
        pmap(fragile, [1], "tcp://127.0.0.1:1")
