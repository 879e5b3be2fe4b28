"""The package loads numpy at most; names are lazy, discovered by folder, and listed."""

import subprocess
import sys

import pytest

import quadmeta as qm


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
    assert "reverse" in estimators._ipython_key_completions_() and len(estimators) == len(
        list(estimators)
    )
    assert repr(estimators).startswith("<estimators: closed_form,")
