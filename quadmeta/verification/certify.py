"""``python -m quadmeta certify [N]``: N random rational instances over all exact statements that
hold.

Cheap statements get more of them: the share of a form goes with the 3/4th power of its speed,
measured by the length of its program, so that the counts and every instance are the same on each
run. Exit code 1 if one is violated.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import ceil
from statistics import mean
from time import perf_counter
from typing import Any, NamedTuple

from quadmeta.sweep import Failure, pmap
from quadmeta.verification.certificate import trace
from quadmeta.verification.claim import Claim
from quadmeta.verification.collection import claim, known
from quadmeta.verification.instances import candidates, instances
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
    for name in known():
        statement = claim(name)
        yield from (
            (name, form)
            for form, record in statement.forms.items()
            if statement.exact and record.recorded in ("holds", "consistent")
        )


def sample(name: str, form: str, count: int, seed: int | str = 1) -> Tally:
    """``count`` random instances that meet every assumption."""
    statement = claim(name)
    bad = 0
    extreme = []
    first = None
    worst = _worst(statement)
    for candidate in islice(candidates(statement, form, seed), count):
        found = candidate.examined()
        if not found.holds:
            bad += 1
            first = first or plain(found.instance)
        if found.ratios:
            extreme.append(worst(found.ratios.values()))
    return Tally(count, bad, worst(extreme) if extreme else None, first)


def _worst(statement: Claim) -> Callable[[Iterable[float]], float]:
    """Of several ratios lhs/rhs the one that is nearest to a violation, or beyond."""
    if statement.relation in ("<=", "<", "=="):
        return max
    return min


def shares(total: int) -> dict[tuple[str, str], int]:
    """Instances for each form, at least ``total`` in all, in proportion to
    (20 + mean steps of its program)^-3/4.
    """
    weights = {}
    for name, form in forms():
        statement = claim(name)
        few = islice(instances(statement, form), 5)
        lengths = [len(trace(statement, form, x).steps) for x in few]
        weights[name, form] = (20 + mean(lengths)) ** -0.75
    every = sum(weights.values())
    return {key: ceil(total * weight / every - 1e-6) for key, weight in weights.items()}


def certify(total: int = 10**6, workers: int = 2) -> int:
    """One line a form; exit code 1 if any instance violates one, 3 if one could not be computed."""
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
    worst = _worst(claim(name))
    ratios = [tally.ratio for tally in group if tally.ratio is not None]
    first = next((f", first {tally.first}" for tally in group if tally.first), "")
    bad = sum(tally.violations for tally in group)
    count = sum(tally.instances for tally in group)
    ratio = f", ratio {worst(ratios):.9g}" if ratios else ""
    return f"{name}, {form}: {bad} violations in {count} instances{ratio}{first}"
