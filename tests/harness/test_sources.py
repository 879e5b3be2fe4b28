"""Which sources count: of a script the part that measures, with all it imports of its study."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.shared.places import PROJECT
from quadmeta.harness import sources
from tests.harness.test_harness import SCRIPT

LIBRARY = Path(sources.__file__).parents[1]


def script(text, package="experiments", root=PROJECT.root):
    return sources.Script(text, package, root, LIBRARY)


def counted(script, path):
    """Whether the rows, and whether the figure, depend on a file."""
    text = path.read_text()
    before = script.measuring(), script.whole()
    path.write_text(text + "Y = 2\n")
    after = script.measuring(), script.whole()
    path.write_text(text)
    return before[0] != after[0], before[1] != after[1]


def test_the_measuring_part_of_a_script():
    part = script(SCRIPT).measuring()
    other = "# comment\n" + SCRIPT.replace("Doubling doubles", "Another heading").replace(
        "2x", "3x"
    )
    assert part == script(other).measuring()
    assert part != script(SCRIPT.replace("2 * i", "3 * i")).measuring()
    assert part != script(SCRIPT.replace("SEED = 0", "SEED = 1")).measuring()


def test_modules_count_where_they_are_imported():
    """One that is imported to draw does not count for the rows."""
    drawing = SCRIPT.replace(
        "def draw(rows):", "def draw(rows):\n    from experiments.shared import filters"
    )
    both = drawing.replace(
        "def points(", "from experiments.auxiliary_collapse.weights import root\n\n\ndef points("
    )
    names = [set(script(text).imported()) for text in (SCRIPT, drawing, both)]
    filters = {"experiments", "experiments.shared", "experiments.shared.filters"}
    weights = {"experiments.auxiliary_collapse", "experiments.auxiliary_collapse.weights"}
    assert names[0] == set() and filters <= names[1]
    assert not weights & names[1] and filters | weights <= names[2]
    assert script(both).measuring() != script(drawing).measuring() == script(SCRIPT).measuring()


@pytest.fixture
def study(tmp_path):
    """A package ``mine`` of scripts with modules beside them, and a package of the user's own."""
    for name, text in {
        "mine/__init__": "",
        "mine/helper": "from .sub import deep\n",
        "mine/sub/__init__": "",
        "mine/sub/deep": "from ..last import X\n",
        "mine/last": "X = 1\n",
        "mine/other": "X = 1\n",
        "mine/_drawn": "X = 1\n",
        "mine/folder/__init__": "",
        "mine/folder/figure": "from .rows import X\nfrom . import more\n",
        "mine/folder/rows": "from ..last import X\n",
        "mine/folder/more": "",
        "mine/rows": "X = 1\n",
        "theirs/__init__": "",
        "src/ours/__init__": "from .model import X\n",
        "src/ours/model": "X = 1\n",
    }.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "import mine.helper",
        "from mine import helper",
        "from mine.helper import y",
        "from . import helper",
        "from .helper import y",
        "import numpy, mine.helper as h",
    ],
)
def test_modules_count_however_they_are_imported(study, line):
    text = f"def measure():\n    {line}\n\n\ndef draw(rows):\n    from mine import _drawn\n"
    found = {
        name: counted(script(text, "mine", study), study / "mine" / f"{name}.py")
        for name in ("helper", "sub/deep", "last", "other", "_drawn")
    }
    assert found == {
        "helper": (True, True),
        "sub/deep": (True, True),
        "last": (True, True),
        "other": (False, False),
        "_drawn": (False, True),
    }


def test_relative_imports_of_a_folder_start_in_it(study):
    places = replace(PROJECT, root=study, package="mine")
    figure = places.script("folder")
    assert figure.package == "mine.folder"
    assert set(figure.imported()) == {
        "mine",
        "mine.folder",
        "mine.folder.more",
        "mine.folder.rows",
        "mine.last",
    }
    assert counted(figure, study / "mine/folder/rows.py") == (True, True)
    assert counted(figure, study / "mine/rows.py") == (False, False)


def test_a_package_of_ones_own_counts_and_the_library_does_not(study):
    mine = script("import ours\nimport theirs.missing\nimport numpy\n", "mine", study)
    assert set(mine.imported()) == {"ours", "ours.model", "theirs"}
    assert counted(mine, study / "src/ours/model.py") == (True, True)
    assert set(script("import quadmeta\nfrom quadmeta import plotting").imported()) == set()


def test_the_library_is_all_its_modules_but_the_harness(tmp_path, monkeypatch):
    (tmp_path / "harness").mkdir()
    for name in ("one", "two", "harness/three"):
        (tmp_path / f"{name}.py").write_text("X = 1\n")
    monkeypatch.setattr(sources, "HERE", tmp_path / "harness")
    before = sources.library(tmp_path)
    (tmp_path / "harness" / "three.py").write_text("X = 2\n")
    assert sources.library(tmp_path) == before
    (tmp_path / "two.py").write_text("X = 2\n")
    assert sources.library(tmp_path) != before


def test_a_library_without_modules_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=f"^there are no modules under {tmp_path}: pass the folder"
    ):
        sources.library(tmp_path)


def test_libraries_of_a_script():
    named = "import os\nLIBRARIES = ('pip', 'no-such-package')\n"
    assert script(named).libraries() == ("pip", "no-such-package")
    assert script("SEED = 1\n").libraries() == ()
