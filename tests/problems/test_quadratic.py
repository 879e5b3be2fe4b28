"""Quadratic: every way to build one describes the same function, and wrong input says what is wrong."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import quadmeta as qm

rng = np.random.default_rng(0)


def dense(d=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((d + 2, d))
    return X.T @ X, rng.standard_normal(d), rng.standard_normal(d)


@given(st.integers(1, 8), st.integers(0, 10**6))
def test_modes_describe_the_function_of_the_matrix(d, seed):
    H, start, minimizer = dense(d, seed)
    p = qm.Quadratic.from_matrix(H, start=start, minimizer=minimizer, floor=-3.5)
    e = start - minimizer
    assert p.loss(start) == pytest.approx(-3.5 + e @ H @ e / 2, rel=1e-12)
    assert p.modes().weights.sum() == pytest.approx(e @ H @ e / 2, rel=1e-11)
    np.testing.assert_allclose(p.start, start, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(p.gradient(start), H @ e, rtol=1e-12, atol=1e-12 * np.abs(H).max())
    h = 1e-4
    numeric = [(p.loss(start + h * x) - p.loss(start - h * x)) / (2 * h) for x in np.eye(d)]
    np.testing.assert_allclose(p.gradient(start), numeric, rtol=1e-6, atol=1e-6 * np.abs(H).max())
    v = np.random.default_rng(seed).standard_normal(d)
    np.testing.assert_allclose(p.hvp(start, v), H @ v, rtol=1e-12, atol=1e-12 * np.abs(H).max())


def test_design_matrix_is_least_squares_with_its_floor_whatever_the_rank():
    rng = np.random.default_rng(1)
    for shape in ((30, 5), (5, 12)):
        X, y = rng.standard_normal(shape), rng.standard_normal(shape[0])
        X[:, 2] = 0
        X[:, 1] = X[:, 0]
        for ridge in (0.0, 0.3):
            p = qm.Quadratic.from_design(X, y, ridge)
            w = rng.standard_normal(shape[1])
            # off the row space the loss is flat without a ridge: compare there where descent from 0 can be
            w = w if ridge else np.linalg.pinv(X) @ X @ w
            want = np.sum((X @ w - y) ** 2) / (2 * shape[0]) + ridge * np.sum(w**2) / 2
            assert p.loss(w) == pytest.approx(want, rel=1e-12)
            np.testing.assert_allclose(p.start, 0, atol=1e-12)
            zero = np.zeros(shape[1])
            assert p.loss(zero) == pytest.approx(np.sum(y**2) / (2 * shape[0]), rel=1e-12)
            assert p.modes().weights.sum() == pytest.approx(p.loss(zero) - p.floor, rel=1e-10)


def test_spectrum_is_sorted_and_weights_are_kept_to_the_bit():
    p = qm.Quadratic.from_spectrum([3.0, 1.0], weights=[0.1, 0.7])
    assert p.eigenvalues.tolist() == [1.0, 3.0] and p.modes().weights.tolist() == [0.7, 0.1]
    assert (p.mu, p.L, p.kappa) == (1.0, 3.0, 3.0)
    q = qm.Quadratic.from_spectrum([3.0, 1.0], error=[1.0, 2.0])
    assert q.modes().weights.tolist() == [2.0, 1.5] and q.start.tolist() == [2.0, 1.0]


def test_a_seed_draws_the_same_task_in_any_batch():
    batch, one = qm.Quadratic.random(5, seed=3, tasks=3), qm.Quadratic.random(5, seed=3)
    assert batch.eigenvalues.shape == (3, 5) and (batch.eigenvalues[0] == one.eigenvalues).all()
    assert np.linalg.norm(batch.start, axis=-1) == pytest.approx(1)
    for k in range(3):
        w = rng.standard_normal(5)
        np.testing.assert_array_equal(batch.gradient(np.tile(w, (3, 1)))[0], one.gradient(w))
    again = qm.Quadratic.stack([batch[j] for j in range(3)])
    assert (again.start == batch.start).all() and (again.modes().weights == batch.modes().weights).all()
    with pytest.raises(IndexError, match="one task"):
        one[0]
    assert repr(batch).startswith("Quadratic(tasks=3, d=5, mu=")


def test_inactive_extremes_are_refused_or_dropped():
    with pytest.raises(ValueError, match="active=True"):
        qm.Quadratic.from_spectrum([1, 2, 3], error=[0, 1, 1])
    p = qm.Quadratic.from_spectrum([1, 2, 3], error=[0, 1, 1], active=True)
    assert (p.mu, p.L) == (2.0, 3.0) and "active modes" in repr(p)
    H = np.diag([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="active=True"):
        qm.Quadratic.from_matrix(H, start=[0.0, 1.0, 1.0])
    qm.Quadratic.from_spectrum([1, 2, 3], error=[1, 0, 1])  # an inactive interior mode harms nothing


def test_arrays_of_a_problem_are_read_only():
    p = qm.Quadratic.from_spectrum([1.0, 2.0], error=[1.0, 1.0])
    with pytest.raises(ValueError, match="read-only"):
        p.eigenvalues[0] = 5
    assert qm.Quadratic.from_spectrum([1.0], error=[0.0]).__repr__() == "Quadratic(d=1, at the minimiser)"


H2 = np.eye(2)
BAD = {
    "asymmetric": (lambda: qm.Quadratic.from_matrix([[1.0, 2.0], [0.0, 1.0]], start=[1.0, 1.0]), "asymmetric"),
    "indefinite": (lambda: qm.Quadratic.from_matrix(np.diag([1.0, -1.0]), start=[1.0, 1.0]), "positive definite"),
    "singular": (lambda: qm.Quadratic.from_matrix(np.diag([1.0, 0.0]), start=[1.0, 1.0]), "positive definite"),
    "zero matrix": (lambda: qm.Quadratic.from_matrix(np.zeros((2, 2)), start=[1.0, 1.0]), "positive definite"),
    "not square": (lambda: qm.Quadratic.from_matrix(np.ones((2, 3)), start=[1.0, 1.0]), "square"),
    "empty": (lambda: qm.Quadratic.from_matrix(np.ones((0, 0)), start=[]), "square with d >= 1"),
    "start shape": (lambda: qm.Quadratic.from_matrix(H2, start=[1.0]), "start has shape"),
    "minimizer shape": (lambda: qm.Quadratic.from_matrix(H2, start=[1.0, 1.0], minimizer=[1.0]), "minimizer has shape"),
    "NaN matrix": (lambda: qm.Quadratic.from_matrix([[np.nan, 0], [0, 1.0]], start=[1.0, 1.0]),
                   "hessian has the non-finite"),
    "inf start": (lambda: qm.Quadratic.from_matrix(H2, start=[np.inf, 1.0]), "start has the non-finite entry inf"),
    "text": (lambda: qm.Quadratic.from_spectrum("abc", seed=0), "must hold real numbers"),
    "d = 0": (lambda: qm.Quadratic.from_spectrum([], error=[]), "d = 0"),
    "scalar": (lambda: qm.Quadratic.from_spectrum(1.0, error=1.0), "shape"),
    "zero eigenvalue": (lambda: qm.Quadratic.from_spectrum([0.0, 1.0], seed=0), "must be > 0"),
    "shape": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0], error=[1.0]), "error has shape"),
    "weights shape": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0], weights=[1.0]), "weights"),
    "negative weight": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0], weights=[1.0, -1.0]), "weights"),
    "nothing": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0]), "exactly one"),
    "both": (lambda: qm.Quadratic.from_spectrum([1.0], error=[1.0], seed=0), "exactly one"),
    "range": (lambda: qm.Quadratic.from_spectrum([1e-200, 1.0], error=[1.0, 1.0]), "1e-150"),
    "d": (lambda: qm.Quadratic.random(0, seed=0), "d = 0 must be a whole number"),
    "design shapes": (lambda: qm.Quadratic.from_design(np.ones((3, 2)), np.ones(2)), "X has shape"),
    "design NaN": (lambda: qm.Quadratic.from_design([[np.nan]], [1.0]), "X has the non-finite entry nan"),
    "design zero": (lambda: qm.Quadratic.from_design(np.ones((3, 2)), np.zeros(3)), "orthogonal"),
    "negative ridge": (lambda: qm.Quadratic.from_design(np.ones((3, 2)), np.ones(3), ridge=-1.0), "ridge = -1.0"),
    "no problems": (lambda: qm.Quadratic.stack([]), "at least one"),
    "mixed": (lambda: qm.Quadratic.stack([qm.Quadratic.from_spectrum([1.0, 2.0], seed=0),
                                          qm.Quadratic.from_matrix(np.diag([1.0, 2.0]), start=[1.0, 1.0])]), "mix"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
