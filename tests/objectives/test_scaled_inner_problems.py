"""Hypergradients of inner problems in any unit: eigenvalues that are huge or tiny, minima that are
far away.
"""

from fractions import Fraction as Q

import numpy as np
import pytest

import quadmeta as qm

OPTIMIZERS = {
    "gradient descent": lambda u: qm.GradientDescent(3, 0.4 / u),
    "few steps": lambda u: qm.GradientDescent(2, 0.1 / u),
    "heavy ball": lambda u: qm.HeavyBall(3, 0.4 / u, 0.5),
    "Nesterov": lambda u: qm.Nesterov(3, 0.4 / u, 0.5),
    "schedule": lambda u: qm.Schedule(3, [0.4 / u, 0.1 / u, 0.9 / u]),
    "Chebyshev": lambda u: qm.ChebyshevIteration(3, 0.25 * u, 2 * u),
    "L2 decay": lambda u: qm.L2Decay(qm.HeavyBall(3, 0.4 / u, 0.5), decay=0.1 * u),
    "decoupled decay": lambda u: qm.DecoupledDecay(3, 0.4 / u, 0.5, 0.1),
    "damped Newton": lambda u: qm.DampedNewton(3, 0.4, damping=0.5 * u),
    "Jacobi": lambda u: qm.JacobiPreconditioned(qm.HeavyBall(3, 0.4, 0.5)),
}


class Scaled(qm.QuadraticBilevel):
    """H = u (diag(1/2, 1) + alpha C), b = u (1, 2 + alpha) in the unit u of eigenvalues."""

    hyperparameters = 1
    start = np.array([0.5, -1.0])
    outer_hessian = np.array([[2.0, 1.0], [1.0, 3.0]])
    outer_linear = np.array([[1.0], [-2.0]])
    slope = np.array([[0.25, 0.5], [0.5, -0.125]])

    def __init__(self, unit):
        self.unit = unit

    def bind(self, alpha):
        H = self.unit * (np.diag([0.5, 1.0]) + alpha[0] * self.slope)
        return qm.QuadraticInnerLoss(H, self.unit * np.array([1.0, 2.0 + alpha[0]]), self, alpha)

    def pair(self, alpha, X, V):
        return np.array([((self.unit * self.slope) * X).sum() - self.unit * V[1].sum()])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("exponent", [-990, -500, 500, 990])
def test_the_unit_of_the_inner_loss_does_not_count(name, exponent):
    alpha = [0.25]
    expected = qm.OuterLoss(Scaled(1.0), OPTIMIZERS[name](1.0)).gradient(alpha)
    unit = 2.0**exponent
    loss = qm.OuterLoss(Scaled(unit), OPTIMIZERS[name](unit))
    with np.errstate(all="raise", divide="ignore"):
        assert loss.gradient(alpha) == pytest.approx(expected, rel=1e-13)
        try:
            signed = loss.signed_gradient(alpha)
        except ValueError as error:
            assert "scale the inner loss" in str(error)
        else:
            assert signed.to_float() == pytest.approx(expected, rel=1e-12)


def test_what_float64_does_not_hold_is_refused():
    loss = qm.OuterLoss(Scaled(2.0**500), qm.HeavyBall(3, 1.0, 0.5))
    for method in (loss.gradient, loss.definition):
        with pytest.raises(OverflowError, match="diverges"):
            method([0.25])


class Far(qm.QuadraticBilevel):
    """L_1 = 1e-7 w^2 / 2 - (1 + alpha) w + alpha w^2 / 2 and L_2 = w^2 / 2, from w_0 = 3: the
    minimum is at 1e7.
    """

    hyperparameters = 1
    start = np.array([3.0])
    outer_hessian = np.ones((1, 1))
    outer_linear = np.zeros((1, 1))

    def bind(self, alpha):
        return qm.QuadraticInnerLoss(np.array([[1e-7]]) + alpha, 1 + alpha, self, alpha)

    def pair(self, alpha, X, V):
        return np.array([X.sum() - V.sum()])


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("step_size", [1e-3, 0.5, 3.0, 1e6])
def test_a_minimum_that_is_far_away_takes_no_digits(steps, step_size):
    """The run on fractions with its derivative."""
    w = Q(3)
    slope = Q(0)
    for _ in range(steps):
        gradient = Q(1e-7) * w - 1
        slope = slope - Q(step_size) * (w - 1 + Q(1e-7) * slope)
        w = w - Q(step_size) * gradient
    loss = qm.OuterLoss(Far(), qm.GradientDescent(steps, step_size))
    (found,) = loss.gradient([0.0])
    assert abs(Q(float(found)) - w * slope) <= Q(1e-14) * abs(w * slope)


@pytest.mark.parametrize("exponent", [-990, 990])
def test_joint_derivatives_beyond_float64_are_refused(exponent):
    unit = 2.0**exponent
    loss = qm.JointLoss(Scaled(unit), qm.HeavyBall(3))
    theta = [0.4 / unit, 0.5, 0.25]
    assert loss(theta) == pytest.approx(
        qm.JointLoss(Scaled(1.0), qm.HeavyBall(3))([0.4, 0.5, 0.25])
    )
    with pytest.raises(OverflowError, match="scale the inner loss"):
        loss.gradient(theta)
