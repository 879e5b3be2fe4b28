"""The mean over many tasks, block by block: no more tasks are held than are being computed.

Blocks land in any order and are added along one fixed binary tree, so that the digits are the same
whoever computes them, and at most about log2(blocks) + workers results wait for their neighbours.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import finite, function, natural, show
from quadmeta.sweep.executor import Failure
from quadmeta.sweep.mapping import landing, workers
from quadmeta.sweep.store import Store
from quadmeta.sweep.tree import Moments, moments


class TaskMean(NamedTuple):
    """The mean over tasks of what a function returned; tuples where that was a tuple."""

    mean: Any
    """Of each entry."""
    error: Any
    """Its standard error, the deviation of the tasks over sqrt(tasks); 0 for a single task."""
    tasks: int
    """How many there were."""


@dataclass(frozen=True)
class _Block:
    """The function of a block of tasks, reduced where it is computed: in a worker."""

    fn: Callable[[range], Any]
    size: int
    tasks: int

    def span(self, index: int) -> range:
        """The tasks of a block."""
        return range(index * self.size, min((index + 1) * self.size, self.tasks))

    def __call__(self, index: int) -> tuple[bool, Moments]:
        """Whether ``fn`` returned a tuple, and the moments of what it returned."""
        span = self.span(index)
        found = self.fn(span)
        several = isinstance(found, tuple)
        parts = [_values(part, len(span)) for part in (found if several else (found,))]
        return several, moments(parts)


def _values(part: Any, tasks: int) -> Array:
    """What ``fn`` returned, as an array whose last axis is the tasks of the block."""
    values = finite("what fn returns", part, "return finite numbers, one for each task")
    if values.shape[-1:] != (tasks,):
        raise ValueError(
            f"fn returns shape {values.shape} for {tasks} tasks: the last axis must be the tasks, "
            "as objectives with pooled=False have it"
        )
    return values


def task_mean(
    fn: Callable[[range], Any],
    tasks: int,
    block: int,
    where: int | str = 1,
    store: str | Path | None = None,
) -> TaskMean:
    """The mean of ``fn`` over tasks 0, 1, ..., ``tasks`` - 1, computed in blocks of consecutive
    ones.

    Parameters
    ----------
    fn
        a function of a ``range`` of tasks: it makes these tasks, or reads them from a file, and
        returns an array with one entry a task along its last axis, or a tuple of such arrays. An
        objective with ``pooled=False`` returns this shape for step sizes ``eta[:, None]``.
    tasks
        how many.
    block
        how many are made at a time; the last block may have fewer. Memory is that of one block for
        each worker. Where ``fn`` draws tasks from a seed of the block, the block size is part of
        what is drawn.
    where
        who computes, as for ``pmap``. The digits are the same on each, with one BLAS thread.
    store
        a file (.npz) that keeps what has landed, written about once a second and at the end: the
        same call goes on from there, to the same digits. It belongs to one ``fn``, one number of
        tasks and block size, and one version of this package.

    Raises
    ------
    ValueError
        ``fn`` raised, or returned another shape or NaN; a ``store`` of another call. What landed
        before is in the store.
    WorkerKilled, ClusterError
        as for ``pmap``.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> eta = np.array([0.5, 1.0])
    >>> def log_loss(tasks):
    ...     problem = qm.Quadratic.random(d=4, seed=tasks.start, tasks=len(tasks))
    ...     return qm.LogObjective(problem, qm.GradientDescent(9), pooled=False)(eta[:, None])
    >>> found = qm.task_mean(log_loss, tasks=1000, block=100)
    >>> found.mean.shape, bool((found.error < 0.05).all())
    ((2,), True)
    """
    function("fn", fn, "a function of a range of tasks")
    part = _Block(fn, natural("block", block), natural("tasks", tasks))
    place = workers(where)
    blocks = -(-part.tasks // part.size)
    kept = Store(store, {"tasks": part.tasks, "block": part.size})
    tree, several = kept.read(blocks)
    missing = tree.missing()
    try:
        with closing(landing(part, missing, place)) as landed:
            for at, found in landed:
                if isinstance(found, Failure):
                    raise _failed(part.span(missing[at]), found)
                several, value = found
                tree.add(missing[at], value)
                kept.write(tree, several)
    finally:
        kept.write(tree, several, now=True)
    count, sums, squares = tree.root()
    means = tuple(mean[()] for mean in sums)
    errors = tuple(np.sqrt(square[()] / max(count - 1, 1) / count) for square in squares)
    if several:
        return TaskMean(means, errors, count)
    return TaskMean(means[0], errors[0], count)


def _failed(span: range, failure: Failure[Any]) -> ValueError:
    error = ValueError(
        f"fn failed on tasks {span.start} to {span.stop - 1} ({show(failure.error)}): mend it, or "
        "leave these tasks out"
    )
    error.add_note(failure.trace)
    return error
