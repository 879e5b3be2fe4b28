"""``BilevelProblem.check``: right problems pass everywhere, each planted mistake is named."""

import itertools

import numpy as np
import pytest

import quadmeta as qm

H = np.diag([0.5, 1.0, 2.0]) + 0.25
C = np.array([[1.0, 0.5], [-1.0, 2.0], [0.0, 1.0]])
N = np.array([[1.0, 0.0], [0.0, -1.0], [0.5, 0.3]])
START = np.array([0.3, -0.7, 1.1])
ALPHA = np.array([0.4, -0.3])


def mended(**changed):
    """sum log cosh(w) + w'Hw / 2 - w'C alpha, outer ||w||^2 / 2 + w'N alpha + ||alpha||^2."""
    right = {
        "inner": lambda w, a: np.logaddexp(w, -w).sum() + w @ H @ w / 2 - w @ C @ a,
        "gradient": lambda w, a: np.tanh(w) + H @ w - C @ a,
        "hvp": lambda w, a, v: v * (1 - np.tanh(w) ** 2) + H @ v,
        "mixed": lambda w, a, v: -C.T @ v,
        "jacobian": lambda w, a: -C.T,
        "outer": lambda w, a: w @ w / 2 + w @ N @ a + a @ a,
        "outer_gradient": lambda w, a: w + N @ a,
        "direct": lambda w, a: N.T @ w + 2 * a,
        "start": lambda a: START + N @ a**2,
        "start_jacobian": lambda a: 2 * a[:, None] * N.T,
        "hyperparameters": 2,
    }
    return qm.BilevelProblem.from_operators(**right | changed)


def single(array):
    return np.asarray(array, dtype=np.float32).astype(float)


HALF = np.array([1.0, 0.0, 1.0])
TURN = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
COUNT = itertools.count()
MISTAKES = {
    "finite": {"gradient": lambda w, a: np.log(w - 1)},
    "repeatable": {"gradient": lambda w, a: np.tanh(w) + H @ w - C @ a + next(COUNT)},
    "64 bits": {"gradient": lambda w, a: single(np.tanh(w) + H @ w - C @ a)},
    "gradient": {"inner": lambda w, a: 2 * np.logaddexp(w, -w).sum() + w @ H @ w / 2 - w @ C @ a},
    "no kink": {"inner": lambda w, a: abs(w - START - N @ a**2).sum() + w @ H @ w / 2 - w @ C @ a},
    "symmetric Hessian": {"hvp": lambda w, a, v: v * (1 - np.tanh(w) ** 2) + H @ v + TURN @ v},
    "hvp": {"hvp": lambda w, a, v: H @ v},
    "hvp in part": {"hvp": lambda w, a, v: HALF * (v * (1 - np.tanh(w) ** 2)) + H @ v},
    "mixed": {"mixed": lambda w, a, v: 0 * a, "jacobian": None},
    "mixed in part": {"mixed": lambda w, a, v: [1, 0] * (-C.T @ v), "jacobian": None},
    "jacobian": {"jacobian": lambda w, a: C.T},
    "outer gradient": {"outer_gradient": lambda w, a: w},
    "direct term": {"direct": lambda w, a: 2 * a},
    "direct term forgotten": {"direct": None},
    "start": {"start_jacobian": lambda a: a[:, None] * N.T},
}

DIFFERENCES = ("gradient", "hvp", "mixed")
COMPANIONS = {
    "no kink": ("gradient",),
    "symmetric Hessian": ("hvp",),
    "repeatable": DIFFERENCES,
    "64 bits": DIFFERENCES,
}
"""What else fails with a mistake."""


def test_a_right_problem_passes_everywhere():
    problem = mended()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        size = 10.0 ** rng.integers(-3, 4)
        found = problem.check(rng.standard_normal(2), size * rng.standard_normal(3), seed=seed)
        assert found.passes, found
    assert len(found.results) == 12


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_named(name):
    found = mended(**MISTAKES[name]).check(ALPHA)
    wanted = name.removesuffix(" in part").removesuffix(" forgotten")
    assert not found[wanted].passes and not found.passes, found
    assert f"FAILS: {found[wanted].meaning}" in repr(found)
    assert {check.name for check in found.failing} <= {wanted, *COMPANIONS.get(wanted, ())}


@pytest.mark.parametrize("size", [1e3, 1e5, 1e7])
def test_far_from_the_origin_a_wrong_factor_is_still_seen(size):
    start = size * START
    wrong = mended(outer_gradient=lambda w, a: 2 * w + N @ a)
    assert [check.name for check in wrong.check(ALPHA, start).failing] == ["outer gradient"]
    assert mended().check(ALPHA, start).passes


def test_rounding_of_a_start_far_out_is_not_taken_for_a_mistake():
    """A slope of 1 along a flat valley: w +- step is rounded by u |w|, and the value with it."""
    flat = 1e-6
    slope = np.array([1.0, -2.0, 0.5])
    far = 1e4 * START
    problem = mended(
        inner=lambda w, a: slope @ (w - far) + flat * (w - far) @ (w - far) / 2,
        gradient=lambda w, a: slope + flat * (w - far),
        hvp=lambda w, a, v: flat * v,
        mixed=lambda w, a, v: 0 * a,
        jacobian=None,
    )
    for seed in range(20):
        found = problem.check(ALPHA, far, seed=seed)
        assert found.passes, found


def test_a_sum_of_absolute_values_begun_at_0_has_a_kink():
    problem = mended(
        inner=lambda w, a: abs(w).sum() + w @ w / 2 - w @ C @ a,
        gradient=lambda w, a: np.sign(w) + w - C @ a,
        hvp=lambda w, a, v: v,
        start=np.zeros(3),
        start_jacobian=None,
    )
    assert [check.name for check in problem.check(ALPHA).failing] == ["no kink", "hvp"]
    assert problem.check(ALPHA, START).passes


def test_a_flat_minimum_of_fourth_order_has_none():
    problem = mended(
        inner=lambda w, a: (w**4).sum(),
        gradient=lambda w, a: 4 * w**3,
        hvp=lambda w, a, v: 12 * w**2 * v,
        mixed=lambda w, a, v: 0 * a,
        jacobian=None,
        start=np.zeros(3),
        start_jacobian=None,
    )
    found = problem.check(ALPHA)
    assert found.passes, found
    assert found.facts["quadratic in w"] is False and found.facts["alpha used by inner"] is False


def test_a_piecewise_linear_loss_with_short_numbers_passes():
    problem = mended(
        inner=lambda w, a: np.maximum(0, 1 - 2 * w).sum() / 8,
        gradient=lambda w, a: np.where(w < 0.5, -0.25, 0.0),
        hvp=lambda w, a, v: 0 * v,
        mixed=lambda w, a, v: 0 * a,
        jacobian=None,
    )
    found = problem.check(ALPHA, START)
    assert found.passes, found


def rows(n, p, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_normal(n)


NATIVE = {
    "Coupled": qm.Coupled.random([0.1, 1.0, 10.0], h=2, seed=0),
    "LogCosh": qm.LogCosh.random(P=6, h=2, seed=0),
    "Ridge": qm.Ridge(rows(8, 2, 0), rows(5, 2, 1)),
}


@pytest.mark.parametrize("name", NATIVE)
def test_problems_of_the_package_pass(name):
    found = NATIVE[name].check(np.full(NATIVE[name].hyperparameters, 0.2))
    assert found.passes, found
    assert found.facts["quadratic in w"] is (name != "LogCosh")
