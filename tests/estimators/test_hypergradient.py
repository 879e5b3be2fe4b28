"""What comes back with an estimate: its status in floating point, its cost, what its repr says."""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.estimators.parts.base import Hypergradient
from quadmeta.strategies import bilevel_problem
from tests.bilevel import curvature

PROBLEM = qm.Quadratic.from_spectrum([0.1, 0.4, 1.0], error=[1.0, 0.5, 2.0])
LONG, ETA = qm.GradientDescent(2000), np.array([0.5, 1.2, 2.5])
MAKE = {
    "truncated": {"K": 1},
    "neumann": {"order": 2},
    "conjugate_gradient": {"budget": 3},
    "discounted": {"gamma": 0.9},
    "fixed_gradient": {"gamma": 0.9},
    "hyper_distill": {"gamma": 0.9},
    "momentum_discount": {"curvature": 0.5, "momentum": 0.3},
    "surrogate": {"degree": 0},
    "chebyshev_inverse": {"budget": 3},
    "nystrom_inverse": {"rank": 2, "shift": 0.1},
    "nystrom_conjugate_gradient": {"rank": 1, "budget": 3},
    "kronecker_inverse": {"outputs": 1},
}
INVERSES = (
    "implicit",
    "conjugate_gradient",
    "chebyshev_inverse",
    "nystrom_inverse",
    "nystrom_conjugate_gradient",
    "diagonal_inverse",
    "kronecker_inverse",
)


def estimate(objective, theta, estimator, **more):
    return qm.hypergradient(objective(PROBLEM, LONG), theta, estimator, **more)


def test_each_failure_of_a_format_has_its_name():
    naive = estimate(qm.NaiveObjective, ETA, qm.Reverse(dtype="float32"))
    assert naive.status.tolist() == ["ok", "silent zero", "nan"] and naive.value[1] == 0
    log = estimate(qm.LogObjective, ETA, qm.Forward(dtype="float32"))
    assert log.status.tolist() == ["inf", "nan", "nan"] and np.isneginf(log.value[0])
    # where the derivative itself is 0, so may be its estimate
    flat = qm.NaiveObjective(
        qm.Quadratic.from_spectrum([1.0, 2.0], error=[0.0, 0.0]), qm.GradientDescent(3)
    )
    assert qm.hypergradient(flat, np.array([0.1, 0.2]), qm.Reverse()).status.tolist() == [
        "ok",
        "ok",
    ]


def test_closed_forms_and_mpmath_never_fail():
    for estimator in (qm.ClosedForm(), qm.Reverse(dtype="mpmath")):
        found = estimate(qm.NaiveObjective, ETA, estimator, digits=20)
        assert found.status.shape == (3,) and (found.status == "ok").all()
        # one type of strings, so that statuses can be put side by side
        assert (
            found.status.dtype
            == estimate(qm.NaiveObjective, ETA, qm.Reverse(dtype="float32")).status.dtype
        )
        assert estimate(qm.NaiveObjective, 0.5, estimator, digits=20).status == "ok"


@pytest.mark.parametrize(
    "entries, status", [([1.0, np.nan, np.inf], "nan"), ([1.0, -np.inf], "inf"), ([1.0, 0.0], "ok")]
)
def test_the_status_of_hyperparameters_is_the_worst_of_them(entries, status):
    class Fixed(qm.OneStep):
        """These numbers, whatever the problem."""

        def estimate(self, tape):
            return np.array(entries)

    h = len(entries)
    loss = qm.OuterLoss(qm.Coupled.random([1.0, 2.0], h=h, seed=0), qm.GradientDescent(3, 0.1))
    assert qm.hypergradient(loss, np.zeros(h), Fixed()).status == status


def test_a_repr_is_the_value_its_status_and_its_cost():
    found = estimate(qm.LogObjective, 0.5, qm.Truncated(3))
    assert repr(found) == f"Hypergradient({found.value:.9g}, ok, 5 JVPs, 3 stored vectors)"
    assert type(found.value) is float and found.notes == {}
    several = estimate(qm.LogObjective, ETA[:1], qm.OneStep())
    assert repr(several) == f"Hypergradient({several.value!r}, ['ok'], 1 JVPs, 1 stored vectors)"


def test_a_repr_tells_a_diverging_run_from_a_stable_one():
    problem = qm.Coupled.random([0.5, 2.0], h=2, seed=0)
    for step_size, end in ((1.125, ", step_size beyond 2/L = 1)"), (0.9, " stored vectors)")):
        found = qm.hypergradient(
            qm.OuterLoss(problem, qm.GradientDescent(3, step_size)), [0.0, 0.0], qm.Reverse()
        )
        assert repr(found).endswith(end) and found.notes["2/L"] == pytest.approx(1, rel=1e-15)
        assert found.notes["diverges"] is (step_size > 1)
    for step_size, end in ((1.4, " stored vectors)"), (1.6, ", the inner run diverges)")):
        momentum = qm.HeavyBall(3, step_size, 0.5)  # stable to 2 (1 + beta) / L = 1.5
        found = qm.hypergradient(qm.OuterLoss(problem, momentum), [0.0, 0.0], qm.Reverse())
        assert repr(found).endswith(end)


def test_notes_are_not_shared():
    first, second = (Hypergradient(0.0, "ok", 0, 0, 0, 0) for _ in range(2))
    assert first.notes == {} and first.notes is not second.notes


@pytest.mark.parametrize("name", list(qm.members("estimators")))
def test_costs_are_for_one_parameter_and_one_weight_unless_they_are_given(name):
    estimator = qm.members("estimators")[name](**MAKE.get(name, {}))
    assert estimator.cost(7) == estimator.cost(7, 1, 1)
    # of several parameters and weights only these know
    knowing = ("forward", "implicit", "diagonal_inverse", "kronecker_inverse")
    assert (estimator.cost(7) != estimator.cost(7, 2, 3)) == (name in knowing)
    assert estimator.steps_matter == (name not in INVERSES)


ALWAYS = ("closed_form", "forward", "reverse", "renormalised_reverse")
NEVER = (*INVERSES, "neumann", "matrix_discount")


@pytest.mark.parametrize("name", list(qm.members("estimators")))
def test_estimators_are_exact_where_they_say_so_and_nowhere_else(name):
    estimator = qm.members("estimators")[name](**MAKE.get(name, {}))
    said = [estimator.exact_when(T) for T in (1, 2, 7)]
    assert said == [name not in NEVER, name in ALWAYS, name in ALWAYS]
    problem, alpha = bilevel_problem("data_cleaning", 0)  # its cross term varies along the run
    for T, exact in zip((1, 2, 7), said, strict=True):
        if name in ("stop_gradient", "renormalised_reverse"):
            objective, theta = qm.LogObjective(PROBLEM, qm.GradientDescent(T)), 0.3
            want = objective.gradient(theta)
        else:
            objective, theta = (
                qm.OuterLoss(problem, qm.GradientDescent(T, 0.5 / curvature(problem, alpha))),
                alpha,
            )
            want = objective.definition(theta)
        error = np.linalg.norm(
            qm.hypergradient(objective, theta, estimator).value - want
        ) / np.linalg.norm(want)
        assert error < 1e-12 if exact else error > 1e-3


def test_a_distilled_gradient_is_exact_only_unscaled_and_truncation_only_when_it_is_none():
    assert not qm.HyperDistill(0.9, theta=0.5).exact_when(1)
    assert [qm.Truncated(3).exact_when(T) for T in (2, 3, 4)] == [False, True, False]


def test_a_start_belongs_to_bilevel_problems():
    with pytest.raises(ValueError, match="start belongs to the quadratic problem"):
        qm.hypergradient(qm.LogObjective(PROBLEM, LONG), 0.1, qm.Reverse(), start=[0.0] * 3)
