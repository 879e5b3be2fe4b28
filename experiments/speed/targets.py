"""How a target of the speed table is measured: ratios of times of one run."""

import subprocess
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from experiments.speed.clock import seconds
from experiments.speed.machine import BLOCK, LOG_EXP
from experiments.speed.tuned import BEFORE

Row = dict[str, Any]
Key = tuple[str, str, str]
"""(workload, slot, route), or what a ratio is taken to besides: ``("second", "", "")`` is one
second, ``("least", "W3 large", route)`` the least time of a route, ``("before", slot, route)`` its
time before a change, ``("import", "", name)`` that of an import, ``PASSES`` a log and an exp of
each element of the grid.
"""
SECOND: Key = ("second", "", "")
PASSES: Key = ("passes", "", "")


class Pair(NamedTuple):
    """The quotient of two times; of several peers the fastest counts."""

    slow: tuple[Key, ...]
    fast: Key


class Target(NamedTuple):
    """All quotients should be ``required`` or more; with ``most`` that or less.

    Where they are not, quotients of another kind may do, each ``enough`` or more.
    """

    name: str
    pairs: tuple[Pair, ...]
    required: float
    most: bool = False
    share: bool = False
    """Whether the quotients are shares of the least time."""
    instead: tuple[Pair, ...] = ()
    enough: float = 0.0


def seconds_of(rows: Iterable[Row]) -> dict[Key, float]:
    """{key: seconds} of all that is timed in a table."""
    found: dict[Key, float] = {SECOND: 1.0}
    for row in rows:
        if row["part"] not in ("time", "rate", "import"):
            continue
        key = (row["workload"] or "", row["slot"] or "", row["route"])
        found[key] = row["seconds"]
        if row["needed"] is not None:
            found["least", f"{key[0]} {key[1]}", key[2]] = row["needed"]
        if row["workload"] == "W2":
            found[PASSES] = row["d"] * row["tasks"] * row["grid"] * _unit(found, "W2", "grid")
    for (slot, name), units in BEFORE.items():
        found["before", slot, f"{name}, scanned"] = units * _unit(found, "W6", slot)
    return found


def _unit(found: dict[Key, float], workload: str, slot: str) -> float:
    """Seconds of one log and one exp of an element, in the rounds of that case."""
    return found.get((workload, slot, str(LOG_EXP)), 0.0) / BLOCK


def target_rows(targets: Iterable[Target], rows: Iterable[Row]) -> list[Row]:
    """Each target with what was measured, None where a peer is missing; beside it the ratio to the
    numpy loop.
    """
    found = seconds_of(rows)
    return [_row(target, found) for target in targets]


def _row(target: Target, found: dict[Key, float]) -> Row:
    value = _worst(target.pairs, found, target.most)
    other = _worst(target.instead, found, False)
    met = None
    if value is not None:
        if target.most:
            met = value <= target.required
        else:
            met = value >= target.required
        if not met and other is not None:
            met = other >= target.enough
    loops = tuple(Pair((_loop(pair),), pair.fast) for pair in target.pairs)
    loop = None
    if not target.most and not target.share:
        loop = _worst(loops, found, False)
    return {
        "name": target.name,
        "value": value,
        "required": float(target.required),
        "most": target.most,
        "share": 1.0 if target.share else None,
        "other": other,
        "enough": target.enough,
        "met": met,
        "loop": loop,
    }


def _worst(pairs: tuple[Pair, ...], found: dict[Key, float], most: bool) -> float | None:
    """The quotient that decides; None without any, or where one lacks its peers."""
    quotients = []
    for pair in pairs:
        times = [found[key] for key in pair.slow if key in found]
        if not times:
            return None
        quotients.append(min(times) / found[pair.fast])
    if not quotients:
        return None
    if most:
        return max(quotients)
    return min(quotients)


def _loop(pair: Pair) -> Key:
    """The loop in numpy that stands for a peer."""
    workload, slot, _ = pair.slow[0]
    if workload == "W4":
        return workload, slot, "reverse"
    return workload, slot, "numpy"


def imports(size: str) -> list[Row]:
    """Seconds of ``python -c "import name"``, of this package and of numpy."""
    return [
        {"workload": "import", "slot": None, "route": name, "seconds": start_up(name, size)}
        for name in ("quadmeta", "numpy")
    ]


def start_up(name: str, size: str) -> float:
    """Median seconds of ``python -c "import name"``."""
    command = [sys.executable, "-c", f"import {name}"]
    return seconds(lambda: subprocess.run(command, check=True), size)
