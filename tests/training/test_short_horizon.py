"""Short horizons on a noisy quadratic: greedy, optimal and constant steps, against their laws."""

from fractions import Fraction as Q

import numpy as np
import pytest

import quadmeta as qm
from quadmeta import short_horizon

TWO = qm.NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[0.1, 1.0])
QUIET = qm.NoisyQuadratic([0.01, 1.0], error=[1.0, 1.0], noise=[1e-4, 1e-2])


def best_step(problem, T):
    return qm.NaiveObjective(problem, qm.StochasticGradientDescent(T)).minimizer()


def test_one_eigenvalue_makes_greedy_steps_optimal():
    """1/v_t = 1/v_0 + t lambda^2 / s, exactly, and no schedule of a grid is below it."""
    lam, v, s = Q(3, 2), Q(4, 9), Q(1, 5)
    problem = qm.NoisyQuadratic([lam], error=[Q(2, 3)], noise=[s])
    run = short_horizon.greedy(problem, 4)
    for t, (eta, loss) in enumerate(zip(run.step_sizes, run.losses[:-1], strict=True)):
        assert eta == lam * v / (s + (t + 1) * lam**2 * v)
        assert loss == lam / 2 / (1 / v + t * lam**2 / s)
    assert run.losses[-1] == lam / 2 / (1 / v + 4 * lam**2 / s)
    assert (short_horizon.after(problem, run.step_sizes) == run.losses).all()
    for first in (Q(1, 10), Q(1, 3), Q(1, 2)):
        rest = short_horizon.greedy(problem, 3).step_sizes
        assert short_horizon.after(problem, [first, *rest])[-1] >= run.losses[-1]
    assert short_horizon.optimal(problem, 4).losses[-1] == pytest.approx(float(run.losses[-1]))


def test_a_greedy_step_is_the_best_one_in_the_losses_that_the_problem_expects():
    run = short_horizon.greedy(TWO, 3)
    assert run.losses[1] == pytest.approx(TWO.expected(1, run.step_sizes[0]).to_float(), rel=1e-13)
    assert run.step_sizes[0] == pytest.approx(best_step(TWO, 1), rel=1e-12)
    for t in range(3):
        for change in (0.99, 1.01):
            moved = run.step_sizes.copy()
            moved[t] *= change
            assert short_horizon.after(TWO, moved[: t + 1])[-1] > run.losses[t + 1]


def test_golden_rates():
    rate = short_horizon.greedy_rate(TWO)
    assert rate.alpha == pytest.approx(5.05554052626815, rel=1e-13)
    assert rate.loss == pytest.approx(12.9070374564335, rel=1e-13)
    assert short_horizon.optimal_rate(TWO) == pytest.approx(1.53897613016644, rel=1e-13)
    small = qm.NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[1e-3, 1e-2])
    assert short_horizon.greedy_rate(small).loss == pytest.approx(0.129070374564335, rel=1e-13)


@pytest.mark.parametrize("kappa", [1.0, 1 + 1e-12, 3.0, 1e3, 1e9])
def test_rates_keep_their_bounds_at_every_condition_number(kappa):
    lam = np.array([1.0, kappa]) * 0.2
    s = np.array([0.3, 2.0])
    problem = qm.NoisyQuadratic(lam, error=[1.0, 0.0], noise=s)
    alpha, greedy = short_horizon.greedy_rate(problem)
    best = short_horizon.optimal_rate(problem)
    parts = s / (2 * lam)
    assert parts.sum() * (1 - 1e-12) <= best <= np.sqrt(parts).sum() ** 2 * (1 + 1e-12)
    assert 1 / (2 * lam[0]) < alpha <= 1 / lam[0]
    assert greedy >= best * (1 - 1e-12)
    if kappa < 1.1:
        assert greedy == pytest.approx(best, rel=1e-9) == pytest.approx(parts.sum(), rel=1e-9)
    if kappa > 1e8:
        assert greedy == pytest.approx((lam * s).sum() / (8 * lam[0] ** 2), rel=1e-6)


def test_schedules_tend_to_their_rates():
    rate = short_horizon.greedy_rate(TWO)
    lam, s = TWO.eigenvalues, TWO.noise
    variances = rate.alpha**2 * s / (2 * rate.alpha * lam - 1) / 10**5
    there = qm.NoisyQuadratic(lam, error=np.sqrt(variances), noise=s)
    # from where the law is after 10^5 steps, ten thousand steps stay on it
    run = short_horizon.greedy(there, 10_000)
    assert 110_000 * run.step_sizes[-1] == pytest.approx(rate.alpha, rel=1e-3)
    assert 110_000 * run.losses[-1] == pytest.approx(rate.loss, rel=1e-3)
    far = short_horizon.greedy(TWO, 10_000)
    assert 10_000 * far.losses[-1] == pytest.approx(rate.loss, rel=0.05)
    optimal = short_horizon.optimal(TWO, 200)
    assert 200 * optimal.losses[-1] == pytest.approx(short_horizon.optimal_rate(TWO), rel=0.05)
    assert optimal.losses[-1] < short_horizon.greedy(TWO, 200).losses[-1] / 2


def test_the_optimal_schedule_is_a_minimum():
    run = short_horizon.optimal(TWO, 20)
    for t in range(0, 20, 5):
        for change in (0.98, 1.02):
            moved = run.step_sizes.copy()
            moved[t] *= change
            assert short_horizon.after(TWO, moved)[-1] > run.losses[-1]


GOLDEN = {
    1: 0.990196059018,
    10: 0.350494527927,
    30: 0.176779171318,
    100: 0.441842826782,
    1000: 0.174786805706,
}


@pytest.mark.parametrize("T", GOLDEN)
def test_the_best_step_is_not_monotone_in_the_horizon(T):
    assert best_step(QUIET, T) == pytest.approx(GOLDEN[T], abs=1e-12)


def test_without_noise_the_best_step_is_that_of_gradient_descent():
    problem = qm.NoisyQuadratic([0.01, 1.0], error=[1.0, 1.0], noise=[0.0, 0.0])
    # lambda omega of the two modes, omega = lambda / 2, is as 1 to 10^-4
    r = 10 ** (4 / 999)
    found = best_step(problem, 500)
    assert found == pytest.approx((1 + r) / (0.01 + r), rel=1e-12)
    still = qm.NoisyQuadratic([0.01, 1.0], error=[0.0, 0.0], noise=[1.0, 1.0])
    assert best_step(still, 5) == 0


def test_a_start_and_noise_of_zero_are_no_division():
    problem = qm.NoisyQuadratic([Q(2)], error=[Q(1)], noise=[Q(0)])
    run = short_horizon.greedy(problem, 2)
    assert run.step_sizes.tolist() == [Q(1, 2), 0]
    assert run.losses.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    "call, match",
    [
        (
            lambda: short_horizon.greedy(qm.Quadratic.from_spectrum([1.0], error=[1.0]), 3),
            "problem",
        ),
        (lambda: short_horizon.greedy(TWO, 0), "steps"),
        (
            lambda: short_horizon.greedy_rate(qm.NoisyQuadratic([1.0], [1.0], [0.0])),
            "noise has a 0 in mode 0",
        ),
        (lambda: short_horizon.optimal_rate(qm.NoisyQuadratic([1.0], [0.0], [1.0])), "error is 0"),
        (lambda: short_horizon.after(TWO, [[0.1]]), "shape"),
        (lambda: short_horizon.after(TWO, [-0.1]), "step_sizes"),
    ],
)
def test_bad_arguments(call, match):
    with pytest.raises(ValueError, match=match):
        call()
