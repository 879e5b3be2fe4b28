"""For every objective: the closed form equals the definition by loops and the plain formula in
exact arithmetic.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import quadmeta as qm
from tests.refusals import refused

# it has its own contract test
OBJECTIVES = [name for name in qm.members("objectives") if name not in ("outer_loss", "joint_loss")]
TRANSFORMS = [
    name for name in OBJECTIVES if not hasattr(qm.members("objectives")[name], "truncation")
]
ORDERS = ("__call__", "gradient", "curvature")


def instance(name, seed, T, tasks=3, d=4):
    if name not in TRANSFORMS:
        return qm.members("objectives")[name](
            qm.LeastSquares.draw(5, d, 0.7, seed=seed, tasks=tasks, validation=3),
            qm.GradientDescent(T),
        )
    rng = np.random.default_rng(seed)
    problems = []
    for _ in range(tasks):
        X = rng.standard_normal((d + 3, d)) / np.sqrt(d)
        problems.append(
            qm.Quadratic.from_matrix(
                X.T @ X, start=rng.standard_normal(d), minimizer=rng.standard_normal(d), floor=7.0
            )
        )
    return qm.members("objectives")[name](qm.Quadratic.stack(problems), qm.GradientDescent(T))


def value(objective, order, eta):
    """The derivative as float64."""
    result = getattr(objective, ORDERS[order])(eta)
    return result.sign * np.exp(result.log) if isinstance(result, qm.SignLog) else result


@pytest.mark.parametrize("name", OBJECTIVES)
@given(seed=st.integers(0, 10**6), T=st.integers(1, 25), x=st.floats(0, 2.5))
# the ends of both ranges and the step of the largest eigenvalue; an example takes 50 ms
@example(seed=1, T=1, x=0.0)
@example(seed=2, T=1, x=2.5)
@example(seed=3, T=25, x=1.0)
@example(seed=4, T=25, x=2.5)
@settings(max_examples=15)
def test_closed_form_is_the_definition(name, seed, T, x):
    objective = instance(name, seed, T)
    lam = objective.problem.eigenvalues
    eta = x / lam.max()
    sizes = [np.abs(value(objective, k, eta)) for k in range(3)]
    scale = sizes[0] + max(sizes[0], 1) * 2 * T * lam.max() ** np.arange(1, 3).max()
    # the definition subtracts the floor 7 from a loss that may be far below it
    lost = 0.0
    if name in TRANSFORMS:
        each = qm.NaiveObjective(objective.problem, objective.optimizer, pooled=False)
        lost = 100 * 2.2e-16 / each(eta).to_float().min()
    for order in range(3):
        # dense input: rounded eigenvalues count eta L T eps, derivatives of eigenvalue order one
        # more factor T L each
        tolerance = (
            (1e-12 + 10 * 2.2e-16 * eta * lam.max() * T)
            * max(scale, sizes[order])
            * (T * lam.max()) ** order
        )
        condition = 1 / min(1.0, np.abs(1 - eta * lam).min() + 1e-3) ** 2
        error = abs(value(objective, order, eta) - objective.definition(eta, order))
        assert error <= tolerance * condition + lost * (T * lam.max()) ** order


@pytest.mark.parametrize("name", TRANSFORMS)
@given(seed=st.integers(0, 10**6), T=st.integers(1, 40), x=st.floats(0, 2.5))
@example(seed=1, T=1, x=0.0)
@example(seed=2, T=40, x=1.0)
@example(seed=3, T=40, x=2.5)
@settings(max_examples=25)
def test_closed_form_is_the_plain_formula_at_fifty_digits(name, seed, T, x):
    objective = instance(name, seed, T)
    eta = x / objective.problem.eigenvalues.max()
    wants = [objective.exactly(eta, order, "mpmath") for order in range(3)]
    for order, want in enumerate(wants):
        with mp.workdps(50):
            scale = max(abs(want), abs(wants[0]) * objective.problem.eigenvalues.max() ** order)
            assert abs(value(objective, order, eta) - want) <= 1e-11 * scale


@pytest.mark.parametrize("name", TRANSFORMS)
def test_derivatives_in_rationals_are_exact_and_agree_with_intervals(name):
    p = qm.Quadratic.from_spectrum([[1, 3], [2, 5]], weights=[[1, 1], [0.5, 2]])
    objective = qm.members("objectives")[name](p, qm.GradientDescent(2))
    if name == "root_objective":
        with pytest.raises(TypeError, match="not one"):
            objective.exactly(Q(1, 2), 1)
        return
    exact = objective.exactly(Q(1, 3), 1)
    assert isinstance(exact, Q) and value(objective, 1, 1 / 3) == pytest.approx(
        float(exact), rel=1e-14
    )
    assert objective.exactly(Q(1, 3), 1, "interval").contains(exact)


def test_golden_instance():
    p = qm.Quadratic.from_spectrum([1, 3], weights=[1, 1])
    gd = qm.GradientDescent(2)
    naive, log, root = qm.NaiveObjective(p, gd), qm.LogObjective(p, gd), qm.RootObjective(p, gd)
    assert [naive.exactly(Q(1, 2), k) for k in range(3)] == [Q(1, 8), 1, 30]
    assert [log.exactly(Q(1, 2), k) for k in (1, 2)] == [4, 88]
    assert (log.gradient(0.5), log.curvature(0.5)) == (4.0, 88.0)
    for objective in (naive, log, root):
        assert objective.minimizer() == pytest.approx(
            (1 + 3 ** (1 / 3)) / (1 + 3 * 3 ** (1 / 3)), rel=1e-15
        )


def test_nothing_overflows_at_a_billion_steps():
    p = qm.Quadratic.from_spectrum(qm.spectra.geometric(0.01, 1, 20), seed=0)
    naive, log = (cls(p, qm.GradientDescent(10**9)) for cls in (qm.NaiveObjective, qm.LogObjective))
    eta = np.array([0, 0.3, 1.5, 2.5, 250.0])
    for order in ORDERS:
        assert (
            np.isfinite(getattr(naive, order)(eta).log).all()
            and np.isfinite(getattr(log, order)(eta)).all()
        )
    np.testing.assert_allclose(naive(eta).log / 1e9, log(eta), rtol=1e-15)
    with pytest.raises(OverflowError):
        naive(2.5).to_float()


def test_result_does_not_depend_on_blocks_or_on_the_other_points(monkeypatch):
    p = qm.Quadratic.random(7, seed=0, tasks=5)
    eta = np.linspace(0, 1, 101)
    for objective in (
        qm.LogObjective(p, qm.GradientDescent(30)),
        qm.MeanLogObjective(p, qm.GradientDescent(30)),
    ):
        whole = objective.gradient(eta)
        monkeypatch.setattr("quadmeta.objectives.parts.polynomial.BLOCK", 70)
        np.testing.assert_array_equal(objective.gradient(eta), whole)
        np.testing.assert_array_equal([objective.gradient(x) for x in eta], whole)


def test_tasks_pooled_and_apart():
    p, gd = qm.Quadratic.random(4, seed=1, tasks=3), qm.GradientDescent(12)
    each = [
        qm.Quadratic.random(4, seed=1, tasks=3).__class__(p.eigenvalues[k], p.error[k])
        for k in range(3)
    ]
    eta = np.array([0.05, 0.1])
    F = np.array([qm.NaiveObjective(q, gd)(eta).to_float() for q in each])
    np.testing.assert_allclose(qm.NaiveObjective(p, gd)(eta).to_float(), F.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(qm.LogObjective(p, gd)(eta), np.log(F.mean(axis=0)) / 12, rtol=1e-13)
    np.testing.assert_allclose(
        qm.MeanLogObjective(p, gd)(eta), np.log(F).mean(axis=0) / 12, rtol=1e-13
    )
    apart = qm.LogObjective(p, gd, pooled=False)
    np.testing.assert_allclose(apart(eta[:, None]), (np.log(F) / 12).T, rtol=1e-13)
    np.testing.assert_array_equal(
        apart.minimizer(), [qm.LogObjective(q, gd).minimizer() for q in each]
    )


def test_mean_of_logs_has_two_minima_where_log_of_mean_has_one():
    p = qm.Quadratic.from_spectrum([[1.0, 2.0], [10.0, 20.0]], error=np.ones((2, 2)))
    mean_log, log = (
        qm.MeanLogObjective(p, qm.GradientDescent(50)),
        qm.LogObjective(p, qm.GradientDescent(50)),
    )
    minima = mean_log.minima()
    assert len(minima.step_size) == 2
    for x in minima.step_size:
        assert (mean_log(x * (1 + np.array([-1e-4, 1e-4]))) > mean_log(x)).all()
    assert (
        mean_log.minimizer() in minima.step_size
        and mean_log(mean_log.minimizer()) == minima.value.min()
    )
    slope = log.gradient(np.geomspace(1e-3, 10, 2000))
    assert (np.diff(np.sign(slope)) > 0).sum() == 1
    # as T grows the minima tend to the kinks 2/(L_k + mu_k); task B diverges at the one of task A
    assert minima.step_size == pytest.approx([2 / 30, 2 / 3], rel=0.05)


def test_floor_is_subtracted_before_the_logarithm():
    H, start = np.diag([1.0, 4.0]), np.array([1.0, 1.0])
    values = [
        qm.LogObjective(qm.Quadratic.from_matrix(H, start=start, floor=f), qm.GradientDescent(9))(
            0.3
        )
        for f in (0, 5)
    ]
    assert values[0] == values[1]


def test_zero_error_is_zero_for_the_naive_objective_and_an_error_for_logarithms():
    p = qm.Quadratic.from_spectrum([1.0, 2.0], error=[0.0, 0.0])
    naive = qm.NaiveObjective(p, qm.GradientDescent(3))
    assert [getattr(naive, order)([0.1, 0.2]).sign.tolist() for order in ORDERS] == [[0, 0]] * 3
    for name in ("log_objective", "root_objective"):
        with pytest.raises(ValueError, match="the initial error is zero"):
            qm.members("objectives")[name](p, qm.GradientDescent(3))


def test_one_eigenvalue_reaches_zero_at_its_inverse():
    p = qm.Quadratic.from_spectrum([2.0], weights=[3.0])
    for T, second in ((1, 2 * 3 * 4.0), (2, 0.0), (7, 0.0)):
        naive = qm.NaiveObjective(p, qm.GradientDescent(T))
        assert naive(0.5) == 0 and naive.gradient(0.5) == 0
        assert naive.curvature(0.5).to_float() == pytest.approx(second)
        assert naive.minimizer() == 0.5
    for name in ("log_objective", "root_objective"):
        with pytest.raises(ValueError, match="kappa = 1"):
            qm.members("objectives")[name](p, qm.GradientDescent(3))


@pytest.mark.parametrize("T", [1, 2, 5, 1000])
def test_gradient_bound_holds_is_sharp_and_not_loose(T):
    p = qm.Quadratic.from_spectrum([0.5, 1.0, 2.0], weights=[0.3, 1.0, 0.2])
    log = qm.LogObjective(p, qm.GradientDescent(T))
    best, bound = log.minimizer(), log.gradient_bound()
    eta = best + np.concatenate([-1 / np.geomspace(2, 1e9, 500), np.geomspace(1e-9, 5, 2000)])
    largest = np.abs(log.gradient(eta)).max()
    assert largest <= bound
    assert bound <= 2.05 * largest
    if T == 1:
        assert bound == pytest.approx(2 * largest, rel=1e-3)
    if T == 1000:
        assert bound == pytest.approx(largest, rel=0.02) and bound == pytest.approx(
            2 * 2 * 2.5 / 1.5, rel=0.01
        )


BAD = {
    "T = 0": (lambda p: qm.GradientDescent(0), "steps = 0"),
    "T < 0": (lambda p: qm.GradientDescent(-3), "steps = -3"),
    "fractional T": (lambda p: qm.GradientDescent(2.5), "steps = 2.5"),
    "boolean T": (lambda p: qm.GradientDescent(True), "steps = True"),
    "negative eta": (
        lambda p: qm.LogObjective(p, qm.GradientDescent(2))(-0.1),
        "step_size has the negative entry",
    ),
    "NaN eta": (
        lambda p: qm.LogObjective(p, qm.GradientDescent(2))([0.1, np.nan]),
        "step_size has the non-finite",
    ),
    "infinite eta": (
        lambda p: qm.NaiveObjective(p, qm.GradientDescent(2))(np.inf),
        "step_size has the non-finite",
    ),
    "huge eta": (lambda p: qm.LogObjective(p, qm.GradientDescent(2))(1e200), "exceeds 1e150"),
    "pooled logs": (
        lambda p: qm.MeanLogObjective(p, qm.GradientDescent(2), pooled=True),
        "use LogObjective",
    ),
    "task shape": (
        lambda p: qm.LogObjective(qm.Quadratic.stack([p, p]), qm.GradientDescent(2), pooled=False)(
            np.ones(3)
        ),
        "step_size has shape",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call(qm.Quadratic.from_spectrum([1.0, 2.0], seed=0))


def test_a_mode_that_underflows_keeps_its_digits_beside_a_tiny_weight():
    # pi_2 = 8.5e-182 is a quotient of weights 1e141 times a power that is subnormal; Var(u) = pi_2
    # u_2^2 in fractions
    lam, omega = (
        [0.002149712738841002, 0.4760408517579646],
        [1.2132910991489955e-156, 1.1553011679965988e-15],
    )
    root = qm.RootObjective(qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(10))
    assert root.curvature(2.100660051142909) == pytest.approx(9.4748074292191055734e-157, rel=2e-12)


def test_a_root_beyond_float64_is_an_error_of_one_line():
    # R is 1e143 and R''/R about 1e196
    lam = [1.0678424622599858e93, 1.0678484804916934e93]
    root = qm.RootObjective(
        qm.Quadratic.from_spectrum(lam, weights=[7.9e296, 3.1e276]), qm.GradientDescent(1)
    )
    with pytest.raises(OverflowError, match="RootObjective: derivative number 2 exceeds float64"):
        root.curvature(9.3646e-94)


def test_one_step_between_neighbouring_eigenvalues_of_weights_290_decades_apart():
    lam, omega = (
        [0.0029746687310414853, 0.002974668731041486],
        [1.6495794607542353e225, 1.6495794630372484e-65],
    )
    root = qm.RootObjective(qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(1))
    eta = 336.17188682717006
    # R'' = omega_1 omega_2 (lambda_1 - lambda_2)^2 / F^(3/2)
    a = [1 - Q(eta) * Q(x) for x in lam]
    F = sum(Q(w) * x**2 for w, x in zip(omega, a, strict=True))
    Delta = Q(omega[0]) * Q(omega[1]) * (Q(lam[0]) - Q(lam[1])) ** 2
    with mp.workdps(30):
        F, Delta = (mp.mpf(x.numerator) / x.denominator for x in (F, Delta))
        right = Delta / F ** mp.mpf(1.5)
        assert abs(root.curvature(eta) / right - 1) < 1e-12
