"""Mathematical mutants that the suite must notice: each edits one formula, and a check that holds
must then fail.
"""

import sys
from types import ModuleType

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers import gradient_descent
from tests.reference import exact, minimizer_error, random_spectrum


def mutated(module, old, new):
    """A copy of a module with one edit of its source."""
    with open(module.__file__, encoding="utf-8") as file:
        source = file.read()
    assert source.count(old) >= 1, f"{old!r} is not in {module.__name__}"
    copy = ModuleType(module.__name__ + "_mutant")
    sys.modules[copy.__name__] = copy
    exec(compile(source.replace(old, new, 1), module.__file__, "exec"), copy.__dict__)
    return copy


def check_moments(module):
    """log F, G', G'' of hard cases against 100 digits."""
    for T, seed in ((1, 0), (2, 1), (3, 5), (10**6, 2), (10**9, 3), (2037150, 4)):
        rng = np.random.default_rng(seed)
        lam, omega = random_spectrum(rng)
        if seed == 4:  # two close small eigenvalues: Var(u) needs the difference of u
            lam, omega = np.array([1.0, 1.0003, 4e4]), np.array([1.0, 1.0, 1.0])
        if T == 1:  # a = 0 exactly, where omega lambda^2 a^(2T-2) still counts
            lam, omega = np.array([1.0, 2.0]), np.array([1.0, 1.0])
        best = float(gradient_descent.GradientDescent(T).minimizer(lam, omega))
        etas = np.array(
            [0.5 if T == 1 else best / 2, best * (1 - 1e-9), best * (1 + 1e-9), best * 1.7]
        )
        with np.errstate(all="ignore"):
            level, mean, variance = module.GradientDescent(T).log_moments(lam, omega, etas)
        for k, eta in enumerate(etas):
            ref = exact(lam, omega, eta, T)
            curvature = (4 * T - 2) * variance[k] - 2 * mean[k] ** 2
            assert abs(level[k] / T - ref.value) <= 5e-15 * max(abs(ref.value), 2)
            assert abs(-2 * mean[k] - ref.slope) <= 1e-14 * 2 * ref.size
            assert abs(curvature - ref.curvature) <= 5e-14 * (abs(ref.curvature) + 2 * ref.square)


def check_minimizer(module):
    """eta* against 100 digits."""
    for T, seed in ((1, 0), (2, 1), (3, 3), (10**9, 2)):
        lam, omega = random_spectrum(np.random.default_rng(seed))
        assert (
            minimizer_error(lam, omega, float(module.GradientDescent(T).minimizer(lam, omega)), T)
            <= 2e-15
        )


def check_residual(module):
    """p, p', p'' against the closed form of the objective."""
    log = qm.LogObjective(
        qm.Quadratic.from_spectrum([1, 3], weights=[1, 2]), module.GradientDescent(4)
    )
    for order, value in enumerate((log, log.gradient, log.curvature)):
        assert value(0.3) == pytest.approx(float(log.exactly(0.3, order, "mpmath")), rel=1e-13)
        assert value(0.3) == pytest.approx(log.definition(0.3, order), rel=1e-13)


MUTANTS = [
    (check_moments, "index = np.argmax(score", "index = np.argmin(score"),
    (check_moments, "np.exp(2 * T * log_ratio(x, r))", "np.exp((2 * T - 1) * log_ratio(x, r))"),
    (check_moments, "np.exp(2 * T * log_ratio(x, r))", "np.exp(2 * T * (log_abs(x) - log_abs(r)))"),
    (
        check_moments,
        "2 * T * log_abs(r)[..., 0] + np.log(omega_r[..., 0])",
        "2 * T * log_abs(r)[..., 0]",
    ),
    (check_moments, "(v * (x.eigenvalue / a))", "(v * x.eigenvalue)"),
    (
        check_moments,
        "shift = (x.eigenvalue - r.eigenvalue) / (a * r.value)",
        "shift = x.eigenvalue / a - r.eigenvalue / r.value",
    ),
    (check_moments, "(v * (shift - centre) ** 2)", "(v * shift ** 2)"),
    (check_moments, "if T == 1:", "if T == 0:"),
    (check_moments, "r.value[..., 0] ** 2 * total)", "r.value[..., 0] ** 2)"),
    (check_minimizer, "2 * self.steps - 1)", "2 * self.steps)"),
    (check_minimizer, "reshape(-1, shape[-1]) * lam", "reshape(-1, shape[-1])"),
    (check_minimizer, "+ np.log(m0 / m1)", ""),
    (check_minimizer, "<= 4e-16 * eta[busy]", "<= 4e-14 * eta[busy]"),
    (check_residual, "return a**T, -T", "return a**(T - 1), -T"),
    (check_residual, "-T * eigenvalues * a ** (T - 1)", "-eigenvalues * a ** (T - 1)"),
    (check_residual, "second = T * (T - 1)", "second = T * T"),
    (check_residual, "w - theta * gradient(w)", "w - theta * gradient(w) / 2"),
]


@pytest.mark.parametrize("check", [check_moments, check_minimizer, check_residual])
def test_checks_pass_on_the_code_as_it_is(check):
    check(gradient_descent)


@pytest.mark.parametrize(("check", "old", "new"), MUTANTS)
def test_mutant_is_noticed(check, old, new):
    with pytest.raises((AssertionError, ArithmeticError)):
        check(mutated(gradient_descent, old, new))
