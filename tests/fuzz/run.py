"""The command behind ``make fuzz``: draws in batches over processes, a state that is resumed, a
table of the worst.

    python -m tests.fuzz.run --draws 100000             # as many more batches as are missing
    python -m tests.fuzz.run --case 0 1234              # every question of one case, to look at a
                                                        failure

A case is all that follows from (seed, number): a family, a problem, its parameters. A draw is one
compared value.
"""

import json
import os
import sys
import traceback
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

import quadmeta
from tests.fuzz import bilevel, closed_forms, methods, regression, step_size, stochastic, tasks
from tests.fuzz.exact import Answer, Question, judge

FAMILIES: dict[Callable[[np.random.Generator], Iterator[Question]], float] = {
    step_size.gradient_descent: 0.30,
    tasks.batches: 0.12,
    tasks.matrices: 0.12,
    methods.schedule: 0.15,
    methods.momentum: 0.005,
    regression.regression: 0.12,
    stochastic.stochastic: 0.05,
    bilevel.bilevel: 0.40,
    closed_forms.closed_forms: 0.20,
}
"""What is drawn, and the share of the cases it gets."""
BATCH = 50
"""Cases in a batch, which is what a worker takes and what the state holds."""


@dataclass
class Row:
    """One quantity of the summary."""

    draws: int = 0
    refused: int = 0
    outside: int = 0
    worst: float = -1.0
    case: int = -1
    about: str = ""
    note: str = ""

    def add(self, answer: Answer, case: int, about: str) -> None:
        """Count one answer."""
        self.draws += 1
        self.refused += answer.refused
        self.outside += answer.ratio > 1
        if answer.ratio > self.worst:
            self.worst, self.case, self.about, self.note = answer.ratio, case, about, answer.note

    def join(self, other: "Row") -> None:
        """Count what another one counted."""
        self.draws, self.refused = self.draws + other.draws, self.refused + other.refused
        self.outside += other.outside
        if other.worst > self.worst:
            self.worst, self.case, self.about, self.note = (
                other.worst,
                other.case,
                other.about,
                other.note,
            )


def family(
    seed: int, case: int
) -> tuple[Callable[[np.random.Generator], Iterator[Question]], np.random.Generator]:
    """The family of a case, and its source of randomness."""
    rng = np.random.default_rng([seed, case])
    shares = np.array(list(FAMILIES.values()))
    return list(FAMILIES)[int(rng.choice(len(shares), p=shares / shares.sum()))], rng


def questions(seed: int, case: int) -> Iterator[Question]:
    """All questions of a case; an error outside a call of the package is a failure of the family."""
    draw, rng = family(seed, case)
    try:
        yield from draw(rng)
    except Exception:  # noqa: BLE001 (a crash of one case must not lose the batch)
        message = traceback.format_exc(limit=-3).replace("\n", " | ")
        yield Question(f"crash in {draw.__name__}", RuntimeError(message), lambda: ())


def batch(seed: int, number: int) -> dict[str, Row]:
    """Rows of one batch of cases."""
    rows: dict[str, Row] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for case in range(number * BATCH, (number + 1) * BATCH):
            for question in questions(seed, case):
                rows.setdefault(question.quantity, Row()).add(judge(question), case, question.about)
    return rows


def worker(seed: int, number: int) -> tuple[int, dict[str, Row]]:
    """One batch, in a process that leaves the machine to others."""
    return number, batch(seed, number)


def stamp() -> str:
    """A name for the sources of the package and of the fuzzer: a state holds for one of them."""
    digest = sha256()
    for folder in (Path(quadmeta.__file__).parent, Path(__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def load(state: Path) -> dict[int, dict[str, Row]]:
    """The batches that are there."""
    done = {}
    for path in sorted(state.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        done[int(path.stem)] = {name: Row(**row) for name, row in lines}
    return done


def store(state: Path, number: int, rows: dict[str, Row]) -> None:
    """One batch as JSON lines, written whole or not at all."""
    text = "".join(json.dumps([name, vars(row)]) + "\n" for name, row in sorted(rows.items()))
    part = state / f".{number}.{os.getpid()}"
    part.write_text(text)
    part.replace(state / f"{number:06d}.jsonl")


def summary(done: dict[int, dict[str, Row]]) -> dict[str, Row]:
    """All batches in one."""
    rows: dict[str, Row] = {}
    for number in sorted(done):
        for name, row in done[number].items():
            rows.setdefault(name, Row()).join(row)
    return rows


def table(rows: dict[str, Row]) -> str:
    """One line a quantity, and below it the worst case of those that are outside their error."""
    lines = [
        f"{'quantity':60s} {'draws':>9s} {'refused':>8s} {'outside':>8s} {'worst/allowed':>14s}  "
        "case"
    ]
    for name, row in sorted(rows.items()):
        lines.append(
            f"{name:60s} {row.draws:9d} {row.refused:8d} {row.outside:8d} {row.worst:14.3g}  "
            f"{row.case}"
        )
    for name, row in sorted(rows.items()):
        if row.outside:
            lines += ["", f"{name}: case {row.case}", f"    {row.about}", f"    {row.note}"]
    return "\n".join(lines)


def search(
    draws: int, seed: int, workers: int, state: Path, report: Callable[[str], None] = print
) -> dict[str, Row]:
    """Batches until there are ``draws`` values, those in ``state`` included."""
    state.mkdir(parents=True, exist_ok=True)
    done = load(state)
    count = sum(row.draws for rows in done.values() for row in rows.values())
    if done:
        report(f"resumed: {count} draws of {len(done)} batches are there")
    numbers = (k for k in range(sys.maxsize) if k not in done)
    begin = monotonic()
    with ProcessPoolExecutor(workers, initializer=os.nice, initargs=(10,)) as pool:
        running: set[Future[tuple[int, dict[str, Row]]]] = set()
        while count < draws:
            while len(running) < 2 * workers:
                running.add(pool.submit(worker, seed, next(numbers)))
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                number, rows = future.result()
                store(state, number, rows)
                done[number] = rows
                count += sum(row.draws for row in rows.values())
            outside = sum(row.outside for rows in done.values() for row in rows.values())
            report(f"{count} draws, {outside} outside their error, {monotonic() - begin:.0f} s")
        for future in running:
            future.cancel()
        for future in running:
            if not future.cancelled():
                number, rows = future.result()
                store(state, number, rows)
                done[number] = rows
    return summary(done)


def show_case(seed: int, case: int) -> None:
    """Every question of a case with its ratio, the worst first."""
    print(family(seed, case)[0].__name__)
    found: list[tuple[float, Question, Answer]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for question in questions(seed, case):
            answer = judge(question)
            found.append((answer.ratio, question, answer))
    for ratio, question, answer in sorted(found, key=lambda entry: -entry[0]):
        print(f"{ratio:10.3g}  {question.quantity}  {question.about}\n            {answer.note}")


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 where a value is outside its documented error."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--state", type=Path, default=Path(".cache/fuzz"))
    parser.add_argument("--case", type=int, nargs=2, metavar=("SEED", "NUMBER"))
    given: Any = parser.parse_args(arguments)
    if given.case:
        show_case(*given.case)
        return 0
    state = given.state / f"{stamp()}-seed{given.seed}"
    rows = search(given.draws, given.seed, given.workers, state)
    text = table(rows)
    (state / "summary.txt").write_text(text + "\n")
    outside = sum(row.outside for row in rows.values())
    count = sum(row.draws for row in rows.values())
    print(text)
    print(f"\n{count} draws, {outside} outside their documented error; kept in {state}")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
