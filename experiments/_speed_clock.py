"""Times, peak memory and the limits of the machine, all of one run."""
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
import ctypes
import os
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

REPEATS, LONG = 5, 5.0  # of a run of at most LONG seconds; a longer one is run twice
ROUND = 2e-2  # seconds that a shorter one is repeated for, so that what other processes left in the caches is gone


class Clock:
    """A call that is timed round by round, so that several of them see the same disturbances of a shared machine.

    The first run, which is not counted, tells the peak memory that the call adds to the process, in MB, and how often
    it is repeated within a round.
    """

    def __init__(self, call: Callable[[], Any]) -> None:
        _reset()
        before, start = _highest(), perf_counter()
        self.call, self.value = call, call()
        first = perf_counter() - start
        self.memory = max(_highest() - before, 0.0)
        if first < 0.1:
            start = perf_counter()
            self.value = call()
        self.loops = max(1, int(ROUND / max(perf_counter() - start, 1e-7)))
        self.rounds = REPEATS if first <= LONG else 2

    def sample(self) -> float:
        """Seconds of the call in one round."""
        start = perf_counter()
        for _ in range(self.loops):
            self.call()
        return (perf_counter() - start) / self.loops


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def blas(threads: int) -> AbstractContextManager[Any]:
    """A context with that many BLAS threads, where threadpoolctl is installed."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        return nullcontext()
    return threadpool_limits(threads, user_api="blas")  # type: ignore[no-any-return]


def seconds(call: Callable[[], Any]) -> float:
    """Median seconds of a call."""
    clock = Clock(call)
    return median(clock.sample() for _ in range(clock.rounds))


def _reset() -> None:
    """Give free memory back and set the peak to what is in use, where the system offers it (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _highest() -> float:
    if sys.platform == "linux":  # ru_maxrss of a child starts from its parent's
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def limits(d: int, block: int = 2**13) -> dict[str, float]:
    """Rates of this machine with one BLAS thread, each the median of several runs.

    Copy bandwidth and products in units of 1e9 a second, an eigendecomposition of size d in units of d^3, the time of
    one logarithm and one exponential an element in blocks that fit in cache.
    """
    rng = np.random.default_rng(0)
    A, x = rng.standard_normal((d, d)), rng.uniform(0.1, 0.9, block)
    H, y, big = A @ A.T, np.empty_like(x), np.empty(40 * d * d)
    target = np.empty_like(big)

    def elementwise() -> None:
        np.log(x, out=y)
        np.exp(y, out=y)
    return {"copy": 2e-9 * big.nbytes / seconds(lambda: np.copyto(target, big)),
            "product": 2e-9 * d**3 / seconds(lambda: A @ A),
            "eigh": 1e-9 * d**3 / seconds(lambda: np.linalg.eigh(H)),
            "log and exp": seconds(elementwise) / block}
