"""An existing Dask cluster, by the address of its scheduler; nothing of it is changed.

Before the first point every worker must have the environment of this process; one that joins later
is asked with its first point. A worker has one point in hand, for itself alone: when it ends, it
is known in the middle of which point, and no other worker is given that point. A process computes
one point at a time, whatever the number of its threads: the precision of mpmath and its like
belong to the process.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future as WaitFuture
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from quadmeta.sweep.connection import check, connected
from quadmeta.sweep.environment import THREADS, environment, lacks, unfit
from quadmeta.sweep.executor import ClusterError, Failure, WorkerKilled, killed, line
from quadmeta.sweep.pickled import computed, packed, received

if TYPE_CHECKING:
    from distributed import Client, Future

P = TypeVar("P")

GRACE = 8  # seconds for which there may be no worker
EVENTS = "all"  # the topic on which a scheduler tells that workers come and go
_one_at_a_time = Lock()


def cluster(
    fn: Callable[[P], Any], points: list[P], address: str
) -> Generator[tuple[int, Any], None, None]:
    """Points in the order in which they land.

    Raises
    ------
    ClusterError
        no answer, no workers, other versions, a package missing there.
    WorkerKilled
        a worker ended with a point in hand; it names both.
    """
    blob = packed("fn", fn, by_value=True)
    parcels = [
        packed(f"points[{index}]", point, by_value=True) for index, point in enumerate(points)
    ]
    with connected(address) as client:
        wanted = environment() | dict.fromkeys(THREADS, "1")
        check(client, address, wanted, blob)
        sweep = _Sweep(client, address, points, parcels, (blob, wanted))
        client.subscribe_topic(EVENTS, lambda event: sweep.messages.put(event[1]))
        try:
            yield from sweep.landing()
        finally:
            # or the scheduler logs that it could not tell a closed client
            client.unsubscribe_topic(EVENTS)
            sweep.drop()


@dataclass(frozen=True)
class _Hand:
    """A point in the hand of a worker.

    It has the index of the point, the future of its result, and the wait for that to come here.
    """

    index: int
    future: "Future"
    coming: "WaitFuture[Any]"


@dataclass
class _Sweep:
    """Points on their way to workers and back. ``given`` is what every point is sent with."""

    client: "Client"
    address: str
    points: list[Any]
    parcels: list[bytes]
    given: tuple[bytes, dict[str, str | None]]
    messages: "SimpleQueue[Any]" = field(default_factory=SimpleQueue)
    hands: dict[str, _Hand] = field(default_factory=dict)  # by worker
    landed: int = 0

    def __post_init__(self) -> None:
        self.ahead = deque(range(len(self.points)))
        self.run = uuid4().hex
        self.number = count()
        self.alive = time.monotonic()
        self.there: set[str] = set()  # all workers
        self.absent: set[str] = set()  # those with a point that were not there at the last look
        self.waiting: set[str] = set()  # those that had not begun their point then
        # those whose point was taken back: they are given one when no other is free
        self.resting: set[str] = set()

    def landing(self) -> Generator[tuple[int, Any], None, None]:
        """Take messages until every point has landed.

        A message is that a result came, or that a worker came or went.
        """
        self.there.update(_workers(self.client))
        dead: str | None = None  # a worker that ended in the middle of its point
        while self.ahead or self.hands:
            if dead is not None and self.messages.empty():
                raise self.dead(dead)  # once what had landed by then is handed over
            if self.ahead and dead is None:
                free = sorted(self.there - set(self.hands))
                for worker in sorted(free, key=lambda name: name in self.resting):
                    self.give(worker)
            try:
                message = self.messages.get(timeout=1)
            except Empty:
                self.look()
                continue
            if isinstance(message, dict):
                if message.get("action") == "add-worker":
                    self.there.add(message["worker"])
                elif message.get("action") == "remove-worker":
                    self.there.discard(message["worker"])
                    if self.mourn(message):
                        dead = message["worker"]
                continue
            worker, coming = message
            hand = self.hands.get(worker)
            if hand is not None and hand.coming is coming:
                result = self.taken(worker, hand)
                del self.hands[worker]
                hand.future.release()  # the worker may forget it
                self.landed += 1
                self.resting.discard(worker)
                self.alive = time.monotonic()
                yield hand.index, result

    def look(self) -> None:
        """See which workers are there, and which points none has begun.

        It is called where nothing was heard for a second.

        Raises
        ------
        WorkerKilled
            a worker with a point in hand was not there the last time either; the message of it was
            lost.
        ClusterError
            there has been no worker for a while.
        """
        found = set(_workers(self.client))
        absent = set(self.hands) - found
        for worker in sorted(absent & self.absent):
            raise self.dead(worker)
        self.absent = absent
        self.there = self.there | found
        if not found and time.monotonic() - self.alive > GRACE:
            raise ClusterError(
                f"the cluster {self.address} has no workers left: {len(self.points) - self.landed} "
                f"of {len(self.points)} points are not computed"
            )
        if found:
            self.alive = time.monotonic()
            # a worker with little memory left pauses, and one that is being retired begins nothing
            begun = {key for keys in self.client.processing().values() for key in keys}
            waiting = {
                worker
                for worker, hand in self.hands.items()
                if hand.future.status == "pending" and hand.future.key not in begun
            }
            for worker in waiting & self.waiting:
                self.resting.add(worker)
                self.take_back(worker)
            self.waiting = waiting

    def give(self, worker: str) -> None:
        """The next point, if there is one, to this worker and to no other."""
        if not self.ahead:
            return
        index = self.ahead.popleft()
        future = self.client.submit(
            _remote,
            self.parcels[index],
            *self.given,
            pure=False,
            retries=0,
            workers=[worker],
            key=f"quadmeta-{self.run}-{next(self.number)}",
        )
        coming = asyncio.run_coroutine_threadsafe(_result(future), self.client.loop.asyncio_loop)
        self.hands[worker] = _Hand(index, future, coming)
        coming.add_done_callback(lambda done: self.messages.put((worker, done)))

    def taken(self, worker: str, hand: _Hand) -> Any:
        """The result that came from this worker. Raises what is wrong with the cluster."""
        try:
            data = hand.coming.result()
        except ClusterError:
            raise
        except (Exception, CancelledError) as error:
            if hand.future.status == "cancelled" or isinstance(error, OSError | CancelledError):
                raise ClusterError(
                    f"the scheduler {self.address} is gone, or cancelled what it was given"
                ) from None
            if getattr(error, "last_worker", None) is not None:
                raise self.dead(worker) from None
            raise ClusterError(
                f"worker {worker} could not compute a point ({line(error)})"
            ) from None
        result = received(data, self.points[hand.index])
        absent = re.match(
            r"ModuleNotFoundError: No module named '([\w.]+)'", getattr(result, "error", "")
        )
        if isinstance(result, Failure) and absent and _present(absent[1]):
            raise ClusterError(f"worker {worker} {lacks(absent[1])}")
        return result

    def mourn(self, message: dict[str, Any]) -> bool:
        """Whether a worker ended unasked in the middle of its point.

        The point of one that may go is ahead again. A worker may go that was retired, or that had
        not begun or had already ended its point.
        """
        worker = message["worker"]
        hand = self.hands.get(worker)
        if hand is None:
            return False
        if not message.get("expected") and hand.future.key in message.get("processing-tasks", ()):
            return True
        self.take_back(worker)
        return False

    def take_back(self, worker: str) -> None:
        """Put the point of a worker ahead of the others.

        It has not begun it, or its result left with it.
        """
        hand = self.hands.pop(worker)
        hand.coming.cancel()
        hand.future.cancel()
        self.ahead.appendleft(hand.index)

    def dead(self, worker: str) -> WorkerKilled:
        """The error of a worker that ended in the middle of its point."""
        return killed(
            f"worker {worker}",
            self.hands[worker].index,
            self.points,
            self.landed,
            "if it ran out of memory, start workers with more",
        )

    def drop(self) -> None:
        """Wait for no result any more."""
        for hand in self.hands.values():
            hand.coming.cancel()


async def _result(future: "Future") -> Any:
    return await future


def _workers(client: "Client") -> list[str]:
    """The addresses of those that are there."""
    try:
        return list(client.nthreads())
    except OSError:
        return []


def _remote(parcel: bytes, blob: bytes, wanted: dict[str, str | None]) -> bytes:
    """One point in a worker, as its pickled result."""
    with _one_at_a_time:
        if reason := unfit(wanted, blob):
            from distributed import get_worker

            raise ClusterError(f"worker {get_worker().address} {reason}")
        return computed(blob, parcel)


def _present(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
