"""The minimiser of gradient descent: where its search may end, and how soon it does."""

import numpy as np
import pytest
from mpmath import mp

from quadmeta import GradientDescent
from quadmeta.optimizers.parts import balance
from tests.reference import minimizer_error, random_spectrum


@pytest.fixture
def evaluations(monkeypatch):
    """The step sizes at which the balance is taken."""
    seen = []
    true = balance.balance

    def counted(lam, mass, log_mass, eta, power):
        seen.append(float(eta[0]))
        return true(lam, mass, log_mass, eta, power)

    monkeypatch.setattr(balance, "balance", counted)
    return seen


def spectra(kind, seed):
    rng = np.random.default_rng([seed, 8])
    if kind == "cluster":
        return random_spectrum(rng, kappa=1.0001)
    if kind == "wide":
        return random_spectrum(rng, kappa=1e12)
    if kind == "weights":
        return random_spectrum(rng, dimension=20, decades=280)
    lam, omega = random_spectrum(rng, dimension=6)
    omega[rng.integers(len(omega))] *= 1e14
    return lam, omega


def slope(lam, omega, eta, T):
    """S_- - S_+, of the sign of F', in 60 digits."""
    with mp.workdps(60):
        a = [1 - mp.mpf(eta) * mp.mpf(float(x)) for x in lam]
        terms = zip(lam, omega, a, strict=True)
        return -mp.fsum(mp.mpf(float(o)) * mp.mpf(float(x)) * y ** (2 * T - 1) for x, o, y in terms)


@pytest.mark.parametrize("kind", ["cluster", "wide", "weights", "heavy"])
@pytest.mark.parametrize("T", [1, 3, 80, 10**6])
def test_the_search_ends_at_the_root(kind, T):
    for seed in range(3):
        lam, omega = spectra(kind, seed)
        eta = float(GradientDescent(T).minimizer(lam, omega))
        # next to 1/lambda of a mode that outweighs the others a Newton step is no distance
        around = [slope(lam, omega, eta * (1 + side * 6e-16), T) for side in (-1, 1)]
        assert around[0] < 0 < around[1]


def test_an_ordinary_search_takes_few_evaluations(evaluations):
    rng = np.random.default_rng(0)
    for _ in range(5):
        X = rng.standard_normal((40, 20))
        lam = np.linalg.eigvalsh(X.T @ X / 20)
        evaluations.clear()
        GradientDescent(80).minimizer(lam, lam * rng.standard_normal(20) ** 2 / 2)
        assert 2 < len(evaluations) < 12


@pytest.mark.parametrize(("of_h", "of_slopes"), [(1e-13, 1.0), (1.0, 1e-30)])
def test_a_bound_that_is_off_is_noticed(monkeypatch, evaluations, of_h, of_slopes):
    """A balance next to 0 ends the search early; slopes that are too small leave it to halving."""
    lam, omega = np.array([1.0, 3.0, 7.0]), np.array([1.0, 2.0, 0.5])
    counted = balance.balance

    def planted(*arguments):
        h, below, above = counted(*arguments)
        return h * of_h, below * of_slopes, above * of_slopes

    best = float(GradientDescent(80).minimizer(lam, omega))
    usual = len(evaluations)
    monkeypatch.setattr(balance, "balance", planted)
    off = float(GradientDescent(80).minimizer(lam, omega))
    assert minimizer_error(lam, omega, best, 80) <= 2e-15
    assert minimizer_error(lam, omega, off, 80) > 1e-12 or len(evaluations) > 5 * usual
