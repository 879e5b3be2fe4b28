"""For every estimator: it equals the closed form where it says it is exact, and costs what it says
it costs.
"""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import quadmeta as qm
from quadmeta.estimators.parts.base import Estimator
from tests.refusals import refused

ESTIMATORS = list(qm.members("estimators"))


ARGUMENTS = {
    "truncated": {"K": 1},
    "neumann": {"order": 2},
    "conjugate_gradient": {"budget": 3},
    "discounted": {"gamma": 0.9},
    "fixed_gradient": {"gamma": 0.9},
    "hyper_distill": {"gamma": 0.9},
    "chebyshev_inverse": {"budget": 3},
    "kronecker_inverse": {"outputs": 1},
    "momentum_discount": {"curvature": 1.0, "momentum": 0.5},
    "nystrom_inverse": {"rank": 1, "shift": 1.0},
    "nystrom_conjugate_gradient": {"rank": 1, "budget": 4},
    "surrogate": {"degree": 2},
}
IMPLICIT = (
    "neumann",
    "implicit",
    "conjugate_gradient",
    "chebyshev_inverse",
    "diagonal_inverse",
    "kronecker_inverse",
    "nystrom_inverse",
    "nystrom_conjugate_gradient",
)
HYPERPARAMETERS_ONLY = (*IMPLICIT, "momentum_discount", "surrogate")
UNROLLED = [name for name in ESTIMATORS if name not in HYPERPARAMETERS_ONLY]


def make(name, dtype="float64"):
    return qm.members("estimators")[name](**ARGUMENTS.get(name, {}), dtype=dtype)


def problem(seed=0, d=5):
    rng = np.random.default_rng(seed)
    return qm.Quadratic.from_spectrum(
        np.sort(10 ** rng.uniform(-1, 0.5, d)), error=rng.standard_normal(d)
    )


@pytest.mark.parametrize("name", UNROLLED)
@given(seed=st.integers(0, 10**6), T=st.integers(1, 30), x=st.floats(0.01, 2.2))
# the ends of both ranges; three objectives an example
@example(seed=1, T=1, x=0.01)
@example(seed=2, T=1, x=2.2)
@example(seed=3, T=30, x=0.01)
@example(seed=4, T=30, x=2.2)
@settings(max_examples=15)
def test_exact_where_it_says_so_and_different_elsewhere(name, seed, T, x):
    estimator, p = make(name), problem(seed)
    eta = x / p.L
    for objective in (qm.LogObjective, qm.RootObjective, qm.NaiveObjective):
        objective = objective(p, qm.GradientDescent(T))
        if estimator.renormalised and not isinstance(objective, qm.LogObjective):
            continue
        got, exact = qm.hypergradient(objective, eta, estimator), objective.gradient(eta)
        value, exact = (float(v) if isinstance(v, qm.SignLog) else v for v in (got.value, exact))
        moments = objective.optimizer.log_moments(*objective.spectrum(), eta)
        # E|u| <= |E u| + sd; the summands of F', G', R' are that large
        size = (abs(moments.mean) + math.sqrt(moments.variance)) * (
            2 * T * float(np.exp(moments.level)) if isinstance(objective, qm.NaiveObjective) else 4
        )
        if estimator.exact_when(T):
            assert abs(value - exact) <= 1e-13 * T * size * (1 if x < 2 else 10)
        assert {k: getattr(got, k) for k in estimator.cost(T)} == estimator.cost(T)
        assert got.jvps == got.hvps + got.mixed and got.status == "ok"


@pytest.mark.parametrize("name", UNROLLED)
def test_batches_of_tasks_and_step_sizes_equal_single_runs(name):
    batch = qm.Quadratic.random(4, seed=2, tasks=3)
    objective = qm.LogObjective(batch, qm.GradientDescent(9), pooled=False)
    eta = np.array([[0.02], [0.05]])
    got = qm.hypergradient(objective, eta, make(name))
    assert got.value.shape == got.status.shape == (2, 3)
    one = qm.LogObjective(qm.Quadratic.random(4, seed=2), qm.GradientDescent(9))
    assert got.value[1, 0] == qm.hypergradient(one, 0.05, make(name)).value


def test_all_estimators_are_named_and_documented():
    for name in ESTIMATORS:
        cls = qm.members("estimators")[name]
        assert issubclass(cls, Estimator) and cls.reference and cls is getattr(qm, cls.__name__)


def test_stop_gradient_bias_by_its_formula_and_golden_instance():
    p = qm.Quadratic.from_spectrum([1, 3], weights=[1, 1])
    for T, want in ((1, None), (2, -6.0), (5, None), (6, None)):
        objective = qm.LogObjective(p, qm.GradientDescent(T))
        got = qm.hypergradient(objective, 0.5, qm.StopGradient()).value
        a = np.array([0.5, -0.5])
        pi = a ** (2 * T) / (a ** (2 * T)).sum()
        assert got == pytest.approx(2 / (0.5 * T) * (1 - (pi * a ** -float(T)).sum()), rel=1e-14)
        assert want is None or got == pytest.approx(want, rel=1e-15)
        assert (got == pytest.approx(objective.gradient(0.5), abs=1e-13)) == (T == 1)


def test_stop_gradient_parity():
    """Even T: negative on (0, 2/L], so its zero lies beyond; odd T: its zero tends to 2/(L + mu)
    as T grows.
    """
    p = problem(4)
    for T in (2, 8, 40):
        eta = np.linspace(0.01, 2, 60) / p.L
        assert (
            qm.hypergradient(
                qm.LogObjective(p, qm.GradientDescent(T)), eta, qm.StopGradient()
            ).value
            < 0
        ).all()
    slope = qm.hypergradient(
        qm.LogObjective(p, qm.GradientDescent(201)),
        np.array([0.95, 1.05]) * 2 / (p.L + p.mu),
        qm.StopGradient(),
    ).value
    assert slope[0] < 0 < slope[1]


def test_mpmath_reverse_equals_the_plain_formula_to_the_last_of_forty_digits():
    objective = qm.LogObjective(problem(), qm.GradientDescent(40))
    got = qm.hypergradient(objective, 0.3, qm.Reverse(dtype="mpmath"), digits=45).value
    with mp.workdps(45):
        assert abs(got / objective.exactly(0.3, 1, "mpmath", 45) - 1) < mp.mpf(10) ** -40


def test_renormalised_float32_survives_twenty_thousand_steps():
    """Away from the crossing (2/(L + mu) = 1.818) the error stays at rounding although the Euler
    invariant drifts.

    The division by the invariant is what keeps it there: the drift at eta = 1.7 alone grows by
    1.5e-9 a step. (At a million steps it is 1.3e-3 and the error is the same; 50 seconds. Plain
    float32 is lost at two thousand.)
    """
    p = qm.Quadratic.from_spectrum([0.1, 0.4, 1.0], error=[1.0, 0.5, 2.0])
    objective = qm.LogObjective(p, qm.GradientDescent(2 * 10**4))
    eta = np.array([0.013, 0.5, 1.2, 1.7, 2.5, 6.0])
    got = qm.hypergradient(objective, eta, qm.RenormalisedReverse(dtype="float32"))
    assert (got.status == "ok").all() and got.value.dtype == np.float32
    assert (np.abs(got.value / objective.gradient(eta) - 1) <= 1e-7).all()
    assert 2e-5 < got.notes["drift"].max() < 2e-4


def test_renormalising_is_what_makes_it_survive():
    p = qm.Quadratic.from_spectrum([0.1, 0.4, 1.0], error=[1.0, 0.5, 2.0])
    objective = qm.LogObjective(p, qm.GradientDescent(2000))
    eta = np.array([0.5, 1.2, 2.5])
    good = qm.hypergradient(objective, eta, qm.RenormalisedReverse(dtype="float32"))
    plain = qm.hypergradient(objective, eta, qm.Reverse(dtype="float32"))
    assert (good.status == "ok").all() and (plain.status == "nan").any()
    np.testing.assert_allclose(good.value, objective.gradient(eta), rtol=1e-5)
    forward = qm.hypergradient(objective, np.array([0.5]), qm.Forward(dtype="float64"))
    np.testing.assert_allclose(forward.value, objective.gradient(0.5), rtol=1e-10)


def test_euler_invariant_is_a_free_error_estimate():
    objective = qm.LogObjective(problem(), qm.GradientDescent(300))
    drift = [
        qm.hypergradient(objective, 0.3, qm.RenormalisedReverse(dtype=dtype)).notes["drift"]
        for dtype in ("float32", "float64")
    ]
    assert 0 < drift[0] < 1e-4 and 0 < drift[1] < 1e-13


@pytest.mark.parametrize("part", ["Kahan", "Euler"])
def test_compensation_and_normalisation_are_both_needed(part):
    """T nearly equal terms in float32, on the same tape, without one of the two."""

    class Plain(qm.RenormalisedReverse):
        """Plain summation, or contributions as they are."""

        def estimate(self, tape):
            tape.record()
            b, gradient, lost = tape.outer_gradient(), np.float32(0), np.float32(0)
            half = b.dtype.type(tape.steps / 2)
            for t in reversed(range(tape.steps)):
                invariant = half * (b * tape.state(t + 1)).sum(axis=-1) if part == "Kahan" else 1
                term = tape.B(t, b) / invariant - lost
                total = gradient + term
                gradient, lost = (
                    total,
                    np.float32(0) if part == "Kahan" else (total - gradient) - term,
                )
                b = tape.A(t, b) if t else b
            return gradient

    objective = qm.LogObjective(problem(1), qm.GradientDescent(20000))
    eta = np.array([0.1, 0.2, 0.3])
    errors = [
        np.abs(
            qm.hypergradient(objective, eta, e(dtype="float32")).value / objective.gradient(eta) - 1
        ).max()
        for e in (Plain, qm.RenormalisedReverse)
    ]
    assert errors[0] > 20 * errors[1] and errors[1] < 1e-6


class Wrong(qm.Reverse):
    """Known false: forgets the last contribution."""

    def estimate(self, tape):
        tape.record()
        b, gradient = tape.outer_gradient(), 0
        for t in reversed(range(1, tape.steps)):
            gradient = gradient + tape.B(t, b)
            b = tape.A(t, b) if t else b
        return gradient


def test_a_wrong_estimator_is_caught(monkeypatch):
    monkeypatch.setitem(globals(), "make", lambda name, dtype="float64": Wrong(dtype=dtype))
    property_of = test_exact_where_it_says_so_and_different_elsewhere.hypothesis.inner_test
    for T in (1, 2, 30):
        with pytest.raises(AssertionError):
            property_of("reverse", seed=0, T=T, x=0.5)


@pytest.mark.parametrize("name", HYPERPARAMETERS_ONLY)
def test_implicit_differentiation_refuses_the_step_size(name):
    with pytest.raises(ValueError, match="step size"):
        qm.hypergradient(qm.LogObjective(problem(), qm.GradientDescent(3)), 0.1, make(name))


def test_fixed_gradient_without_discount_is_the_stop_gradient():
    objective = qm.LogObjective(problem(), qm.GradientDescent(7))
    values = [
        qm.hypergradient(objective, 0.2, e).value
        for e in (qm.FixedGradient(1.0), qm.StopGradient())
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-13)


BAD = {
    "dtype": (
        lambda o: qm.hypergradient(o, 0.1, qm.Reverse(dtype="float8")),
        "dtype = 'float8' must be .* did you mean 'float64'",
    ),
    "pooled": (
        lambda o: qm.hypergradient(
            qm.LogObjective(qm.Quadratic.random(3, 0, 2), o.optimizer), 0.1, qm.Reverse()
        ),
        "pooled=False",
    ),
    "naive renormalised": (
        lambda o: qm.hypergradient(
            qm.NaiveObjective(o.problem, o.optimizer), 0.1, qm.RenormalisedReverse()
        ),
        "use LogObjective",
    ),
    "mp renormalised": (
        lambda o: qm.hypergradient(o, 0.1, qm.RenormalisedReverse(dtype="mpmath")),
        "float dtype",
    ),
    "momentum": (
        lambda o: qm.hypergradient(
            qm.LogObjective(o.problem, qm.HeavyBall(3, momentum=0.5)), 0.1, qm.Reverse()
        ),
        "a tape unrolls GradientDescent",
    ),
    "other loss": (
        lambda o: qm.hypergradient(
            qm.PopulationRisk(qm.LeastSquares.draw(4, 3, 1.0), o.optimizer), 0.1, qm.Reverse()
        ),
        "another loss",
    ),
    "stop at 0": (lambda o: qm.hypergradient(o, 0.0, qm.StopGradient()), "step_size = 0"),
    "negative": (lambda o: qm.hypergradient(o, -1.0, qm.Reverse()), "negative entry -1.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call(qm.LogObjective(problem(), qm.GradientDescent(3)))


def test_train_by_train_is_differentiated_by_every_unrolled_estimator():
    objective = qm.TrainByTrain(qm.LeastSquares.draw(6, 4, 1.0), qm.GradientDescent(5))
    exact = float(objective.gradient(0.2))
    for estimator in (qm.Reverse(), qm.Forward(), qm.Truncated(5)):
        assert qm.hypergradient(objective, 0.2, estimator).value == pytest.approx(exact, rel=1e-13)
