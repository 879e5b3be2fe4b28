"""Run the routes of the speed table: each family of routes in a process of its own, case by case
in turn.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from experiments.speed.clock import LARGE, Clock, blas, cores
from experiments.speed.inputs import inputs
from experiments.speed.reference import error, reference
from experiments.speed.route import Route, reduced

Row = dict[str, Any]
OWN = ("package", "machine", "numpy")
BESIDE = {"machine": "package"}
"""Families that share a process: a limit is timed under the conditions of the routes it is for."""
_CLOCKS: dict[str, tuple[int, list[Clock]]] = {}  # BLAS threads and clocks of the case at hand


def installed(peers: list[str]) -> list[str]:
    """Those of the peers that can be imported."""
    return [name for name in peers if find_spec(name) is not None]


def rows(case: dict[str, Any], families: dict[str, Any], seed: int) -> list[Row]:
    """Time, memory and error of every route of one case; the processes take turns in rounds."""
    found = {family: run(prepare, family, case, seed) for family, run in families.items()}
    samples: dict[str, list[list[float | None]]] = {family: [] for family in families}
    for k in range(max(row["rounds"] for own in found.values() for row in own)):
        for family, run in families.items():
            samples[family].append(run(sample, family, k))
    given = inputs(case, seed)
    exact = dict[tuple[Any, ...], Any]()
    head = {name: case.get(name) for name in ("workload", "slot", "d", "n", "T", "tasks", "grid")}
    return [
        head
        | {"family": family}
        | _row(
            case, given, row, [x for times in samples[family] if (x := times[k]) is not None], exact
        )
        for family, own in found.items()
        for k, row in enumerate(own)
    ]


def _row(
    case: dict[str, Any],
    given: Any,
    found: Row,
    times: list[float],
    exact: dict[tuple[Any, ...], Any],
) -> Row:
    """One row; a part of a workload is scaled to the whole."""
    part = found["part"]
    target = found["target"]
    share = found["share"]
    key = (target, *sorted(part.items()))
    if target and key not in exact:
        exact[key] = reference(*reduced(case, given, part), target)
    return {
        "route": found["route"],
        "seconds": median(times) / share,
        "repeats": len(times),
        "share": share,
        "error": error(case, given, target, found["value"], exact[key]) if target else None,
        "memory": round(found["memory"], 2) if share == 1 else None,
    }


def prepare(family: str, case: dict[str, Any], seed: int) -> list[Row]:
    """Run every route of one family once, in the process that calls, and keep its clock there."""
    routes: dict[str, Route] = _routes(family)(case, inputs(case, seed))
    if case["d"] >= LARGE and case["workload"] == "W1":
        threads = cores()
    else:
        threads = 1
    with blas(threads), np.errstate(all="ignore"):
        _CLOCKS[family] = threads, [Clock(route.call, case["size"]) for route in routes.values()]
    return [
        {
            "route": name,
            "part": route.part,
            "target": route.target,
            "share": route.share,
            "value": clock.value,
            "memory": clock.memory,
            "rounds": clock.rounds,
        }
        for (name, route), clock in zip(routes.items(), _CLOCKS[family][1], strict=True)
    ]


def sample(family: str, k: int) -> list[float | None]:
    """Seconds of each of these routes in round k; None where it has no more rounds."""
    threads, clocks = _CLOCKS[family]
    with blas(threads), np.errstate(all="ignore"):
        return [clock.sample() if k < clock.rounds else None for clock in clocks]


def _routes(family: str) -> Any:
    """The function of a case and its inputs that lists the routes; only the one asked for is
    imported.
    """
    if family == "package":
        from experiments.speed.closed import routes
    elif family == "machine":
        from experiments.speed.limits import routes
    elif family == "numpy":
        from experiments.speed.unrolled import routes
    elif family == "jax":
        from experiments.speed.jax import routes
    else:
        from experiments.speed.torch import routes
    return routes


@contextmanager
def processes(names: list[str], apart: bool) -> Iterator[dict[str, Any]]:
    """{family: run}, each in a process that lives as long as the context, or all in this one."""
    with ExitStack() as stack:
        found: dict[str, Any] = {}
        pools: dict[str, ProcessPoolExecutor] = {}
        for name in names:
            if not apart:
                found[name] = _here
                continue
            place = BESIDE.get(name, name)
            if place not in pools:
                pools[place] = stack.enter_context(_process())
            found[name] = partial(_there, name, pools[place])
        yield found


def _process() -> ProcessPoolExecutor:
    # a child is told the default of its parent, and that of a worker of joblib is one that it does
    # not know
    multiprocessing.set_start_method("spawn", force=True)
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _here(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def _there(name: str, pool: ProcessPoolExecutor, function: Any, *arguments: Any) -> Any:
    try:
        return pool.submit(function, *arguments).result()
    except BrokenProcessPool:
        raise RuntimeError(
            f"the process of {name} was killed in the middle of its routes: if it ran out of "
            "memory, "
            "give the machine more"
        ) from None
