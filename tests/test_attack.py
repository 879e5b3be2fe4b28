"""The adversary: its oracles against instances worked by hand, false statements that it must break,
its record, and a derandomised sample.
"""

import ast
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.attack import bends, run, search, topics
from tests.attack.arithmetic import solve
from tests.attack.oracle import CONTROLS, ORACLES, Oracle, inequalities, positive

LEDGER = set(inequalities())


@pytest.mark.parametrize("key", sorted(ORACLES.keys() & LEDGER), ids=".".join)
def test_a_sample_violates_nothing_and_meets_the_assumptions(key):
    found = search.Found()
    search.island(ORACLES[key], 1, 0, found)
    found = search.settled(ORACLES[key], found)
    assert found.violations == 0, found.broken
    assert found.outside < found.evaluations / 2
    assert found.ratio <= 1 + 1e-15


@pytest.mark.parametrize("title", sorted(CONTROLS))
def test_a_false_statement_is_broken(title):
    found = search.Found()
    while not found.violations and found.evaluations < run.CONTROL_EVALUATIONS:
        search.island(CONTROLS[title], 0, found.islands, found)
    assert found.violations and found.broken["ratio"] > 1


def test_controls_are_of_every_kind():
    assert len(CONTROLS) >= 3
    assert set(map(id, topics.TOPICS)) == {
        id(topic)
        for topic in topics.TOPICS
        if any(oracle.function.__module__ == topic.__name__ for oracle in ORACLES.values())
    }


def test_every_inequality_has_an_oracle_or_is_listed_as_having_none():
    listed = set(run.listed())
    assert set(run.uncovered()) <= listed
    assert not listed & {".".join(key) for key in ORACLES}


def test_the_record_is_of_the_forms_attacked():
    rows = json.loads(run.RECORD.read_text())
    again = "python -m tests.attack.run --record --claims NAME"
    assert set(rows) == {".".join(key) for key in LEDGER & ORACLES.keys()}, again
    for title, row in rows.items():
        assert set(row) == {"evaluations", "ratio", "violations"}, title
        assert row["evaluations"] >= 100_000 and row["violations"] == 0
        assert math.isfinite(row["ratio"]) and row["ratio"] <= 1


def test_no_oracle_imports_a_formula_of_the_package():
    for path in Path(run.FOLDER).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", [])]
            names.append(getattr(node, "module", None) or "")
            quadmeta = [name for name in names if isinstance(name, str) and "quadmeta" in name]
            assert not quadmeta or (path.name, quadmeta) == ("oracle.py", ["quadmeta"])


def test_rounding_is_told_from_a_violation():
    def cancelling(x):
        return (x + 1) - x, 1 + 0 * x

    oracle = Oracle("rounding", cancelling, {"x": (lambda z: 1e13 * positive(z), "")}, {})
    found = search.search(oracle, 100)
    assert found.suspicious and not found.violations and found.ratio <= 1 + 1e-15

    def broken(x):
        return 1 + 0 * x, 1 - x / (1 + x) / 10**8

    found = search.search(Oracle("broken", broken, {"x": (positive, "")}, {}), 100)
    assert found.violations and not found.suspicious
    assert found.broken["ratio"] > 1


def test_elimination_solves():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((4, 3, 3))
    A = A @ A.transpose(0, 2, 1) + np.eye(3)
    b = rng.standard_normal((4, 3))
    assert np.allclose((A @ solve(A, b)[..., None])[..., 0], b)


def test_the_ramp_lies_between_two_of_the_last_iterates():
    oracle, rng = ORACLES["yakovlev2023_bias_bound", "stated"], np.random.default_rng(0)
    shape = {"j": 2, "k": 4, "p": 2, "t": 1, "T": 12, "LATE": 2, "SWITCH": 1}
    given = oracle.instance(rng.standard_normal((50, oracle.width(shape))) / 2, shape)
    step = given.pop("x")
    rest = {key: value for key, value in given.items() if key not in ("y", "J", "angles")}
    path = bends.switched(12, 2, step=step, **rest)
    along = np.stack([w[:, 0] for w in path.w], axis=1)
    level = path.inner.levels[:, 0]
    crossed = (along[:, :10] < level[:, None]).all(axis=1)
    assert crossed.sum() > 25
    assert np.allclose(along[crossed, 10], -given["size"][crossed])
    assert (along[crossed, 10] > (level + path.inner.lengths[:, 0])[crossed]).all()


def test_the_command_resumes_and_is_reproducible(tmp_path, capsys, monkeypatch):
    title = "wang2021_naive_upper_bound.stated"
    _, whole, _ = run.run(title, 3000, 5, tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    run.run(title, 1500, 5, other)
    _, resumed, _ = run.run(title, 3000, 5, other)
    assert resumed == whole
    monkeypatch.setattr(run, "CONTROLS", {})
    monkeypatch.setattr(run, "named", lambda title: ORACLES[tuple(title.split("."))])
    monkeypatch.setattr(run, "uncovered", lambda: ["some.form"])
    given = ["--claims", "wang2021_naive_u", "--evaluations", "1500", "--state", str(tmp_path)]
    assert run.main([*given, "--workers", "1"]) == 0
    assert "2 forms attacked" in (text := capsys.readouterr().out) and "    some.form" in text
