"""Problems and sweeps that fit in memory only if they are streamed; run by name, not with the
figures: ``python -m experiments.speed full``.

L1: value and slope of G on the Laplacian of a square grid, d = 10^7, T = 300, by Lanczos without
stored vectors, and by the recursion itself at a single step size. L2: mean curves of 10^5 tasks at
1000 step sizes, in blocks, by one and two processes and by one and two workers of a Dask cluster.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.speed.clock import Clock
from quadmeta._extras import require

Array = Any
Row = dict[str, Any]
SEED = 19
STEPS = np.array([0.05, 0.1, 0.2, 0.25])  # up to 2 / L = 1/4
PART = 10  # the recursion does one step of so many, and its time is scaled
EVERY = 50  # of the step sizes of a curve are checked
WORKERS = (1, 2)
_SIZES: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "full": (
        {"side": 3163, "T": 300},
        {"tasks": 10**5, "block": 500, "d": 50, "T": 100, "grid": 1000},
    ),
    "smoke": (
        {"side": 30, "T": 40},
        {"tasks": 24, "block": 4, "d": 5, "T": 10, "grid": 100},
    ),
}


def large_rows(size: str) -> list[Row]:
    """Seconds, memory in MB and error of every route; ``size`` is "full" or "smoke".

    Memory is what a call adds to this process: for work in other processes it is None.
    """
    sparse, tasks = _SIZES[size]
    return [*sparse_rows(size, **sparse), *task_rows(size, **tasks)]


def sparse_rows(size: str, side: int, T: int) -> list[Row]:
    """L1, checked against the closed form in the sine basis."""
    from scipy.sparse import diags_array, kronsum

    line = diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    H = kronsum(line, line, format="csr")
    e = np.random.default_rng(SEED).standard_normal(side * side)
    gd = qm.GradientDescent(T)

    def lanczos() -> Array:
        problem = qm.OperatorQuadratic.from_error(H, e, T + 1, reorthogonalize=False)
        return np.array(qm.LogObjective(problem, gd).scan(STEPS))

    part = max(2, T // PART)
    found = [
        _measured("Lanczos", lanczos, size, _sines(e, side, T)),
        _measured(
            "recursion, one step size",
            partial(_recursion, H, e, STEPS[-1], part),
            size,
            _sines(e, side, part)[:, -1],
            part / T,
        ),
    ]
    return [{"workload": "L1", "d": side * side, "T": T, "workers": 1} | row for row in found]


def _recursion(H: Array, e: Array, eta: float, T: int) -> Array:
    """(G, G') by T steps of gradient descent: F' = -T <H r_T, H r_(T-1)>."""
    r = e
    for _ in range(T):
        Hr = H @ r
        r = r - eta * Hr
    last = H @ r
    F = r @ last / 2
    return np.array([np.log(F) / T, -(last @ Hr) / F])


def _sines(e: Array, side: int, T: int) -> Array:
    """(G, G') at all steps from the coefficients of the start in the eigenvectors, which are
    products of sines.
    """
    from scipy.fft import dstn

    s = 4 * np.sin(np.arange(1, side + 1) * np.pi / (2 * (side + 1))) ** 2
    lam = s[:, None] + s
    omega = lam * dstn(e.reshape(side, side), 1, norm="ortho") ** 2 / 2
    found = []
    for eta in STEPS:
        a = 1 - eta * lam
        power = omega * a ** (2 * T - 1)
        F = (power * a).sum()
        found.append((np.log(F) / T, -2 * (power * lam).sum() / F))
    return np.array(found).T


def task_rows(size: str, tasks: int, block: int, d: int, T: int, grid: int) -> list[Row]:
    """L2, with the same digits on each, checked against full accuracy on some of the curve.

    Raises
    ------
    AssertionError
        other digits.
    """
    eta = np.linspace(0.01, 0.9, grid)
    head = {"workload": "L2", "d": d, "T": T, "tasks": tasks, "grid": grid}
    few = min(tasks, 2 * block)
    fn = partial(curves, eta, d, T, False)
    exact = qm.task_mean(partial(curves, eta[::EVERY], d, T, True), few, block).mean
    short = qm.task_mean(fn, few, block).mean
    error = max(_error(x[::EVERY], y) for x, y in zip(short, exact, strict=True))
    rows: list[Row] = []
    first = None
    for route, workers, where in _places():
        with where() as place:
            # processes are started and open their first blocks before the clock runs
            qm.task_mean(fn, few, block, place)
            row = _measured(route, partial(_curve, fn, tasks, block, place), size)
        value = row.pop("value")
        first = value if first is None else first
        assert (value == first).all(), f"{route}: other digits than one process has"
        if place != 1:
            row["memory"] = None
        rows.append(head | {"workers": workers} | row | {"error": error})
    return rows


def _curve(fn: Callable[[range], Any], tasks: int, block: int, place: int | str) -> Array:
    return np.array(qm.task_mean(fn, tasks, block, place).mean)


def curves(eta: Array, d: int, T: int, accurate: bool, tasks: range) -> tuple[Array, Array]:
    """G and G' of tasks drawn from the seed of their block, the step sizes along the first axis."""
    rng = np.random.default_rng([SEED, tasks.start])
    X = rng.standard_normal((len(tasks), 2 * d, d))
    H = np.swapaxes(X, -1, -2) @ X / (2 * d)
    start = rng.standard_normal((len(tasks), d))
    problem = qm.Quadratic.from_matrix((H + np.swapaxes(H, -1, -2)) / 2, start=start)
    log = qm.LogObjective(problem, qm.GradientDescent(T), pooled=False)
    if accurate:
        return log(eta[:, None]), log.gradient(eta[:, None])
    return log.scan(eta[:, None])


def _places() -> Iterator[tuple[str, int, Callable[[], Any]]]:
    """Route, number of workers and a context with the place where they are."""
    for workers in WORKERS:
        yield "processes", workers, partial(_here, workers)
    if find_spec("distributed") is not None:
        for workers in WORKERS:
            yield "Dask", workers, partial(_cluster, workers)


@contextmanager
def _here(workers: int) -> Iterator[int]:
    yield workers


@contextmanager
def _cluster(workers: int) -> Iterator[str]:
    distributed = require("distributed", "cluster", "the slot large on a cluster")
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def _measured(
    route: str, call: Callable[[], Array], size: str, exact: Array = None, share: float = 1.0
) -> Row:
    """Least time of the runs that tell the memory, one of a long call; with ``exact`` the error."""
    times = list[float]()

    def timed() -> Array:
        start = perf_counter()
        found = call()
        times.append(perf_counter() - start)
        return found

    clock = Clock(timed, size)
    row: Row = {"route": route, "seconds": min(times) / share, "share": share}
    row["memory"] = round(clock.memory, 1)
    if exact is None:
        return row | {"value": clock.value}
    return row | {"error": max(_error(x, y) for x, y in zip(clock.value, exact, strict=True))}


def _error(found: Array, exact: Array) -> float:
    """Largest deviation relative to the largest entry."""
    return float(np.max(np.abs(found - exact)) / np.max(np.abs(exact)))
