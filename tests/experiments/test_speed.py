"""The speed figure: a smoke run without peers, results that disagree, what is never asserted."""

import numpy as np
import pytest

from experiments.speed.clock import Clock
from experiments.speed.inputs import cases, inputs
from experiments.speed.limits import needed, rates
from experiments.speed.run import installed, prepare, processes, sample
from experiments.speed.targets import TARGETS, target_rows
from quadmeta.harness import from_csv
from tests.helpers import altered, drawn


def test_it_runs_without_peers_and_says_so(figure, table):
    fig = drawn(figure, table)
    text = [part.get_text() for ax in fig.axes for part in (ax.title, *ax.texts)]
    assert any("jax and torch not installed" in words for words in text)
    rows = from_csv(table)
    assert {row["name"]: row["met"] for row in rows if row["part"] == "peer"} == {
        "jax": False,
        "torch": False,
    }
    slow = [row for row in rows if row["part"] == "target" and not row["most"]]
    assert all(row["value"] is None and row["met"] is None for row in slow)
    assert sum(row["loop"] is not None for row in slow) == len(slow)


ALTERED = {
    "a closed form off": (
        {"error": lambda x: 1e-9},
        {"workload": "W1", "route": "closed form", "slot": "T2"},
        "results differ",
    ),
    "full accuracy lost": (
        {"error": lambda x: 2e-13},
        {"route": "closed form, full accuracy", "workload": "W2"},
        "results differ",
    ),
    "a loop off": (
        {"error": lambda x: 1e-3},
        {"workload": "W3", "route": "numpy"},
        "results differ",
    ),
    "unchecked": (
        {"error": lambda x: None},
        {"workload": "W4", "route": "reverse", "slot": "T1"},
        "unchecked",
    ),
    "a route missing": (
        {"route": lambda x: "other"},
        {"workload": "W5", "route": "closed form"},
        "closed form: 12",
    ),
    "one run": ({"repeats": lambda x: 1}, {"workload": "W2", "route": "numpy"}, "a median of 1"),
    "no time": ({"seconds": lambda x: 0.0}, {"workload": "W4", "route": "CG"}, "no time"),
    "no growth": (
        {"seconds": lambda x: 0.0},
        {"part": "growth", "name": "d"},
        "growth with d: no time",
    ),
    "called met": (
        {"met": lambda x: not x},
        {"name": "time at T = 10^5 over T = 100"},
        "is called",
    ),
    "another ratio": (
        {"seconds": lambda x: 2 * x},
        {"workload": "W1", "route": "closed form", "slot": "T4"},
        "not the ratio",
    ),
    "a peer not measured": (
        {"met": lambda x: True},
        {"part": "peer", "name": "jax"},
        "jax: 0 rows",
    ),
    "another target": ({"name": lambda x: "x"}, {"name": TARGETS[0].name}, "a target is missing"),
}


@pytest.mark.parametrize("case", ALTERED)
def test_an_altered_table_fails(figure, table, case):
    change, where, message = ALTERED[case]
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_no_time_is_asserted(figure, table):
    """All times, rates and memory a thousand times larger, and every target missed: the claim of
    the figure stands.
    """
    rows = from_csv(table)
    for row in rows:
        for column in ("seconds", "memory"):
            row[column] = row[column] and 1000 * row[column]
        if row["part"] == "limit":
            row["value"] /= 1000
    figure.check(rows)


def test_targets_compare_the_times_they_name(monkeypatch, table):
    monkeypatch.setattr("experiments.speed.targets.start_up", lambda name, size: 1.0)
    times = [row for row in from_csv(table) if row["part"] == "time"]
    peers = [
        row | {"route": name, "seconds": 1e6}
        for row in times
        if row["route"] == "closed form"
        for name in ("jax", "torch", "jax, in modes", "jax, Gram first", "jax, implicit")
    ]
    found = target_rows(times + peers, 1e-8)
    assert all(row["met"] for row in found if not row["most"]) and all(
        row["value"] is not None for row in found
    )
    slow = target_rows(times + [row | {"seconds": 1e-9} for row in peers], 1e-8)
    assert not any(row["met"] for row in slow if not row["most"])


def test_peers_that_are_not_there_are_left_out():
    assert installed(["numpy", "no_such_package"]) == ["numpy"]
    with processes(["numpy"], apart=True) as families:
        found = families["numpy"](prepare, "numpy", cases("smoke")[0], 0)
        times = [families["numpy"](sample, "numpy", k)[0] for k in (0, 1, 2)]
    assert [row["route"] for row in found] == ["numpy"] and np.isfinite(found[0]["value"])
    assert times[0] > 0 and times[1] > 0 and times[2] is None


def test_every_route_gets_the_same_inputs():
    for case in cases("smoke") + cases("full")[:2]:
        one, two = inputs(case, 0), inputs(case, 0)
        assert all(np.array_equal(one[name], two[name]) for name in one)


def test_the_clock_counts_memory_and_rounds():
    kept = []
    clock = Clock(lambda: kept.append(np.ones(2**20)) or 7)
    assert clock.value == 7 and clock.rounds == 5 and clock.sample() > 0 and clock.memory > 6


def test_the_least_time_counts_the_work():
    rate = rates(20)
    assert (
        set(rate) == {"copy", "product", "eigh", "multiply", "divide", "log and exp"}
        and min(rate.values()) > 0
    )
    rate = dict.fromkeys(rate, 1.0)
    row = dict.fromkeys(("n", "tasks", "grid")) | {
        "workload": "W1",
        "route": "closed form",
        "d": 7,
        "T": 5,
    }
    # b^9 is 4 products, more than one log and exp at these rates; 16 bytes an eigenvalue
    assert needed(row, rate)["needed"] == pytest.approx(7 + 16e-9 * 7)
    squared = needed(row, rate | {"multiply": 0.1})
    assert (
        squared["multiplied"] == 28
        and squared["exps"] == 0
        and squared["needed"] == pytest.approx(2.8, rel=1e-6)
    )
    sweep = row | {
        "workload": "W3",
        "route": "closed form, one thread",
        "d": 6,
        "n": 3,
        "tasks": 2,
        "grid": 10,
    }
    assert needed(sweep, rate)["gflop"] == pytest.approx(1e-9 * 2 * (5 * 9 * 6 + 4 * 10 * 9))
    assert set(needed(row | {"route": "numpy"}, rate).values()) == {None}
