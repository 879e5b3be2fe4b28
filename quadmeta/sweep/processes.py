"""Worker processes on this machine, one point in hand each: when one ends, it is known which point
ended it.
"""

import sys
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

from quadmeta.sweep.executor import killed
from quadmeta.sweep.pickled import packed, received
from quadmeta.sweep.worker import Worker, keep, take

P = TypeVar("P")


def processes(
    fn: Callable[[P], Any], points: list[P], count: int
) -> Generator[tuple[int, Any], None, None]:
    """Points in the order in which they land.

    Raises
    ------
    WorkerKilled
        a process ended in the middle of a point.
    """
    blob = packed("fn", fn)
    parcels = [packed(f"points[{index}]", point) for index, point in enumerate(points)]
    workers = take(min(count, len(points)))
    try:
        for index, data in _landing(workers, blob, parcels, points):
            yield index, received(data, points[index])
    except BaseException:
        for worker in workers:
            worker.kill()  # before the caller goes on, so that none is left which writes a file
        raise
    keep(workers)


def _landing(
    workers: list[Worker], blob: bytes, parcels: list[bytes], points: list[P]
) -> Generator[tuple[int, bytes], None, None]:
    """Results as bytes. ``workers`` changes where one that had no point is replaced."""
    path = tuple(sys.path)
    ahead = iter(range(len(parcels)))
    landed = 0
    hands: dict[int, int] = {}  # place in the list of workers: index of the point in hand

    def give(place: int) -> None:
        """The next point, if there is one, to the worker in this place."""
        index = next(ahead, None)
        if index is not None:
            hands[place] = index
            workers[place].give(path, blob, parcels[index])

    for place in range(len(workers)):
        give(place)
    while hands:
        dead: int | None = None  # the place of a worker that ended in the middle of its point
        heard: list[tuple[int, bytes]] = []
        for place in _ready(workers, hands):
            try:
                message = workers[place].hear()
            except EOFError:
                if workers[place].begun:
                    dead = place
                else:
                    workers[place].kill()
                    workers[place] = Worker()
                    workers[place].give(path, blob, parcels[hands[place]])
                continue
            if message is not None:
                heard.append((place, message))
        for place, message in heard:
            index = hands.pop(place)
            landed += 1
            if dead is None:
                give(place)
            yield index, message
        if dead is not None:
            raise killed(
                f"a worker process ({workers[dead].ended})",
                hands[dead],
                points,
                landed,
                "if it ran out of memory, try fewer workers",
            )


def _ready(workers: list[Worker], places: Iterable[int]) -> list[int]:
    """Wait until workers have said something or have ended; their places."""
    from multiprocessing.connection import wait

    pipes = {workers[place].pipe: place for place in places}
    while True:
        found = wait(list(pipes), timeout=1)
        if found:
            return [pipes[pipe] for pipe in found]
        for place in places:
            if workers[place].ended:  # and a process that its point started holds its pipe open
                workers[place].pipe.close()
                return [place]
