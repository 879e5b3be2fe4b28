"""Advice keeps its word, and costs what the best guaranteed choice costs."""

import math

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.theory import filters, solves
from quadmeta.training.advice.errors import cut_weights
from tests.training.advised import Try, drawn, spectrum

REFERENCE = 1e-13
"""Rounding of the closed forms that estimates are compared with."""


@pytest.mark.parametrize("seed", range(24))
def test_what_is_guaranteed_is_kept(seed):
    question = drawn(seed)
    advice = question.advice()
    if advice.guaranteed:
        off = question.measured(advice.estimator)
        assert off <= question.options["error"] and off <= advice.bound + REFERENCE
        assert advice.bound <= question.options["error"]
        assert advice.vectors <= question.options.get("memory", math.inf)


def test_most_problems_have_a_guaranteed_choice():
    found = [drawn(seed).advice() for seed in range(70)]
    sure = [advice for advice in found if advice.guaranteed]
    assert len(sure) > 40
    assert {type(advice.estimator).__name__ for advice in sure} == {
        "ChebyshevInverse",
        "ConjugateGradient",
        "Forward",
        "Implicit",
        "Neumann",
        "Reverse",
        "Surrogate",
        "Truncated",
    }


def test_products_are_those_that_are_counted():
    for seed in range(15):
        question = drawn(seed)
        advice = question.advice()
        found = qm.hypergradient(question.outer, question.alpha, advice.estimator)
        assert found.jvps == advice.products


def converged(kappa, lam, seed):
    """A problem whose run is finished."""
    problem = qm.Coupled.random(lam, h=2, seed=seed)
    steps = math.ceil(40 * kappa)
    return qm.OuterLoss(problem, qm.GradientDescent(steps, step_size=1.0)), np.ones(2)


def residuals(lam, eta, low, high, most):
    """Every guaranteed estimator with every parameter up to ``most`` products, by loops on numbers:
    (products, largest residual at ``lam``).
    """
    neumann = np.ones_like(lam)
    center, half = (high + low) / 2, (high - low) / 2
    x = (center - lam) / half
    before, now = np.ones_like(lam), x
    ahead, at = 1.0, center / half
    for N in range(1, most + 1):
        neumann = neumann * (1 - eta * lam)
        yield N, np.abs(neumann).max()
        yield N, np.abs(now / at).max()
        before, now = now, 2 * x * now - before
        ahead, at = at, 2 * center / half * at - ahead


def searched(lam, low, high, error, P):
    """The fewest products of a guaranteed choice, one after the other."""
    for products, residual in residuals(lam, 1.0, low, high, P):
        if residual <= error:
            return products
    return P + 1


def ratios(with_bounds):
    """Cost over that of the search, with the spectrum known or its bounds alone."""
    rng = np.random.default_rng(0)
    for seed in range(12):
        kappa = 10 ** rng.uniform(0.3, 2)
        P = int(rng.integers(10, 80))
        lam = np.sort(spectrum(P, kappa, rng))
        outer, alpha = converged(kappa, lam, seed)
        error = 10 ** rng.uniform(-5, -0.2)
        if with_bounds:
            low, high = lam[0] * 0.9, lam[-1] * 1.1
            advice = qm.advise(outer, alpha, error=error, low=low, high=high)
            seen = np.linspace(low, high, 4001)
        else:
            low, high = lam[0], lam[-1]
            advice = qm.advise(outer, alpha, error=error)
            seen = lam
        assert advice.guaranteed
        yield advice.products / searched(seen, low, high, error, P)


@pytest.mark.parametrize("with_bounds", [True, False])
def test_the_cost_is_that_of_an_exhaustive_search(with_bounds):
    found = np.array(list(ratios(with_bounds)))
    # cheaper where conjugate gradients end after a few distinct eigenvalues
    assert np.median(found) <= 1.0 and found.max() <= 1.2


def test_through_the_run_the_cost_is_that_of_a_search_too():
    """A constant mixed derivative: the last K steps, or what solves H x = g and leaves a^T."""
    rng = np.random.default_rng(1)
    found = []
    for seed in range(12):
        lam = np.geomspace(10 ** -rng.uniform(0.5, 1.5), 1, int(rng.integers(10, 60)))
        steps = int(10 ** rng.uniform(1, 2.5))
        outer = outer_of(qm.Coupled.random(lam, h=1, seed=seed), steps, 0.9)
        error = 10 ** rng.uniform(-4, -0.5)
        advice = qm.advise(outer, [1.0], error=error, target="unrolled")
        assert advice.guaranteed
        whole = (1 - 0.9 * lam) ** steps
        neumann, budget = 1 - 0.9 * lam, 1
        while np.max((neumann - whole) / (1 - whole)) > error:
            neumann, budget = neumann * (1 - 0.9 * lam), budget + 1
        chebyshev = [
            N
            for N in range(1, len(lam) + 1)
            if np.max(
                np.abs(whole - filters.chebyshev_residual(lam, lam[0], lam[-1], N)) / (1 - whole)
            )
            <= error
        ]
        implicit = [len(lam) + 1] if np.max(whole / (1 - whole)) <= error else []
        found.append(advice.products / min([budget, *chebyshev, *implicit]))
    assert np.median(found) <= 1.1 and max(found) <= 1.5


def test_a_series_of_the_run_is_cheaper_whatever_the_spectrum():
    """Guaranteed on a singular problem, where H moves with alpha."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 12)), rng.standard_normal(6)
    problem = qm.Ridge((X, y), (rng.standard_normal((5, 12)), rng.standard_normal(5)))
    outer = outer_of(problem, 2000, 1 / np.linalg.eigvalsh(X.T @ X / 6)[-1])
    advice = qm.advise(outer, [0.0], error=1e-3, target="unrolled", memory=1000)
    assert advice.guaranteed and isinstance(advice.estimator, qm.Surrogate)
    assert advice.products < 600
    exact = outer.gradient([0.0])
    found = qm.hypergradient(outer, [0.0], advice.estimator).value
    assert abs(found - exact) < 1e-3 * abs(exact)


@pytest.mark.parametrize("steps, degree", [(3, 0), (8, 4), (40, 12), (40, 30)])
def test_what_is_cut_of_the_series_has_a_bound(steps, degree):
    c = filters.chebyshev_series(steps, steps - 1)[degree + 1 :]
    k = np.arange(degree + 1, steps)
    for exact, bound in zip((c.sum(), c @ k**2), cut_weights(steps, degree), strict=True):
        assert exact <= bound <= 400 * exact + 1e-12


def outer_of(problem, steps=200, step_size=1.0):
    return qm.OuterLoss(problem, qm.GradientDescent(steps, step_size=step_size))


def test_an_unfinished_run_is_said_to_be_one():
    problem = qm.Coupled.random(np.geomspace(0.01, 1, 50), h=2, seed=0)
    advice = qm.advise(outer_of(problem), [0.1, -0.2], error=1e-3)
    assert not advice.guaranteed and advice.bound > 1e-3
    more = int(advice.reason.split("helps, ")[1].split(" more")[0])
    finished = qm.advise(outer_of(problem, 200 + more), [0.1, -0.2], error=1e-3)
    assert finished.guaranteed
    less = qm.advise(outer_of(problem, 200 + more // 2), [0.1, -0.2], error=1e-3)
    assert not less.guaranteed


def test_an_error_below_rounding_is_not_guaranteed():
    problem = qm.Coupled.random(np.geomspace(0.01, 1, 50), h=2, seed=0)
    advice = qm.advise(outer_of(problem, 10_000), [0.1, -0.2], error=1e-15)
    assert not advice.guaranteed and "rounding" in advice.reason


def test_memory_decides():
    problem = qm.Coupled.random(np.geomspace(0.01, 1, 100), h=2, seed=0)
    outer = outer_of(problem, 4000)
    names = [
        type(qm.advise(outer, [0.1, -0.2], error=1e-3, memory=memory).estimator).__name__
        for memory in (1, 2, 3, 100)
    ]
    assert names == ["Neumann", "Neumann", "ChebyshevInverse", "ChebyshevInverse"]
    fast = qm.advise(outer, [0.1, -0.2], error=1e-9, memory=100)
    slow = qm.advise(outer, [0.1, -0.2], error=1e-9, memory=99)
    assert (fast.products, slow.products) == (101, 107)
    diverging = outer_of(problem, 4, step_size=2.5)
    with pytest.raises(ValueError, match="memory = 1 .*pass memory >= 3"):
        qm.advise(diverging, [0.1, -0.2], error=1e-3, memory=1)


def test_what_is_expected_may_be_cheaper():
    lam = np.concatenate([[100.0, 70.0, 30.0], np.linspace(0.5, 1, 60)])
    problem = qm.Coupled.random(lam, h=2, seed=0)
    outer = outer_of(problem, 5000, 0.01)
    sure = qm.advise(outer, [0.1, -0.2], error=1e-3)
    likely = qm.advise(outer, [0.1, -0.2], error=1e-3, expected=True)
    assert sure.guaranteed and not likely.guaranteed
    assert 3 * likely.products < sure.products
    assert (
        Try(outer, np.array([0.1, -0.2]), {"target": "implicit"}).measured(likely.estimator) < 1e-3
    )


def test_what_is_not_covered_is_refused_with_the_remedy():
    singular = qm.Coupled(np.diag([0.0, 1.0]), np.eye(2), [0.0, 1.0], np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="singular .* add a ridge, or take target='unrolled'"):
        qm.advise(outer_of(singular), [0.0, 0.0], error=0.1)
    assert qm.advise(outer_of(singular), [0.0, 0.0], error=0.1, target="unrolled").guaranteed
    curved = qm.LogCosh.random(P=3, h=2, seed=0)
    with pytest.raises(ValueError, match="not quadratic.*pass low and high or kappa"):
        qm.advise(outer_of(curved), [0.0, 0.0], error=0.1)
    advice = qm.advise(outer_of(curved), [0.0, 0.0], error=0.1, low=0.2, high=2.0)
    assert not advice.guaranteed and "solve alone" in advice.reason
    by_kappa = qm.advise(outer_of(curved), [0.0, 0.0], error=0.5, kappa=2.0)
    assert not by_kappa.guaranteed
    with pytest.raises(ValueError, match="kappa = 10 is given beside low or high"):
        qm.advise(outer_of(curved), [0.0, 0.0], error=0.1, low=0.2, high=2.0, kappa=10)


def test_an_answer_is_one_line_and_a_table():
    problem = qm.Coupled.random(np.geomspace(0.01, 1, 200), h=2, seed=0)
    advice = qm.advise(outer_of(problem, 4000), [0.1, -0.2], error=1e-3)
    assert repr(advice) == (
        "Advice(ChebyshevInverse(budget=38), 38 products, error 0.00098 guaranteed)"
    )
    assert "<td>ChebyshevInverse(budget=38)</td>" in advice._repr_html_()


def test_a_cut_run_keeps_what_its_bound_needs():
    """Where H moves with alpha, K + 1 >= 1 / (eta mu)."""
    X, y = np.diag([2.0, 1.5, 1.0, 0.8]), np.ones(4)
    problem = qm.Ridge((X, y), (X, -y))
    advice = qm.advise(outer_of(problem, 1000, 0.8), [0.01], error=0.85, target="unrolled")
    rate = 1 - 0.8 * (0.64 / 4 + 0.01)
    assert solves.neumann_products(rate, 0.85) == 2
    assert advice.estimator == qm.Truncated(K=solves.kept_least(rate)) == qm.Truncated(K=7)


def test_nothing_is_relative_to_a_gradient_that_is_zero():
    of = qm.Coupled.random([0.1, 0.5, 1.0], h=2, seed=0)
    still = qm.Coupled(of.hessian, of.cross, of.linear, 0 * of.hessian, np.zeros(3))
    outer = qm.OuterLoss(still, qm.GradientDescent(steps=10, step_size=1.0))
    for target in ("implicit", "unrolled"):
        advice = qm.advise(outer, [0.1, 0.2], error=0.1, target=target)
        assert not advice.guaranteed
        assert "no relative error has a bound" in advice.reason


def test_powers_below_the_range_are_no_failure():
    of = qm.Coupled.random([0.1, 0.5, 0.999], h=2, seed=0)
    outer = qm.OuterLoss(of, qm.GradientDescent(steps=400, step_size=1.0))
    with np.errstate(all="raise"):
        advice = qm.advise(outer, [0.1, 0.2], error=0.1, target="unrolled")
        qm.certified(outer, [0.1, 0.2], advice.estimator)
    assert advice.guaranteed


def at_the_minimum(lam, step_size):
    """A finished run of any step size: it starts at its minimum."""
    problem = qm.Coupled.random(lam, h=2, seed=0)
    alpha = np.array([0.1, -0.2])
    inner = problem.at(alpha)
    w = np.linalg.solve(inner.H, inner.B).ravel()
    return Try(outer_of(problem, 3, step_size), alpha, {"target": "implicit"}), w


@pytest.mark.parametrize("step_size", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("least", [0.5, 1e-3, 1e-7])
def test_a_short_step_size_costs_digits(least, step_size):
    """Products with I - eta H round relative to 1: the bound has that, or the reason says that the
    solve may refuse.
    """
    question, w = at_the_minimum(np.geomspace(least, 2, 20), step_size)
    for error in (1e-3, 1e-6, 1e-9):
        advice = qm.advise(question.outer, question.alpha, error=error, start=w)
        if "it may refuse" in advice.reason:
            assert not advice.guaranteed
            assert 20 * np.finfo(float).eps / (step_size * least) > 1e-7
            continue
        off = question.measured(advice.estimator, start=w)
        assert off <= advice.bound + REFERENCE
        assert not advice.guaranteed or advice.bound <= error


def test_rounding_of_a_short_step_is_seen():
    """Far more than that of H itself, and below the bound."""
    question, w = at_the_minimum([0.5, 1.0, 2.0], 1e-9)
    advice = qm.advise(question.outer, question.alpha, error=1e-4, start=w)
    assert advice.guaranteed
    assert 1e-10 < question.measured(advice.estimator, start=w) < advice.bound < 1e-5


def test_what_refuses_is_said_to():
    question, w = at_the_minimum(np.geomspace(1e-7, 1, 40), 1e-3)
    advice = qm.advise(question.outer, question.alpha, error=1e-3, start=w)
    assert not advice.guaranteed and "take outer.implicit(alpha)" in advice.reason
    with pytest.raises(ValueError, match="singular to working accuracy"):
        qm.hypergradient(question.outer, question.alpha, advice.estimator, start=w)
    # through the run another one is taken
    long = qm.OuterLoss(question.outer.problem, qm.GradientDescent(10_000, step_size=1e-3))
    other = qm.advise(long, question.alpha, error=1e-3, target="unrolled", start=w)
    assert other.guaranteed
    qm.hypergradient(long, question.alpha, other.estimator, start=w)


@pytest.mark.parametrize(
    "optimizer",
    [
        qm.L2Decay(qm.GradientDescent(1, 1e-6), decay=10.0),
        qm.L2Decay(qm.HeavyBall(100, step_size=0.1, momentum=0.1), decay=10.0),
        qm.DecoupledDecay(3, step_size=1e-6, momentum=0.0, decay=1e-5),
        qm.DecoupledDecay(500, step_size=0.3, momentum=0.2, decay=0.05),
    ],
    ids=repr,
)
def test_a_weight_decay_is_a_ridge(optimizer):
    """The minimum is that of ``OuterLoss.implicit``, also where the run has not left another."""
    question, w = at_the_minimum([0.5, 1.0, 2.0], 1.0)
    outer = qm.OuterLoss(question.outer.problem, optimizer)
    exact = outer.implicit(question.alpha)
    advice = qm.advise(outer, question.alpha, error=1e-3, start=w)
    found = qm.certified(outer, question.alpha, advice.estimator, start=w)
    assert (np.abs(found.value - exact) <= found.bound).all()
    finished = optimizer.steps > 3
    assert advice.guaranteed == finished
    assert (np.abs(found.value - exact).max() < 1e-3) == finished
