"""The figure on schedules: its claims, controls, its oracles in high precision, what is drawn."""

import mpmath
import numpy as np
import pytest

import quadmeta as qm
from experiments.schedules import krylov
from experiments.schedules.checks import minima
from experiments.schedules.rows import LAST_BIT, instance
from quadmeta.harness.results import from_csv
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 6
    assert all(ax.get_xlabel() and ax.get_lines() for ax in fig.axes)
    assert all(ax.get_ylabel() for k, ax in enumerate(fig.axes) if k != 1)
    words = " ".join(text.get_text() for ax in fig.axes for text in ax.texts)
    found = minima(from_csv(table))
    assert (
        f"heavy ball:\n{found['heavy ball']} minima" in words
        and "1 minimum" in words
        and "index 7" in words
    )


def plus(x):
    return lambda value: None if value is None else value + x


def scaled(x):
    return lambda value: None if value is None else x * value


CASES = {
    "not at the saddle": (
        {"measured": plus(1e-6)},
        {"part": "descent", "kind": "constant", "index": 7},
        "off its st",
    ),
    "plain, not at the saddle": (
        {"measured": plus(-1e-6)},
        {"part": "descent", "kind": "plain, constant", "index": 7},
        "off its stat",
    ),
    "another index": (
        {"index": lambda x: 6},
        {"part": "descent", "kind": "constant", "index": 7},
        "Morse index 6",
    ),
    "a bad minimum": (
        {"measured": plus(0.1)},
        {"part": "descent", "kind": "nearly constant", "index": 0},
        "off its",
    ),
    "a saddle instead": (
        {"index": lambda x: 1},
        {"part": "descent", "kind": "random 0", "index": 0},
        "Morse index 1",
    ),
    "plain descent arrives": (
        {"measured": lambda x: -2.0},
        {"part": "descent", "kind": "plain, random"},
        "arrived",
    ),
    "below the minimum": (
        {"measured": plus(-1)},
        {"part": "descent", "kind": "random 0", "index": None},
        "beats",
    ),
    "no gap": (
        {"measured": lambda x: -2.0, "theory": lambda x: -2.0},
        {"part": "descent", "index": 7},
        "no worse",
    ),
    "steps elsewhere": (
        {"measured": scaled(1 + 1e-8)},
        {"part": "root", "kind": "digits", "x": 3},
        "inverse Ritz",
    ),
    "no minimum": ({"index": lambda x: 1}, {"part": "root", "kind": "geometric"}, "inverse Ritz"),
    "not Chebyshev's": (
        {"other": scaled(1 + 1e-11)},
        {"part": "root", "kind": "chebyshev", "x": 2},
        "away",
    ),
    "run off": (
        {"measured": plus(1e-8)},
        {"part": "horizon", "kind": "heavy ball", "T": 8},
        "run and closed",
    ),
    "another least loss": (
        {"theory": plus(1e-8), "measured": plus(1e-8)},
        {"part": "horizon", "kind": "conjugate gradients", "T": 1},
        "below the least",
    ),
    "runs beat the least loss": (
        {"measured": plus(-1.5)},
        {"part": "horizon", "kind": "conjugate gradients", "T": 32},
        "below the least",
    ),
    "no use of momentum": (
        {"measured": lambda x: -1.3, "theory": lambda x: -1.3},
        {"part": "horizon", "kind": "Nesterov", "T": 8},
        "does not help",
    ),
    "Chebyshev wins early": (
        {"measured": lambda x: -1.5, "theory": lambda x: -1.5},
        {"part": "horizon", "kind": "Chebyshev", "T": 8},
        "Chebyshev against",
    ),
    "rounding not as predicted": (
        {"other": plus(4)},
        {"part": "horizon", "kind": "schedule", "T": 32},
        "predicted",
    ),
    "less growth": (
        {"theory": plus(-5)},
        {"part": "order", "kind": "rising", "T": 64},
        "error against growth",
    ),
    "a bad order": (
        {"measured": plus(1.0), "theory": plus(1.0)},
        {"part": "order", "kind": "Lebedev-Finogenov", "T": 8},
        "error of",
    ),
    "a good order": (
        {"measured": lambda x: -15.0, "theory": lambda x: -14.0},
        {"part": "order", "kind": "falling", "T": 128},
        "orders",
    ),
    "unrolled G off": (
        {"measured": plus(1e-11)},
        {"part": "ripple", "kind": "Nesterov"},
        "unrolled G",
    ),
    "one minimum with momentum": (
        {"other": lambda x: 1.0},
        {"part": "ripple", "kind": "heavy ball"},
        "local minima",
    ),
    "bound violated": (
        {"theory": scaled(0.5)},
        {"part": "slope", "kind": "gradient descent", "T": 10},
        "bound of",
    ),
    "a loosened bound": (
        {"theory": scaled(1.001)},
        {"part": "slope", "kind": "gradient descent", "T": 1},
        "bound of",
    ),
    "a loose limit": (
        {"theory": scaled(1.05)},
        {"part": "slope", "kind": "gradient descent", "T": 1000},
        "loose",
    ),
    "another rate": (
        {"theory": scaled(1.05)},
        {"part": "slope", "kind": "heavy ball", "T": 1000},
        "linear law",
    ),
    "another rate, Nesterov": (
        {"theory": scaled(0.7)},
        {"part": "slope", "kind": "Nesterov", "T": 1000},
        "linear law",
    ),
}


@pytest.mark.parametrize(
    "change, where, message", [pytest.param(*case, id=name) for name, case in CASES.items()]
)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


@pytest.mark.parametrize("kind", ["chebyshev", "geometric"])
def test_least_loss_and_ritz_values_in_high_precision(kind):
    """The kernel is the loss at the Ritz values; on Chebyshev's instance both are closed forms."""
    problem, T = instance(kind), 6
    objective, theta = qm.LogObjective(problem, qm.Schedule(T)), krylov.ritz(problem, T)
    least = krylov.least(problem, T) + krylov.start_loss(problem)
    assert T * objective(1 / theta) / np.log(10) == pytest.approx(least, abs=1e-12)
    np.testing.assert_allclose(np.sort(1 / theta), objective.minimizer(), rtol=1e-11)
    roots, value = (
        qm.schedules.chebyshev(0.01, 1.0, T),
        qm.schedules.chebyshev_instance(0.01, 1.0, 24).log_minima[T],
    )
    same = kind == "chebyshev"
    assert np.allclose(np.sort(1 / theta), roots, rtol=1e-12) == same
    assert (abs(least - value / np.log(10)) < 1e-12) == same


def test_mean_square_of_the_last_bit():
    """Relative rounding errors of float64, for numbers spread evenly in log."""
    with mpmath.workdps(40):
        x = [mpmath.mpf(2) ** mpmath.mpf(u) for u in np.random.default_rng(0).uniform(-3, 5, 4000)]
        errors = np.array([float((mpmath.mpf(float(v)) - v) / v) for v in x])
    assert np.mean(errors**2) == pytest.approx(LAST_BIT, rel=0.06)


def test_runs_of_conjugate_gradients_minimise_over_thekrylov_space():
    problem, T = instance("digits"), 3
    w, e_0 = krylov.conjugate_gradients(problem, T), problem.start - problem.minimizer
    basis = [problem.hessian @ e_0]
    for _ in range(T - 1):
        basis.append(problem.hessian @ basis[-1])
    slopes = [v @ problem.gradient(w) / np.linalg.norm(v) for v in basis]
    assert np.abs(slopes).max() < 1e-13 * np.linalg.norm(problem.gradient(problem.start))
    assert abs(basis[-1] @ problem.hessian @ problem.gradient(w)) > 1e-3 * np.linalg.norm(
        problem.gradient(w)
    )
