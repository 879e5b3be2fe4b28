"""The package loads numpy at most; names are lazy, discovered by folder, and listed."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import quadmeta as qm

FAMILIES = ("problems", "optimizers", "objectives", "estimators", "sampled")


def typed_names(module):
    """The names that a package imports for type checkers: under TYPE_CHECKING, each as itself."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    (block,) = [
        node for node in tree.body if isinstance(node, ast.If) and node.test.id == "TYPE_CHECKING"
    ]
    found = {}
    for line in block.body:
        for alias in line.names:
            assert alias.asname == alias.name, f"{alias.name}: import it as itself to export it"
            found[alias.name] = line.module
    return found


@pytest.mark.parametrize(
    "name", ["quadmeta", *(f"quadmeta.{room}" for room in (*FAMILIES, "theory", "training"))]
)
def test_what_type_checkers_see_is_what_there_is(name):
    package = import_module(name)
    typed = typed_names(package)
    assert set(typed) == set(dir(package)) - {"__version__"}
    for public, module in typed.items():
        place = import_module(module)
        # a module that is typed as one is an attribute once it is imported
        there = getattr(place, public, None) or import_module(f"{module}.{public}")
        assert getattr(package, public) is there, public


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_is_public_and_so_is_what_it_is_derived_from(family):
    package = import_module(f"quadmeta.{family}")
    for cls in qm.members(family).values():
        assert getattr(qm, cls.__name__) is cls and getattr(package, cls.__name__) is cls
        ours = [base for base in cls.__mro__[1:] if base.__module__.startswith("quadmeta")]
        assert not ours or any(getattr(qm, base.__name__, None) is base for base in ours), cls


def modules_after(code):
    """Names in sys.modules of a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(run.stdout.split())


def test_import_is_light():
    heavy = {"matplotlib", "scipy", "mpmath", "joblib", "distributed", "sklearn", "pandas"}
    assert not heavy & modules_after("import quadmeta")
    session = (
        "import quadmeta as qm; p = qm.Quadratic.random(3, seed=0)\n"
        "qm.LogObjective(p, qm.GradientDescent(5)).minimizer()"
    )
    assert not heavy & modules_after(session)


def test_every_public_name_resolves_and_is_documented():
    for name in dir(qm):
        thing = getattr(qm, name)
        assert name == "__version__" or thing.__doc__, name


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(AttributeError, match="no attribute 'Quadratics'"):
        qm.Quadratics
    with pytest.raises(KeyError, match="unknown estimator 'revers': did you mean 'reverse'"):
        qm.members("estimators")["revers"]
    with pytest.raises(KeyError, match="unknown family"):
        qm.members("estimator")


def test_members_are_mappings_to_explore():
    estimators = qm.members("estimators")
    assert "reverse" in estimators._ipython_key_completions_()
    assert len(estimators) == len(list(estimators))
    assert estimators["reverse"] is qm.Reverse


@pytest.mark.parametrize("family", [*FAMILIES, "claims"])
def test_members_are_shown_with_a_sentence_and_a_reference(family):
    members = qm.members(family)
    lines = repr(members).splitlines()
    assert len(lines) == len(members)
    for line, (name, cls) in zip(lines, members.items(), strict=True):
        first, sentence, *reference = re.split(r" {2,}", line)
        assert first == (name if family == "claims" else cls.__name__)
        assert 3 < len(sentence) <= 100
        assert family in FAMILIES[:3] or reference == [cls.reference], name


def test_everything_public_comes_with_a_star():
    session: dict[str, object] = {}
    exec("from quadmeta import *", session)
    assert set(dir(qm)) - {"__version__"} <= set(session)
