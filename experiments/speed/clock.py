"""Times and peak memory of calls, and the threads they run on."""

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

# rounds of a run of at most LONG seconds, of a longer one or one at smoke size
REPEATS = 5
FEW = 2
LONG = 5.0
# a single matrix of this size pays for BLAS on all cores; smaller ones, and tasks, take one thread
# each
LARGE = 500
# seconds that a shorter one is repeated for, so that what other processes left in the caches is
# gone
ROUND = {"full": 2e-2, "smoke": 5e-4}


class Clock:
    """A call that is timed round by round, so that several of them see the same disturbances of a
    shared machine.

    The first runs, which are not counted, tell the peak memory that the call adds to the process,
    in MB, how often it is repeated within a round, and how many rounds it has: few and short ones
    at smoke size, where no time means anything.
    """

    def __init__(self, call: Callable[[], Any], size: str = "full") -> None:
        _reset()
        before = _highest()
        start = perf_counter()
        self.call = call
        self.value = call()
        first = perf_counter() - start
        self.memory = max(_highest() - before, 0.0)
        # short ones were cold; a long one may have been disturbed
        if size == "full" and not 0.1 < first < LONG:
            start = perf_counter()
            self.value = call()
            first = perf_counter() - start
        self.loops = max(1, int(ROUND[size] / max(first, 1e-7)))
        if first <= LONG and size == "full":
            self.rounds = REPEATS
        else:
            self.rounds = FEW

    def sample(self) -> float:
        """Seconds of the call in one round."""
        start = perf_counter()
        for _ in range(self.loops):
            self.call()
        return (perf_counter() - start) / self.loops


def cores() -> int:
    """Those that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def blas(threads: int) -> AbstractContextManager[Any]:
    """A context with that many BLAS threads, where threadpoolctl is installed."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        return nullcontext()
    return threadpool_limits(threads, user_api="blas")  # type: ignore[no-any-return]


def seconds(call: Callable[[], Any], size: str = "full") -> float:
    """Median seconds of a call."""
    clock = Clock(call, size)
    return median(clock.sample() for _ in range(clock.rounds))


def _reset() -> None:
    """Give free memory back and set the peak to what is in use, where the system offers it
    (Linux).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _highest() -> float:
    if sys.platform == "linux":  # ru_maxrss of a child starts from its parent's
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
