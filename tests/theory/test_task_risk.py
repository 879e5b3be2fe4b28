"""The expected risk against sampled labels, its derivative, and the best weights with their
equality cases.
"""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.theory.task_risk import SharedInputs, TaskRisk, gauss_markov, variance
from tests.refusals import refused


def drawn(seed, rho=0.0, related=False, **more):
    delta = [0.0, 0.0] if related else [0.5, 2.0]
    return qm.AuxiliaryTasks.draw(
        3, [10, 8, 15], [1.0, 0.6, 1.4], delta, seed, rho=rho, **more
    ).truth


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_risk_is_the_mean_over_label_noise(rho):
    problem = qm.AuxiliaryTasks.draw(3, [10, 8, 15], [1.0, 0.6, 1.4], [0.5, 2.0], 4, rho=rho)
    truth, phi, rng = problem.truth, np.array([0.7, 0.2]), np.random.default_rng(0)
    designs = [X for X, _ in (problem.main, *problem.tasks)]
    values = []
    for _ in range(1500):
        sets = [
            (X, X @ (truth.truth + offset) + s * rng.standard_normal(len(X)))
            for X, offset, s in zip(designs, truth.offsets, [1.0, 0.6, 1.4], strict=True)
        ]
        w = (
            qm.AuxiliaryTasks(sets[0], sets[1:], problem.auxiliary, rho).at(phi).minimizer[:, 0]
            - truth.truth
        )
        values.append(w @ truth.covariance @ w)
    assert abs(np.mean(values) - truth(phi)) < 4 * np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - 1.1 * truth(phi)) > 4 * np.std(values) / np.sqrt(len(values))


@given(
    seed=st.integers(0, 10**6),
    rho=st.sampled_from([0.0, 0.4]),
    phi=st.tuples(*[st.floats(0.01, 3)] * 2),
)
def test_gradient_is_a_difference(seed, rho, phi):
    risk, phi, h = drawn(seed, rho), np.array(phi), 1e-5
    numeric = np.array([(risk(phi + h * e) - risk(phi - h * e)) / (2 * h) for e in np.eye(2)])
    np.testing.assert_allclose(
        risk.gradient(phi), numeric, atol=1e-6 * (risk(phi) + np.abs(numeric).max())
    )


@given(seed=st.integers(0, 10**6))
def test_any_task_helps_a_little(seed):
    assert (drawn(seed).gradient([0.0, 0.0]) < 0).all()


def test_with_a_ridge_a_task_may_harm_at_once():
    risk = drawn(1, rho=1.0)
    opposed = TaskRisk(
        risk.grams,
        risk.variances,
        np.array([0 * risk.truth, -3 * risk.truth, -3 * risk.truth]),
        risk.truth,
        risk.covariance,
        1.0,
    )
    assert (opposed.gradient([0.0, 0.0]) > 0).any()


@given(seed=st.integers(0, 10**6), other=st.tuples(*[st.floats(0, 4)] * 2))
def test_gauss_markov_weights_are_best_for_related_tasks(seed, other):
    risk = drawn(seed, related=True, covariance=[0.2, 1, 3])
    best = gauss_markov([10, 8, 15], [1.0, 0.6, 1.4])
    least = np.trace(
        risk.covariance @ np.linalg.inv(np.tensordot(1 / risk.variances, risk.grams, 1))
    )
    assert risk(best) == pytest.approx(least, rel=1e-12)
    assert risk(np.array(other)) >= least * (1 - 1e-12)
    np.testing.assert_allclose(risk.gradient(best), 0, atol=1e-12 * least)


def shared(seed, K):
    rng = np.random.default_rng(seed)
    offsets = rng.standard_normal((K, 3)) * rng.uniform(0, 2, (K, 1)) + rng.standard_normal(3)
    return SharedInputs(rng.uniform(0.1, 3, K + 1), offsets @ offsets.T)


def stationary(risk, phi):
    """Largest violation of the conditions of a minimum over phi >= 0, relative to R."""
    total = 1 + phi.sum()
    slope = 2 * (risk.form @ phi) / total**2 - 2 * risk(phi) / total
    return max(np.abs(slope[phi > 0]).max(initial=0), -min(0, slope.min())) / risk(phi)


@given(seed=st.integers(0, 10**6), K=st.integers(1, 6))
def test_shared_inputs_minimum_is_global(seed, K):
    risk = shared(seed, K)
    best = risk.minimizer()
    assert (best >= 0).all() and stationary(risk, best) <= 1e-12
    rng = np.random.default_rng(seed)
    others = best * rng.uniform(0.5, 1.5, (50, K)) + rng.exponential(1, (50, K)) * rng.integers(
        0, 2, (50, 1)
    )
    assert (risk(others) >= risk(best) * (1 - 1e-13)).all()


def test_shared_inputs_minimum_against_a_numerical_one_to_eight_digits():
    from scipy.optimize import minimize

    constrained = 0
    for seed in range(16):
        risk = shared(seed, 3)
        best = risk.minimizer()
        constrained += bool((best == 0).any())
        runs = [
            minimize(
                lambda t: np.log(risk(t / (1 - t))),
                x,
                method="L-BFGS-B",
                bounds=[(0, 0.9999)] * 3,
                options={"ftol": 1e-16, "gtol": 1e-10},
            )
            for x in np.random.default_rng(seed).random((3, 3))
        ]
        found = min(runs, key=lambda run: run.fun)
        assert abs(np.exp(found.fun) / risk(best) - 1) <= 1e-8
        with mp.workdps(40):  # the constrained optimum itself, on the tasks in use, at 40 digits
            on = np.flatnonzero(best > 0)
            M = mp.matrix(risk.form[np.ix_(on, on)].tolist())
            exact = (
                mp.lu_solve(M, mp.matrix([1] * len(on))) * mp.mpf(float(risk.variances[0]))
                if len(on)
                else []
            )
            assert all(abs(x - best[k]) <= 1e-8 * x for k, x in zip(on, exact, strict=True))
    assert constrained >= 3


@given(seed=st.integers(0, 10**6), factor=st.floats(0.01, 0.99))
def test_helpful_interval_is_exact(seed, factor):
    risk = shared(seed, 1)
    end = risk.helpful()
    if end == np.inf:
        assert risk([1e9 * factor]) < risk.variances[0]
    else:
        assert risk([end * factor]) < risk.variances[0] < risk([end * (1 + factor)])
        assert risk([end]) == pytest.approx(risk.variances[0], rel=1e-13)
    assert (risk([1.0]) < risk.variances[0]) == (risk.form[0, 0] < 3 * risk.variances[0])


def test_shared_inputs_is_the_conditional_risk():
    problem = qm.AuxiliaryTasks.draw(3, 12, [1.0, 0.6, 1.4], [0.5, 2.0], 7, shared=True, fixed=True)
    truth = problem.truth
    D = truth.offsets[1:] @ truth.covariance @ truth.offsets[1:].T
    risk = SharedInputs(variance([12] * 3, 3, [1.0, 0.6, 1.4], fixed=True), D)
    for phi in ([0.0, 0.0], [0.4, 1.0], [3.0, 0.1]):
        assert risk(phi) == pytest.approx(truth(phi), rel=1e-12)


def test_gaussian_designs_have_the_mean_variance():
    rng, n, d = np.random.default_rng(0), 9, 3
    traces = [np.trace(np.linalg.inv(X.T @ X)) for X in rng.standard_normal((20000, n, d))]
    assert abs(np.mean(traces) - variance([n], d, [1.0])[0]) < 4 * np.std(traces) / np.sqrt(20000)


def test_opposite_pair_is_as_good_as_two_clean_tasks():
    pair = SharedInputs([1.0, 0.5, 0.5], 9 * np.array([[1.0, -1], [-1, 1]]))
    np.testing.assert_allclose(pair.minimizer(), [2.0, 2.0], rtol=1e-12)
    assert pair(pair.minimizer()) == pytest.approx(1 / (1 + 2 / 0.5), rel=1e-13)
    alone = SharedInputs([1.0, 0.5], [[9.0]])
    assert alone(alone.minimizer()) > 0.9


BAD = {
    "phi": (lambda: drawn(0)([-1.0, 0.0]), "weights >= 0"),
    "length": (lambda: drawn(0)([1.0]), "2 weights"),
    "sigma": (lambda: gauss_markov([3, 3], [1.0, 0.0]), "without noise"),
    "samples": (lambda: variance([4], 3, [1.0]), "must exceed d \\+ 1 = 4"),
    "variances": (lambda: SharedInputs([1.0, 0.0], [[1.0]]), "numbers > 0"),
    "overlaps": (lambda: SharedInputs([1.0, 2.0], np.eye(2)), "overlaps of shape"),
    "singular": (lambda: qm.AuxiliaryTasks.draw(5, 3, 1.0, [0.5]).truth([0.0]), "singular"),
    "huge": (lambda: drawn(0)([1e40, 0.0]), "at most 1e30"),
    "NaN": (
        lambda: TaskRisk(np.eye(2)[None], [np.nan], np.zeros((1, 2)), np.ones(2), np.eye(2)),
        "variances",
    ),
    "offset": (
        lambda: TaskRisk(np.eye(2)[None], [1.0], np.ones((1, 2)), np.ones(2), np.eye(2)),
        "offset 0",
    ),
    "indefinite": (lambda: SharedInputs([1.0, 2.0], [[-1.5]]), "positive semidefinite"),
    "weights": (lambda: shared(0, 2)([-1.0, 0.0]), "2 weights"),
    "d": (lambda: variance([9, 9], -1, [1.0, 1.0]), "d = -1 must be a whole number"),
    "fixed": (
        lambda: variance([9, 9], 2, [1.0, 1.0], fixed="yes"),
        "fixed = 'yes' must be True or False",
    ),
    "few rows": (
        lambda: variance([2], 3, [1.0], fixed=True),
        "samples = .2. must be at least d = 3",
    ),
    "other lengths": (
        lambda: variance([9, 9], 2, [1.0, 1.0, 1.0]),
        r"samples has shape \(2,\), sigma \(3,\)",
    ),
    "negative sigma": (lambda: variance([9], 2, [-1.0]), "sigma = .-1.0. must lie in"),
    "far sigma": (lambda: gauss_markov([3, 3], [1e200, 1e-200]), "leave float64: rescale"),
    "gram": (
        lambda: TaskRisk(-np.eye(2)[None], [1.0], np.zeros((1, 2)), np.ones(2), np.eye(2)),
        "grams must be sym",
    ),
    "skew": (
        lambda: TaskRisk(
            np.eye(2)[None], [1.0], np.zeros((1, 2)), np.ones(2), np.eye(2) + np.eye(2, k=1)
        ),
        "covariance must be symmetric",
    ),
    "rho": (
        lambda: TaskRisk(np.eye(2)[None], [1.0], np.zeros((1, 2)), np.ones(2), np.eye(2), "1"),
        "rho",
    ),
    "grams": (
        lambda: TaskRisk(1.0, [1.0], np.zeros((1, 2)), np.ones(2), np.eye(2)),
        r"grams has shape \(\): pass",
    ),
    "lists": (lambda: gauss_markov(10, [1.0, 0.5]), "lists of K"),
    "interval": (lambda: shared(0, 2).helpful(), "one task"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line(name):
    call, message = BAD[name]
    with refused(message):
        call()


def test_huge_weights_of_tasks_without_full_rank_against_high_precision():
    problem = qm.AuxiliaryTasks.draw(6, [8, 3, 3], 1.0, [0.5, 1.0])
    risk, designs = problem.truth, [X for X, _ in (problem.main, *problem.tasks)]
    for phi in (1e4, 1e8, 1e12):
        with mp.workdps(80):
            full = [mp.mpf(1), mp.mpf(phi), mp.mpf(0.25)]
            roots = [mp.matrix(X.tolist()) for X in designs]
            A = [X.T * X / X.rows for X in roots]
            inverse = (full[0] * A[0] + full[1] * A[1] + full[2] * A[2]) ** -1
            pull = sum(
                (
                    f * a * mp.matrix(o.tolist())
                    for f, a, o in zip(full, A, risk.offsets, strict=True)
                ),
                mp.zeros(6, 1),
            )
            zeta, S = inverse * pull, mp.matrix(risk.covariance.tolist())
            C = sum(
                (f**2 * mp.mpf(v) * a for f, v, a in zip(full, risk.variances, A, strict=True)),
                mp.zeros(6),
            )
            spread = S * inverse * C * inverse
            want = (zeta.T * S * zeta)[0] + mp.fsum(spread[i, i] for i in range(6))
        assert risk([phi, 0.25]) == pytest.approx(float(want), rel=1e-9)


def test_scale_of_the_variances_does_not_move_the_best_weights():
    V, D = np.array([1.0, 1, 1]), np.array([[1.0, 2.2], [2.2, 9]])
    for c in (1e-30, 1.0, 1e30):
        np.testing.assert_allclose(SharedInputs(c * V, c * D).minimizer(), [0.5, 0], rtol=1e-12)
