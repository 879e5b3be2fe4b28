"""The one way to run many points: a loop, local worker processes or a Dask cluster; results in the
order of the points.

A point is a small record of parameters, never an array: instances are rebuilt from their seed
where they are needed, so that the results are the same whichever process computes which point.
What raises, or gives a result that does not travel, becomes a :class:`Failure` in its place and
the other points go on; a worker that is killed raises at once and names its point.
"""

import re
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any, TypeVar

from quadmeta._validate import function, natural, show
from quadmeta.sweep.executor import ClusterError, Failure, WorkerKilled
from quadmeta.sweep.loop import loop

__all__ = ["ClusterError", "Failure", "WorkerKilled", "pmap", "workers"]

P = TypeVar("P")
R = TypeVar("R")


def workers(where: int | str) -> int | str:
    """Who computes: a number of processes, or the address of a cluster.

    1 is the calling process itself.

    Raises
    ------
    ValueError
        neither ``"serial"`` nor a whole number of at least 1 nor an address.

    Examples
    --------
    >>> from quadmeta.sweep import workers
    >>> workers("serial")
    1
    """
    if isinstance(where, str) and where == "serial":
        return 1
    if not isinstance(where, str):
        return natural(
            "workers",
            where,
            "pass 1 for a loop, the number of processes or the address of a cluster",
        )
    if re.fullmatch(r"tcp://[^\s/]+:[0-9]{1,5}", where):
        return where
    raise ValueError(
        f'workers = {show(where)} must be "serial", a whole number or the address of a Dask '
        "scheduler: pass the number of processes or tcp://HOST:PORT"
    )


def pmap(
    fn: Callable[[P], R],
    points: Iterable[P],
    where: int | str = 1,
    done: Callable[[int, R | Failure[P]], object] | None = None,
) -> list[R | Failure[P]]:
    """``[fn(point) for point in points]``, computed here, by processes or on a cluster.

    Parameters
    ----------
    fn
        a function of one point; for other processes one that pickles (cloudpickle also takes
        lambdas).
    points
        small records, pickled to the workers.
    where
        1 or ``"serial"`` for a loop; N for N processes with one BLAS thread each;
        ``"tcp://host:port"`` for the Dask cluster of that scheduler (extra ``cluster``). Local
        processes are kept for the next call and keep the modules they imported: after editing one,
        start a new interpreter. The loop runs with the BLAS threads of this process; for the same
        last digits give it one (``OPENBLAS_NUM_THREADS=1``). Workers of a cluster need the
        packages of this process in the same versions, one BLAS thread, and nothing of your own:
        the code of modules that are not installed travels with ``fn``. Trust a cluster as you
        trust this machine: what its workers send is unpickled here, and unpickling can run any
        code.
    done
        called in this process with ``(index, result)`` as each result lands, in any order. What it
        raises ends the call.

    Returns
    -------
    One result a point, in the order of the points; a :class:`Failure` where ``fn`` raised, in
    another process also where it called ``sys.exit``, and where the point or its result could not
    be pickled or opened again.

    Raises
    ------
    ValueError
        ``where`` is none of these; ``fn`` or a point cannot be pickled.
    WorkerKilled
        a worker ended in the middle of a point, for want of memory for instance; ``index`` and
        ``point`` say which. What had landed was handed to ``done``. No point is tried twice: one
        that kills its worker would kill the next. Points that other workers had in hand are
        dropped.
    ClusterError
        the cluster does not answer, has no workers, or another environment than this process.

    Examples
    --------
    >>> import quadmeta as qm
    >>> qm.pmap(lambda point: point**2, range(4))
    [0, 1, 4, 9]
    """
    function("fn", fn, "a function of one point")
    if done is not None:
        function("done", done, "a function of an index and a result")
    if not isinstance(points, Iterable):
        raise ValueError(
            f"points = {show(points)} must be a list of points: pass at least an empty one"
        )
    place = workers(where)
    given = list(points)
    results: dict[int, R | Failure[P]] = {}
    with closing(landing(fn, given, place)) as landed:
        for index, result in landed:
            results[index] = result
            if done is not None:
                done(index, result)
    return [results[index] for index in range(len(given))]


def landing(
    fn: Callable[[P], R], points: list[P], place: int | str
) -> Generator[tuple[int, Any], None, None]:
    """Results as they land. What an executor needs is imported with it."""
    if place == 1 or not points:
        return loop(fn, points)
    if isinstance(place, str):
        from quadmeta.sweep.cluster import cluster

        return cluster(fn, points, place)
    from quadmeta.sweep.processes import processes

    return processes(fn, points, place)
