"""Auxiliary tasks: golden rationals, generators, the implicit hypergradient, every estimator as a
filter, bad input.
"""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.training import optimal_weights
from tests.refusals import refused

STEP = qm.GradientDescent(1, 0.5)


def quadratic(A, b):
    """Data whose mean squared error / 2 is (w - b)' A (w - b) / 2."""
    root = np.linalg.cholesky(A).T * np.sqrt(len(A))
    return root, root @ b


def golden():
    """The instance of two diagonal tasks with rational answers."""
    return qm.AuxiliaryTasks(
        quadratic(np.diag([1, 0.25]), [0, 0]),
        [quadratic(np.diag([0.5, 1]), [1, 2])],
        quadratic(np.eye(2), [0.5, 1]),
    )


def own(seed, K=2, d=3, rho=0.0, **more):
    return qm.AuxiliaryTasks.draw(
        d,
        [12, *[9] * K],
        [1.0, *[0.7] * K],
        np.linspace(0.3, 1.5, K),
        seed,
        held_out=15,
        rho=rho,
        **more,
    )


def test_golden_rationals():
    problem, loss = golden(), qm.OuterLoss(golden(), STEP)
    best = problem.at([1.0]).minimizer.ravel()
    np.testing.assert_allclose(best, [1 / 3, 8 / 5], rtol=1e-15)
    assert optimal_weights.outer_loss(problem, [1.0]) == pytest.approx(349 / 1800, rel=1e-15)
    assert loss.implicit([1.0])[0] == pytest.approx(523 / 3375, rel=1e-14)
    assert optimal_weights.curvature(problem, [1.0])[0, 0] == pytest.approx(
        -2206 / 16875, rel=1e-14
    )
    for products, want in ((0, Q(83, 900)), (1, Q(469, 3600)), (3, Q(17431, 115200))):
        got = qm.hypergradient(loss, [1.0], qm.Neumann(order=products), start=best).value
        assert got[0] == pytest.approx(float(want), rel=1e-14)
    # the weight at infinity: phi^2 F' -> 3/2
    assert 1e12 * loss.implicit([1e6])[0] == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize("softplus", [False, True])
@given(seed=st.integers(0, 10**6), K=st.integers(1, 4), rho=st.sampled_from([0.0, 0.3]))
def test_implicit_hypergradient_and_its_derivative_are_differences(softplus, seed, K, rho):
    problem = own(seed, K, rho=rho, softplus=softplus)
    alpha = np.random.default_rng(seed).uniform(0.1, 1.5, K)
    g, h = qm.OuterLoss(problem, STEP).implicit(alpha), 1e-5
    size = abs(optimal_weights.outer_loss(problem, alpha)) + np.linalg.norm(g)

    def slope(f):
        return np.array([(f(alpha + h * e) - f(alpha - h * e)) / (2 * h) for e in np.eye(K)])

    np.testing.assert_allclose(
        g, slope(lambda a: optimal_weights.outer_loss(problem, a)), atol=1e-6 * size
    )
    if not softplus:
        H = optimal_weights.curvature(problem, alpha)
        np.testing.assert_allclose(
            H, slope(qm.OuterLoss(problem, STEP).implicit), atol=1e-6 * (size + np.abs(H).max())
        )
        np.testing.assert_allclose(H, H.T, atol=1e-14 * np.abs(H).max())


@given(seed=st.integers(0, 10**6), J=st.integers(0, 30), x=st.floats(0.1, 2.4))
def test_truncation_error_in_every_eigen_direction(seed, J, x):
    """Neumann minus exact is sum (1 - nu lambda)^(J+1) / lambda v_i u_ki, at and past 2/L too; J +
    1 terms, not J.
    """
    problem, phi = own(seed), np.random.default_rng(seed).uniform(0, 2, 2)
    bound = problem.at(phi)
    (lam, basis), best = bound.spectrum, bound.minimizer
    nu = x / lam[-1]
    loss = qm.OuterLoss(problem, qm.GradientDescent(1, nu))
    error = qm.hypergradient(
        loss, phi, qm.Neumann(order=J), start=best.ravel()
    ).value - loss.implicit(phi)
    v = basis.T @ problem.outer_gradient(best.ravel())
    u = problem.rows(phi, best)[..., 0] @ basis
    terms = (1 - nu * lam) ** (J + 1) / lam * v * u
    scale = np.abs(v * u / lam).sum(axis=1) * max(1, np.abs(1 - nu * lam).max() ** (J + 1))
    assert (np.abs(error - terms.sum(axis=1)) <= 1e-13 * scale).all()
    wrong = ((1 - nu * lam) ** J / lam * v * u).sum(axis=1)
    assert (np.abs(wrong - terms.sum(axis=1)) > 1e-13 * scale).any() or J > 20
    unrolled = qm.OuterLoss(problem, qm.GradientDescent(J + 1, nu))
    same = qm.hypergradient(unrolled, phi, qm.Reverse(), start=best.ravel()).value - loss.implicit(
        phi
    )
    assert (np.abs(same - error) <= 1e-12 * (J + 1) * scale).all()


def test_generators_keep_their_promises():
    problem = own(3, 4, fixed=True, covariance=[0.5, 1, 2])
    truth = problem.truth
    for k in range(5):
        np.testing.assert_allclose(problem.grams[k], truth.covariance, rtol=1e-12)
    size = np.einsum("ki,ij,kj->k", truth.offsets, truth.covariance, truth.offsets)
    np.testing.assert_allclose(np.sqrt(size), [0, *np.linspace(0.3, 1.5, 4)], rtol=1e-12)
    # one more task leaves the others as they are
    more = qm.AuxiliaryTasks.draw(3, [12, 9, 9], [1, 0.7, 0.7], [0.3, 1], 5)
    less = qm.AuxiliaryTasks.draw(3, [12, 9], [1, 0.7], [0.3], 5)
    assert (more.tasks[0][1] == less.tasks[0][1]).all() and (more.main[1] == less.main[1]).all()
    pair = qm.AuxiliaryTasks.draw(3, 20, 1.0, [2.0, 2.0], 1, shared=True, opposite=True, held_out=5)
    np.testing.assert_allclose(pair.truth.offsets[1], -pair.truth.offsets[2], rtol=1e-13)
    assert (pair.tasks[0][0] == pair.main[0]).all() and (pair.main[1] != pair.tasks[0][1]).all()


def test_population_as_the_auxiliary_set_is_exact():
    problem = qm.AuxiliaryTasks.draw(3, 20, [1.5, 1.0], [1.0], 2, covariance=[0.5, 1, 2])
    truth, w = problem.truth, np.array([0.3, -1.0, 2.0])
    excess = (w - truth.truth) @ truth.covariance @ (w - truth.truth)
    assert problem.outer(w) == pytest.approx(excess / 2 + 1.5**2 / 2, rel=1e-13)


@pytest.mark.parametrize(
    "build", [qm.AuxiliaryTasks.diabetes, qm.AuxiliaryTasks.linnerud, qm.AuxiliaryTasks.digits]
)
def test_real_data_are_deterministic_and_held_out(build):
    problem, again = build(seed=1), build(seed=1)
    assert (problem.grams == again.grams).all() and not (build(seed=2).grams == problem.grams).all()
    alpha = np.full(problem.hyperparameters, 0.5)
    assert problem.outer(problem.at(alpha).minimizer) > 0
    held, used = problem.auxiliary[0], np.vstack([X for X, _ in (problem.main, *problem.tasks)])
    # a few patients are alike
    assert (np.abs(held[:, None] - used[None]).max(axis=2).min(axis=1) > 0).mean() > 0.9
    assert repr(problem).startswith(f"AuxiliaryTasks(K={problem.hyperparameters}, p=")


def test_critical_weight_is_where_the_step_reaches_two_over_L():
    for seed in range(5):
        problem, direction = own(seed), np.array([0.3, 1.0])
        step = 1 / np.linalg.eigvalsh(problem.grams[0])[-1]
        t = problem.critical_weight(step, direction)
        assert step * np.linalg.eigvalsh(problem.at(t * direction).H)[-1] == pytest.approx(
            2, rel=1e-12
        )
        loss = qm.OuterLoss(problem, qm.GradientDescent(1, step))
        assert not loss.diverges(0.999 * t * direction) and loss.diverges(1.001 * t * direction)


X, Y = np.eye(3), np.ones(3)
BAD = {
    "K = 0": (lambda: qm.AuxiliaryTasks((X, Y), [], (X, Y)), "tasks is empty"),
    "negative": (lambda: golden().at([-0.1]), "clip the weights at 0"),
    "targets": (
        lambda: qm.AuxiliaryTasks((X, Y), [(X, np.ones((3, 2)))], (X, Y)),
        "task 1 has p x outputs",
    ),
    "rows": (lambda: qm.AuxiliaryTasks((X, Y), [(X, Y[:2])], (X, Y)), "task 1 X has shape"),
    "ridge": (lambda: qm.AuxiliaryTasks((X, Y), [(X, Y)], (X, Y), -1.0), "rho = -1.0"),
    "length": (lambda: golden().at([0.1, 0.2]), "alpha has shape"),
    "singular": (
        lambda: qm.AuxiliaryTasks((X[:1], Y[:1]), [(X[:1], Y[:1])], (X, Y)).at([1.0]).minimizer,
        "ridge",
    ),
    "digit": (lambda: qm.AuxiliaryTasks.digits(digit=10), "digit = 10"),
    "rows left": (lambda: qm.AuxiliaryTasks.linnerud(main=15), "together at most 20"),
    "shared sizes": (
        lambda: qm.AuxiliaryTasks.draw(2, [5, 6], 1.0, [1.0], shared=True),
        "share their inputs",
    ),
    "noise": (lambda: qm.AuxiliaryTasks.draw(2, 5, -1.0, [1.0]), "must be >= 0"),
    "few rows": (lambda: qm.AuxiliaryTasks.draw(4, 3, 1.0, [1.0], fixed=True), "at least d = 4"),
    "covariance": (
        lambda: qm.AuxiliaryTasks.draw(2, 5, 1.0, [1.0], covariance=[1, 0]),
        "2 eigenvalues > 0",
    ),
    "fraction of a sample": (lambda: qm.AuxiliaryTasks.draw(2, 20.7, 1.0, [1.0]), "samples = "),
    "sizes": (lambda: qm.AuxiliaryTasks.draw(2, [5, 6, 7], 1.0, [1.0]), "K \\+ 1 = 2 of them"),
    "held out": (lambda: qm.AuxiliaryTasks.draw(2, 5, 1.0, [1.0], held_out=-1), "held_out = -1"),
    "constant column": (lambda: qm.AuxiliaryTasks.diabetes(main=3), "leave a column constant"),
    # its deviation is not 0
    "to rounding": (lambda: qm.AuxiliaryTasks.diabetes(main=6), "leave a column constant"),
    "overflow": (lambda: golden().at([1e308 * 1.7]).minimizer, "overflow|singular"),
    "unstable start": (
        lambda: golden().critical_weight(10.0),
        "not stable without auxiliary tasks",
    ),
    "direction": (lambda: golden().critical_weight(0.1, [0.0]), "not 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()
