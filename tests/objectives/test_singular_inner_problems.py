"""Hypergradients where the data do not determine the inner minimum: few samples, equal columns, no
or tiny ridges.

The oracles solve and unroll at 120 digits with the data as they are; nothing of the package enters
them.
"""

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm

TRAIN, HELD_OUT = ([[1, 2, 3], [2, 0, 1]], [1, -1]), ([[1, 1, 0], [0, 1, 2], [1, 0, 1]], [1, 2, 0])
DIGITS = 120


def matrix(x):
    return mp.matrix(np.asarray(x, dtype=float).tolist())


def column(y):
    return np.reshape(y, (len(y), -1))


class Oracle:
    """L_1 = sum_k phi_k ||X_k W - Y_k||^2 / (2 n_k) + rho ||W||^2 / 2 and its derivatives in the
    phi_k and in rho.
    """

    def __init__(self, tasks, outer, phi, rho):
        self.tasks = [(matrix(X), matrix(column(Y))) for X, Y in tasks]
        self.outer = (matrix(outer[0]), matrix(column(outer[1])))
        self.phi = [mp.mpf(a) for a in phi]
        self.p, self.rho = self.tasks[0][0].cols, mp.mpf(rho)
        self.parts = [(X.T * X / X.rows, X.T * Y / X.rows) for X, Y in self.tasks]
        self.H = self.rho * mp.eye(self.p)
        self.B = mp.zeros(self.p, self.outer[1].cols)
        for a, (G, m) in zip(self.phi, self.parts, strict=True):
            self.H, self.B = self.H + a * G, self.B + a * m

    def slope(self, W):
        X, Y = self.outer
        return X.T * (X * W - Y) / X.rows

    def implicit(self):
        """-<H_k W - b_k, V> for every phi_k, then for rho."""
        W = mp.lu_solve(self.H, self.B) if self.B.cols == 1 else mp.inverse(self.H) * self.B
        g = self.slope(W)
        V = mp.lu_solve(self.H, g) if g.cols == 1 else mp.inverse(self.H) * g
        directions = [G * W - m for G, m in self.parts] + [W]
        return [-mp.fsum(a * b for a, b in zip(D, V, strict=True)) for D in directions]

    def unrolled(self, eta, T, start):
        """Reverse mode through T steps."""
        with mp.workdps(DIGITS):
            W, eta = matrix(start), mp.mpf(eta)
            states = [W]
            for _ in range(T):
                states.append(states[-1] - eta * (self.H * states[-1] - self.B))
            v, total = self.slope(states[-1]), [mp.mpf(0)] * (len(self.parts) + 1)
            for W in reversed(states[:-1]):
                directions = [G * W - m for G, m in self.parts] + [W]
                total = [
                    t - eta * mp.fsum(a * b for a, b in zip(D, v, strict=True))
                    for t, D in zip(total, directions, strict=True)
                ]
                v = v - eta * (self.H * v)
            return total


def relative(got, want):
    want = np.array([float(x) for x in want])
    return np.abs(np.asarray(got) - want).max() / np.abs(want).max()


def loss(problem, T=2000, eta=0.1):
    return qm.OuterLoss(problem, qm.GradientDescent(T, eta))


@pytest.mark.parametrize("ridge", [1e-2, 1e-6, 1e-8, 1e-9, 1e-12, 1e-14, 1e-40, 1e-300])
def test_two_samples_and_three_features(ridge):
    found = loss(qm.Ridge(TRAIN, HELD_OUT)).implicit([ridge])
    with mp.workdps(1000):
        want = Oracle([TRAIN], HELD_OUT, [1], ridge).implicit()[-1:]
    assert relative(found, want) < 1e-14
    if ridge <= 1e-8:
        assert found[0] == pytest.approx(0.0632611, abs=5e-8)


def test_golden_values_of_ridge_and_sample_weights():
    X, y = [[1, 2, 3], [3, 1, 1]], [1, 2]
    held_out = [[1, 0, 0], [0, 1, 1], [1, 1, 0]], [1, 1, 3]
    ridge = loss(qm.Ridge((X, y), held_out))
    for alpha, want in (
        (1e-2, 0.11263144619102208147),
        (1e-6, 0.11305437003963816356),
        (1e-8, 0.11305441201315348371),
        (1e-12, 0.11305441243708608901),
    ):
        assert ridge.implicit([alpha])[0] == pytest.approx(want, rel=1e-14)
    for rho, want in (
        (1e-2, (1.19990945410650486e-4, -12.4209603273666245e-4)),
        (1e-6, (1.22313436641038226e-8, -12.5285671306271779e-8)),
        (1e-10, (1.22313671672882183e-12, -12.5285779595937205e-12)),
    ):
        found = loss(qm.DataCleaning((X, y), held_out, rho)).implicit([0.0, 0.0])
        np.testing.assert_allclose(found, want, rtol=1e-13)


def designs(seed):
    """Designs by name: few rows, equal columns, dependent rows and columns, and singular values of
    ratio up to 10^4.
    """
    rng = np.random.default_rng(seed)

    def graded(n, p, r, ratio):
        U, V = (np.linalg.qr(rng.standard_normal((k, r)))[0] for k in (n, p))
        return U * np.geomspace(1, 1 / ratio, r) @ V.T

    wide, tall = rng.standard_normal((3, 6)), rng.integers(-3, 4, (7, 2)).astype(float)
    return {
        "few": wide,
        "equal columns": np.column_stack([tall, tall[:, :1], tall[:, 0] - 2 * tall[:, 1]]),
        "equal rows": np.vstack([wide, wide[:2]]),
        "graded few": graded(4, 6, 4, 1e4),
        "graded many": graded(8, 4, 4, 1e4),
        "beyond": graded(6, 4, 4, 1e7),
        "zero column": wide * (np.arange(6) > 0),
    }


CASES = [(name, ridge) for name in designs(0) for ridge in (1e-14, 1e-10, 1e-5, 1.0)]


@pytest.mark.parametrize("name, ridge", CASES)
@pytest.mark.parametrize("outputs", [1, 2])
def test_implicit_at_every_ridge(name, ridge, outputs):
    rng = np.random.default_rng(1)
    X = designs(0)[name]
    n, p = X.shape
    Y, outer = (
        rng.standard_normal((n, outputs)),
        (rng.standard_normal((5, p)), rng.standard_normal((5, outputs))),
    )
    with mp.workdps(DIGITS):
        want = Oracle([(X, Y)], outer, [1], ridge).implicit()[-1:]
        assert relative(loss(qm.Ridge((X, Y), outer)).implicit([ridge]), want) < 1e-12
        alpha = rng.standard_normal(n)
        weights = [1 / (1 + mp.exp(-mp.mpf(float(a)))) for a in alpha]
        samples = Oracle(
            [(X[i : i + 1], Y[i : i + 1]) for i in range(n)], outer, [w / n for w in weights], ridge
        )
        want = [w * (1 - w) / n * x for w, x in zip(weights, samples.implicit(), strict=False)]
    # float64 rounds the weights themselves
    assert relative(loss(qm.DataCleaning((X, Y), outer, ridge)).implicit(alpha), want) < 1e-10


@pytest.mark.parametrize(
    "phi", [(1.0, 0.5, 2.0), (1.0, 0.0, 2.0), (0.0, 0.0, 1.0), (1.0, 1e-30, 0.0)]
)
@pytest.mark.parametrize("ridge", [1e-14, 1e-8, 1e-2])
@pytest.mark.parametrize("shared", [True, False])
def test_implicit_gradients_of_task_weights_with_zeros(phi, ridge, shared):
    rng = np.random.default_rng(2)
    X = [rng.standard_normal((n, 6)) for n in (3, 2, 1)]
    X = [X[0]] * 3 if shared else X
    tasks = [(x, rng.standard_normal(len(x))) for x in X]
    outer = rng.standard_normal((4, 6)), rng.standard_normal(4)
    with mp.workdps(DIGITS):
        want = Oracle(tasks, outer, phi, ridge).implicit()[:-1]
    assert relative(loss(qm.TaskWeights(tasks, outer, ridge)).implicit(phi), want) < 1e-12
    if phi[0] == 1:
        found = loss(qm.AuxiliaryTasks(tasks[0], tasks[1:], outer, ridge)).implicit(phi[1:])
        assert relative(found, want[1:]) < 1e-12


@pytest.mark.parametrize("ratio", [1e3, 1e8, 1e11])
def test_implicit_of_an_ill_conditioned_constant_hessian(ratio):
    rng = np.random.default_rng(3)
    problem = qm.Coupled.random(np.geomspace(1 / ratio, 1, 5), h=3, seed=1)
    alpha = rng.standard_normal(3)
    with mp.workdps(DIGITS):
        H, C = matrix(problem.hessian), matrix(problem.cross)
        W = mp.lu_solve(H, matrix(column(problem.linear)) + C * matrix(column(alpha)))
        want = C.T * mp.lu_solve(
            H, matrix(problem.outer_hessian) * W - matrix(problem.outer_linear)
        )
    assert relative(loss(problem).implicit(alpha), list(want)) < 1e-11


@pytest.mark.parametrize("ridge", [1e-14, 1e-9, 1e-4])
def test_as_many_samples_as_features_leave_no_residual_though_the_hessian_is_good(ridge):
    """The gradient in the weights is O(ridge), a residual that cancels in X W - Y."""
    rng = np.random.default_rng(6)
    X, Y = np.linalg.qr(rng.standard_normal((5, 5)))[0], rng.standard_normal(5)
    outer = rng.standard_normal((4, 5)), rng.standard_normal(4)
    with mp.workdps(DIGITS):
        halves = Oracle(
            [(X[i : i + 1], Y[i : i + 1]) for i in range(5)], outer, [mp.mpf(1) / 10] * 5, ridge
        ).implicit()
        want = [x / 20 for x in halves[:-1]]
    assert relative(loss(qm.DataCleaning((X, Y), outer, ridge)).implicit(np.zeros(5)), want) < 1e-13


def singular():
    rng = np.random.default_rng(4)
    Z = rng.standard_normal((2, 4))
    rank_deficient = ([[1, 0, 0], [0, 1, 0]], [1, -1])
    yield loss(qm.Ridge(TRAIN, HELD_OUT)), [0.0]
    yield loss(qm.Ridge(rank_deficient, HELD_OUT)), [0.0]
    yield loss(qm.DataCleaning(TRAIN, HELD_OUT, 0.0)), [0.0, 1.0]
    yield loss(qm.TaskWeights([TRAIN, TRAIN], HELD_OUT)), [1.0, 0.0]
    yield (
        loss(qm.Coupled(Z.T @ Z, rng.standard_normal((4, 2)), np.ones(4), np.eye(4), np.ones(4))),
        [0.0, 1.0],
    )


@pytest.mark.parametrize("case", range(5))
def test_without_a_ridge_implicit_raises_and_the_unrolled_gradient_is_there(case):
    problem, alpha = list(singular())[case]
    with pytest.raises(ValueError, match="singular to rounding.*add a ridge") as caught:
        problem.implicit(alpha)
    assert "\n" not in str(caught.value)
    short = qm.OuterLoss(problem.problem, qm.GradientDescent(60, 0.05))
    assert relative(short.gradient(alpha), short.definition(alpha)) < 1e-12
    assert (qm.hypergradient(short, alpha, qm.ClosedForm()).value == short.gradient(alpha)).all()


@pytest.mark.parametrize("ridge", [0.0, 1e-14, 1e-6])
@pytest.mark.parametrize("name", ["few", "equal columns", "graded many"])
@pytest.mark.parametrize("warm", [False, True])
def test_unrolled_gradients_at_every_ridge(name, ridge, warm):
    rng = np.random.default_rng(5)
    X = designs(1)[name]
    n, p = X.shape
    Y, outer = rng.standard_normal(n), (rng.standard_normal((5, p)), rng.standard_normal(5))
    start = rng.standard_normal(p) if warm else np.zeros(p)
    T, eta = 20, 0.4 / np.linalg.norm(X, 2) ** 2 * n
    with mp.workdps(DIGITS):
        want = Oracle([(X, Y)], outer, [1], ridge).unrolled(eta, T, column(start))[-1:]
        assert (
            relative(loss(qm.Ridge((X, Y), outer), T, eta).gradient([ridge], start), want) < 1e-12
        )
        tasks = [(X[:1], Y[:1]), (X[1:], Y[1:])]
        phi, eta = [0.7, 0.0], eta / 4
        want = Oracle(tasks, outer, phi, ridge).unrolled(eta, T, column(start))[:-1]
    if ridge:
        assert (
            relative(loss(qm.TaskWeights(tasks, outer, ridge), T, eta).gradient(phi, start), want)
            < 1e-12
        )


@pytest.mark.parametrize("T", [10**3, 10**6, 10**12])
def test_long_unrolled_runs_tend_to_the_ridge_limit(T):
    """-<u, c> = 0.06326108819..., the limit of T -> infinity from w_0 = 0; nothing grows with T."""
    with mp.workdps(DIGITS):
        limit = Oracle([TRAIN], HELD_OUT, [1], mp.mpf(10) ** -50).implicit()[-1]
    found = loss(qm.Ridge(TRAIN, HELD_OUT), T, 0.1).gradient([0.0])
    assert relative(found, [limit]) < (1e-4 if T == 1000 else 1e-14)


def test_a_hessian_of_zeros_has_an_unrolled_gradient():
    """w_T = w_0 + eta T (b + C alpha): F' = eta T C' (H_2 w_T - b_2)."""
    problem = qm.Coupled(np.zeros((2, 2)), np.eye(2), np.ones(2), np.eye(2), np.ones(2))
    found = qm.hypergradient(loss(problem, 50), [0.0, 1.0], qm.ClosedForm())
    assert found.value == pytest.approx([20.0, 45.0], rel=1e-15) and found.notes["2/L"] == np.inf


def test_a_minimum_at_a_small_ridge_lies_in_the_space_of_the_rows():
    problem = qm.Ridge(TRAIN, HELD_OUT)
    with mp.workdps(DIGITS):
        oracle = Oracle([TRAIN], HELD_OUT, [1], 1e-13)
        want = mp.lu_solve(oracle.H, oracle.B)
    assert relative(problem.at([1e-13]).minimizer[:, 0], list(want)) < 1e-14
