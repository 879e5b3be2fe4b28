"""Reverse mode in windows: which objective it is the derivative of, and where its roots lie."""

from fractions import Fraction as F

import pytest
from scipy.optimize import brentq

import quadmeta as qm
from tests.refusals import refused

PROBLEM = qm.Quadratic.from_spectrum([0.01, 1.0], error=[1.0, 1.0])
"""Weights lambda / 2."""


def objective(kind, T):
    return kind(PROBLEM, qm.GradientDescent(T))


def windowed_by_hand(lam, omega, eta, K, N):
    """Reverse mode in rationals: each loss through its window, with the state before it frozen."""
    total = F(0)
    for n in range(1, N + 1):
        for l, w in zip(lam, omega, strict=True):
            a = 1 - eta * l
            states = [w * a ** (2 * t) for t in range(n * K + 1)]
            # the loss omega e_t^2, step by step backwards: d loss / d eta at step t
            total += sum(-2 * l / a * states[-1] for _ in range(K))
    return total


@pytest.mark.parametrize("K, N", [(1, 3), (2, 2), (3, 1), (4, 3)])
def test_the_mean_is_that_of_reverse_mode_in_rationals(K, N):
    lam, omega, eta = (F(1), F(3)), (F(1), F(1, 3)), F(1, 5)
    problem = qm.Quadratic.from_spectrum([1.0, 3.0], weights=[1.0, 1 / 3])
    loss = qm.NaiveObjective(problem, qm.GradientDescent(K * N))
    exact = windowed_by_hand(lam, omega, eta, K, N)
    found = qm.moments(loss, float(eta), qm.WindowedReverse(K))
    assert found.mean.to_float() == pytest.approx(float(exact), rel=1e-13)
    assert found.variance.sign == 0
    slopes = [
        -2 * n * K * sum(w * l * (1 - eta * l) ** (2 * n * K - 1) for l, w in zip(lam, omega))
        for n in range(1, N + 1)
    ]
    assert exact == sum(slope / n for n, slope in enumerate(slopes, 1))
    assert found.truth.to_float() == pytest.approx(float(sum(slopes)), rel=1e-13)


@pytest.mark.parametrize("kind", [qm.NaiveObjective, qm.LogObjective])
def test_a_draw_is_the_mean_and_one_window_is_reverse_mode(kind):
    loss = objective(kind, 12)
    for K in (1, 4, 12):
        drawn = qm.draws(loss, 1.3, qm.WindowedReverse(K), count=2)
        exact = qm.moments(loss, 1.3, qm.WindowedReverse(K))
        assert drawn.values == pytest.approx(exact.mean.to_float(), rel=1e-12)
    assert exact.mean.to_float() == pytest.approx(float(loss.gradient(1.3) * 1.0), rel=1e-12)
    assert exact.bias.to_float() == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("kind", [qm.NaiveObjective, qm.LogObjective])
def test_truncated_reverse_of_the_final_loss_is_a_share_of_the_derivative(kind):
    """K/T of it, for every K: no direction and no root is wrong."""
    loss = objective(kind, 20)
    for eta in (0.3, 1.6, 2.2):
        exact = float(loss.gradient(eta) * 1.0)
        for K in (1, 7, 20):
            found = qm.hypergradient(loss, eta, qm.Truncated(K)).value
            assert float(found) == pytest.approx(K / 20 * exact, rel=1e-12)


ROOTS = {
    (qm.NaiveObjective, "mean"): 1.442365141932,
    (qm.NaiveObjective, "truth"): 1.543932312701,
    (qm.LogObjective, "mean"): 1.655127109873,
    (qm.LogObjective, "truth"): 1.932207842594,
}


def root(kind, field, K, N):
    loss = objective(kind, K * N)

    def slope(eta):
        return getattr(qm.moments(loss, eta, qm.WindowedReverse(K)), field).to_float()

    return brentq(slope, 1.05, 1.98, xtol=1e-14)


@pytest.mark.parametrize("kind, field", ROOTS)
def test_golden_roots(kind, field):
    assert root(kind, field, 5, 100) == pytest.approx(ROOTS[kind, field], abs=1e-11)


def test_only_the_logarithm_removes_the_bias_of_the_horizon():
    short = objective(qm.NaiveObjective, 5).minimizer()
    assert short == pytest.approx(1.354513497266, abs=1e-12)
    assert objective(qm.NaiveObjective, 500).minimizer() == pytest.approx(1.971290810897, abs=1e-12)
    naive = [root(qm.NaiveObjective, "mean", 5, N) for N in (20, 100)]
    logs = [root(qm.LogObjective, "mean", 5, N) for N in (20, 100)]
    assert naive[1] - naive[0] < 0.02 < 0.05 < logs[1] - logs[0]


def test_cost_and_refusals():
    loss = objective(qm.NaiveObjective, 12)
    cost = qm.WindowedReverse(4).cost(loss)
    assert cost == {"inner_gradients": 12, "hvps": 9, "mixed": 12, "outer_gradients": 3}
    with refused("window"):
        qm.moments(loss, 0.5, qm.WindowedReverse(5))
    with refused("window"):
        qm.WindowedReverse(0)
