"""The loss of a batch of tasks: which modes count, where it is 0, vectors of parameters, every
arithmetic.
"""

from fractions import Fraction as Q

import numpy as np
import pytest

import quadmeta as qm
from tests.refusals import refused

TRANSFORMS = (qm.NaiveObjective, qm.LogObjective, qm.RootObjective)
BATCH = qm.Quadratic.from_spectrum([[1, 3], [2, 5]], weights=[[1, 1], [0.5, 2]])


def number(x):
    return x.to_float() if isinstance(x, qm.SignLog) else x


def orders(objective, theta):
    return [number(f(theta)) for f in (objective, objective.gradient, objective.curvature)]


def test_pooled_tasks_are_one_with_all_active_modes():
    problem = qm.Quadratic.from_spectrum(
        [[1.0, 3.0], [2.0, 5.0]], weights=[[1.0, 0.0], [0.5, 2.0]], active=True
    )
    lam, omega = qm.LogObjective(problem, qm.GradientDescent(3)).spectrum()
    assert lam.tolist() == [1, 2, 5] and omega.tolist() == [0.5, 0.25, 1]
    still = qm.Quadratic.from_spectrum([[1.0, 3.0]] * 2, error=np.zeros((2, 2)))
    nothing = qm.NaiveObjective(still, qm.GradientDescent(3))
    assert [x.tolist() for x in nothing.spectrum()] == [[1], [0]]


@pytest.mark.parametrize("cls", TRANSFORMS)
def test_modes_without_error_count_nowhere(cls):
    """Were their powers taken, they would overflow: (1e3 / 4)^(2 * 10^5)."""
    gd, eta = qm.GradientDescent(10**5), 0.25
    thin = qm.Quadratic.from_spectrum([[1.0, 3.0], [2.0, 5.0]], weights=[[1.0, 1.0], [0.5, 2.0]])
    wide = qm.Quadratic.from_spectrum(
        [[1.0, 3.0, 1e3], [2.0, 5.0, 1e3]], weights=[[1.0, 1.0, 0.0], [0.5, 2.0, 0.0]], active=True
    )
    for pooled in (True, False):
        for order in ("__call__", "gradient", "curvature"):
            a, b = (getattr(cls(p, gd, pooled=pooled), order)(eta) for p in (thin, wide))
            for x, y in (
                ((a.log, b.log), (a.sign, b.sign)) if isinstance(a, qm.SignLog) else ((a, b),)
            ):
                np.testing.assert_allclose(x, y, rtol=1e-12)
        best = [cls(p, gd, pooled=pooled).minimizer() for p in (thin, wide)]
        np.testing.assert_array_equal(*best)


def test_a_task_at_its_minimum_has_the_loss_zero_and_the_others_do_not_notice():
    problem = qm.Quadratic.from_spectrum([[1.0, 3.0], [2.0, 5.0]], error=[[1.0, 1.0], [0.0, 0.0]])
    alone = qm.Quadratic.from_spectrum([1.0, 3.0], error=[1.0, 1.0])
    gd, eta = qm.GradientDescent(3), np.array([[0.1], [0.7]])
    each, one = qm.NaiveObjective(problem, gd, pooled=False), qm.NaiveObjective(alone, gd)
    for got, want in zip(orders(each, eta), orders(one, eta[:, 0]), strict=True):
        np.testing.assert_allclose(got, np.stack([want, 0 * want], axis=1), rtol=1e-14)
    for cls in TRANSFORMS[1:]:
        with pytest.raises(ValueError, match="the initial error is zero"):
            cls(problem, gd, pooled=False)
        assert cls(problem, gd).spectrum()[0].tolist() == [1, 3]


def test_one_task_with_one_eigenvalue_has_no_logarithm_of_its_own():
    problem = qm.Quadratic.from_spectrum([[1.0, 3.0], [2.0, 2.0]], error=np.ones((2, 2)))
    with pytest.raises(ValueError, match="kappa = 1"):
        qm.LogObjective(problem, qm.GradientDescent(3), pooled=False)
    assert np.isfinite(qm.LogObjective(problem, qm.GradientDescent(3))(0.5))


@pytest.mark.parametrize("cls", TRANSFORMS)
@pytest.mark.parametrize("pooled", [True, False])
def test_vectors_of_parameters_by_definition_and_in_batches(cls, pooled):
    problem = BATCH if pooled else qm.Quadratic.from_spectrum([1, 3], weights=[1, 2])
    objective = cls(problem, qm.HeavyBall(4))
    thetas = np.array([[0.2, 0.3], [0.1, 0.7], [0.35, 0.0]])
    for order, many in enumerate(orders(objective, thetas)):
        assert many.shape == (3, *(2,) * order)
        for theta, got in zip(thetas, many, strict=True):
            want = objective.definition(theta, order)
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12 * np.abs(want).max())
            exact = objective.exactly(theta, order, "mpmath")
            exact = np.array(exact, dtype=float)
            np.testing.assert_allclose(got, exact, rtol=1e-12, atol=1e-13 * np.abs(exact).max())
    # a grid of vectors
    grid = number(objective.gradient(np.stack([thetas, thetas])))
    np.testing.assert_array_equal(grid, [orders(objective, thetas)[1]] * 2)


def test_vectors_of_parameters_in_other_arithmetics():
    theta = [Q(1, 5), Q(3, 10)]
    for cls in TRANSFORMS[:2]:
        objective = cls(BATCH, qm.HeavyBall(3))
        for order in (1, 2):
            exact = objective.exactly(theta, order)
            assert exact.dtype == object and all(isinstance(x, Q) for x in exact.flat)
            inside = objective.exactly(theta, order, "interval")
            assert inside.contains(exact).all() and inside.shape == (2,) * order
            if order == 1 or cls is qm.NaiveObjective:
                np.testing.assert_allclose(
                    objective.exactly(theta, order, "signlog").to_float(),
                    exact.astype(float),
                    rtol=1e-12,
                )


@pytest.mark.parametrize("cls", TRANSFORMS[:2])
def test_rational_values_of_a_grid_are_those_of_its_points(cls):
    objective = cls(BATCH, qm.GradientDescent(3))
    grid = np.array([Q(1, 3), Q(1, 7), Q(2)], dtype=object)
    for order in (1, 2):
        assert objective.exactly(grid, order).tolist() == [
            objective.exactly(x, order) for x in grid
        ]


def test_the_mean_over_two_task_axes():
    rng = np.random.default_rng(0)
    lam, error, eta = (
        rng.uniform(1, 5, (2, 3, 4)),
        rng.standard_normal((2, 3, 4)),
        np.array([0.05, 0.3]),
    )
    grid = qm.MeanLogObjective(qm.Quadratic(lam, error), qm.GradientDescent(5))
    flat = qm.MeanLogObjective(
        qm.Quadratic(lam.reshape(6, 4), error.reshape(6, 4)), qm.GradientDescent(5)
    )
    for got, want in zip(orders(grid, eta), orders(flat, eta), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)
    apart = [
        qm.LogObjective(qm.Quadratic(*x), qm.GradientDescent(5))(eta)
        for x in zip(lam.reshape(6, 4), error.reshape(6, 4), strict=True)
    ]
    np.testing.assert_allclose(grid(eta), np.mean(apart, axis=0), rtol=1e-13)


def test_a_loss_that_reaches_zero_at_some_parameters_has_no_logarithm_there():
    """Two step sizes 1/lambda_i take both modes to 0."""
    problem = qm.Quadratic.from_spectrum([1.0, 4.0], weights=[1.0, 1.0])
    log, naive = (cls(problem, qm.Schedule(2)) for cls in (qm.LogObjective, qm.NaiveObjective))
    with pytest.raises(
        ValueError, match="the loss is 0 at an entry of .* where its logarithm has a pole"
    ):
        log([[0.3, 0.4], [1.0, 0.25]])
    assert np.isfinite(log([[0.3, 0.4], [1.0, 0.3]])).all()
    assert naive([[0.3, 0.4], [1.0, 0.25]]).sign.tolist() == [1, 0]


BAD = {
    "each task of a vector": (
        lambda: qm.LogObjective(BATCH, qm.HeavyBall(3), pooled=False),
        "pass pooled=True",
    ),
    "two vectors": (
        lambda: qm.NaiveObjective(BATCH, qm.HeavyBall(3)).exactly([[Q(1), Q(0)]] * 2),
        "one vector",
    ),
    "two definitions": (
        lambda: qm.NaiveObjective(BATCH, qm.GradientDescent(3)).definition([0.1, 0.2]),
        "one theta",
    ),
    "vectors of another length": (
        lambda: qm.NaiveObjective(BATCH, qm.HeavyBall(3))([0.1]),
        "one entry a parameter",
    ),
    "a huge eigenvalue": (
        lambda: qm.NaiveObjective(
            qm.Quadratic.from_spectrum([1.0, 1e100], seed=0), qm.GradientDescent(3)
        )(1e60),
        "exceeds 1e150",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()


def test_the_largest_step_sizes_are_taken():
    problem = qm.Quadratic.from_spectrum([1.0, 1e100], weights=[1.0, 1.0])
    value = qm.NaiveObjective(problem, qm.GradientDescent(3))(9e49)
    assert value.log == pytest.approx(6 * np.log(9e149), rel=1e-12)


def test_reprs_say_what_is_transformed():
    gd = qm.GradientDescent(3)
    assert repr(qm.LogObjective(BATCH, gd)) == f"LogObjective({BATCH!r}, {gd!r})"
    assert (
        repr(qm.LogObjective(BATCH, gd, pooled=False))
        == f"LogObjective({BATCH!r}, {gd!r}, each task)"
    )
