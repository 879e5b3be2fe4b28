"""Evolution strategies on a whole run: golden fractions, exact polynomials in rationals, draws."""

import math
from fractions import Fraction as F

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.gaussian import gaussian_moment, signed_moment
from quadmeta.sampled.parts.panels import END, graded
from tests.refusals import refused


def naive(lam, omega, T):
    """The objective with these spectral weights."""
    lam, omega = np.array(lam, dtype=float), np.array(omega, dtype=float)
    return qm.NaiveObjective(
        qm.Quadratic.from_spectrum(lam, error=np.sqrt(2 * omega / lam)), qm.GradientDescent(T)
    )


GOLDEN = [
    (1, F(1, 10), 2, 8, 78),
    (2, F(1, 10), F(64, 25), F(25274, 625), F(1528251, 12500)),
    (2, F(1, 4), F(43, 4), 1094, F(3989457, 1024)),
    (4, F(1, 10), F(15466, 3125), F(16992366347, 15625000), F(140223007065417, 62500000000)),
]


@pytest.mark.parametrize("T, sigma, mean, antithetic, plain", GOLDEN)
def test_golden_fractions(T, sigma, mean, antithetic, plain):
    loss = naive([1, 3], [1, 1], T)
    for symmetric, variance in ((True, antithetic), (False, plain)):
        found = qm.moments(loss, 0.5, qm.EvolutionStrategies(float(sigma), symmetric))
        assert found.mean.to_float() == pytest.approx(float(mean), rel=1e-13)
        assert found.variance.to_float() == pytest.approx(float(variance), rel=1e-12)
        assert found.cost == {"inner_gradients": T * (1 + symmetric)}


def test_golden_numbers_of_three_modes():
    lam = [0.05, 0.3, 1.0]
    omega = [x / 2 for x in lam]
    es = qm.EvolutionStrategies
    found = qm.moments(naive(lam, omega, 100), 1.9, es(0.01))
    assert found.mean.to_float() == pytest.approx(8.42350288475552675e-7, rel=1e-12)
    assert found.variance.to_float() == pytest.approx(1.42449669686236503e-10, rel=1e-12)
    plain = qm.moments(naive(lam, omega, 100), 1.9, es(0.01, antithetic=False))
    assert plain.variance.to_float() == pytest.approx(2.85642787812192166e-10, rel=1e-12)
    found = qm.moments(naive(lam, omega, 100), 0.8, es(0.1))
    assert found.mean.to_float() == pytest.approx(-1.64694304219387376, rel=1e-12)
    assert found.variance.to_float() == pytest.approx(1.0340240454517766e54, rel=1e-12)
    assert found.truth.to_float() == pytest.approx(-7.41165821014524e-5, rel=1e-12)
    for eta, sigma, T, log, sign in (
        (0.8, 0.05, 1000, 790.116655837599423, -1),
        (1.9, 0.01, 10**4, 7854.36455310167047, 1),
    ):
        mean = qm.moments(naive(lam, omega, T), eta, es(sigma)).mean
        assert mean.sign == sign and mean.log == pytest.approx(log, rel=1e-14)


def test_moments_of_a_normal_variable():
    """By the recurrence, by the binomial sum, and in logarithms."""
    for n in range(8):
        for a, s in ((F(1, 2), F(1, 3)), (F(-2), F(1)), (F(0), F(3, 2)), (F(5), F(0))):
            total = sum(
                math.comb(n, k) * a ** (n - k) * s**k * math.prod(range(1, k, 2))
                for k in range(0, n + 1, 2)
            )
            assert gaussian_moment(n, a, s) == total
            assert signed_moment(n, float(a), float(s)).to_float() == pytest.approx(float(total))


def test_against_many_digits():
    """The mean and both second moments at T = 60 by moments of the polynomial, 60 digits."""
    lam, omega, eta, sigma, T = [0.2, 0.7, 1.0], [0.3, 0.1, 0.4], 0.9, 0.07, 60
    with mp.workdps(60):
        factors = [[1 - mp.mpf(eta) * x, -mp.mpf(sigma) * x] for x in lam]
        powers = [_power(f, 2 * T) for f in factors]
        total = [sum(o * p[k] for o, p in zip(omega, powers)) for k in range(2 * T + 1)]
        mean = _expect([0, *total]) / sigma
        plain = _expect([0, 0, *_times(total, total)]) / mp.mpf(sigma) ** 2
        odd = [c if k % 2 else mp.mpf(0) for k, c in enumerate(total)]
        second = _expect([0, 0, *_times(odd, odd)]) / mp.mpf(sigma) ** 2
    loss = naive(lam, omega, T)
    for symmetric, square in ((True, second), (False, plain)):
        found = qm.moments(loss, eta, qm.EvolutionStrategies(sigma, symmetric))
        assert abs(found.mean.to_float() / mean - 1) < 1e-12
        assert abs(found.variance.to_float() / (square - mean**2) - 1) < 1e-12


def _times(p, q):
    out = [mp.mpf(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            out[i + j] += a * b
    return out


def _power(p, n):
    return [mp.binomial(n, k) * p[0] ** (n - k) * p[1] ** k for k in range(n + 1)]


def _expect(p):
    return sum(c * mp.fac2(k - 1) for k, c in enumerate(p) if k % 2 == 0)


def test_what_draws_see():
    lam = [0.05, 0.3, 1.0]
    loss = naive(lam, [x / 2 for x in lam], 100)
    es = qm.EvolutionStrategies(0.1)
    seen = es.visible(loss, 0.8, 10**5)
    assert seen.to_float() == pytest.approx(-1.25920108841137e-4, rel=1e-11)
    share = (seen / qm.moments(loss, 0.8, es).mean).to_float()
    assert share == pytest.approx(7.64568692512e-5, rel=1e-11)
    small = qm.EvolutionStrategies(1e-4)
    whole = small.visible(loss, 0.8, 10**12) / qm.moments(loss, 0.8, small).mean
    assert whole.to_float() == pytest.approx(1, rel=1e-9)


def test_the_log_objective_is_bounded():
    lam = [0.05, 0.3, 1.0]
    problem = naive(lam, [x / 2 for x in lam], 1).problem
    found = qm.moments(
        qm.LogObjective(problem, qm.GradientDescent(10)), 0.8, qm.EvolutionStrategies(0.1)
    )
    assert found.mean == pytest.approx(-0.146267825813921, rel=1e-12)
    second = found.variance + found.mean**2
    assert second == pytest.approx(0.0676284008765725, rel=1e-12)


def test_a_scale_of_the_log_objective_may_be_tiny_or_huge():
    """Over a tiny sigma G is nearly linear. Over a huge one G(eta + x) - G(eta - x) is nearly c / x
    and a draw nearly constant, so that its variance is a small part of its square.
    """
    problem = qm.Quadratic.from_spectrum([0.3, 1.0], error=[1.0, 1.0])
    log = qm.LogObjective(problem, qm.GradientDescent(10))
    for sigma in (1e-6, 1e-8, 1e-10):
        found = qm.moments(log, 0.5, qm.EvolutionStrategies(sigma))
        assert found.mean == pytest.approx(found.truth, rel=1e-10)
        assert found.variance == pytest.approx(2 * found.truth**2, rel=1e-10)
        drawn = qm.draws(log, 0.5, qm.EvolutionStrategies(sigma), count=1, seed=1).values[0]
        xi = np.random.default_rng(1).standard_normal()
        assert drawn == pytest.approx(xi**2 * found.truth, rel=1e-10)
    # by adaptive quadrature in 30 digits
    found = qm.moments(log, 0.5, qm.EvolutionStrategies(1e4))
    assert found.mean == pytest.approx(-9.9995320457211685e-9, rel=1e-13, abs=0)
    assert found.variance == pytest.approx(4.4374436217695295e-21, rel=1e-12, abs=0)


@pytest.mark.parametrize("T", [1, 10, 1000, 10**6])
@pytest.mark.parametrize("sigma", [1e-3, 0.1, 1.0])
def test_the_mean_of_the_log_objective_is_that_of_its_derivative(T, sigma):
    """E xi G(eta + sigma xi) / sigma = E G'(eta + sigma xi), both by quadrature."""
    lam = np.array([0.05, 0.3, 1.0])
    log = qm.LogObjective(naive(lam, lam / 2, T).problem, qm.GradientDescent(T))
    eta = 1.5
    found = qm.moments(log, eta, qm.EvolutionStrategies(sigma))
    bends = [abs(x - eta) / sigma for x in (2 / 1.05, 0.0)]
    xi, weights = graded(END, (0.0, *bends), 1e-2 / (T * sigma))
    slopes = 0.0
    for side in (1, -1):
        a = 1 - (eta + side * sigma * xi)[:, None] * lam
        logs = np.log(lam / 2) + 2 * T * np.log(np.abs(a))
        pi = np.exp(logs - logs.max(axis=-1, keepdims=True))
        pi /= pi.sum(axis=-1, keepdims=True)
        slopes = slopes + (pi * (-2 * lam / a)).sum(axis=-1)
    mean = float((weights * np.exp(-xi * xi / 2) / math.sqrt(2 * math.pi)) @ slopes)
    assert found.mean == pytest.approx(mean, rel=1e-9)
    # |G'| is at most 2 L (L + mu) / (L - mu) in the limit of many steps
    if T > 1:
        bound = 2 * 1.05 / 0.95 * (1 + 5 / T)
        assert found.variance + found.mean**2 <= 3 * bound**2


def test_draws_agree_where_they_can_see():
    loss = naive([0.5, 1.0], [0.2, 0.5], 5)
    for symmetric in (True, False):
        es = qm.EvolutionStrategies(0.05, symmetric)
        exact = qm.moments(loss, 0.7, es)
        found = qm.draws(loss, 0.7, es, count=4000, seed=7)
        error = math.sqrt(exact.variance.to_float() / 4000)
        assert abs(found.mean - exact.mean.to_float()) < 4 * error
        assert found.standard_error == pytest.approx(error, rel=0.2)
        assert (found.values == qm.draws(loss, 0.7, es, count=4000, seed=7).values).all()


def test_what_is_refused():
    loss = naive([0.5, 1.0], [0.2, 0.5], 5)
    es = qm.EvolutionStrategies(0.05)
    with refused(r"sigma = 0"):
        qm.EvolutionStrategies(0.0)
    with refused(r"step_size has shape \(2,\): pass one number"):
        qm.moments(loss, [0.1, 0.2], es)
    with refused(r"estimator"):
        qm.moments(loss, 0.1, qm.Reverse())
    with refused(r"count = 0"):
        qm.draws(loss, 0.1, es, count=0)
    with refused(r"seed = 0.5"):
        qm.draws(loss, 0.1, es, seed=0.5)
    ball = qm.NaiveObjective(loss.problem, qm.HeavyBall(5, momentum=0.5))
    with refused(r"has no exact moments here"):
        qm.moments(ball, 0.1, es)
