"""The best weights: the convex programme of shared inputs against local descents, several minima
of own designs.
"""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import quadmeta as qm
from quadmeta.training.optimal_weights import curvature, local_minima, outer_loss, simplex_minimum


def shared(seed, K=3, held_out=25, outputs=None):
    p = qm.AuxiliaryTasks.draw(
        3, 12, 1.0, np.linspace(0.2, 2, K), seed, shared=True, held_out=held_out
    )
    return p


@pytest.mark.parametrize("seed", range(20))
def test_programme_is_the_global_minimum_to_eight_digits(seed):
    """Against the best of many descents, each polished by Newton on the tasks in use."""
    p = shared(seed)
    exact, found = simplex_minimum(p), local_minima(p, 10)
    assert exact.value[0] == pytest.approx(found.value[0], rel=1e-8)
    assert len(found.value) == 1  # quasi-convex
    np.testing.assert_allclose(exact.pi, found.pi, atol=1e-7)
    if np.isinf(exact.phi).any():
        assert exact.pi[0, 0] == found.pi[0, 0] == 0
        return
    phi, on = found.phi[0], exact.phi[0] > 1e-8
    phi[~on] = 0
    for _ in range(30):
        g, H = qm.OuterLoss(p, qm.GradientDescent(1, 0.1)).implicit(phi), curvature(p, phi)
        phi[on] -= np.linalg.solve(H[np.ix_(on, on)], g[on]) if on.any() else 0
    np.testing.assert_allclose(exact.phi[0], phi, rtol=1e-8, atol=1e-10)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30)
def test_shared_inputs_are_quasi_convex_and_no_point_is_better(seed):
    p, rng = shared(seed), np.random.default_rng(seed)
    best = simplex_minimum(p).value[0]
    for _ in range(5):
        one, two, t = rng.exponential(1, 3), rng.exponential(1, 3), rng.random()
        F = [outer_loss(p, x) for x in (one, two, t * one + (1 - t) * two)]
        assert F[2] <= max(F[:2]) * (1 + 1e-13) and min(F) >= best * (1 - 1e-12)


def several():
    """Two tasks in the plane with designs across each other: F along phi falls, rises and falls
    again.
    """

    def data(A, b):
        root = np.linalg.cholesky(np.array(A)).T * np.sqrt(2)
        return root, root @ b

    return qm.AuxiliaryTasks(
        data([[13.1, -6], [-6, 4.1]], [1, -3]),
        [data([[2.1, -2], [-2, 4.1]], [3, 3])],
        data([[9.1, -6], [-6, 8.1]], [-2, -2]),
    )


def test_own_designs_can_have_several_minima_and_all_are_reported():
    p = several()
    found = local_minima(p, 12)
    grid = np.linspace(0, 1, 4001)[:-1]
    F = np.array([outer_loss(p, [t / (1 - t)]) for t in grid])
    inner = grid[1:-1][(F[1:-1] < F[:-2]) & (F[1:-1] < F[2:])]
    ends = [0.0] * bool(F[0] < F[1]) + [1.0] * bool(F[-1] < F[-2])
    assert len(found.value) == len(inner) + len(ends) >= 2
    np.testing.assert_allclose(np.sort(found.pi[:, 1]), np.sort([*inner, *ends]), atol=5e-4)
    assert (np.diff(found.value) > 0).all() and found.value[0] <= F.min() + 1e-6
    with pytest.raises(ValueError, match="use local_minima"):
        simplex_minimum(p)


def test_a_weight_at_infinity_is_reported_and_not_searched_for():
    # a clean task beside a noisy one
    p = qm.AuxiliaryTasks.draw(2, 8, [3.0, 0.0], [0.0], 0, shared=True)
    for found in (simplex_minimum(p), local_minima(p, 4)):
        assert found.phi[0, 0] > 1e6 and found.value[0] == pytest.approx(4.5, rel=1e-8)


def test_softplus_and_ridge_are_refused_where_they_do_not_fit():
    p = shared(0)
    with pytest.raises(ValueError, match="rho = 0"):
        simplex_minimum(qm.AuxiliaryTasks(p.main, p.tasks, p.auxiliary, 0.1))
    with pytest.raises(ValueError, match="softplus"):
        curvature(qm.AuxiliaryTasks(p.main, p.tasks, p.auxiliary, 0.1, True), [0.0] * 3)


def test_local_minima_without_enough_data_in_the_tasks_and_with_a_ridge():
    p = qm.AuxiliaryTasks.draw(4, [6, 2], 1.0, [0.5], 1, held_out=20, rho=0.2)
    found = local_minima(p, 4)
    for phi, value in zip(found.phi, found.value, strict=True):
        assert outer_loss(p, phi) == pytest.approx(value, rel=1e-5)
        g = qm.OuterLoss(p, qm.GradientDescent(1, 0.1)).implicit(phi)
        assert np.abs(np.where(phi > 0, g, np.minimum(g, 0))).max() < 1e-6


def test_a_flat_set_of_weights_is_one_minimum():
    p = qm.AuxiliaryTasks.diabetes(held_out=30, main=10, seed=4)  # six tasks in four dimensions
    found = local_minima(p, 6)
    assert len(found.value) == 1 and found.value[0] == pytest.approx(
        simplex_minimum(p).value[0], rel=1e-7
    )


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e4])
def test_units_of_the_targets_do_not_matter(scale):
    def scaled(task):
        return task[0], task[1] * scale

    p = shared(1)
    q = qm.AuxiliaryTasks(scaled(p.main), [scaled(task) for task in p.tasks], scaled(p.auxiliary))
    np.testing.assert_allclose(local_minima(q, 6).pi, simplex_minimum(q).pi, atol=1e-6)


def losses(p, weights):
    """F at many weights of one task, by the normal equations of all of them at once."""
    A, b = (
        own + weights[:, None, None] * other
        for own, other in zip(*(normal(*task) for task in (p.main, *p.tasks)), strict=True)
    )
    X, y = p.auxiliary
    errors = X @ np.linalg.solve(A, b) - y.reshape(len(X), -1)
    return (errors**2).sum(axis=(1, 2)) / (2 * len(X))


def normal(X, y):
    """X'X/n and X'y/n."""
    return X.T @ X / len(X), X.T @ y.reshape(len(X), -1) / len(X)


def test_minima_of_one_task_are_all_found():
    p = qm.AuxiliaryTasks.draw(4, [6, 5], [1.0, 1.0], [2.0], 65, held_out=6)
    found = local_minima(p)
    np.testing.assert_allclose(found.phi.ravel(), [0, 30.83631328], rtol=1e-6)
    rng = np.random.default_rng(0)
    for seed in range(24):
        p = qm.AuxiliaryTasks.draw(3, [5, 5], [1.0, 0.5], [3 * rng.random()], seed, held_out=6)
        weights = np.exp(np.linspace(-9, 9, 300))
        F = losses(p, weights)
        assert F[150] == pytest.approx(outer_loss(p, weights[150:151]), rel=1e-10)
        inner = ((F[1:-1] < F[:-2]) & (F[1:-1] < F[2:])).sum()
        got = local_minima(p).phi.ravel()
        assert ((got > np.exp(-8.9)) & (got < np.exp(8.9))).sum() == inner


@pytest.mark.parametrize("tasks", [1, 2])
def test_tasks_that_do_not_determine_w_together_are_refused(tasks):
    with pytest.raises(ValueError, match="add a ridge"):
        local_minima(
            qm.AuxiliaryTasks.draw(5, [1] * (tasks + 1), 1.0, [0.5] * tasks, 0, held_out=6)
        )
