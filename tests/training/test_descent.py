"""Meta-gradient descent: convergence, laws, scale covariance to the bit, and the explicit
iteration bound.
"""

from itertools import islice

import numpy as np
import pytest

import quadmeta as qm


def objective(T=20, lam=(0.5, 1.0, 4.0), c=(1.0, 0.3, 0.7)):
    return qm.LogObjective(qm.Quadratic.from_spectrum(lam, error=c), qm.GradientDescent(T))


def test_converges_to_the_minimiser():
    log = objective()
    eta = next(islice(qm.meta_descent(log, [0.01, 0.4, 3.0], 1 / 16), 4000, None))
    np.testing.assert_allclose(eta, log.minimizer(), rtol=0, atol=1e-6)


def test_runs_are_covariant_under_powers_of_two_to_the_bit():
    c = 4.0
    one, two = objective(), objective(lam=(2.0, 4.0, 16.0), c=(0.5, 0.15, 0.35))
    runs = zip(
        qm.meta_descent(one, 0.7, 0.125), qm.meta_descent(two, 0.7 / c, 0.125 / c**2), strict=False
    )
    assert all(x == y * c for x, y in islice(runs, 300))


def test_vectorised_over_tasks_and_starts():
    batch = qm.Quadratic.random(3, seed=0, tasks=4)
    log = qm.LogObjective(batch, qm.GradientDescent(10), pooled=False)
    many = next(islice(qm.meta_descent(log, 0.1, 1 / batch.L**2), 50, None))
    one = qm.LogObjective(qm.Quadratic.random(3, seed=0), qm.GradientDescent(10))
    assert many[0] == next(islice(qm.meta_descent(one, 0.1, 1 / batch.L[0] ** 2), 50, None))


def test_far_right_law():
    """From M down to m takes about (M^2 - m^2)^2 / (64 s^2) steps, where G' = 2/eta."""
    log, M, m, s = objective(), 60.0, 20.0, 8.0
    k = next(k for k, eta in enumerate(qm.meta_descent(log, M, s), 1) if eta < m)
    assert k == pytest.approx((M**2 - m**2) ** 2 / (64 * s**2), rel=0.05)


@pytest.mark.parametrize(
    ("T", "start", "scale", "epsilon"),
    [(5, 0.01, 0.1, 0.05), (20, 2.0, 0.05, 0.02), (50, 0.3, 0.02, 0.1), (200, 0.5, 0.01, 0.01)],
)
def test_iteration_bound_holds(T, start, scale, epsilon):
    log = objective(T)
    bound = qm.iteration_bound(log, start, scale, epsilon)
    best = log.minimizer()
    errors = np.array(
        [abs(eta - best) for eta in islice(qm.meta_descent(log, start, scale), bound + 300)]
    )
    assert (errors[bound - 1 :] <= epsilon).all()
    last = np.flatnonzero(errors > epsilon).max() + 1
    assert bound < 10**5 * (last + 1)  # not vacuous


def test_bad_input():
    log = objective()
    naive = qm.NaiveObjective(log.problem, log.optimizer)
    for call, message in (
        (lambda: next(qm.meta_descent(naive, 0.1)), "naive"),
        (lambda: next(qm.meta_descent(log, -0.1)), "start has the negative entry"),
        (lambda: next(qm.meta_descent(log, 0.1, 0.0)), "scale"),
        (lambda: qm.iteration_bound(log, 0.1, 1.0, 5.0), "epsilon = 5.0"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
