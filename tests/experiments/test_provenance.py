"""Provenance and whole files: what the harness is made of, on its own."""
import os
import re
import shutil
import subprocess
import sys

import pytest

from experiments import _provenance
from quadmeta import _files


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")
def test_commit_is_the_last_one_of_these_paths(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        subprocess.run([*git, "add", name], check=True)
        subprocess.run([*git, "commit", "-qm", name], check=True)
    one, two = (_provenance.commit(tmp_path, [name]) for name in ("one", "two"))
    assert re.fullmatch("[0-9a-f]{40}", one) and one != two and _provenance.commit(tmp_path, ["three"]) is None


def test_outside_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert _provenance.commit(tmp_path, ["one"]) is None
    monkeypatch.setenv("PATH", str(tmp_path))  # without the program
    assert _provenance.commit(tmp_path, ["one"]) is None


def test_blas_is_named_without_threadpoolctl(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert _provenance.blas()["name"] and _provenance.blas()["threads"] == 1


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path, monkeypatch):
    _files.write(tmp_path / "a.csv", b"old")
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        _files.write(tmp_path / "a.csv", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"] and (tmp_path / "a.csv").read_bytes() == b"old"
