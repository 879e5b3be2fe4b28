"""Filters of Chebyshev, Nystrom, Kronecker factors and momentum: closed forms, exact arithmetic,
golden values; and the bound that no Krylov method crosses.
"""

import math
from fractions import Fraction as F

import mpmath as mp
import numpy as np
import pytest

from quadmeta.theory import filters

RNG = np.random.default_rng(5)


def chebyshev_t(n, x):
    """T_n(x) by its three-term recurrence, in any arithmetic."""
    before, value = x**0, x
    for _ in range(n - 1):
        before, value = value, 2 * x * value - before
    return value if n else before


@pytest.mark.parametrize("budget", [1, 2, 3, 7, 20])
def test_chebyshev_is_its_polynomial(budget):
    m, M = F(1, 3), F(7, 2)
    for lam in (m, M, F(1), F(0), F(5), F(1, 1000)):
        f, residual = (
            function(lam, m, M, budget)
            for function in (filters.chebyshev, filters.chebyshev_residual)
        )
        at, zero = (chebyshev_t(budget, (M + m - 2 * x) / (M - m)) for x in (lam, F(0)))
        assert residual == at / zero
        assert 1 - lam * f == residual


@pytest.mark.parametrize("kappa, budget", [(1e2, 40), (1e4, 500), (1e6, 100)])
def test_chebyshev_in_floats_keeps_a_tiny_error(kappa, budget):
    lam = np.geomspace(1 / kappa, 1, 50)
    found = filters.chebyshev_residual(lam, 1 / kappa, 1.0, budget)
    with mp.workdps(40):
        low = mp.mpf(1 / kappa)
        exact = [
            mp.cos(budget * mp.acos((1 + low - 2 * mp.mpf(x)) / (1 - low)))
            / mp.cosh(budget * mp.acosh((1 + low) / (1 - low)))
            for x in lam
        ]
        bound = filters.minimax(low, mp.mpf(1), budget)
        assert max(abs(a - b) for a, b in zip(found, exact, strict=True)) < 1e-11 * bound
        assert max(abs(x) for x in found) <= bound * (1 + mp.mpf(10) ** -11)


def test_no_chebyshev_bound_is_loose():
    """|p_N| reaches 1 / T_N at N + 1 points of the interval."""
    for budget in (1, 2, 5, 15):
        lam = filters.minimax_instance(0.01, 1.0, budget).eigenvalues
        found = np.abs(filters.chebyshev_residual(lam, 0.01, 1.0, budget))
        np.testing.assert_allclose(found, filters.minimax(0.01, 1.0, budget), rtol=1e-12)


def least_energy(lam, squares, budget):
    """The least sqrt(sum p(lambda)^2 v^2 / lambda) over p of degree N with p(0) = 1, relative, by
    projection in sixty digits.
    """
    with mp.workdps(60):
        lam = [mp.mpf(x) for x in lam]
        weights = [mp.mpf(s) / x for s, x in zip(squares, lam, strict=True)]
        moment = [
            sum(w * x**k for w, x in zip(weights, lam, strict=True)) for k in range(2 * budget + 1)
        ]
        # p = 1 + sum_k c_k lambda^k: normal equations
        normal = mp.matrix(budget)
        side = mp.matrix(budget, 1)
        for i in range(budget):
            side[i] = -moment[i + 1]
            for j in range(budget):
                normal[i, j] = moment[i + j + 2]
        c = mp.lu_solve(normal, side)
        least = moment[0] - sum(c[i] * side[i] for i in range(budget))
        return mp.sqrt(least / moment[0])


@pytest.mark.parametrize(
    "kappa, budget, golden",
    [(9, 1, 0.8), (100, 3, 0.842638434530235), (100, 5, 0.64639973828038)],
)
def test_nothing_is_below_the_bound_on_its_instance(kappa, budget, golden):
    lam, squares = filters.minimax_instance(1.0, float(kappa), budget)
    assert float(least_energy(lam, squares, budget)) == pytest.approx(golden, rel=1e-13)
    assert float(filters.minimax(1, kappa, budget)) == pytest.approx(golden, rel=1e-13)
    v = np.sqrt(squares)
    error = v / lam - filters.conjugate_gradients(lam, v, budget)
    energy = np.sqrt((lam * error**2).sum() / (squares / lam).sum())
    assert energy == pytest.approx(golden, rel=1e-9)
    # another right-hand side is easier
    assert float(least_energy(lam, squares * RNG.uniform(0.5, 2, budget + 1), budget)) < golden


def needed(error, factor):
    """Least N with factor(N) <= error."""
    return next(N for N in range(1, 10**6) if factor(N) <= error)


@pytest.mark.parametrize(
    "kappa, wanted",
    [
        (10, [(5, 12), (12, 35), (23, 69)]),
        (100, [(15, 116), (38, 346), (73, 691)]),
        (10**4, [(150, 11513), (381, 34539), (726, 69078)]),
    ],
)
def test_products_to_reach_an_error(kappa, wanted):
    """Chebyshev against Neumann with the step 2 / (L + mu)."""
    rho = (kappa - 1) / (kappa + 1)
    for error, (ours, series) in zip((1e-1, 1e-3, 1e-6), wanted, strict=True):
        assert needed(error, lambda N: filters.minimax(1.0, float(kappa), N)) == ours
        assert math.ceil(math.log(error) / math.log(rho)) == series
        worst = filters.neumann_residual(1.0, 2 / (kappa + 1), series - 1)
        assert worst <= error < filters.neumann_residual(1.0, 2 / (kappa + 1), series - 2)


def test_golden_values_at_condition_100():
    lam = np.linspace(1, 100, 1000)
    assert filters.minimax(1.0, 100.0, 15) == pytest.approx(0.0983384989335367, rel=1e-14)
    for nu, N, golden in (
        (2 / 101, 15, 0.740810812092034),
        (1 / 100, 15, 0.860058354641289),
        (2 / 101, 1, 0.98019801980198),
    ):
        worst = np.abs(filters.neumann_residual(lam, nu, N - 1)).max()
        assert worst == pytest.approx(golden, rel=1e-13)


def test_nystrom_overshoots_the_tail_for_a_small_shift():
    """mu = 1, lambda_{k+1} = 10."""
    lam = [F(10**4), F(10**3), F(10), F(3), F(1)]

    def worst(shift):
        return max(map(abs, filters.nystrom_residual(lam, 2, shift)))

    assert worst(F(1, 100)) == 999
    assert worst(F(10)) == F(9, 10)
    best = F(11, 2)
    assert worst(best) == F(9, 11)
    assert all(worst(best + d) > F(9, 11) for d in (F(-1, 100), F(1, 100)))
    # Hataya and Yamada's smallest instance: a factor of 10 on the tail
    np.testing.assert_array_equal(filters.nystrom([F(2), F(1)], 1, F(1, 10)), [F(10, 21), 10])


def test_nystrom_is_the_inverse_of_its_sketch():
    lam = RNG.uniform(0.1, 5, 6)
    for rank in (1, 4, 6):
        for shift in (0.01, 2.0):
            f = filters.nystrom(lam, rank, shift)
            np.testing.assert_allclose(
                filters.nystrom_residual(lam, rank, shift), 1 - lam * f, rtol=0, atol=1e-12 / shift
            )
            top = np.argsort(lam)[-rank:]
            np.testing.assert_allclose(f[top], 1 / (lam[top] + shift))
            assert (np.delete(f, top) == 1 / shift).all()


def test_kronecker_damping_loses_the_corner():
    c, a = np.meshgrid([0.0, 1e-3, 1.0, 1e4], [0.0, 1e-2, 3.0, 1e4])
    for ridge, tau in ((1e-2, 1.0), (0.5, 3.0)):
        f = filters.kronecker(c, a, ridge, tau)
        residual = filters.kronecker_residual(c, a, ridge, tau)
        np.testing.assert_allclose(residual, 1 - (c * a + ridge) * f, rtol=0, atol=1e-14)
        u, v = c / (tau * ridge**0.5), a * tau / ridge**0.5
        np.testing.assert_allclose(1 - residual, (u * v + 1) / ((u + 1) * (v + 1)), atol=1e-15)
        assert (residual >= 0).all() and residual[0, 0] == 0 and residual[0, -1] > 0.999


@pytest.mark.parametrize("beta", [F(0), F(1, 4), F(9, 10)])
def test_momentum_is_the_run_from_rest(beta):
    eta = F(1, 3)
    for lam in (F(0), F(1, 7), F(3), F(12)):
        for T in (1, 2, 5, 9):
            # e <- (1 + beta - eta lambda) e - beta e_-
            before, error = F(1), F(1)
            for _ in range(T):
                before, error = error, (1 + beta - eta * lam) * error - beta * before
            f = filters.momentum(lam, eta, beta, T)
            residual = filters.momentum_residual(lam, eta, beta, T)
            assert residual == error == 1 - lam * f
            if beta == 0:
                assert f == filters.unrolled(lam, eta, T)
                assert residual == filters.unrolled_residual(lam, eta, T)


def test_momentum_is_no_neumann_series():
    """Two terms: eta (2 + beta - eta lambda) against eta (2 - eta lambda)."""
    lam, eta, beta = F(1, 2), F(1, 3), F(1, 5)
    assert filters.momentum(lam, eta, beta, 2) == eta * (2 + beta - eta * lam)
    assert filters.neumann(lam, eta, 1) == eta * (2 - eta * lam)


def test_a_scalar_discount_gains_nothing_by_momentum():
    """At the best heavy ball the discount beta (3 - beta) / (1 + beta) errs by (1/mu - 1/L) / 2 at
    both ends, as the best constant does without momentum.
    """
    for kappa in (4.0, 100.0):
        root = math.sqrt(kappa)
        beta = ((root - 1) / (root + 1)) ** 2
        eta = 4 / (1 + root) ** 2  # at mu = 1
        gamma = beta * (3 - beta) / (1 + beta)
        ends = np.array([1.0, kappa])
        errors = filters.discounted(ends, eta, gamma, 4000) - 1 / ends
        np.testing.assert_allclose(errors, (1 - 1 / kappa) / 2 * np.array([-1, 1]), rtol=1e-11)
        if kappa == 100.0:
            assert gamma == pytest.approx(0.934538908436298, rel=1e-14)
        # the relative criterion asks for one step, smaller than the optimizer's
        assert eta * kappa - 1 == pytest.approx(2 * math.sqrt(beta) + beta, rel=1e-13)


def test_what_a_sketch_leaves():
    """Three eigenvalues sketched, 40 in [1, 10] left: after nine more products."""
    assert filters.minimax(1.0, 10.0, 9) == pytest.approx(5.5e-3, rel=0.01)


def test_preconditioned_is_conjugate_gradients_on_what_is_left():
    lam = np.array([1e4, 5e3, 1e3, 9.0, 4.0, 1.0])
    v = RNG.standard_normal(6)
    found = filters.preconditioned(lam, v, 3, 3, 0.0)
    # the three large ones became one, of 1000
    error = found - v / lam
    bound = filters.minimax(1.0, 1000.0, 3)
    assert (lam * error**2).sum() <= bound**2 * (v**2 / lam).sum()
    exact = filters.preconditioned(lam, v, 4, 3, 0.0)
    np.testing.assert_allclose(exact, v / lam, rtol=0, atol=1e-12)
    plain = filters.preconditioned(lam, v, 3, 1, 0.0)
    np.testing.assert_allclose(plain, filters.conjugate_gradients(lam, v, 3), rtol=1e-9)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: filters.chebyshev(1.0, 2.0, 2.0, 1), "low = 2.0 must be below high = 2.0"),
        (lambda: filters.chebyshev(1.0, 0.0, 2.0, 1), "low = 0.0"),
        (lambda: filters.chebyshev(1.0, 1.0, 2.0, 0), "budget = 0"),
        (lambda: filters.minimax(3, 1, 4), "low = 3 must be below"),
        (lambda: filters.nystrom([1.0, 2.0], 3, 1.0), "rank = 3 exceeds the P = 2"),
        (lambda: filters.nystrom([1.0, 2.0], 0, 1.0), "rank = 0"),
        (lambda: filters.nystrom([1.0, 2.0], 1, 0.0), "shift = 0.0"),
        (lambda: filters.kronecker(1.0, 1.0, 0.0, 1.0), "ridge = 0.0"),
        (lambda: filters.momentum(1.0, 1.0, 0.5, 0), "steps = 0"),
        (lambda: filters.preconditioned([1.0, 2.0], [1.0, 1.0], 1, 1, -1.0), "shift = -1.0"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
