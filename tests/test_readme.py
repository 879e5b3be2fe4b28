"""What the README prints is what happens."""

import doctest
import re
from pathlib import Path

import pytest

from experiments.shared.places import PROJECT

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_session_runs_as_printed():
    result = doctest.testfile(
        str(ROOT / "README.md"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert result.attempted > 15 and result.failed == 0


@pytest.mark.parametrize("page", ["conformance", "stochastic"])
def test_pages_run_as_printed(page):
    result = doctest.testfile(
        str(ROOT / "docs" / f"{page}.md"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert result.attempted > 8 and result.failed == 0


def test_commands_and_files_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z][a-z-]*)\b(?!=)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\(([^)h][^)]*)\)", README):
        assert (ROOT / link).exists(), link


def test_every_figure_script_stands_in_the_table():
    scripts = set(PROJECT.names())
    assert scripts == set(re.findall(r"^\| \[`(\w+)`\]", README, re.MULTILINE))
