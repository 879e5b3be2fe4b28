"""Quadratic: every way to build one describes the same function, and wrong input says what is
wrong.
"""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from tests.refusals import refused

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
            # off the row space the loss is flat without a ridge: compare there where descent from
            # 0 can be
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
    assert (again.start == batch.start).all() and (
        again.modes().weights == batch.modes().weights
    ).all()
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
    # an inactive interior mode harms nothing
    qm.Quadratic.from_spectrum([1, 2, 3], error=[1, 0, 1])


def test_arrays_of_a_problem_are_read_only():
    p = qm.Quadratic.from_spectrum([1.0, 2.0], error=[1.0, 1.0])
    with pytest.raises(ValueError, match="read-only"):
        p.eigenvalues[0] = 5
    assert (
        qm.Quadratic.from_spectrum([1.0], error=[0.0]).__repr__()
        == "Quadratic(d=1, at the minimiser)"
    )


H2 = np.eye(2)
BAD = {
    "asymmetric": (
        lambda: qm.Quadratic.from_matrix([[1.0, 2.0], [0.0, 1.0]], start=[1.0, 1.0]),
        "asymmetric",
    ),
    "indefinite": (
        lambda: qm.Quadratic.from_matrix(np.diag([1.0, -1.0]), start=[1.0, 1.0]),
        "positive definite",
    ),
    "singular": (
        lambda: qm.Quadratic.from_matrix(np.diag([1.0, 0.0]), start=[1.0, 1.0]),
        "positive definite",
    ),
    "zero matrix": (
        lambda: qm.Quadratic.from_matrix(np.zeros((2, 2)), start=[1.0, 1.0]),
        "positive definite",
    ),
    "not square": (lambda: qm.Quadratic.from_matrix(np.ones((2, 3)), start=[1.0, 1.0]), "square"),
    "empty": (lambda: qm.Quadratic.from_matrix(np.ones((0, 0)), start=[]), "square with d >= 1"),
    "start shape": (lambda: qm.Quadratic.from_matrix(H2, start=[1.0]), "start has shape"),
    "minimizer shape": (
        lambda: qm.Quadratic.from_matrix(H2, start=[1.0, 1.0], minimizer=[1.0]),
        "minimizer has shape",
    ),
    "NaN matrix": (
        lambda: qm.Quadratic.from_matrix([[np.nan, 0], [0, 1.0]], start=[1.0, 1.0]),
        "hessian has the non-finite",
    ),
    "inf start": (
        lambda: qm.Quadratic.from_matrix(H2, start=[np.inf, 1.0]),
        "start has the non-finite entry inf",
    ),
    "text": (lambda: qm.Quadratic.from_spectrum("abc", seed=0), "must hold real numbers"),
    "d = 0": (lambda: qm.Quadratic.from_spectrum([], error=[]), "d = 0"),
    "scalar": (lambda: qm.Quadratic.from_spectrum(1.0, error=1.0), "shape"),
    "zero eigenvalue": (lambda: qm.Quadratic.from_spectrum([0.0, 1.0], seed=0), "must be > 0"),
    "shape": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0], error=[1.0]), "error has shape"),
    "weights shape": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0], weights=[1.0]), "weights"),
    "negative weight": (
        lambda: qm.Quadratic.from_spectrum([1.0, 2.0], weights=[1.0, -1.0]),
        "weights",
    ),
    "nothing": (lambda: qm.Quadratic.from_spectrum([1.0, 2.0]), "exactly one"),
    "both": (lambda: qm.Quadratic.from_spectrum([1.0], error=[1.0], seed=0), "exactly one"),
    "range": (lambda: qm.Quadratic.from_spectrum([1e-200, 1.0], error=[1.0, 1.0]), "1e-150"),
    "d": (lambda: qm.Quadratic.random(0, seed=0), "d = 0 must be a whole number"),
    "design shapes": (lambda: qm.Quadratic.from_design(np.ones((3, 2)), np.ones(2)), "X has shape"),
    "design NaN": (
        lambda: qm.Quadratic.from_design([[np.nan]], [1.0]),
        "X has the non-finite entry nan",
    ),
    "design zero": (lambda: qm.Quadratic.from_design(np.ones((3, 2)), np.zeros(3)), "orthogonal"),
    "negative ridge": (
        lambda: qm.Quadratic.from_design(np.ones((3, 2)), np.ones(3), ridge=-1.0),
        "ridge = -1.0",
    ),
    "no problems": (lambda: qm.Quadratic.stack([]), "at least one"),
    "mixed": (
        lambda: qm.Quadratic.stack(
            [
                qm.Quadratic.from_spectrum([1.0, 2.0], seed=0),
                qm.Quadratic.from_matrix(np.diag([1.0, 2.0]), start=[1.0, 1.0]),
            ]
        ),
        "mix",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()


def rationals(M):
    return [[Fraction(x) for x in row] for row in M.tolist()]


def solved(H, b):
    """H^-1 b in exact arithmetic."""
    table = [row + [Fraction(x)] for row, x in zip(rationals(H), b.tolist(), strict=True)]
    n = len(table)
    for k in range(n):
        pivot = next(i for i in range(k, n) if table[i][k])
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [x / table[k][k] for x in table[k]]
        for i in range(n):
            if i != k:
                table[i] = [x - table[i][k] * y for x, y in zip(table[i], table[k], strict=True)]
    return [row[-1] for row in table]


@pytest.mark.parametrize("decades", [0, 6, 12])
def test_a_system_is_solved_to_rounding_whatever_its_condition(decades):
    rng = np.random.default_rng(decades)
    Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    H = (Q * np.geomspace(10.0**-decades, 1, 6)) @ Q.T
    H, b, start = (H + H.T) / 2, rng.standard_normal(6), rng.standard_normal(6)
    problem, want = qm.Quadratic.from_system(H, b, start=start), solved(H, b)
    size = max(map(abs, want))
    assert (
        max(abs(Fraction(x) - y) for x, y in zip(problem.minimizer.tolist(), want, strict=True))
        < 3e-16 * size
    )
    least = -sum(Fraction(x) * y for x, y in zip(b.tolist(), want, strict=True)) / 2
    assert problem.floor == pytest.approx(float(least), rel=1e-12)
    # every component of the error, also the tiny ones of the stiff directions
    lam, e = np.linalg.eigvalsh(H), problem.error
    g = H @ start - b
    rounding = 1e-15 * 10.0**decades  # of the smallest eigenvalue
    np.testing.assert_allclose(np.linalg.norm(lam * e), np.linalg.norm(g), rtol=10 * rounding)
    gap = (
        sum(
            (Fraction(s) - w) * Fraction(x)
            for s, w, x in zip(start.tolist(), want, g.tolist(), strict=True)
        )
        / 2
    )
    assert problem.modes().weights.sum() == pytest.approx(float(gap), rel=10 * rounding)
    # the stiff directions hold 1e-12 of the error and keep its digits: e = q'g / lambda
    top = np.linalg.eigh(H)[1][:, -1] @ g / lam[-1]
    assert abs(e[-1]) == pytest.approx(abs(top), rel=1e-12)


def test_systems_in_batches_and_in_tiny_units():
    H, b, start = np.stack([H2 * 2, H2 * 4]), np.array([[2.0, 4.0], [2.0, 4.0]]), np.ones((2, 2))
    problem = qm.Quadratic.from_system(H, b, start=start * 3, active=True)
    assert problem.minimizer.tolist() == [[1, 2], [0.5, 1]] and problem.floor.tolist() == [-5, -2.5]
    tiny = qm.Quadratic.from_system([[2e-130, 0], [0, 1e-130]], [2e-130, 3e-130])
    assert tiny.minimizer == pytest.approx([1, 3], rel=3e-16) and tiny.start.tolist() == [0, 0]


def test_a_design_keeps_the_digits_of_its_singular_values():
    rng = np.random.default_rng(5)
    for decades, rel in ((1, 1e-12), (5, 1e-10), (8, 1e-7)):
        left, right = (np.linalg.qr(rng.standard_normal(shape))[0] for shape in ((9, 4), (4, 4)))
        X, y = left * np.geomspace(10.0**-decades, 1, 4) @ right.T, rng.standard_normal(9)
        with mpmath.workdps(60):
            gram = mpmath.matrix(X.tolist()).T * mpmath.matrix(X.tolist()) / 9
            want = sorted(float(x) for x in mpmath.eigsy(gram, eigvals_only=True))
            optimum = mpmath.lu_solve(
                gram, mpmath.matrix(X.tolist()).T * mpmath.matrix(y.tolist()) / 9
            )
            floor = (
                mpmath.norm(mpmath.matrix(X.tolist()) * optimum - mpmath.matrix(y.tolist())) ** 2
                / 18
            )
        for problem in (qm.Quadratic.from_design(X, y), qm.LeastSquares.from_data(X, y)):
            np.testing.assert_allclose(problem.eigenvalues, want, rtol=rel)
            assert len(problem.eigenvalues) == 4
            assert problem.floor == pytest.approx(float(floor), rel=rel)
        np.testing.assert_allclose(
            qm.Quadratic.from_design(X, y).minimizer, [float(x) for x in optimum], rtol=10 * rel
        )


def test_the_rank_of_a_design_is_that_of_its_singular_values():
    rng = np.random.default_rng(6)
    left, right = (np.linalg.qr(rng.standard_normal(shape))[0] for shape in ((9, 4), (4, 4)))
    y = rng.standard_normal(9)
    for last, rank in ((1e-9, 4), (1e-12, 4), (0.0, 3)):
        X = left * [1, 0.5, 0.1, last] @ right.T
        if not last:
            X[:, 3] = X[:, 0] + X[:, 1]  # exactly of rank 3
        assert len(qm.Quadratic.from_design(X, y).eigenvalues) == rank
        assert len(qm.LeastSquares.from_data(X, y).eigenvalues) == rank
    with pytest.raises(ValueError, match="orthogonal"):
        X = rng.standard_normal((9, 4))
        for _ in range(3):
            y -= X @ np.linalg.lstsq(X, y, rcond=None)[0]
        qm.Quadratic.from_design(X, y)


LAM3, ONE3 = np.array([1.0, 2.0, 3.0]), np.ones(3)
TURN = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
SPUN = TURN * LAM3 @ TURN.T
PARTS = {
    "negative weights": (
        dict(weights=-ONE3),
        "weights has the negative entry -1.0, it must be >= 0",
    ),
    "too many weights": (dict(weights=np.ones(4)), r"weights has shape \(4,\)"),
    "other weights": (dict(weights=ONE3), "weights contradict error: .* from_spectrum"),
    "basis text": (dict(basis="abc"), "basis"),
    "basis NaN": (dict(basis=np.full((3, 3), np.nan)), "basis has the non-finite entry nan"),
    "basis shape": (dict(basis=np.eye(4)), r"basis has shape \(4, 4\): pass shape"),
    "basis oblique": (dict(basis=np.eye(3) + 0.1), "basis is off orthonormal columns by"),
    "hessian text": (dict(basis=TURN, hessian="abc"), "hessian"),
    "hessian NaN": (
        dict(basis=TURN, hessian=np.full((3, 3), np.nan)),
        "hessian has the non-finite entry nan",
    ),
    "hessian asymmetric": (
        dict(basis=TURN, hessian=SPUN + np.eye(3, k=1)),
        "hessian is asymmetric",
    ),
    "another hessian": (dict(basis=TURN, hessian=2 * SPUN), "hessian H has H Q - Q"),
    "hessian without basis": (dict(hessian=SPUN), "hessian H has H Q - Q"),
    "minimizer": (
        dict(minimizer=np.ones(2)),
        r"minimizer has shape \(2,\): pass shape \(3,\) or one number",
    ),
    "floor": (dict(floor=np.ones(2)), r"floor has shape \(2,\): pass shape \(\) or one number"),
    "active": (dict(active=1), "active = 1 must be True or False"),
    "complex": (dict(minimizer=1j * ONE3), "minimizer .* complex"),
    "masked": (dict(minimizer=np.ma.masked_equal(ONE3, 1)), "minimizer is a masked array"),
}


@pytest.mark.parametrize("name", PARTS)
def test_the_constructor_checks_its_parts_against_each_other(name):
    parts, message = PARTS[name]
    with refused(message):
        qm.Quadratic(LAM3, ONE3, **parts)


def test_parts_that_agree_are_taken():
    for parts in (
        dict(basis=TURN, hessian=SPUN),
        dict(weights=LAM3 / 2),
        dict(minimizer=2.0),
        dict(basis=-TURN),
    ):
        assert qm.Quadratic(LAM3, ONE3, **parts).modes().weights == pytest.approx(LAM3 / 2)
    first = qm.Quadratic.from_matrix(SPUN, start=ONE3)
    again = qm.Quadratic(
        first.eigenvalues, first.error, first.basis, first.hessian, first.minimizer, first.floor
    )
    assert (again.gradient(ONE3) == first.gradient(ONE3)).all()


def test_an_index_picks_tasks_and_never_modes():
    batch = qm.Quadratic.from_spectrum(np.ones((4, 3)) * LAM3, seed=0)
    assert batch[1:3].eigenvalues.shape == (2, 3) and (batch[-1].error == batch.error[3]).all()
    assert (batch[[0, 2]].start == batch.start[[0, 2]]).all()
    with pytest.raises(IndexError, match="too many indices"):
        batch[:, 0]
    with pytest.raises(IndexError, match="out of bounds"):
        batch[4]


POINTS = {
    "short": (np.ones(2), r"w has shape \(2,\)"),
    "none": (None, "w"),
    "text": ("abc", "w"),
    "booleans": ([True] * 3, "w"),
    "NaN": ([1.0, np.nan, 0.0], "w has the non-finite"),
    "class": (dict, "w"),
}


@pytest.mark.parametrize("name", POINTS)
def test_a_point_is_read_by_every_kind_of_problem(name):
    w, message = POINTS[name]
    problems = (
        qm.Quadratic.from_matrix(SPUN, start=ONE3),
        qm.Quadratic.from_spectrum(LAM3, error=ONE3),
        qm.OperatorQuadratic.from_error(SPUN, ONE3, 3),
        qm.LeastSquares.from_data(SPUN, ONE3),
        qm.NoisyQuadratic(LAM3, ONE3, ONE3),
        qm.StreamingGaussian(LAM3, ONE3),
        qm.SampledRows(SPUN, ONE3),
    )
    for problem in problems:
        assert (
            np.shape(problem.gradient([1, 2, 3])) == (3,) and np.ndim(problem.loss([1, 2, 3])) == 0
        )
        for call in (problem.gradient, problem.loss):
            with refused(message):
                call(w)
