"""One worker process on this machine, with one BLAS thread, and the pipe through which it has one
point at a time.

It says when it begins the first point of a call. So a process that ends later with a point in hand
has ended in the middle of it, and one that had ended while it waited is not blamed on a point.
"""

import atexit
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from threading import Lock

from quadmeta.sweep.executor import WorkerKilled
from quadmeta.sweep.pickled import computed

IDLE = 300  # seconds after which a worker without points ends
LIBRARIES = ("OPENBLAS", "OMP", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR", "NUMBA")
BEGUN = b"begun"
_kept: list["Worker"] = []  # those without a point, for the next call
_keeping = Lock()


class Worker:
    """A process that computes points until its pipe is closed."""

    def __init__(self) -> None:
        from joblib.externals.loky.backend.context import get_context

        context = get_context("loky")
        self.pipe, theirs = context.Pipe()
        env = {f"{library}_NUM_THREADS": "1" for library in LIBRARIES}
        with _without_ctrl_c():
            self.process = context.Process(target=serve, args=(theirs,), env=env)
            self.process.start()
        theirs.close()
        self.used = False  # whether it has ever begun a point
        self.begun = False  # whether it has begun a point of this call
        self.idle_since = time.monotonic()

    def give(self, *parcel: bytes | tuple[str, ...]) -> None:
        """Hand it a point. If it has ended, that is heard."""
        with suppress(OSError):
            self.pipe.send((not self.begun, *parcel))

    def hear(self) -> bytes | None:
        """The result of its point, None where it says that it begins one. To be called once there
        is something to hear.

        Raises
        ------
        EOFError
            it ended; ``begun`` says whether in the middle of a point or while it waited for one.
        WorkerKilled
            it ended before it could begin any.
        """
        try:
            message: bytes = self.pipe.recv_bytes()
        except (EOFError, OSError):
            self.process.join(5)
            if self.used:
                raise EOFError from None
            raise WorkerKilled(
                f"a worker process ended ({self.ended}) before it could begin a point: see what "
                "python -c 'import quadmeta' says, and what memory and processes this machine "
                "allows"
            ) from None
        if self.begun:
            return message
        self.begun = self.used = True
        return None

    @property
    def ended(self) -> str | None:
        """How its process ended, None while it lives."""
        code = self.process.exitcode
        if code is None:
            return None
        with suppress(ValueError):
            if code < 0:
                return signal.Signals(-code).name
            return f"exit code {code}"
        return f"signal {-code}"

    def kill(self) -> None:
        """End its process and what that started."""
        from joblib.externals.loky.backend.utils import kill_process_tree

        self.pipe.close()
        kill_process_tree(self.process)


def take(count: int) -> list[Worker]:
    """Workers of an earlier call and new ones, so many."""
    lately = time.monotonic() - IDLE / 2  # one that has waited longer may be about to end
    with _keeping:
        old = [worker for worker in _kept if worker.idle_since < lately]
        young = [worker for worker in _kept if worker.idle_since >= lately]
        found = young[:count]
        _kept[:] = young[count:]
    for worker in old:
        worker.kill()
    try:
        while len(found) < count:
            found.append(Worker())
    except BaseException:
        keep(found)
        raise
    return found


def keep(workers: list[Worker]) -> None:
    """Keep workers without a point for the next call."""
    for worker in workers:
        worker.begun = False
        worker.idle_since = time.monotonic()
    with _keeping:
        _kept.extend(workers)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_kept.clear)  # they belong to the parent


@atexit.register
def dismiss() -> None:
    """Close the pipes of the workers that are kept, so that they end with this process."""
    with _keeping:
        for worker in _kept:
            worker.pipe.close()
        _kept.clear()


def serve(pipe: Connection) -> None:
    """In a worker: compute points until the pipe is closed, or until none came for a while."""
    try:
        while pipe.poll(IDLE):
            first, path, blob, parcel = pipe.recv()
            if first:
                pipe.send_bytes(BEGUN)
            # the function and the point are opened once this process has the path
            sys.path.extend(place for place in path if place not in sys.path)
            pipe.send_bytes(computed(blob, parcel))
    except (EOFError, OSError):
        return  # the caller has ended
    finally:
        # where a point had workers of its own: a process waits for its children before the
        # functions at exit
        dismiss()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C.

    A terminal sends it to all, and the caller alone acts on it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # before, since its own start unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
