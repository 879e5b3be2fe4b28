"""The harness for others: scripts of their own, in a folder of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import experiments
import quadmeta
from quadmeta import harness


def example():
    """The script that the documentation of the harness shows."""
    _, _, after = harness.__doc__.partition("experiments/contraction.py``::\n")
    return dedent(after.partition("There, ``python")[0]).strip() + "\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The command in a folder, where quadmeta is installed and its checkout is not on the path."""
    site = tmp_path_factory.mktemp("site")
    (site / "quadmeta").symlink_to(Path(quadmeta.__file__).parent)

    def run(folder, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "quadmeta.harness", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(site)},
            text=True,
            capture_output=True,
        )

    return run


@pytest.fixture
def study(tmp_path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "contraction.py").write_text(example())
    return tmp_path


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")
def test_the_documented_script_runs_in_a_folder_of_its_own(study, run):
    """Without an ``__init__.py``; the record names the commit of the study."""
    git = ["git", "-C", str(study), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q"], ["add", "experiments"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    last = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    listed = run(study, "list")
    assert listed.stdout.split() == (
        "contraction 4 points, smoke 1, not drawn The loss after T steps is geometric in T".split()
    ), listed.stderr
    done = run(study, "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "contraction: 4 rows, figures/contraction.svg\n"
    record = json.loads((study / "figures" / "contraction.json").read_text())
    assert record["commit"] == last and record["versions"]["quadmeta"] == quadmeta.__version__
    page = (study / "figures" / "README.md").read_text()
    assert "Written by `python -m quadmeta.harness run`" in page and "index.html" not in page
    assert run(study, "run").stdout == "contraction: fresh\n"


def test_from_python(study, monkeypatch, capsys):
    """Any folder and any name of the package; a failed claim says so."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (study / "experiments").rename(study / "scripts_of_a_study")
    places = harness.Places(study, package="scripts_of_a_study")
    assert harness.main(["run", "--smoke"], places) == 0
    module = places.load("contraction")
    assert module.__doc__ == "The loss after T steps is geometric in T."
    rows = harness.compute(module, {"steps": [0.5, 2.5]})
    assert [row["eta"] for row in rows] == [0.5, 2.5]
    rows[0]["measured"] = 0.0
    with pytest.raises(AssertionError, match="another loss"):
        module.check(rows)


def test_a_folder_without_scripts_is_refused(tmp_path, run):
    for words in ("list", "run"):
        found = run(tmp_path, words)
        assert found.returncode == 2 and found.stdout == ""
        assert found.stderr.startswith(f"there are no scripts in {tmp_path / 'experiments'}: write")
        assert found.stderr.count("\n") == 1


def test_another_package_of_the_same_name_is_refused(study, monkeypatch, capsys):
    """In a process that has imported one already."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert harness.main(["run"], harness.Places(study)) == 3
    error = capsys.readouterr().err
    other = Path(experiments.__file__).parent
    assert f"experiments is imported from {other}, not from {study}" in error


def test_public_names_are_there():
    assert all(getattr(harness, name) for name in harness.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Place'"):
        harness.Place
