"""The command behind ``make attack``: searches over processes, a state that is resumed, a table of
the tightest ratios.

    python -m tests.attack.run                           # as many more evaluations as are missing
    python -m tests.attack.run --claims wang2021 --evaluations 20000
    python -m tests.attack.run --record                  # and write tests/attack/record.json

A ratio is 1 where the two sides are equal and above 1 where the statement is violated. The forms
without an oracle are printed: nothing is said of them.
"""

import json
import os
import sys
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from tests.attack import topics
from tests.attack.oracle import CONTROLS, ORACLES, Oracle, inequalities
from tests.attack.search import Found, island, settled

FOLDER = Path(__file__).parent
RECORD = FOLDER / "record.json"
UNCOVERED = FOLDER / "without_oracle.txt"
CONTROL_EVALUATIONS = 20_000
"""A false statement must be broken within so many."""
PART = 5
"""Islands between two writes of the state."""


def listed() -> list[str]:
    """The forms that are known to have no oracle; a test sees that none is added."""
    lines = UNCOVERED.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def uncovered() -> list[str]:
    """The inequalities of the ledger that no oracle is about."""
    return [f"{name}.{kind}" for name, kind in inequalities() if (name, kind) not in ORACLES]


def named(title: str) -> Oracle:
    """The oracle of a form "name.kind", or the control of this title."""
    if title in CONTROLS:
        return CONTROLS[title]
    name, kind = title.rsplit(".", 1)
    return ORACLES[name, kind]


def stamp() -> str:
    """A name for the sources of the oracles and the search: a state holds for one of them."""
    digest = sha256()
    for path in sorted(FOLDER.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def place(state: Path, title: str) -> Path:
    """The file of one search."""
    return state / f"{title.replace(' ', '_').replace('/', '_')}.json"


def load(state: Path, title: str) -> Found:
    """What is there of one search."""
    path = place(state, title)
    return Found(**json.loads(path.read_text())) if path.exists() else Found()


def store(state: Path, title: str, found: Found) -> None:
    """One search, written whole or not at all."""
    path = place(state, title)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(vars(found)))
    part.replace(path)


def run(title: str, evaluations: int, seed: int, state: Path) -> tuple[str, Found, float]:
    """One search from where its state stands, in a process that leaves the machine to others."""
    begin = monotonic()
    oracle, found = named(title), load(state, title)
    while found.evaluations < evaluations:
        for _ in range(PART):
            island(oracle, seed, found.islands, found)
            if found.evaluations >= evaluations or found.violations:
                break
        store(state, title, found)
        if found.violations:
            break
    return title, settled(oracle, found), monotonic() - begin


def line(title: str, found: Found, seconds: float) -> str:
    """One row of the table."""
    return (
        f"{title:58s} {found.evaluations:9d} {found.outside:8d} {found.suspicious:9d} "
        f"{found.violations:10d} {found.ratio:14.10f} {seconds:7.1f}"
    )


def recorded(results: dict[str, Found]) -> str:
    """The record: evaluations and the tightest ratio of each form, six digits of it."""
    rows = {
        title: {
            "evaluations": found.evaluations,
            "ratio": float(np.format_float_positional(found.ratio, 6, fractional=False)),
            "violations": found.violations,
        }
        for title, found in results.items()
    }
    return json.dumps(rows, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 where a statement is violated, or a false one survives."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--claims", nargs="*", default=[""], help="beginnings of names of claims")
    parser.add_argument("--evaluations", type=int, default=100_000, help="a form")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--state", type=Path, default=Path(".cache/attack"))
    parser.add_argument("--record", action="store_true", help="write tests/attack/record.json")
    given: Any = parser.parse_args(arguments)
    state = given.state / f"{stamp()}-seed{given.seed}"
    state.mkdir(parents=True, exist_ok=True)
    forms = [
        f"{name}.{kind}"
        for name, kind in inequalities()
        if (name, kind) in ORACLES and name.startswith(tuple(given.claims))
    ]
    counts = dict.fromkeys(forms, given.evaluations) | dict.fromkeys(CONTROLS, CONTROL_EVALUATIONS)
    results: dict[str, Found] = {}
    print(
        f"{'form':58s} {'evaluated':>9s} {'outside':>8s} {'rounding':>9s} {'violations':>10s} "
        f"{'ratio':>14s} {'seconds':>7s}"
    )
    with ProcessPoolExecutor(given.workers, initializer=os.nice, initargs=(10,)) as pool:
        futures = [pool.submit(run, *item, given.seed, state) for item in counts.items()]
        for future in as_completed(futures):
            title, found, seconds = future.result()
            results[title] = found
            print(line(title, found, seconds), flush=True)
    failed = False
    for title in forms:
        if results[title].violations:
            failed = True
            print(f"\nVIOLATED: {title}\n    {results[title].broken}")
    for title in CONTROLS:
        if not results[title].violations:
            failed = True
            print(f"\nSURVIVED, though false: {title}")
    print(f"\n{len(forms)} forms attacked, with oracles on {len(topics.TOPICS)} topics")
    print(f"{len(CONTROLS)} false statements, broken or named above")
    print(f"{len(uncovered())} inequalities without an oracle, of which this says nothing:")
    print("".join(f"    {title}\n" for title in uncovered()), end="")
    gone = sorted(f"{name}.{kind}" for name, kind in ORACLES.keys() - set(inequalities()))
    if gone:
        print(f"oracles whose form is not in the ledger any more: {', '.join(gone)}")
    if given.record:
        kept = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        fresh = json.loads(recorded({title: results[title] for title in forms}))
        ledger = {f"{name}.{kind}" for name, kind in inequalities()}
        rows = {title: row for title, row in (kept | fresh).items() if title in ledger}
        RECORD.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
