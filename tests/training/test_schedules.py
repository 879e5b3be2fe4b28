"""Chebyshev's schedule, the instance on which it is exact, its order, and descents that name their
saddles.
"""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers.schedule import Schedule
from quadmeta.training import schedules
from tests.refusals import refused


def test_chebyshev_steps_are_inverse_roots_of_the_shifted_polynomial():
    eta = schedules.chebyshev(1, 10, 7)
    x = (11 - 2 / eta) / 9
    np.testing.assert_allclose(np.cos(7 * np.arccos(x)), 0, atol=1e-13)
    assert (np.diff(eta) > 0).all() and 0.1 < eta[0] and eta[-1] < 1
    assert schedules.chebyshev(1, 3, 1)[0] == pytest.approx(0.5, rel=1e-15)
    np.testing.assert_allclose(schedules.chebyshev(2, 2, 4), 0.5, rtol=1e-15)
    grid = np.linspace(1, 10, 4001)
    worst = [
        np.abs(np.prod(1 - np.outer(s, grid), axis=0)).max()
        for s in (eta, schedules.constant(2 / 11, 7))
    ]
    assert (
        worst[0] == pytest.approx(1 / np.cosh(7 * np.arccosh(11 / 9)), rel=1e-12)
        and worst[1] > 3 * worst[0]
    )


def test_golden_instance():
    found = schedules.chebyshev_instance(1, 3, 2)
    objective = qm.NaiveObjective(
        qm.Quadratic.from_spectrum(found.eigenvalues, weights=found.weights), Schedule(1)
    )
    assert objective.minimizer() == pytest.approx([0.5], rel=1e-15)
    assert objective(objective.minimizer()).to_float() == pytest.approx(1 / 7, rel=1e-14)
    np.testing.assert_allclose(np.exp(found.log_minima), [found.weights.sum(), 1 / 7], rtol=1e-14)


@pytest.mark.parametrize("kappa", [3.0, 10.0, 1000.0])
@pytest.mark.parametrize("N", [2, 3, 5, 11, 17, 24])
def test_on_its_instance_the_best_schedule_is_chebyshevs(N, kappa):
    """All T < N; the loss in closed form, by the schedule and by the Ritz values."""
    found = schedules.chebyshev_instance(1, kappa, N)
    problem = qm.Quadratic.from_spectrum(found.eigenvalues, weights=found.weights)
    for T in range(1, N):
        objective = qm.LogObjective(problem, Schedule(T))
        want = schedules.chebyshev(1, kappa, T)
        np.testing.assert_allclose(objective.minimizer(), want, rtol=1e-12)
        for eta in (want, objective.minimizer()):
            assert T * objective(eta) == pytest.approx(found.log_minima[T], abs=1e-12)
        # the gradient vanishes; relative to sqrt(F F_tt)
        scale = np.sqrt(np.diag(objective.log_loss(want).second))
        assert (np.abs(objective.gradient(want) * T) <= 1e-11 * scale).all()
        assert np.linalg.eigvalsh(objective.curvature(want))[0] > 0
    if N > 3:  # control: equal weights have another optimum
        other = Schedule(2).minimizer(found.eigenvalues, np.ones(N))
        assert np.abs(other / schedules.chebyshev(1, kappa, 2) - 1).max() > 1e-2


@pytest.mark.parametrize("aspect", [0.3, 1.7])
def test_squared_distance_under_marchenko_pastur_has_roots_of_the_second_kind(aspect):
    """omega lambda is the semicircle law: 1/eta_t = centre + radius cos(t pi / (T + 1))."""
    lam, weights, *_ = qm.spectra.marchenko_pastur(aspect, 40)
    for T in (1, 4, 9):
        want = 1 / (
            1 + aspect + 2 * np.sqrt(aspect) * np.cos(np.arange(1, T + 1) * np.pi / (T + 1))
        )
        np.testing.assert_allclose(Schedule(T).minimizer(lam, weights / lam), want, rtol=1e-12)


def test_orders_of_lebedev_and_finogenov():
    assert (schedules.lebedev_finogenov(4) + 1).tolist() == [1, 4, 2, 3]
    assert (schedules.lebedev_finogenov(8) + 1).tolist() == [1, 8, 4, 5, 2, 7, 3, 6]
    assert schedules.lebedev_finogenov(1).tolist() == [0]
    assert sorted(schedules.lebedev_finogenov(256)) == list(range(256))


def test_growth_tells_which_order_survives_a_dense_run():
    """T = 128, kappa = 1000: both monotone orders lose everything, by their ends or by their
    beginnings.
    """
    rng = np.random.default_rng(0)
    lam, T = qm.spectra.linear(1, 1000, 60), 128
    basis = qm.spectra.rotation(60, rng)
    hessian, start = basis @ np.diag(lam) @ basis.T, basis @ np.ones(60)
    ascending = schedules.chebyshev(1, 1000, T)
    order = schedules.lebedev_finogenov(T)
    exact = basis @ Schedule(T).residual(lam, ascending[order])[0]
    for eta, good in ((ascending, False), (ascending[::-1], False), (ascending[order], True)):
        *_, last = Schedule(T).run(lambda w: hessian @ w, start, eta)
        error = np.linalg.norm(last - exact)
        size = schedules.growth(eta, lam)
        # rounding of a dense product is about 60 eps, T of them
        bound = size * 2.2e-16 * 60 * T * np.linalg.norm(start)
        assert error <= float(bound.to_float())
        assert (error < 1e-12) == good and (size < 1e3) == good and (size > 1e40) != good
    sizes = [
        qm.LogObjective(qm.Quadratic.from_spectrum(lam, error=np.ones(60)), Schedule(T))(eta)
        for eta in (ascending, ascending[::-1], ascending[order])
    ]
    # the objective itself does not depend on the order
    np.testing.assert_allclose(sizes, sizes[0], rtol=1e-14)


def test_growth_by_hand():
    """1 - eta lambda: -2, 1/2 for lambda = 1 and -5, 0 for lambda = 2."""
    assert schedules.growth([3.0, 0.5], [1.0, 2.0]).to_float() == pytest.approx(5 * 0.5)
    assert schedules.growth([0.5, 3.0], [1.0, 2.0]).to_float() == pytest.approx(0.5 * 5)
    assert schedules.growth([0.5], [2.0]) == 0 and schedules.growth([0.5], [1.0]).to_float() == 0.5
    assert schedules.growth(np.full(5000, 3.0), [2.0]).log10_abs == pytest.approx(
        5000 * np.log10(5)
    )


@pytest.fixture
def objective():
    return qm.LogObjective(
        qm.Quadratic.from_spectrum(qm.spectra.linear(1, 20, 9), error=np.ones(9)), Schedule(3)
    )


@pytest.mark.parametrize("method", ["BFGS", "gradient"])
def test_a_constant_start_ends_at_the_saddle_and_says_so(objective, method):
    best = qm.LogObjective(objective.problem, qm.GradientDescent(3)).minimizer()
    found = schedules.descend(objective, schedules.constant(0.05, 3), method)
    np.testing.assert_allclose(found.step_sizes, best, rtol=1e-6)
    assert found.morse_index == 2 and found.gradient_norm < 1e-5 * 20
    assert found.value > objective(objective.minimizer()) + 0.1


@pytest.mark.parametrize("method", schedules.METHODS)
def test_distinct_starts_end_at_the_minimum(objective, method):
    for start in ([0.05, 0.1, 0.4], [0.1, 0.1001, 0.0999])[: 1 if method == "gradient" else 2]:
        found = schedules.descend(objective, start, method)
        np.testing.assert_allclose(np.sort(found.step_sizes), objective.minimizer(), rtol=1e-4)
        assert found.morse_index == 0 and found.value == pytest.approx(
            objective(objective.minimizer()), abs=1e-9
        )


def test_the_exact_trust_region_leaves_the_diagonal(objective):
    found = schedules.descend(objective, schedules.constant(0.05, 3), "newton")
    assert found.morse_index == 0 and found.value < objective(objective.minimizer()) + 1e-6


def test_root_objective_has_the_same_minimum(objective):
    found = schedules.descend(qm.RootObjective(objective.problem, Schedule(3)), [0.05, 0.1, 0.4])
    np.testing.assert_allclose(np.sort(found.step_sizes), objective.minimizer(), rtol=1e-4)


BAD = {
    "steps": (lambda o: schedules.chebyshev(1, 2, 0), "steps = 0"),
    "ends": (lambda o: schedules.chebyshev(2, 1, 3), "0 < mu <= L"),
    "NaN end": (lambda o: schedules.chebyshev(np.nan, 1, 3), "mu has the non-finite"),
    "power of two": (
        lambda o: schedules.lebedev_finogenov(6),
        "steps = 6 must be a power of two: pass 8",
    ),
    "constant": (lambda o: schedules.constant(np.nan, 3), "step_size has the non-finite"),
    "nodes": (lambda o: schedules.chebyshev_instance(1, 2, 1), "nodes = 1"),
    "no interval": (lambda o: schedules.chebyshev_instance(2, 2, 4), "mu < L"),
    "empty": (lambda o: schedules.growth([], [1.0]), r"schedule has shape \(0,\)"),
    "null": (lambda o: schedules.growth([1.0], [0.0]), "> 0"),
    "method": (
        lambda o: schedules.descend(o, [0.1, 0.2, 0.3], "Newton"),
        "method = 'Newton' must be .* did you mean 'newton'",
    ),
    "naive": (
        lambda o: schedules.descend(qm.NaiveObjective(o.problem, o.optimizer), [0.1, 0.2, 0.3]),
        "LogObjective",
    ),
    "optimizer": (
        lambda o: schedules.descend(qm.LogObjective(o.problem, qm.GradientDescent(3)), 0.1),
        "of a Schedule",
    ),
    "length": (lambda o: schedules.descend(o, [0.1, 0.2]), r"start has shape \(2,\)"),
    "batch": (lambda o: schedules.descend(o, np.ones((2, 3))), r"start has shape \(2, 3\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(objective, name):
    call, message = BAD[name]
    with refused(message):
        call(objective)


def test_a_descent_that_stops_early_is_an_error(objective):
    with pytest.raises(ArithmeticError, match="after 2 iterations of gradient"):
        schedules.descend(objective, [0.05, 0.1, 0.4], "gradient", iterations=2)


def test_far_out_where_gradients_vanish_there_is_no_minimum():
    log = qm.LogObjective(
        qm.Quadratic.from_spectrum([1.0, 2, 4, 8, 10], error=[1.0] * 5), Schedule(3)
    )
    with pytest.raises(ArithmeticError, match="within"):
        schedules.descend(log, [1e4, 2e4, 3e4])
