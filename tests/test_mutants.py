"""Mathematical mutants that the suite must notice: each edits one formula, and a check that holds
must then fail.
"""

import sys
from types import ModuleType

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers import gradient_descent
from quadmeta.optimizers.parts import balance, constant, moments
from tests.reference import exact, minimizer_error, random_spectrum


def mutated(module, old, new, monkeypatch):
    """A copy of gradient descent with one edit, of its own source or of a module that it imports."""
    with open(module.__file__, encoding="utf-8") as file:
        source = file.read()
    if source.count(old) != 1:
        raise LookupError(f"{old!r} occurs {source.count(old)} times in {module.__name__}")
    monkeypatch.setitem(sys.modules, module.__name__, compiled(module, source.replace(old, new)))
    if module is gradient_descent:
        return sys.modules[module.__name__]
    with open(gradient_descent.__file__, encoding="utf-8") as file:
        return compiled(gradient_descent, file.read())


def compiled(module, source):
    """The module that this source makes of it."""
    copy = ModuleType(module.__name__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, copy.__name__, copy)
        exec(compile(source, module.__file__, "exec"), copy.__dict__)
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
    (check_moments, gradient_descent, old, new)
    for old, new in (
        ("index = np.argmax(score", "index = np.argmin(score"),
        ("= 2 * T * log_ratio(x, r)", "= (2 * T - 1) * log_ratio(x, r)"),
        ("= 2 * T * log_ratio(x, r)", "= 2 * T * (log_abs(x) - log_abs(r))"),
        ("2 * T * log_abs(r)[..., 0] + np.log(omega_r[..., 0])", "2 * T * log_abs(r)[..., 0]"),
        ("(v * (x.eigenvalue / a))", "(v * x.eigenvalue)"),
        (
            "shift = (x.eigenvalue - r.eigenvalue) / (a * r.value)",
            "shift = x.eigenvalue / a - r.eigenvalue / r.value",
        ),
        ("        if T == 1:", "        if T == 0:"),
    )
]
MUTANTS += [
    (check_moments, moments, "shift = shift - centre", "shift = shift + 0 * centre"),
    (check_moments, moments, "= spread.sum(axis=-1) / total", "= spread.sum(axis=-1)"),
    (check_minimizer, gradient_descent, "2 * self.steps - 1)", "2 * self.steps)"),
    (check_minimizer, balance, "mass = omega * lam", "mass = omega + 0 * lam"),
    (
        check_minimizer,
        balance,
        "log_ratio(below.leader, above.leader) + log)",
        "log_ratio(below.leader, above.leader))",
    ),
    (check_minimizer, balance, "log1p(1e-16 * now", "log1p(1e-4 * now"),
    (check_residual, gradient_descent, "return a**T, -T", "return a**(T - 1), -T"),
    (
        check_residual,
        gradient_descent,
        "-T * eigenvalues * a ** (T - 1)",
        "-eigenvalues * a ** (T - 1)",
    ),
    (check_residual, gradient_descent, "second = T * (T - 1)", "second = T * T"),
    (check_residual, constant, "w - theta * gradient(w)", "w - theta * gradient(w) / 2"),
]


@pytest.mark.parametrize("check", [check_moments, check_minimizer, check_residual])
def test_checks_pass_on_the_code_as_it_is(check):
    check(gradient_descent)


@pytest.mark.parametrize(("check", "module", "old", "new"), MUTANTS)
def test_mutant_is_noticed(check, module, old, new, monkeypatch):
    mutant = mutated(module, old, new, monkeypatch)
    with pytest.raises((AssertionError, ArithmeticError)):
        check(mutant)
