"""What all executors share: the errors, and one point as its result or a :class:`Failure`."""
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

P = TypeVar("P")


@dataclass(frozen=True)
class Failure(Generic[P]):
    """A point whose function raised: the error as one line, and the traceback as text (so that it always travels)."""

    point: P
    error: str
    trace: str = field(default="", repr=False, compare=False)


class WorkerKilled(RuntimeError):
    """A worker process ended in the middle of a point; what had landed was handed to the callback."""


class ClusterError(RuntimeError):
    """A cluster cannot be used as it is: no answer, no workers, or another environment than this process has."""


def attempt(fn: Callable[[P], Any], point: P, caught: type[BaseException] = Exception) -> Any:
    """``fn(point)``, or what it raised as a Failure."""
    try:
        return fn(point)
    except caught as error:
        return Failure(point, line(error), traceback.format_exc())


def line(error: BaseException) -> str:
    """An error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
