"""Expected meta-objectives of SGD: every transform of exact moments, their definitions, fractions
and minimisers.
"""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import quadmeta as qm
from tests.refusals import refused


def sgd(T):
    return qm.StochasticGradientDescent(T)


def problems(seed):
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((5, 3)), rng.standard_normal(3)
    X2 = rng.standard_normal((4, 3))
    held = (X2, X2 @ w + rng.standard_normal(4))
    return {
        "streaming": qm.StreamingGaussian.from_spectrum(
            [0.2, 1.0, 2.0], rng.standard_normal(3), 0.3
        ),
        "clean": qm.StreamingGaussian.from_spectrum([0.5, 1.0], rng.standard_normal(2), 0.0),
        "rows": qm.SampledRows(X, X @ w + 0.5 * rng.standard_normal(5), held, w),
        "additive": qm.NoisyQuadratic([0.2, 1.0, 2.0], rng.standard_normal(3), [0.1, 0.0, 0.3]),
    }


TRANSFORMS = [qm.NaiveObjective, qm.LogObjective, qm.RootObjective, qm.TrainByTrain]


def number(x):
    return x.to_float() if isinstance(x, qm.SignLog) else x


@pytest.mark.parametrize("cls", TRANSFORMS)
@pytest.mark.parametrize("name", problems(0))
@given(seed=st.integers(0, 10**6), T=st.integers(1, 60), x=st.floats(0.02, 1.3))
# the ends of both ranges and the limit of the mean square; four transforms of four problems
@example(seed=1, T=1, x=0.02)
@example(seed=2, T=1, x=1.3)
@example(seed=3, T=60, x=1.0)
@example(seed=4, T=60, x=1.3)
@settings(max_examples=12)
def test_closed_form_is_the_recursion(cls, name, seed, T, x):
    problem = problems(seed)[name]
    objective, eta = cls(problem, sgd(T)), x * problem.mean_square_limit()
    for order, got in enumerate((objective(eta), objective.gradient(eta))):
        want = objective.definition(eta, order)
        scale = abs(want) + (T * abs(number(objective(eta))) / eta if order else 0)
        assert abs(number(got) - want) <= 1e-11 * (scale + 1e-3)


@pytest.mark.parametrize("cls", [qm.TrainByValidation, qm.PopulationRisk])
def test_other_losses_of_sampled_rows(cls):
    problem = problems(3)["rows"]
    objective, h = cls(problem, sgd(20)), 1e-6
    eta = problem.mean_square_limit() / 3
    assert number(objective(eta)) == pytest.approx(objective.definition(eta), rel=1e-12)
    numeric = (number(objective(eta + h)) - number(objective(eta - h))) / (2 * h)
    assert number(objective.gradient(eta)) == pytest.approx(numeric, rel=1e-6)
    best = objective.minimizer()
    grid = np.linspace(0.01, 0.99, 100) * problem.mean_square_limit()
    assert number(objective(best)) <= number(objective(grid)).min() + 1e-12


def test_monte_carlo_agrees_below_the_limit():
    problem, T, paths = problems(1)["rows"], 12, 40000
    optimizer, eta = sgd(T), problem.mean_square_limit() / 4
    rng = np.random.default_rng(0)
    start = np.tile(problem.start, (paths, 1))
    *_, w = optimizer.run(lambda w: problem.noisy_gradient(w, rng), start, eta)
    values = problem.loss(w)
    exact = number(qm.TrainByTrain(problem, optimizer)(eta))
    z = (values.mean() - exact) / (values.std() / np.sqrt(paths))
    assert abs(z) < 4
    # without noise in the gradient: another loss
    plain = qm.Quadratic.from_design(problem.X, problem.y)
    other = number(qm.NaiveObjective(plain, qm.GradientDescent(T))(eta)) + plain.floor
    assert abs(values.mean() - other) > 4 * values.std() / np.sqrt(paths)


@pytest.mark.parametrize("name", ["streaming", "clean", "rows", "additive"])
def test_minimizer_is_a_root_of_the_derivative_and_the_same_for_every_transform(name):
    problem = problems(2)[name]
    best = [cls(problem, sgd(30)).minimizer() for cls in TRANSFORMS]
    assert np.ptp(best) <= 1e-12 * best[0] and 0 < best[0] < problem.mean_square_limit()
    log = qm.LogObjective(problem, sgd(30))
    assert abs(log.gradient(best[0])) <= 1e-9 * abs(log.gradient(best[0] / 2))
    grid = np.linspace(0.005, 0.999, 100) * problem.mean_square_limit()
    assert log(best[0]) <= log(grid).min()


def test_isotropic_noise_free_optimum_is_the_same_for_every_T():
    for d in (1, 3):
        problem = qm.StreamingGaussian.from_spectrum([2.0] * d, [1.0] * d)
        for T in (1, 10, 1000):
            assert qm.NaiveObjective(problem, sgd(T)).minimizer() == pytest.approx(
                1 / ((d + 2) * 2), rel=1e-9
            )


def test_golden_rational_value_in_fractions():
    problem = qm.StreamingGaussian.from_spectrum([1], [1])
    naive = qm.NaiveObjective(problem, sgd(5))
    assert naive.exactly(Q(1, 3)) == Q(2, 3) ** 5 / 2  # F = J / 2
    assert naive(1 / 3).to_float() == pytest.approx((2 / 3) ** 5 / 2, rel=1e-14)
    assert float(naive.exactly(Q(1, 4), 1, "mpmath")) == pytest.approx(
        float(naive.exactly(Q(1, 4), 1)), rel=1e-15
    )


def test_beyond_the_limit_values_are_sign_logs_and_flagged():
    problem = problems(0)["streaming"]
    naive = qm.NaiveObjective(problem, sgd(10**6))
    eta = 2 * problem.mean_square_limit()
    assert problem.diverges(eta) and not problem.diverges(eta / 4)
    assert naive(eta).sign == 1 and naive(eta).log > 1e5 and np.isfinite(naive.gradient(eta).log)
    log = qm.LogObjective(problem, sgd(10**6))
    assert np.isfinite(log.gradient(eta)) and log(eta) > 0


def test_naive_has_a_floor_and_the_log_flattens_with_noise():
    """G' ~ 1/T with noise; without it G' has a limit and F vanishes."""
    noisy, clean = problems(4)["streaming"], problems(4)["clean"]
    eta = 0.4 * noisy.mean_square_limit()
    slopes = [qm.LogObjective(noisy, sgd(T)).gradient(eta) * T for T in (10**3, 10**4, 10**5)]
    assert slopes[2] == pytest.approx(slopes[1], rel=1e-6) and slopes[1] > 0
    floor = number(qm.NaiveObjective(noisy, sgd(10**5))(eta))
    assert floor == pytest.approx(number(qm.NaiveObjective(noisy, sgd(10**6))(eta)), rel=1e-10)
    eta = 0.4 * clean.mean_square_limit()
    limits = [qm.LogObjective(clean, sgd(T)).gradient(eta) for T in (10**4, 10**6)]
    assert limits[0] == pytest.approx(limits[1], rel=1e-3) and abs(limits[1]) > 0.01
    assert qm.NaiveObjective(clean, sgd(10**4))(eta).log < -1000


STREAM = problems(0)["streaming"]
BAD = {
    "curvature": (lambda: qm.LogObjective(STREAM, sgd(3)).curvature(0.1), "second derivatives"),
    "modes": (lambda: qm.LogObjective(STREAM, sgd(3)).spectrum(), "noisy gradients"),
    "no noise, no error": (
        lambda: qm.LogObjective(qm.StreamingGaussian.from_spectrum([1.0], [0.0]), sgd(3)),
        "no initial error and no noise",
    ),
    "validation": (lambda: qm.TrainByValidation(STREAM, sgd(3)), "validation"),
    "truncation": (
        lambda: qm.TrainByTrain(STREAM, sgd(3), truncation=1.0),
        "expected loss of SGD has none",
    ),
    "negative": (lambda: qm.NaiveObjective(STREAM, sgd(3))(-0.1), "negative"),
    "kind": (
        lambda: qm.NaiveObjective(STREAM, sgd(3)).exactly(0.1, kind="interval"),
        "must be 'float64' or 'fraction' or 'mpmath'",
    ),
    "scanned": (lambda: qm.TrainByTrain(STREAM, sgd(3)).scanned(), "searched for GradientDescent"),
    "tape": (
        lambda: qm.hypergradient(qm.LogObjective(STREAM, sgd(3)), 0.1, qm.Reverse()),
        "a tape unrolls",
    ),
    "minima": (lambda: qm.TrainByTrain(STREAM, sgd(3)).minima(), "noisy gradients, so its loss"),
    "gradient descent": (
        lambda: qm.LogObjective(STREAM, qm.GradientDescent(3)),
        "StochasticGradientDescent",
    ),
    "a quadratic": (
        lambda: qm.LogObjective(qm.Quadratic.random(3, 0), sgd(3)),
        "StochasticGradientDescent",
    ),
    "mean of logs": (lambda: qm.MeanLogObjective(STREAM, sgd(3)), "one task with noisy gradients"),
    "one mode": (
        lambda: qm.LogObjective(qm.NoisyQuadratic([2.0], [1.0], [0.0]), sgd(3)),
        "reaches a loss of 0",
    ),
    "given": (
        lambda: qm.NaiveObjective(STREAM, qm.StochasticGradientDescent(3, 0.1)),
        "no free parameter",
    ),
    "T = 0": (lambda: sgd(0), "steps = 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()


def test_best_step_far_below_the_limit_or_zero():
    small = qm.NaiveObjective(
        qm.StreamingGaussian.from_spectrum([1.0, 2.0], [1e-4] * 2, 1.0), sgd(10)
    )
    best = small.minimizer()
    assert 1e-9 < best < 1e-7 and small(best) < small(3e-6) and small(best) < small(best / 3)
    nothing = qm.NaiveObjective(
        qm.StreamingGaussian.from_spectrum([1.0, 2.0], [0.0, 0.0], 1.0), sgd(10)
    )
    assert nothing.minimizer() == 0


def test_best_step_where_the_loss_underflows():
    log = qm.LogObjective(qm.StreamingGaussian.from_spectrum([1.0, 1e-3], [1.0, 1.0]), sgd(10**6))
    best = log.minimizer()
    assert log.gradient(best * (1 - 1e-6)) < 0 < log.gradient(best * (1 + 1e-6))


def test_a_small_integer_sigma_does_not_wrap_round():
    problem = qm.StreamingGaussian.from_spectrum([1.0, 2.0], [1.0, 1.0], np.int8(20))
    assert qm.TrainByTrain(problem, sgd(3))(0.1).to_float() > 200
