"""The page on problems of one's own prints what happens, each section where its library is."""

import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "own-problem.md"
SECTIONS = dict(
    re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
)
NEEDED = {"By losses in JAX": ("jax", "sklearn"), "By losses in PyTorch": ("torch", "sklearn")}


# of what the libraries import, some of it late
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("section", [name for name, text in SECTIONS.items() if ">>>" in text])
def test_the_section_runs_as_printed(section):
    for library in NEEDED.get(section, ()):
        pytest.importorskip(library, reason=f"{library} is not installed")
    test = doctest.DocTestParser().get_doctest(SECTIONS[section], {}, section, str(PAGE), 0)
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    result = runner.run(test, out=said.append)
    assert result.attempted > 5 and result.failed == 0, "".join(said)


def test_every_check_stands_in_the_table():
    source = PAGE.parents[1] / "quadmeta" / "problems" / "parts" / "own" / "checks.py"
    names = re.findall(r'self\.add\(\s*"(.*?)"', source.read_text("utf-8"))
    assert names and set(names) == set(
        re.findall(r"^\| `([a-zH0-9 ]+)` \|", PAGE.read_text("utf-8"), re.M)
    )
