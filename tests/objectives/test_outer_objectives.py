"""Minima of train-by-train, train-by-validation and population risk, and the truncation of
diverging tasks.
"""

import numpy as np
import pytest

import quadmeta as qm


def test_mirror_minimum_of_even_T_is_found():
    """psi = 1/50, s = 1, T = 8: minima at 0.426806 (0.020092) and 1.285348 (0.020372); odd T has
    one.
    """
    found = qm.PopulationRisk(qm.MarchenkoPastur.of(1 / 50, 1.0, 8), qm.GradientDescent(8)).minima()
    assert found.step_size == pytest.approx([0.426806, 1.285348], abs=1e-6)
    assert found.value.to_float() == pytest.approx([0.020092, 0.020372], abs=1e-6)
    odd = qm.PopulationRisk(qm.MarchenkoPastur.of(1 / 50, 1.0, 9), qm.GradientDescent(9))
    assert len(odd.minima().step_size) == 1 and odd.minimizer() == odd.minima().step_size[0]


@pytest.mark.parametrize("T", [1, 3, 9, 40])
@pytest.mark.parametrize("aspect", [0.1, 1.0, 3.0])
def test_minimiser_is_global_on_a_dense_grid_and_in_its_bracket(T, aspect):
    s = 0.5
    risk = qm.PopulationRisk(qm.MarchenkoPastur.of(aspect, np.sqrt(s), T), qm.GradientDescent(T))
    best = risk.minimizer()
    grid = (
        np.concatenate([np.geomspace(1e-5, 3, 3000), np.linspace(0, 3, 3000)])
        / (1 + np.sqrt(aspect)) ** 2
    )
    least = risk(best)
    assert bool((risk(grid) >= least * (1 - 1e-15)).all())
    lam, delta = risk.problem.eigenvalues, s * aspect
    if T % 2:
        ends = (1 - (delta / (lam + delta)) ** (1 / T)) / lam
        assert ends.min() * (1 - 1e-12) <= best <= ends.max() * (1 + 1e-12)


def test_scanning_finds_the_exact_minimiser():
    for T in (1, 7, 8):
        risk = qm.PopulationRisk(qm.MarchenkoPastur.of(1.6, 0.7**0.5, T), qm.GradientDescent(T))
        assert risk.scanned() == pytest.approx(risk.minimizer(), rel=1e-3)


def test_negative_slope_nowhere_means_not_training_is_best():
    p = qm.LeastSquares.from_data(np.eye(2), [1.0, 1.0], validation=(np.eye(2), [-1.0, -1.0]))
    assert qm.TrainByValidation(p, qm.GradientDescent(3)).minimizer() == 0.0


def test_flat_valley_of_the_training_loss_is_reported_as_a_set():
    p = qm.AveragedLeastSquares.of(np.linspace(0.9, 1.1, 20), n=2000, d=20, sigma=1.0)
    train = qm.TrainByTrain(p, qm.GradientDescent(40))
    found = train.minima()
    low, high = found.flat
    assert low < 0.7 and high > 1.3 and low < found.step_size[0] < high
    inside, least = train(np.linspace(low, high, 50)), found.value[0]
    assert bool((inside <= least * (1 + 1e-14)).all())
    assert bool(train(low * 0.9) > least * (1 + 1e-14)) and bool(
        train(high * 1.1) > least * (1 + 1e-14)
    )
    narrow = qm.TrainByTrain(qm.MarchenkoPastur.of(1.6, 0.8, 7), qm.GradientDescent(7)).minima()
    assert narrow.flat[1] - narrow.flat[0] < 1e-6


def test_truncation_freezes_at_the_first_crossing():
    """Against loops: the norm is not monotone, and a frozen task stays frozen."""
    n, d, T, radius = 5, 8, 12, 2.0
    p = qm.LeastSquares.draw(n, d, 0.5, seed=3, tasks=4)
    eta = np.array([0.05, 0.3, 0.6, 1.5])
    risk = qm.PopulationRisk(p, qm.GradientDescent(T), pooled=False, truncation=radius)
    got, free = (
        risk(eta[:, None]),
        qm.PopulationRisk(p, qm.GradientDescent(T), pooled=False)(eta[:, None]),
    )
    crossed = 0
    for i, x in enumerate(eta):
        for k in range(4):
            rng = np.random.default_rng([3, k])
            w_star = rng.standard_normal(d)
            w_star /= np.linalg.norm(w_star)
            X = rng.standard_normal((n, d))
            y = X @ w_star + 0.5 * rng.standard_normal(n)
            w, lost = np.zeros(d), False
            for _ in range(T):
                w = w - x * X.T @ (X @ w - y) / n
                lost = lost or np.linalg.norm(w) >= radius
            crossed += lost
            want = radius**2 + 1 if lost else free[i, k].to_float()
            assert got[i, k].to_float() == pytest.approx(want, rel=1e-12)
    assert 0 < crossed < 16
    train = qm.TrainByTrain(p, qm.GradientDescent(T), truncation=radius)
    assert train.gradient(50.0).sign == 0 and np.isfinite(train(50.0).log)
    for objective in (risk, train):
        with pytest.raises(ValueError, match="without truncation"):
            objective.minima()


def test_unstable_step_sizes_are_huge_but_finite():
    p = qm.LeastSquares.draw(20, 10, 1.0, seed=0, tasks=2, validation=5)
    for loss in (qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk):
        value = loss(p, qm.GradientDescent(10**6))([0.1, 50.0])
        assert np.isfinite(value.log).all() and value.log10_abs[1] > 10**6
        with pytest.raises(OverflowError):
            value.to_float()


def test_result_does_not_depend_on_blocks(monkeypatch):
    p = qm.LeastSquares.draw(6, 9, 1.0, seed=0, tasks=3, validation=4)
    eta = np.linspace(0, 0.3, 37)
    for loss in (qm.TrainByTrain, qm.PopulationRisk):
        whole = loss(p, qm.GradientDescent(5)).gradient(eta)
        with monkeypatch.context() as patch:
            patch.setattr("quadmeta.objectives.parts.outer.BLOCK", 20)
            assert bool((loss(p, qm.GradientDescent(5)).gradient(eta) == whole).all())


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda p: qm.TrainByValidation(p, qm.HeavyBall(20, momentum=0.9), truncation=3.0),
            "truncation follows",
        ),
        (lambda p: qm.TrainByValidation(p, qm.HeavyBall(10, step_size=0.01))(2.0), "momentum"),
        (
            lambda p: qm.TrainByValidation(p, qm.HeavyBall(10, momentum=0.5)).minimizer(),
            "searched for GradientDescent",
        ),
        (
            lambda p: qm.TrainByTrain(p, qm.HeavyBall(10, momentum=0.5)).minimizer(),
            "searched for GradientDescent",
        ),
        (
            lambda p: qm.PopulationRisk(p, qm.HeavyBall(10, momentum=0.5)).scanned(),
            "searched for GradientDescent",
        ),
        (lambda p: qm.PopulationRisk(p, qm.HeavyBall(10)), "tunes one number"),
    ],
)
def test_what_belongs_to_gradient_descent_is_refused_elsewhere(call, message):
    with pytest.raises(ValueError, match=message):
        call(qm.LeastSquares.draw(12, 4, 1.0, validation=8))


@pytest.mark.parametrize(
    "optimizer", [qm.HeavyBall(7, momentum=0.4), qm.Nesterov(7, step_size=0.3)]
)
@pytest.mark.parametrize("cls", [qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk])
def test_momentum_scores_every_outer_loss(cls, optimizer):
    objective = cls(qm.LeastSquares.draw(12, 4, 1.0, validation=8), optimizer)
    for order, got in enumerate(
        (objective(0.37), objective.gradient(0.37), objective.curvature(0.37))
    ):
        assert got.to_float() == pytest.approx(objective.definition(0.37, order), rel=1e-11)
