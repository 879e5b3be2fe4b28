"""Experiments as files: small fake ones in a temporary checkout, run through the command line's
own function.
"""

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

from experiments.__main__ import main
from quadmeta import _files
from quadmeta.harness import Places, compute, experiment, job, sources
from quadmeta.harness.points import Store
from quadmeta.harness.results import from_csv

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
    ax.set_axis_off()  # ticks and their labels are most of the time of a picture
    plotting.theory(ax, [row["i"] for row in rows], [row["theory"] for row in rows])
    plotting.measured(ax, [row["i"] for row in rows], [row["measured"] for row in rows])
    return fig
'''


def page(figures):
    return b"<p>A page has tests of its own.</p>"


class Lab:
    """A checkout with one experiment, ``doubling``."""

    def __init__(self, root):
        self.places = Places(
            root, f"fakes{next(NUMBER)}", root / "library", page, program="python -m experiments"
        )
        self.folder = root / self.places.package
        self.folder.mkdir()
        self.places.library.mkdir()
        (self.places.library / "__init__.py").touch()
        self.write("doubling", SCRIPT)

    def write(self, name, text):
        (self.folder / f"{name}.py").write_text(text)
        sys.modules.pop(f"{self.places.package}.{name}", None)

    def trap(self, text):
        (self.folder / "trap").write_text(text)

    def run(self, *arguments):
        return main(["run", *arguments], self.places)

    def fresh(self):
        package = sources.library(self.places.library)
        doubling = job.Job("doubling", job.Run(), self.places, package)
        return doubling.fresh(doubling.key(self.places.script("doubling")))

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

    def cached(self, i):
        """The file of one finished point."""
        return (
            next(self.places.cache("doubling").glob("points/*"))
            / Store(Path()).path({"i": i, "scale": 0.1}).name
        )

    def file(self, ending, folder="figures"):
        return self.places.root / folder / f"doubling{ending}"

    def files(self):
        return {
            path.name: path.read_bytes()
            for path in (self.places.root / "figures").rglob("*")
            if path.is_file()
        }

    def temporary(self):
        return list(self.places.root.rglob("*.tmp"))


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    made = Lab(tmp_path)
    yield made
    _files.sweep(tmp_path)  # a worker may have been killed while it kept its point
    assert not made.temporary()


def test_a_run_writes_table_provenance_both_pictures_and_the_gallery(lab, capsys):
    assert lab.run() == 0
    assert set(lab.files()) == {
        "doubling.csv",
        "doubling.json",
        "doubling.svg",
        "doubling.png",
        "README.md",
        "index.html",
    }
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
    (lab.places.library / "new.py").write_text("x = 1\n")
    assert lab.run() == 0 and len(lab.calls()) == 8
    lab.write("doubling", SCRIPT.replace("2 * i * scale", "2.0 * i * scale"))
    assert lab.run() == 0 and len(lab.calls()) == 8
    assert len(list((lab.places.cache("doubling") / "points").glob("*"))) == 1


def test_polishing_a_figure_computes_nothing_again(lab):
    assert lab.run() == 0 and len(lab.calls()) == 8
    lab.write(
        "doubling",
        SCRIPT.replace("return fig\n", "ax.set_xlabel('i')\n    return fig\n").replace(
            "2x.", "2x!"
        ),
    )
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
    assert (
        capsys.readouterr().err.strip().splitlines()[-1]
        == f"interrupted in doubling: {len(kept)} of 8 points are kept; the same command resumes"
    )
    assert 5 not in kept and (kept == [0, 1, 2, 3, 4] or workers == "2")
    assert not lab.file(".csv").exists()
    lab.trap("none -1")
    lab.calls()
    assert lab.run() == 0 and sorted(kept + lab.calls()) == list(range(8))


@pytest.mark.parametrize("which", [0, 6])
def test_a_killed_worker_ends_the_run_names_its_point_and_loses_no_finished_one(lab, capsys, which):
    lab.trap(f"kill {which}")
    assert lab.run("--workers", "2") == 3
    kept, measured = lab.kept(), lab.calls()
    assert set(kept) <= set(measured) and which not in measured
    # the other worker may not have kept its point yet
    assert len(measured) == len(set(measured)) <= len(kept) + 1
    said, alone = capsys.readouterr().err.splitlines()[-2:]
    point = f"points\\[{which}\\] = {{'i': {which}, 'scale': 0.1}}"
    assert re.match(
        rf"doubling: a worker process \(SIGKILL\) ended in the middle of {point}, after", said
    )
    assert (
        f"{lab.places.package} import doubling; print(doubling.measure(**{{'i': {which}, "
        f"'scale': 0.1}}))" in alone
    )
    lab.trap("none -1")
    assert lab.run("--workers", "2") == 0 and sorted(kept + lab.calls()) == list(range(8))


def spoil(path, how):
    """Make something else of a file."""
    if how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "gone":
        path.unlink()
    else:
        path.write_bytes(
            {
                "empty": b"",
                "cut": path.read_bytes()[:-9],
                "NUL": b"\0" * 99,
                "list": b"[]",
                "edited": path.read_bytes().replace(b"1", b"2"),
            }[how]
        )


SPOILED = ("empty", "cut", "NUL", "list", "edited", "folder", "gone")


def test_points_whose_files_are_spoiled_are_computed_again(lab, capsys):
    assert lab.run() == 0
    before = lab.files()
    lab.calls()
    lab.file(".csv").unlink()
    for i, how in enumerate(SPOILED):
        spoil(lab.cached(i), how)
    assert lab.run() == 0 and lab.calls() == list(range(len(SPOILED))) and lab.files() == before
    said = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "is not used, the point is computed again" in line
    ]
    assert len(said) == len(SPOILED) - 1  # of what is gone there is nothing to say
    lab.file(".csv").unlink()
    assert lab.run() == 0 and lab.calls() == [] and capsys.readouterr().err == ""


def test_the_file_of_one_point_over_that_of_another_is_not_used(lab, capsys):
    assert lab.run() == 0
    before = lab.files()
    lab.calls()
    lab.cached(2).write_bytes(lab.cached(3).read_bytes())
    # which contradicts nothing
    tampered = lab.cached(4).read_text().replace('"status": "ok"', '"status": "no"')
    lab.cached(4).write_text(tampered)
    lab.file(".csv").unlink()
    assert lab.run() == 0 and lab.calls() == [2, 4] and lab.files() == before
    error = capsys.readouterr().err
    assert (
        "it is the record of another point" in error
        and "it was changed after it was written" in error
    )


def test_many_spoiled_files_are_counted(lab, capsys, monkeypatch):
    assert lab.run() == 0
    monkeypatch.setattr(experiment, "SHOWN", 3)
    for i in range(8):
        spoil(lab.cached(i), "empty")
    lab.file(".csv").unlink()
    assert lab.run() == 0
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 4 and error[-1] == "nor are 5 more files"


def test_a_figure_is_fresh_only_if_all_its_files_are(lab, capsys):
    """Table, provenance, both pictures, what the script writes besides, and the mark that says so."""
    lab.write(
        "doubling", f"{SCRIPT}\n\ndef files(rows):\n    return {{'more/one.txt': b'11111'}}\n"
    )
    assert lab.run() == 0
    before = lab.files()
    files = [lab.file(ending) for ending in (".csv", ".json", ".svg", ".png")]
    for path in [
        *files,
        lab.file("").with_name("more") / "one.txt",
        lab.places.cache("doubling") / "full.json",
    ]:
        data = path.read_bytes()
        for how in SPOILED:
            assert lab.fresh()
            spoil(path, how)
            assert not lab.fresh(), f"{path.name}: {how}"
            if how == "folder":
                path.rmdir()
            path.write_bytes(data)
    lab.calls()
    for path in files:
        spoil(path, "edited")
    spoil(lab.places.cache("doubling") / "full.json", "folder")
    assert lab.run() == 0 and lab.calls() == [] and lab.files() == before and lab.fresh()


def test_a_folder_in_the_place_of_a_result_is_named_with_what_to_do(lab, capsys):
    assert lab.run() == 0
    spoil(lab.file(".svg"), "folder")
    assert lab.run() == 3
    said = f"{lab.file('.svg')}: Is a directory: make it a file that can be written, or remove it"
    assert capsys.readouterr().err == f"doubling: stopped: {said}\n"
    lab.file(".svg").rmdir()
    assert lab.run() == 0


def test_a_file_in_the_place_of_the_cache_is_named_with_what_to_do(lab, capsys):
    cache = lab.places.cache("doubling")
    cache.parent.mkdir(parents=True)
    cache.touch()
    assert lab.run() == 3 and lab.calls() == []
    said = capsys.readouterr().err
    assert re.fullmatch(
        rf"doubling: stopped: {cache}\S*: .*: remove {cache}, which is a cache\n", said
    )
    cache.unlink()
    assert lab.run() == 0


def test_a_broken_record_of_another_figure_is_named_and_the_pages_stay(lab, capsys):
    assert lab.run() == 0
    before = lab.files()
    other = lab.file("").with_name("other.json")
    other.write_bytes(b"{")
    assert lab.run() == 0  # without a picture it is none of ours
    other.with_suffix(".png").write_bytes(lab.file(".png").read_bytes())
    capsys.readouterr()
    assert lab.run() == 3
    assert re.fullmatch(
        rf"README.md and index.html are left as they were: {other} is no record of a figure "
        r"\(.*\): `run other` .*; otherwise move it away\n",
        capsys.readouterr().err,
    )
    assert {name: lab.files()[name] for name in before} == before


def test_a_broken_record_stops_a_redraw_with_one_line_and_a_run_heals_it(lab, capsys):
    assert lab.run() == 0
    before = lab.files()
    spoil(lab.file(".json"), "cut")
    assert lab.run("--redraw") == 3
    assert f"doubling: {lab.file('.json')} is no record of a figure" in capsys.readouterr().err
    assert lab.run() == 0 and lab.files() == before
    for data in (b"", b"\xff", b"a,b\n1\n", b'a,"' + b"x" * 2**18):
        lab.file(".csv").write_bytes(data)
        assert lab.run("--redraw") == 3
        said = capsys.readouterr().err
        assert (
            said.startswith(f"doubling: {lab.file('.csv')} is no table (") and said.count("\n") == 1
        )
    assert lab.run() == 0 and lab.files() == before


def test_what_killed_runs_left_is_swept(lab):
    assert lab.run() == 0
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [
        lab.file(".csv").with_name(f".doubling.csv.{ended.pid}.tmp"),
        lab.places.figures(True) / f".doubling.svg.{ended.pid}.tmp",
        lab.cached(0).with_name(f".{lab.cached(0).name}.{ended.pid}.tmp"),
        lab.places.cache("other") / f".full.json.{ended.pid}.tmp",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert lab.run() == 0 and not any(path.exists() for path in left)


def test_a_library_outside_the_checkout_counts(tmp_path, lab, capsys):
    """The one that is imported, unless another is named; a folder without modules is refused."""
    places = lab.places
    assert Places(lab.places.root, places.package).library == Path(_files.__file__).parent
    lab.places = Places(places.root, places.package, tmp_path / "elsewhere" / "library")
    assert lab.run() == 2 and "there are no modules under" in capsys.readouterr().err
    lab.places.library.mkdir(parents=True)
    (lab.places.library / "__init__.py").touch()
    assert lab.run() == 0 and lab.run() == 0 and len(lab.calls()) == 8
    (lab.places.library / "__init__.py").write_text("X = 1\n")
    assert lab.run() == 0 and len(lab.calls()) == 8


def test_a_module_beside_a_script_counts(lab):
    lab.write("doubling", SCRIPT.replace("CAPTION =", "from ._helper import X\n\nCAPTION ="))
    (lab.folder / "_helper.py").write_text("X = 1\n")
    assert lab.run() == 0 and lab.run() == 0 and len(lab.calls()) == 8
    (lab.folder / "_helper.py").write_text("X = 2\n")
    sys.modules.pop(f"{lab.places.package}._helper")
    sys.modules.pop(f"{lab.places.package}.doubling")
    assert lab.run() == 0 and len(lab.calls()) == 8


KEEP = """

LIBRARIES = ("no-such-package",)


def keep(rows):
    return "it holds what is not measured here" if rows[0]["status"] == "ok" else None
"""


def test_a_published_table_with_more_than_this_machine_measures_is_left(lab, capsys):
    assert lab.run() == 0
    before = lab.files()
    lab.calls()
    lab.write("doubling", SCRIPT.replace("2x.", "2x!") + KEEP)
    assert lab.run() == 0 and lab.calls() == [] and lab.files() == before
    assert (
        "doubling: left as published: it holds what is not measured here; --force replaces it\n"
        in capsys.readouterr().out
    )
    lab.file(".png").write_bytes(b"")
    # its pictures are drawn again, with the present caption
    assert lab.run() == 0 and lab.calls() == []
    after = lab.files()
    assert all(
        after[name] == before[name] for name in ("doubling.png", "doubling.svg", "doubling.csv")
    )
    lab.file(".json").write_text("{")
    assert lab.run() == 3 and "are not as they were published" in capsys.readouterr().err
    assert lab.file(".csv").read_bytes() == before["doubling.csv"]
    assert lab.run("--smoke") == 0 and lab.calls() == [0, 1, 2]
    assert lab.run("--force") == 0 and len(lab.calls()) == 8


def test_a_kept_table_must_meet_its_claim(lab, capsys):
    assert lab.run() == 0
    lab.write("doubling", SCRIPT.replace("< 1e-12", "< -1") + KEEP)
    assert lab.run() == 1 and "claim failed: doubling does not double" in capsys.readouterr().err


def test_the_published_times_are_left_where_a_peer_is_missing(monkeypatch):
    from experiments.speed import figure as speed, run

    rows = from_csv((ROOT / "figures" / "speed.csv").read_bytes())
    assert {row["name"] for row in rows if row["part"] == "peer" and row["met"]} == {"jax", "torch"}
    monkeypatch.setattr(run, "installed", lambda peers: [name for name in peers if name == "jax"])
    assert speed.keep(rows).startswith("it has times of torch, not installed here")
    monkeypatch.setattr(run, "installed", list)
    assert speed.keep(rows) is None
    monkeypatch.setattr(run, "installed", lambda peers: [])
    assert speed.keep([row | {"met": False} for row in rows if row["part"] == "peer"]) is None


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
    rows = compute(module, module.SMOKE, progress=lambda *state: seen.append(state))
    assert [row["i"] for row in rows] == [0, 1, 2] and seen == [
        (0, 3, 0),
        (1, 3, 0),
        (2, 3, 0),
        (3, 3, 0),
    ]
    assert not (lab.places.root / ".cache").exists()
    lab.trap("raise 1")
    with pytest.raises(experiment.PointsFailed, match="1 of 3 points failed") as caught:
        compute(module, module.SMOKE)
    assert caught.value.failures[0].point == {"i": 1, "scale": 0.1}


@pytest.mark.skipif(not Path("/proc").exists(), reason="sees from /proc that workers start")
@pytest.mark.parametrize("when", ["workers start", "points land"])
def test_ctrl_c_from_a_terminal_is_said_once(lab, when):
    """The signal reaches workers as well; only the command speaks, of progress before and of the
    interrupt last.
    """
    lab.write(
        "doubling",
        SCRIPT.replace("what, where =", "import time; time.sleep(0.2)\n    what, where =").replace(
            '"n": 8', '"n": 800'
        ),
    )
    code = (
        f"import sys; from pathlib import Path; from experiments.__main__ import main; "
        "from quadmeta.harness import Places; sys.exit(main(['run', '--workers', "
        f"'2'], Places(Path('.'), {lab.places.package!r})))"
    )
    path = os.pathsep.join([str(ROOT), str(lab.places.root)])
    run = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=lab.places.root,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        # a job in the background is started with the signal ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while not (
        children.read_text() if when == "workers start" else (lab.folder / "calls").exists()
    ):
        assert run.poll() is None
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    _, error = run.communicate()
    assert run.returncode == 130
    *before, last = error.splitlines()
    assert all(re.fullmatch(r"doubling: .*[0-9]+/800.*", line) for line in before), error
    found = re.fullmatch(
        r"interrupted in doubling: ([0-9]+) of 800 points are kept; the same command resumes", last
    )
    assert found and int(found[1]) == len(lab.kept()), error


@pytest.mark.parametrize("where", [ROOT, Path("/")])
def test_help_is_quick_and_needs_no_working_directory(where):
    """It imports neither numpy nor the package."""
    command = [sys.executable, "-X", "importtime", str(ROOT / "experiments"), "run", "--help"]
    found = subprocess.run(command, cwd=where, capture_output=True, text=True, check=True)
    assert "--smoke" in found.stdout and not re.search(r"\| +(numpy|joblib)\b", found.stderr)


def test_one_blas_thread_before_numpy(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    code = (
        "import sys, runpy; sys.argv = ['x', 'list']\ntry: runpy.run_module('experiments', "
        "run_name='__main__')\n"
        "except SystemExit: pass\nimport os; print('threads', os.environ['OPENBLAS_NUM_THREADS'])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "threads 1" in found.stdout
