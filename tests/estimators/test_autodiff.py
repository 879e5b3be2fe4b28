"""An independent oracle where PyTorch is installed: its automatic differentiation of the unrolled
runs.
"""

import numpy as np
import pytest

import quadmeta as qm

torch = pytest.importorskip("torch")


def tensor(x):
    return torch.tensor(np.array(x, dtype=float))


def test_reverse_mode_is_autodiff_on_the_non_quadratic_family():
    problem, alpha = qm.LogCosh.random(5, 3, seed=0), np.array([0.3, -1.0, 0.5])
    eta, T = 0.6 / problem.L, 40
    a = tensor(alpha).requires_grad_()
    Z, s, C, b = (
        tensor(x) for x in (problem.features, problem.scale, problem.cross, problem.linear)
    )
    w = tensor(problem.start)
    for _ in range(T):
        w = w - eta * (problem.mu * w + Z.T @ (s * torch.tanh(Z @ w)) - b - C @ a)
    (w @ tensor(problem.outer_hessian) @ w / 2 - tensor(problem.outer_linear) @ w).backward()
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, eta))
    for estimator in (qm.Reverse(), qm.Forward(), qm.Truncated(T)):
        np.testing.assert_allclose(
            qm.hypergradient(loss, alpha, estimator).value, a.grad.numpy(), rtol=1e-10
        )


def test_detached_power_of_two_scaling_is_exact_under_plain_autodiff():
    """The identity behind renormalised reverse mode, at a horizon where the plain graph returns
    nan in float32.
    """
    problem = qm.Quadratic.from_spectrum([0.1, 0.4, 1.0], error=[1.0, 0.5, 2.0])
    lam, T = torch.tensor(problem.eigenvalues.copy()), 2000
    eta = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    w, exponent = torch.tensor(problem.error.copy()), 0
    for _ in range(T):
        w = w - eta * (lam * w)
        k = int(np.frexp(float(w.detach().abs().max()))[1])
        w, exponent = w * 2.0**-k, exponent + k
    ((torch.log((lam * w * w).sum() / 2) + 2 * exponent * np.log(2)) / T).backward()
    assert float(eta.grad) == pytest.approx(
        qm.LogObjective(problem, qm.GradientDescent(T)).gradient(1.2), rel=1e-10
    )
