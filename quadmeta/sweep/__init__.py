"""Sweeps of many points over a loop, local processes or a Dask cluster.

The results are the same on each.
"""

from quadmeta.sweep.executor import ClusterError, Failure, WorkerKilled
from quadmeta.sweep.mapping import pmap, workers

__all__ = ["ClusterError", "Failure", "WorkerKilled", "pmap", "workers"]
