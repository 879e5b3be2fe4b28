"""The one way to run many points: a loop, or local worker processes, with results in the order of the points.

A point is a small record of parameters, never an array: instances are rebuilt from their seed where they are needed.
What raises becomes a :class:`Failure` in its place and the other points go on; a worker that is killed raises at once.
"""
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import resource_tracker
from typing import Any, Generic, TypeVar

from quadmeta._validate import natural, show

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Failure(Generic[P]):
    """A point whose function raised: the error as one line, and the traceback as text (so that it always travels)."""

    point: P
    error: str
    trace: str = field(default="", repr=False, compare=False)


class WorkerKilled(RuntimeError):
    """A worker process ended in the middle of a point; what had landed was handed to the callback."""


def workers(where: Any) -> int:
    """How many processes ``where`` asks for; 1 is the calling process itself.

    Raises:
        ValueError: neither ``"serial"`` nor a whole number of at least 1.
    """
    if where == "serial":
        return 1
    if isinstance(where, str):
        raise ValueError(f"workers = {show(where)} must be \"serial\" or a whole number: pass the number of processes")
    return natural("workers", where, "pass 1 for a loop or the number of processes")


def pmap(fn: Callable[[P], R], points: Iterable[P], where: int | str = 1,
         done: Callable[[int, R | Failure[P]], object] | None = None) -> list[R | Failure[P]]:
    """``[fn(point) for point in points]``, whichever processes compute it.

    Args:
        fn: a function of one point; for worker processes one that pickles (cloudpickle also takes lambdas).
        points: small records, pickled to the workers.
        where: 1 or ``"serial"`` for a loop, N for N processes with one BLAS thread each. They are kept for the next
            call and keep the modules they imported: after editing one, start a new interpreter. The loop runs with
            the BLAS threads of this process; for the same last digits give it one (``OPENBLAS_NUM_THREADS=1``).
        done: called in this process with ``(index, result)`` as each result lands, in any order. What it raises ends
            the call.

    Returns:
        One result a point, in the order of the points; a :class:`Failure` where ``fn`` raised.

    Raises:
        ValueError: ``where`` is no number of processes.
        WorkerKilled: a worker process was killed, by the system for want of memory for instance.
    """
    count, given = workers(where), list(points)
    results: dict[int, R | Failure[P]] = {}
    landing = _loop(fn, given) if count == 1 or not given else _processes(fn, given, count)
    with closing(landing):
        for index, result in landing:
            results[index] = result
            if done is not None:
                done(index, result)
    return [results[index] for index in range(len(given))]


def _attempt(fn: Callable[[P], R], point: P) -> R | Failure[P]:
    try:
        return fn(point)
    except Exception as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())
        return Failure(point, line, traceback.format_exc())


def _loop(fn: Callable[[P], R], points: list[P]) -> Generator[tuple[int, Any], None, None]:
    for index, point in enumerate(points):
        yield index, _attempt(fn, point)


def _processes(fn: Callable[[P], R], points: list[P], count: int) -> Generator[tuple[int, Any], None, None]:
    import cloudpickle  # type: ignore[import-untyped]
    from joblib import Parallel, delayed, parallel_config

    blob, path, landed = cloudpickle.dumps(fn), tuple(sys.path), 0
    with parallel_config(backend="loky", n_jobs=count, inner_max_num_threads=1):
        parallel = Parallel(return_as="generator_unordered", max_nbytes=None)
    with _without_ctrl_c():
        landing = parallel(delayed(_remote)(blob, path, index, point) for index, point in enumerate(points))
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


def _remote(blob: bytes, path: tuple[str, ...], index: int, point: P) -> tuple[int, Any]:
    """One point in a worker. The function comes as bytes, so that it is unpickled once this process has the path."""
    return index, _attempt(lambda given: _unpickled(blob, path)(given), point)


@lru_cache(maxsize=8)
def _unpickled(blob: bytes, path: tuple[str, ...]) -> Callable[[Any], Any]:
    sys.path.extend(place for place in path if place not in sys.path)
    function: Callable[[Any], Any] = pickle.loads(blob)
    return function
