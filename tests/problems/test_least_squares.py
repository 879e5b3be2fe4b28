"""Least squares, its averages and its limit against unrolled gradient descent on the data
themselves.
"""

from fractions import Fraction as Q
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

import quadmeta as qm
from tests.refusals import refused

LOSSES = (qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk)


def data(n, d, sigma, norm, seed, k, n2):
    """The draws of task k, as they are documented: w_*, X, noise, validation X and noise."""
    rng = np.random.default_rng([seed, k])
    w = rng.standard_normal(d)
    w *= norm / np.linalg.norm(w)
    X, xi = rng.standard_normal((n, d)), rng.standard_normal(n)
    X2, xi2 = rng.standard_normal((n2, d)), rng.standard_normal(n2)
    return w, X, X @ w + sigma * xi, X2, X2 @ w + sigma * xi2


def unrolled(X, y, eta, T):
    """w_T and its first two derivatives in eta, by loops over the data."""
    H, w = X.T @ X / len(y), np.zeros(X.shape[1])
    z, u = np.zeros_like(w), np.zeros_like(w)
    for _ in range(T):
        g = H @ w - X.T @ y / len(y)
        u = u - 2 * H @ z - eta * H @ u
        z = z - g - eta * H @ z
        w = w - eta * g
    return w, z, u


@pytest.mark.parametrize("loss", LOSSES)
@given(
    n=st.integers(1, 9),
    d=st.integers(1, 9),
    T=st.integers(1, 30),
    seed=st.integers(0, 10**6),
    x=st.sampled_from([0.0, 1e-9, 1.0, 2.0]) | st.floats(1e-3, 2),
)
# a square design of ratio 1e3 between its singular values, at the start: the risk is |w_*|^2
@example(n=6, d=6, T=1, seed=1, x=0.0)
def test_formulas_equal_unrolled_descent_on_the_data(loss, n, d, T, seed, x):
    w_star, X, y, X2, y2 = data(n, d, 0.7, 1.3, seed, 1, 4)
    problem = qm.LeastSquares.draw(n, d, 0.7, 1.3, seed, tasks=2, validation=4)
    eta = x / problem.eigenvalues.max()
    objective = loss(problem, qm.GradientDescent(T), pooled=False)
    w, z, u = unrolled(X, y, eta, T)
    A, b, scale = {
        "TrainByTrain": (X, y, 2 * n),
        "TrainByValidation": (X2, y2, 8),
        "PopulationRisk": (np.eye(d), w_star, 1),
    }[loss.__name__]
    r, Az, Au = A @ w - b, A @ z, A @ u
    want = np.array([r @ r, 2 * r @ Az, 2 * (Az @ Az + r @ Au)]) / scale
    # errors scale with the terms that are summed
    reach = T * problem.eigenvalues.max()
    size = np.array([1, reach, reach**2]) * (b @ b + (A @ w) @ (A @ w)) / scale
    values = [f(eta)[1] for f in (objective, objective.gradient, objective.curvature)]
    got = np.array([value.sign * np.exp(max(value.log, -700)) for value in values])
    assert (np.abs(got - want) <= 1e-12 * (np.abs(want) + size)).all()
    if objective(eta).log.min() > -700:  # the definition is a float, and refuses what none holds
        assert abs(got[0] - objective.definition(eta)[1]) <= 1e-12 * size[0]


def test_derivatives_against_fifty_digit_differences():
    import mpmath as mp

    p = qm.MarchenkoPastur.of(1.6, 0.8, 12)
    for loss in LOSSES:
        objective = loss(p, qm.GradientDescent(12))
        for eta in (0.01, 0.3, 0.9):
            with mp.workdps(60):
                h = mp.mpf(10) ** -20
                at = [objective.exactly(mp.mpf(eta) + k * h, 0, "mpmath", 60) for k in (-1, 0, 1)]
                first, second = (at[2] - at[0]) / (2 * h), (at[2] - 2 * at[1] + at[0]) / h**2
                assert abs(objective.gradient(eta).to_float() / first - 1) < 1e-12
                assert abs(objective.curvature(eta).to_float() / second - 1) < 1e-10


def test_golden_rational_instance():
    a = qm.AveragedLeastSquares.of([0.5, 1, 2], n=4, d=3, sigma=2.0, norm=np.sqrt(3))
    risk, train = (
        qm.PopulationRisk(a, qm.GradientDescent(2)),
        qm.TrainByTrain(a, qm.GradientDescent(2)),
    )
    assert [risk(0.5).to_float(), risk.gradient(0.5).to_float()] == pytest.approx(
        [467 / 256, 47 / 32], rel=1e-15
    )
    assert [train(0.5).to_float(), train.gradient(0.5).to_float()] == pytest.approx(
        [819 / 1024, -145 / 128], rel=1e-15
    )
    unit = qm.AveragedLeastSquares.of([0.5, 1, 2], n=4, d=4, sigma=2.0, norm=2.0)
    assert isinstance(qm.PopulationRisk(unit, qm.GradientDescent(2)).exactly(Q(1, 2)), Q)


def test_golden_limit_instance():
    p, gd = qm.MarchenkoPastur.of(1.6, np.sqrt(0.7), 7), qm.GradientDescent(7)
    risk, train = qm.PopulationRisk(p, gd), qm.TrainByTrain(p, gd)
    assert risk(0.3).to_float() == pytest.approx(0.8586425316614241, rel=2e-15)
    assert train(0.3).to_float() == pytest.approx(0.038542409994974, abs=5e-16)
    assert [train.minimizer(), risk.minimizer()] == pytest.approx(
        [0.3670100682, 0.07802273], abs=5e-9
    )
    assert risk(train.minimizer()).to_float() == pytest.approx(0.9109690384, abs=1e-10)
    assert risk(risk.minimizer()).to_float() == pytest.approx(0.6969153561, abs=1e-10)
    one = qm.GradientDescent(1)
    assert qm.PopulationRisk(p, one).minimizer() == pytest.approx(0.2688172043, abs=1e-10)
    assert qm.TrainByTrain(p, one).minimizer() == pytest.approx(0.3300212917, abs=1e-10)


@cache
def many_nodes(aspect, steps):
    """The same for several T."""
    return qm.MarchenkoPastur.of(aspect, 0.9, steps)


@pytest.mark.parametrize("aspect", [0.02, 0.5, 0.999999, 1.0, 1.6, 30.0])
@pytest.mark.parametrize("T", [1, 4, 40])
def test_quadrature_is_exact_from_T_plus_one_nodes(aspect, T):
    """T + 1 nodes equal 20,001 nodes to 1e-14 of ||w_*||^2 + sigma^2, also where the training loss
    underflows; few steps are compared with 2,001, which are as exact for them.
    """
    few = qm.MarchenkoPastur.of(aspect, 0.9, T)
    many = many_nodes(aspect, 20000 if T == 40 else 2000)
    gd = qm.GradientDescent(T)
    for eta in np.array([0.0, 0.1, 0.7, 1.0, 1.9]) / (1 + np.sqrt(aspect)) ** 2:
        for loss in LOSSES:
            assert abs(loss(few, gd)(eta).to_float() - loss(many, gd)(eta).to_float()) <= 1e-14 * (
                1 + 0.81
            )
            slopes = [loss(p, gd).gradient(eta).to_float() for p in (few, many)]
            assert abs(slopes[0] - slopes[1]) <= 1e-12 * T * (1 + aspect)


def test_quadrature_with_too_few_nodes_is_wrong_and_refused():
    p, gd = qm.MarchenkoPastur.of(0.8, 1.0, 6), qm.GradientDescent(9)
    with pytest.raises(ValueError, match="steps = 9 exceeds the 6"):
        qm.PopulationRisk(p, gd)
    object.__setattr__(p, "exact_steps", None)
    exact = qm.PopulationRisk(qm.MarchenkoPastur.of(0.8, 1.0, 9), gd)(0.4).to_float()
    assert abs(qm.PopulationRisk(p, gd)(0.4).to_float() - exact) > 1e-9


def test_exact_limit_through_rational_moments():
    """E_Q[g] = e_1'g(A)e_1 with A tridiagonal Toeplitz (1 + psi; 1; psi): gradient descent over
    the rationals.
    """
    psi, s, T, eta = Q(8, 5), Q(7, 10), 7, Q(3, 10)
    N = T + 1
    h = [Q(0)] * N
    for _ in range(T):
        Ah = [
            (1 + psi) * h[k] + (h[k + 1] if k + 1 < N else 0) + (psi * h[k - 1] if k else 0)
            for k in range(N)
        ]
        h = [h[k] - eta * (Ah[k] - (k == 0)) for k in range(N)]
    # risk = 1 - 2 E[h] + E[(l + delta) h^2]; (h^2)(A)e_1 needs h(A) applied twice: use moments of
    # degree 2T by the symmetric pairing <h, D h> with D = diag(psi^-k), which symmetrises A
    Ah = [
        (1 + psi) * h[k] + (h[k + 1] if k + 1 < N else 0) + (psi * h[k - 1] if k else 0)
        for k in range(N)
    ]
    pair = [
        sum(a * b * psi**-k for k, (a, b) in enumerate(zip(h, x, strict=True))) for x in (Ah, h)
    ]
    want = 1 - 2 * h[0] + pair[0] + s * psi * pair[1]
    got = qm.PopulationRisk(qm.MarchenkoPastur.of(1.6, np.sqrt(0.7), T), qm.GradientDescent(T))(
        0.3
    ).to_float()
    assert got == pytest.approx(float(want), rel=2e-15)


@pytest.mark.parametrize(("n", "d"), [(400, 800), (800, 400)])
def test_simulation_agrees_with_the_limit(n, d):
    """Mean over tasks within 3 standard errors plus the O(1/n) bias."""
    problem = qm.LeastSquares.draw(n, d, 0.8, seed=1, tasks=6)
    gd = qm.GradientDescent(10)
    limit = qm.MarchenkoPastur.of(d / n, 0.8, 10)
    eta = np.array([0.05, 0.5, 1.0]) / (1 + np.sqrt(d / n)) ** 2
    for loss in (qm.TrainByTrain, qm.PopulationRisk):
        each = loss(problem, gd, pooled=False)(eta[:, None]).to_float()
        error = np.abs(each.mean(axis=1) - loss(limit, gd)(eta).to_float())
        assert (error <= 3 * each.std(axis=1, ddof=1) / np.sqrt(6) + 2 * (1 + 0.64) / n).all()


def test_one_decomposition_serves_every_noise_level():
    p = qm.LeastSquares.draw(6, 4, 1.0, seed=2, tasks=3, validation=2)
    for loss in LOSSES:
        a = loss(p.at_sigma(0.3), qm.GradientDescent(5))(0.2)
        assert a == loss(
            qm.LeastSquares.draw(6, 4, 0.3, seed=2, tasks=3, validation=2), qm.GradientDescent(5)
        )(0.2)


def test_train_by_train_is_the_naive_objective_plus_its_floor():
    p, gd = qm.LeastSquares.draw(9, 4, 1.0, seed=0, tasks=3), qm.GradientDescent(6)
    naive = qm.NaiveObjective(p, gd)(0.3).to_float()
    assert qm.TrainByTrain(p, gd)(0.3).to_float() == pytest.approx(
        naive + p.floor.mean(), rel=1e-14
    )
    assert qm.TrainByTrain(p, gd).minimizer() == qm.LogObjective(p, gd).minimizer()


def test_rank_deficient_and_constant_columns_mean_the_minimum_norm_solution():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 5)), rng.standard_normal(12)
    X[:, 3], X[:, 4] = 0.0, X[:, 0]
    X = np.column_stack([X, np.ones(12)])
    p = qm.LeastSquares.from_data(X, y, validation=(X[:5], y[:5]))
    assert p.eigenvalues.shape == (4,)
    w, _, _ = unrolled(X, y, 0.2, 400)
    assert qm.TrainByTrain(p, qm.GradientDescent(400))(0.2).to_float() == pytest.approx(
        np.sum((X @ w - y) ** 2) / 24, rel=1e-12
    )
    assert qm.TrainByValidation(p, qm.GradientDescent(400))(0.2).to_float() == pytest.approx(
        np.sum((X[:5] @ w - y[:5]) ** 2) / 10, rel=1e-12
    )
    np.testing.assert_allclose(
        np.linalg.norm(p.fitted), np.linalg.norm(np.linalg.pinv(X) @ y), rtol=1e-12
    )


@pytest.mark.parametrize("n2", [1, 4, 8, 9, 30])  # X_2 V by X_2 X', from d on by V
@pytest.mark.parametrize("kappa", [1, 90, 1e4])  # of X; the last by its singular values
def test_few_and_many_rows_of_validation_mean_the_same(n2, kappa):
    rng = np.random.default_rng(n2)
    left, right = (np.linalg.qr(rng.standard_normal(shape))[0] for shape in ((5, 5), (9, 5)))
    X = left * np.geomspace(1, 1 / kappa, 5) @ right.T
    y, X2, y2 = rng.standard_normal(5), rng.standard_normal((n2, 9)), rng.standard_normal(n2)
    p = qm.LeastSquares.from_data([X, 2 * X], [y, y], ([X2, -X2], [y2, y2]))
    w, _, _ = unrolled(X, y, 4.0, 50)
    loss = qm.TrainByValidation(p, qm.GradientDescent(50), pooled=False)([4.0, 1.0]).to_float()
    want = [np.sum((X2 @ w - y2) ** 2), np.sum((X2 @ w / 2 + y2) ** 2)]
    size = (np.linalg.norm(X2) * kappa * np.linalg.norm(y) + np.linalg.norm(y2)) ** 2
    np.testing.assert_allclose(loss, np.array(want) / (2 * n2), rtol=0, atol=1e-15 * size / n2)


LS = qm.LeastSquares
GD = qm.GradientDescent(2)
BAD = {
    "n": (lambda: LS.draw(0, 3, 1.0), "n = 0"),
    "d": (lambda: LS.draw(3, 0, 1.0), "d = 0"),
    "sigma": (lambda: LS.draw(3, 3, -1.0), "sigma = -1.0"),
    "NaN sigma": (lambda: LS.draw(3, 3, np.nan), "sigma"),
    "n2": (lambda: LS.draw(3, 3, 1.0, validation=-2), "validation = -2"),
    "tasks": (lambda: LS.draw(3, 3, 1.0, tasks=0), "tasks = 0"),
    "no validation": (lambda: qm.TrainByValidation(LS.draw(3, 3, 1.0), GD), "n2 = 0"),
    "unknown risk": (lambda: qm.PopulationRisk(LS.from_data(np.eye(2), np.ones(2)), GD), "unknown"),
    "real sigma": (lambda: LS.from_data(np.eye(2), np.ones(2)).at_sigma(2.0), "part of the data"),
    "shapes": (lambda: LS.from_data(np.eye(2), np.ones(3)), "X has shape"),
    "validation shapes": (
        lambda: LS.from_data(np.eye(2), np.ones(2), (np.ones((1, 3)), np.ones(1))),
        "validation",
    ),
    "zero X": (lambda: LS.from_data(np.zeros((2, 2)), np.ones(2)), "X is zero"),
    "NaN X": (lambda: LS.from_data([[np.nan]], [1.0]), "X has the non-finite"),
    "aspect": (lambda: qm.MarchenkoPastur.of(0.0, 1.0, 3), "aspect = 0.0"),
    "steps": (lambda: qm.MarchenkoPastur.of(1.0, 1.0, 3).require(4), "steps = 4"),
    "quadratic": (lambda: qm.TrainByTrain(qm.Quadratic.random(3, 0), GD), "least-squares problem"),
    "record": (lambda: qm.AveragedLeastSquares.of([1.0, 2.0], n=1, d=5, sigma=1.0), "eigenvalues"),
    "truncation": (
        lambda: qm.TrainByTrain(LS.draw(3, 3, 1.0), GD, truncation=-1.0),
        "truncation = -1.0",
    ),
    "limit truncation": (
        lambda: qm.TrainByTrain(qm.MarchenkoPastur.of(1.0, 1.0, 3), GD, truncation=1.0),
        "realised",
    ),
    "task shapes": (
        lambda: qm.TrainByTrain(LS.draw(3, 3, 1.0, tasks=2), GD, pooled=False)(np.ones(3)),
        "broadcast",
    ),
    "norm": (lambda: LS.draw(3, 3, 1.0, norm=-1), "norm = -1 must be a number >= 0"),
    "huge norm": (lambda: LS.draw(3, 3, 1.0, norm=1e200), "norm has the entry 1e.200.*rescale"),
    "seed": (lambda: LS.draw(3, 3, 1.0, seed=-1), "seed = -1"),
    "text sigma": (lambda: LS.draw(3, 3, "1.0"), "sigma"),
    "no pair": (
        lambda: LS.from_data(np.eye(2), np.ones(2), 5),
        r"validation is 5, it must be a pair \(X2, y2\)",
    ),
    "one of a pair": (
        lambda: LS.from_data(np.eye(2), np.ones(2), (np.eye(2),)),
        "validation is tuple of 1",
    ),
    "masked y": (
        lambda: LS.from_data(np.eye(2), np.ma.masked_equal([1.0, 2.0], 2)),
        "y is a masked array",
    ),
    "complex X": (lambda: LS.from_data(np.eye(2) * 1j, np.ones(2)), "X = .* complex"),
    "huge X": (
        lambda: LS.from_data(np.eye(2) * 1e100, np.ones(2)),
        "X has the entry 1e.100.*rescale",
    ),
    "outer": (
        lambda: LS.from_data(np.eye(2), np.ones(2)).outer("valid"),
        "did you mean 'validation'",
    ),
    "averaged outer": (lambda: qm.MarchenkoPastur.of(1.0, 1.0, 3).outer("abc"), "name = 'abc'"),
    "averaged sigma": (
        lambda: qm.AveragedLeastSquares.of([1.0], 3, 3, sigma=-1),
        "sigma = -1 must be a number >= 0",
    ),
    "averaged norm": (
        lambda: qm.AveragedLeastSquares.of([1.0], 3, 3, 1.0, norm=-1.0),
        "norm = -1.0",
    ),
    "averaged lambda": (lambda: qm.AveragedLeastSquares.of([-1.0], 3, 3, 1.0), "positive numbers"),
    "limit norm": (lambda: qm.MarchenkoPastur.of(1.0, 1.0, 3, norm=-1.0), "norm = -1.0"),
    "limit steps": (lambda: qm.MarchenkoPastur.of(1.0, 1.0, 2.5), "steps = 2.5"),
    "record lambda": (
        lambda: LS([-1.0], [1.0], [1.0], 0.0, 0.0, 3, 3),
        "eigenvalues has the entry -1",
    ),
    "record signal": (lambda: LS([1.0], [1.0, 2.0], [1.0], 0.0, 0.0, 3, 3), "signal has shape"),
    "record residual": (
        lambda: LS([1.0], [1.0], [1.0], -1.0, 0.0, 3, 3),
        "residual has the negative entry",
    ),
    "record modes": (
        lambda: LS([1.0, 2.0], [1.0, 1.0], [1.0, 1.0], 0.0, 0.0, 1, 3),
        "eigenvalues has 2 modes",
    ),
    "record held out": (
        lambda: LS([1.0], [1.0], [1.0], 0.0, 0.0, 3, 3, 1.0, (1, 2)),
        "validation must hold",
    ),
    "record known": (
        lambda: LS([1.0], [1.0], [1.0], 0.0, 0.0, 3, 3, 1.0, None, "yes"),
        "known = 'yes'",
    ),
    "exact dense": (
        lambda: qm.TrainByValidation(LS.draw(3, 3, 1.0, validation=2), GD).exactly(0.1),
        "separable",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()


@pytest.mark.parametrize("shape", [(30, 30), (40, 20), (20, 40)])
@pytest.mark.parametrize("ratio", [10.0, 90.0, 110.0, 5e3, 1.5e4])
def test_the_loss_before_training_is_that_of_the_data(shape, ratio):
    """Whatever the ratio of the singular values: both factors of X are orthonormal."""
    rng = np.random.default_rng(0)
    U, _, V = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    X = (U * np.geomspace(1, 1 / ratio, min(shape))) @ V
    y = rng.standard_normal(shape[0])
    objective = qm.TrainByTrain(qm.LeastSquares.from_data(X, y), qm.GradientDescent(3))
    # a hundred: the largest ratio for which X'X is formed, 4 eps ratio^2 is missing there
    assert objective(0.0).to_float() == pytest.approx(
        y @ y / (2 * shape[0]), rel=1e-11 * (ratio < 100) + 1e-14
    )


def test_the_risk_before_training_is_the_norm_of_the_target():
    problem = qm.LeastSquares.draw(9, 9, 0.7, norm=1.3, seed=383659, tasks=2)
    assert np.sqrt(problem.eigenvalues[:, -1] / problem.eigenvalues[:, 0]).max() > 3000
    risk = qm.PopulationRisk(problem, qm.GradientDescent(18), pooled=False)(0.0)
    assert risk.to_float() == pytest.approx(1.69, rel=1e-14)
