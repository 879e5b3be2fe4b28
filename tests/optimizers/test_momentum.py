"""Heavy ball and Nesterov: against the recursion, the closed forms at a million steps, and plain
gradient descent.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import quadmeta as qm
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.optimizers.nesterov import Nesterov
from tests.reference import random_spectrum
from tests.refusals import refused

METHODS = [HeavyBall, Nesterov]
NAMES = ("NaiveObjective", "LogObjective", "RootObjective")
MILLION = 10**6


def optimal(mu, L):
    """(eta, beta) of the optimal tuning of heavy ball: equal roots at both ends."""
    return 4 / (np.sqrt(L) + np.sqrt(mu)) ** 2, (
        (np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))
    ) ** 2


def hard_parameters(lam, rng):
    """Complex, real and equal roots, no momentum, b < 0, eta = 1/lambda, divergence."""
    mu, L = lam[0], lam[-1]
    return np.array(
        [
            optimal(mu, L),
            (0.5 / L, 0.9),
            (1 / L, 0.0),
            (1 / L, 0.5),
            (1 / mu, 0.3),
            (2.5 / L, 0.5),
            (1e-9 / L, 0.999),
            (rng.uniform(0, 3) / L, rng.uniform(0, 1)),
            (1.5 / L, 1 - 2.0**-53),
            (0, 0.7),
        ]
    )


def closed_form(method, lam, eta, beta, T):
    """p_T and its derivatives in (eta, beta) by the roots r of r^2 = h r - b, at the precision of
    the context.

    p = (r^T (r - b) - s^T (s - b)) / (r - s) with derivatives of r, s from (2r - h) r' = h' r -
    b'. At equal roots r = h / 2: p = r^(T-1) ((T + 1) r - T b).
    """
    a = 1 - eta * lam
    h, b = ((1 + beta) * a, beta * a) if method is Nesterov else (a + beta, beta)
    hd, bd = (
        ([-(1 + beta) * lam, a], [-beta * lam, a])
        if method is Nesterov
        else ([-lam, mp.mpf(1)], [mp.mpf(0), 1])
    )
    root = mp.sqrt(mp.mpc(h * h - 4 * b))
    if root == 0:
        r = h / 2
        p = r ** (T - 1) * ((T + 1) * r - T * b)
        # ds_n/dh and ds_n/db are coefficients of x / (1 - h x + b x^2)^2 = x (1 - r x)^-4 and of
        # -x times that
        (uh, ub), (vh, vb) = (
            (mp.binomial(n + 2, 3) * r ** (n - 1), -mp.binomial(n + 1, 3) * r ** (n - 2))
            for n in (T, T - 1)
        )
        s1 = T * r ** (T - 1)
        return p, [
            uh * x + ub * y - b * (vh * x + vb * y) - y * s1 for x, y in zip(hd, bd, strict=True)
        ]
    r, s = (h + root) / 2, (h - root) / 2
    p = (r**T * (r - b) - s**T * (s - b)) / (r - s)
    out = []
    for x, y in zip(hd, bd, strict=True):
        dr, ds = (r * x - y) / root, -(s * x - y) / root
        top = (
            (T + 1) * (r**T * dr - s**T * ds)
            - y * (r**T - s**T)
            - b * T * (r ** (T - 1) * dr - s ** (T - 1) * ds)
        )
        out.append((top - p * (dr - ds)) / (r - s))
    return p.real, [x.real for x in out]


def losses(method, lam, omega, eta, beta, T, digits=80):
    """log F, the relative gradient, and the size E|g| of what is summed, by closed forms in
    mpmath.
    """
    with mp.workdps(digits):
        eta, beta = mp.mpf(float(eta)), mp.mpf(float(beta))
        rows = [
            (mp.mpf(float(o)), *closed_form(method, mp.mpf(float(x)), eta, beta, T))
            for x, o in zip(lam, omega, strict=True)
        ]
        F = mp.fsum(o * p * p for o, p, _ in rows)
        return (
            mp.log(F),
            [2 * mp.fsum(o * p * d[k] for o, p, d in rows) / F for k in range(2)],
            [2 * mp.fsum(o * abs(p * d[k]) for o, p, d in rows) / F for k in range(2)],
        )


def by_jets(optimizer, lam, omega, theta, digits=80):
    """F, gradient and Hessian of the naive objective by one recursion at ``digits`` digits."""
    with mp.workdps(digits):
        exact, weights = (
            np.array([mp.mpf(float(v)) for v in x], dtype=object) for x in (lam, omega)
        )
        p, slopes, bends = optimizer.residual(exact, [mp.mpf(float(v)) for v in theta])
        F1 = [2 * (weights * p * x).sum() for x in slopes]
        F2 = [
            [2 * (weights * (x * y + p * bend)).sum() for y, bend in zip(slopes, row, strict=True)]
            for x, row in zip(slopes, bends, strict=True)
        ]
        return (weights * p * p).sum(), F1, np.array(F2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 2, 3, 10, 30])
def test_gradient_and_hessian_of_both_parameters_against_the_recursion(method, T):
    """Every regime: log F to eps, the gradient to 1e-13 of sqrt(F_aa / F), the Hessian to 1e-13 of
    their products.
    """
    rng = np.random.default_rng([1, T])
    lam, omega = random_spectrum(rng, 5, 1e3, 6)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    log = qm.LogObjective(problem, method(T))
    for theta in hard_parameters(lam, rng):
        F, F1, F2 = by_jets(method(T), lam, omega, theta)
        loss = log.log_loss(theta)
        with mp.workdps(80):
            # |F_a| <= 2 sqrt(F S_a), S_a = sum omega p_a^2 = F_aa / 2 up to p_aa terms, which may
            # cancel: abs both
            scale = [mp.sqrt(abs(F2[k, k]) / F) + abs(F1[k]) / F for k in range(2)]
            assert abs(loss.level - mp.log(F)) <= 4e-16 * max(1, abs(mp.log(F)))
            for i in range(2):
                assert abs(loss.slope[i] - F1[i] / F) <= 1e-13 * scale[i] + 1e-25
                for j in range(2):
                    want = F2[i, j] / F
                    bar = 1e-13 * (scale[i] * scale[j] + abs(want)) + 1e-25
                    assert abs(loss.second[i, j] - want) <= bar
                    assert abs(loss.curvature[i, j] - (want - F1[i] * F1[j] / F**2)) <= bar


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 2, 17, 50])
def test_signed_residual_against_the_recursion(method, T):
    """p, p', p'' of each eigenvalue in log-magnitude, to eps times its size, and their signs."""
    rng = np.random.default_rng([4, T])
    lam = random_spectrum(rng, 6, 1e3)[0]
    with mp.workdps(80):
        exact = np.array([mp.mpf(float(x)) for x in lam], dtype=object)
        for eta, beta in hard_parameters(lam, rng)[:-1]:
            for given_, theta in (({"momentum": beta}, eta), ({"step_size": eta}, beta)):
                optimizer = method(T, **given_)
                found, want = (
                    optimizer.signed_residual(lam, theta),
                    optimizer.residual(exact, mp.mpf(float(theta))),
                )
                for x, y in zip(found, want, strict=True):
                    assert x.sign.tolist() == [int(mp.sign(v)) for v in y]
                    for log, v in zip(x.log, y, strict=True):
                        assert v == 0 or abs(log - mp.log(abs(v))) <= 1e-14 * max(
                            1, abs(mp.log(abs(v)))
                        )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1000, MILLION])
def test_a_million_steps_against_the_closed_form(method, T):
    """Relative to E|p'/p|: 1e-13 also where roots are complex or equal, where float64 alone loses
    T and T^2 eps.
    """
    rng = np.random.default_rng(T)
    lam, omega = random_spectrum(rng, 6, 1e3, 3)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    both = qm.LogObjective(problem, method(T))
    for eta, beta in hard_parameters(lam, rng):
        level, slope, size = losses(method, lam, omega, eta, beta, T)
        assert abs(both([eta, beta]) * T - level) <= 1e-15 * max(1, abs(level))
        for k, fixed in enumerate(({"momentum": beta}, {"step_size": eta})):
            assert abs(both.gradient([eta, beta])[k] * T - slope[k]) <= 1e-13 * size[k] + 1e-25
            if eta > 0:
                one = qm.LogObjective(problem, method(T, **fixed))
                assert abs(one.gradient((eta, beta)[k]) * T - slope[k]) <= 1e-13 * size[k] + 1e-25


def relative_hessian(method, lam, omega, eta, beta, T, digits=160):
    """(F_ab / F, its size before cancellation) by central differences of the closed forms at 160
    digits.
    """
    with mp.workdps(digits):
        eta, beta, small = mp.mpf(float(eta)), mp.mpf(float(beta)), mp.mpf(10) ** -80
        rows = [(mp.mpf(float(o)), mp.mpf(float(x))) for x, o in zip(lam, omega, strict=True)]
        p = [closed_form(method, x, eta, beta, T) for _, x in rows]
        F = mp.fsum(o * v[0] ** 2 for (o, _), v in zip(rows, p, strict=True))
        value, size = mp.matrix(2, 2), mp.matrix(2, 2)
        for b, (du, dv) in enumerate(((eta * small, 0), (0, (1 - beta) * small))):
            up, down = (
                [closed_form(method, x, eta + s * du, beta + s * dv, T)[1] for _, x in rows]
                for s in (1, -1)
            )
            for a in range(2):
                second = [(u[a] - d[a]) / (2 * (du + dv)) for u, d in zip(up, down, strict=True)]
                terms = [
                    (2 * o * v[1][a] * v[1][b], 2 * o * v[0] * ab)
                    for (o, _), v, ab in zip(rows, p, second, strict=True)
                ]
                value[a, b] = mp.fsum(x + y for x, y in terms) / F
                size[a, b] = mp.fsum(abs(x) + abs(y) for x, y in terms) / F
        return value, size


def test_a_trillion_steps_next_to_equal_roots():
    """Rounding h and b to 106 bits moves the roots by T^2 2^-104 in units of 1/T: log F lost 5e-11
    of itself.
    """
    lam, omega = (
        [1.2468626382971195e-10, 0.012468626382971195],
        [0.1584048077688382, 11.332913954146902],
    )
    log = qm.LogObjective(qm.Quadratic.from_spectrum(lam, weights=omega), Nesterov(10**12))
    found = log.log_loss([1.1585765986010283e-11, 0.9999999999239846])
    assert found.level == pytest.approx(-70.5155385983356, rel=2e-15)


def next_to_equal_roots(method, gap, offset):
    """(eta, beta, eigenvalues) with 1 - beta about ``gap``, the first eigenvalue ``offset`` away
    from equal roots.
    """
    beta = 1 - gap
    rest, root = 1 - beta, np.sqrt(beta)
    # heavy ball: eta lambda = (1 - sqrt beta)^2; Nesterov: ((1 - beta) / (1 + beta))^2
    x = (rest / (1 + root)) ** 2 if method is HeavyBall else (rest / (1 + beta)) ** 2
    eta = x * (1 + offset) / 1e-3
    return eta, beta, [1e-3, 3e-3, 0.5 / eta]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [10**9, 2**53])
@pytest.mark.parametrize("offset", [1e-15, -1e-9])
@pytest.mark.parametrize("scale", [4, 40])
def test_long_runs_next_to_equal_roots_against_closed_forms(method, T, offset, scale):
    """Value, gradient and Hessian keep their digits at T = 2^53 as well: no error of order T^2."""
    eta, beta, lam = next_to_equal_roots(method, scale / T, offset)
    omega = [0.5, 2.0, 3.0]
    found = method(T).log_loss(np.array(lam), np.array(omega), np.array([eta, beta]))
    level, slope, size = losses(method, lam, omega, eta, beta, T, 160)
    assert abs(found.level - level) <= 4e-15 * max(1, abs(level))
    second, scale = relative_hessian(method, lam, omega, eta, beta, T)
    for a in range(2):
        assert abs(found.slope[a] - slope[a]) <= 1e-14 * size[a]
        for b in range(2):
            assert abs(found.second[a, b] - second[a, b]) <= 2e-14 * scale[a, b]


@pytest.mark.parametrize("method", METHODS)
def test_many_parameters_at_once_are_each_of_them_alone(method):
    """Both tiny and other eigenvalues, more numbers than are computed at a time."""
    lam, omega = np.array([1e-12, 0.1, 1.0]), np.ones(3)
    eta = np.linspace(0.1, 1.9, 3001)
    theta = np.stack([eta, np.linspace(0.9, 0.0, 3001)], axis=-1).reshape(3001, 1, 2)
    found = method(50).log_loss(lam, omega, theta)
    for k in (0, 1364, 1365, 1366, 2730, 2731, 3000):
        for many, one in zip(found, method(50).log_loss(lam, omega, theta[k]), strict=True):
            np.testing.assert_allclose(many[k], one, rtol=1e-14)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 7, 10**6, 10**12])
def test_tiny_eigenvalues_keep_the_digits_of_what_one_step_changes(method, T):
    """1 - p_T and dp_T / dbeta are of order eta lambda, here down to 1e-30: p_T alone would round
    them away.
    """
    lam = 2 * np.array([1e-30, 1e-17, 1e-9])
    for beta in (0.0, 0.5, 1 - 1e-9):
        p, p1, _ = method(T, step_size=0.5).signed_residual(lam, beta)
        for k, x in enumerate(lam):
            with mp.workdps(120):
                want, slopes = closed_form(method, mp.mpf(x), mp.mpf(0.5), mp.mpf(beta), T)
                assert abs(p.log[k] / mp.log(abs(want)) - 1) < 1e-14
                if T == 1:
                    assert p1.sign[k] == 0
                else:
                    assert p1.sign[k] == mp.sign(slopes[1])
                    assert abs(p1.log[k] - mp.log(abs(slopes[1]))) < 1e-13


@pytest.mark.parametrize("T", [1, 2, 9, 1000, MILLION])
def test_golden_values_at_equal_roots(T):
    """lambda = (1, 9), eta = beta = 1/4: p_T(1) = 2^-T (1 + T/2), p_T(9) = (-1/2)^T (1 + 3T/2)."""
    lam = np.array([1.0, 9.0])
    p, p1, _ = HeavyBall(T, momentum=0.25).signed_residual(lam, 0.25)
    assert p.sign.tolist() == [1, (-1) ** T]
    np.testing.assert_allclose(
        p.log + T * np.log(2), np.log([1 + T / 2, 1 + 1.5 * T]), rtol=1e-9, atol=1e-15
    )
    with mp.workdps(60):
        for k in range(2):
            want = closed_form(HeavyBall, mp.mpf(lam[k]), mp.mpf(0.25), mp.mpf(0.25), T)[1][0]
            assert p1.sign[k] == mp.sign(want) and abs(p1.log[k] - mp.log(abs(want))) <= 1e-15 * (
                T + 10
            )
    if T < 10:
        exact = HeavyBall(T).residual(np.array([Q(1), Q(9)]), (Q(1, 4), Q(1, 4)))[0]
        assert exact.tolist() == [Q(1, 2**T) * (1 + Q(T, 2)), Q(-1, 2) ** T * (1 + Q(3 * T, 2))]


def test_slope_grows_with_the_number_of_steps_at_the_optimal_tuning():
    """G'(eta) = T / (3 sqrt beta) (pi_L L - pi_mu mu) + O(1): unbounded, as it is not without
    momentum.
    """
    problem = qm.Quadratic.from_spectrum([1.0, 4.0, 9.0], weights=[1.0, 1.0, 1.0])
    odds = (1 + 0.5) ** 2 / (1 - 0.5) ** 2
    limit = (odds * 9 - 1) / (1 + odds) / (3 * 0.5)
    rest = [
        qm.LogObjective(problem, HeavyBall(T, momentum=0.25)).gradient(0.25) - T * limit
        for T in (1000, 10**4, 10**5, MILLION)
    ]
    assert np.ptp(rest) < 0.1 and max(map(abs, rest)) < 100
    with pytest.raises(ValueError, match="holds for GradientDescent"):
        qm.LogObjective(problem, HeavyBall(9, momentum=0.25)).gradient_bound()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 2, 30, MILLION])
def test_without_momentum_it_is_gradient_descent(method, T):
    rng = np.random.default_rng([2, T])
    lam, omega = random_spectrum(rng, 10, 1e4, 6)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    for cls in (qm.LogObjective, qm.RootObjective):
        plain, given = cls(problem, qm.GradientDescent(T)), cls(problem, method(T, momentum=0.0))
        best = plain.minimizer()
        eta = np.array(
            [0, 0.1 / lam[-1], 1 / lam[-1], 1 / lam[1], best, 1.9 / lam[-1], 3 / lam[-1]]
        )
        np.testing.assert_allclose(given(eta), plain(eta), rtol=1e-13, atol=1e-13)
        # next to the root of the gradient: relative to its size before cancellation
        size = np.abs(plain.gradient(eta)) + lam[-1]
        assert (np.abs(given.gradient(eta) - plain.gradient(eta)) <= 1e-13 * size).all()
        scale = np.abs(plain.curvature(eta)) + plain.gradient(eta) ** 2
        assert (np.abs(given.curvature(eta) - plain.curvature(eta)) <= 2e-13 * scale).all()
        both = cls(problem, method(T))
        pairs = np.stack([eta, 0 * eta], axis=-1)
        np.testing.assert_allclose(
            both.gradient(pairs)[:, 0], given.gradient(eta), rtol=1e-12, atol=1e-13 * lam[-1]
        )
    p, q = (
        method(T, momentum=0.0).signed_residual(lam, eta),
        qm.GradientDescent(T).signed_residual(lam, eta),
    )
    for x, y in zip(p, q, strict=True):
        np.testing.assert_array_equal(x.sign, y.sign)
        on = x.sign != 0
        np.testing.assert_allclose(x.log[on], y.log[on], rtol=2e-15, atol=1e-14)


def value(objective, order, theta):
    result = (objective, objective.gradient, objective.curvature)[order](theta)
    return result.sign * np.exp(result.log) if isinstance(result, qm.SignLog) else result


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
@given(
    seed=st.integers(0, 10**6),
    T=st.integers(1, 20),
    x=st.floats(0.01, 2.5),
    beta=st.floats(0, 0.99),
)
# two methods and three objectives: the ends of each range explicitly
@example(seed=1, T=1, x=1.0, beta=0.5)
@example(seed=2, T=20, x=2.5, beta=0.0)
@example(seed=3, T=20, x=2.5, beta=0.99)
@example(seed=4, T=2, x=0.01, beta=0.99)
@settings(max_examples=8)
def test_closed_form_is_the_definition(method, name, seed, T, x, beta):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6, 3))
    problem = qm.Quadratic.from_matrix(
        X.T @ X, start=rng.standard_normal(3), minimizer=rng.standard_normal(3), floor=7.0
    )
    L = problem.eigenvalues[-1]
    theta = np.array([x / L, beta])
    unit = np.array([1 / L, 1.0])
    naive = qm.NaiveObjective(problem, method(T))
    F, size = (
        naive.definition(theta),
        np.abs(naive.definition(theta, 2) * np.outer(unit, unit)).max() + 1,
    )
    objective = getattr(qm, name)(problem, method(T))
    chain = abs(float(objective.chain(np.asarray(F))))
    # rounding of the dense data: relative to the terms of the loss, not to what is left of them
    # next to F = 0
    slack = 1e-11 * (1 + T) ** 2 * max(1, chain * size, (chain * size) ** 2)
    for order in range(3):
        found, want = (
            np.asarray(v)
            for v in (value(objective, order, theta), objective.definition(theta, order))
        )
        weight = [1.0, unit, np.outer(unit, unit)][order]
        assert (np.abs(found - want) * weight <= slack).all()
    for k, given_ in enumerate(({"momentum": beta}, {"step_size": theta[0]})):
        one = getattr(qm, name)(problem, method(T, **given_))
        assert abs(value(one, 1, theta[k]) - value(objective, 1, theta)[k]) * unit[k] <= slack
        assert abs(value(one, 1, theta[k]) - one.definition(theta[k], 1)) * unit[k] <= slack


@pytest.mark.parametrize("method", METHODS)
def test_rationals_follow_the_recursion_and_stay_rational(method):
    problem = qm.Quadratic.from_spectrum([1.0, 3.0], weights=[1.0, 0.5])
    eta, beta = Q(1, 5), Q(1, 4)
    both, one = (
        qm.NaiveObjective(problem, method(3)),
        qm.NaiveObjective(problem, method(3, momentum=0.25)),
    )
    total = Q(0)
    for lam, omega in ((1, Q(1)), (3, Q(1, 2))):
        w = before = Q(1)
        for _ in range(3):
            y = w + beta * (w - before)
            before, w = w, y - eta * lam * (y if method is Nesterov else w)
        total += omega * w * w
    assert both.exactly(np.array([eta, beta], dtype=object)) == one.exactly(eta) == total
    slope = one.exactly(eta, 1)
    assert isinstance(slope, Q) and slope == both.exactly(np.array([eta, beta], dtype=object), 1)[0]
    assert one.exactly(eta, 1, "interval").contains(slope)
    assert one.gradient(0.2).to_float() == pytest.approx(float(one.exactly(0.2, 1)), rel=1e-14)
    assert (
        qm.NaiveObjective(problem, method(3, step_size=0.25)).exactly(beta, 2)
        == both.exactly(np.array([Q(1, 4), beta], dtype=object), 2)[1, 1]
    )


@pytest.mark.parametrize(
    ("method", "limit"),
    [(HeavyBall, lambda b: 2 * (1 + b)), (Nesterov, lambda b: 2 * (1 + b) / (1 + 2 * b))],
)
def test_stability_limits(method, limit):
    lam = np.array([0.3, 1.0])
    for beta in (0.0, 0.4, 0.9):
        edge = limit(beta)
        both = method(2000)
        for x, want in ((edge * (1 - 1e-2), True), (edge * (1 + 1e-2), False), (0.0, False)):
            assert bool(both.stable(lam, [x, beta])) is want
            assert bool(method(2, momentum=beta).stable(lam, x)) is want
            if x:
                assert bool(method(2, x, beta).stable(lam)) is want
                p = method(4000, momentum=beta).signed_residual(lam, x)[0]
                assert (p.log.max() < 0) == want
    grid = np.array([[0.1, 0.5], [5.0, 0.5]])
    assert both.stable(lam, grid).tolist() == [True, False]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 2, 5, 40])
def test_minimizer_is_stationary_and_no_point_of_a_fine_grid_is_better(method, T):
    rng = np.random.default_rng([3, T])
    lam, omega = random_spectrum(rng, 8, 1e2, 3)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    beta, eta = 0.6, 1.2 / lam[-1]
    fine = np.linspace(0, 4 / lam[0], 5001), np.linspace(0, 1, 5001)[:-1]
    for given_, grid in (({"momentum": beta}, fine[0]), ({"step_size": eta}, fine[1])):
        objective = qm.LogObjective(problem, method(T, **given_))
        best = objective.minimizer()
        assert objective(best) <= objective(grid).min() + 1e-13
        inside = 0 < best < (4 / lam[0] if "momentum" in given_ else 1 - 1e-12)
        if inside:
            assert (
                abs(objective.gradient(best)) <= 1e-6 * np.sqrt(objective.log_loss(best).second)
                and objective.curvature(best) > 0
            )
    both = qm.LogObjective(problem, method(T))
    best = both.minimizer()
    pairs = np.stack(
        np.meshgrid(np.geomspace(0.05 / lam[-1], 4 / lam[0], 120), np.linspace(0, 0.99, 40)),
        axis=-1,
    )
    assert both(best) <= both(pairs).min() + 1e-13
    assert (
        both(best)
        <= min(
            objective(best_)
            for objective, best_ in (
                (o, o.minimizer()) for o in (qm.LogObjective(problem, method(T, momentum=0.6)),)
            )
        )
        + 1e-9
    )


def test_without_momentum_the_minimizer_is_that_of_gradient_descent():
    lam, omega = random_spectrum(np.random.default_rng(0), 6, 1e2, 3)
    # the two methods are the same one here
    for T, method in zip((1, 2, 7, 50), 2 * METHODS, strict=True):
        want = float(qm.GradientDescent(T).minimizer(lam, omega))
        assert method(T, momentum=0.0).minimizer(lam, omega) == pytest.approx(want, rel=1e-9)


def test_more_local_minima_with_more_steps_and_one_without_momentum():
    """Above sqrt(beta) = (sqrt kappa - 1) / (sqrt kappa + 1), where all roots are complex; a
    witness in rationals.
    """
    problem = qm.Quadratic.from_spectrum([1.0, 2.0], weights=[1.0, 1.0])

    def minima(T, beta):
        slope = qm.LogObjective(problem, HeavyBall(T, momentum=beta)).gradient(
            np.linspace(0.1, 1.9, 8000)
        )
        return int(((slope[:-1] < 0) & (slope[1:] >= 0)).sum())

    counts = [minima(T, 0.5) for T in (10, 40, 160)]
    assert counts[0] >= 2 and counts[1] > 2 * counts[0] and counts[2] > 3 * counts[1]
    assert [minima(T, 0.0) for T in (10, 160)] == [1, 1]
    naive = qm.NaiveObjective(problem, HeavyBall(10, momentum=0.5))
    eta = np.linspace(0.1, 1.9, 400)
    level = naive(eta).log
    peak = next(k for k in range(1, 399) if level[k] > max(level[k - 1], level[k + 1]))
    left, right = (
        int(np.argmin(level[s])) + o for s, o in ((slice(0, peak), 0), (slice(peak, 400), peak))
    )
    F = [naive.exactly(Q(float(eta[k]))) for k in (left, peak, right)]
    assert isinstance(F[0], Q) and F[1] > max(F[0], F[2])


def test_loss_that_reaches_zero():
    """One eigenvalue: F = 0 at a root of p_T, where F'' = 2 omega p'^2 is not 0."""
    problem = qm.Quadratic.from_spectrum([1.0], weights=[3.0])
    naive = qm.NaiveObjective(problem, HeavyBall(1, momentum=0.5))
    assert (
        naive(1.0) == 0
        and naive.gradient(1.0) == 0
        and naive.curvature(1.0).to_float() == pytest.approx(6)
    )
    assert naive.minimizer() == pytest.approx(1.0, rel=1e-12)
    with pytest.raises(ValueError, match="use objective.exactly"):
        qm.NaiveObjective(problem, HeavyBall(1)).curvature([1.0, 0.5])
    nesterov = qm.NaiveObjective(problem, Nesterov(7, momentum=0.5))
    assert nesterov(1.0) == 0 and nesterov.curvature(1.0) == 0


def test_residual_next_to_one_keeps_the_digits_of_its_difference():
    lam, eta, T = np.array([1e-12]), 0.5, 50
    p = HeavyBall(T, momentum=0.9).signed_residual(lam, eta)[0]
    with mp.workdps(60):
        want = mp.log(closed_form(HeavyBall, mp.mpf(lam[0]), mp.mpf(0.5), mp.mpf(0.9), T)[0])
        assert abs(p.log[0] / want - 1) < 1e-15


BAD = {
    "T = 0": (lambda p: HeavyBall(0), "steps = 0"),
    "momentum 1": (
        lambda p: HeavyBall(3, momentum=1),
        r"momentum has the entry 1.0, outside \[0, 1\)",
    ),
    "momentum < 0": (lambda p: Nesterov(3, momentum=-0.1), "momentum has the entry -0.1"),
    "momentum NaN": (lambda p: Nesterov(3, momentum=np.nan), "momentum has the non-finite"),
    "momenta": (lambda p: Nesterov(3, momentum=[0.1, 0.2]), "must be one number"),
    "step_size 0": (lambda p: HeavyBall(3, step_size=0.0), "must be > 0"),
    "free momentum": (
        lambda p: qm.LogObjective(p, HeavyBall(3, step_size=0.1))(1.0),
        "momentum has the entry 1.0",
    ),
    "free step": (
        lambda p: qm.LogObjective(p, HeavyBall(3, momentum=0.1))(-1.0),
        "step_size has the negative",
    ),
    "pair": (lambda p: qm.LogObjective(p, HeavyBall(3))([0.1, 1.5]), "momentum has the entry 1.5"),
    "no pair": (
        lambda p: qm.LogObjective(p, HeavyBall(3))(0.1),
        r"step_size and momentum has shape \(\)",
    ),
    "NaN": (lambda p: qm.LogObjective(p, Nesterov(3))([np.nan, 0.5]), "non-finite"),
    "nothing free": (lambda p: qm.LogObjective(p, Nesterov(3, 0.1, 0.5)), "no free parameter"),
    "signed": (
        lambda p: Nesterov(3).signed_residual(p.eigenvalues, [0.1, 0.5]),
        "use objective.exactly",
    ),
    "kappa": (
        lambda p: qm.LogObjective(qm.Quadratic.from_spectrum([2.0], weights=[1.0]), HeavyBall(2)),
        "kappa = 1",
    ),
    "mean": (
        lambda p: qm.MeanLogObjective(
            qm.Quadratic.stack([p, p]), HeavyBall(2, momentum=0.5)
        ).minimizer(),
        "bracketed for GradientDescent",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call(qm.Quadratic.from_spectrum([1.0, 2.0, 3.0], weights=[1.0, 1.0, 1.0]))


def test_repr_shows_what_is_given():
    assert repr(HeavyBall(5, momentum=0.25)) == "HeavyBall(steps=5, momentum=0.25)"
    assert repr(Nesterov(5, 0.1, 0.5)) == "Nesterov(steps=5, step_size=0.1, momentum=0.5)"


def test_momentum_of_a_given_step_is_found_between_narrow_minima():
    problem = qm.Quadratic.from_spectrum([1.0, 1.4], weights=[1.0, 1.0])
    log = qm.LogObjective(problem, HeavyBall(7, step_size=1.0))
    assert log(log.minimizer()) <= log(np.linspace(0, 0.999, 4001)).min() + 1e-9


def test_exact_arithmetic_and_definitions_take_one_theta():
    naive = qm.NaiveObjective(qm.Quadratic.from_spectrum([1, 3, 10], error=[1, 1, 1]), HeavyBall(5))
    for call in (
        lambda: naive.exactly([[0.1, 0.2], [0.05, 0.5]]),
        lambda: naive.definition([[0.1, 0.2]]),
        lambda: naive.exactly([0.1, 3.0]),
    ):
        with pytest.raises(ValueError, match="one vector of parameters|one theta|momentum"):
            call()
