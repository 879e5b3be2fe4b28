"""A step size for each step: derivatives against fifty digits, the landscape, and the optimum by
four routes.
"""

import tracemalloc
from fractions import Fraction as Q
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.optimizers import schedule
from quadmeta.optimizers.schedule import Schedule
from tests.planted import planted
from tests.reference import random_spectrum
from tests.refusals import refused

NAMES = ("NaiveObjective", "LogObjective", "RootObjective")


def instance(seed, T, d=6, kind=0):
    """A small problem and a schedule: kind 1 coincident steps, 2 one zero factor, 3 two zero
    factors.
    """
    rng = np.random.default_rng([seed, T, kind])
    lam = np.sort(10 ** rng.uniform(-1, 1, d))
    lam[2] = 2.0
    eta = rng.uniform(-0.5, 3, T) / rng.choice(lam, T)
    if kind == 1:
        eta[:] = abs(eta[0])
    elif kind > 1:
        eta[: kind - 1] = 0.5
    return qm.Quadratic.from_spectrum(lam, weights=10 ** rng.uniform(-6, 0, d)), eta


def values(objective, theta):
    """Objective, gradient and Hessian as float64."""
    found = [f(theta) for f in (objective, objective.gradient, objective.curvature)]
    return [x.sign * np.exp(x.log) if isinstance(x, qm.SignLog) else x for x in found]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("T", [1, 2, 3, 6])
def test_gradient_and_hessian_against_fifty_digits(name, kind, T):
    for seed in range(3):
        problem, eta = instance(seed, T, kind=kind)
        objective, naive = (getattr(qm, x)(problem, Schedule(T)) for x in (name, "NaiveObjective"))
        value, slope, second = values(objective, eta)
        F, F2 = (np.array(naive.exactly(eta, k, "mpmath"), dtype=float) for k in (0, 2))
        with mp.workdps(50):
            want = [np.array(objective.exactly(eta, k, "mpmath"), dtype=float) for k in range(3)]
        # Cauchy-Schwarz: |F_s| <= sqrt(2 F F_ss) and |F_st| <= 2 sqrt(F_ss F_tt) are the sizes of
        # what is summed
        chain = abs(float(objective.chain(F)))
        scale = np.sqrt(np.diag(F2) / F)
        assert abs(value - want[0]) <= 1e-14 * max(1, abs(want[0]))
        assert (np.abs(slope - want[1]) <= 1e-14 * chain * F * scale).all()
        assert (np.abs(second - want[2]) <= 2e-14 * chain * F * np.outer(scale, scale)).all()


@pytest.mark.parametrize("kind", range(4))
def test_rationals_are_those_by_hand(kind):
    T = 3
    lam, omega = [Q(1), Q(2), Q(5)], [Q(1, 2), Q(3), Q(1, 4)]
    eta = [
        [Q(1, 3), Q(-1, 4), Q(2, 3)],
        [Q(1, 3)] * 3,
        [Q(1, 2), Q(1, 3), Q(1, 7)],
        [Q(1, 2), Q(1, 2), Q(1, 7)],
    ][kind]
    problem = qm.Quadratic.from_spectrum([float(x) for x in lam], weights=[float(x) for x in omega])
    objective = qm.NaiveObjective(problem, Schedule(T))

    def product(x, out):
        result = Q(1)
        for t, step in enumerate(eta):
            result *= 1 if t in out else 1 - step * x
        return result

    def inner(f):
        return sum(o * f(x) for o, x in zip(omega, lam, strict=True))

    theta = np.array(eta, dtype=object)
    assert objective.exactly(theta) == inner(lambda x: product(x, ()) ** 2)
    gradient, hessian = objective.exactly(theta, 1), objective.exactly(theta, 2)
    for s in range(T):
        assert gradient[s] == inner(lambda x, s=s: -2 * x * product(x, ()) * product(x, (s,)))
        for t in range(T):
            assert hessian[s, t] == inner(
                lambda x, s=s, t=t: (
                    2
                    * x
                    * x
                    * (
                        product(x, (s,)) * product(x, (t,))
                        + (s != t) * product(x, ()) * product(x, (s, t))
                    )
                )
            )


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10**6), T=st.integers(1, 7), kind=st.integers(0, 3))
def test_closed_form_is_the_definition(name, seed, T, kind):
    problem, eta = instance(seed, T, kind=kind)
    objective = getattr(qm, name)(problem, Schedule(T))
    found = values(objective, eta)
    naive = qm.NaiveObjective(problem, Schedule(T))
    F, scale = naive.definition(eta), np.sqrt(np.diag(naive.definition(eta, 2)))
    chain = abs(float(objective.chain(np.asarray(F))))
    sizes = max(1, abs(found[0])), chain * np.sqrt(F) * scale, chain * np.outer(scale, scale)
    for order, size in enumerate(sizes):
        # rounded products of the loop: T eps of their magnitudes, which exceed F where factors
        # nearly vanish
        slack = (
            1e-13
            * np.abs(np.subtract(1, np.outer(eta, problem.eigenvalues))).clip(1).prod(axis=0).max()
            ** 2
        )
        assert (
            np.abs(found[order] - objective.definition(eta, order))
            <= size * (1e-12 + slack / min(F, 1))
        ).all()


def test_value_and_derivatives_of_a_constant_schedule_are_those_of_gradient_descent():
    lam, omega = random_spectrum(np.random.default_rng(3), 8, 1e3, 4)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    for T in (1, 2, 9):
        one, many = (qm.LogObjective(problem, x) for x in (qm.GradientDescent(T), Schedule(T)))
        for eta in (0.3 / lam[-1], one.minimizer(), 1.7 / lam[-1]):
            steps = qm.schedules.constant(eta, T)
            assert many(steps) == pytest.approx(one(eta), rel=1e-13)
            size = one.gradient_bound()
            assert many.gradient(steps).sum() == pytest.approx(one.gradient(eta), abs=1e-13 * size)
            scale = np.abs(np.diag(many.curvature(steps))).sum() + abs(one.curvature(eta))
            assert many.curvature(steps).sum() == pytest.approx(
                one.curvature(eta), abs=1e-13 * T * scale
            )


def test_order_of_the_steps_does_not_matter_and_a_batch_is_its_rows():
    problem, eta = instance(0, 6)
    objective = qm.LogObjective(problem, Schedule(6))
    assert objective(eta) == pytest.approx(objective(eta[::-1]), rel=1e-14)
    batch = np.stack([eta, eta[::-1], 2 * eta]).reshape(3, 1, 6)
    assert objective(batch).shape == (3, 1) and objective.curvature(batch).shape == (3, 1, 6, 6)
    for k in range(3):
        np.testing.assert_allclose(
            objective.gradient(batch)[k, 0], objective.gradient(batch[k, 0]), rtol=1e-14
        )


@pytest.mark.parametrize("T", [2, 3, 8])
def test_best_constant_schedule_is_a_saddle_with_the_two_known_eigenvalues(T):
    """(4 - 2/T) E u^2 once and -(2/T) E u^2 (T - 1 times)."""
    lam, omega = random_spectrum(np.random.default_rng(T), 12, 1e2, 3)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    best = qm.LogObjective(problem, qm.GradientDescent(T)).minimizer()
    objective = qm.LogObjective(problem, Schedule(T))
    pi = omega * (1 - best * lam) ** (2 * T)
    square = (pi * (lam / (1 - best * lam)) ** 2).sum() / pi.sum()
    found = np.linalg.eigvalsh(objective.curvature(qm.schedules.constant(best, T)))
    want = np.array([-2 / T] * (T - 1) + [4 - 2 / T]) * square
    np.testing.assert_allclose(found, want, rtol=1e-11)
    with pytest.raises(AssertionError):  # control: without the diagonal term
        np.testing.assert_allclose(found, want + 2 / T * square, rtol=1e-2)


def test_coincident_steps_have_negative_curvature_along_their_difference():
    """d^2F/ds^2 along e_a - e_b is -4 F E[U_a^2] where eta_a = eta_b."""
    problem, eta = instance(4, 5)
    eta[1] = eta[3]
    loss = qm.LogObjective(problem, Schedule(5)).log_loss(eta)
    direction = np.array([0, 1, 0, -1, 0])
    assert direction @ loss.second @ direction == pytest.approx(-2 * loss.second[1, 1], rel=1e-12)


def cg(lam, error, T):
    """Loss after T steps of conjugate gradients on diag(lam) from w_* + error, in mpmath."""
    r = [-x * e for x, e in zip(lam, error, strict=True)]
    p, e = list(r), list(error)
    for _ in range(T):
        rr = mp.fsum(x * x for x in r)
        step = rr / mp.fsum(x * y * y for x, y in zip(lam, p, strict=True))
        e = [x + step * y for x, y in zip(e, p, strict=True)]
        r = [x - step * m * y for x, m, y in zip(r, lam, p, strict=True)]
        ratio = mp.fsum(x * x for x in r) / rr
        p = [x + ratio * y for x, y in zip(r, p, strict=True)]
    return mp.fsum(x * y * y for x, y in zip(lam, e, strict=True)) / 2


def kernel(lam, omega, T):
    """1 / K_T(0, 0) of the measure sum omega delta_lambda, by the Stieltjes recursion in mpmath."""
    before, now, off = [mp.mpf(0)] * len(lam), [1 / mp.sqrt(mp.fsum(omega))] * len(lam), mp.mpf(0)
    zero = [mp.mpf(0), now[0]]
    total = zero[1] ** 2
    for _ in range(T):
        a = mp.fsum(o * x * y * y for o, x, y in zip(omega, lam, now, strict=True))
        new = [(x - a) * y - off * z for x, y, z in zip(lam, now, before, strict=True)]
        at_zero = -a * zero[1] - off * zero[0]
        off = mp.sqrt(mp.fsum(o * y * y for o, y in zip(omega, new, strict=True)))
        before, now, zero = now, [y / off for y in new], [zero[1], at_zero / off]
        total += zero[1] ** 2
    return 1 / total


@pytest.mark.parametrize(("T", "seed"), [(1, 0), (2, 1), (3, 2), (4, 3)])
def test_least_loss_by_four_routes(T, seed):
    rng = np.random.default_rng(seed)
    lam, omega = qm.spectra.linear(1, 20, 9), rng.uniform(0.1, 1, 9)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    objective = qm.LogObjective(problem, Schedule(T))
    best = objective.minimizer()
    with mp.workdps(60):
        x, o = ([mp.mpf(v) for v in data] for data in (lam, omega))
        by_cg = cg(x, [mp.sqrt(2 * b / a) for a, b in zip(x, o, strict=True)], T)
        by_kernel = kernel(x, o, T)
        assert abs(by_cg / by_kernel - 1) < mp.mpf(10) ** -40
        want = float(mp.log(by_cg)) / T
    assert objective(best) == pytest.approx(want, abs=1e-14)
    assert (np.diff(best) > 0).all() and best[0] > 1 / 20 and best[-1] < 1
    for _ in range(4):
        found = qm.schedules.descend(objective, rng.uniform(1 / 20, 1, T))
        assert found.morse_index == 0 and found.value == pytest.approx(want, abs=1e-12)
        np.testing.assert_allclose(np.sort(found.step_sizes), best, rtol=1e-6)
    if T > 1:  # control: this spectrum is not that of the Chebyshev schedule
        assert objective(qm.schedules.chebyshev(1, 20, T)) > want + 1e-3


def test_enough_steps_reach_zero():
    problem = qm.Quadratic.from_spectrum([1.0, 2.0, 2.0, 4.0], weights=[1.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(
        Schedule(3).minimizer(problem.eigenvalues, problem.weights), [0.25, 0.5, 1]
    )
    np.testing.assert_array_equal(
        Schedule(5).minimizer(problem.eigenvalues, problem.weights), [0.25] * 3 + [0.5, 1]
    )
    naive = qm.NaiveObjective(problem, Schedule(3))
    best = naive.minimizer()
    assert naive(best) == 0 and (naive.gradient(best).sign == 0).all()
    with pytest.raises(ValueError, match="use objective.exactly"):
        naive.curvature(best)  # it is not 0
    assert naive.exactly(best, 2)[0, 0] == 2 * 4**2 * (1 - Q(1, 2) * 4) ** 2 * (1 - 4) ** 2
    for order in ("__call__", "gradient", "curvature"):
        with pytest.raises(ValueError, match="the loss is 0 at an entry of step_sizes"):
            getattr(qm.LogObjective(problem, Schedule(3)), order)(best)


def ritz_reference(lam, omega, T):
    """1 / eigenvalues of the Lanczos matrix of the measure omega lambda, in mpmath."""
    with mp.workdps(100):
        lam = [mp.mpf(float(x)) for x in lam]
        v = [mp.sqrt(mp.mpf(float(o)) * x) for o, x in zip(omega, lam, strict=True)]
        size = mp.norm(v)
        v, before, b, matrix = [x / size for x in v], [mp.mpf(0)] * len(lam), mp.mpf(0), mp.zeros(T)
        for t in range(T):
            w = [x * y for x, y in zip(lam, v, strict=True)]
            matrix[t, t] = a = mp.fdot(w, v)
            w = [x - a * y - b * z for x, y, z in zip(w, v, before, strict=True)]
            b = mp.norm(w)
            if t + 1 < T:
                matrix[t, t + 1] = matrix[t + 1, t] = b
            before, v = v, [x / b for x in w]
        return sorted(float(1 / x) for x in mp.eigsy(matrix, eigvals_only=True))


@pytest.mark.parametrize(
    ("kappa", "decades", "bar"),
    [(1e2, 2, 2e-14), (1e2, 12, 1e-13), (1e6, 2, 1e-10), (1e6, 12, 1e-9)],
)
def test_minimizer_against_a_hundred_digits(kappa, decades, bar):
    """eps kappa from the eigenvalues of the Lanczos matrix, and the spread of the weights, decide."""
    rng = np.random.default_rng(0)
    for T in (2, 5, 10):
        lam, omega = np.sort(kappa ** rng.uniform(0, 1, 12)), 10 ** rng.uniform(-decades, 0, 12)
        np.testing.assert_allclose(
            Schedule(T).minimizer(lam, omega), ritz_reference(lam, omega, T), rtol=bar
        )


def test_long_schedules_take_the_memory_of_a_few_arrays():
    """O(dT), also of the curvature, which has T^2 entries with sums over d terms each."""
    problem = qm.Quadratic.from_spectrum(qm.spectra.linear(0.01, 1, 1000), seed=0)
    objective = qm.LogObjective(problem, Schedule(1000))
    eta = np.random.default_rng(0).uniform(0.5, 2, 1000)
    for name in ("gradient", "curvature"):
        tracemalloc.start()
        try:
            assert np.isfinite(getattr(objective, name)(eta)).all()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 12 * 8 * 1000 * 1000, name


def test_nothing_overflows_and_exclusive_products_that_do_are_an_error():
    problem = qm.Quadratic.from_spectrum([1.0, 2.0, 10.0], weights=[1.0, 1.0, 1.0])
    naive, T = qm.NaiveObjective(problem, Schedule(2000)), 2000
    eta = np.full(T, 5.0)
    assert naive(eta).log == pytest.approx(2 * T * np.log(49), rel=1e-14)
    assert np.isfinite(naive.curvature(eta).log).all()
    short = qm.LogObjective(
        qm.Quadratic.from_spectrum([1.0, 8.0], weights=[1.0, 1.0]), Schedule(600)
    )
    eta = np.full(600, 0.9)  # factors 0.1 and -6.2
    eta[0] = 0.125  # 1 / lambda_2
    with pytest.raises(OverflowError, match="exceeds float64"):
        short.curvature(eta)


BAD = {
    "T = 0": (lambda p: Schedule(0), "steps = 0"),
    "empty": (lambda p: qm.LogObjective(p, Schedule(2))([]), r"step_sizes has shape \(0,\)"),
    "wrong length": (
        lambda p: qm.LogObjective(p, Schedule(2))([0.1, 0.2, 0.3]),
        r"step_sizes has shape \(3,\)",
    ),
    "wrong length, exactly": (
        lambda p: qm.LogObjective(p, Schedule(2)).exactly([0.1], 1),
        "step_sizes has shape",
    ),
    "NaN": (
        lambda p: qm.LogObjective(p, Schedule(2))([0.1, np.nan]),
        "step_sizes has the non-finite",
    ),
    "signed": (
        lambda p: Schedule(2).signed_residual(p.eigenvalues, [0.1, 0.2]),
        "use objective.exactly",
    ),
    "kappa": (
        lambda p: qm.LogObjective(qm.Quadratic.from_spectrum([2.0], weights=[1.0]), Schedule(2)),
        "kappa = 1",
    ),
    "each task": (
        lambda p: qm.LogObjective(qm.Quadratic.stack([p, p]), Schedule(2), pooled=False),
        "pooled=True",
    ),
    "bound": (
        lambda p: qm.LogObjective(p, Schedule(2)).gradient_bound(),
        "holds for GradientDescent",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call(qm.Quadratic.from_spectrum([1.0, 2.0, 3.0], weights=[1.0, 1.0, 1.0]))


def test_run_is_the_product():
    lam, eta = np.array([Q(1), Q(3)], dtype=object), [Q(1, 2), Q(1, 5), Q(-1, 3)]
    states = list(Schedule(3).run(lambda w: lam * w, lam * 0 + 1, eta))
    assert len(states) == 4
    for (before, after), step in zip(pairwise(states), eta, strict=True):
        np.testing.assert_array_equal(after, (1 - step * lam) * before)
    np.testing.assert_array_equal(states[-1], Schedule(3).residual(lam, eta)[0])


def scanned(schedule_type):
    """Scans of hard schedules beside the full accuracy: (G, G') each, and the size of the terms."""
    rng = np.random.default_rng(11)
    for T, top in ((1, 1.5), (7, 3e2), (64, 1e6), (65, 1.9), (300, 1e3), (1000, 1.0), (128, 1e9)):
        for spread in (1.0, 1e-12):
            lam = np.geomspace(1e-2, 1, 6)
            problem = qm.Quadratic.from_spectrum(lam, weights=np.geomspace(1, spread, 6))
            eta = rng.permutation(np.geomspace(1e-3, top, T)) * rng.uniform(0.9, 1.1, T)
            theta = np.array([eta, eta[::-1] / 2])
            G = qm.LogObjective(problem, schedule_type(T))
            size = max(1, float(np.abs(G.gradient(theta)).max()))
            yield G.scan(theta), (G(theta), G.gradient(theta)), size
            yield G.scan(eta), (G(eta), G.gradient(eta)), size


def test_a_scan_is_the_objective_at_small_and_at_huge_steps():
    for got, want, size in scanned(qm.Schedule):
        np.testing.assert_allclose(got[0], want[0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(got[1], want[1], rtol=1e-11, atol=1e-12 * size)


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("left[..., T:, 1] = 0", "left[..., T:, 1] = 0.3"),
        ("np.negative(lam, out=right[1])", "np.copyto(right[1], lam)"),
        ("factors = factors // 2", "factors = 0"),
        ("_DECADES = 140", "_DECADES = 4000"),
        ("np.divide(1.0, a, out=a)", "np.divide(2.0, a, out=a)"),
    ],
)
def test_a_mistake_in_a_scan_is_noticed(right, wrong):
    changed = planted(schedule, right, wrong).Schedule
    with pytest.raises((AssertionError, ValueError, OverflowError)), np.errstate(all="ignore"):
        for got, want, size in scanned(changed):
            np.testing.assert_allclose(got[0], want[0], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(got[1], want[1], rtol=1e-11, atol=1e-12 * size)


def test_fewer_steps_of_a_given_schedule_are_its_first():
    given = qm.Schedule(3, step_sizes=(0.3, 0.1, 0.2))
    assert given.with_steps(2) == qm.Schedule(2, step_sizes=(0.3, 0.1))
    assert qm.Schedule(3).with_steps(5) == qm.Schedule(5)
    with pytest.raises(ValueError, match="steps = 4 exceeds the 3 step sizes"):
        given.with_steps(4)
