"""Statements about schedules, momentum and SGD: golden numbers, mutants, thresholds, limits, and
what is needed.
"""

from fractions import Fraction as F
from itertools import permutations
from random import Random

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import minimize

import quadmeta as qm
from quadmeta.claims.families import schedules as _schedules, sgd as _sgd
from quadmeta.claims.families.least_squares import root_count
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.optimizers.nesterov import Nesterov
from quadmeta.optimizers.schedule import Schedule
from quadmeta.problems.sampled_rows import SampledRows
from quadmeta.training import schedules
from quadmeta.verification.finding import arrays, broken, examine
from quadmeta.verification.needed import drop
from quadmeta.verification.parameters import draw
from tests.helpers import case, mutant, status
from tests.reference import fractions

PERCENT = F(99, 100)
NAMES = (
    "derived_schedule_landscape",
    "derived_constant_schedule_is_saddle",
    "derived_schedule_optimum_is_cg",
    "derived_chebyshev_instance",
    "derived_heavy_ball_unbounded_gradient",
    "derived_heavy_ball_not_quasiconvex",
    "derived_streaming_mean_square_limit",
    "derived_streaming_heavy_tail",
    "derived_finite_sample_mean_square_limit",
    "derived_additive_noise_optimum",
    "derived_sgd_naive_against_log",
)


def at(k, change):
    """The entry k of the right side changed."""

    def apply(x, l, r):
        r = r.copy()
        r[k] = change(r[k])
        return l, r

    return apply


MUTANTS = [
    (
        "derived_schedule_landscape",
        "stated",
        "F lost 1 %",
        at(0, lambda v: v * PERCENT),
        "refuted",
    ),
    ("derived_schedule_landscape", "stated", "-8 for -4", at(2, lambda v: 2 * v), "refuted"),
    ("derived_schedule_landscape", "stated", "a bad minimum", at(3, lambda v: 0), "refuted"),
    (
        "derived_constant_schedule_is_saddle",
        "stated",
        "4 - 1/T on the diagonal",
        lambda x, l, r: (
            l,
            r
            + np.array(
                [*np.diag([r[0] / (4 * x["steps"] - 2)] * x["steps"]).flat, 0], dtype=object
            ),
        ),
        "refuted",
    ),
    (
        "derived_constant_schedule_is_saddle",
        "stated",
        "index T",
        at(-1, lambda v: v + 1),
        "refuted",
    ),
    (
        "derived_schedule_optimum_is_cg",
        "stated",
        "K_{T-1}: lost 1 %",
        at(1, lambda v: v * PERCENT),
        "refuted",
    ),
    (
        "derived_schedule_optimum_is_cg",
        "stated",
        "a root beyond L",
        at(-2, lambda v: v + 1),
        "refuted",
    ),
    ("derived_chebyshev_instance", "stated", "N for 2N", at(0, lambda v: v / 2), "refuted"),
    (
        "derived_chebyshev_instance",
        "stated",
        "p_T not orthogonal",
        at(2, lambda v: v + 1),
        "refuted",
    ),
    (
        "derived_heavy_ball_unbounded_gradient",
        "repaired",
        "no growth law",
        lambda x, l, r: (
            l + np.array([x["steps"] * x["eigenvalues"].max(), 0, 0, 0, 0], dtype=object),
            r,
        ),
        "refuted",
    ),
    (
        "derived_heavy_ball_unbounded_gradient",
        "repaired",
        "C / 20",
        at(0, lambda v: v / 20),
        "refuted",
    ),
    (
        "derived_heavy_ball_unbounded_gradient",
        "repaired",
        "p_T(mu) with T for T + 1",
        at(1, lambda v: v * PERCENT),
        "refuted",
    ),
    (
        "derived_heavy_ball_not_quasiconvex",
        "repaired",
        "half the ends",
        at(0, lambda v: v / 2),
        "refuted",
    ),
    (
        "derived_heavy_ball_not_quasiconvex",
        "repaired",
        "beta^2 for (2 beta - 1)^2",
        lambda x, l, r: (np.where(np.arange(len(l)) == 4, 2 * l, l), r),
        "refuted",
    ),
    (
        "derived_heavy_ball_not_quasiconvex",
        "repaired",
        "no bump",
        at(-1, lambda v: 2 * v),
        "refuted",
    ),
    (
        "derived_streaming_mean_square_limit",
        "stated",
        "stable further",
        at(0, lambda v: 0),
        "refuted",
    ),
    (
        "derived_streaming_mean_square_limit",
        "stated",
        "unstable earlier",
        at(1, lambda v: 0),
        "refuted",
    ),
    (
        "derived_streaming_mean_square_limit",
        "stated",
        "low bound loosened",
        lambda x, l, r: (np.where(np.arange(8) == 2, l * PERCENT, l), r),
        "undecided",
    ),
    (
        "derived_streaming_mean_square_limit",
        "stated",
        "high bound loosened",
        at(3, lambda v: v / PERCENT),
        "undecided",
    ),
    (
        "derived_streaming_mean_square_limit",
        "stated",
        "low bound too high",
        lambda x, l, r: (np.where(np.arange(8) == 2, l / PERCENT, l), r),
        "refuted",
    ),
    (
        "derived_streaming_mean_square_limit",
        "stated",
        "high bound too low",
        at(3, lambda v: v * PERCENT),
        "refuted",
    ),
    (
        "derived_streaming_heavy_tail",
        "stated",
        "q^2 for q_4",
        at(1, lambda v: v * PERCENT),
        "refuted",
    ),
    ("derived_streaming_heavy_tail", "stated", "q with d + 1", at(0, lambda v: v - 1), "refuted"),
    (
        "derived_finite_sample_mean_square_limit",
        "stated",
        "always stable",
        at(0, lambda v: 1),
        "refuted",
    ),
    (
        "derived_finite_sample_mean_square_limit",
        "stated",
        "never stable",
        at(0, lambda v: 0),
        "refuted",
    ),
    (
        "derived_finite_sample_mean_square_limit",
        "stated",
        "noise dropped",
        at(5, lambda v: v * PERCENT),
        "refuted",
    ),
    (
        "derived_additive_noise_optimum",
        "stated",
        "tr Sigma / 2 for / 4",
        lambda x, l, r: (l, r - (x["noise"] * x["eigenvalues"] ** 2 * x["eta"]).sum()),
        "refuted",
    ),
    (
        "derived_additive_noise_optimum",
        "stated",
        "loosened above",
        at(0, lambda v: v + 1),
        "undecided",
    ),
    (
        "derived_additive_noise_optimum",
        "stated",
        "loosened below",
        lambda x, l, r: (l - np.array([0, 1], dtype=object), r),
        "undecided",
    ),
    (
        "derived_sgd_naive_against_log",
        "stated",
        "floor loosened",
        at(0, lambda v: v / PERCENT),
        "undecided",
    ),
    (
        "derived_sgd_naive_against_log",
        "stated",
        "slope loosened",
        at(1, lambda v: v / PERCENT),
        "undecided",
    ),
    (
        "derived_sgd_naive_against_log",
        "stated",
        "explosion loosened",
        lambda x, l, r: (np.where(np.arange(3) == 2, l * PERCENT, l), r),
        "undecided",
    ),
    (
        "derived_sgd_naive_against_log",
        "stated",
        "floor reached sooner",
        at(0, lambda v: v * PERCENT),
        "refuted",
    ),
    (
        "derived_sgd_naive_against_log",
        "stated",
        "slope reached sooner",
        at(1, lambda v: v * PERCENT),
        "refuted",
    ),
    (
        "derived_sgd_naive_against_log",
        "stated",
        "explodes faster",
        lambda x, l, r: (np.where(np.arange(3) == 2, l / PERCENT, l), r),
        "refuted",
    ),
]


@pytest.mark.parametrize(
    "name, form, what, change, expected", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(name, form, what, change, expected):
    assert status(mutant(type(qm.claim(name)), change), form) == expected


@pytest.mark.parametrize(
    "name", ["derived_heavy_ball_unbounded_gradient", "derived_heavy_ball_not_quasiconvex"]
)
def test_counterexamples_are_small_and_admitted(name, decided):
    verdict = decided(name)
    assert verdict.status == "refuted" and qm.recheck(qm.certificate(verdict))
    x = verdict.evidence["instance"]
    assert x["steps"] == 2 and len(x["eigenvalues"]) <= 2
    without = {**x, "momentum": F(0)}
    assert (
        examine(qm.claim(name), "", without).holds and examine(qm.claim(name), "", without).admitted
    )


@pytest.mark.parametrize(
    "name, assumption, form, status",
    [
        ("derived_schedule_landscape", "distinct eigenvalues > T", "stated", "refuted"),
        # k does not exist
        ("derived_schedule_landscape", "distinct eta_t = T", "stated", "undecided"),
        ("derived_constant_schedule_is_saddle", "F'(eta) = 0", "stated", "refuted"),
        # F = 0 where F' = 0
        ("derived_constant_schedule_is_saddle", "kappa > 1", "stated", "undecided"),
        # 0 / 0 past the last step
        ("derived_schedule_optimum_is_cg", "T < distinct eigenvalues", "stated", "undecided"),
        ("derived_chebyshev_instance", "T <= N", "stated", "refuted"),
        (
            "derived_heavy_ball_unbounded_gradient",
            "eta (L + mu) = 2 (1 + beta)",
            "repaired",
            "refuted",
        ),
        (
            "derived_heavy_ball_unbounded_gradient",
            "eta^2 L mu = (1 - beta)^2",
            "repaired",
            "refuted",
        ),
        ("derived_heavy_ball_not_quasiconvex", "left < middle", "repaired", "refuted"),
        ("derived_heavy_ball_not_quasiconvex", "middle < right", "repaired", "refuted"),
        ("derived_streaming_heavy_tail", "kappa = 1", "stated", "refuted"),
        ("derived_streaming_heavy_tail", "sigma = 0", "stated", "refuted"),
        ("derived_streaming_heavy_tail", "eta > 0", "stated", "refuted"),
        ("derived_streaming_mean_square_limit", "eta > 0", "stated", "refuted"),
        ("derived_additive_noise_optimum", "eta <= 1/L", "stated", "refuted"),
        ("derived_sgd_naive_against_log", "B != 1", "stated", "undecided"),
    ],
)  # no steady state
def test_which_assumptions_are_needed(name, assumption, form, status):
    assert drop(qm.claim(name), assumption, form).status == status


def interlaced(lam, roots):
    """Weights for which 1/roots is the best schedule: T + 1 eigenvalues, the roots strictly
    between them.
    """
    p = np.prod([1 - lam / t for t in roots], axis=0)
    gaps = [np.prod([v - w for w in lam if w != v]) for v in lam]
    return 1 / (lam * abs(p * np.array(gaps)))


@pytest.mark.parametrize(
    "lam, roots", [((1, 3), (2,)), (("1/2", "3/2", 3), (1, 2)), ((1, 2, 4, 7), ("3/2", 3, 5))]
)
def test_an_exact_global_minimum(lam, roots):
    lam, roots = fractions(*lam), fractions(*roots)
    omega, T = interlaced(lam, roots), len(roots)
    best = _schedules.Loss.at(lam, omega, 1 / roots)
    assert not any(best.gradient) and _sgd.definite(best.hessian)[0]
    rng = np.random.default_rng(0)
    for etas in rng.integers(-5, 25, (30, T)):
        assert _schedules.Loss.at(lam, omega, fractions(*map(int, etas)) / 10).value > best.value
    for order in permutations(1 / roots):
        assert _schedules.Loss.at(lam, omega, np.array(order)).value == best.value
    if T > 1:  # moved off the roots it is no minimum
        assert any(_schedules.Loss.at(lam, omega, 1 / (roots + F(1, 10))).gradient)


def test_four_routes_to_the_best_schedule():
    lam, c = fractions(1, 2, 4, 7, 11), fractions(1, 2, 1, 1, 3)
    omega, T = lam * c**2 / 2, 3
    e = _schedules.conjugate_gradients(np.diag(lam), c, T)
    value = e @ (lam * e) / 2
    kernel = 1 / sum(
        p[0] ** 2 / norm for p, norm in _schedules.orthogonal(lam, omega, T, 0 * lam[:1])
    )
    best = Schedule(T).minimizer(lam.astype(float), omega.astype(float))
    assert value == kernel
    assert float(_schedules.Loss.at(lam, omega, fractions(*best)).value / value - 1) < 1e-12
    rng = np.random.default_rng(1)

    def loss(etas):
        found = _schedules.Loss.at(lam.astype(float), omega.astype(float), etas)
        return found.value, found.gradient

    for _ in range(5):  # no bad local minimum: each start ends at a permutation
        found = minimize(
            loss, rng.uniform(0.05, 1, T), jac=True, method="BFGS", options={"gtol": 1e-11}
        )
        assert np.sort(found.x) == pytest.approx(np.sort(best), rel=1e-5)
    # descent stays constant
    assert len(set(_schedules.Loss.at(lam, omega, fractions(*["1/5"] * T)).gradient)) == 1


@pytest.mark.parametrize("T", [2, 3, 6])
def test_eigenvalues_at_the_best_constant_schedule(T):
    lam, omega = np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.3, 2.0])
    problem = qm.Quadratic.from_spectrum(lam, weights=omega)
    eta = qm.LogObjective(problem, qm.GradientDescent(T)).minimizer()
    found = _schedules.Loss.at(lam, omega, np.full(T, eta))
    q = (omega * lam**2 * (1 - eta * lam) ** (2 * T - 2)).sum() / found.value
    spectrum = np.linalg.eigvalsh(found.hessian / found.value / T)
    assert spectrum == pytest.approx([*[-2 * q / T] * (T - 1), (4 - 2 / T) * q], rel=1e-9)


@pytest.mark.parametrize("N, T", [(2, 1), (5, 2), (8, 7), (4, 4)])
def test_chebyshev_matrix_is_the_trigonometric_instance(N, T):
    found = case("derived_chebyshev_instance", low="1/2", high=7, nodes=N, steps=T)
    with mp.workdps(40):
        mu, L = mp.mpf(1) / 2, mp.mpf(7)

        def nodes(n):
            return [
                (L + mu) / 2 + (L - mu) / 2 * mp.cos((2 * j - 1) * mp.pi / (2 * n))
                for j in range(1, n + 1)
            ]

        total = mp.fsum(mp.fprod((1 - v / t) ** 2 for t in nodes(T)) / v for v in nodes(N))
        v = mp.acosh((L + mu) / (L - mu))
        closed = (
            2 * N / (L - mu) * mp.sinh((N - T) * v) / (mp.sinh(v) * mp.cosh(N * v) * mp.cosh(T * v))
        )
        exact = mp.mpf(found.rhs[0].numerator) / found.rhs[0].denominator
        assert abs(exact - closed) < mp.mpf(10) ** -35 and abs(total - closed) < mp.mpf(10) ** -35
    if T < N:
        instance = schedules.chebyshev_instance(0.5, 7, N)
        problem = qm.Quadratic.from_spectrum(instance.eigenvalues, weights=instance.weights)
        objective = qm.LogObjective(problem, Schedule(T))
        assert np.exp(T * objective(schedules.chebyshev(0.5, 7, T))) == pytest.approx(
            float(exact), rel=1e-11
        )


def test_chebyshev_golden_number_and_control():
    assert case("derived_chebyshev_instance", low=1, high=3, nodes=2, steps=1).rhs[0] == F(1, 7)
    # equal components instead: another optimum
    lam = schedules.chebyshev_instance(1, 10, 8).eigenvalues
    for weights, near in ((1 / lam, True), (lam, False)):
        best = np.sort(Schedule(3).minimizer(lam, weights))
        assert np.allclose(best, schedules.chebyshev(1, 10, 3), rtol=1e-9) is near


def slope(T, lam, omega, eta, beta):
    """G' in the step size."""
    p, (first, _), _ = HeavyBall(T).residual(lam, (eta, beta))
    return 2 * (omega * p * first).sum() / (omega * p**2).sum() / T


def test_golden_heavy_ball():
    p, _, _ = HeavyBall(6).residual(fractions(1, 9), (F(1, 4), F(1, 4)))
    assert list(p) == [F(1, 64) * 4, F(1, 64) * 10]


@pytest.mark.parametrize(
    "weights, rate", [((1, 1), F(16, 3)), ((81, 1), F(0)), ((1, 0, 1), F(16, 3))]
)
def test_meta_gradient_grows_linearly(weights, rate):
    """c = 2/3 (9 pi - (1 - pi)) with pi : 1 - pi = 9 omega_L : omega_mu; at omega_mu = 81 omega_L
    it vanishes.
    """
    lam, omega = fractions(*((1, 4, 9) if len(weights) == 3 else (1, 9))), fractions(*weights)
    omega[omega == 0] = F(1, 10)
    last = [float(T * (slope(T, lam, omega, F(1, 4), F(1, 4)) / T - rate)) for T in (50, 100, 200)]
    assert abs(last[1] - last[2]) < 0.5 and abs(last[2]) < 25
    if rate:
        bound = 2 * 9 * 10 / 8 * 2.0 ** (1 / 400)
        assert slope(200, lam, omega, F(1, 4), F(1, 4)) > 45 * bound
        # next to the double roots
        aside = [float(slope(T, lam, omega, F(6, 25), F(1, 4))) for T in (100, 200)]
        assert max(map(abs, aside)) < bound * 3


def test_two_modes_can_be_trained_to_zero_by_two_steps_of_heavy_ball():
    lam, omega = fractions(1, 4), fractions(1, 1)
    p, _, _ = HeavyBall(2).residual(lam, (F(1, 2), F(1, 2)))
    assert not any(p)
    for k in (1, 3, 6):
        assert abs(slope(2, lam, omega, F(1, 2) + F(1, 10**k), F(1, 2))) > 10**k / 2


@pytest.mark.parametrize(
    "method, three", [(HeavyBall, (F(1, 2), F(1), F(2))), (Nesterov, (F(2, 3), F(5, 6), F(1)))]
)
def test_both_methods_have_an_exact_witness(method, three):
    left, middle, right = (
        method(2).residual(fractions(1), (eta, F(1, 2)))[0][0] ** 2 for eta in three
    )
    assert left == right == 0 < middle
    found = case(
        "derived_heavy_ball_not_quasiconvex",
        eigenvalues=(1,),
        weights=(1,),
        left=three[0],
        middle=three[1],
        right=three[2],
        momentum="1/2",
        steps=2,
    )
    assert found.lhs[method is Nesterov] > found.rhs[method is Nesterov]


def _times(factor, polynomial):
    out = [F(0)] * (len(polynomial) + len(factor) - 1)
    for i, u in enumerate(factor):
        for j, v in enumerate(polynomial):
            out[i + j] += u * v
    return out


@pytest.mark.parametrize("beta", [F(1, 100), F(1, 2), F(99, 100)])
def test_residuals_with_momentum_have_several_zeros_at_every_horizon(beta):
    """Exact counts in x = eta lambda: T for heavy ball, 1 + floor(T/2) up to x = 1 for Nesterov."""
    ball = ([F(1)], [F(1), F(-1)])
    nesterov = ball
    for T in range(2, 10):
        moved = _times([1 + beta, F(-1)], ball[1])
        padded = ball[0] + [F(0)] * 2
        ball = (ball[1], [u - beta * v for u, v in zip(moved, padded, strict=True)])
        inner = [(1 + beta) * u for u in nesterov[1]]
        padded = nesterov[0] + [F(0)]
        inner = [u - beta * v for u, v in zip(inner, padded, strict=True)]
        nesterov = (nesterov[1], _times([F(1), F(-1)], inner))
        assert root_count(ball[1], None) == T
        assert root_count(nesterov[1], F(1)) == root_count(nesterov[1], None) == 1 + T // 2


@pytest.mark.parametrize("T", [2, 5, 9])
def test_one_eigenvalue_has_as_many_minima_as_steps(T):
    x = np.linspace(0, 3.5, 20001)[1:, None]
    count = {}
    for beta in (0.0, 0.5):
        p = HeavyBall(T).residual(np.ones(1), (x, beta))[0][:, 0]
        count[beta] = int((p[1:] * p[:-1] < 0).sum())
    assert count[0.5] == T and count[0.0] <= 1


def test_local_minima_multiply_with_the_steps():
    lam, omega = np.array([1.0, 1.7, 3.0]), np.array([1.0, 0.5, 0.7])
    window = np.linspace(1.02 * (1 - 0.9) ** 2, 0.98 * (1 + 0.9) ** 2 / 3, 4001)

    def minima(method, T, beta):
        p, (first, _), _ = method(T).residual(lam, (window[:, None], beta))
        sign = np.sign((omega * p * first).sum(axis=1))
        return int(((sign[:-1] < 0) & (sign[1:] > 0)).sum())

    found = [minima(HeavyBall, T, 0.81) for T in (10, 20, 40)]
    assert found[0] >= 2 and found[1] >= 1.6 * found[0] and found[2] >= 1.6 * found[1]
    nesterov = minima(Nesterov, 40, 0.81)
    assert 2 <= nesterov < found[2]
    assert [minima(HeavyBall, T, 0.0) for T in (10, 20, 40)] == [1, 1, 1]


@pytest.mark.parametrize("name", NAMES)
def test_each_regime_is_reached(name):
    claim, random, admitted = qm.claim(name), Random(4), 0
    shapes = set()
    for _ in range(80):
        x = claim.prepare(draw(claim.domain, random))
        if not broken(claim, list(claim.forms)[-1], x):
            admitted += 1
            shapes.add(
                (len(next((v for v in x.values() if isinstance(v, tuple)), ())), x.get("steps"))
            )
    assert admitted >= 20 and len(shapes) >= 4


@pytest.mark.parametrize(
    "name, count",
    [
        ("derived_streaming_mean_square_limit", 10),
        ("derived_sgd_naive_against_log", 10),
        ("derived_finite_sample_mean_square_limit", 5),
    ],
)
def test_both_sides_of_the_limit_are_drawn(name, count):
    """Stable, unstable and, but for the second, exactly at the limit."""
    claim, random, seen = qm.claim(name), Random(5), {"stable": 0, "limit": 0, "unstable": 0}
    for _ in range(200):
        x = arrays(claim.prepare(draw(claim.domain, random)))
        if name == "derived_finite_sample_mean_square_limit":
            X = np.stack([x["first"], x["second"], x["third"]], axis=1).astype(float)
            if not X.any():
                continue
            margin = float(x["eta"]) / SampledRows(X, np.ones(len(X))).mean_square_limit() - 1
        else:
            lam = x.get("eigenvalues", x.get("spectrum"))
            eta = x["eta"] if "eta" in x else x["scaled"] / lam.max()
            margin = float(_sgd.strain(lam, eta) - 1) if eta * lam.max() < 1 else 1.0
        seen["limit" if abs(margin) < 1e-9 else "stable" if margin < 0 else "unstable"] += 1
    assert min(seen["stable"], seen["unstable"]) >= count
    assert seen["limit"] >= 5 or name == "derived_sgd_naive_against_log"
