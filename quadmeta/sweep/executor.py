"""What all executors share: the errors, and one point as its result or a :class:`Failure`."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from quadmeta._validate import show

P = TypeVar("P")


@dataclass(frozen=True)
class Failure(Generic[P]):
    """A point whose function raised.

    Examples
    --------
    >>> import quadmeta as qm
    >>> qm.pmap(lambda x: 1 / x, [1, 0])
    [1.0, Failure(point=0, error='ZeroDivisionError: division by zero')]
    """

    point: P
    error: str
    """The error as one line."""
    trace: str = field(default="", repr=False, compare=False)
    """The traceback as text, so that it always travels."""


class WorkerKilled(RuntimeError):
    """A worker process ended in the middle of a point; what had landed was handed to the callback.

    ``index`` and ``point`` say which one it was.
    """

    def __init__(self, message: str, index: int | None = None, point: Any = None) -> None:
        super().__init__(message)
        self.index = index
        self.point = point


class ClusterError(RuntimeError):
    """A cluster cannot be used as it is.

    It does not answer, has no workers, or another environment than this process.
    """


def attempt(fn: Callable[[P], Any], point: P) -> Any:
    """``fn(point)``, or what it raised as a Failure."""
    try:
        return fn(point)
    except Exception as error:
        return Failure(point, line(error), traceback.format_exc())


def line(error: BaseException) -> str:
    """An error as one line; of one that cannot say what it is, the name."""
    name = type(error).__name__
    try:
        return " ".join(f"{name}: {error}".split())
    except Exception:
        return name


def killed(worker: str, index: int, points: list[Any], landed: int, remedy: str) -> WorkerKilled:
    """The error of a point whose worker ended."""
    point = points[index]
    return WorkerKilled(
        f"{worker} ended in the middle of points[{index}] = {show(point)}, after {landed} of "
        f"{len(points)} points had landed; it was not tried again: {remedy}",
        index,
        point,
    )
