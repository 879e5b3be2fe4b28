"""The meta-gradient of one run of SGD: golden numbers, and all samples enumerated."""

from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.sampled.parts import streaming
from tests.planted import planted
from tests.refusals import refused


def objective(problem, T):
    return qm.NaiveObjective(problem, qm.StochasticGradientDescent(T))


def found(problem, eta, T, K=None):
    result = qm.moments(objective(problem, T), eta, qm.SampledReverse(K))
    return result.mean.to_float(), result.variance.to_float()


def stream(d, lam, variance, size=1.0):
    error = np.zeros(d)
    error[0] = size
    return qm.StreamingGaussian.from_spectrum([lam] * d, error, variance**0.5)


def normal_form(lam, c, covariance, eta, T, K):
    """Mean and variance of g from the linear map of all noise to (e_T, f_T), in rationals: no
    recursion of moments.
    """
    d = len(lam)
    # row t * d + i of the maps is the coefficient of noise i at step t; the last row is the mean
    e, f = np.full((T * d + 1, d), F(0)), np.full((T * d + 1, d), F(0))
    e[-1] = c
    for t in range(T):
        if t == T - K:
            f = np.full_like(f, F(0))
        zeta = np.full_like(e, F(0))
        zeta[t * d : (t + 1) * d] = np.eye(d, dtype=int)
        e, f = e - eta * (lam * e + zeta), f - eta * lam * f - (lam * e + zeta)
    S = np.full((T * d, T * d), F(0))
    for t in range(T):
        S[t * d : (t + 1) * d, t * d : (t + 1) * d] = covariance
    E, G = e[:-1], f[:-1]
    # g = z'Q z + l'z + k with z of covariance S
    Q = ((E * lam) @ G.T + (G * lam) @ E.T) / 2
    l = E @ (lam * f[-1]) + G @ (lam * e[-1])
    k = (e[-1] * lam * f[-1]).sum()
    return np.trace(Q @ S) + k, 2 * np.trace(Q @ S @ Q @ S) + l @ S @ l


LAM, ERROR = np.array([F(1), F(1, 4)]), np.array([F(1), F(2)])
NOISE = np.array([[F(1), F(0)], [F(0), F(1, 3)]])


def test_golden_fractions_of_additive_noise():
    mean, variance = normal_form(LAM, ERROR, NOISE, F(1, 2), 5, 5)
    assert mean == F(265679467, 1610612736)
    assert variance == F(103151002948353445, 162129586585337856)
    problem = qm.NoisyQuadratic([1.0, 0.25], error=[1.0, 2.0], noise=[1.0, 1 / 3])
    assert found(problem, 0.5, 5) == pytest.approx((float(mean), float(variance)), rel=1e-14)


@pytest.mark.parametrize("T, K", [(1, 1), (4, 4), (4, 1), (5, 3)])
def test_correlated_noise_in_rotated_coordinates(T, K):
    """In the coordinates of w the noise is diagonal, in those of H it is not."""
    Q = np.array([[F(3, 5), F(-4, 5)], [F(4, 5), F(3, 5)]])
    covariance = np.array([[F(1), F(1, 4)], [F(1, 4), F(1, 3)]])
    exact = normal_form(LAM, ERROR, covariance, F(7, 10), T, K)
    problem = qm.NoisyQuadratic.from_matrix(
        (Q * LAM @ Q.T).astype(float),
        (Q @ ERROR).astype(float),
        (Q @ covariance @ Q.T).astype(float),
    )
    assert found(problem, 0.7, T, K) == pytest.approx([float(x) for x in exact], rel=1e-12)


STREAMING = [
    (stream(1, 1, 0.0), 1 / 3, 3, 0.0, 2720 / 243),
    (stream(2, 1, 0.5), 1 / 4, 4, 175 / 256, 898529 / 65536),
    (stream(1, 1, 0.25), 2 / 5, 10, 0.4367699145025126, 1989.71988952457),
]


@pytest.mark.parametrize("problem, eta, T, mean, square", STREAMING)
def test_golden_numbers_of_streaming_features(problem, eta, T, mean, square):
    got = found(problem, eta, T)
    assert got[0] == pytest.approx(mean, rel=1e-13, abs=1e-15)
    assert got[1] + got[0] ** 2 == pytest.approx(square, rel=1e-13)


def enumerated(problem, eta, T, K):
    """Mean and variance over all sequences of nodes of Gauss-Hermite rules, which are exact: one
    step has the degree 8 in a feature and 4 in the label noise.
    """
    lam = problem.eigenvalues
    d = len(lam)
    z, p = np.polynomial.hermite_e.hermegauss(5)
    y, q = np.polynomial.hermite_e.hermegauss(3)
    x = np.array([*product(z, repeat=d)]) * np.sqrt(lam)
    chance = np.array([*product(p / p.sum(), repeat=d)]).prod(axis=1)
    x = np.repeat(x, 3, axis=0)
    noise = problem.sigma * np.tile(y, len(chance))
    chance = np.outer(chance, q / q.sum()).ravel()
    w, f, weight = problem.start[None], np.zeros((1, d)), np.ones(1)
    for t in range(T):
        f = f * (t != T - K)
        residual = w @ x.T - noise
        moved = w[:, None] - eta * residual[..., None] * x
        f = f[:, None] - eta * (f @ x.T)[..., None] * x - residual[..., None] * x
        w, f = moved.reshape(-1, d), f.reshape(-1, d)
        weight = np.outer(weight, chance).ravel()
    g = (w * lam * f).sum(axis=1)
    mean = weight @ g
    return mean, weight @ g**2 - mean**2


@pytest.mark.parametrize(
    "d, lam, variance, T, K",
    [(1, 1.0, 0.25, 3, 3), (1, 2.0, 0.3, 3, 2), (1, 0.5, 0.0, 3, 1), (2, 1.5, 0.4, 2, 2)],
)
def test_all_streams_are_enumerated(d, lam, variance, T, K):
    problem = stream(d, lam, variance, 1.3)
    assert found(problem, 0.3 / lam, T, K) == pytest.approx(
        enumerated(problem, 0.3 / lam, T, K), rel=1e-12
    )


MISTAKES = [
    ("4 * noise * ht * (1", "2 * noise * ht * (1"),
    ("2 * noise**2", "2 * noise"),
    ("3 * noise**2", "3 * noise"),
    ("a_p = 4 *", "a_p = 2 *"),
    ("(6 * d + 20)", "(6 * d + 24)"),
    ("(1 + d - 2 * b", "(1 + d - b"),
    ("S_t = M @ S_t + M_t @ S\n", "S_t = M @ S_t\n"),
]


@pytest.mark.parametrize("right, wrong", MISTAKES)
def test_a_planted_mistake_in_the_moments_is_noticed(right, wrong):
    problem = stream(2, 1.5, 0.4, 1.3)
    wrong = planted(streaming, right, wrong).moments(problem, 0.2, 3, 0)[1].to_float()
    exact = streaming.moments(problem, 0.2, 3, 0)[1].to_float()
    assert abs(wrong / exact - 1) > 1e-3


def test_many_short_steps_keep_the_digits_of_the_variance():
    """A run that hardly moves adds up T terms -(x'e)^2 + y x'e: var = T (2 |e|^4 + sigma^2 |e|^2),
    which is 2 / T of the squared mean.
    """
    T, size, variance = 5000, 1.3, 0.25
    mean, spread = streaming.moments(stream(3, 1, variance, size), 1e-15, T, 0)
    assert mean.to_float() == pytest.approx(-T * size**2, rel=1e-10)
    assert spread.to_float() == pytest.approx(T * (2 * size**4 + variance * size**2), rel=1e-10)


@pytest.mark.parametrize(
    "problem", [qm.NoisyQuadratic([1.0, 0.25], [1.0, 2.0], [1.0, 1 / 3]), stream(2, 1.0, 0.2)]
)
def test_draws_agree(problem):
    for K in (None, 2):
        loss = objective(problem, 4)
        drawn = qm.draws(loss, 0.15, qm.SampledReverse(K), count=3000, seed=1)
        exact = qm.moments(loss, 0.15, qm.SampledReverse(K))
        assert abs(drawn.mean - exact.mean.to_float()) < 4 * drawn.standard_error
        spread = drawn.values.var() / exact.variance.to_float()
        assert 0.8 < spread < 1.25


def test_unbiased_and_truncation_pushes_the_step_to_zero():
    problem = qm.NoisyQuadratic([1.0, 0.25], error=[0.0, 0.0], noise=[1.0, 1 / 3])
    for eta in (0.05, 0.5, 1.5):
        whole = qm.moments(objective(problem, 400), eta, qm.SampledReverse())
        assert whole.bias.to_float() == pytest.approx(0, abs=1e-12)
        assert whole.target is whole.mean
        a = 1 - eta * np.array([1.0, 0.25])
        # d v_inf / d eta with v_inf = eta s / (lambda (2 - eta lambda))
        slopes = 2 * np.array([1.0, 1 / 3]) / (np.array([1.0, 0.25]) * (1 + a) ** 2)
        for K in (1, 5):
            found = qm.moments(objective(problem, 2000), eta, qm.SampledReverse(K))
            wanted = (np.array([1.0, 0.25]) * (1 - a ** (2 * K)) * slopes).sum() / 2
            assert found.mean.to_float() == pytest.approx(wanted, rel=1e-9)
            assert found.mean.sign > 0 and found.target is None


def test_beyond_the_limits_and_far_below_one():
    """Moments that leave float64 come as logarithms, with a flag."""
    noisy = qm.NoisyQuadratic([1.0, 0.25], error=[1.0, 2.0], noise=[1.0, 1 / 3])
    for problem, eta in ((noisy, 3.0), (stream(1, 1, 0.25), 0.9)):
        loss = objective(problem, 2000)
        exact = qm.moments(loss, eta, qm.SampledReverse())
        assert exact.notes["diverges"] and np.isfinite(exact.variance.log10_abs)
        assert exact.variance.log10_abs > 500
        assert float(exact.mean.log - exact.truth.log) == pytest.approx(0, abs=1e-9)
    quiet = qm.NoisyQuadratic([1.0, 0.25], error=[1.0, 2.0], noise=[0.0, 0.0])
    exact = qm.moments(objective(quiet, 5000), 0.9, qm.SampledReverse())
    assert float(exact.mean.log) == pytest.approx(float(exact.truth.log), rel=1e-12)
    assert exact.mean.log10_abs < -500 and exact.variance.sign == 0
    growth = qm.moments(objective(noisy, 4000), 3.0, qm.SampledReverse())
    # the relative variance tends to (2 V^2 + 4 c^2 V) / (c^2 + V)^2
    V = 9 / (2**2 - 1)
    assert growth.relative_deviation**2 == pytest.approx(
        (2 * V**2 + 4 * V) / (1 + V) ** 2, rel=1e-3
    )


def test_the_variance_explodes_first():
    problem = stream(1, 1, 0.25)
    low, high = problem.fourth_moment_limit(), problem.mean_square_limit()
    between = (low + high) / 2
    early, late = found(problem, between, 150), found(problem, between, 300)
    assert late[0] == pytest.approx(early[0], rel=1e-6)
    assert late[1] > 1e9 * early[1]
    below = 0.9 * low
    assert found(problem, below, 2000) == pytest.approx(found(problem, below, 1000), rel=1e-9)


def test_refusals_and_cost():
    loss = objective(stream(1, 1, 0.25), 10)
    cost = qm.SampledReverse(3).cost(loss)
    assert cost == {"inner_gradients": 10, "hvps": 2, "mixed": 3, "outer_gradients": 1}
    differ = qm.StreamingGaussian.from_spectrum([1.0, 2.0], [1.0, 1.0], 0.1)
    with refused("eigenvalues differ.* or draw"):
        qm.moments(objective(differ, 3), 0.1, qm.SampledReverse())
    assert np.isfinite(
        qm.draws(objective(differ, 3), 0.1, qm.SampledReverse(), count=2).values
    ).all()
    with refused("K = 11"):
        qm.moments(loss, 0.1, qm.SampledReverse(11))
    with refused("objective"):
        exact = qm.Quadratic.from_spectrum([1.0], error=[1.0])
        naive = qm.NaiveObjective(exact, qm.GradientDescent(3))
        qm.moments(naive, 0.1, qm.SampledReverse())
    with refused("one number"):
        qm.moments(loss, [0.1, 0.2], qm.SampledReverse())
