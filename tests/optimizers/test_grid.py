"""Scans that leave modes out: the stated error over families with every extreme, and mistakes that
would break it.
"""

from dataclasses import replace

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers.parts import grid
from quadmeta.optimizers.parts.measure import Ladder

EPS = np.finfo(float).eps
STEPS = [1, 2, 7, 100, 999, 10**4, 10**6]


def draw(rng, tasks, d, decades):
    """Spectra over some decades, light and heavy ends, modes that are not active."""
    lam = 10.0 ** rng.uniform(-decades, 0, (tasks, d))
    omega = 10.0 ** rng.uniform(-2 * decades, 0, (tasks, d))
    omega[:, 1:-1] *= rng.random((tasks, d - 2)) < 0.8
    return qm.Quadratic.from_spectrum(lam, weights=omega, active=True)


def points(rng, lam):
    """Step sizes in order: tiny, at 1/lambda and 2/L, beyond."""
    top = lam.max()
    ends = np.array([0.0, 1e-12, 1 / top, 2 / top, *(1 / lam.ravel()[:3])])
    return np.sort(np.concatenate([ends, np.geomspace(1e-4, 5, 150) / top, rng.uniform(0, 3, 40)]))


def excess(problem, T, eta):
    """The largest error of G and G' over the stated one, all tasks and step sizes."""
    log = qm.LogObjective(problem, qm.GradientDescent(T), pooled=False)
    value, slope = log.scan(eta[:, None])
    level, first = log(eta[:, None]), log.gradient(eta[:, None])
    lam, omega = log.source.spectrum
    with np.errstate(all="ignore"):
        a = np.abs(1 - eta[:, None, None] * lam)
        score = np.log(omega) + 2 * T * np.log(a)
        pi = np.exp(score - score.max(axis=-1, keepdims=True))
        pi /= pi.sum(axis=-1, keepdims=True)
        each = np.where(pi > 0, pi / a, 0), np.where(pi > 0, pi * lam / a * (1 + 1 / a), 0)
        inverse, size = (x.sum(axis=-1) for x in each)
        inverse += np.abs(np.log(a.max(axis=-1)))
    return max(
        (np.abs(value - level) / (20 * EPS * (1 + np.abs(level) + inverse))).max(),
        (np.abs(slope - first) / (20 * T * EPS * size)).max(),
    )


@pytest.mark.parametrize("T", STEPS)
def test_modes_are_left_out_to_the_stated_error(T, monkeypatch):
    rng = np.random.default_rng(T)
    monkeypatch.setattr(grid, "_FEW", 0)
    for tasks, d, decades in ((1, 2, 0.1), (3, 6, 1), (2, 20, 3), (5, 8, 7)):
        problem = draw(rng, tasks, d, decades)
        for calls, at_once in ((2**13, 2**18), (2**6, 2**10), (1, 1)):
            monkeypatch.setattr(grid, "_CALLS", calls)
            monkeypatch.setattr(grid, "_AT_ONCE", at_once)
            assert excess(problem, T, points(rng, problem.eigenvalues)) <= 1


def one_fewer(ladder, below, above):
    """All modes but the first where it should count."""
    first, last = count(ladder, below, above)
    return np.maximum(first - 1, 0), last


def low_end(ladder, below, above):
    """No mode at the high end."""
    first, last = count(ladder, below, above)
    return first, 0 * last


count = Ladder.count


@pytest.mark.parametrize(
    ("owner", "name", "mistake"),
    [
        (grid, "_LOST", 1e-6),
        (Ladder, "count", one_fewer),
        (Ladder, "count", low_end),
    ],
)
def test_a_mode_too_few_is_noticed(owner, name, mistake, monkeypatch):
    lam = np.linspace(0.05, 1, 40)[None]
    problem = qm.Quadratic.from_spectrum(lam, weights=np.geomspace(1, 1e-3, 40)[None])
    eta = np.linspace(0.01, 2.5, 2000)
    assert excess(problem, 100, eta) <= 1
    monkeypatch.setattr(owner, name, mistake)
    assert excess(problem, 100, eta) > 1


def test_a_light_end_of_the_spectrum_keeps_the_heavy_middle(monkeypatch):
    """The end of largest |a| weighs 1e-14 of a mode that would be lost beside an equal weight."""
    monkeypatch.setattr(grid, "_FEW", 0)
    monkeypatch.setattr(grid, "_CALLS", 1)
    problem = qm.Quadratic.from_spectrum([[0.1, 0.6, 1.0]], weights=[[1e-14, 1.0, 1e-14]])
    eta = np.linspace(0.01, 3, 300)
    for T in (30, 300):
        assert excess(problem, T, eta) <= 1
    unweighted = Ladder.of

    def of(*given):
        return replace(unweighted(*given), reach=np.zeros(1))

    monkeypatch.setattr(Ladder, "of", of)
    assert excess(problem, 30, eta) > 1


def test_work_falls_as_steps_grow():
    problem = qm.Quadratic.from_spectrum(qm.spectra.linear(0.01, 1, 100), seed=0)
    eta, sizes = np.linspace(0.01, 1.9, 1000)[None], []
    ladder = qm.LogObjective(problem, qm.GradientDescent(9)).source.measure.ladder
    for T in (1, 100, 10**4, 10**6):
        found = np.zeros((1000, 100), dtype=int)
        rho = grid.largest_factor(ladder, eta)
        for _, rows, modes in grid.blocks(ladder, eta, rho, 2 * T - 1):
            found[rows, : modes.stop - modes.start] += 1
        sizes.append(found.mean())
    assert sizes[0] == 1 and sizes[1] < 0.6 and sizes[2] < 0.15 and sizes[3] < 0.1


def test_tasks_with_wide_weights_and_others_are_scanned_together():
    """Weights over 280 decades go by the accurate form, the task beside them by sums."""
    lam = np.array([[0.1, 0.4, 1.0], [0.2, 0.5, 0.9]])
    problem = qm.Quadratic.from_spectrum(lam, weights=[[1e-150, 1.0, 1e130], [1.0, 2.0, 0.5]])
    log = qm.LogObjective(problem, qm.GradientDescent(400), pooled=False)
    eta = np.linspace(0, 3, 300)[:, None]
    value, slope = log.scan(eta)
    np.testing.assert_array_equal(value[:, 0], log(eta)[:, 0])
    np.testing.assert_array_equal(slope[:, 0], log.gradient(eta)[:, 0])
    np.testing.assert_allclose(value[:, 1], log(eta)[:, 1], rtol=1e-12)
    assert log.scan(eta[:0])[0].shape == (0, 2)


@pytest.mark.parametrize("T", [10**14, 10**30, 10**300])
def test_more_steps_than_rounding_can_follow(T):
    log = qm.LogObjective(
        qm.Quadratic.from_spectrum([1.0, 3.0], weights=[1, 1]), qm.GradientDescent(T)
    )
    eta = np.array([0.1, 0.4])
    np.testing.assert_array_equal(log.scan(eta), (log(eta), log.gradient(eta)))
