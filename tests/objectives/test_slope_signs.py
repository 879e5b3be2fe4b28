"""Signs of dJ/d eta from a few short values: never wrong, mostly certain, and the minima they
lead to.
"""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.chebyshev import REACH, RHO, interpolated, needed, nodes
from quadmeta.objectives.parts.minima import rising
from quadmeta.objectives.parts.short_losses import short_loss
from quadmeta.objectives.parts.slope_signs import ShortSlopes

OUTER = [qm.TrainByValidation, qm.PopulationRisk]
# (n, d, tasks, sigma)
SHAPES = [(5, 1, 1, 1.0), (20, 5, 3, 0.0), (10, 30, 2, 0.5)]


def draw(n, d, tasks, sigma, seed=0):
    return qm.LeastSquares.draw(n, d, sigma, seed=seed, validation=7, tasks=tasks)


def sketch(objective):
    """What the objective searches with."""
    problem = objective.problem
    lam = problem.modes().eigenvalues
    lam = lam.reshape(-1, lam.shape[-1])
    T = objective.optimizer.steps
    loss = short_loss(problem.outer(objective.outer), -T * lam / lam.max())
    return ShortSlopes(loss, lam if loss.apart else lam.reshape(1, -1), T)


def places(objective):
    """Step sizes over all scales, next to 0, 1, 2 and beyond, times 1 / L."""
    T = objective.optimizer.steps
    ends = np.geomspace(1e-6 / T, 1, 40)
    x = [np.geomspace(1e-7 / T, 4, 60), 2 - ends, 2 + ends, 1 - ends, [0, 1, 2, 2.5, 4]]
    return np.unique(np.concatenate(x)) / objective.problem.modes().eigenvalues.max()


def wrong(objective, short):
    """How many signs and values are not what they are said to be."""
    eta = places(objective)
    sign = short.signs(eta)
    want = objective.gradient(eta).sign
    stable = eta[eta * objective.problem.modes().eigenvalues.max() <= 2]
    value, error = short.value(stable)
    exact = objective(stable)
    exact = exact.sign * np.exp(np.maximum(exact.log, -700))
    rises = np.array([short.rises(x) for x in eta[-3:]])
    above = np.where(objective(eta[-3:]) > objective(0.0), 1, -1)
    return (
        int((sign * want < 0).sum())
        + int((np.abs(value - exact) > error).sum())
        + int((rises * above < 0).sum())
    )


@pytest.mark.parametrize("T", [1, 2, 9, 40, 1000, 10**6])
@pytest.mark.parametrize("shape", SHAPES)
def test_signs_and_values_are_never_wrong(T, shape):
    for cls in OUTER:
        objective = cls(draw(*shape), qm.GradientDescent(T))
        assert wrong(objective, sketch(objective)) == 0


@pytest.mark.parametrize("mistake", ["bound", "slope", "value"])
def test_planted_mistakes_are_seen(mistake):
    objective = qm.TrainByValidation(draw(20, 5, 3, 0.0), qm.GradientDescent(40))
    short = sketch(objective)
    if mistake == "bound":
        short.rounding = 1e-30
    else:
        lam = objective.problem.eigenvalues
        loss = short_loss(objective.problem.outer("validation"), -40 * lam / lam.max())
        right = getattr(loss, mistake)
        setattr(loss, mistake, lambda *given: right(*given) - 1e-9)
        short = ShortSlopes(loss, lam, 40)
    assert wrong(objective, short) > 0


@pytest.mark.parametrize("cls", OUTER)
def test_few_values_settle_ordinary_problems(cls):
    objective = cls(draw(10, 30, 4, 0.5), qm.GradientDescent(40))
    calls = []
    gradient = type(objective).gradient

    class Counted(cls):
        def gradient(self, theta):
            calls.append(np.size(theta))
            return gradient(self, theta)

    counted = Counted(objective.problem, objective.optimizer)
    assert counted.minimizer() == objective.minimizer()
    assert sum(calls) <= 40


@pytest.mark.parametrize("cls", OUTER)
@pytest.mark.parametrize("T", [4, 37])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_minimum_is_that_of_a_grid_by_accurate_values(cls, T, shape):
    objective = cls(draw(*shape, seed=T), qm.GradientDescent(T))
    edge = 2 / objective.problem.modes().eigenvalues.max()
    ends = np.geomspace(1e-3 / T, 1, 60)
    grid = np.unique(np.concatenate([[0], ends, np.linspace(0, 1, 60), 1 - ends / 2])) * edge
    sign = objective.gradient(grid).sign
    k = np.flatnonzero((sign[:-1] < 0) & (sign[1:] >= 0))
    want = np.array([rising(objective.gradient, *grid[i : i + 2]) for i in k])
    want = np.append(want, grid[:1][sign[:1] >= 0])
    values = objective(want)
    best = want[np.lexsort((values.sign * np.maximum(values.log, -1e9), values.sign))[0]]
    assert objective.minimizer() == pytest.approx(best, rel=1e-13 * T)


def test_a_minimum_of_value_0_is_described():
    problem = qm.LeastSquares.from_data(np.eye(1), [2.0], validation=(np.eye(1), [1.0]))
    objective = qm.TrainByValidation(problem, qm.GradientDescent(1))
    found = objective.minima()
    assert found.step_size == [0.5] and found.value.sign == [0]
    assert found.flat == (0.5, np.nextafter(0.5, 1))


def test_a_rise_is_found_to_the_last_bit_however_bent():
    for root in (1e-300, 0.7, 3.0):
        for bend in (1, 3, 9):

            def slope(x, root=root, bend=bend):
                return qm.SignLog.of(np.sign(x - root) * np.abs(x / root - 1) ** bend)

            assert rising(slope, root / 8, 2 * root) == root
            assert rising(slope, 0.0, 2 * root) == root


def test_interpolants_are_as_close_as_their_bounds_say():
    for pole in (1.05, 1.5, 4.0):
        # 1 / (pole - x) is at most 1 / (pole - REACH) on an ellipse
        with np.errstate(all="ignore"):
            bound = np.where(REACH < pole, -np.log(np.maximum(pole - REACH, 1e-9)), np.inf)
        n = needed(bound + np.log(1e10))
        x = np.concatenate([np.linspace(-1, 1, 77), nodes(n)[:3]])
        found = interpolated(1 / (pole - nodes(n)), x)
        error = np.abs(found - 1 / (pole - x)).max()
        assert error <= 1e-10 and error > 1e-10 / (1e4 * n)
    assert needed(np.full(len(RHO), np.inf)) == 10**9
