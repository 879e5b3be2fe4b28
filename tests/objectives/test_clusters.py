"""Eigenvalues that coincide up to rounding, a step size next to 1/lambda, and weights that span
float64.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm

CLUSTER = [1, 1 + 2**-52]


def exact(lam, omega, eta, T):
    """F, F', F'', E|F'| and Var_pi(u) = sum_{i<j} pi_i pi_j (u_i - u_j)^2 of the floats, in
    fractions.
    """
    lam, omega, eta = [Q(x) for x in lam], [Q(x) for x in omega], Q(eta)
    a = [1 - eta * x for x in lam]
    F = sum(o * b ** (2 * T) for o, b in zip(omega, a))
    first, size = (
        -2 * T * sum(o * x * sign(b ** (2 * T - 1)) for o, x, b in zip(omega, lam, a))
        for sign in (lambda y: y, abs)
    )
    second = (
        2 * T * (2 * T - 1) * sum(o * x**2 * b ** (2 * T - 2) for o, x, b in zip(omega, lam, a))
    )
    pairs = sum(
        omega[i] * omega[j] * (lam[i] - lam[j]) ** 2 * (a[i] * a[j]) ** (2 * T - 2)
        for i in range(len(lam))
        for j in range(i)
    )
    return F, first, second, abs(size), pairs / F**2 if F else None


@mp.workdps(50)
def log(x):
    return mp.log(x.numerator) - mp.log(x.denominator)


def clusters(seed, count):
    """2 to 4 eigenvalues within 1 to 2^30 ulps, at times one more; eta within 256 ulps of
    1/lambda.
    """
    rng = np.random.default_rng(seed)
    while count:
        base = 10 ** rng.uniform(-3, 3) if rng.random() < 0.7 else 1.0
        ulps = rng.integers(
            1, 2 ** int(rng.integers(0, 31)), int(rng.integers(1, 4)), endpoint=True
        )
        lam = base + np.spacing(base) * np.append(0, ulps)
        if rng.random() < 0.3:
            lam = np.append(lam, base * 10 ** rng.uniform(-2, 2))
        omega = (
            10 ** rng.uniform(-12, 0, len(lam)) if rng.random() < 0.5 else np.full(len(lam), 0.5)
        )
        order = np.argsort(lam)
        eta = 1 / rng.choice(lam)
        eta += np.spacing(eta) * int(rng.integers(-256, 257))
        if lam.min() < lam.max() and (1 - np.array([Q(eta) * Q(x) for x in lam]) != 0).any():
            count -= 1
            yield lam[order], omega[order], float(eta)


def test_golden_values_of_one_step():
    half = qm.LogObjective(
        qm.Quadratic.from_spectrum(CLUSTER, weights=[0.5, 0.5]), qm.GradientDescent(1)
    )
    assert half.curvature(1.0) == -18014398509481986.0
    assert half.curvature(1 - 2**-53) == 1.6225927682921344e32
    two = qm.Quadratic.from_spectrum(CLUSTER, weights=[1, 1])
    for optimizer, at in ((qm.GradientDescent(1), lambda x: x), (qm.Schedule(1), lambda x: [x])):
        assert qm.NaiveObjective(two, optimizer).curvature(at(1.0)).log == pytest.approx(
            np.log(4), abs=1e-14
        )
        assert qm.LogObjective(two, optimizer).curvature(at(1.0)) == -18014398509481986.0
        assert qm.RootObjective(two, optimizer).curvature(at(1.0)) == pytest.approx(
            2.0**52, rel=1e-14
        )


@pytest.mark.parametrize(("T", "count"), [(1, 120), (2, 60), (3, 60), (10, 30), (300, 2)])
def test_every_derivative_of_a_cluster_meets_its_error_model(T, count):
    for lam, omega, eta in clusters(T, count):
        problem, optimizer = qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(T)
        naive, logarithm, root = (
            cls(problem, optimizer)
            for cls in (qm.NaiveObjective, qm.LogObjective, qm.RootObjective)
        )
        F, first, second, size, variance = exact(lam, omega, eta, T)
        slack = 2e-15 * max(1, abs(log(F)))
        assert abs(naive(eta).log - log(F)) <= slack and abs(logarithm(eta) * T - log(F)) <= slack
        assert abs(naive.curvature(eta).log - log(second)) <= 5 * slack
        assert abs(Q(logarithm.gradient(eta)) * T * F - first) <= Q(1e-14) * size
        relative = first / F
        want, scale = second / F - relative**2, second / F + relative**2
        error = abs(Q(logarithm.curvature(eta)) * T - want)
        assert error <= Q(1e-15) * abs(want) if T == 1 else error <= Q(1e-14) * scale
        # R'' = R (2T - 1) Var(u)
        log_root = log(F) / (2 * T) + log((2 * T - 1) * variance)
        if log_root > -600:
            assert abs(mp.log(root.curvature(eta)) - log_root) <= 5e-13


def test_the_mean_over_tasks_is_right_at_clusters():
    cases = list(clusters(9, 4))[:4]
    cases = [(lam[:2], omega[:2]) for lam, omega, _ in cases if lam[0] < lam[1]]
    batch = qm.Quadratic.stack(
        [qm.Quadratic.from_spectrum(lam, weights=omega) for lam, omega in cases]
    )
    eta = float(np.nextafter(1 / cases[0][0][0], 0))
    each = [exact(lam, omega, eta, 1) for lam, omega in cases]
    want = sum(second / F - (first / F) ** 2 for F, first, second, _, _ in each) / len(each)
    got = qm.MeanLogObjective(batch, qm.GradientDescent(1)).curvature(eta)
    assert abs(Q(got) - want) <= Q(2e-15) * sum(
        abs(s / F - (f / F) ** 2) for F, f, s, _, _ in each
    ) / len(each)


@pytest.mark.parametrize("T", [1, 2, 3])
def test_hessians_of_schedules_at_clusters(T):
    for lam, omega, eta in clusters(20 + T, 40):
        rng = np.random.default_rng([T, len(lam)])
        steps = np.array([eta, *rng.choice([1 / lam[0], 1 / lam[-1], 0.3 / lam[0]], T - 1)])
        a = [[1 - Q(s) * Q(x) for s in steps] for x in lam]

        def rest(i, *left_out):
            """prod of the factors of mode i without these."""
            product = Q(1)
            for t in set(range(T)) - set(left_out):
                product *= a[i][t]
            return product

        modes = [(i, Q(o), Q(x)) for i, (o, x) in enumerate(zip(omega, lam, strict=True))]
        F = sum(o * rest(i) ** 2 for i, o, _ in modes)
        if F == 0:
            continue
        problem = qm.Quadratic.from_spectrum(lam, weights=omega)
        H = qm.LogObjective(problem, qm.Schedule(T)).curvature(steps)
        second = qm.NaiveObjective(problem, qm.Schedule(T)).curvature(steps)
        first = [
            [sum(sign(o * x * rest(i) * rest(i, t)) for i, o, x in modes) for t in range(T)]
            for sign in (lambda y: y, abs)
        ]
        for s in range(T):
            for t in range(T):
                terms = [o * x**2 * (2 - (s == t)) * rest(i, s) * rest(i, t) for i, o, x in modes]
                F2, size = 2 * sum(terms), 2 * sum(map(abs, terms))
                want = (F2 / F - 4 * first[0][s] * first[0][t] / F**2) / T
                bar = Q(1e-13) * (2 * size / F + 4 * first[1][s] * first[1][t] / F**2)
                assert abs(Q(H[s, t]) - want) <= bar
                got = second[s, t]
                assert (
                    abs(
                        got.sign * mp.exp(mp.mpf(float(got.log)))
                        - mp.mpf(F2.numerator) / F2.denominator
                    )
                    <= 1e-13 * mp.mpf(size.numerator) / size.denominator
                )
                if T == 1:
                    assert abs(Q(H[0, 0]) - want) <= Q(1e-15) * abs(want)


def test_second_derivatives_of_a_loss_whose_large_factors_lie_in_different_modes():
    """F'' of two steps is no sum of a covariance and a product of means: 1% was lost."""
    lam, omega = (
        [0.06789609344327409, 0.06789609344327632, 6.420075004906207],
        [1.1e-6, 0.0176, 4.1e-6],
    )
    eta = [0.15576142011359667, 14.728387883398058]
    got = qm.NaiveObjective(
        qm.Quadratic.from_spectrum(lam, weights=omega), qm.Schedule(2)
    ).curvature(eta)
    a = [[1 - Q(s) * Q(x) for s in eta] for x in lam]
    want = 4 * sum(Q(o) * Q(x) ** 2 * b * c for o, x, (b, c) in zip(omega, lam, a))
    assert got[0, 1].sign * float(np.exp(got[0, 1].log)) == pytest.approx(float(want), rel=1e-11)


def test_weights_may_span_float64():
    """log F by the leading mode alone, the others are below rounding."""
    problem = qm.Quadratic.from_spectrum([1, 2, 3], weights=[1e-150, 1e-123, 1e240])
    T, eta = 84, 1 / 3
    F, first, second, _, _ = exact([1, 2, 3], [1e-150, 1e-123, 1e240], eta, T)
    objective = qm.LogObjective(problem, qm.GradientDescent(T))
    assert objective(eta) == pytest.approx(float(log(F)) / T, rel=1e-14)
    assert objective.gradient(eta) == pytest.approx(float(first / F / T), rel=1e-13)
    assert objective.curvature(eta) == pytest.approx(
        float((second / F - (first / F) ** 2) / T), rel=1e-13
    )
    assert objective.scan(eta) == (objective(eta), objective.gradient(eta))
    best = objective.minimizer()
    slopes = [
        exact([1, 2, 3], [1e-150, 1e-123, 1e240], x, T)[1]
        for x in (best * (1 - 2e-15), best * (1 + 2e-15))
    ]
    assert slopes[0] < 0 < slopes[1]
    schedule = qm.LogObjective(problem, qm.Schedule(2))
    assert schedule.gradient([eta, eta])[0] == pytest.approx(objective_of_two(eta), rel=1e-13)


def objective_of_two(eta):
    """d/d eta_1 of log F / 2 at the schedule (eta, eta): a quarter of the derivative of two equal
    steps.
    """
    F, first, _, _, _ = exact([1, 2, 3], [1e-150, 1e-123, 1e240], eta, 2)
    return float(first / F) / 4


def test_a_scan_is_as_right_as_the_calls_where_its_short_kernel_is_not():
    """Weights whose powers underflow, every factor next to 0, and a T that rounding cannot follow."""
    cases = [
        ([1.0, 60688514.0], [5.361396618479634e261, 3.223431952673855e-285], 10, 1.000000003755522),
        ([0.22700549165496528, 0.2270054916549653], [1.868, 2.25], 3, 4.40517977212613),
        ([92.93684387926324, 92.93685429447173], [1.0, 1.0], 2419130016784, 0.010759995264086298),
        ([1.0, 3.0], [1.0, 1.0], 10**18, 0.4),
    ]
    for lam, omega, T, eta in cases:
        objective = qm.LogObjective(
            qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(T)
        )
        assert objective.scan(eta) == pytest.approx(
            (objective(eta), objective.gradient(eta)), rel=1e-12
        )
        several = objective.scan(np.array([eta, eta]))
        assert several[0] == pytest.approx([objective(eta)] * 2, rel=1e-12)
        if T == 10:
            F, first, _, _, _ = exact(lam, omega, eta, T)
            assert objective.scan(eta) == pytest.approx(
                (float(log(F)) / T, float(first / F / T)), rel=1e-10
            )


def test_a_scan_of_schedules_with_wide_weights():
    problem = qm.Quadratic.from_spectrum([1.0, 1e6], weights=[1e260, 1e-280])
    objective, eta = qm.LogObjective(problem, qm.Schedule(30)), np.full(30, 1 - 1e-12)
    value, slope = objective.scan(eta)
    assert value == pytest.approx(objective(eta), rel=1e-12)
    assert slope == pytest.approx(objective.gradient(eta), rel=1e-12)


def test_a_variance_whose_weights_underflow():
    lam, omega = (
        [0.0366678116776972, 36.00444469650728],
        [1.3748769808828212e249, 6.206565738748368e30],
    )
    root = qm.RootObjective(qm.Quadratic.from_spectrum(lam, weights=omega), qm.GradientDescent(9))
    assert root.curvature(27.271875638224675) == pytest.approx(
        1.4258626199891121e-78, rel=1e-12, abs=0
    )


def test_products_of_weights_and_eigenvalues_may_leave_float64():
    problem = qm.Quadratic.from_spectrum([5.36e19, 3.31e20], weights=[1.25e61, 9.1e292])
    objective = qm.LogObjective(problem, qm.GradientDescent(4099283932))
    with mp.workdps(50):
        a = 1 - mp.mpf(1e-21) * mp.mpf(5.36e19)
        want = 2 * mp.log(a) + mp.log(mp.mpf(1.25e61)) / 4099283932
    assert objective(1e-21) == pytest.approx(float(want), rel=1e-14)
    assert objective.scan(1e-21)[0] == pytest.approx(float(want), rel=1e-6)


def test_minimiser_between_eigenvalues_an_ulp_apart():
    problem = qm.Quadratic.from_spectrum(
        [1, 1 + 2**-52, 1 + 2**-52], weights=[0.2457, 1.7912, 0.5744]
    )
    best = qm.LogObjective(problem, qm.GradientDescent(64937409163)).minimizer()
    assert 1 - 2**-52 <= best <= 1


def test_a_variance_of_nothing_beside_a_square_that_fits():
    """One mode carries the loss of 6e10 steps, so that G'' = -G'^2 / 2."""
    lam, eta = [4.6123910001116466e139, 4.653728447957706e141], 2.1680729148413355e-140
    objective = qm.LogObjective(
        qm.Quadratic.from_spectrum(lam, weights=[2.3e-160, 1.13e-95]),
        qm.GradientDescent(60210420666),
    )
    slope = -2 * Q(lam[1]) / (1 - Q(eta) * Q(lam[1]))
    assert objective.gradient(eta) == pytest.approx(float(slope), rel=1e-13)
    assert objective.curvature(eta) == pytest.approx(float(-(slope**2) / 2), rel=1e-13)


def test_second_derivatives_beyond_float64_are_refused():
    lam = 1e149 * np.array([1, 1 + 2**-52])
    problem = qm.Quadratic.from_spectrum(lam, weights=[1.0, 1.0])
    for cls in (qm.LogObjective, qm.NaiveObjective, qm.RootObjective):
        for T in (1, 2):
            with pytest.raises(OverflowError, match="exceeds float64: use objective.exactly"):
                cls(problem, qm.GradientDescent(T)).curvature(1 / lam[0])
        with pytest.raises(OverflowError, match="exceeds float64: use objective.exactly"):
            cls(problem, qm.Schedule(2)).curvature([1 / lam[0], 1 / lam[0]])
    far = qm.Quadratic.from_spectrum([1, 1e149], weights=[1e150, 1e-150])
    with pytest.raises(OverflowError, match="use objective.exactly"):
        qm.LogObjective(far, qm.GradientDescent(1)).curvature(1 - 2**-53)
