"""The recipes of CONTRIBUTING.md, from an installed wheel in an empty folder."""

import doctest
import re
import subprocess
import sys

import pytest

from tests.shipping import ROOT, with_wheel

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
FILES = re.compile(r"^```python\n# (\S+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SESSIONS = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def write(section, folder):
    """The files of a recipe, in a folder."""
    names = []
    for name, text in FILES.findall(SECTIONS[section]):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        names.append(name)
    return names


def test_each_kind_of_extension_has_a_recipe():
    words = ("estimator", "quadratic", "not quadratic", "optimizer", "claim", "figure", "property")
    assert all(any(word in section for section in SECTIONS) for word in words)
    for section, text in SECTIONS.items():
        assert FILES.search(text) and SESSIONS.search(text), section
        assert "*In this repository*" in text, section


@pytest.mark.parametrize("section", SECTIONS)
def test_recipe_prints_what_the_page_says(section, wheel, tmp_path):
    write(section, tmp_path)
    environment = with_wheel(wheel, COLUMNS="100", PYTHONHASHSEED="0")
    for session in SESSIONS.findall(SECTIONS[section]):
        for command, _, expected in (
            part.partition("\n") for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]
        ):
            program, *arguments = command.split()
            assert program == "python", command
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=tmp_path,
                env=environment,
                text=True,
                capture_output=True,
            )
            said = f"$ {command}\n{done.stdout}{done.stderr}"
            assert done.returncode == 0, said
            assert doctest.OutputChecker().check_output(expected, done.stdout, SAME), said


def test_recipes_are_typed(wheel, tmp_path):
    pytest.importorskip("mypy", reason="type checkers come with the extra gates")
    names = [name for section in SECTIONS for name in write(section, tmp_path)]
    cache = ROOT / ".cache" / "mypy"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), *names],
        cwd=tmp_path,
        env=with_wheel(wheel),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout
