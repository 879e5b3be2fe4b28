"""The surrogate of an unrolled run: exact where nothing is cut, and as near as its series says at
about sqrt(T) products.
"""

from fractions import Fraction as F

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from quadmeta.theory import filters
from tests.bilevel import QUADRATIC, curvature


@pytest.mark.parametrize("family", QUADRATIC)
def test_the_surrogate_is_reverse_mode_where_nothing_is_cut(family):
    for seed, steps in ((0, 1), (1, 2), (2, 9), (3, 40)):
        found, alpha = bilevel_problem(family, seed)
        loss = qm.OuterLoss(found, qm.GradientDescent(steps, 1.8 / curvature(found, alpha)))
        exact = loss.definition(alpha)
        for degree in (steps - 1, steps + 3):
            estimator = qm.Surrogate(degree)
            got = qm.hypergradient(loss, alpha, estimator)
            assert estimator.exact_when(steps)
            np.testing.assert_allclose(
                got.value, exact, rtol=1e-10, atol=1e-11 * np.linalg.norm(exact)
            )
            published = estimator.cost(steps)
            if not found.start_moves:
                assert {name: getattr(got, name) for name in published} == published
        if steps == 40:
            errors = [
                np.linalg.norm(qm.hypergradient(loss, alpha, qm.Surrogate(K)).value - exact)
                for K in (6, 18, 30)
            ]
            assert errors[0] > errors[1] > errors[2] > 1e-13 * np.linalg.norm(exact)
            assert errors[2] < 1e-3 * np.linalg.norm(exact)


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_the_surrogate_moves_with_a_learned_start(steps):
    H = np.array([[1.0, 0.3], [0.3, 0.6]])
    found = qm.BilevelProblem.from_operators(
        gradient=lambda w, alpha: H @ w - alpha,
        hvp=lambda w, alpha, v: v @ H,
        mixed=lambda w, alpha, v: -v,
        outer=lambda w, alpha: w @ w / 2 - w.sum(),
        outer_gradient=lambda w, alpha: w - 1,
        start=lambda alpha: 3 * alpha,
        start_jacobian=lambda alpha: 3 * np.eye(2),
        hyperparameters=2,
    )
    loss = qm.OuterLoss(found, qm.GradientDescent(steps, 0.7))
    alpha = np.array([0.4, -0.9])
    exact = qm.hypergradient(loss, alpha, qm.Reverse())
    got = qm.hypergradient(loss, alpha, qm.Surrogate(steps - 1))
    np.testing.assert_allclose(got.value, exact.value, rtol=1e-12)
    assert (got.hvps, got.mixed) == (exact.hvps, exact.mixed)


def test_the_series_of_the_surrogate():
    np.testing.assert_allclose(filters.chebyshev_series(4, 3), [1.5, 1.75, 0.5, 0.25], rtol=1e-14)
    # by binomials: a^j = 2^-j sum_i binom(j, i) T_|j - 2 i|
    for steps in (1, 2, 7, 30):
        exact = [F(0)] * steps
        for j in range(steps):
            for i in range(j + 1):
                exact[abs(j - 2 * i)] += F(int(mp.binomial(j, i)), 2**j)
        found = filters.chebyshev_series(steps, steps - 1)
        np.testing.assert_allclose(found, [float(x) for x in exact], atol=1e-14 * steps)
    # nodes fewer than T fold back what is beyond them
    whole = filters.chebyshev_series(3000, 2999)
    np.testing.assert_allclose(filters.chebyshev_series(3000, 40), whole[:41], atol=1e-11)


@pytest.mark.parametrize(
    "epsilon, degree, golden", [(1e-2, 103, 1.4e-4), (1e-4, 141, 5.9e-7), (1e-8, 196, 2.1e-11)]
)
def test_the_degree_that_the_bound_asks_for(epsilon, degree, golden):
    steps = 1000
    assert np.ceil(np.sqrt(2 * (steps - 1) * np.log(2 / epsilon))) == degree
    a = np.concatenate([np.linspace(-1, 1, 4001), 1 - np.geomspace(1e-7, 1, 2000)])
    gap = filters.surrogate(1 - a, 1.0, steps, degree) - filters.unrolled(1 - a, 1.0, steps)
    worst = np.abs(gap).max() / steps
    assert worst <= epsilon
    assert worst == pytest.approx(golden, rel=0.05)


def test_the_surrogate_of_two_thousand_steps_takes_four_hundred_products():
    rng = np.random.default_rng(0)
    P = 40
    lam = np.geomspace(1e-4, 1, P)
    Q = qm.spectra.rotation(P, rng)

    class Dense(qm.QuadraticBilevel):
        """A dense derivative of H."""

        hyperparameters = 1
        start = np.zeros(P)
        outer_hessian = np.eye(P)
        outer_linear = rng.standard_normal((P, 1))
        change = rng.standard_normal((P, P))
        linear = rng.standard_normal(P)

        def bind(self, alpha):
            H = Q * lam @ Q.T + alpha[0] * (self.change + self.change.T)
            return qm.QuadraticInnerLoss((H + H.T) / 2, self.linear, self, alpha)

        def pair(self, alpha, X, V):
            return np.array([np.vdot(self.change + self.change.T, X)])

    loss = qm.OuterLoss(Dense(), qm.GradientDescent(2000, 1.0 - 1e-12))
    exact = loss.gradient([0.0])
    errors = []
    for degree in (150, 200, 300):
        got = qm.hypergradient(loss, [0.0], qm.Surrogate(degree))
        assert got.jvps == 2 * degree + 1 and got.stored_vectors == degree + 1
        errors.append(float(abs(got.value / exact - 1)[0]))
    assert errors[0] < 0.05 and errors[1] < 1e-4 and errors[2] < 1e-9
