"""Worker processes on this machine (joblib's loky), with one BLAS thread each."""
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from quadmeta._executors._base import WorkerKilled, attempt
from quadmeta._executors._pickled import opened, packed

P = TypeVar("P")


def processes(fn: Callable[[P], Any], points: list[P], count: int) -> Generator[tuple[int, Any], None, None]:
    """Points in the order in which they land. Raises WorkerKilled when a process ends in the middle of a point."""
    from joblib import Parallel, delayed, parallel_config

    blob, path, landed = packed("fn", fn), tuple(sys.path), 0
    parcels = [packed(f"points[{index}]", point) for index, point in enumerate(points)]
    with parallel_config(backend="loky", n_jobs=count, inner_max_num_threads=1):
        parallel = Parallel(return_as="generator_unordered", max_nbytes=None)
    with _without_ctrl_c():
        landing = parallel(delayed(_remote)(blob, path, index, parcel) for index, parcel in enumerate(parcels))
    try:
        for landed, result in enumerate(landing, start=1):
            yield result
    except BrokenProcessPool:
        raise WorkerKilled(f"a worker process was killed after {landed} of {len(points)} points had landed "
                           "(out of memory?): try fewer workers") from None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib warns of the results that an interrupt leaves unread
            landing.close()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C, which a terminal sends to all: the caller alone acts on it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # before, since its own start unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remote(blob: bytes, path: tuple[str, ...], index: int, parcel: bytes) -> tuple[int, Any]:
    """One point in a worker. All comes as bytes, so that it is unpickled once this process has the path."""
    sys.path.extend(place for place in path if place not in sys.path)
    return index, attempt(lambda point: opened(blob)(point), pickle.loads(parcel))
