"""An existing Dask cluster, by the address of its scheduler; nothing of it is changed.

Before the first point every worker must have the environment of this process; one that joins later is asked with its
first point. A worker process computes one point at a time, whatever the number of its threads: the precision of mpmath
and its like belong to the process.
"""
import pickle
import re
import time
from collections.abc import Callable, Generator
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from quadmeta._executors._base import ClusterError, Failure, WorkerKilled, attempt, line
from quadmeta._executors._connection import check, connected
from quadmeta._executors._environment import THREADS, environment, lacks, unfit
from quadmeta._executors._pickled import opened, packed
from quadmeta._validate import show

P = TypeVar("P")

GRACE = 8  # seconds for which there may be no worker
EVENTS = "all"  # the topic on which a scheduler tells that a worker is gone
_one_at_a_time = Lock()


def cluster(fn: Callable[[P], Any], points: list[P], address: str) -> Generator[tuple[int, Any], None, None]:
    """Points in the order in which they land.

    Raises:
        ClusterError: no answer, no workers, other versions, a package missing there.
        WorkerKilled: a worker ended with points in hand; it names both.
    """
    blob = packed("fn", fn, by_value=True)
    parcels = [packed(f"points[{index}]", point, by_value=True) for index, point in enumerate(points)]
    with connected(address) as client:
        wanted = environment() | dict.fromkeys(THREADS, "1")
        check(client, address, wanted, blob)
        messages: SimpleQueue[Any] = SimpleQueue()
        client.subscribe_topic(EVENTS, lambda event: messages.put(event[1]))
        futures = client.map(_remote, parcels, key="quadmeta", pure=False, retries=0, blob=blob, wanted=wanted)
        for future in futures:
            future.add_done_callback(messages.put)
        left = {future.key: index for index, future in enumerate(futures)}
        try:
            yield from _landing(client, address, messages, left, points)
        finally:
            client.unsubscribe_topic(EVENTS)  # or the scheduler logs that it could not tell a closed client


def _landing(client: Any, address: str, messages: "SimpleQueue[Any]", left: dict[str, int],
             points: list[P]) -> Generator[tuple[int, Any], None, None]:
    """Take messages until no point is left: a future that is done, or what the scheduler says of its workers."""
    alive = time.monotonic()
    while left:
        try:
            message = messages.get(timeout=1)
        except Empty:
            message = None
        if isinstance(message, dict):
            _mourn(message, left, points)
            continue
        found = None if message is None else _taken(message, address)
        if found is not None:
            message.release()  # the workers may forget it
            yield left.pop(message.key), found[0]
        elif message is not None:
            messages.put(message)  # its worker left in the meantime: another one computes it
        if found is not None or _workers(client):
            alive = time.monotonic()
        elif time.monotonic() - alive > GRACE:
            raise ClusterError(f"the cluster {address} has no workers left: {len(left)} of {len(points)} points are "
                               "not computed")


def _taken(future: Any, address: str) -> tuple[Any] | None:
    """The result of a future, or None where it is not to be had yet: it left with its worker and is computed again."""
    try:
        worker, data = future.result(timeout=10)
    except TimeoutError:
        return None
    except ClusterError:
        raise
    except Exception as error:
        if future.status == "cancelled" or isinstance(error, OSError):
            raise ClusterError(f"the scheduler {address} is gone, or cancelled what it was given") from None
        killed = getattr(error, "last_worker", None)
        if killed is not None:
            raise WorkerKilled(f"worker {killed.address} ended in the middle of a point (out of memory?)") from None
        raise ClusterError(f"the cluster {address} could not compute a point ({line(error)})") from None
    result = pickle.loads(data)
    absent = re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", getattr(result, "error", ""))
    if isinstance(result, Failure) and absent and _present(absent[1]):
        raise ClusterError(f"worker {worker} {lacks(absent[1])}")
    return (result,)


def _mourn(message: dict[str, Any], left: dict[str, int], points: list[P]) -> None:
    """Raise for a worker that ended unasked with points in hand; idle ones and those that were retired may go."""
    if message.get("action") != "remove-worker" or message.get("expected"):
        return
    keys = {*message["processing-tasks"], *message.get("lost-computed-tasks", ())}
    held = sorted(left[key] for key in keys if key in left)
    if held:
        named = " or ".join(f"points[{index}] = {show(points[index])}" for index in held[:2])
        landed = len(points) - len(left)
        more = f" or {len(held) - 2} more that it held" if len(held) > 2 else ""
        raise WorkerKilled(f"worker {message['worker']} ended in the middle of {named}{more}, after {landed} of "
                           f"{len(points)} points had landed (out of memory, or no quadmeta there?)")


def _workers(client: Any) -> int:
    try:
        return len(client.nthreads())
    except OSError:
        return 0


def _remote(parcel: bytes, blob: bytes, wanted: dict[str, str | None]) -> tuple[str, bytes]:
    """One point in a worker, as the worker's address and the pickled result."""
    from distributed import get_worker
    worker = get_worker().address
    with _one_at_a_time:
        if reason := unfit(wanted, blob):
            raise ClusterError(f"worker {worker} {reason}")
        point = pickle.loads(parcel)
        result = attempt(opened(blob), point, BaseException)  # what ends a process must not end a worker of others
    try:
        return worker, packed("result", result)
    except ValueError as error:
        return worker, packed("result", Failure(point, line(error)))


def _present(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
