"""The short form of gradient descent on one task is the general one, bit by bit."""

import sys
from functools import cache
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta import strategies as qst
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts import one_task
from quadmeta.optimizers.parts.one_task import OneTask


def spectra(rng):
    """One mode, clusters an ulp wide, eigenvalues in any order, weights over 280 decades."""
    for d in (1, 2, 9, 131):
        lam = np.exp(rng.uniform(-4, 4, d))
        lam[1::3] = lam[0] * (1 + 2.0**-52 * rng.integers(0, 9, lam[1::3].size))
        yield lam, rng.uniform(0.5, 2, d)
        yield lam * 1e-100, 10 ** rng.uniform(-157, 150, d)
        yield np.round(lam * 8 + 1) / 8, np.exp(rng.normal(0, 2, d))
        yield 1 + rng.uniform(0, 1e-2, d), np.exp(rng.normal(0, 9, d))
    yield np.array([1.0, 2.9, 3.0, 3.1]), np.array([1.0, 20.0, 30.0, 20.0])


def step_sizes(lam, omega, T, rng):
    """0, on both borders of stability, where factors are next to 0 or of one size, and beyond."""
    low, high = lam.min(), lam.max()
    best = float(GradientDescent(min(T, 10**9)).minimizer(lam, omega))
    ends = [0.5 / high, 1 / high, 2 / high, 2 / (low + high), best, 2 / (rng.choice(lam) + high)]
    near = [x * (1 + s) for x in ends for s in (0, 2.0**-52, -(2.0**-30), 1e-2)]
    return np.array([0, 1e-300, 1e-9 / high, 1e13 / low, 1 / low, *near, 3 / low * rng.random()])


def general(T, lam, omega, etas, order):
    """The parts of the loss by arrays, (n, 2 or 5); rows of NaN where a derivative overflows."""
    try:
        with np.errstate(all="ignore"):
            found = GradientDescent(T).log_loss(lam[None], omega[None], etas, order)
    except OverflowError:
        if len(etas) == 1:
            return np.full((1, 5), np.nan)
        return np.vstack([general(T, lam, omega, etas[k : k + 1], order) for k in range(len(etas))])
    return np.stack([part for part in found if part is not None], axis=-1)


def short(task, eta, order):
    """The same of one step size, or None where the short form passes the question on."""
    try:
        found = task.log_loss(eta, order)
    except OverflowError:
        return np.full(5, np.nan)
    if found is None:
        return None
    assert np.array_equal(task.slope(eta), found.slope, equal_nan=True)
    return np.array([part for part in found if part is not None])


@cache
def cases(T):
    """(lam, omega, etas, order, what is right)."""
    rng = np.random.default_rng(min(T, 10**18))
    found = []
    for lam, omega in spectra(rng):
        etas = step_sizes(lam, omega, T, rng)
        for order in (1, 2):
            found.append((lam, omega, etas, order, general(T, lam, omega, etas, order)))
    return found


def difference(form, T):
    """(lam, omega, eta, order) where the form is another number, or None; and how often it
    answered.
    """
    answers = 0
    for lam, omega, etas, order, wants in cases(T):
        task = form(T, lam, omega)
        for eta, want in zip(etas.tolist(), wants, strict=True):
            with np.errstate(all="ignore"):
                found = short(task, eta, order)
            answers += found is not None
            if found is not None and not np.array_equal(found, want, equal_nan=True):
                return (lam, omega, eta, order), answers
    return None, answers


@pytest.mark.parametrize("T", [1, 2, 80, 10**6, 10**300], ids="1 2 80 1e6 1e300".split())
def test_every_bit_is_that_of_the_general_form(T):
    found, answers = difference(OneTask, T)
    assert found is None
    assert answers > (300 if T == 1 else 600)


@given(
    problem=qst.quadratics(mu=0.01, L=3.0),
    eta=qst.step_sizes(mu=0.01, L=3.0, largest=4.0),
    T=st.integers(1, 30) | st.sampled_from([1000, 10**6]),
)
def test_objectives_at_a_float_are_those_at_an_array(problem, eta, T):
    for cls in (qm.NaiveObjective, qm.LogObjective, qm.RootObjective, qm.MeanLogObjective):
        objective = cls(problem, GradientDescent(T))
        for call in (objective, objective.gradient, objective.curvature):
            one, several = call(float(eta)), call(np.array([eta, eta]))
            if cls is qm.NaiveObjective:
                assert one.sign == several.sign[0] and one.log == several.log[0]
            else:
                assert type(one) is float and one == several[0]


def test_sums_of_many_modes():
    rng = np.random.default_rng(0)
    lam = np.exp(rng.uniform(-1, 1, 20000))
    objective = qm.LogObjective(qm.Quadratic.from_spectrum(lam, error=lam), GradientDescent(50))
    assert objective.gradient(0.3) == objective.gradient(np.array([0.3]))[0]


def mutated(old, new):
    """The short form with one edit."""
    with open(one_task.__file__, encoding="utf-8") as file:
        source = file.read()
    if source.count(old) != 1:
        raise LookupError(f"{old!r} occurs {source.count(old)} times")
    copy = ModuleType("one_task_mutant")
    sys.modules[copy.__name__] = copy
    exec(compile(source.replace(old, new), one_task.__file__, "exec"), copy.__dict__)
    return copy.OneTask


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        tail -= lost\n", "        tail -= lost * (1 + 2.0**-30)\n"),
        ("        tail += minus\n", "        tail += minus + 2.0**-60\n"),
        ("        score += self._log_omega\n", ""),
        ("_HALF = np.array(0.5)", "_HALF = np.array(0.6)"),
        ("_MINUS_HALF = np.array(-0.5)", "_MINUS_HALF = np.array(-0.6)"),
        ("            tail -= a - rounded\n", ""),
        ("+ (tail + tail.item(index))", ""),
        ("-0.49 < first", "-0.9 < first"),
        ("-0.49 < last", "-0.9 < last"),
        ("first < 1.49", "first < 9"),
        ("last < 1.49", "last < 9"),
        ("q, -opposite", "q, opposite"),
        ("q, opposite", "q, -opposite"),
        ("a < _ZERO", "a < -_ONE"),
        ("a > _ZERO", "a > _ONE"),
        ("math.copysign(eta, a_r)", "eta"),
        ("        log1p(q, exponent, where=near)\n", ""),
        (" + r.log_omega", ""),
        ("- l / (1 - h)", ""),
        ("(h - 2) + l)", "(h - 2))"),
        ("_LARGEST = 2.0**52", "_LARGEST = 2.0**90"),
        ("variance_of(shift, v,", "variance_of(shift, v * (1 + 2.0**-52),"),
    ],
)
def test_a_planted_mistake_changes_a_bit(old, new):
    assert any(difference(mutated(old, new), T)[0] for T in (80, 2, 1, 10**300))


def test_modes_out_of_its_domain_and_factors_of_zero_are_left_to_the_general_form():
    lam, omega = np.array([1.0, 4.0, 5.0]), np.ones(3)
    assert OneTask.of(3, lam, omega).log_loss(0.25, 1) is None
    assert OneTask.of(3, lam, omega).log_loss(0.2, 1) is not None
    assert OneTask.of(1, lam, omega).log_loss(0.2, 2) is None
    for eta in (-0.1, float("nan"), float("inf"), 1e16):
        assert OneTask.of(3, lam, omega).log_loss(eta, 1) is None
    many = np.ones(2**16 + 1)
    for modes in (
        (lam, omega * [0, 1, 1]),
        (lam * 1e151, omega),
        (lam * 1e-131, omega),
        (many, many),
    ):
        assert OneTask.of(3, *modes) is None


def test_numpy_may_be_told_to_raise():
    problem = qm.Quadratic.from_spectrum([1.0, 3.0], weights=[1.0, 2.0])
    objective = qm.LogObjective(problem, GradientDescent(10**5))
    want = objective.gradient(0.1)
    with np.errstate(all="raise"):
        assert objective.gradient(0.1) == want
        assert objective.value_and_gradient(0.1) == (objective(0.1), want)


def test_leaders_are_forgotten_and_found_again(monkeypatch):
    """Six of the modes lead at some step size, three are kept."""
    monkeypatch.setattr(one_task, "_MOST_MODES", 200)
    lam = np.linspace(1, 2, 60)
    objective = qm.LogObjective(
        qm.Quadratic.from_spectrum(lam, weights=np.exp(-np.square(lam - 1) * 40)),
        GradientDescent(60),
    )
    etas = np.linspace(0, 3, 200)
    for _ in range(2):
        assert [objective(eta) for eta in etas.tolist()] == objective(etas).tolist()


def test_a_class_of_ones_own_keeps_its_own_loss():
    class Twice(GradientDescent):
        def log_moments(self, eigenvalues, weights, theta, order=2):
            return GradientDescent(2 * self.steps).log_moments(eigenvalues, weights, theta, order)

    problem = qm.Quadratic.from_spectrum([1.0, 3.0], weights=[1.0, 2.0])
    got = qm.NaiveObjective(problem, Twice(3))(0.3)
    assert got.log == qm.NaiveObjective(problem, GradientDescent(6))(0.3).log


@pytest.mark.parametrize("tasks", [1, 2, 8, 9])
@pytest.mark.parametrize("cls", [qm.LogObjective, qm.NaiveObjective, qm.RootObjective])
def test_tasks_one_by_one_are_those_of_a_batch(cls, tasks):
    problem = qm.Quadratic.random(5, seed=3, tasks=tasks)
    objective = cls(problem, GradientDescent(7), pooled=False)
    for call in (objective, objective.gradient, objective.curvature):
        one, batch = call(0.3), call(np.full(np.shape(call(0.3)), 0.3))
        if cls is qm.NaiveObjective:
            one, batch = one.log, batch.log
        np.testing.assert_array_equal(one, batch)
    mean = qm.MeanLogObjective(problem, GradientDescent(7))
    assert mean.gradient(0.3) == mean.gradient(np.array([0.3]))[0]
