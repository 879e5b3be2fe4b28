"""Sums of products on a quadratic against the products one by one; what is counted."""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.objectives.parts import quadratic_tape as module
from quadmeta.objectives.parts.hyper_tape import HyperTape
from tests.planted import planted

ESTIMATORS = [
    qm.Reverse(),
    qm.Discounted(0.9),
    qm.FixedGradient(0.9),
    qm.DrMad(),
    qm.MatrixDiscount(),
    qm.Truncated(2),
    qm.Neumann(3, 2),
    qm.OneStep(),
    qm.Forward(),
]


def problems():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))
    yield qm.DataCleaning((X, Y), (X, -Y), 1e-3), 3 * rng.standard_normal(6)
    yield qm.DataCleaning((X[:2], Y[:2, :1]), (X, Y[:, :1]), 0.3), np.array([-200.0, 2.0])
    yield qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0), np.array([0.1, -0.2])
    yield qm.TaskWeights([(X[:3], Y[:3]), (X[3:], Y[3:])], (X, -Y)), np.array([0.5, 1e-200])
    yield qm.Ridge((X, Y), (X, -Y)), np.array([0.0])


def tapes(kind, T):
    for problem, alpha in problems():
        eta = 0.7 * min(problem.at(alpha).largest_step_size(), 1e3)
        loss = qm.OuterLoss(problem, qm.GradientDescent(T, eta))
        inner = problem.at(alpha)
        yield kind(problem, inner, alpha, None, T, loss.optimizer.transition())


def check(kind):
    for T in (2, 64, 65, 130):
        for estimator in ESTIMATORS:
            for got, want in zip(tapes(kind, T), tapes(HyperTape, T)):
                value, one_by_one = estimator.estimate(got), estimator.estimate(want)
                size = np.abs(one_by_one).max()
                assert np.abs(value - one_by_one).max() <= 1e-12 * size, (T, estimator)
                assert got.counts == want.counts
                assert (got.last_weights() == want.last_weights()).all()


def test_sums_of_products_are_the_products_summed():
    check(module.QuadraticTape)


def test_a_sum_goes_on_after_its_value():
    for got, want in zip(tapes(module.QuadraticTape, 70), tapes(HyperTape, 70)):
        sums = []
        for tape in (got, want):
            tape.record()
            total = tape.product_sum()
            for t in range(70):
                total.add(t, tape.outer_gradient(t))
                if t == 68:
                    total.value()
                    total.scale(0.5)
            v = np.ones_like(tape.start)
            total.add(69, v)
            v *= 0.0
            sums.append(total.value())
            np.testing.assert_array_equal(total.value(), sums[-1])
        np.testing.assert_allclose(*sums, rtol=1e-11, atol=1e-11 * np.abs(sums[1]).max())


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("weights[0] * self._square", "self._square"),
        ("V *= weights", "W *= weights"),
        ("self._factors[-1] *= c", "self._factors[0] *= c"),
        ("V.sum(axis=0)", "V.mean(axis=0)"),
        ("[::-1])[::-1]", ")"),
        ("self.width * (self.steps - 1)", "self.width * self.steps"),
        ("return -tangents", "return tangents"),
        ("self.tape.counted(t, at)", "self.tape.state(t)"),
    ],
)
def test_a_mistake_in_a_sum_is_noticed(right, wrong):
    source = planted(module, right, wrong)
    with pytest.raises(AssertionError), np.errstate(all="ignore"):
        check(source.QuadraticTape)


def test_a_divergent_run_is_reported_as_one_by_one():
    problem, alpha = next(problems())
    eta = 3 * problem.at(alpha).largest_step_size()
    for T in (5, 3000):
        loss = qm.OuterLoss(problem, qm.GradientDescent(T, eta))
        for estimator in ESTIMATORS:
            found = qm.hypergradient(loss, alpha, estimator)
            assert (found.status == "ok") == (T == 5)
            assert found.notes["diverges"]


def test_an_inner_loss_of_a_class_of_its_own_keeps_its_products():
    class Halved(qm.QuadraticInnerLoss):
        def mixed(self, w, v):
            return super().mixed(w, v) / 2

    class Problem(qm.Coupled):
        def bind(self, alpha):
            inner = super().bind(alpha)
            return Halved(inner.H, inner.B, self, alpha)

    given = [qm.Coupled.random([0.5, 1.0], h=1, seed=0), Problem.random([0.5, 1.0], h=1, seed=0)]
    gd = qm.GradientDescent(70, 0.4)
    whole, half = (qm.hypergradient(qm.OuterLoss(p, gd), [0.1], qm.Reverse()).value for p in given)
    assert half == pytest.approx(whole / 2, rel=1e-12)
