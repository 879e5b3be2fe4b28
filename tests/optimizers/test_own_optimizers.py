"""An optimizer from outside: a subclass with ``steps``, ``free`` and ``run`` under objectives,
against mpmath.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers import PolynomialOptimizer

LAM = [0.5, 1.0, 3.0, 4.0]
WEIGHTS = [1.0, 1e-3, 2.0, 0.25]


class Averaged(PolynomialOptimizer):
    """Gradient descent that ends at the mean of its last two iterates."""

    free = ("step_size",)

    def __init__(self, steps):
        self.steps = steps

    def run(self, gradient, start, theta):
        """The mean takes the place of w_T."""
        before = w = start
        for _ in range(self.steps):
            yield w
            before, w = w, w - theta * gradient(w)
        yield (before + w) / 2


class ClosedAveraged(Averaged):
    """The same with its polynomial: p = a^(T-1) (1 + a) / 2 = (a^(T-1) + a^T) / 2."""

    def residual(self, eigenvalues, theta):
        """In powers of a = 1 - eta lambda."""
        T = self.steps
        a = 1 - theta * eigenvalues
        first = -eigenvalues * ((T - 1) * a ** max(T - 2, 0) + T * a ** (T - 1)) / 2
        bend = (T - 1) * ((T - 2) * a ** max(T - 3, 0) + T * a ** max(T - 2, 0)) / 2
        return a ** (T - 1) * (1 + a) / 2, first, eigenvalues**2 * bend


class Alternating(PolynomialOptimizer):
    """Gradient descent that alternates between two step sizes, both free."""

    free = ("odd", "even")

    def __init__(self, steps):
        self.steps = steps

    def run(self, gradient, start, theta):
        """theta[t % 2] at step t."""
        w = start
        yield w
        for t in range(self.steps):
            w = w - theta[t % 2] * gradient(w)
            yield w


class Fixed(PolynomialOptimizer):
    """Steps that ignore theta."""

    steps = 3
    free = ("step_size",)

    def run(self, gradient, start, theta):
        """Three steps of 1/4."""
        for _ in range(4):
            yield start
            start = start - gradient(start) / 4


def problem():
    return qm.Quadratic.from_spectrum(LAM, weights=WEIGHTS)


def averaged_loss(eta, T):
    """F by the iterates of each mode at the working precision."""
    total = mp.mpf(0)
    for lam, omega in zip(LAM, WEIGHTS, strict=True):
        a = 1 - eta * mp.mpf(lam)
        total += mp.mpf(omega) * ((a**T + a ** (T - 1)) / 2) ** 2
    return total


def alternating_loss(odd, even, T):
    total = mp.mpf(0)
    for lam, omega in zip(LAM, WEIGHTS, strict=True):
        p = (1 - odd * mp.mpf(lam)) ** ((T + 1) // 2) * (1 - even * mp.mpf(lam)) ** (T // 2)
        total += mp.mpf(omega) * p**2
    return total


@pytest.mark.parametrize("cls", [Averaged, ClosedAveraged])
@pytest.mark.parametrize("T", [1, 2, 7, 40])
def test_values_and_derivatives_against_mpmath(cls, T):
    log, naive = (
        getattr(qm, name)(problem(), cls(T)) for name in ("LogObjective", "NaiveObjective")
    )
    etas = np.array([0.0, 0.1, 0.3, 0.47, 2.0])
    value, slope, bend = log(etas), log.gradient(etas), log.curvature(etas)
    F, F1, F2 = naive(etas), naive.gradient(etas), naive.curvature(etas)
    for k, eta in enumerate(etas.tolist()):
        with mp.workdps(60):
            G = [mp.diff(lambda x: mp.log(averaged_loss(x, T)) / T, eta, n) for n in range(3)]
            loss = [mp.diff(lambda x: averaged_loss(x, T), eta, n) for n in range(3)]
        assert (value[k], slope[k]) == pytest.approx((float(G[0]), float(G[1])), rel=2e-15)
        assert bend[k] == pytest.approx(float(G[2]), rel=2e-15)
        for got, want in zip((F[k], F1[k], F2[k]), loss, strict=True):
            assert got.to_float() == pytest.approx(float(want), rel=1e-13)


@pytest.mark.parametrize("T", [1, 5, 12])
def test_two_parameters_against_mpmath(T):
    log = qm.LogObjective(problem(), Alternating(T))
    theta = np.array([[0.2, 0.45], [0.3, 0.3]])
    value, slope, bend = log(theta), log.gradient(theta), log.curvature(theta)
    for k, pair in enumerate(theta.tolist()):
        with mp.workdps(60):

            def G(x, y):
                return mp.log(alternating_loss(x, y, T)) / T

            first = [mp.diff(G, pair, n) for n in ((1, 0), (0, 1))]
            second = [
                [mp.diff(G, pair, n) for n in row] for row in (((2, 0), (1, 1)), ((1, 1), (0, 2)))
            ]
            want = G(*map(mp.mpf, pair))
        assert value[k] == pytest.approx(float(want), rel=2e-15)
        np.testing.assert_allclose(slope[k], np.array(first, dtype=float), rtol=2e-15)
        np.testing.assert_allclose(bend[k], np.array(second, dtype=float), rtol=2e-15)
    assert log.scan(theta)[1] == pytest.approx(slope, rel=1e-14)


def test_one_shape_of_theta_after_another():
    log = qm.LogObjective(problem(), Averaged(6))
    assert isinstance(log(0.3), float) and log(np.full((2, 3), 0.3)).shape == (2, 3)
    many = qm.LogObjective(problem(), Alternating(6))
    assert many.gradient(np.full((3, 2), 0.3)).shape == (3, 2)
    assert many.curvature([0.3, 0.3]).shape == (2, 2)
    assert many.gradient([0.3, 0.3]).sum() == pytest.approx(
        qm.LogObjective(problem(), qm.GradientDescent(6)).gradient(0.3), rel=1e-14
    )


def test_the_definition_and_exact_arithmetic_agree():
    for cls, theta in ((Averaged, Q(3, 10)), (Alternating, [Q(1, 5), Q(1, 3)])):
        naive = qm.NaiveObjective(problem(), cls(7))
        at = np.array(theta, dtype=float)
        for order in (0, 1):
            exact = np.array(naive.exactly(theta, order), dtype=float)
            np.testing.assert_allclose(naive.definition(at, order), exact, rtol=1e-12)
            method = (naive, naive.gradient)[order](at)
            np.testing.assert_allclose(method.to_float(), exact, rtol=1e-13)


def test_a_long_run_does_not_overflow_and_a_zero_is_one():
    G = qm.LogObjective(problem(), ClosedAveraged(10**7))
    assert G(2.0) == pytest.approx(2 * np.log(7), rel=1e-6)  # rho = |1 - 2 * 4|
    one = qm.Quadratic.from_spectrum([2.0], weights=[1.0])
    naive = qm.NaiveObjective(one, Averaged(5))
    assert naive(0.5).sign == 0 and naive.gradient(0.5).sign == 0
    assert naive.curvature(0.5).sign == 0
    short = qm.NaiveObjective(one, Averaged(2))  # p = a (1 + a) / 2, p' = -lambda / 2 at a = 0
    assert short.curvature(0.5).to_float() == pytest.approx(2.0, rel=1e-15)


def test_validation_loss_of_least_squares():
    task = qm.LeastSquares.draw(n=10, d=4, sigma=0.5, seed=0, validation=8)
    own = qm.TrainByValidation(task, Averaged(9))
    assert own(0.4).to_float() == pytest.approx(own.definition(0.4), rel=1e-12)
    assert own.gradient(0.4).to_float() == pytest.approx(own.definition(0.4, 1), rel=1e-10)


@pytest.mark.parametrize(
    "own", [Averaged(5), qm.GradientDescent(5), qm.Nesterov(5, momentum=0.5)], ids=repr
)
def test_residuals_up_to_an_order_are_the_first_of_all_three(own):
    lam, eta = np.array(LAM), np.array([0.1, 0.3])
    three = own.signed_residual(lam, eta)
    assert len(three) == 3
    for order in (0, 1, 2):
        found = own.signed_residual(lam, eta, order)
        assert len(found) == order + 1
        for x, y in zip(found, three):
            assert np.array_equal(x.sign, y.sign) and np.array_equal(x.log, y.log)


def test_what_is_not_given_is_refused_with_a_remedy():
    log = qm.LogObjective(problem(), Averaged(3))
    with pytest.raises(ValueError, match=r"Averaged\(steps=3\) has no minimizer: define minimizer"):
        log.minimizer()
    with pytest.raises(ValueError, match="vector of parameters"):
        Alternating(3).signed_residual(np.array(LAM), np.array([0.1, 0.2]))
    with pytest.raises(ValueError, match="do not depend on theta"):
        qm.LogObjective(problem(), Fixed())(0.1)
    with pytest.raises(ValueError, match="odd and even"):
        qm.LogObjective(problem(), Alternating(3))([0.1, -0.2])
