"""A package that only some functions need: where it is missing, one line names it and the extra
that installs it.
"""

import ast
import configparser
import re
import sys
from functools import cache
from pathlib import Path

import pytest

import quadmeta as qm
from quadmeta._extras import dataset, require

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"sklearn": "scikit-learn", "flint": "python-flint"}
ELSEWHERE = {"quadmeta/sweep/connection.py", "quadmeta/sweep/cluster.py"}
"""They raise ClusterError with the same words; see test_cluster.py."""


@pytest.fixture
def without_sklearn(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(
        sys, "path", [place for place in sys.path if not (Path(place) / "sklearn").exists()]
    )


@pytest.mark.parametrize(
    "call, use",
    [
        (qm.DataCleaning.digits, "DataCleaning.digits"),
        (qm.AuxiliaryTasks.digits, "AuxiliaryTasks.digits"),
        (qm.AuxiliaryTasks.diabetes, "AuxiliaryTasks.diabetes"),
        (qm.AuxiliaryTasks.linnerud, "AuxiliaryTasks.linnerud"),
    ],
)
def test_real_data_without_scikit_learn(call, use, without_sklearn):
    with pytest.raises(ModuleNotFoundError) as error:
        call()
    assert str(error.value) == f"{use} needs the package scikit-learn: pip install 'quadmeta[data]'"
    assert error.value.name == "sklearn"


def test_real_data_are_read_once_and_stay_as_they_are():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = dataset("digits", "this test")
    assert dataset("digits", "another test")[0] is X
    raw = datasets.load_digits()
    assert (X == raw.data).all() and (y == raw.target).all()
    for array in (X, y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_package_that_lacks_something_itself_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import nowhere_to_be_found")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="^No module named 'nowhere_to_be_found'$"):
        require("half_installed", "data", "this test")


@cache
def syntax():
    """{file: its calls and imports}."""
    kinds = (ast.Call, ast.Import, ast.ImportFrom)
    return {
        path.relative_to(ROOT).as_posix(): [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, kinds)
        ]
        for folder in ("quadmeta", "experiments")
        for path in (ROOT / folder).rglob("*.py")
    }


def test_each_message_names_an_extra_that_installs_the_package():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    found = 0
    for name, nodes in syntax().items():
        for node in nodes:
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "require"
            ):
                module, extra = (argument.value for argument in node.args[:2])
                top = module.partition(".")[0]
                listed = re.findall(
                    r"^[\w-]+", setup["options.extras_require"][extra], re.MULTILINE
                )
                assert PACKAGES.get(top, top) in listed, f"{name}: {extra} does not install {top}"
                found += 1
    assert found >= 5


def test_no_optional_package_is_imported_in_another_way():
    optional = {"sklearn", "flint", "latex2mathml", "distributed", "IPython"}
    for name, nodes in syntax().items():
        for node in nodes:
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            tops = {module.partition(".")[0] for module in modules}
            assert not tops & optional or name in ELSEWHERE, (
                f"{name} imports {tops & optional}: use require"
            )
