"""Losses of trained weights task by task, in fractions, where tasks are frozen, and all minima of
a dense grid.
"""

from fractions import Fraction as Q

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.objectives.parts.minima import bisected
from tests.refusals import refused

OUTER = (qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk)
TASKS = qm.LeastSquares.draw(6, 4, 0.7, seed=2, tasks=3, validation=5)
ORDERS = ("__call__", "gradient", "curvature")


def each(cls, eta, order):
    """By task: the objective of the batch with one number a task."""
    objective = cls(TASKS, qm.GradientDescent(5), pooled=False)
    return getattr(objective, ORDERS[order])(np.asarray(eta)[..., None]).to_float()


@pytest.mark.parametrize("cls", OUTER)
@pytest.mark.parametrize("order", range(3))
def test_the_batch_is_the_mean_of_its_tasks(cls, order):
    eta = np.array([[0.0, 0.1, 0.3], [0.7, 0.9, 4.0]])
    apart = each(cls, eta, order)
    pooled = getattr(cls(TASKS, qm.GradientDescent(5)), ORDERS[order])(eta)
    assert apart.shape == (2, 3, 3) and pooled.shape == (2, 3)
    np.testing.assert_allclose(pooled.to_float(), apart.mean(axis=-1), rtol=1e-12, atol=1e-13)
    objective = cls(TASKS, qm.GradientDescent(5), pooled=False)
    # task axes broadcast: one step size for each task
    own = getattr(objective, ORDERS[order])([0.1, 0.3, 0.7]).to_float()
    np.testing.assert_allclose(own, [apart[0, 1, 0], apart[0, 2, 1], apart[1, 0, 2]], rtol=1e-13)
    np.testing.assert_allclose(
        objective.definition(0.3, order), apart[0, 2], rtol=1e-11, atol=1e-12
    )
    assert cls(TASKS, qm.GradientDescent(5)).definition(0.3, order) == pytest.approx(
        apart[0, 2].mean(), rel=1e-11
    )
    with pytest.raises(ValueError, match="step_size has shape"):
        objective([0.1, 0.3])


@pytest.mark.parametrize("cls", [qm.TrainByTrain, qm.PopulationRisk])
def test_values_in_fractions(cls):
    problem = qm.AveragedLeastSquares.of(np.array([0.5, 1.0, 2.0]), n=10, d=3, sigma=1.0)
    objective = cls(problem, qm.GradientDescent(2))
    grid = np.array([Q(1, 3), Q(1, 5), Q(3)], dtype=object)
    for order in range(3):
        exact = objective.exactly(grid, order)
        assert exact.shape == (3,) and [objective.exactly(x, order) for x in grid] == exact.tolist()
        floats = getattr(objective, ORDERS[order])(grid.astype(float)).to_float()
        np.testing.assert_allclose(floats, exact.astype(float), rtol=1e-13)
        np.testing.assert_allclose(
            [objective.definition(float(x), order) for x in grid], floats, rtol=1e-13
        )
    h = Q(1, 10**9)
    for order in (1, 2):
        low, high = (objective.exactly(Q(1, 3) + s * h, order - 1) for s in (-1, 1))
        assert float((high - low) / (2 * h)) == pytest.approx(
            float(objective.exactly(Q(1, 3), order)), rel=1e-12
        )


@pytest.mark.parametrize(
    "objective",
    [
        qm.TrainByValidation(qm.LeastSquares.draw(6, 4, 0.7, validation=5), qm.GradientDescent(3)),
        qm.PopulationRisk(TASKS, qm.GradientDescent(3)),
    ],
)
def test_exact_arithmetic_of_several_tasks_or_a_validation_set_is_refused(objective):
    with pytest.raises(ValueError, match="one task and a separable loss"):
        objective.exactly(Q(1, 3))


def test_frozen_is_the_first_reach_of_the_radius():
    rng = np.random.default_rng(0)
    for radius in (0.5, 1.0, 3.0):
        objective = qm.PopulationRisk(TASKS, qm.GradientDescent(7), truncation=radius)
        lam, fitted, eta = np.array([0.2, 1.0, 2.0]), rng.standard_normal(3), rng.uniform(0, 2, 200)
        lost = np.zeros(200, dtype=bool)
        for t in range(1, 8):
            lost |= (
                np.linalg.norm((1 - (1 - np.multiply.outer(eta, lam)) ** t) * fitted, axis=-1)
                >= radius
            )
        np.testing.assert_array_equal(objective.frozen(lam, fitted, eta), lost)
        assert radius == 3 or 0 < lost.sum() < 200
    # the radius itself is reached, in one step of 1 / lambda; without a step nothing is
    one = qm.PopulationRisk(TASKS, qm.GradientDescent(1), truncation=2.0)
    assert one.frozen(np.array([2.0]), np.array([2.0]), np.array([0.0, 0.499, 0.5])).tolist() == [
        False,
        False,
        True,
    ]


def test_frozen_tasks_are_constant_and_the_others_as_without_truncation():
    eta = np.array([0.1, 0.5, 3.0])
    for cls in OUTER:
        free, cut = (
            cls(TASKS, qm.GradientDescent(5), pooled=False, truncation=r)(eta[:, None]).to_float()
            for r in (None, 1.2)
        )
        slope = (
            cls(TASKS, qm.GradientDescent(5), pooled=False, truncation=1.2)
            .gradient(eta[:, None])
            .to_float()
        )
        frozen = cut != free
        assert frozen[2].all() and not frozen[0].any()
        assert ((slope == 0) == frozen).all()
        np.testing.assert_array_equal(slope[~frozen], each(cls, eta, 1)[~frozen])
    with pytest.raises(ValueError, match="radius > 0"):
        qm.PopulationRisk(TASKS, qm.GradientDescent(5), truncation=0.0)


def test_the_loss_of_a_frozen_task_is_the_mean_over_directions():
    """Sampled: w of norm 2 in random directions."""
    rng = np.random.default_rng(1)
    problem = qm.LeastSquares.draw(6, 4, 0.7, seed=2, validation=5)
    w = rng.standard_normal((200000, 4))
    w *= 2 / np.linalg.norm(w, axis=-1, keepdims=True)
    generator = np.random.default_rng([2, 0])
    truth = generator.standard_normal(4)
    truth /= np.linalg.norm(truth)
    values = ((w - truth) ** 2).sum(axis=-1)
    got = qm.PopulationRisk(problem, qm.GradientDescent(5), truncation=2.0)(50.0).to_float()
    assert got == pytest.approx(5, rel=1e-13) and abs(
        values.mean() - got
    ) < 4 * values.std() / np.sqrt(len(w))


@pytest.mark.parametrize("cls", OUTER)
@pytest.mark.parametrize("T", [3, 8])
def test_all_minima_of_a_dense_grid_are_found(cls, T):
    problem = qm.LeastSquares.draw(20, 3, 0.7, seed=0, validation=9, tasks=2)
    objective = cls(problem, qm.GradientDescent(T))
    found = objective.minima()
    edge = 2 / problem.eigenvalues.max()
    # a polynomial of degree 2T: a coarse grid has its minima, and a fine one around each the digits
    grid = np.linspace(0, 3 * edge, 3001)
    values = objective(grid).to_float()
    inner = np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])) + 1
    fine = grid[inner][:, None] + np.linspace(-grid[1], grid[1], 41)
    close = objective(fine).to_float()
    lowest = np.take_along_axis(fine, close.argmin(axis=1)[:, None], axis=1)[:, 0]
    spacing = grid[1] / 20
    np.testing.assert_allclose(found.step_size[found.step_size > 0], lowest, atol=1.01 * spacing)
    np.testing.assert_array_equal(found.value.to_float(), objective(found.step_size).to_float())
    assert (0 in found.step_size) == (values[0] < values[1])
    best = objective.minimizer()
    assert best == found.step_size[np.argmin(found.value.to_float())] and objective(
        best
    ).to_float() <= min(values.min(), close.min())
    # at the ends of the flat set the value leaves rounding
    low, high = found.flat
    assert 0 < low < best < high < 1.001 * low
    slopes = objective.gradient(np.array([best * (1 - 1e-7), best * (1 + 1e-7)]))
    assert slopes.sign.tolist() == [-1, 1]
    width, least = high - low, objective(best).to_float()
    inside = objective(np.linspace(low, high, 101)[1:-1]).to_float()
    assert (inside <= least * (1 + 1e-14)).all()
    assert (
        objective(np.array([low - 3 * width, high + 3 * width])).to_float() > least * (1 + 1e-15)
    ).all()


def test_scans_close_in_on_the_best_stable_step():
    problem = qm.LeastSquares.draw(20, 3, 0.7, seed=0, tasks=2)
    objective = qm.PopulationRisk(problem, qm.GradientDescent(3))
    best = objective.minimizer()
    errors = [abs(objective.scanned(rounds) / best - 1) for rounds in (1, 2, 4)]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-4
    assert objective.scanned() == objective.scanned(4)


def test_bisection_ends_at_neighbouring_floats():
    edges = np.array([1.0, 3e-7, 2.5])
    found = bisected(lambda x: x < edges, np.zeros(3), np.array([4.0, 1.0, 3.0]))
    assert (found >= edges).all() and (found <= np.nextafter(edges, np.inf)).all()
    np.testing.assert_array_equal(bisected(lambda x: x < 1, np.ones(1), np.ones(1)), [1])


BAD = {
    "no radius": (
        lambda: qm.PopulationRisk(TASKS, qm.GradientDescent(3), truncation=-1.0),
        "radius > 0",
    ),
    "no tasks to freeze": (
        lambda: qm.PopulationRisk(
            qm.MarchenkoPastur.of(0.5, 1.0, 3), qm.GradientDescent(3), truncation=3.0
        ),
        "needs realised tasks",
    ),
    "no regression": (
        lambda: qm.TrainByTrain(qm.Quadratic.random(3, 0), qm.GradientDescent(3)),
        "needs a least-squares problem",
    ),
    "minima of each task": (
        lambda: qm.PopulationRisk(TASKS, qm.GradientDescent(3), pooled=False).minima(),
        "pooled",
    ),
    "minima of each training loss": (
        lambda: qm.TrainByTrain(TASKS, qm.GradientDescent(3), pooled=False).minima(),
        "pooled",
    ),
    "minima of truncated tasks": (
        lambda: qm.PopulationRisk(TASKS, qm.GradientDescent(3), truncation=3.0).minima(),
        "without truncation",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()


@pytest.mark.parametrize("cls", OUTER)
def test_outer_losses_do_not_pretend_to_be_transforms_of_the_inner_one(cls):
    objective = cls(TASKS, qm.GradientDescent(3))
    assert isinstance(objective, qm.Objective)
    assert not isinstance(objective, qm.TransformedObjective)
    assert not hasattr(objective, "transform") and not hasattr(objective, "chain")


@pytest.mark.parametrize("order", ORDERS[:2])
def test_tasks_and_step_sizes_in_blocks_are_each_of_them_alone(order):
    """Four tasks of 64 modes, of which three at 300 step sizes or one at 1024 fill a block."""
    problem = qm.LeastSquares.draw(70, 64, 1.0, seed=0, tasks=4)
    each = getattr(qm.PopulationRisk(problem, qm.GradientDescent(3), pooled=False), order)
    for count in (300, 1100):
        eta = np.linspace(0, 0.5, count)
        found = each(eta[:, None])
        for k in (0, count // 2, count - 1):
            alone = each(eta[k])
            assert np.array_equal(found.sign[k], alone.sign)
            np.testing.assert_allclose(found.log[k], alone.log, rtol=1e-14, atol=1e-14)
