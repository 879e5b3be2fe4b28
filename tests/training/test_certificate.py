"""The bound of implicit estimates is never crossed, and is attained on one weight."""

from fractions import Fraction

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from tests.bilevel import QUADRATIC
from tests.training.advised import drawn

ESTIMATORS = (
    qm.OneStep(),
    qm.Neumann(order=3),
    qm.ConjugateGradient(budget=3),
    qm.Implicit(),
    qm.Reverse(),
)


@pytest.mark.parametrize("seed", range(20))
def test_no_estimate_is_further_away(seed):
    question = drawn(3000 + seed)
    exact = question.outer.implicit(question.alpha)
    for estimator in ESTIMATORS:
        found = qm.certified(question.outer, question.alpha, estimator)
        same = qm.hypergradient(question.outer, question.alpha, estimator).value
        assert np.array_equal(found.value, same)
        assert (np.abs(found.value - exact) <= found.bound).all()


def test_a_finished_run_and_solve_leave_rounding_alone():
    problem = qm.Coupled.random(np.linspace(0.2, 1, 6), h=3, seed=0)
    outer = qm.OuterLoss(problem, qm.GradientDescent(400, step_size=1.0))
    found = qm.certified(outer, [0.1, 0.2, 0.3], qm.Implicit())
    assert found.bound.max() < 1e-11


def test_one_weight_attains_it():
    """Every norm is an absolute value, and here nothing cancels."""
    problem = qm.Coupled([[0.5]], [[1.0]], [0.0], [[0.25]], [-3.0], [1.0])
    outer = qm.OuterLoss(problem, qm.GradientDescent(4, step_size=0.5))
    found = qm.certified(outer, [0.0], qm.Neumann(order=2))
    off = abs(found.value - outer.implicit([0.0]))
    with_sign = abs(found.solve - found.run)
    assert np.isclose(off, found.bound, rtol=1e-12) or np.isclose(off, with_sign, rtol=1e-12)


def exact_parts(H, Hk, bk, b, H2, b2, w, x):
    """(solve, run, error) on diagonal matrices with norms by their largest entries and sums of
    absolute values, in fractions.
    """
    size = lambda v: sum(abs(entry) for entry in v)  # noqa: E731
    P = range(len(H))
    star = [b[i] / H[i] for i in P]
    g = [H2[i] * w[i] - b2[i] for i in P]
    J = [Hk[i] * w[i] - bk[i] for i in P]
    left = size([g[i] - H[i] * x[i] for i in P])
    residual = size([H[i] * w[i] - b[i] for i in P])
    mu, outer, slope = min(H), max(map(abs, H2)), max(map(abs, Hk))
    solve = max(map(abs, J)) * left / mu
    away = residual / mu
    turned = size(x) + left / mu + outer * away / mu
    run = (max(map(abs, J)) * outer / mu + slope * turned) * away
    exact = -sum((Hk[i] * star[i] - bk[i]) * (H2[i] * star[i] - b2[i]) / H[i] for i in P)
    error = abs(-sum(J[i] * x[i] for i in P) - exact)
    return solve, run, error


def test_the_formula_in_fractions():
    """|<J, x>| <= max |J| sum |x|: the same proof in another pair of norms, without a rounding."""
    rng = np.random.default_rng(0)

    def fractions(P, least):
        return [Fraction(int(x), 7) for x in rng.integers(least, 20, P)]

    nearest = 0
    for _ in range(300):
        P = int(rng.integers(1, 4))
        H = fractions(P, 1)
        others = [fractions(P, -20) for _ in range(7)]
        solve, run, error = exact_parts(H, *others)
        assert error <= solve + run
        nearest = max(nearest, error / (solve + run))
    assert nearest > Fraction(9, 10)


def test_it_is_not_vacuous():
    """On random problems the error is a tenth of the bound in the middle."""
    found = []
    for seed in range(20):
        question = drawn(3000 + seed)
        certified = qm.certified(question.outer, question.alpha, qm.Neumann(order=4))
        off = np.abs(certified.value - question.outer.implicit(question.alpha))
        found.append(np.max(off / certified.bound))
    assert np.median(found) > 0.03


def test_each_part_is_needed():
    """Without the run or the solve the bound is crossed."""
    crossed = {"solve": 0, "run": 0}
    for seed in range(20):
        question = drawn(seed)
        found = qm.certified(question.outer, question.alpha, qm.Neumann(order=4))
        off = np.abs(found.value - question.outer.implicit(question.alpha))
        crossed["solve"] += bool((off > found.run).any())
        crossed["run"] += bool((off > found.solve).any())
    assert min(crossed.values()) > 3


def test_every_quadratic_family_has_one():
    for family in QUADRATIC:
        problem, alpha = bilevel_problem(family, seed=0)
        outer = qm.OuterLoss(problem, qm.GradientDescent(30, step_size=0.01))
        found = qm.certified(outer, alpha, qm.Implicit())
        assert (np.abs(found.value - outer.implicit(alpha)) <= found.bound).all()


def test_what_it_cannot_bound_is_refused():
    curved = qm.LogCosh.random(P=3, h=2, seed=0)
    outer = qm.OuterLoss(curved, qm.GradientDescent(9, step_size=0.1))
    with pytest.raises(ValueError, match="not quadratic"):
        qm.certified(outer, [0.0, 0.0], qm.Implicit())
    rows = np.eye(3), np.ones(3)
    outer = qm.OuterLoss(qm.Ridge(rows, rows), qm.Minibatches(6, [[0, 1], [2]], [0.3, 0.2]))
    with pytest.raises(ValueError, match="batches of rows.*certify under GradientDescent"):
        qm.certified(outer, [0.1], qm.Implicit())
    singular = qm.Coupled(np.diag([0.0, 1.0]), np.eye(2), [0.0, 1.0], np.eye(2), [0.0, 1.0])
    outer = qm.OuterLoss(singular, qm.GradientDescent(9, step_size=0.1))
    with pytest.raises(ValueError, match="singular to rounding"):
        qm.certified(outer, [0.0, 0.0], qm.Neumann(order=3))
