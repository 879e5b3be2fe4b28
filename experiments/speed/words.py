"""The tables of the README on speed, from the table of the figure: ``python -m experiments.speed
words``.
"""

from collections.abc import Iterable, Iterator

from experiments.shared.tables import Rows
from experiments.speed.bars import GROWTH, SCANS, SHARES, SMALL, SPEEDUPS
from experiments.speed.targets import Key, Pair, Target, seconds_of

SAID = {True: "yes", False: "no", None: "not measured"}


def words(rows: Rows) -> str:
    """Speed-ups, what should stay small, grids of growing size, shares of the least time."""
    found = seconds_of(rows)
    target = {row["name"]: row for row in rows if row["part"] == "target"}
    return "\n".join(
        [
            "| workload | closed form | peer, unrolled | ratio | target | met |",
            "|---|---:|---:|---:|---:|---|",
            *_speedups(SPEEDUPS + SCANS, target, found),
            "",
            "| what should stay small | measured | at most | met |",
            "|---|---:|---:|---|",
            *_small(GROWTH + SMALL, target),
            "",
            "| (G, G') on a grid, modes known | time | memory |",
            "|---|---:|---:|",
            *_grids(rows),
            "",
            "| on one thread (d = 1000: on two) | time | least time | share | target | met |",
            "|---|---:|---:|---:|---:|---|",
            *_shares(SHARES, target, found),
            "",
        ]
    )


def duration(seconds: float) -> str:
    """Three digits of a time, with its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _speedups(
    targets: Iterable[Target], rows: dict[str, dict[str, object]], found: dict[Key, float]
) -> Iterator[str]:
    for target in targets:
        row = rows[target.name]
        pair = _worst(target, found)
        if pair is None:
            yield f"| {_name(target)} | | | | {target.required:,} | {SAID[None]} |"
            continue
        peer = min((key for key in pair.slow if key in found), key=lambda key: found[key])
        yield (
            f"| {_name(target)} | {duration(found[pair.fast])} | {duration(found[peer])} "
            f"({peer[2]}) | {_number(row['value'])} | {target.required:,} | {_said(row)} |"
        )


def _worst(target: Target, found: dict[Key, float]) -> Pair | None:
    """The pair of the least quotient; None without a peer."""
    there = [pair for pair in target.pairs if any(key in found for key in pair.slow)]
    return min(
        there,
        key=lambda pair: min(found[x] for x in pair.slow if x in found) / found[pair.fast],
        default=None,
    )


def _small(targets: Iterable[Target], rows: dict[str, dict[str, object]]) -> Iterator[str]:
    for target in targets:
        row = rows[target.name]
        yield f"| {_name(target)} | {row['value']:.3g} | {target.required:g} | {_said(row)} |"


def _grids(rows: Rows) -> Iterator[str]:
    for row in rows:
        if row["workload"] == "growth" and row["part"] == "time" and row["route"] == "closed form":
            yield (
                f"| T = {row['T']:,}, d = {row['d']}, {row['grid']:,} step sizes | "
                f"{duration(row['seconds'])} | {row['memory']:.2g} MB |"
            )


def _shares(
    targets: Iterable[Target], rows: dict[str, dict[str, object]], found: dict[Key, float]
) -> Iterator[str]:
    for target in targets:
        row = rows[target.name]
        (pair,) = target.pairs
        yield (
            f"| {_name(target)} | {duration(found[pair.fast])} | {duration(found[pair.slow[0]])} "
            f"| {row['value']:.0%} | {target.required:.0%} | {_said(row)} |"
        )


def _name(target: Target) -> str:
    return target.name.replace("10^5", "10⁵")


def _said(row: dict[str, object]) -> str:
    return SAID[bool(row["met"]) if row["met"] is not None else None]


def _number(value: object) -> str:
    assert isinstance(value, float)
    if value < 10:
        return f"{value:.2g}"
    return f"{float(f'{value:.3g}'):,.0f}"
