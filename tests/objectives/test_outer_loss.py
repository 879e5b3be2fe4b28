"""Exact hypergradients of every bilevel family against loops, differences and fifty digits."""

import math
from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from tests.bilevel import FAMILIES, QUADRATIC, curvature


@pytest.mark.parametrize("name", FAMILIES)
@given(seed=st.integers(0, 10**6), T=st.integers(1, 40), x=st.floats(0.05, 2.2), warm=st.booleans())
def test_closed_form_is_reverse_mode_by_loops(name, seed, T, x, warm):
    problem, alpha = bilevel_problem(name, seed)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, x / curvature(problem, alpha)))
    start = np.random.default_rng(seed).standard_normal(problem.start.shape) if warm else None
    want = loss.definition(alpha, start)
    got = loss.gradient(alpha, start)
    # cancellation between steps is bounded by T terms of the largest size
    assert np.linalg.norm(got - want) <= 1e-12 * T * max(
        np.linalg.norm(want), 1e-3 * max(1, abs(loss(alpha, start)))
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_hypergradient_is_the_derivative_of_the_value(name):
    for seed in range(5):
        problem, alpha = bilevel_problem(name, seed)
        loss = qm.OuterLoss(problem, qm.GradientDescent(9, 0.7 / curvature(problem, alpha)))
        h = 1e-5
        numeric = [
            (loss(alpha + h * e) - loss(alpha - h * e)) / (2 * h) for e in np.eye(len(alpha))
        ]
        np.testing.assert_allclose(
            loss.gradient(alpha), numeric, rtol=1e-6, atol=1e-8 * max(1, abs(loss(alpha)))
        )


@pytest.mark.parametrize("T", [1, 2, 3, 5])
def test_golden_values(T):
    problem = qm.Coupled(
        np.diag([0.5, 0.25]), np.eye(2), np.zeros(2), [[0.5, 0.25], [0.25, 0.5]], [1, -1], [1, 2]
    )
    exact, half, three = {
        1: (("-3/8", "15/8"), ("-3/8", "15/8"), ("-3/8", "15/8")),
        2: (("-57/64", "91/32"), ("-25/32", "41/16"), ("-7/8", "97/32")),
        3: (("-651/512", "3441/1024"), ("-143/128", "175/64"), ("-177/128", "477/128")),
        5: (
            ("-54963/32768", "995775/262144"),
            ("-3175/2048", "2657/1024"),
            ("-4611/2048", "8889/2048"),
        ),
    }[T]
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
    for want, estimator in (
        (exact, qm.ClosedForm()),
        (half, qm.Discounted(0.5)),
        (three, qm.Discounted(0.75)),
    ):
        got = qm.hypergradient(loss, [0.0, 0.0], estimator).value
        assert got == pytest.approx([float(Q(x)) for x in want], rel=1e-14)


@pytest.mark.parametrize("T", [3, 200, 10**6])
@pytest.mark.parametrize("x", [0.4, 1.0, 1.9, 2.3])
def test_prescribed_spectra_against_high_precision(T, x):
    """Diagonal H with repeated eigenvalues, any horizon, stable and diverging: log magnitudes at
    1e-12.
    """
    lam = np.array([0.1, 0.1, 0.7, 1.0])
    rng = np.random.default_rng(T)
    C, b, b2, w0 = rng.standard_normal((4, 2)), *rng.standard_normal((3, 4))
    H2 = np.eye(4) + 0.3 * np.ones((4, 4))
    loss = qm.OuterLoss(qm.Coupled(np.diag(lam), C, b, H2, b2, w0), qm.GradientDescent(T, x))
    got = loss.signed_gradient([0.0, 0.0])
    with mp.workdps(60):

        def m(v):
            return [mp.mpf(float(k)) for k in v]

        L, e = m(lam), [w - c / k for w, c, k in zip(m(w0), m(b), m(lam), strict=True)]
        a = [1 - mp.mpf(x) * k for k in L]
        w = [c / k + p**T * d for c, k, p, d in zip(m(b), L, a, e, strict=True)]
        g = [mp.fsum(mp.mpf(float(H2[i, j])) * w[j] for j in range(4)) - m(b2)[i] for i in range(4)]
        S = [(1 - p**T) / (1 - p) for p in a]
        for k in range(2):
            terms = [mp.mpf(x) * mp.mpf(float(C[i, k])) * S[i] * g[i] for i in range(4)]
            want = mp.fsum(terms)
            size = mp.fsum(map(abs, terms)) / abs(want)
            assert got.sign[k] == mp.sign(want)
            assert abs(got.log[k] - mp.log(abs(want))) <= 1e-12 * size * max(
                1, abs(mp.log(abs(want))) * 0.01
            )


def high_precision(problem, alpha, eta, T, start):
    """L_2(w_T) in mpmath by unrolling, for the families with a vector of weights or a linear cross
    term.
    """

    def matrix(x):
        return mp.matrix(np.atleast_2d(np.asarray(x, dtype=float)).tolist())

    w = matrix(
        np.reshape(start, problem.outer_linear.shape if problem.outer_linear.ndim == 2 else (-1, 1))
    )
    b2 = matrix(np.reshape(problem.outer_linear, (w.rows, w.cols)))
    if isinstance(problem, qm.LogCosh):
        Z, C, linear = matrix(problem.features), matrix(problem.cross), matrix(problem.linear).T
        scale, target = [mp.mpf(float(s)) for s in problem.scale], linear + C * mp.matrix(alpha)

        def gradient(w):
            z = Z * w
            return (
                mp.mpf(problem.mu) * w
                + Z.T * mp.matrix([s * mp.tanh(x) for s, x in zip(scale, z)])
                - target
            )
    else:
        if isinstance(problem, qm.Ridge):
            H, B = matrix(problem.gram) + alpha[0] * mp.eye(w.rows), matrix(problem.moment)
        elif isinstance(problem, (qm.TaskWeights, qm.AuxiliaryTasks)):
            H, B = mp.mpf(problem.rho) * mp.eye(w.rows), mp.zeros(w.rows, w.cols)
            learned = (
                [mp.log(1 + mp.exp(a)) for a in alpha]
                if getattr(problem, "softplus", False)
                else list(alpha)
            )
            phi = learned if isinstance(problem, qm.TaskWeights) else [mp.mpf(1), *learned]
            for a, G, m in zip(phi, problem.grams, problem.moments, strict=True):
                H, B = H + a * matrix(G), B + a * matrix(m)
        else:
            X, Y = problem.train
            D = mp.diag([1 / (1 + mp.exp(-a)) / len(X) for a in alpha])
            H, B = (
                matrix(X).T * D * matrix(X) + mp.mpf(problem.rho) * mp.eye(w.rows),
                matrix(X).T * D * matrix(Y),
            )

        def gradient(w):
            return H * w - B

    for _ in range(T):
        w = w - mp.mpf(eta) * gradient(w)
    half = (w.T * matrix(problem.outer_hessian) * w) / 2 - b2.T * w
    return mp.fsum(half[k, k] for k in range(half.rows))


@pytest.mark.parametrize("name", FAMILIES[1:])
@pytest.mark.parametrize("x", [0.9, 2.1])
def test_hypergradients_against_fifty_digit_unrolling(name, x):
    """Differences of the unrolled value at 60 digits; alpha-dependent Hessians and the
    non-quadratic family.
    """
    T = 60
    problem, alpha = bilevel_problem(name, 7)
    start = np.random.default_rng(1).standard_normal(problem.start.size)
    eta = float(x / curvature(problem, alpha))
    got = qm.OuterLoss(problem, qm.GradientDescent(T, eta)).gradient(alpha, start)
    with mp.workdps(60):
        point, h = [mp.mpf(float(a)) for a in alpha], mp.mpf(10) ** -25
        want = []
        for k in range(min(3, len(point))):
            moved = [
                high_precision(
                    problem, [a + s * h * (j == k) for j, a in enumerate(point)], eta, T, start
                )
                for s in (-1, 1)
            ]
            want.append((moved[1] - moved[0]) / (2 * h))
    want = np.array([float(v) for v in want])
    np.testing.assert_allclose(got[: len(want)], want, rtol=1e-12 + 10 * 2.2e-16 * x * T)


def test_a_diverging_inner_run_says_so_and_its_exact_form_is_right():
    problem, alpha = bilevel_problem("coupled", 0)
    eta = 2.2 / curvature(problem, alpha)
    found = qm.hypergradient(
        qm.OuterLoss(problem, qm.GradientDescent(20, eta)), alpha, qm.ClosedForm()
    )
    assert found.notes["diverges"] and "beyond 2/L" in repr(found)
    loss = qm.OuterLoss(problem, qm.GradientDescent(20, eta))
    np.testing.assert_allclose(found.value, loss.definition(alpha), rtol=1e-10)
    with pytest.raises(OverflowError, match="does not fit in float64"):
        qm.OuterLoss(problem, qm.GradientDescent(10**5, eta)).gradient(alpha)


def test_many_steps_tend_to_the_implicit_hypergradient():
    for name in QUADRATIC:
        problem, alpha = bilevel_problem(name, 3)
        loss = qm.OuterLoss(problem, qm.GradientDescent(200000, 1 / curvature(problem, alpha)))
        np.testing.assert_allclose(
            loss.gradient(alpha), loss.implicit(alpha), rtol=1e-9, atol=1e-12
        )


def test_digits_are_split_corrupted_and_exactly_differentiated():
    cleaning = qm.DataCleaning.digits(seed=1)
    assert repr(cleaning) == "DataCleaning(n=600, p=65, outputs=10, rho=0.01)"
    assert 0.38 < cleaning.corrupted.mean() < 0.52 and len(cleaning.test[0]) == 597
    loss, alpha = (
        qm.OuterLoss(cleaning, qm.GradientDescent(50, 1 / cleaning.smoothness)),
        np.zeros(600),
    )
    np.testing.assert_allclose(loss.gradient(alpha), loss.definition(alpha), rtol=1e-10, atol=1e-18)
    assert 0.7 < cleaning.accuracy(loss.trained(alpha)) < 0.95


X, Y = np.eye(3), np.ones(3)
COUPLED = qm.Coupled(np.eye(2), np.eye(2), np.zeros(2), np.eye(2), np.zeros(2))
GD = qm.GradientDescent(3, 0.5)
BAD = {
    "alpha length": (lambda: qm.OuterLoss(COUPLED, GD).gradient([0.0]), "alpha has shape"),
    "alpha NaN": (
        lambda: qm.OuterLoss(COUPLED, GD).gradient([0.0, np.nan]),
        "alpha has the non-finite",
    ),
    "free momentum": (
        lambda: qm.OuterLoss(COUPLED, qm.HeavyBall(50, 0.1)),
        "leaves its momentum free: pass HeavyBall",
    ),
    "noisy": (
        lambda: qm.OuterLoss(COUPLED, qm.StochasticGradientDescent(5, 0.1)),
        "random gradients",
    ),
    "schedule": (
        lambda: qm.OuterLoss(COUPLED, qm.Schedule(3)),
        "leaves its step sizes free: pass Schedule",
    ),
    "class": (
        lambda: qm.OuterLoss(COUPLED, qm.GradientDescent),
        "optimizer is the class GradientDescent",
    ),
    "swapped": (
        lambda: qm.OuterLoss(GD, COUPLED),
        "problem = GradientDescent.* must be a BilevelProblem",
    ),
    "no problem": (
        lambda: qm.OuterLoss(qm.Quadratic.random(3, 0), GD),
        "problem = Quadratic.* must be a Bilevel",
    ),
    "free step": (
        lambda: qm.OuterLoss(COUPLED, qm.GradientDescent(3)),
        "leaves its step size free",
    ),
    "given step": (lambda: qm.LogObjective(qm.Quadratic.random(3, 0), GD), "no free parameter"),
    "step": (lambda: qm.GradientDescent(3, 0.0), "step_size = 0.0"),
    "negative step": (lambda: qm.GradientDescent(3, -1.0), "step_size = -1.0 must be"),
    "diverges": (
        lambda: qm.OuterLoss(COUPLED, qm.GradientDescent(5000, 9.0))([1.0, 1.0]),
        "diverges",
    ),
    "start": (lambda: qm.OuterLoss(COUPLED, GD)([0.0, 0.0], [1.0]), "start has shape"),
    "asymmetric": (
        lambda: qm.Coupled([[1, 2], [0, 1]], np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)),
        "asymmetric",
    ),
    "shapes": (
        lambda: qm.Coupled(np.eye(2), np.eye(3), np.zeros(2), np.eye(2), np.zeros(2)),
        "cross has shape",
    ),
    "singular, implicit": (
        lambda: qm.OuterLoss(qm.Ridge((X[:1], Y[:1]), (X, Y)), GD).implicit([0.0]),
        "singular",
    ),
    "singular, tiny": (
        lambda: qm.OuterLoss(qm.Ridge((1e-100 * X[:1], Y[:1]), (X, Y)), GD).implicit([0.0]),
        "singular",
    ),
    "no weight": (
        lambda: qm.OuterLoss(qm.DataCleaning((X, Y), (X, Y), 0.0), GD).implicit(
            np.full(len(X), -1e3)
        ),
        "singular",
    ),
    "negative ridge": (
        lambda: qm.OuterLoss(qm.Ridge((X, Y), (X, Y)), GD).gradient([-1.0]),
        "ridge",
    ),
    "no tasks": (lambda: qm.TaskWeights([], (X, Y)), "tasks is empty"),
    "zero weights": (
        lambda: qm.OuterLoss(qm.TaskWeights([(X, Y)], (X, Y)), GD).gradient([0.0]),
        "not all 0",
    ),
    "empty validation": (lambda: qm.DataCleaning((X, Y), (X[:0], Y[:0])), "validation X has shape"),
    "outputs": (lambda: qm.DataCleaning((X, Y), (X, np.ones((3, 2)))), "pass equal ones"),
    "noise": (lambda: qm.DataCleaning.digits(noise=1.5), "noise = 1.5"),
    "samples": (lambda: qm.DataCleaning.digits(samples=1000), "samples = 1000"),
    "mu": (lambda: qm.LogCosh.random(3, 2, 0, mu=0.0), "mu = 0.0"),
    "implicit": (
        lambda: qm.OuterLoss(qm.LogCosh.random(3, 2, 0), GD).implicit([0.0, 0.0]),
        "not quadratic",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with pytest.raises((ValueError, OverflowError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_labels_outside_the_classes_are_refused():
    from quadmeta.problems.parts.weighted import one_hot

    with pytest.raises(ValueError, match="whole numbers from 0 to 2"):
        one_hot("labels", [0, 3], 3)


@pytest.mark.parametrize("rho, rtol", [(1e-4, 1e-10), (1e-8, 1e-6)])
def test_implicit_keeps_its_digits_where_samples_are_few_and_the_ridge_is_small(rho, rtol):
    """The gradient is O(rho): a solution with a large residual, such as that of an inverse alone,
    has none of it.
    """
    rng = np.random.default_rng(0)
    X, y, X2, y2 = (rng.standard_normal(shape) for shape in ((10, 20), (10,), (30, 20), (30,)))
    got = qm.OuterLoss(qm.DataCleaning((X, y), (X2, y2), rho), GD).implicit(np.zeros(10))
    with mp.workdps(60):
        A, A2 = mp.matrix(X.tolist()), mp.matrix(X2.tolist())
        b, b2 = mp.matrix(y.tolist()), mp.matrix(y2.tolist())
        H = A.T * A / 20 + mp.mpf(rho) * mp.eye(20)
        w = mp.lu_solve(H, A.T * b / 20)
        v = mp.lu_solve(H, A2.T * (A2 * w - b2) / 30)
        left, moved = A * w - b, A * v
        want = [float(-left[i] * moved[i] / 40) for i in range(10)]
    np.testing.assert_allclose(got, want, rtol=0, atol=rtol * np.abs(want).max())


def test_sample_weights_near_their_ends_have_slopes():
    alpha = np.array([-800.0, -40.0, 0.0, 40.0, 700.0])
    problem = qm.DataCleaning(
        (np.arange(10.0).reshape(5, 2) ** 0.5, np.ones(5)), (np.eye(2), np.ones(2))
    )
    slopes = problem.contracted(alpha, np.zeros((2, 1)), np.ones((2, 1)))
    exact = [0, math.exp(-40), 0.25, math.exp(-40), math.exp(-700)]
    images = np.arange(10.0).reshape(5, 2) ** 0.5 @ np.ones(2)
    np.testing.assert_allclose(slopes, -np.array(exact) / 5 * images, rtol=1e-15)


def test_implicit_gradient_of_one_task_with_more_rows_than_columns_cancels_to_what_the_ridge_leaves():
    """One task: w_* does not react to its weight but through the ridge. In fractions, p = 1."""
    X, y, X2, y2 = [-2.0, 1.0, 1.0], [-0.25, -0.5, 0.75], [0.5, -1.5], [1.0, 0.25]
    for rho in (0.0, 1e-12, 1e-3):
        problem = qm.TaskWeights([(np.array(X)[:, None], y)], (np.array(X2)[:, None], y2), rho)
        got = qm.OuterLoss(problem, GD).implicit([1.75])
        A, b = (
            sum(Q(x) ** 2 for x in X) / 3,
            sum(Q(x) * Q(t) for x, t in zip(X, y, strict=True)) / 3,
        )
        H, w = Q(1.75) * A + Q(rho), Q(1.75) * b / (Q(1.75) * A + Q(rho))
        g = sum(Q(x) * (Q(x) * w - Q(t)) for x, t in zip(X2, y2, strict=True)) / 2
        assert got == pytest.approx([float(-(A * w - b) * g / H)], rel=1e-10, abs=0)


def test_unrolled_gradient_keeps_its_digits_where_rows_do_not_span_and_the_ridge_is_moderate():
    """Fewer rows than columns, condition 2e4, T = 10^6: the complement of the rows carries no
    rounding of X'y.
    """
    rng = np.random.default_rng(59)
    X, y, X2, y2 = (
        rng.standard_normal((2, 4)),
        rng.standard_normal(2),
        rng.standard_normal((2, 4)),
        np.ones(2),
    )
    a, T = 3.7e-5, 10**6
    problem = qm.Ridge((X, y), (X2, y2))
    eta = 1.9 / problem.at([a]).spectrum[0][-1]
    got = qm.OuterLoss(problem, qm.GradientDescent(T, eta)).gradient([a])
    with mp.workdps(60):
        A, A2, b, b2 = (mp.matrix(v.tolist()) for v in (X, X2, y, y2))
        H = A.T * A / 2 + mp.mpf(a) * mp.eye(4)
        M = mp.zeros(9, 9)
        M[8, 8] = 1
        M[:4, :4] = M[4:8, 4:8] = mp.eye(4) - mp.mpf(eta) * H
        M[4:8, :4] = -mp.mpf(eta) * mp.eye(4)
        M[:4, 8] = mp.mpf(eta) * A.T * b / 2
        z = M**T * mp.matrix([0] * 8 + [1])
        want = (A2.T * (A2 * z[:4] - b2) / 2).T * z[4:8]
    assert got == pytest.approx([float(want[0])], rel=1e-11)


def test_implicit_gradient_of_a_fitted_row_beside_rows_without_inputs():
    """Rows of zeros have large residuals and no say; the one row that counts is fitted up to the
    ridge. p = 1.
    """
    rho, alpha = 2.0**-44, 1.0
    problem = qm.DataCleaning(([[1.0], [0.0], [0.0]], [3.0, -1.5, 0.5]), ([[-1.0]], [-2.0]), rho)
    got = qm.OuterLoss(problem, GD).implicit([alpha, -2.5, 1.25])
    with mp.workdps(60):
        s = 1 / (1 + mp.exp(-mp.mpf(alpha)))
        H = s / 3 + mp.mpf(rho)
        w = s / H
        # the residual w - 3 is -3 rho / H
        want = -(s * (1 - s) / 3) * (-3 * mp.mpf(rho) / H) * (w - 2) / H
    assert got == pytest.approx([float(want), 0, 0], rel=1e-12, abs=0)
