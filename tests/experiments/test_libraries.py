"""The figure on public libraries: its claims, the code without a library, the drafted reports."""

import json
import os
import re
import subprocess
from dataclasses import replace
from fractions import Fraction

import pytest

from experiments.libraries import environments, modes, outcome, rows, worker
from quadmeta.conformance import CASES, Report, exact_value
from quadmeta.conformance.case import steps
from quadmeta.conformance.rational import exact, zeros
from quadmeta.harness import from_csv, to_csv
from tests.helpers import altered, drawn

FOLDER = environments.ROOT / "experiments" / "libraries"
PUBLISHED = environments.ROOT / "figures" / "libraries.csv"
CONTROL = "control: CG without its last step"


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    said = [text.get_text() for text in fig.axes[0].texts]
    assert "CG: last step lost (6 of 6)" in said


def test_the_published_table_holds_and_draws_cleanly(figure):
    table = PUBLISHED.read_bytes()
    drawn(figure, table)
    given = outcome.by_mode(from_csv(table))
    assert set(given) == set(modes.MODES)


CASES_OF_CHECK = {
    "a control that is right": ({"verdict": lambda _: "right"}, {"mode": CONTROL}, "is not wrong"),
    "another cause": ({"cause": lambda _: "unknown"}, {"mode": CONTROL}, "unknown, not CG"),
    "a wrong plain code": (
        {"verdict": lambda _: "wrong"},
        {"mode": "own reverse mode", "case": "generic"},
        "own reverse mode is not right",
    ),
    "right beyond the tolerance": (
        {"error": lambda _: 1.0},
        {"mode": "own conjugate gradients", "case": "generic"},
        "called right",
    ),
    "wrong within the tolerance": (
        {"error": lambda _: 0.0},
        {"mode": CONTROL, "case": "generic"},
        "called wrong",
    ),
}


@pytest.mark.parametrize("change, where, message", CASES_OF_CHECK.values(), ids=CASES_OF_CHECK)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


@pytest.mark.parametrize(
    "verdicts, word",
    [
        (["right", "not applicable"], outcome.RIGHT),
        (["right", "inner problem not converged"], outcome.LOOSE),
        (["inner problem not converged", "raises"], outcome.REFUSES),
        (["raises", "silent zero"], outcome.WRONG),
        ([rows.MISSING], outcome.ABSENT),
    ],
)
def test_three_kinds_of_shortfall_are_kept_apart(verdicts, word):
    table = [{"verdict": verdict, "cause": "unknown"} for verdict in verdicts]
    assert outcome.outcome(table) == word


def test_the_derivative_of_another_method_is_no_mistake():
    table = [{"verdict": "wrong", "cause": outcome.METHODS[0]}, {"verdict": "right", "cause": None}]
    assert outcome.outcome(table) == outcome.ANOTHER
    table.append({"verdict": "wrong", "cause": "unknown"})
    assert outcome.outcome(table) == outcome.WRONG


def test_every_mode_is_run_once_and_its_library_is_pinned(figure):
    names = [point["mode"] for point in figure.points(**figure.FULL)]
    assert sorted(names) == sorted(modes.MODES)
    pins = {
        name: [
            pin.split("==")[0]
            for file in (f"{name}.txt", f"{name}-nodeps.txt")
            for pin in environments.pinned(environments.PINS / file)
        ]
        for name in ("jax", "torch")
    }
    for mode in modes.MODES.values():
        assert not mode.environment or mode.library in pins[mode.environment]


def test_the_worker_saves_a_report(tmp_path, capsys):
    path = tmp_path / "report.json"
    assert worker.main(CONTROL, str(path), "few") == 0
    report = Report.from_dict(json.loads(path.read_text(encoding="utf-8")))
    assert report.fingerprints[0].name == "CG: last step lost"
    assert capsys.readouterr().out == "\n"


def test_a_library_that_is_not_there_is_a_row_and_is_drawn(monkeypatch, figure):
    def absent(environment, *arguments):
        return subprocess.CompletedProcess(arguments, worker.ABSENT, "", "no package betty-ml\n")

    monkeypatch.setattr(rows, "in_environment", absent)
    (row,) = rows.rows("betty cg", "few")
    assert row["verdict"] == rows.MISSING and row["cause"] == "no package betty-ml"
    own = rows.rows(CONTROL, "few")
    fig = drawn(figure, to_csv([row, *own]))
    said = [text.get_text() for text in fig.axes[0].texts]
    assert outcome.ABSENT in said and "no package betty-ml" in said
    assert said.count(outcome.RIGHT) == 0


def test_a_worker_that_is_killed_is_no_row(monkeypatch):
    def killed(environment, *arguments):
        return subprocess.CompletedProcess(arguments, -15, "", "")

    monkeypatch.setattr(rows, "in_environment", killed)
    with pytest.raises(RuntimeError, match="ended with -15"):
        rows.rows("betty cg", "few")


def test_the_worker_says_that_a_library_is_not_there(monkeypatch, tmp_path, capsys):
    lacking = replace(modes.MODES[CONTROL], library="no-such-library")
    monkeypatch.setitem(modes.MODES, CONTROL, lacking)
    path = tmp_path / "report.json"
    assert worker.main(CONTROL, str(path), "few") == worker.ABSENT
    assert not path.exists() and "no-such-library" in capsys.readouterr().err


def test_an_environment_is_made_once_and_what_cannot_be_installed_is_left_out(
    monkeypatch, tmp_path
):
    called = []

    def run(command, check=False):
        called.append(command[1:])
        if "venv" in command:
            (tmp_path / "jax").mkdir()
        return subprocess.CompletedProcess(command, int("-r" in command))

    monkeypatch.delenv("QUADMETA_LIBRARIES_JAX", raising=False)
    monkeypatch.setattr(environments, "PLACES", tmp_path)
    monkeypatch.setattr(environments.subprocess, "run", run)
    assert environments.python("jax") == environments.python("jax") == tmp_path / "jax/bin/python"
    assert sum("venv" in command for command in called) == 1
    alone = [command[-1] for command in called if "-r" not in command]
    assert "jaxopt==0.8.5" in alone and "gradhpo==0.1.3" in alone
    assert called[-1] == ["-m", "pip", "install", "--quiet", "--no-deps", "gradhpo==0.1.3"]


def test_a_chosen_environment_is_used_as_it_is(monkeypatch):
    monkeypatch.setenv("QUADMETA_LIBRARIES_JAX", "/elsewhere/bin/python")
    assert str(environments.python("jax")) == "/elsewhere/bin/python"


def diagonal(curvatures, outer_linear=0, outer_hessian=0, **changes):
    """The case H = diag(curvatures), b = alpha (1, ..., 1), alpha = 1, from the start 0."""
    n = len(curvatures)
    unit = exact([[int(i == j) for j in range(n)] for i in range(n)])
    data = {
        "hessian": exact(curvatures)[:, None] * unit,
        "linear": zeros(n),
        "cross": exact([[1]] * n),
        "outer_hessian": Fraction(outer_hessian) * unit,
        "outer_linear": exact([-outer_linear] * n),
        "alpha": exact([1]),
        "start": zeros(n),
        "point": zeros(n),
    }
    return NAMED["one_dimension"].but(**(data | changes))


NAMED = {case.name: case for case in CASES}
SMALL = [1, "1/8", Fraction(1, 2**13), Fraction(1, 2**27)]
EXACT = {
    ("betty-ml", 0): [(diagonal([1, 2], outer_linear=1), "implicit")],
    ("jaxopt", 0): [
        (diagonal([1, "1/8", Fraction(1, 2**8), Fraction(1, 2**13)], outer_hessian=1), "implicit")
    ],
    ("jaxopt", 1): [
        (
            diagonal(["1/2"], outer_linear=1, start=exact([2]), step_sizes=steps(1, 3)),
            "unrolled",
        )
    ],
    ("jaxopt", 2): [(diagonal(SMALL, outer_linear=1), "implicit")],
    ("jaxopt", 3): [(diagonal([2, 2, 2, 2], outer_linear=1), "implicit")],
    ("optimistix", 0): [(diagonal([1, "1/2", "1/4", "1/8"], outer_hessian=1), "implicit")],
    ("torchopt", 0): [(NAMED["scalar"], "implicit")],
    ("torchopt", 1): [(diagonal(SMALL, outer_linear=1), "implicit")],
}
"""The problem of each reproduction, by report and place in it."""
ENVIRONMENT = {mode.library: mode.environment for mode in modes.MODES.values()}


def reproductions():
    """(library, place, code, what it prints, the exact value) of every report."""
    found = []
    for path in sorted((FOLDER / "reports").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        parts = re.findall(
            r"```python\n(.*?)```\n\nIt prints `(.*?)`; the exact value is `(.*?)`", text, re.DOTALL
        )
        assert len(parts) == text.count("```python")
        found += [(path.stem, place, *part) for place, part in enumerate(parts)]
    return found


FOUND = reproductions()
IDS = [f"{library}-{place}" for library, place, *_ in FOUND]


@pytest.mark.parametrize("library, place, code, prints, value", FOUND, ids=IDS)
def test_the_exact_value_of_a_reproduction(library, place, code, prints, value):
    for case, kind in EXACT[library, place]:
        assert [str(entry) for entry in exact_value(case, kind)] == [value]


def installed(environment):
    """Whether an environment is there, without making it."""
    made = (environments.PLACES / environment / ".ready").exists()
    return made or f"QUADMETA_LIBRARIES_{environment.upper()}" in os.environ


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "jax reverse",
        "jaxopt custom_root, solve_lu",
        "jaxopt GradientDescent, implicit, default",
        "optimistix GradientDescent, 1e-12",
    ],
)
def test_a_few_cases_give_what_is_published(name, tmp_path):
    """The JAX side of the scoreboard, quickly: the verdicts of the table, computed anew."""
    if not installed("jax"):
        pytest.skip("jax is not installed")
    path = tmp_path / "report.json"
    done = environments.in_environment(
        "jax", "experiments.libraries.worker", name, str(path), "few"
    )
    assert done.returncode == 0, done.stderr
    found = Report.from_dict(json.loads(path.read_text(encoding="utf-8")))
    published = {
        row["case"]: row["verdict"]
        for row in from_csv(PUBLISHED.read_bytes())
        if row["mode"] == name
    }
    assert len(found.results) >= 5
    for result in found.results:
        assert str(result.verdict) == published[result.case], result.case


@pytest.mark.slow
@pytest.mark.parametrize("library, place, code, prints, value", FOUND, ids=IDS)
def test_a_reproduction_prints_what_its_report_says(library, place, code, prints, value):
    environment = ENVIRONMENT[library]
    if not installed(environment):
        pytest.skip(f"{library} is not installed")
    done = subprocess.run(
        [str(environments.python(environment)), "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for said, expected in zip(done.stdout.split(), prints.split(), strict=True):
        try:
            assert float(said) == pytest.approx(float(expected), rel=1e-5)
        except ValueError:
            assert said == expected
