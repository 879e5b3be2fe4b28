"""``python -m quadmeta.verification.certify [N]``: N random rational instances over all exact
statements that hold.

Cheap statements get more of them: the share of a form goes with the 3/4th power of its speed,
measured by the length of its program, so that the counts and every instance are the same on each
run. Exit code 1 if one is violated.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from math import ceil
from statistics import mean
from time import perf_counter
from typing import Any, NamedTuple

from quadmeta._registry import members
from quadmeta.sweep import Failure, pmap
from quadmeta.verification.certificate import trace
from quadmeta.verification.finding import examine
from quadmeta.verification.instances import instances
from quadmeta.verification.ledger import claim
from quadmeta.verification.verdict import plain

CHUNK = 500
"""Instances of one point of work."""


class NotComputed(RuntimeError):
    """A side of a statement raised."""


class Tally(NamedTuple):
    """What a sample of one form found."""

    instances: int
    violations: int
    ratio: float | None
    """The most extreme lhs/rhs, None if no instance has two positive sides."""
    first: Any = None
    """The first instance that violates the statement."""


def forms() -> Iterator[tuple[str, str]]:
    """(claim, form) of each exact statement recorded as true."""
    for name in members("claims"):
        statement = claim(name)
        yield from (
            (name, form)
            for form, record in statement.forms.items()
            if statement.exact and record.recorded in ("holds", "consistent")
        )


def sample(name: str, form: str, count: int, seed: Any = 1) -> Tally:
    """``count`` random instances that meet every assumption."""
    statement = claim(name)
    bad = 0
    extreme = []
    first = None
    upper = statement.relation in ("<=", "<", "==")
    for x in islice(instances(statement, form, seed), count):
        found = examine(statement, form, x)
        if not found.holds:
            bad = bad + 1
            first = first or plain(x)
        if found.ratios:
            extreme.append((max if upper else min)(found.ratios.values()))
    return Tally(count, bad, (max if upper else min)(extreme) if extreme else None, first)


def shares(total: int) -> dict[tuple[str, str], int]:
    """Instances for each form, at least ``total`` in all, in proportion to (20 + mean steps of its
    program)^-3/4.
    """
    weights = {}
    for name, form in forms():
        lengths = [
            len(trace(claim(name), form, x).steps) for x in islice(instances(claim(name), form), 5)
        ]
        weights[name, form] = (20 + mean(lengths)) ** -0.75
    return {
        key: ceil(total * weight / sum(weights.values()) - 1e-6) for key, weight in weights.items()
    }


def main(arguments: Sequence[str], workers: int = 2) -> int:
    """One line a form; exit code 1 if any instance violates one, 3 if one could not be computed."""
    parser = argparse.ArgumentParser(
        prog="python -m quadmeta.verification.certify",
        description=(__doc__ or "").partition(": ")[2],
    )
    parser.add_argument(
        "count",
        nargs="?",
        default=10**6,
        type=int,
        metavar="N",
        help="instances (default: a million)",
    )
    total = parser.parse_args(arguments).count
    if total < 1:
        parser.error(f"N = {total} must be at least 1")
    start = perf_counter()
    wanted = shares(total)
    points = [
        (name, form, min(CHUNK, count - at), f"{form} {at // CHUNK}")
        for (name, form), count in wanted.items()
        for at in range(0, count, CHUNK)
    ]
    tallies: dict[tuple[str, str], list[Tally]] = {key: [] for key in wanted}

    def landed(k: int, tally: Any) -> None:
        if isinstance(tally, Failure):
            raise NotComputed(
                f"{points[k][0]}, {points[k][1]}: could not be computed: {tally.error}"
            )
        name, form = points[k][:2]
        tallies[name, form].append(tally)
        if sum(t.instances for t in tallies[name, form]) == wanted[name, form]:
            print(_line(name, form, tallies[name, form]), flush=True)

    try:
        pmap(_point, points, workers, landed)
    except NotComputed as error:
        print(error, file=sys.stderr)
        return 3
    found = [tally for group in tallies.values() for tally in group]
    bad = sum(tally.violations for tally in found)
    print(
        f"{bad} violations in {sum(tally.instances for tally in found)} instances of "
        f"{len(wanted)} statements, "
        f"{perf_counter() - start:.0f} s"
    )
    return int(bad > 0)


def _point(point: tuple[str, str, int, str]) -> Tally:
    return sample(*point)


def _line(name: str, form: str, group: list[Tally]) -> str:
    if claim(name).relation in ("<=", "<", "=="):
        extreme = max
    else:
        extreme = min
    ratios = [tally.ratio for tally in group if tally.ratio is not None]
    first = next((f", first {tally.first}" for tally in group if tally.first), "")
    bad, count = (sum(getattr(t, key) for t in group) for key in ("violations", "instances"))
    return (
        f"{name}, {form}: {bad} violations in {count} instances"
        f"{f', ratio {extreme(ratios):.9g}' if ratios else ''}{first}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
