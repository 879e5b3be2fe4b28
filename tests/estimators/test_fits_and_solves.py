"""The fitted scale of a distilled gradient by its formula, and solves where there is nothing to
solve.
"""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from tests.bilevel import curvature


def loss_of(name, T, seed=0):
    problem, alpha = bilevel_problem(name, seed)
    return qm.OuterLoss(problem, qm.GradientDescent(T, 0.7 / curvature(problem, alpha))), alpha


@pytest.mark.parametrize("name", ["ridge", "data_cleaning", "log_cosh"])
@pytest.mark.parametrize("gamma", [0.6, 1.0])
@pytest.mark.parametrize("T", [1, 2, 7])
def test_fitted_scales_by_their_formula(name, gamma, T):
    """theta = sum x_s y_s / sum x_s^2 from a DrMAD pass and the distilled points, with every mean
    written out.
    """
    loss, alpha = loss_of(name, T)
    bound, eta = loss.problem.at(alpha), loss.step_size
    w = [np.random.default_rng(T).standard_normal(loss.problem.start.shape)]
    for _ in range(T):
        w.append(w[-1] - eta * bound.gradient(w[-1]))
    g = v = loss.problem.outer_gradient(w[T])
    partial, x, y = 0, [], []
    for s in range(1, T + 1):
        chord = w[0] + (w[T] - w[0]) * (T - s) / T
        partial = partial - eta * bound.mixed(chord, v)
        v = v - eta * bound.hvp(chord, v)
        weights = [gamma**i for i in range(s)]
        point = sum(a * w[T - 1 - i] for i, a in enumerate(weights)) / sum(weights)
        u = -eta * bound.mixed(point, g)
        x.append(np.linalg.norm(u) * sum(weights))
        y.append(u @ partial / np.linalg.norm(u))
    tape = loss.tape(alpha, start=w[0])
    fitted = qm.HyperDistill(gamma).fit(tape)
    assert fitted.gamma == gamma and fitted.theta == pytest.approx(
        np.dot(x, y) / np.dot(x, x), rel=1e-10
    )
    assert tape.counts == {"hvps": T - 1, "mixed": 2 * T, "outer_gradients": 1, "stored_vectors": T}
    got, plain = (qm.hypergradient(loss, alpha, e).value for e in (fitted, qm.HyperDistill(gamma)))
    np.testing.assert_allclose(got, fitted.theta * plain, rtol=1e-13)


def test_without_an_outer_gradient_there_is_nothing_to_fit_or_to_solve():
    problem = qm.Coupled(
        np.diag([1.0, 2.0]), np.eye(2), np.zeros(2), np.eye(2), np.zeros(2), np.zeros(2)
    )
    loss = qm.OuterLoss(problem, qm.GradientDescent(3, 0.1))
    assert qm.HyperDistill(0.9).fit(loss.tape([0.0, 0.0])).theta == 1
    for estimator in (qm.ConjugateGradient(4), qm.Implicit(), qm.Neumann(3), qm.Reverse()):
        found = qm.hypergradient(loss, [0.0, 0.0], estimator)
        assert found.value.tolist() == [0, 0] and found.status == "ok"


@pytest.mark.parametrize("products", [2, 3, 4])
def test_conjugate_gradients_cost_what_they_say_until_they_stop(products):
    loss, alpha = loss_of("data_cleaning", 4)  # with more than three eigenvalues
    estimator = qm.ConjugateGradient(products)
    found = qm.hypergradient(loss, alpha, estimator)
    assert {key: getattr(found, key) for key in estimator.cost(4)} == estimator.cost(4)
    assert found.jvps == products


def test_conjugate_gradients_minimise_the_energy_norm():
    """After N - 1 products x minimises |x - H^-1 g|_H over the Krylov space of g."""
    problem = qm.Coupled.random([0.3, 0.7, 1.0, 2.0], h=4, seed=3)
    loss = qm.OuterLoss(problem, qm.GradientDescent(3, 0.4))
    alpha = np.array([0.5, -1.0, 0.2, 0.8])
    w = loss.trained(alpha)
    H, g = problem.at(alpha).H, problem.outer_gradient(w)
    for products in (2, 3, 4):
        basis = np.stack([np.linalg.matrix_power(H, k) @ g for k in range(products - 1)], axis=1)
        x = basis @ np.linalg.solve(basis.T @ H @ basis, basis.T @ g)
        want = -problem.at(alpha).mixed(w, x)
        np.testing.assert_allclose(
            qm.hypergradient(loss, alpha, qm.ConjugateGradient(products)).value, want, rtol=1e-9
        )
