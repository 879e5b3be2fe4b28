"""Sweeps of many points over a loop, local processes or a Dask cluster: the same results on each."""

from quadmeta.sweep.executor import ClusterError, Failure, WorkerKilled
from quadmeta.sweep.mapping import pmap, workers

__all__ = ["ClusterError", "Failure", "WorkerKilled", "pmap", "workers"]
