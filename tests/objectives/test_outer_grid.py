"""Scans of outer losses: the stated error, 4 T eps of the sum of magnitudes, and mistakes that
break it.
"""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.scan import short_power
from quadmeta.objectives.parts import outer_grid
from quadmeta.problems.parts.losses import DenseLoss, SeparableLoss

EPS = np.finfo(float).eps
PROBLEM = qm.LeastSquares.draw(12, 9, 0.5, seed=4, tasks=2, validation=7)
WIDE = qm.LeastSquares.draw(5, 30, 0.1, seed=1, tasks=3, validation=2)
LOSSES = (qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk)


def sizes(loss, a, q, q1):
    """Sums of the magnitudes that make the loss and its derivative, (P,), of one task.

    The rounding of a counts in units of 1 / |a|.
    """
    rest = np.abs(1 - q)
    unit = 1 + 1 / np.maximum(np.abs(a), 1e-300)
    q, q1 = np.abs(q) * unit, np.abs(q1) * unit
    if isinstance(loss, SeparableLoss):
        s, c, n = np.abs(loss.signal), np.abs(loss.cross), np.abs(loss.noise)
        value = (s * q**2 + c * q * rest + n * rest**2).sum(axis=-1) + abs(loss.constant)
        return value, (2 * s * q * q1 + c * (rest + q) * q1 + 2 * n * rest * q1).sum(axis=-1)
    columns = np.abs(loss.features * loss.fitted).T
    error, first = np.abs(loss.target) + (1 + q) @ columns, q1 @ columns
    n2 = len(loss.target)
    return (error**2).sum(axis=-1) / (2 * n2), (error * first).sum(axis=-1) / n2


def excess(kind, problem, T):
    """The largest error of J and J' over the stated one, over tasks and step sizes."""
    objective = kind(problem, qm.GradientDescent(T), pooled=False)
    lam = problem.eigenvalues
    top = float(lam.max())
    eta = [0, 1e-9 / top, 1 / top, 1 / float(lam.max(axis=-1).min()), 2 / top]
    # beyond 2/L values soon leave float64
    eta = np.array([*eta, *np.geomspace(1e-3, 2 + min(1.0, 30 / T), 25) / top])[:, None]
    exact = (objective(eta), objective.gradient(eta))
    loss = problem.outer(kind.outer)
    worst = 0.0
    with np.errstate(under="ignore"):
        errors = [
            found - want.sign * np.exp(want.log)
            for found, want in zip(objective.scan(eta), exact, strict=True)
        ]
        for k, row in enumerate(lam):
            a = 1 - eta * row
            size = sizes(loss.task(k), a, a**T, T * row * a ** (T - 1))
            for error, magnitude in zip(errors, size, strict=True):
                bound = (4 * T + 20) * EPS * magnitude + 1e-290
                worst = max(worst, (np.abs(error[:, k]) / bound).max())
    return worst


@pytest.mark.parametrize("T", [1, 2, 7, 60, 1000, 10**6])
@pytest.mark.parametrize("kind", LOSSES)
def test_error_of_a_scan_is_the_stated_one(kind, T):
    for problem in (PROBLEM, WIDE):
        assert excess(kind, problem, T) <= 1


def off(b, n, out):
    """A power with an error of 1e-12."""
    power = short_power(b, n, out)
    power *= 1 + 1e-12
    return power


def late(self, q, power, scale):
    """The derivative with T in place of -T."""
    return short[type(self)](self, q, power, -scale)


short = {SeparableLoss: SeparableLoss.short, DenseLoss: DenseLoss.short}


@pytest.mark.parametrize("kind", LOSSES)
def test_a_wrong_scan_is_noticed(kind, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(outer_grid, "short_power", off)
        assert excess(kind, PROBLEM, 7) > 1
    for loss in short:
        monkeypatch.setattr(loss, "short", late)
    assert excess(kind, PROBLEM, 7) > 1
