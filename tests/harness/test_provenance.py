"""Provenance and whole files: what the harness is made of, on its own."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from quadmeta import _files, plotting
from quadmeta.harness import provenance


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")
def test_commit_is_the_last_one_of_these_paths(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        subprocess.run([*git, "add", name], check=True)
        subprocess.run([*git, "commit", "-qm", name], check=True)
    one = provenance.commit(tmp_path, [tmp_path / "one"])
    two = provenance.commit(tmp_path, [tmp_path / "two"])
    assert re.fullmatch("[0-9a-f]{40}", one) and one != two
    assert provenance.commit(tmp_path, [tmp_path / "three"]) is None
    # an installed library is outside the repository
    installed = tmp_path.parent / "site-packages" / "library"
    assert provenance.commit(tmp_path, [installed, tmp_path / "one"]) == one
    assert provenance.commit(tmp_path, [installed]) is None


def test_outside_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit(tmp_path, [tmp_path / "one"]) is None
    monkeypatch.setenv("PATH", str(tmp_path))  # without the program
    assert provenance.commit(tmp_path, [tmp_path / "one"]) is None


def test_blas_is_named_without_threadpoolctl(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert provenance.blas()["name"] and provenance.blas()["threads"] == 1


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path, monkeypatch):
    _files.write(tmp_path / "a.csv", b"old")
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        _files.write(tmp_path / "a.csv", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"] and (
        tmp_path / "a.csv"
    ).read_bytes() == b"old"


@pytest.fixture(scope="module")
def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leftover(folder, name, written=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of")
    if written is not None:
        os.utime(path, (written, written))
    return path


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path, ended):
    here, now = _files._HOST, time.time()
    left = [
        leftover(tmp_path, f".a.csv.{ended}.tmp"),
        leftover(tmp_path, f"below/.b.json.{ended}-3@{here}.tmp"),
        leftover(tmp_path, f".c.csv.{10**30}.tmp"),
        leftover(tmp_path, f".d.csv.1-0@{here}.tmp", now - 2 * _files.OLD),
        leftover(tmp_path, f".e.csv.{os.getpid()}-0@{here}.tmp", _files._STARTED - 60),
        leftover(tmp_path, f".f.csv.{ended}-0@elsewhere.tmp", now - 2 * _files.OLD),
    ]
    stays = [
        leftover(tmp_path, f".g.csv.{os.getppid()}-0@{here}.tmp"),
        leftover(tmp_path, f".h.csv.{os.getpid()}.tmp"),
        leftover(tmp_path, f".i.csv.{ended}-0@elsewhere.tmp"),
        leftover(tmp_path, f"j.csv.{ended}.tmp"),
        leftover(tmp_path, f".k.csv.{ended}.tmp.txt"),
        leftover(tmp_path, ".l.tmp"),
        leftover(tmp_path, "m.csv"),
    ]
    assert sorted(_files.sweep(tmp_path)) == sorted(left)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(stays)
    assert _files.sweep(tmp_path) == [] == _files.sweep(tmp_path / "nowhere")


def test_a_shallow_sweep_leaves_what_is_below(tmp_path, ended):
    above, below = (
        leftover(tmp_path, f".a.{ended}.tmp"),
        leftover(tmp_path, f"below/.b.{ended}.tmp"),
    )
    fig, _ = plotting.figure(width=plotting.COLUMN)
    plotting.save(fig, tmp_path / "figure")
    assert not above.exists() and below.exists() and (tmp_path / "figure.svg").exists()


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file_and_one_that_is_swept(
    tmp_path,
):
    _files.write(tmp_path / "a.csv", b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from quadmeta import _files; os.replace "
        "= lambda *paths: os.kill(os.getpid(), signal.SIGKILL); _files.write(Path('a.csv'), b'new')"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert found.returncode < 0 and (tmp_path / "a.csv").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2 and len(_files.sweep(tmp_path)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_versions_are_of_what_is_installed():
    assert "no-such-package" not in provenance.versions(["no-such-package"])
    assert "pip" in provenance.versions(["pip"])
