"""Accuracy of the stable moments and of the minimiser, and identities of the residual polynomial."""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta import strategies as qst
from quadmeta.objectives.parts.polynomial import energy
from quadmeta.optimizers.gradient_descent import GradientDescent
from tests.reference import exact, minimizer_error, random_spectrum

T_VALUES = [1, 2, 3, 10, 137, 10**4, 10**6, 10**9]


def hard_step_sizes(lam, best, rng):
    """0, 1/lambda_i, 2/L, both sides of eta* from 1e-15 to 0.1, the crossing, and up to 3/mu."""
    near = [best * (1 + s * 10.0**-k) for k in (15, 12, 9, 6, 3, 1) for s in (-1, 1)]
    return np.array(
        [
            0,
            *(1 / lam[:2]),
            *(1 / lam[-2:]),
            2 / lam[-1],
            best,
            2 / (lam[0] + lam[-1]),
            *near,
            *rng.uniform(0, 3 / lam[0], 2),
        ]
    )


def worst_errors(module_class, cases):
    """Largest errors of log F, G, G', G'' in units of their bars over random hard problems."""
    worst = np.zeros(4)
    for T, seed in cases:
        rng = np.random.default_rng(seed)
        lam, omega = random_spectrum(rng)
        optimizer = module_class(T)
        etas = hard_step_sizes(lam, float(optimizer.minimizer(lam, omega)), rng)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            level, mean, variance = optimizer.log_moments(lam, omega, etas)
        for k, eta in enumerate(etas):
            ref = exact(lam, omega, eta, T)
            curvature = (4 * T - 2) * variance[k] - 2 * mean[k] ** 2
            largest = max(
                abs(np.log1p(-eta * x) if eta * x < 1 else np.log(abs(1 - eta * x) + 1e-300))
                for x in (lam[0], lam[-1])
            )
            errors = [
                abs(level[k] - ref.log_loss) / (1e-14 * max(1, abs(ref.log_loss), 2 * T * largest)),
                abs(level[k] / T - ref.value) / (5e-15 * max(abs(ref.value), 2)),
                abs(-2 * mean[k] - ref.slope) / (1e-14 * 2 * ref.size),
                abs(curvature - ref.curvature) / (5e-14 * (abs(ref.curvature) + 2 * ref.square)),
            ]
            worst = np.fmax(worst, np.nan_to_num(np.array(errors, dtype=float), nan=np.inf))
    return worst


@pytest.mark.parametrize("T", T_VALUES)
def test_naive_derivatives_meet_the_bars_of_the_log_and_of_the_moments(T):
    """log |F'| = log F + log T + log |G'| and log F'' = log F + log(2T (2T - 1) E u^2), at 100
    digits.
    """
    rng = np.random.default_rng([7, T])
    lam, omega = random_spectrum(rng)
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    naive = qm.NaiveObjective(problem, GradientDescent(T))
    for eta in hard_step_sizes(lam, naive.minimizer(), rng):
        ref = exact(lam, omega, eta, T)
        largest = max(abs(np.log(abs(1 - eta * x) + 1e-300)) for x in (lam[0], lam[-1]))
        slack = 1e-14 * max(1, abs(ref.log_loss), 2 * T * largest)
        slope, curvature = naive.gradient(eta), naive.curvature(eta)
        with mp.workdps(100):
            want = ref.log_loss + mp.log(2 * T * (2 * T - 1) * ref.square)
            assert curvature.sign == 1 and abs(curvature.log - want) <= slack + 5e-14
            # relative to E|u|: next to the root of F' its logarithm has no digits of its own
            error = abs(
                slope.sign * mp.exp(mp.mpf(float(slope.log)) - ref.log_loss) / T - ref.slope
            )
            assert error <= (slack + 1e-14) * 2 * ref.size


@given(
    problem=qst.quadratics(mu=0.01, L=3.0),
    eta=qst.step_sizes(mu=0.01, L=3.0, largest=4.0),
    T=st.integers(1, 30) | st.sampled_from([1000, 10**6]),
)
def test_log_objective_and_slope_meet_their_bars_on_hard_spectra(problem, eta, T):
    """Equal and neighbouring eigenvalues, tiny weights, step sizes on every border."""
    objective = qm.LogObjective(problem, GradientDescent(T))
    lam, omega = objective.spectrum()
    ref = exact(lam, omega, eta, T)
    assert abs(objective(eta) - ref.value) <= 5e-15 * max(abs(ref.value), 2)
    assert abs(objective.gradient(eta) - ref.slope) <= 1e-14 * 2 * ref.size


CASES = [(T, 100 * k + j) for k, T in enumerate(T_VALUES) for j in range(6)]


@pytest.mark.parametrize("T", T_VALUES)
def test_moments_meet_their_bars_against_100_digits(T):
    assert (worst_errors(GradientDescent, [case for case in CASES if case[0] == T]) <= 1).all()


@pytest.mark.parametrize(("T", "seed"), [(T, s) for T in T_VALUES for s in range(8)])
def test_minimizer_is_exact_to_two_ulp(T, seed):
    lam, omega = random_spectrum(np.random.default_rng([T, seed]))
    eta = float(GradientDescent(T).minimizer(lam, omega))
    assert 1 / lam[-1] < eta < 1 / lam[0]
    assert minimizer_error(lam, omega, eta, T) <= 2e-15


def test_minimizer_closed_forms():
    rng = np.random.default_rng(5)
    for _ in range(15):
        lam, omega = random_spectrum(rng, dimension=6)
        line_search = (omega * lam).sum() / (omega * lam**2).sum()
        assert GradientDescent(1).minimizer(lam, omega) == pytest.approx(line_search, rel=4e-15)
        ends, w = lam[[0, -1]], omega[[0, -1]]
        for T in (2, 9, 10**5):
            r = (w[1] * ends[1] / (w[0] * ends[0])) ** (1 / (2 * T - 1))
            best = GradientDescent(T).minimizer(ends, w)
            assert best == pytest.approx((1 + r) / (ends[0] + r * ends[1]), rel=4e-15)


def test_minimizer_is_vectorised_and_handles_one_eigenvalue():
    lam = np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 50.0]])
    omega = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1e-9]])
    best = GradientDescent(2).minimizer(lam, omega)
    assert (
        best[0] == pytest.approx((1 + 3 ** (1 / 3)) / (1 + 3 * 3 ** (1 / 3)), rel=1e-15)
        and best[1] == 0.5
    )
    # the sign of F' at 2/L decides whether eta* lies beyond it
    slope = sum(
        Q(o) * Q(x) * (1 - 2 * Q(x) / 50) ** 3 for x, o in zip(lam[2], omega[2], strict=True)
    )
    assert (best[2] > 2 / 50) == (slope > 0) is True


def test_minimizer_leaves_the_stable_range_only_for_small_T():
    lam, omega = np.array([1.0, 50.0]), np.array([1.0, 1e-9])
    beyond = [GradientDescent(T).minimizer(lam, omega) > 2 / 50 for T in (2, 10, 1000)]
    assert beyond[0] and not beyond[-1]


rational = st.fractions(min_value=Q(1, 12), max_value=20, max_denominator=12)


@given(st.lists(st.tuples(rational, rational), min_size=1, max_size=4), rational, st.integers(1, 7))
def test_residual_derivatives_are_those_of_the_polynomial(modes, eta, T):
    """(1 - eta lambda)^T as a polynomial in eta, differentiated coefficient by coefficient over
    the rationals.
    """
    lam = np.array([m[0] for m in modes], dtype=object)
    p, p1, p2 = GradientDescent(T).residual(lam, eta)
    for k, x in enumerate(lam):
        poly = np.polynomial.Polynomial([Q(1)])
        for _ in range(T):
            poly = poly * np.polynomial.Polynomial([Q(1), -x])
        want = [
            sum(c * q for c, q in zip(q_coefficients, powers(eta), strict=False))
            for q_coefficients in derivatives(list(poly.coef))
        ]
        assert [p[k], p1[k], p2[k]] == want


def powers(x):
    """1, x, x^2, ... without end."""
    y = Q(1)
    while True:
        yield y
        y *= x


def derivatives(c):
    """Coefficients of a polynomial and of its first two derivatives."""
    first = [k * a for k, a in enumerate(c)][1:]
    return c, first, [k * a for k, a in enumerate(first)][1:]


@given(st.lists(st.tuples(rational, rational), min_size=2, max_size=4), rational, st.integers(1, 6))
def test_identities_of_the_moments_in_rationals(modes, eta, T):
    """F' = T F G', F'' = T F (G'' + T G'^2), G'' + G'^2/2 = (4T-2) Var(u)."""
    lam, omega = (np.array(x, dtype=object) for x in zip(*modes, strict=True))
    a = 1 - eta * lam
    residual = GradientDescent(T).residual(lam, eta)
    F, F1, F2 = (energy(omega, residual, k) for k in range(3))
    if F == 0 or (a == 0).any():
        return
    pi, u = omega * a ** (2 * T) / F, lam / a
    mean = (pi * u).sum()
    variance = (pi * (u - mean) ** 2).sum()
    G1, G2 = -2 * mean, (4 * T - 2) * variance - 2 * mean**2
    assert (
        F1 == T * F * G1
        and F2 == T * F * (G2 + T * G1**2)
        and G2 + G1**2 / 2 == (4 * T - 2) * variance
    )
