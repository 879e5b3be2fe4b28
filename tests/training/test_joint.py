"""Descents on optimizer and hyperparameters together: monotone, within bounds, with a true reason."""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from quadmeta.training import joint
from tests.bilevel import QUADRATIC, curvature
from tests.refusals import refused


def instance(name, optimizer, seed=2):
    problem, alpha = bilevel_problem(name, seed)
    loss = qm.JointLoss(problem, optimizer)
    own = [0.5 / curvature(problem, alpha), 0.4, 0.01][: len(loss.names) - len(alpha)]
    return loss, np.append(own, alpha)


def free(loss, found):
    """The gradient in the logarithm of the step size, where no bound blocks it."""
    slope = found.gradient.copy()
    slope[0] *= found.theta[0]
    low, high = loss.bounds.T
    blocked = (found.theta <= low) & (slope > 0) | (found.theta >= high) & (slope < 0)
    return np.where(blocked, 0, slope)


@pytest.mark.parametrize("name", QUADRATIC)
@pytest.mark.parametrize("method", joint.METHODS)
def test_every_step_lowers_the_loss_within_bounds(name, method):
    loss, start = instance(name, qm.DecoupledDecay(4))
    found = qm.joint_descent(loss, start, method, steps=25)
    low, high = loss.bounds.T
    assert (np.diff(found.values) < 0).all() and len(found.path) == len(found.values) > 1
    assert ((found.path >= low) & (found.path <= high)).all() and (found.path[:, 0] > 0).all()
    assert found.value == loss(found.theta) == found.values[-1]
    assert (found.path[0] == start).all() and (found.path[-1] == found.theta).all()
    assert (found.gradient == loss.gradient(found.theta)).all()
    if found.reason == "steps":
        assert len(found.values) == 26
    if found.reason == "stationary":
        assert np.abs(free(loss, found)).max() <= 1e-10 * abs(found.value)


def test_newton_ends_at_a_minimum_and_faster_than_the_gradient():
    loss, start = instance("coupled", qm.HeavyBall(3))
    found = qm.joint_descent(loss, start)
    assert found.reason in ("stationary", "rounding") and len(found.values) < 40
    inside = (found.theta > loss.bounds[:, 0]) & (found.theta < loss.bounds[:, 1])
    bend = loss.curvature(found.theta)[np.ix_(inside, inside)]
    assert np.linalg.eigvalsh(bend)[0] > -1e-8 * np.abs(bend).max()
    rng = np.random.default_rng(0)
    for _ in range(50):
        near = found.theta + 1e-3 * rng.standard_normal(len(start)) * inside
        assert loss(near) >= found.value * (1 - 1e-12)
    slow = qm.joint_descent(loss, start, "gradient", steps=len(found.values) - 1)
    assert slow.reason == "steps" and slow.value > found.value * (1 + 1e-6)


def test_the_best_step_size_is_found():
    """One parameter, by itself: the minimum of a grid."""
    loss, start = instance("coupled", qm.GradientDescent(2))
    found = qm.joint_descent(loss, start, only=["step_size"])
    assert (found.theta[1:] == start[1:]).all()
    grid = found.theta[0] * np.linspace(0.9, 1.1, 41)
    assert np.argmin([loss(np.append(x, start[1:])) for x in grid]) == 20


def test_what_is_not_named_stays():
    loss, start = instance("data_cleaning", qm.HeavyBall(4))
    for only, moved in (
        (["alpha"], slice(2, None)),
        (["alpha[3]"], slice(5, 6)),
        (["momentum", "step_size"], slice(0, 2)),
    ):
        found = qm.joint_descent(loss, start, only=only, steps=2)
        changed = np.zeros(len(start), dtype=bool)
        changed[moved] = True
        assert ((found.theta != start) == changed).all()


def test_units_do_not_matter():
    """w -> the same w with L_1 in another unit: the step size is divided by it, and so is its
    path.
    """
    paths = []
    for unit in (1.0, 2.0**20):
        problem = qm.Coupled(
            unit * np.diag([1.0, 0.1]),
            unit * np.array([[1.0], [0.5]]),
            unit * np.ones(2),
            np.eye(2),
            [1.0, -1.0],
            start=[2.0, 1.0],
        )
        loss = qm.JointLoss(problem, qm.HeavyBall(5))
        found = qm.joint_descent(loss, [0.5 / unit, 0.3, 0.2], steps=6)
        paths.append(found.path * [unit, 1, 1])
    np.testing.assert_allclose(paths[0], paths[1], rtol=1e-9)


def test_diverging_trials_are_stepped_back_from():
    problem, _ = bilevel_problem("ridge", 0)
    loss = qm.JointLoss(problem, qm.GradientDescent(300))
    found = qm.joint_descent(loss, [1e-9, 0.1], steps=30)
    assert found.value < found.values[0] and np.isfinite(found.values).all()


def test_a_logarithmic_ridge_is_the_same_ridge():
    problem, (rho,) = bilevel_problem("ridge", 3)
    other = qm.Ridge(problem.train, problem.validation, logarithmic=True)
    losses = [qm.OuterLoss(x, qm.HeavyBall(7, 0.1, 0.5)) for x in (problem, other)]
    plain, logarithmic = (loss.gradient([x]) for loss, x in zip(losses, (rho, np.log(rho))))
    np.testing.assert_allclose(logarithmic, rho * plain, rtol=1e-12)
    plain, logarithmic = (loss.implicit([x]) for loss, x in zip(losses, (rho, np.log(rho))))
    np.testing.assert_allclose(logarithmic, rho * plain, rtol=1e-12)
    start = [0.1, 0.5, 0.3]
    found = qm.joint_descent(qm.JointLoss(problem, qm.HeavyBall(7)), start)
    start[2] = np.log(start[2])
    again = qm.joint_descent(qm.JointLoss(other, qm.HeavyBall(7)), start)
    assert again.value == pytest.approx(found.value, rel=1e-6)
    assert other.check([-1.0]).passes
    with pytest.raises(OverflowError, match="alpha"):
        other.at([701.0])
    with refused("logarithmic"):
        qm.Ridge(problem.train, problem.validation, logarithmic=1)


def test_bad_arguments_are_named():
    loss, start = instance("ridge", qm.HeavyBall(4))
    for words, change in (
        ("loss = ", {"loss": qm.Reverse()}),
        ("shape", {"start": start[:2]}),
        ("step_size 0", {"start": [0.0, 0.1, 0.1]}),
        ("method = 'newtn'.*newton", {"method": "newtn"}),
        ("only = 'alpha' must be a list", {"only": "alpha"}),
        ("only: 'alpa' is no name", {"only": ["alpa"]}),
        ("steps", {"steps": -1}),
        ("tolerance", {"tolerance": -1.0}),
    ):
        with refused(words):
            qm.joint_descent(**({"loss": loss, "start": start} | change))
