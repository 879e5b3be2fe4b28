"""Call a tested code on one case and survive whatever it does."""

import io
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from quadmeta.conformance.given import Given
from quadmeta.conformance.verdict import NotApplicable

TestedCode = Callable[[Given], Any]


class _TimeIsUp(BaseException):
    """Raised inside the tested code, past its own ``except Exception``."""


class _Printed(io.StringIO):
    """What a tested code prints; it stays readable if that code closes it."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of one call."""

    seconds: float
    returned: Any = None
    failed: BaseException | None = None
    refused: bool = False
    """Whether the code said that it is not meant for this case."""
    late: bool = False
    notes: tuple[str, ...] = ()


def call(function: TestedCode, given: Given, limit: float) -> Outcome:
    """What the code returns or raises on a case, within ``limit`` seconds.

    The limit interrupts Python code in the main thread of a Unix process; elsewhere, and in
    compiled code, a call that took longer is noticed when it ends. Ctrl-C and what pytest raises
    to skip or fail a test are passed on.
    """
    before = _copies(given)
    printed = _Printed()
    start = perf_counter()
    returned = None
    failed: BaseException | None = None
    refused = False
    late = False
    try:
        with redirect_stdout(printed), _alarm(limit), np.errstate():
            returned = function(given)
    except _TimeIsUp:
        late = True
    except NotApplicable:
        refused = True
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a stranger's code raises is its verdict
        if "_pytest.outcomes" in {base.__module__ for base in type(error).__mro__}:
            raise
        failed = error
    seconds = perf_counter() - start
    notes = []
    if printed.getvalue():
        notes.append("prints")
    if _changed(before, given):
        notes.append("changes its input in place")
    return Outcome(seconds, returned, failed, refused, late or seconds > limit, tuple(notes))


def _copies(given: Given) -> tuple[Any, Any]:
    return numbers(given.w).copy(), numbers(given.alpha).copy()


def _changed(before: tuple[Any, Any], given: Given) -> bool:
    try:
        pairs = list(zip(before, _copies(given), strict=True))
        return not all(np.array_equal(old, new, equal_nan=True) for old, new in pairs)
    except Exception:  # deleted, or no numbers any more
        return True


def numbers(array: Any) -> Any:
    """An array of numpy, JAX or PyTorch as one of numpy."""
    for name in ("detach", "cpu"):
        if hasattr(array, name):
            array = getattr(array, name)()
    return np.asarray(array)


@contextmanager
def _alarm(limit: float) -> Iterator[None]:
    """Raise in this thread once the time is up, where the system has such an alarm."""
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable:
        yield
        return

    def ring(number: int, frame: object) -> None:
        raise _TimeIsUp

    start = perf_counter()
    before = signal.signal(signal.SIGALRM, ring)
    # again and again, in case a callback swallows the first
    left, interval = signal.setitimer(signal.ITIMER_REAL, limit, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if left:
            # a time limit of somebody else, such as that of a test, goes on
            rest = max(left - (perf_counter() - start), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, rest, interval)
