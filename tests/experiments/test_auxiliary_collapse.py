"""The figure on learned auxiliary weights: its claims hold, fail on altered tables, and no text
collides.
"""

import numpy as np
import pytest

from experiments.auxiliary_collapse.rows import example
from experiments.auxiliary_collapse.weights import Pencil, filtered
from quadmeta.training.optimal_weights import curvature, outer_loss
from tests.helpers import altered, drawn

pytest.importorskip("sklearn")


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 4
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


def both(alter):
    """The same change of run and closed form."""
    return {"measured": alter, "theory": alter}


PATH = {"part": "path"}
CASES = {
    "a path off its recursion": (
        {"theory": lambda x: x + 1e-7},
        PATH | {"name": "Neumann"},
        "closed form",
    ),
    "slower than the bound": (
        {"bound": lambda x: x / 2},
        PATH | {"name": "joint"},
        "slower than its bound",
    ),
    "training set slower": (
        {"bound": lambda x: x / 10},
        PATH | {"name": "training set"},
        "slower than its bound",
    ),
    "below the lower bound": (
        {"bound": lambda x: x + 0.6},
        PATH | {"name": "consistent"},
        "below its bound",
    ),
    "a vacuous lower bound": (
        {"bound": lambda x: x - 1},
        PATH | {"name": "consistent"},
        "says nothing",
    ),
    "joint training stays": (
        both(lambda x: x + 1e-3) | {"bound": lambda x: x + 1},
        PATH | {"name": "joint"},
        "0 after",
    ),
    "no collapse on the training set": (
        both(lambda x: x + 1e-8) | {"bound": lambda x: 3.0},
        PATH | {"name": "training set"},
        "keeps the weight",
    ),
    "the weight grows first": (
        both(lambda x: 2.01) | {"bound": lambda x: 3.0},
        PATH | {"name": "training set", "x": 2},
        "it grows",
    ),
    "another end": ({"limit": lambda x: 1.01 * x}, PATH | {"name": "implicit"}, "implicit ends at"),
    "held-out loss rises": (
        {"excess": lambda x: 1 - x},
        PATH | {"name": "implicit"},
        "held-out loss turns",
    ),
    "truncation lowers the loss": (
        {"excess": lambda x: 1 - x},
        PATH | {"name": "Neumann"},
        "held-out loss turns",
    ),
    "no bias": (
        both(lambda x: 2.0) | {"limit": lambda x: 2.0},
        PATH | {"name": "Neumann"},
        "not on both sides",
    ),
    "another cost": (
        {"hvps": lambda x: 2 * x},
        PATH | {"name": "Neumann"},
        "Neumann: a step costs",
    ),
    "another root": (
        {"theory": lambda x: x + 1e-6},
        {"part": "fixed", "parameter": 3},
        "closed form",
    ),
    "another loss": (
        {"excess": lambda x: 1.001 * x},
        {"part": "fixed", "parameter": 3},
        "excess of J = 3",
    ),
    "another first order": (
        {"first": lambda x: x - 0.01},
        {"part": "fixed", "parameter": 256},
        "first order is off",
    ),
    "another second order": (
        {"excess_first": lambda x: 2 * x},
        {"part": "fixed", "parameter": 256},
        "first order is",
    ),
    "first order at once": ({"first": lambda x: 0.5}, {"part": "fixed", "parameter": 0}, "already"),
    "a longer series is worse": (
        {"excess": lambda x: 0.01, "excess_theory": lambda x: 0.01, "excess_first": lambda x: 0.01},
        {"part": "fixed", "parameter": 3},
        "longer series",
    ),
    "a filter": (
        {"theory": lambda x: x + 1e-7},
        {"part": "filter", "name": "implicit"},
        "closed form",
    ),
    "no sign turns": (
        both(abs),
        {"part": "filter", "name": "Neumann", "parameter": 3},
        "sign of J = 3",
    ),
    "an even J turns": (
        both(lambda x: -x),
        {"part": "filter", "name": "Neumann", "parameter": 4},
        "sign of J = 4",
    ),
    "not the best weights": (
        {"measured": lambda x: x + 1e-5},
        {"part": "digits", "name": "implicit"},
        "closed form",
    ),
    "digits stay": (
        {"inner": lambda x: 1000},
        {"part": "digits", "name": "joint"},
        "joint training, digits",
    ),
    "tasks do not help": (
        {"test": lambda x: 0.5},
        {"part": "digits", "name": "implicit"},
        "test loss of exact",
    ),
    "loss of J = 3": (
        {"outer": lambda x: 0.01},
        {"part": "digits", "name": "Neumann"},
        "outer loss of exact",
    ),
    "held-out data in vain": (
        {"test": lambda x: 1.0},
        {"part": "digits", "name": "pooled"},
        "no better",
    ),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_truncation_hidden_by_equal_weights_fails(figure, table):
    rows = altered(table, {}, {"part": "digits", "name": "Neumann"})
    best = {
        (row["seed"], row["x"]): row["measured"]
        for row in rows
        if (row["part"], row["name"]) == ("digits", "implicit")
    }
    for row in rows:
        if (row["part"], row["name"]) == ("digits", "Neumann"):
            row["measured"] = row["theory"] = best[row["seed"], row["x"]]
    with pytest.raises(AssertionError, match="J = 3 finds"):
        figure.check(rows)


def test_the_closed_forms_of_one_task_are_derivatives_and_minima():
    problem, best = example()
    pencil = Pencil(problem)
    assert abs(pencil.slope(best)) < 1e-7 and best == pytest.approx(3.0488, abs=1e-4)
    own = Pencil(type(problem)(problem.main, problem.tasks, problem.main))
    for phi in (0.0, 0.3, 2.0):
        at = np.array([phi])
        psi_z = problem.at(at).minimizer.ravel()
        assert pencil.loss(phi) == pytest.approx(problem.losses(psi_z)[1], rel=1e-12)
        assert pencil.excess(phi) - pencil.excess(best) == pytest.approx(
            outer_loss(problem, at) - outer_loss(problem, np.array([best])), rel=1e-10
        )
        assert own.slope(phi) == pytest.approx(phi * own.chi(phi), rel=1e-11, abs=1e-14)
        nu = 1 / problem.at(at).spectrum[0][-1]
        assert filtered(problem, phi, nu, 20000)[0] == pytest.approx(pencil.slope(phi), rel=1e-10)
        assert abs(filtered(problem, phi, nu, 3)[0] / pencil.slope(phi) - 1) > 0.1
    h = 1e-4
    bend = (pencil.slope(best + h) - pencil.slope(best - h)) / (2 * h)
    assert bend == pytest.approx(curvature(problem, np.array([best]))[0, 0], rel=1e-6)
