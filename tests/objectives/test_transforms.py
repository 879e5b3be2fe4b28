"""Transforms of a loss: derivatives in the loss itself, bounds by task, what is taken where
nothing is passed.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm

BATCH = qm.Quadratic.random(4, seed=1, tasks=3)
TRANSFORMS = (qm.NaiveObjective, qm.LogObjective, qm.RootObjective)
NOISY = qm.NoisyQuadratic([1.0, 2.0], [1.0, -0.5], [0.0, 0.3])


@pytest.mark.parametrize("cls", TRANSFORMS)
@pytest.mark.parametrize("T", [1, 4])
def test_chain_is_the_derivative_in_the_loss(cls, T):
    objective = cls(qm.Quadratic.random(4, seed=1), qm.GradientDescent(T))
    with mp.workdps(60):
        F, h = mp.mpf("0.37"), mp.mpf(10) ** -20
        numeric = (objective.compose((F + h,)) - objective.compose((F - h,))) / (2 * h)
        assert abs(objective.chain(F) / numeric - 1) < 1e-35
        assert abs(objective.compose((F, F / 3)) / (objective.chain(F) * F / 3) - 1) < 1e-50
    values = np.array([0.2, 3.0], dtype=np.float32)
    np.testing.assert_allclose(
        objective.chain(values), [objective.chain(float(v)) for v in values], rtol=1e-6
    )
    assert objective.chain(values).dtype == np.float32
    if cls is not qm.RootObjective:
        assert objective.chain(Q(3, 7)) == (Q(7, 3) / T if cls is qm.LogObjective else 1)


def test_chain_of_the_mean_of_logs_is_shared_by_the_tasks():
    objective = qm.MeanLogObjective(BATCH, qm.GradientDescent(5))
    values = np.array([0.3, 1.0, 7.0])
    np.testing.assert_allclose(objective.chain(values), 1 / (3 * 5 * values), rtol=1e-15)
    slope = qm.NaiveObjective(BATCH, qm.GradientDescent(5), pooled=False)
    F, D = slope([0.1] * 3).to_float(), slope.gradient([0.1] * 3).to_float()
    assert (objective.chain(F) * D).sum() == pytest.approx(objective.gradient(0.1), rel=1e-13)


def test_the_training_loss_as_it_is_has_the_chain_one():
    """Its tape's outer gradient is the gradient of the loss: lambda w, in eigen-coordinates."""
    problem = qm.LeastSquares.draw(6, 4, 1.0)
    tape = qm.TrainByTrain(problem, qm.GradientDescent(3)).tape(0.1)
    tape.record()
    np.testing.assert_array_equal(tape.outer_gradient(), tape.eigenvalues * tape.state(3))


def test_gradient_bounds_of_each_task_are_their_own():
    gd = qm.GradientDescent(6)
    bounds = qm.LogObjective(BATCH, gd, pooled=False).gradient_bound()
    alone = [
        qm.LogObjective(qm.Quadratic(*x), gd).gradient_bound()
        for x in zip(BATCH.eigenvalues, BATCH.error, strict=True)
    ]
    np.testing.assert_allclose(bounds, alone, rtol=1e-14)
    assert len(set(alone)) == 3
    with pytest.raises(ValueError, match="it holds for GradientDescent"):
        qm.LogObjective(BATCH, qm.HeavyBall(6, momentum=0.5)).gradient_bound()


def test_fifty_digits_and_fractions_unless_told_otherwise():
    for objective in (
        qm.LogObjective(BATCH, qm.GradientDescent(3)),
        qm.PopulationRisk(qm.MarchenkoPastur.of(0.5, 1.0, 3), qm.GradientDescent(3)),
        qm.NaiveObjective(NOISY, qm.StochasticGradientDescent(3)),
    ):
        plain, fifty, more = (
            objective.exactly(0.3, 1, "mpmath", *digits) for digits in ((), (50,), (51,))
        )
        assert plain == fifty != more
        assert objective.exactly(Q(3, 10), 1) == objective.exactly(Q(3, 10), 1, "fraction")
    naive = qm.NaiveObjective(BATCH, qm.GradientDescent(3))
    assert naive.exactly(Q(3, 10)) == naive.exactly(Q(3, 10), 0) and naive.definition(
        0.3
    ) == naive.definition(0.3, 0)


def test_expected_losses_where_nothing_is_passed_and_where_they_vanish():
    naive = qm.NaiveObjective(NOISY, qm.StochasticGradientDescent(3))
    value, slope = (naive.source.value(0.3, order) for order in (0, 1))
    assert naive.source.value(0.3) == value == naive(0.3) and slope == naive.gradient(0.3)
    # one mode without noise is at its minimum after a step of 1 / lambda
    quiet = qm.NaiveObjective(
        qm.NoisyQuadratic([2.0], [1.0], [0.0]), qm.StochasticGradientDescent(2)
    )
    assert quiet(0.5) == 0 == quiet.gradient(0.5)
    loss = quiet.source.log_loss(np.array([0.5, 0.4]), 1)
    assert (
        loss.level[0] == -np.inf
        and loss.slope[0] == 0
        and np.isfinite([loss.level[1], loss.slope[1]]).all()
    )


def test_logarithms_and_relative_derivatives_of_the_loss():
    """(log F)', (log F)'' and the second derivatives that transforms are made of, all orders
    unless told otherwise.
    """
    problem = qm.Quadratic.from_spectrum([1, 3], weights=[1, 2])
    objective = qm.NaiveObjective(problem, qm.GradientDescent(2))
    F, D, C = (objective.exactly(Q(1, 5), order) for order in range(3))
    loss = objective.log_loss(0.2)
    assert loss.level == pytest.approx(
        float(mp.log(mp.mpf(F.numerator) / F.denominator)), rel=1e-14
    )
    for got, want in (
        (loss.slope, D / F),
        (loss.second, C / F),
        (loss.curvature, C / F - (D / F) ** 2),
        (loss.root, (C / F - Q(3, 4) * (D / F) ** 2) / 4),
    ):
        assert got == pytest.approx(float(want), rel=1e-12)


def test_every_task_has_a_minimum_of_the_mean_of_logs_where_they_are_far_apart():
    lam = np.array([[1.0, 1.5], [30.0, 45.0], [1000.0, 1500.0]])
    problem = qm.Quadratic.from_spectrum(lam, error=np.ones((3, 2)))
    objective = qm.MeanLogObjective(problem, qm.GradientDescent(50))
    found = objective.minima()
    assert found.step_size == pytest.approx(2 / lam.sum(axis=1)[::-1], rel=0.05)
    np.testing.assert_array_equal(found.value, objective(found.step_size))
    for x in found.step_size:
        slope = objective.gradient(x * (1 + np.array([-1e-9, 1e-9])))
        assert slope[0] < 0 < slope[1]


def test_tasks_that_agree_have_one_minimum():
    problem = qm.Quadratic.from_spectrum([[1.0, 3.0]] * 2, error=[[1.0, 2.0]] * 2)
    objective = qm.MeanLogObjective(problem, qm.GradientDescent(5))
    alone = qm.LogObjective(
        qm.Quadratic.from_spectrum([1.0, 3.0], error=[1.0, 2.0]), qm.GradientDescent(5)
    )
    found = objective.minima()
    assert found.step_size.tolist() == [alone.minimizer()] and found.value.tolist() == [
        alone(alone.minimizer())
    ]
    assert objective.minimizer() == alone.minimizer()


@pytest.mark.parametrize("theta", [0.2, np.array([0.0, 0.1, 0.3])], ids=["one", "several"])
@pytest.mark.parametrize("cls", [*TRANSFORMS, qm.MeanLogObjective])
def test_value_and_gradient_are_those_of_two_calls_from_one_loss(cls, theta, monkeypatch):
    objective = cls(BATCH, qm.GradientDescent(4))
    wants = objective(theta), objective.gradient(theta)
    asked = []
    log_loss = cls.log_loss
    monkeypatch.setattr(cls, "log_loss", lambda *args: asked.append(args) or log_loss(*args))
    found = objective.value_and_gradient(theta)
    assert len(asked) == 1
    for got, want in zip(found, wants, strict=True):
        assert type(got) is type(want)
        assert np.shape(got) == np.shape(theta) and np.all(got == want)


def test_value_and_gradient_of_other_losses():
    ball = qm.LogObjective(BATCH, qm.HeavyBall(4))
    noisy = qm.NaiveObjective(NOISY, qm.StochasticGradientDescent(3))
    risk = qm.PopulationRisk(qm.MarchenkoPastur.of(0.5, 1.0, 3), qm.GradientDescent(3))
    for objective, theta in ((ball, [0.1, 0.4]), (noisy, 0.2), (risk, 0.1)):
        value, slope = objective.value_and_gradient(theta)
        assert value == objective(theta) and np.all(slope == objective.gradient(theta))
