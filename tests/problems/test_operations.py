"""Bilevel problems by functions: the same estimates as a class gives, and what is refused."""

import numpy as np
import pytest

import quadmeta as qm
from tests.bilevel import ESTIMATORS
from tests.refusals import refused

NATIVE = qm.Coupled.random(np.linspace(0.1, 1, 6), h=3, seed=0)
CURVED = qm.LogCosh.random(P=5, h=3, seed=1)
ALPHA = np.array([0.3, -0.2, 0.5])


def functions(native):
    """What ``from_operators`` takes, by the methods of a native problem."""
    return {
        "gradient": lambda w, alpha: native.bind(alpha).gradient(w),
        "hvp": lambda w, alpha, v: native.bind(alpha).hvp(w, v),
        "mixed": lambda w, alpha, v: native.bind(alpha).mixed(w, v),
        "outer": native.outer,
        "outer_gradient": native.outer_gradient,
        "start": native.start,
        "hyperparameters": native.hyperparameters,
    }


def by_operators(native=NATIVE, **changed):
    return qm.BilevelProblem.from_operators(**functions(native) | changed)


@pytest.mark.parametrize("native", [NATIVE, CURVED], ids=["Coupled", "LogCosh"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_estimates_are_those_of_the_class(native, estimator):
    optimizer = qm.GradientDescent(steps=8, step_size=0.5)
    expected = qm.hypergradient(qm.OuterLoss(native, optimizer), ALPHA, estimator)
    found = qm.hypergradient(qm.OuterLoss(by_operators(native), optimizer), ALPHA, estimator)
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-14)
    assert (found.hvps, found.mixed) == (expected.hvps, expected.mixed)


def test_a_direct_term_and_a_start_that_moves_are_part_of_every_derivative():
    slope = np.arange(18.0).reshape(3, 6) / 10
    problem = by_operators(
        outer=lambda w, alpha: NATIVE.outer(w) + np.sin(alpha).sum(),
        direct=lambda w, alpha: np.cos(alpha),
        start=lambda alpha: NATIVE.start + alpha @ slope,
        start_jacobian=lambda alpha: slope,
    )
    loss = qm.OuterLoss(problem, qm.GradientDescent(steps=4, step_size=0.5))
    assert problem.has_direct and problem.start_moves
    step = 1e-5
    numeric = [(loss(ALPHA + e) - loss(ALPHA - e)) / (2 * step) for e in step * np.eye(3)]
    for estimator in (qm.Reverse(), qm.Forward()):
        found = qm.hypergradient(loss, ALPHA, estimator).value
        np.testing.assert_allclose(found, numeric, rtol=1e-8)


def estimate(**changed):
    loss = qm.OuterLoss(by_operators(**changed), qm.GradientDescent(steps=2, step_size=0.5))
    return qm.hypergradient(loss, ALPHA, qm.Reverse())


REFUSED = {
    "no function": ({"hvp": np.eye(6)}, "hvp = "),
    "optional": ({"direct": 3.0}, "direct = 3.0"),
    "matrix start": ({"start": np.ones((2, 3))}, r"start has shape \(2, 3\)"),
    "moving start": ({"start": lambda alpha: NATIVE.start}, "start is a function without"),
    "still start": ({"start_jacobian": lambda alpha: 0}, "start = .* does not depend on alpha"),
    "count": ({"hyperparameters": 0}, "hyperparameters = 0"),
    "single": (
        {"gradient": lambda w, alpha: w.astype(np.float32)},
        "gradient returns .* of type float32",
    ),
    "shape": ({"mixed": lambda w, alpha, v: v}, r"mixed returns shape \(6,\)"),
    "jacobian": ({"hvp": lambda w, alpha, v: v[:2]}, r"hvp returns shape \(2,\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_named(name):
    changed, message = REFUSED[name]
    with refused(message):
        estimate(**changed)


def test_outer_without_hyperparameters_is_refused():
    with refused("alpha = None"):
        by_operators().outer(NATIVE.start)
