"""Two-stage training reaches the best weights, joint training collapses as proved and only then;
costs are counted.
"""

from itertools import islice, takewhile

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.training import optimal_weights
from quadmeta.training.auxiliary import grid_search, joint_training
from quadmeta.training.bilevel import Gradient, bilevel_descent


def problem(seed=0, related=0.0, K=2, held_out=200, **more):
    return qm.AuxiliaryTasks.draw(
        3, [12, *[40] * K], [1.0, *[0.5] * K], [related] * K, seed, held_out=held_out, **more
    )


def state(descent, k):
    return next(islice(descent, k - 1, None))


ESTIMATORS = [
    (qm.Implicit(), 1e-6),
    (qm.ConjugateGradient(budget=4), 1e-6),
    (qm.Neumann(order=300), 1e-6),
]


@pytest.mark.parametrize(("estimator", "accuracy"), ESTIMATORS, ids=lambda x: type(x).__name__)
def test_two_stage_training_finds_a_minimum(estimator, accuracy):
    p = problem(3, related=0.8)
    loss = qm.OuterLoss(p, qm.GradientDescent(1, 0.1))
    run = bilevel_descent(loss, [0.5, 0.5], estimator, Gradient(0.4), lower=0.0, exact=True)
    last = state(run, 150)
    g = loss.implicit(last.alpha)
    assert np.abs(np.where(last.alpha > 0, g, np.minimum(g, 0))).max() < accuracy
    best = optimal_weights.local_minima(p, 6)
    assert optimal_weights.outer_loss(p, last.alpha) == pytest.approx(best.value[0], rel=1e-6)
    assert last.solves == 150 and last.inner_gradients == 0
    assert last.jvps == 150 * sum(estimator.cost(1, 2, 3)[k] for k in ("hvps", "mixed"))


def test_short_inner_runs_have_the_same_fixed_point_and_another_count():
    p = problem(3, related=0.8)
    rough = qm.OuterLoss(p, qm.GradientDescent(3, 0.2))
    last = state(bilevel_descent(rough, [0.5, 0.5], qm.Implicit(), Gradient(0.3), lower=0.0), 400)
    assert optimal_weights.outer_loss(p, last.alpha) == pytest.approx(
        optimal_weights.local_minima(p, 6).value[0], rel=1e-6
    )
    assert last.inner_gradients == 1200 and last.solves == 0


def test_truncation_moves_the_fixed_point():
    p = problem(3, related=0.8)
    loss = qm.OuterLoss(p, qm.GradientDescent(1, 0.05))
    exact, rough = (
        state(bilevel_descent(loss, [0.5, 0.5], e, Gradient(0.4), lower=0.0, exact=True), 150).alpha
        for e in (qm.Implicit(), qm.Neumann(order=1))
    )
    assert np.abs(exact - rough).max() > 1e-3
    assert optimal_weights.outer_loss(p, rough) > optimal_weights.outer_loss(p, exact)


def test_a_step_beyond_two_over_L_is_an_error_and_never_nan():
    p = problem(0)
    step = 1.9 / np.linalg.eigvalsh(p.at([0.0, 0.0]).H)[-1]
    loss = qm.OuterLoss(p, qm.GradientDescent(1, step))
    run = bilevel_descent(
        loss, [0.01, 0.0], qm.Neumann(order=3), Gradient(5.0), lower=0.0, exact=True
    )
    with pytest.raises(FloatingPointError, match="beyond 2/L = .*take smaller steps"):
        state(run, 200)
    found = qm.hypergradient(
        loss, [5.0, 5.0], qm.Neumann(order=3), start=p.at([5.0, 5.0]).minimizer.ravel()
    )
    assert found.notes["2/L"] == pytest.approx(
        2 / np.linalg.eigvalsh(p.at([5.0, 5.0]).H)[-1], rel=1e-14
    )
    assert found.notes["diverges"] and f"beyond 2/L = {found.notes['2/L']:.6g}" in repr(found)
    assert np.isfinite(found.value).all()
    on = bilevel_descent(
        loss,
        [5.0, 5.0],
        qm.Neumann(order=3),
        Gradient(1e-3),
        lower=0.0,
        exact=True,
        unstable=True,
    )
    assert np.isfinite(state(on, 3).alpha).all()


def test_exact_inner_solves_need_a_quadratic():
    loss = qm.OuterLoss(qm.LogCosh.random(3, 2, 0), qm.GradientDescent(3, 0.1))
    with pytest.raises(ValueError, match="exact = True solves a quadratic"):
        next(bilevel_descent(loss, [0.0, 0.0], qm.Reverse(), exact=True))


@pytest.mark.parametrize("inner", [None, qm.GradientDescent(1, 0.3)])
def test_joint_training_collapses_within_the_bound(inner):
    p = problem(1, related=0.3)
    least = [
        p.constants[k] - p.moments[k, :, 0] @ np.linalg.solve(p.grams[k], p.moments[k, :, 0]) / 2
        for k in (1, 2)
    ]
    phi, step = np.array([2.0, 0.7]), 0.5
    bound = np.ceil(phi / (step * np.array(least)))
    states = list(islice(joint_training(p, phi, step, inner), int(bound.max())))
    for k in range(2):
        hit = sum(1 for _ in takewhile(lambda s: s.phi[k] > 0, states)) + 1
        assert hit <= bound[k]
    assert (states[-1].phi == 0).all()
    # a task without noise that agrees with the main one keeps its weight
    clean = qm.AuxiliaryTasks.draw(3, 12, 0.0, [0.0], 1, held_out=5)
    assert state(joint_training(clean, [1.0], 0.1), 50).phi[0] == pytest.approx(1, abs=1e-12)


def test_limit_of_a_consistent_task_is_above_its_bound():
    p = qm.AuxiliaryTasks.draw(3, 12, 0.0, [0.0], 1, held_out=5)
    top, phi, step = np.linalg.eigvalsh(p.at([1.0]).H)[-1], 1.0, 0.05
    eta, mu = 1 / top, np.linalg.eigvalsh(p.grams[0])[0]
    R = np.linalg.norm(p.truth.truth)
    last = state(joint_training(p, [phi], step, qm.GradientDescent(1, eta)), 3000).phi[0]
    bound = phi - step * np.linalg.eigvalsh(p.grams[1])[-1] * R**2 / (2 * eta * mu * (2 - eta * mu))
    assert 0 < bound <= last < phi


def test_training_set_as_auxiliary_set_collapses_too():
    p = problem(2, related=0.5)
    same = qm.AuxiliaryTasks(p.main, p.tasks, p.main)
    loss = qm.OuterLoss(same, qm.GradientDescent(1, 0.1))
    states = list(
        islice(
            bilevel_descent(loss, [1.0, 1.0], qm.Implicit(), Gradient(1.0), lower=0.0, exact=True),
            1000,
        )
    )
    norms = [np.linalg.norm(s.alpha) for s in states]
    assert (np.diff(norms) < 1e-15).all() and norms[-1] < 1e-2 * norms[0]
    for s in states[:5]:
        assert s.alpha @ loss.implicit(s.alpha) >= 0


def test_grid_search_costs_points_to_the_power_K_and_is_never_better():
    p = problem(3, related=0.8)
    best = optimal_weights.local_minima(p, 6).value[0]
    excess = []
    for points in (3, 9, 27):
        found = grid_search(p, points)
        assert found.solves == points**2 and found.value == optimal_weights.outer_loss(p, found.phi)
        excess.append(found.value - best)
    assert excess[0] >= excess[1] >= excess[2] >= -1e-12 and excess[2] < 0.2 * excess[0]


BAD = {
    "softplus": (
        lambda p: next(joint_training(problem(softplus=True), [0.0, 0.0], 1.0)),
        "softplus = True",
    ),
    "step": (lambda p: next(joint_training(p, [1.0, 1.0], 0.0)), "step = 0.0"),
    "free": (
        lambda p: next(joint_training(p, [1.0, 1.0], 1.0, qm.GradientDescent(3))),
        "leaves its step size free",
    ),
    "negative": (lambda p: next(joint_training(p, [1.0, -1.0], 1.0)), "phi has the negative"),
    "softplus grid": (lambda p: grid_search(problem(softplus=True), 3), "softplus = True"),
    "rule": (lambda p: Gradient(np.nan), "step has the non-finite"),
    "ascent": (lambda p: qm.Adam(-1.0), "step = -1.0"),
    "lower": (
        lambda p: next(
            bilevel_descent(
                qm.OuterLoss(p, qm.GradientDescent(1, 0.1)), [0.5, 0.5], qm.Implicit(), lower=np.nan
            )
        ),
        "lower has the non-finite",
    ),
    "points": (lambda p: grid_search(p, 0), "points = 0"),
    "diverges": (
        lambda p: state(joint_training(p, [1.0, 1.0], 1e-9, qm.GradientDescent(2000, 5.0)), 9),
        "below 2/L",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_bad_input_is_one_line(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, FloatingPointError), match=message) as caught:
        call(problem())
    assert "\n" not in str(caught.value)


def test_exact_implicit_gradients_need_no_step_size():
    p = problem(0)
    step = 1.9 / np.linalg.eigvalsh(p.at([0.0, 0.0]).H)[-1]
    loss = qm.OuterLoss(p, qm.GradientDescent(1, step))
    for estimator in (qm.Implicit(), qm.ConjugateGradient(budget=4)):
        run = bilevel_descent(loss, [0.01, 0.0], estimator, Gradient(5.0), lower=0.0, exact=True)
        one = state(run, 60).alpha
        assert one[0] > 1
        # whose steps would amplify the rounding of w_*
        many = qm.OuterLoss(p, qm.GradientDescent(2000, step))
        run = bilevel_descent(many, [0.01, 0.0], estimator, Gradient(5.0), lower=0.0, exact=True)
        assert (state(run, 60).alpha == one).all()


def test_losses_of_targets_far_from_zero_are_not_lost_to_rounding():
    p = problem(0)
    X = np.column_stack([p.main[0], np.ones(12)])
    held = np.column_stack([p.auxiliary[0], np.ones(200)])
    values = []
    for offset in (0.0, 1e7):
        q = qm.AuxiliaryTasks(
            (X, p.main[1] + offset), [(X, p.main[1] + offset)], (held, p.auxiliary[1] + offset)
        )
        w = q.at([1.0]).minimizer.ravel()
        values.append([q.outer(w), *q.losses(w)])
    np.testing.assert_allclose(values[1], values[0], rtol=1e-6)
