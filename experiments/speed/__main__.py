"""``python -m experiments.speed full``: measure the large problems once and keep their table.

They take hours of a machine or most of its memory, so they are no figure, and rerunning the figure
``speed`` does not lose them: rows and targets go into ``figures/speed_large.csv``. With ``smoke``
they are small, and nothing is written; ``words`` prints the published table of ``speed`` as the
README has it.
"""

import os
import sys
from pathlib import Path

from experiments.shared.tables import Rows
from experiments.speed.large import large_rows
from experiments.speed.words import words
from quadmeta.harness import from_csv, to_csv

FIGURES = Path(__file__).resolve().parents[2] / "figures"
TABLE = FIGURES / "speed_large.csv"
COLUMNS = (
    "part",
    "workload",
    "route",
    "d",
    "T",
    "tasks",
    "grid",
    "workers",
    "seconds",
    "share",
    "memory",
    "error",
    "name",
    "value",
    "required",
    "met",
)
MEMORY = 16.0
"""GiB that a problem of ten million unknowns may take."""
GAIN = 1.7
"""How many times faster two workers should be than one."""


def targets(rows: Rows) -> Rows:
    """Memory of the sparse problem at most, the gain of two workers at least."""
    lanczos = next(row for row in rows if row["workload"] == "L1" and row["route"] == "Lanczos")
    memory = lanczos["memory"] / 1024
    found = [
        {"name": "memory in GiB", "value": memory, "required": MEMORY, "met": memory <= MEMORY}
    ]
    for route in ("processes", "Dask"):
        times = {row["workers"]: row["seconds"] for row in rows if row["route"] == route}
        if times:
            gain = times[1] / times[2]
            name = f"two {route} over one" if route == "processes" else "two Dask workers over one"
            found.append({"name": name, "value": gain, "required": GAIN, "met": gain >= GAIN})
    return found


def table(rows: Rows) -> Rows:
    """The rows with their targets, all of the same columns."""
    parts = [{"part": "time"} | row for row in rows]
    parts += [{"part": "target"} | row for row in targets(rows)]
    return [{column: row.get(column) for column in COLUMNS} for row in parts]


def main(size: str) -> int:
    """Measure, print what is met, keep the table of the full size; or print what is published."""
    if size == "words":
        print(words(from_csv((FIGURES / "speed.csv").read_bytes())))
        return 0
    if size not in ("full", "smoke"):
        print(f"{size!r} is none of full, smoke, words", file=sys.stderr)
        return 2
    rows = table(large_rows(size))
    for row in rows:
        print(", ".join(f"{name}: {x}" for name, x in row.items() if x is not None), flush=True)
    if size == "full":
        TABLE.write_bytes(to_csv(rows))
        print(f"wrote {TABLE}")
    return 0


if __name__ == "__main__":
    os.nice(10)
    sys.exit(main("".join(sys.argv[1:])))
