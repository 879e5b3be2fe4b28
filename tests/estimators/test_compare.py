"""``compare``: one row an estimator, with its error and what it cost."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import quadmeta as qm
from tests.refusals import refused

PROBLEM = qm.Coupled.random([0.5, 1.0, 2.0], h=4, seed=0)
LOSS = qm.OuterLoss(PROBLEM, qm.GradientDescent(steps=20, step_size=0.4))
ALPHA = [0.1, -0.2, 0.3, 0.0]
ESTIMATORS = [qm.Reverse(), qm.Truncated(K=5), qm.Truncated(K=30)]


def test_rows_are_what_hypergradient_gives():
    found = qm.compare(LOSS, ALPHA, ESTIMATORS)
    assert [row["estimator"] for row in found.rows()] == [
        "Reverse()",
        "Truncated(K=5)",
        "Truncated(K=30)",
    ]
    np.testing.assert_array_equal(found.exact, LOSS.gradient(ALPHA))
    alone = qm.hypergradient(LOSS, ALPHA, qm.Truncated(K=5))
    row = found.rows()[1]
    np.testing.assert_array_equal(row["value"], alone.value)
    assert (row["hvps"], row["mixed"], row["stored_vectors"]) == (4, 5, 5)
    distance = np.linalg.norm(alone.value - found.exact) / np.linalg.norm(found.exact)
    assert row["error"] == pytest.approx(distance) and found["Reverse()"].error < 1e-13


def test_a_refusal_is_a_row_with_its_reason():
    found = qm.compare(LOSS, ALPHA, ESTIMATORS)
    assert len(found) == 3 and found["Truncated(K=30)"].found is None
    assert "K = 30 exceeds the T = 20 steps" in repr(found)
    assert found.rows()[2]["status"] == "refused" and found.rows()[2]["hvps"] is None


def test_the_table_shows_a_few_components_and_escapes_names():
    found = qm.compare(LOSS, ALPHA, {"<mine>": qm.Reverse()})
    lines = repr(found).splitlines()
    assert lines[0].split()[:3] == ["estimator", "status", "error"] and len(lines) == 3
    assert lines[2].endswith(", ...") and "<mine>" in lines[2]
    assert "&lt;mine&gt;" in found._repr_html_() and "<mine>" not in found._repr_html_()


def test_a_derivative_beyond_float64_has_no_error():
    loss = qm.OuterLoss(PROBLEM, qm.GradientDescent(steps=4000, step_size=4.0))
    found = qm.compare(loss, ALPHA, [qm.Reverse()])
    assert found.exact is None and found["Reverse()"].error is None
    assert "beyond float64" in repr(found)


@pytest.mark.parametrize("scale", [1e-200, 1e-155, 1.0, 1e155, 1e200])
def test_errors_do_not_depend_on_the_scale_of_the_outer_loss(scale):
    """Squares of the entries are beyond float64 at the ends."""

    def error(problem):
        loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
        return qm.compare(loss, ALPHA, [qm.Truncated(K=5)]).results[0].error

    hessian, linear, _ = PROBLEM.outer_form(np.array(ALPHA))
    inner = (PROBLEM.hessian, PROBLEM.cross, PROBLEM.linear)
    mine = qm.Coupled(*inner, scale * hessian, scale * linear.ravel(), PROBLEM.start)
    assert 0 < error(mine) == pytest.approx(error(PROBLEM), rel=1e-12)


def test_equal_estimators_need_names():
    with pytest.raises(ValueError, match="has two with one name"):
        qm.compare(LOSS, ALPHA, [qm.Reverse(), qm.Reverse()])
    assert len(qm.compare(LOSS, ALPHA, {"a": qm.Reverse(), "b": qm.Reverse()})) == 2


def test_step_sizes_are_compared_as_well():
    problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    for objective in (qm.LogObjective, qm.NaiveObjective):
        loss = objective(problem, qm.GradientDescent(steps=10))
        found = qm.compare(loss, 0.3, [qm.Reverse(), qm.ClosedForm(), qm.Reverse(dtype="float32")])
        errors = [result.error for result in found.results]
        assert errors[0] < 1e-13 and errors[1] < 1e-13 < errors[2] < 1e-4


def test_a_derivative_of_0_is_compared_absolutely():
    problem = qm.Quadratic.from_spectrum([1.0], error=[1.0])
    loss = qm.NaiveObjective(problem, qm.GradientDescent(steps=2))
    assert qm.compare(loss, 1.0, [qm.Reverse()]).results[0].error == 0


def test_a_frame_has_a_row_an_estimator(monkeypatch):
    made = []

    class DataFrame:
        def __init__(self, rows):
            made.extend(rows)

        def set_index(self, name):
            return name

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=DataFrame))
    found = qm.compare(LOSS, ALPHA, ESTIMATORS)
    assert found.to_pandas() == "estimator" and len(made) == 3


@pytest.mark.parametrize(
    "estimators, message",
    [
        ([], "estimators = .* is empty"),
        ({}, "estimators = .* is empty"),
        ("Reverse", "estimators = 'Reverse' must be a list"),
        (qm.Reverse(), "estimators = .* must be a list"),
        ([3], "estimators = 3 must be an Estimator"),
        ({"mine": 3}, "estimators = 3 must be an Estimator"),
        ([qm.Reverse], "estimators is the class Reverse"),
    ],
)
def test_what_is_no_list_of_estimators_is_refused(estimators, message):
    with refused(message):
        qm.compare(LOSS, ALPHA, estimators)
