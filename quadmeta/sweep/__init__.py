"""Sweeps of many points over a loop, local processes or a Dask cluster.

The results are the same on each.
"""

from quadmeta.sweep.executor import ClusterError, Failure, WorkerKilled
from quadmeta.sweep.mapping import pmap, workers
from quadmeta.sweep.tasks import TaskMean, task_mean

__all__ = [
    "ClusterError",
    "Failure",
    "TaskMean",
    "WorkerKilled",
    "pmap",
    "task_mean",
    "workers",
]
