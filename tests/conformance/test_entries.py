"""The kit from the command line, from another project's tests, and its record."""

import json
import subprocess
import sys
import textwrap

import pytest

from quadmeta import conformance
from quadmeta.__main__ import main
from quadmeta.conformance import CASES, NotApplicable
from quadmeta.conformance.rounding import recorded, sensitivity
from tests.conformance import codes
from tests.shipping import with_wheel

COMMAND = ("conformance", "tests.conformance.codes:implicit")


def test_the_command_prints_a_report(capsys):
    assert main([*COMMAND, "--kind", "implicit", "--supports", "matrix,scalar"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("tests.conformance.codes:implicit (implicit, numpy): ")


def test_the_exit_code_says_whether_it_passes(capsys):
    assert main([*COMMAND, "--kind", "neumann", "--cases", "generic,scaled", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "wrong"
    assert [match["name"] for match in found["fingerprints"]] == ["exact solve"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conformance", "nowhere", "--kind", "implicit"], "MODULE:FUNCTION"),
        (["conformance", "nowhere:f", "--kind", "implicit"], "nowhere"),
        (["conformance", "json:f", "--kind", "implicit"], "no function 'f'"),
        ([*COMMAND, "--kind", "implicit", "--cases", "generik"], "did you mean 'generic'"),
    ],
)
def test_bad_use_is_one_line_and_exit_code_2(words, said, capsys):
    assert main(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_suite_of_another_project(tmp_path):
    """Right code passes, wrong code fails with its cause, a known failure is expected."""
    (tmp_path / "test_mine.py").write_text(
        textwrap.dedent(
            """
            from quadmeta import conformance
            from tests.conformance import codes

            @conformance.parametrize("implicit", supports={"matrix"}, cases=["generic", "scalar"])
            def test_right(case):
                case.check(codes.implicit)

            @conformance.parametrize(
                "implicit",
                cases=["generic", "scaled", "isotropic", "zero_outer_gradient"],
                known_failures={"scaled": "upstream", "zero_outer_gradient": "it is mended"},
            )
            def test_wrong(case):
                case.check(lambda g: codes.conjugate_gradients(g, drop=1))
            """
        )
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path,
         tmp_path / "test_mine.py"],
        capture_output=True,
        text=True,
    )  # fmt: skip
    out = run.stdout
    assert "3 failed, 1 passed, 1 skipped, 1 xfailed" in out, out + run.stderr
    assert "consistent with: CG: last step lost" in out
    assert "isotropic: silent zero" in out
    assert "[XPASS(strict)] it is mended" in out


def test_the_command_runs_from_an_installed_wheel(wheel, tmp_path):
    (tmp_path / "mine.py").write_text("def zero(g):\n    return 0 * g.alpha\n")
    run = subprocess.run(
        [sys.executable, "-m", "quadmeta", "conformance", "mine:zero", "--kind", "implicit"],
        cwd=tmp_path,
        env=with_wheel(wheel),
        text=True,
        capture_output=True,
    )
    assert run.returncode == 1, run.stderr
    assert "silent zero" in run.stdout
    assert "alpha detached" not in run.stdout  # with a direct term it is another mistake


def test_assert_conforms_carries_the_report():
    conformance.assert_conforms(codes.implicit, kind="implicit", cases="quick")
    with pytest.raises(AssertionError, match="sign flipped"):
        conformance.assert_conforms(lambda g: -codes.implicit(g), kind="implicit", cases="quick")


def test_known_failures_must_be_cases():
    with pytest.raises(ValueError, match="no case of this selection"):
        conformance.parametrize("implicit", known_failures={"momentum": ""})


@pytest.mark.parametrize("option", ["rtol", "atol", "inner_tol", "time_limit"])
def test_negative_tolerances_are_refused_where_tests_are_made_too(option):
    with pytest.raises(ValueError, match=option):
        conformance.parametrize("implicit", **{option: -1.0})


def test_not_applicable_is_public():
    assert conformance.NotApplicable is NotApplicable


def test_nothing_is_imported_that_the_callable_did_not_bring():
    code = (
        "import sys; from quadmeta import conformance as c; "
        "r = c.check(lambda g: g.alpha, kind='implicit', cases=['generic']); "
        "assert not {'jax', 'torch', 'pandas', 'pytest', 'scipy'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_case_and_kind_has_a_recorded_sensitivity():
    assert {(case.name, kind) for case in CASES for kind in case.kinds} == {
        (name, kind) for name, kinds in recorded().items() for kind in kinds
    }


@pytest.mark.parametrize(
    "name", ["generic", "noncommuting", "direct_term", "sample_weights", "one_dimension"]
)
def test_sensitivities_are_what_is_measured(name):
    case = {case.name: case for case in CASES}[name]
    for kind in case.kinds:
        assert recorded()[name][kind] == pytest.approx(sensitivity(case, kind), rel=6e-3)
