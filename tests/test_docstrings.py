"""The examples in the docstrings of the package run and print what stands there."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import quadmeta as qm

PACKAGE = Path(qm.__file__).parent
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def with_examples():
    """The names of the modules in whose text an example begins."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run(example):
    """Run one docstring; skip the rest of the module where a package of an extra is missing."""
    try:
        doctest.DebugRunner(optionflags=FLAGS).run(example)
    except doctest.UnexpectedException as failure:
        error = failure.exc_info[1]
        if isinstance(error, ModuleNotFoundError) and "pip install 'quadmeta[" in str(error):
            pytest.skip(str(error))
        raise AssertionError(f"{example.name}: {failure.example.source}") from error
    except doctest.DocTestFailure as failure:
        raise AssertionError(
            f"{example.name}: {failure.example.source}expected {failure.example.want}"
            f"but got {failure.got}"
        ) from None


@pytest.mark.parametrize("name", list(with_examples()))
def test_examples_print_what_stands_there(name):
    # an example knows the names of its module, numpy and the package
    names = {"np": np, "qm": qm}
    for example in doctest.DocTestFinder().find(import_module(name), name, extraglobs=names):
        run(example)


def test_a_wrong_example_is_noticed():
    parser = doctest.DocTestParser()
    right = parser.get_doctest(">>> 1 + 1\n2\n", {}, "right", None, 0)
    wrong = parser.get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    run(right)
    with pytest.raises(AssertionError, match="wrong: 1 [+] 1\nexpected 3\nbut got 2"):
        run(wrong)
