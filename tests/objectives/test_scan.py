"""Scans of a grid: the error that the short kernels state, against 50 digits, and where they hand
over.
"""

import tracemalloc

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.scan import short_power

EPS = np.finfo(float).eps


@pytest.mark.parametrize("T", [1, 2, 3, 60, 255, 256, 257, 10**4, 10**6])
def test_error_of_a_scan_is_the_stated_one(T):
    """20 T eps E[|u| (1 + 1/|a|)] for G', also next to the minimum, at the poles of u and beyond
    2/L.
    """
    rng = np.random.default_rng(T)
    worst = 0.0
    for _ in range(6):
        d = int(rng.integers(2, 9))
        lam, omega = np.sort(rng.uniform(0.05, 1, d)), 10.0 ** rng.uniform(-6, 0, d)
        log = qm.LogObjective(qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(T))
        best = log.minimizer()
        etas = np.array(
            [
                0.0,
                1e-9,
                1 / lam[0],
                1 / lam[-1],
                2 / lam[-1],
                best,
                best * (1 + 1e-9),
                best * (1 - 1e-4),
                *rng.uniform(0, 3, 4),
            ]
        )
        value, slope = log.scan(etas)
        for k, eta in enumerate(etas):
            exact = [float(log.exactly(eta, order, "mpmath")) for order in (0, 1)]
            a = np.abs(1 - eta * lam)
            top = a.max()
            power = omega * (a / top) ** (2 * T - 2)
            total = power @ (a / top) ** 2
            size = power @ (lam * (1 + a)) / (total * top**2)
            inverse = power @ (a / top) / (total * top)
            one = log.scan(float(eta))
            for at in ((value[k], slope[k]), one):
                worst = max(
                    worst,
                    abs(at[1] - exact[1]) / (20 * T * EPS * size),
                    abs(at[0] - exact[0]) / (20 * EPS * (1 + abs(exact[0]) + inverse)),
                )
    assert worst <= 1


def test_a_grid_over_tasks_a_pool_and_one_number_agree_with_the_objective(monkeypatch):
    problem, gd = qm.Quadratic.random(6, 3, 4), qm.GradientDescent(30)
    eta = np.linspace(0.01, 1.5, 17)[:, None] / problem.L
    for pooled, points in ((False, eta), (True, eta), (False, 0.01), (True, 0.01), (False, eta[0])):
        log = qm.LogObjective(problem, gd, pooled)
        for size in (2**14, 20):
            monkeypatch.setattr("quadmeta.optimizers.parts.grid._BLOCK", size)
            monkeypatch.setattr("quadmeta.optimizers.parts.grid._AT_ONCE", 4 * size)
            value, slope = log.scan(points)
            np.testing.assert_allclose(value, log(points), rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(slope, log.gradient(points), rtol=1e-10)
            assert np.shape(slope) == np.shape(log.gradient(points))
    assert isinstance(qm.LogObjective(problem, gd).scan(0.01)[1], float)
    with pytest.raises(ValueError, match="shape"):
        qm.LogObjective(problem, gd, False).scan(np.ones(3))
    for bad in (-1.0, np.nan, [0.1, -0.1], 1e300):
        with pytest.raises(ValueError, match="step_size"):
            qm.LogObjective(problem, gd).scan(bad)


@pytest.mark.parametrize("T", [1, 2, 15, 16, 17, 50, 300])
def test_a_schedule_scans_its_gradient(T):
    rng = np.random.default_rng(T)
    problem = qm.Quadratic.from_spectrum(rng.uniform(0.1, 1, 6), seed=T)
    log, theta = qm.LogObjective(problem, qm.Schedule(T)), rng.uniform(0.1, 3, (3, 2, T))
    for points in (theta, theta[0, 0]):
        value, slope = log.scan(points)
        exact = log.gradient(points)
        np.testing.assert_allclose(value, log(points), rtol=1e-13, atol=1e-14)
        assert np.abs(slope - exact).max() <= 1e-13 * np.abs(exact).max()


def test_a_schedule_with_a_zero_factor_or_a_huge_product_takes_the_accurate_form():
    problem = qm.Quadratic.from_spectrum([0.25, 0.5, 1.0], weights=[1, 1, 1])
    log = qm.LogObjective(problem, qm.Schedule(20))
    for theta in (np.full(20, 2.0), np.full(20, 1e19)):
        value, slope = log.scan(theta)
        assert value == pytest.approx(log(theta), rel=1e-15) and np.isfinite(slope).all()
        np.testing.assert_allclose(slope, log.gradient(theta), rtol=1e-15)


def test_other_optimizers_and_noise_scan_by_their_own_form():
    problem = qm.Quadratic.random(5, 1)
    for log, eta in (
        (qm.LogObjective(problem, qm.HeavyBall(9, momentum=0.3)), 0.1 / problem.L),
        (
            qm.LogObjective(
                qm.NoisyQuadratic([0.5, 1.0], [1.0, 0.5], [0.1, 0.2]),
                qm.StochasticGradientDescent(5),
            ),
            0.3,
        ),
    ):
        assert np.allclose(log.scan(eta), (log(eta), log.gradient(eta)), rtol=1e-14)


@pytest.mark.parametrize("loss", [qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk])
@pytest.mark.parametrize("T", [1, 2, 7, 600])
def test_a_regression_scan_is_value_and_derivative(loss, T):
    problem = qm.LeastSquares.draw(8, 5, 0.5, seed=2, tasks=3, validation=6)
    eta = np.geomspace(1e-3, 1.9, 7) / float(problem.eigenvalues.max())
    for pooled, points in ((True, eta), (False, eta[:, None]), (True, float(eta[2]))):
        objective = loss(problem, qm.GradientDescent(T), pooled)
        value, slope = objective.scan(points)
        want, first = (x.to_float() for x in (objective(points), objective.gradient(points)))
        np.testing.assert_allclose(value, want, rtol=1e-12)
        np.testing.assert_allclose(slope, first, rtol=1e-10, atol=1e-12 * np.abs(first).max())
        assert np.shape(value) == np.shape(want)


def test_a_regression_scan_refuses_what_float64_cannot_hold_and_leaves_truncation_alone():
    problem = qm.LeastSquares.draw(8, 5, 0.5, seed=2, tasks=3)
    objective = qm.TrainByTrain(problem, qm.GradientDescent(3000))
    with pytest.raises(OverflowError, match="SignLog"):
        objective.scan(5.0)
    frozen = qm.TrainByTrain(problem, qm.GradientDescent(50), truncation=3.0)
    assert frozen.scan(2.0) == (frozen(2.0).to_float(), frozen.gradient(2.0).to_float())


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 199, 511, 512, 1001, 10**6])
@pytest.mark.parametrize("times", [1, 2000])  # by a logarithm, and by products
def test_short_power(n, times):
    b = np.tile([0.0, 1.0, -1.0, 0.5, -0.5, 0.999999, -0.9999, 1e-200], (times, 1))
    out = np.full_like(b, np.nan)
    found, want = short_power(b, n, out), b**n
    assert found is out and (b[:, 3] == 0.5).all()
    np.testing.assert_allclose(found, want, rtol=2 * (n + 1) * EPS, atol=3e-300)
    signs = np.where((b < 0) & (n % 2 == 1), -1, 1)
    assert (np.sign(found) == signs)[np.abs(want) > 1e-290].all()


def test_a_validation_set_larger_than_the_number_of_modes_counts_for_the_memory():
    problem = qm.LeastSquares.draw(10, 2, 0.5, seed=0, tasks=1, validation=2000)
    loss, eta = qm.TrainByValidation(problem, qm.GradientDescent(50)), np.linspace(0.01, 0.5, 3000)
    loss.scan(eta[:2])
    tracemalloc.start()
    loss.scan(eta)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 8 * 2**16  # eight blocks; an array of all points would take ninety


def test_batches_are_their_tasks():
    rng = np.random.default_rng(0)
    X, y, X2, y2 = (rng.standard_normal(shape) for shape in ((3, 6, 4), (3, 6), (3, 5, 4), (3, 5)))
    batch = qm.LeastSquares.from_data(X, y, (X2, y2))
    gd = qm.GradientDescent(4)
    for k in range(3):
        one = qm.LeastSquares.from_data(X[k], y[k], (X2[k], y2[k]))
        for loss in (qm.TrainByTrain, qm.TrainByValidation):
            assert float(loss(batch, gd, False)(0.1).to_float()[k]) == float(
                loss(one, gd)(0.1).to_float()
            )
    with pytest.raises(ValueError, match="different rank"):
        qm.LeastSquares.from_data(np.where(np.arange(3)[:, None, None] == 1, X[:, :, :1], X), y)
    with pytest.raises(ValueError, match="each of 3 tasks"):
        qm.LeastSquares.from_data(X, y, (X2[:2], y2[:2]))
    H = np.swapaxes(X, -1, -2) @ X
    tasks = qm.Quadratic.from_matrix(H, start=y[:, :4])
    for k in range(3):
        one = qm.Quadratic.from_matrix(H[k], start=y[k, :4])
        np.testing.assert_allclose(tasks.modes().weights[k], one.modes().weights, rtol=1e-12)
    with pytest.raises(ValueError, match="each of"):
        qm.Quadratic.from_matrix(H, start=y[0, :4])
