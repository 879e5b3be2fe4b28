"""Experiments as files: small fake ones in a temporary checkout, run through the command line's own function."""
import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from experiments import _harness, _provenance
from experiments.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
NUMBER = count()
SCRIPT = '''"""Doubling doubles.

Source: none. A file `trap` beside this one says what happens at which point."""
import os
import signal
from pathlib import Path

CAPTION = "Doubled values on the line 2x."
SEED = 0
FULL = {"n": 8}
SMOKE = {"n": 3}
HERE = Path(__file__).parent


def points(n):
    return [{"i": i, "scale": 0.1} for i in range(n)]


def measure(i, scale):
    what, where = ((HERE / "trap").read_text() if (HERE / "trap").exists() else "none -1").split()
    if i == int(where):
        if what == "interrupt":
            raise KeyboardInterrupt
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "raise":
            raise ArithmeticError("singular matrix")
    with open(HERE / "calls", "a") as log:
        log.write(f"{i}\\n")
    value = float("nan") if what == "nan" and i == int(where) else 2 * i * scale
    return [{"i": i, "measured": value, "theory": 2 * (scale * i), "even": i % 2 == 0, "status": "ok", "bound": None}]


def check(rows):
    assert all(abs(row["measured"] - row["theory"]) < 1e-12 for row in rows), "doubling does not double"


def draw(rows):
    from quadmeta import plotting
    fig, ax = plotting.figure(width=plotting.COLUMN)
    plotting.theory(ax, [row["i"] for row in rows], [row["theory"] for row in rows])
    plotting.measured(ax, [row["i"] for row in rows], [row["measured"] for row in rows])
    return fig
'''


class Lab:
    """A checkout with one experiment, ``doubling``."""

    def __init__(self, root):
        self.places = _harness.Places(root, f"fakes{next(NUMBER)}")
        self.folder = root / self.places.package
        self.folder.mkdir()
        (root / "quadmeta").mkdir()
        self.write("doubling", SCRIPT)

    def write(self, name, text):
        (self.folder / f"{name}.py").write_text(text)
        sys.modules.pop(f"{self.places.package}.{name}", None)

    def trap(self, text):
        (self.folder / "trap").write_text(text)

    def run(self, *arguments):
        return main(["run", *arguments], self.places)

    def calls(self):
        """The points measured since the last look."""
        path = self.folder / "calls"
        found = sorted(map(int, path.read_text().split())) if path.exists() else []
        path.unlink(missing_ok=True)
        return found

    def kept(self):
        """The points that are finished."""
        files = self.places.cache("doubling").glob("points/*/*.json")
        return sorted(json.loads(path.read_text())["point"]["i"] for path in files)

    def file(self, ending, folder="figures"):
        return self.places.root / folder / f"doubling{ending}"

    def files(self):
        return {path.name: path.read_bytes() for path in (self.places.root / "figures").rglob("*") if path.is_file()}

    def temporary(self):
        return list(self.places.root.rglob("*.tmp"))


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    made = Lab(tmp_path)
    yield made
    assert not made.temporary()


def test_a_run_writes_table_provenance_both_pictures_and_the_gallery(lab, capsys):
    assert lab.run() == 0
    assert set(lab.files()) == {"doubling.csv", "doubling.json", "doubling.svg", "doubling.png", "README.md",
                                "index.html"}
    assert "doubling: 8 rows, figures/doubling.svg" in capsys.readouterr().out
    record = json.loads(lab.file(".json").read_text())
    assert record["settings"] == {"n": 8} and record["seed"] == 0 and record["commit"] is None
    assert record["title"] == "Doubling doubles" and record["blas"]["name"]
    assert {"numpy", "scipy", "matplotlib", "python", "quadmeta"} <= set(record["versions"])
    assert record["sha256"]["csv"][:12].encode() in lab.file(".svg").read_bytes()
    assert record["sha256"]["csv"][:12].encode() in lab.file(".png").read_bytes()
    page = lab.file("").with_name("README.md").read_text()
    assert "## Doubling doubles" in page and "](doubling.png)" in page and "on the line 2x." in page


def test_the_same_bytes_twice_and_with_workers(lab):
    assert lab.run() == 0
    first = lab.files()
    assert lab.run("--force") == 0 and lab.files() == first
    assert lab.run("--force", "--workers", "2") == 0
    second = lab.files()
    record, other = (json.loads(files.pop("doubling.json")) for files in (first, second))
    assert first == second and lab.calls() == sorted(3 * list(range(8)))
    del record["blas"], other["blas"]  # this process may have more BLAS threads than a worker
    assert record == other


def test_fresh_results_are_left_alone_until_something_they_depend_on_changes(lab, capsys):
    assert lab.run() == 0 and len(lab.calls()) == 8
    assert lab.run() == 0 and lab.calls() == [] and "doubling: fresh" in capsys.readouterr().out
    lab.file(".png").unlink()
    assert lab.run() == 0 and lab.file(".png").exists()
    lab.file(".csv").write_text("i\n1\n")
    assert lab.run() == 0 and lab.file(".csv").read_text().count("\n") == 9
    assert lab.calls() == []  # the points were still known
    (lab.places.root / "quadmeta" / "new.py").write_text("x = 1\n")
    assert lab.run() == 0 and len(lab.calls()) == 8
    lab.write("doubling", SCRIPT.replace("2 * i * scale", "2.0 * i * scale"))
    assert lab.run() == 0 and len(lab.calls()) == 8
    assert len(list((lab.places.cache("doubling") / "points").glob("*"))) == 1


def test_polishing_a_figure_computes_nothing_again(lab):
    assert lab.run() == 0 and len(lab.calls()) == 8
    lab.write("doubling", SCRIPT.replace("return fig\n", "ax.set_xlabel('i')\n    return fig\n").replace("2x.", "2x!"))
    assert lab.run() == 0 and lab.calls() == []
    assert json.loads(lab.file(".json").read_text())["caption"].endswith("2x!")


def test_smoke_stays_away_from_published_results(lab):
    assert lab.run("--smoke", "--workers", "2") == 0 and lab.calls() == [0, 1, 2]
    assert lab.file(".csv", "figures/smoke").exists() and not lab.file(".csv").exists()
    assert not lab.file("").with_name("README.md").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_run_resumes(lab, capsys, workers):
    lab.trap("interrupt 5")
    assert lab.run("--workers", workers) == 130
    kept = lab.kept()
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert re.fullmatch(r"interrupted in doubling: \d of 8 points are kept; the same command resumes", message)
    assert f"{len(kept)} of 8" in message and len(kept) >= (5 if workers == "1" else 1)
    assert not lab.file(".csv").exists()
    lab.trap("none -1")
    lab.calls()
    assert lab.run() == 0 and sorted(kept + lab.calls()) == list(range(8))


def test_a_killed_worker_ends_the_run_at_once_and_loses_no_finished_point(lab, capsys):
    lab.trap("kill 6")
    started = time.monotonic()
    assert lab.run("--workers", "2") == 3
    assert time.monotonic() - started < 15
    kept = lab.kept()
    assert kept and len(lab.calls()) <= len(kept) + 1  # the other worker may have been about to keep its point
    assert "a worker process was killed" in capsys.readouterr().err
    lab.trap("none -1")
    assert lab.run("--workers", "2") == 0 and sorted(kept + lab.calls()) == list(range(8))


def test_a_failing_point_is_reported_with_the_line_that_reruns_it(lab, capsys):
    lab.trap("raise 2")
    assert lab.run() == 3
    error = capsys.readouterr().err
    assert "ArithmeticError: singular matrix at {'i': 2, 'scale': 0.1}" in error
    line = re.search(r'python -c "(.*)"$', error, re.MULTILINE)[1]
    assert lab.calls() == [0, 1, 3, 4, 5, 6, 7] and not (lab.places.root / "figures").exists()
    lab.trap("none -1")
    exec(line)
    assert "'measured': 0.4" in capsys.readouterr().out and lab.calls() == [2]
    assert lab.run() == 0 and lab.calls() == [2]


def test_a_failing_claim_draws_nothing(lab, capsys):
    lab.write("doubling", SCRIPT.replace("< 1e-12", "< -1"))
    assert lab.run() == 1
    assert "doubling: claim failed: doubling does not double" in capsys.readouterr().err
    assert not (lab.places.root / "figures").exists()


def test_nan_in_a_row_is_refused_with_column_and_point(lab, capsys):
    lab.trap("nan 4")
    assert lab.run() == 3
    assert "column 'measured' is nan at {'i': 4, 'scale': 0.1}" in capsys.readouterr().err
    assert not lab.file(".csv").exists()


def test_other_experiments_go_on(lab, capsys):
    lab.write("broken", "import no_such_module\n")
    lab.write("empty", '"""Nothing."""\n')
    lab.write("slanted", SCRIPT.replace("return fig", "return fig.no_such_attribute"))
    assert lab.run() == 3 and lab.file(".svg").exists()
    error = capsys.readouterr().err
    assert "broken: stopped: ModuleNotFoundError" in error and "empty.py lacks CAPTION" in error
    assert "slanted: stopped: AttributeError" in error


def test_bad_use(lab, capsys):
    assert lab.run("doublin") == 2
    assert capsys.readouterr().err == "unknown experiment 'doublin': did you mean 'doubling'?\n"
    assert lab.run("--workers", "0") == 2
    assert capsys.readouterr().err.startswith("workers = 0 must be")
    assert lab.run("--workers", "two") == 2
    with pytest.raises(SystemExit, match="2"):
        lab.run("--redraw", "--force")


def test_redraw_uses_the_table_and_warns_when_it_was_edited(lab, capsys):
    assert lab.run("--redraw") == 3 and "run it without --redraw first" in capsys.readouterr().err
    assert lab.run() == 0
    before = lab.files()
    lab.calls()
    assert lab.run("--redraw") == 0 and lab.calls() == [] and lab.files() == before
    assert "warning" not in capsys.readouterr().err
    text = lab.file(".csv").read_text().splitlines(keepends=True)
    lab.file(".csv").write_text("".join(text[:-1]))
    assert lab.run("--redraw") == 0
    assert "warning: doubling.csv is not the table" in capsys.readouterr().err
    assert lab.file(".svg").read_bytes() != before["doubling.svg"]
    lab.file(".csv").write_text("".join(text).replace("0.8,0.8", "0.8,0.9"))
    assert lab.run("--redraw") == 1


def test_list_names_sizes_and_headings(lab, capsys):
    assert main(["list"], lab.places) == 0
    out = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"doubling +8 points, smoke +3, not drawn +Doubling doubles", out[0])


def test_compute_is_the_same_path_without_files(lab):
    module = lab.places.load("doubling")
    seen = []
    rows = _harness.compute(module, module.SMOKE, progress=lambda *state: seen.append(state))
    assert [row["i"] for row in rows] == [0, 1, 2] and seen == [(0, 3, 0), (1, 3, 0), (2, 3, 0), (3, 3, 0)]
    assert not (lab.places.root / ".cache").exists()
    lab.trap("raise 1")
    with pytest.raises(_harness.PointsFailed, match="1 of 3 points failed") as caught:
        _harness.compute(module, module.SMOKE)
    assert caught.value.failures[0].point == {"i": 1, "scale": 0.1}


@pytest.mark.skipif(not Path("/proc").exists(), reason="sees from /proc that workers start")
@pytest.mark.parametrize("when", ["workers start", "points land"])
def test_ctrl_c_from_a_terminal_leaves_one_line(lab, when):
    """The signal reaches workers as well; only the command speaks."""
    lab.write("doubling", SCRIPT.replace('what, where =', 'import time; time.sleep(0.2)\n    what, where ='))
    code = f"import sys; from pathlib import Path; from experiments.__main__ import main; from experiments._harness " \
           f"import Places; sys.exit(main(['run', '--workers', '2'], Places(Path('.'), {lab.places.package!r})))"
    path = os.pathsep.join([str(ROOT), str(lab.places.root)])
    run = subprocess.Popen([sys.executable, "-c", code], cwd=lab.places.root, env=os.environ | {"PYTHONPATH": path},
                           start_new_session=True, stderr=subprocess.PIPE, text=True,
                           # a job in the background is started with the signal ignored
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    deadline = time.monotonic() + 30
    while not (children.read_text() if when == "workers start" else (lab.folder / "calls").exists()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)
    _, error = run.communicate(timeout=30)
    assert run.returncode == 130
    assert re.fullmatch(r"interrupted in doubling: \d of 8 points are kept; the same command resumes\n", error), error


@pytest.mark.parametrize("where", [ROOT, Path("/")])
def test_help_is_quick_and_needs_no_working_directory(where):
    """It imports neither numpy nor the package."""
    command = [sys.executable, "-X", "importtime", str(ROOT / "experiments"), "run", "--help"]
    found = subprocess.run(command, cwd=where, capture_output=True, text=True, check=True)
    assert "--smoke" in found.stdout and not re.search(r"\| +(numpy|quadmeta|joblib)\b", found.stderr)


def test_one_blas_thread_before_numpy(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    code = "import sys, runpy; sys.argv = ['x', 'list']\ntry: runpy.run_module('experiments', run_name='__main__')\n" \
           "except SystemExit: pass\nimport os; print('threads', os.environ['OPENBLAS_NUM_THREADS'])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "threads 1" in found.stdout


def test_the_measuring_part_of_a_script():
    part = _provenance.measuring(SCRIPT)
    other = "# comment\n" + SCRIPT.replace("Doubling doubles", "Another heading").replace("2x", "3x")
    assert part == _provenance.measuring(other)
    assert part != _provenance.measuring(SCRIPT.replace("2 * i", "3 * i"))
    assert part != _provenance.measuring(SCRIPT.replace("SEED = 0", "SEED = 1"))


def test_private_modules_that_a_script_imports_count_with_it(monkeypatch):
    drawing = SCRIPT.replace("def draw(rows):", "def draw(rows):\n    from experiments import _filters")
    both = drawing.replace("def points(", "from experiments._weights import root\n\n\ndef points(")
    assert drawing != SCRIPT and both != drawing
    before = [(_provenance.measuring(s), _provenance.whole(s)) for s in (SCRIPT, drawing, both)]
    read = Path.read_text

    def changed(path, **more):
        return read(path, **more) + "\nX = 1\n" * (path.name in ("_filters.py", "_weights.py"))
    monkeypatch.setattr(Path, "read_text", changed)
    after = [(_provenance.measuring(s), _provenance.whole(s)) for s in (SCRIPT, drawing, both)]
    same = [tuple(x == y for x, y in zip(b, a, strict=True)) for b, a in zip(before, after, strict=True)]
    assert same == [(True, True), (True, False), (False, False)]
