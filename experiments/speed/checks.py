"""What the speed table must be: complete, results that agree, targets that follow from it."""

import math
from collections import Counter
from typing import Any

from experiments.shared.tables import Rows
from experiments.speed.bars import TARGETS
from experiments.speed.clock import FEW, REPEATS
from experiments.speed.targets import target_rows

UNCHECKED = ("discounted", "DrMAD", "Neumann", "CG", "closed form, momentum", "conj. gradients, 10")
"""Estimates, another optimizer; conjugate gradients amplify rounding by 10^10 here."""
ROUTES = {
    "closed form": 27,
    "numpy": 10,
    "implicit": 5,
    "reverse": 3,
    "discounted": 3,
    "DrMAD": 5,
    "Neumann": 3,
    "CG": 3,
    "Lanczos": 1,
    "minimizer": 1,
    "products alone": 2,
}
PEERS = {"jax": 13, "jax, forward": 6, "torch": 10}
PRECISION = {
    "minimizer": 1e-13,
    "minimizer, heavy ball": 1e-6,
    "minimizer, Nesterov": 1e-6,
    "validation, minimizer": 1e-12,
    "population, minimizer": 1e-12,
    "validation, scanned": 1e-3,
    "population, scanned": 1e-3,
    "closed form, full accuracy": 1e-13,
    "closed form, value and gradient": 1e-13,
    "Lanczos": 1e-12,
}
"""Largest deviations."""


def check(rows: Rows) -> None:
    """Results agree, nothing is missing, and what is called met is met. No time is asserted."""
    times = [row for row in rows if row["part"] == "time"]
    peers = {row["name"]: row["met"] for row in rows if row["part"] == "peer"}
    found = Counter(row["route"] for row in times)
    wanted = ROUTES | {name: count * peers[name.partition(",")[0]] for name, count in PEERS.items()}
    for route, count in wanted.items():
        assert found[route] == count, f"{route}: {found[route]} rows, not {count}"
    for row in times + [row for row in rows if row["part"] == "rate"]:
        where = f"{row['workload']} {row['slot']}, T = {row['T']}, {row['route']}"
        assert row["seconds"] > 0 and 0 < row["share"] <= 1, f"{where}: no time"
        assert row["repeats"] in (REPEATS, FEW), f"{where}: a median of {row['repeats']}"
        if row["part"] == "rate":
            continue
        if row["error"] is None:
            assert row["route"] in UNCHECKED, f"{where}: unchecked"
            continue
        assert row["error"] <= allowed(row), f"{where}: results differ by {row['error']:.2g}"
    _limits(rows, times)
    _targets(rows)


def allowed(row: dict[str, Any]) -> float:
    """Largest deviation from the reference: rounding once a step; full accuracy has none of it."""
    return PRECISION.get(row["route"], 1e-12 + 1e-14 * float(row["T"]))


def _limits(rows: Rows, times: Rows) -> None:
    """A least time is the sum over what it is made of, at the rates of the same case."""
    rate = {
        (row["workload"], row["slot"], row["route"]): row["seconds"]
        for row in rows
        if row["part"] == "rate"
    }
    total = Counter[tuple[str, str, str]]()
    for row in rows:
        if row["part"] == "least":
            case = row["workload"], row["slot"]
            total[*case, row["route"]] += row["value"] * rate[*case, row["name"]]
    own = {(row["workload"], row["slot"], row["route"]): row["needed"] for row in times}
    limited = {key: least for key, least in own.items() if least is not None}
    assert limited.keys() == total.keys(), "a least time is missing"
    for key, least in limited.items():
        assert math.isclose(least, total[key], rel_tol=1e-9), (
            f"{', '.join(key)}: not the sum of its parts"
        )


def _targets(rows: Rows) -> None:
    """Each is there, with the bar that is set here, and follows from the times of the table."""
    targets = [row for row in rows if row["part"] == "target"]
    again = target_rows(TARGETS, rows)
    assert [row["name"] for row in targets] == [row["name"] for row in again], "a target is missing"
    for row, expected in zip(targets, again, strict=True):
        for column, wanted in expected.items():
            found = row[column]
            same = found == wanted
            if isinstance(wanted, float) and isinstance(found, float):
                same = math.isclose(found, wanted, rel_tol=1e-9)
            assert same, f"{row['name']}: {column} is {found}, from the times {wanted}"
