"""What objectives refuse, and how: the argument, the value, the remedy, in one line."""

import re
from fractions import Fraction as Q

import numpy as np
import pytest

import quadmeta as qm

ONE = qm.Quadratic.from_spectrum([1.0, 3.0], error=[1.0, 1.0])
TASKS = qm.Quadratic.stack([ONE, qm.Quadratic.from_spectrum([1.0, 2.0], error=[1.0, 2.0])])
STEPS = qm.GradientDescent(5)
OBJECTIVES = [
    qm.LogObjective,
    qm.NaiveObjective,
    qm.RootObjective,
    qm.MeanLogObjective,
    qm.TrainByTrain,
    qm.TrainByValidation,
    qm.PopulationRisk,
]
SGD = qm.StochasticGradientDescent(5)
NOISY = qm.NoisyQuadratic([1.0, 2.0], [1.0, 1.0], [0.1, 0.1])


def refused(call, start, *words):
    with pytest.raises(ValueError) as caught:
        call()
    text = str(caught.value)
    assert text.startswith(start) and all(word in text for word in words) and "\n" not in text, text


@pytest.mark.parametrize("cls", OBJECTIVES)
def test_arguments_of_the_constructor(cls):
    swapped = f"are swapped: pass {cls.__name__}(problem, optimizer)"
    refused(
        lambda: cls(STEPS, ONE),
        "problem = GradientDescent(steps=5) and optimizer = Quadratic(",
        swapped,
    )
    refused(
        lambda: cls(ONE, qm.GradientDescent),
        "optimizer is the class GradientDescent",
        "GradientDescent(steps=10)",
    )
    refused(
        lambda: cls(qm.Quadratic, STEPS), "problem is the class Quadratic", "must be an instance"
    )
    refused(lambda: cls(ONE, None), "optimizer = None must be an Optimizer")
    refused(lambda: cls([1.0, 3.0], STEPS), "problem = [1.0, 3.0] must be a QuadraticProblem")
    for pooled in ("abc", 1, None, 0.0):
        refused(
            lambda pooled=pooled: cls(TASKS, STEPS, pooled=pooled),
            f"pooled = {pooled!r} must be True or False",
        )


def test_an_optimizer_that_does_not_fit_names_the_one_that_does():
    refused(
        lambda: qm.LogObjective(ONE, SGD),
        "StochasticGradientDescent(steps=5) needs noisy gradients",
        "pass GradientDescent(steps=5)",
    )
    refused(
        lambda: qm.LogObjective(NOISY, STEPS),
        "GradientDescent(steps=5) needs exact gradients",
        "pass StochasticGradientDescent(steps=5)",
    )
    refused(
        lambda: qm.LogObjective(ONE, qm.GradientDescent(5, 0.1)),
        "GradientDescent(steps=5, step_size=0.1)",
        "no free parameter",
    )


def objectives():
    """One of every kind, with a step size."""
    rows = qm.LeastSquares.draw(n=5, d=2, sigma=0.1, seed=1)
    return [
        qm.LogObjective(ONE, STEPS),
        qm.NaiveObjective(ONE, STEPS),
        qm.RootObjective(ONE, STEPS),
        qm.MeanLogObjective(TASKS, STEPS),
        qm.TrainByTrain(rows, STEPS),
        qm.LogObjective(NOISY, SGD),
    ]


@pytest.mark.parametrize("order", [-1, 3, True, 1.0, None, "1"])
def test_every_door_checks_the_order_of_a_derivative(order):
    for objective in objectives():
        for door in (objective.exactly, objective.definition):
            refused(lambda door=door: door(0.1, order=order), f"order = {order!r} must be 0 or 1")
    refused(
        lambda: qm.LogObjective(ONE, STEPS).log_loss(0.1, order),
        f"order = {order!r} must be 0 or 1 or 2",
    )


@pytest.mark.parametrize(
    "theta",
    [
        True,
        "0.3",
        None,
        [0.1, "x"],
        [True, 0.1],
        1j,
        np.ma.array([0.1], mask=[True]),
        np.datetime64("2020-01-01"),
        [[0.1], [0.2, 0.3]],
        {},
        float("nan"),
        -0.1,
        10**400,
    ],
    ids=lambda theta: type(theta).__name__,
)
def test_step_sizes_are_read_at_every_door(theta):
    for objective in objectives():
        doors = [objective, objective.gradient, objective.exactly, objective.definition]
        doors.append(objective.value_and_gradient)
        if hasattr(objective, "scan"):
            doors.append(objective.scan)
        for door in doors:
            refused(lambda door=door: door(theta), "step_size")


def test_one_step_size_where_one_is_needed():
    for objective in objectives():
        for theta in ([0.1, 0.2], [], [[0.1]]):
            with pytest.raises(ValueError, match="has shape|must be one number|takes one"):
                objective.definition(theta)
    refused(
        lambda: qm.LogObjective(NOISY, SGD).exactly([0.1, 0.2], kind="float64"),
        "step_size has shape (2,)",
    )


def test_fractions_stay_exact_in_every_container():
    objective = qm.LogObjective(ONE, STEPS)
    want = objective.exactly(Q(1, 3), order=1)
    F = Q(1, 2) * Q(2, 3) ** 10
    assert want == -10 * Q(1, 2) * Q(2, 3) ** 9 / F / 5
    for several in ([Q(1, 3), Q(1, 7)], (Q(1, 3), Q(1, 7)), np.array([Q(1, 3), Q(1, 7)])):
        assert objective.exactly(several, order=1).tolist() == [
            want,
            objective.exactly(Q(1, 7), order=1),
        ]
    assert objective.exactly([], order=1).shape == (0,) and objective(np.zeros((0, 3))).shape == (
        0,
        3,
    )
    long = objective.exactly([2**53 + 1, Q(1, 2)], order=1)[0]
    assert long == objective.exactly(2**53 + 1, order=1) != objective.exactly(2**53, order=1)


def test_kinds_digits_radii_and_rounds():
    objective = qm.LogObjective(ONE, STEPS)
    refused(
        lambda: objective.exactly(0.1, kind="fractoin"),
        "kind = 'fractoin'",
        "did you mean 'fraction'",
    )
    refused(lambda: objective.exactly(0.1, kind="mpmath", digits=0), "digits = 0")
    refused(
        lambda: qm.LogObjective(NOISY, SGD).exactly(0.1, kind="interval"),
        "kind = 'interval' must be 'float64'",
    )
    rows = qm.LeastSquares.draw(n=5, d=2, sigma=0.1, seed=1)
    for radius in (0, -1.0, True, "1", np.nan, [1.0]):
        refused(lambda radius=radius: qm.TrainByTrain(rows, STEPS, truncation=radius), "truncation")
    for rounds in (0, 1.5, True, "4"):
        refused(
            lambda rounds=rounds: qm.TrainByTrain(rows, STEPS).scanned(rounds),
            f"rounds = {rounds!r}",
        )


def test_steps_and_step_sizes_of_optimizers():
    for cls in (qm.GradientDescent, qm.StochasticGradientDescent):
        for steps in (0, -1, 1.0, True, "5", None, [5], 10**400):
            refused(lambda steps=steps: cls(steps), "steps = ")
        for eta in (0, -0.1, True, "0.1", [0.1], np.nan, 10**400):
            refused(lambda eta=eta: cls(5, eta), "step_size")
    assert qm.GradientDescent(5, Q(1, 4)).step_size == 0.25


def test_a_name_that_is_nearly_public_is_suggested():
    for name, near in (
        ("Discount", "did you mean 'discount' or 'Discounted'?"),
        ("logobjective", "'LogObjective'"),
        ("gradient_descent", "'GradientDescent'"),
        ("SignLogs", "'SignLog'"),
    ):
        with pytest.raises(AttributeError, match=re.escape(near)):
            getattr(qm, name)
    with pytest.raises(AttributeError, match="has no attribute 'zzz'$"):
        qm.zzz
