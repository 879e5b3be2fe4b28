"""What a type checker knows of the installed package."""

import re
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.shipping import ROOT, with_wheel

pytest.importorskip("mypy", reason="type checkers come with the extra gates")

# a line of a user's script -> what reveal_type says of its last expression
REVEALED = {
    "qm.Quadratic": "def (",
    "qm.Quadratic.random(3, seed=0)": "quadmeta.problems.quadratic.Quadratic",
    "problem.modes()": "quadmeta.problems.parts.base.Modes",
    "qm.GradientDescent(10)": "quadmeta.optimizers.gradient_descent.GradientDescent",
    "objective": "quadmeta.objectives.log_objective.LogObjective",
    "objective.problem": "QuadraticProblem",
    "objective.gradient": "def (",
    "qm.Reverse(dtype='float32').dtype": "str",
    "qm.NaiveObjective(problem, qm.GradientDescent(9)).gradient(0.1)": "SignLog",
    "problem.eigenvalues": "numpy.ndarray",
    "outer([0.1])": "float",
    "outer.gradient([0.1])": "numpy.ndarray",
    "found": "quadmeta.estimators.parts.base.Hypergradient",
    "found.jvps": "int",
    "qm.ledger()": "quadmeta.verification.ledger.Ledger",
    "qm.ledger().rows[0].verdict": "str",
    "qm.check('derived_log_convexity')": "quadmeta.verification.verdict.Verdict",
    "qm.check('derived_log_convexity').status": "str",
    "qm.spectra": "types.ModuleType",
    "qm.spectra.geometric": "def (",
    "qm.discount.minimax_gamma": "def (",
    "qm.failure_horizon": "def (",
    "qm.compare(outer, [0.1], [qm.Reverse()])": "quadmeta.estimators.parts.comparison.Comparison",
    "outer.problem.check([0.1])": "quadmeta.problems.parts.check_table.Checks",
    "qm.estimators.Truncated(3).K": "int",
    "qm.SignLog.of(3.0) * 2": "quadmeta.arithmetic.signlog.SignLog",
    "qm.recheck": "-> list[str]",
    "qm.bilevel_descent": "-> typing.Iterator[quadmeta.training.bilevel.State]",
    "qm.members('estimators')['reverse']": "type",
    "qm.verification.EIGENVALUES": "quadmeta.verification.parameters.Parameter",
    "qm.strategies.step_sizes": "SearchStrategy[float]",
    "qm.Places": "def (",
}


@pytest.fixture(scope="module")
def checked(wheel, tmp_path_factory):
    """``checked(script)`` is what mypy prints about it in a folder where the wheel is installed."""
    folder = tmp_path_factory.mktemp("typed")
    cache = ROOT / ".cache" / "mypy"  # of the libraries: they are read once

    def run(script):
        (folder / "script.py").write_text(dedent(script), encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "script.py"]
        done = subprocess.run(
            command, cwd=folder, env=with_wheel(wheel), text=True, capture_output=True
        )
        assert not done.stderr
        return done.stdout

    return run


def test_public_things_have_their_types(checked):
    lines = [
        "import quadmeta as qm",
        "problem = qm.Quadratic.random(3, seed=0)",
        "objective = qm.LogObjective(problem, qm.GradientDescent(steps=10))",
        "outer = qm.OuterLoss(qm.Coupled.random([1.0], 1, seed=0), qm.GradientDescent(5, 0.1))",
        "found = qm.hypergradient(objective, 0.1, qm.Reverse())",
        *(f"reveal_type({line})" for line in REVEALED),
    ]
    said = checked("\n".join(lines))
    types = re.findall(r'Revealed type is "(.*)"', said)
    assert "Success" in said and len(types) == len(REVEALED), said
    for (line, expected), found in zip(REVEALED.items(), types, strict=True):
        assert expected in found and found != "Any", (line, found)


def test_misspelt_names_are_errors(checked):
    said = checked(
        """
        import quadmeta as qm
        qm.Quadratics
        qm.estimators.Revers
        qm.discount.minimax_gama
        qm.Quadratic.random(3, sead=0)
        """
    )
    assert len(re.findall(r"error:.*\[(?:attr-defined|call-arg)\]", said)) == 4, said


def test_what_is_derived_from_a_base_class_is_checked_against_it(checked):
    said = checked(
        """
        import quadmeta as qm

        class Half(qm.Estimator):
            def exact_when(self, T: str) -> bool:
                return T == "1"

        Half()
        """
    )
    assert 'incompatible with supertype "quadmeta.estimators.parts.base.Estimator"' in said, said
    assert '"Half" with abstract attributes "cost" and "estimate"' in said, said
