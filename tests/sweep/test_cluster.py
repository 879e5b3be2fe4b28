"""Points on a Dask cluster: the same results, and one line at once where workers end, lack
something or do not answer.

The cluster stands for other machines: its processes see installed packages and the library, but
neither ``experiments`` nor the tests.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import mpmath
import numpy as np
import pytest

from experiments.__main__ import main
from quadmeta.harness import Places
from quadmeta.sweep import (
    ClusterError,
    Failure,
    WorkerKilled,
    cluster as executor,
    connection as _connection,
    environment as _environment,
    pmap,
    task_mean,
)

distributed = pytest.importorskip("distributed")

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = dict.fromkeys(_environment.THREADS, "1")
# every process of a cluster would look at its own threads a hundred times a second
UNWATCHED = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "500ms",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
}
CLUSTER = (
    "LocalCluster(n_workers={}, threads_per_worker=1, dashboard_address=':0', silence_logs=50)"
)
START = """
import asyncio, sys
from distributed import LocalCluster, Worker

async def worker(address, **options):
    async with Worker(address, **options) as one:
        print(one.address, flush=True)
        await one.finished()

if __name__ == "__main__":
    {start}
"""
SCRIPT = '''"""Halves of random numbers.

Source: none."""
import os
import signal
import time
from pathlib import Path

import numpy as np

CAPTION, SEED, FULL, SMOKE = "Halves.", 0, {"n": 9}, {"n": 2}
TRAP = Path(__file__).with_name("trap")


def points(n):
    return [{"i": i} for i in range(n)]


def measure(i):
    time.sleep(0.05)
    if TRAP.exists() and i == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    draw = np.random.default_rng(i).standard_normal((5, 5))
    with open(TRAP.with_name("calls"), "a") as log:
        log.write(f"{i} {os.getpid()}\\n")
    return [{"i": i, "half": np.linalg.eigvalsh(draw + draw.T)[0] / 2}]


def check(rows):
    assert rows


def draw(rows):
    from quadmeta import plotting
    fig, ax = plotting.figure(width=plotting.COLUMN)
    plotting.measured(ax, [row["i"] for row in rows], [row["half"] for row in rows])
    return fig
'''


class Machine:
    """A Python process whose only folder links to what is installed, some left out, one perhaps of
    another version.
    """

    def __init__(self, folder, library, start, without=(), other=None, **env):
        for place in [*Path(np.__file__).parents[1].iterdir(), library]:
            if re.split(r"[-.]", place.name)[0] not in without:
                (folder / place.name).symlink_to(place)
        if other:
            (folder / f"{other}-{version(other)}.dist-info").unlink()
            (folder / f"{other}-0.0.1.dist-info").mkdir()
            (folder / f"{other}-0.0.1.dist-info" / "METADATA").write_text(
                f"Name: {other}\nVersion: 0.0.1\n"
            )
        (folder / "start.py").write_text(START.format(start=start))
        clean = {
            name: value
            for name, value in os.environ.items()
            if name not in (*ONE_THREAD, "PYTHONPATH")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-B", "start.py"],
            cwd=folder,
            env=clean | UNWATCHED | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("tcp://")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library as it is now: somebody may be at work on it."""
    # with what is compiled of it: the processes of a machine compile nothing that they keep
    return shutil.copytree(ROOT / "quadmeta", tmp_path_factory.mktemp("library") / "quadmeta")


@pytest.fixture
def same(library, monkeypatch):
    here = _environment.environment() | {"sources": _environment.sources(library)}
    monkeypatch.setattr(executor, "environment", lambda: here)
    monkeypatch.setattr(_connection, "PATIENCE", 60)  # a busy machine answers late


@pytest.fixture(scope="module")
def machine(tmp_path_factory, library):
    start = (
        f"here = {CLUSTER.format(2)}; print(here.scheduler_address, flush=True); sys.stdin.read()"
    )
    with Machine(tmp_path_factory.mktemp("machine"), library, start, **ONE_THREAD) as one:
        yield one.address


@pytest.fixture
def address(machine, same):
    """The cluster with its two workers, whatever the test before did to them."""
    with distributed.Client(machine, set_as_default=False, timeout=60) as client:
        for _ in range(2400):
            # known to the scheduler, and with an answer: one that was killed is known for a while
            if len(client.nthreads()) == len(client.run(os.getpid)) == 2:
                return machine
            time.sleep(0.05)
    raise AssertionError("there are no two workers")


@pytest.fixture
def guest(address, library, tmp_path):
    """Start a third worker, on a machine of its own."""
    started = []

    def start(options="", **machine):
        where = f"asyncio.run(worker({address!r}, dashboard=False, {options}))"
        started.append(Machine(tmp_path, library, where, **machine))
        return started[0].address

    yield start
    for one in started:
        one.__exit__()


@lru_cache(maxsize=2)
def shift(size):
    return np.eye(size)


def spectrum(point):
    """Something that a BLAS computes, with a neighbour of this file and a module of a class of its
    own.
    """
    draws = np.random.default_rng(point["seed"]).standard_normal((8, 8))
    return np.linalg.eigvalsh(draws + draws.T + shift(8)).tolist(), mpmath.nstr(
        mpmath.sqrt(point["seed"]), 15
    )


def fragile(point):
    if point % 3 == 0:
        raise ValueError(f"point {point}\nis a multiple of 3")
    return sys.exit(2) if point == 4 else (number for number in [1]) if point == 5 else point


def test_the_same_results_whoever_computes_them(address):
    points = [{"seed": seed} for seed in range(12)]
    landed = {}
    found = pmap(spectrum, points, address, landed.__setitem__)
    assert found == [landed[index] for index in range(12)]
    assert repr(found) == repr(pmap(spectrum, points, 2)) == repr(pmap(spectrum, points, 1))


def test_the_same_mean_over_tasks_whoever_computes_it(address):
    def draws(tasks):
        return np.random.default_rng(tasks.start).standard_normal((2, len(tasks)))

    there, here = (task_mean(draws, 50, 3, where) for where in (address, 1))
    assert (there.mean == here.mean).all() and (there.error == here.error).all()


def test_workers_have_one_blas_thread_and_see_nothing_of_this_folder(address):
    def seen(name):
        from importlib.util import find_spec

        return os.environ.get(name), find_spec("experiments"), find_spec("test_cluster")

    assert pmap(seen, ONE_THREAD, address) == [("1", None, None)] * 3


def test_results_come_as_they_are_ready(address, tmp_path):
    """The first point ends once another one has landed."""

    def wait(point):
        while point == 0 and not (tmp_path / "landed").exists():
            time.sleep(0.02)

    assert pmap(wait, range(6), address, lambda *_: (tmp_path / "landed").touch()) == [None] * 6


def test_what_raises_travels_back_as_a_value_and_workers_live_on(address):
    found = pmap(fragile, range(6), address)
    assert found[:5] == [
        Failure(0, "ValueError: point 0 is a multiple of 3"),
        1,
        2,
        Failure(3, "ValueError: point 3 is a multiple of 3"),
        Failure(4, "SystemExit: 2"),
    ]
    assert "in fragile" in found[0].trace and "cannot be pickled" in found[5].error


def test_a_result_that_does_not_travel_costs_one_point(address):
    class Refuses:
        def __reduce__(self):
            return exec, ("raise ValueError('not here')",)

    def one_of_each(point):
        return threading.Lock() if point == 1 else [Refuses()] if point == 2 else point

    found = pmap(one_of_each, range(5), address)
    assert found[0] == 0 and found[3:] == [3, 4] and [found[1].point, found[2].point] == [1, 2]
    assert re.match("ValueError: result = .* cannot be pickled for other processes", found[1].error)
    assert found[2].error.startswith(
        "the result cannot be opened in this process (ValueError: not here)"
    )


def test_what_the_callback_raises_ends_the_call(address, tmp_path):
    def stop(index, result):
        raise KeyboardInterrupt

    def logged(point):
        (tmp_path / str(point)).touch()

    with pytest.raises(KeyboardInterrupt):
        pmap(logged, range(400), address, stop)
    assert len(list(tmp_path.iterdir())) < 400 and pmap(fragile, [1, 2], address) == [1, 2]


@pytest.mark.parametrize("where", [0, 7])
@pytest.mark.parametrize("how", ["kill", "exit"])
def test_a_killed_worker_is_named_with_its_point_which_is_tried_once(address, tmp_path, where, how):
    """At once or after others, and the next call works."""

    def deadly(point):
        with open(tmp_path / "tries", "a") as log:
            log.write(f"{point}\n")
        if point == where and how == "exit":
            os._exit(0)
        if point == where:
            os.kill(os.getpid(), signal.SIGKILL)
        return point

    landed = {}
    with pytest.raises(WorkerKilled) as caught:
        pmap(deadly, range(16), address, landed.__setitem__)
    assert re.fullmatch(
        rf"worker tcp://\S+ ended in the middle of points\[{where}\] = {where}, "
        rf"after {len(landed)} of 16 points had landed; it was not tried again: if it .* with more",
        str(caught.value),
    )
    assert (caught.value.index, caught.value.point) == (where, where)
    tries = [int(point) for point in (tmp_path / "tries").read_text().split()]
    assert len(set(tries)) == len(tries) and set(landed) == set(landed.values()) <= set(tries) - {
        where
    }
    assert pmap(fragile, [1, 2], address) == [1, 2]
    later = [int(point) for point in (tmp_path / "tries").read_text().split()]
    assert later.count(where) == 1


def test_a_worker_that_pauses_keeps_no_point_from_the_others(address):
    """As one does that has little memory left."""

    def pause(dask_worker):
        # or its monitor, which sees enough memory, lets it go on within a tenth of a second
        before = dask_worker.memory_manager.memory_pause_fraction
        dask_worker.memory_manager.memory_pause_fraction = False
        dask_worker.status = distributed.Status.paused
        return before

    def resume(before, dask_worker):
        dask_worker.memory_manager.memory_pause_fraction = before
        dask_worker.status = distributed.Status.running

    with distributed.Client(address, set_as_default=False, timeout=60) as client:
        processes = client.run(os.getpid)
        paused, other = sorted(processes)
        before = client.run(pause, workers=[paused])[paused]
        try:
            found = pmap(lambda point: (point, os.getpid()), range(6), address)
        finally:
            client.run(resume, before, workers=[paused])
    assert found == [(point, processes[other]) for point in range(6)]


def test_a_worker_that_is_retired_may_go(address, guest):
    place, asked = guest(**ONE_THREAD), []
    with distributed.Client(address, set_as_default=False) as client:

        def retire(index, result):
            if not asked:
                asked.append(client.retire_workers([place]))

        assert pmap(lambda point: time.sleep(0.2) or point, range(9), address, retire) == list(
            range(9)
        )
        assert asked[0] and place not in client.nthreads()


def test_results_that_leave_with_a_worker_are_computed_again(address, guest):
    place, gone = guest(**ONE_THREAD), []
    with distributed.Client(address, set_as_default=False) as client:

        async def remove(dask_scheduler):
            await dask_scheduler.remove_worker(place, stimulus_id="test", expected=True)

        def forget(index, result):
            if not gone:
                time.sleep(1)  # results that have not been asked for yet are on every worker
                gone.append(place in client.nthreads())
                client.run_on_scheduler(remove)

        assert pmap(lambda point: time.sleep(0.1) or point, range(9), address, forget) == list(
            range(9)
        )
        assert gone == [True]


def test_a_cluster_that_ends_midway(tmp_path, library, same):
    start = (
        f"here = {CLUSTER.format(2)}; print(here.scheduler_address, flush=True); sys.stdin.read()"
    )
    with Machine(tmp_path, library, start, **ONE_THREAD) as short:

        def end(index, result):
            os.killpg(short.process.pid, signal.SIGKILL)

        with pytest.raises(
            ClusterError, match=f"{short.address}.* (is gone|has no workers left)"
        ) as caught:
            pmap(lambda point: time.sleep(0.1) or point, range(40), short.address, end)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "machine_of_its_own, message",
    [
        ({"without": ["quadmeta"]}, "has no quadmeta, this process has quadmeta 0"),
        (
            {"other": "scipy"},
            r"has scipy 0\.0\.1, this process has scipy [1-9].*: install the same packages",
        ),
        ({}, "has OPENBLAS_NUM_THREADS = None: start it with OPENBLAS_NUM_THREADS=1, OMP"),
    ],
)
def test_a_worker_that_differs_is_named(address, guest, machine_of_its_own, message):
    place = guest(**machine_of_its_own)
    with pytest.raises(ClusterError, match=f"^worker {place} {message}") as caught:
        pmap(fragile, [1], address)
    assert "\n" not in str(caught.value)


def test_a_worker_that_joins_later_is_asked_as_well(address, guest):
    def invite(index, result):
        if index == 0:
            places.append(guest(other="numpy", **ONE_THREAD))

    places = []
    with pytest.raises(ClusterError, match=r"has numpy 0\.0\.1, this process has numpy") as caught:
        pmap(lambda point: time.sleep(0.05), range(400), address, invite)
    assert places[0] in str(caught.value)


def test_a_worker_without_the_library_that_joins_later_is_no_wait(address, guest):
    def invite(index, result):
        if index == 0:
            places.append(guest(without=["quadmeta"], **ONE_THREAD))

    places = []
    with pytest.raises((ClusterError, WorkerKilled)) as caught:
        pmap(lambda point: time.sleep(0.05), range(400), address, invite)
    assert places[0] in str(caught.value)


def test_a_missing_package_is_named_at_once(address):
    def lazy(point):
        import experiments

        return experiments

    def absent(point):
        import no_such_package

        return no_such_package

    with pytest.raises(
        ClusterError,
        match=r"worker tcp://\S+ has no module 'experiments', this process has: install",
    ):
        pmap(lazy, range(100), address)
    assert (
        pmap(absent, [1], address)
        == pmap(absent, [1])
        == [
            # here it is missing as well
            Failure(1, "ModuleNotFoundError: No module named 'no_such_package'")
        ]
    )


def test_other_sources_are_refused(address, monkeypatch):
    monkeypatch.setattr(
        executor, "environment", lambda: _environment.environment() | {"sources": "older"}
    )
    with pytest.raises(
        ClusterError, match="^worker tcp://.* has other sources of quadmeta than this process"
    ):
        pmap(fragile, [1], address)


def test_one_point_at_a_time_in_a_process_of_several_threads(address, guest):
    """The precision of mpmath belongs to the process."""
    place = guest("nthreads=4", **ONE_THREAD)

    def third(point, pause=0.02):
        with mpmath.workdps(20 + point):
            time.sleep(pause)
            return os.getpid(), mpmath.nstr(mpmath.mpf(1) / 3, 40)

    with distributed.Client(address, set_as_default=False) as client:
        guest_process = client.run(os.getpid)[place]
    found = pmap(third, range(24), address)
    assert sum(process == guest_process for process, _ in found) > 2
    assert [text for _, text in found] == [third(point, 0)[1] for point in range(24)]


def test_no_workers(tmp_path, library):
    start = (
        f"here = {CLUSTER.format(0)}; print(here.scheduler_address, flush=True); sys.stdin.read()"
    )
    with Machine(tmp_path, library, start) as empty:
        with pytest.raises(
            ClusterError, match="has no workers: start one with `dask worker tcp://127"
        ):
            pmap(fragile, [1], empty.address)


def speak(door, words):
    with door.accept()[0] as guest:
        guest.sendall(words)


@pytest.mark.parametrize("answer", [None, b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_address_that_does_not_answer(answer, monkeypatch):
    assert _connection.PATIENCE <= 4  # twice: a host may have two addresses
    monkeypatch.setattr(_connection, "PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"tcp://127.0.0.1:{door.getsockname()[1]}"
        if answer is None:
            door.close()
        elif answer:
            threading.Thread(target=speak, args=(door, answer)).start()
        with pytest.raises(
            ClusterError, match=f"^no Dask scheduler answers at {address} within 1 s"
        ) as caught:
            pmap(fragile, [1], address)
    assert "\n" not in str(caught.value)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A checkout with one experiment, and the function that runs it."""
    places = Places(tmp_path, f"far{len(sys.modules)}")
    (tmp_path / places.package).mkdir()
    (tmp_path / "quadmeta").mkdir()
    (tmp_path / places.package / "halves.py").write_text(SCRIPT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path, tmp_path / places.package, lambda *words: main(["run", *words], places)


def test_an_experiment_leaves_the_same_bytes(lab, address):
    root, _, run = lab
    tables = []
    for words in (), ("--workers", address):
        assert run("--force", *words) == 0
        tables.append((root / "figures" / "halves.csv").read_bytes())
    assert tables[0] == tables[1] and len(tables[0].splitlines()) == 10


def test_a_killed_worker_ends_the_run_at_once_and_loses_no_landed_point(lab, address, capsys):
    _, folder, run = lab
    (folder / "trap").touch()
    assert run("--workers", address) == 3
    error = capsys.readouterr().err
    assert re.search(
        r"halves: worker tcp://\S+ ended in the middle of points\[6\] = {'i': 6}", error
    )
    landed = int(re.search(r"after (\d) of 9 points", error)[1])
    (folder / "trap").unlink()
    assert landed and run() == 0
    here = [
        line
        for line in (folder / "calls").read_text().splitlines()
        if line.endswith(f" {os.getpid()}")
    ]
    assert len(here) == 9 - landed  # the others were not computed again


def test_a_cluster_that_does_not_answer_ends_the_command_with_one_line(lab, capsys, monkeypatch):
    monkeypatch.setattr(_connection, "PATIENCE", 1)
    assert lab[2]("--workers", "tcp://127.0.0.1:1") == 3
    assert re.fullmatch(
        r"no Dask scheduler answers at .*: Connection refused\).*; finished points are kept\n",
        capsys.readouterr().err.replace("[Errno 111] ", ""),
    )
