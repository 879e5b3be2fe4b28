"""The figures on tuning by training loss or by validation: claims hold, fail on altered tables, no
text collides.
"""

import numpy as np
import pytest

from experiments import phase_diagram, train_by_train
from tests.helpers import altered, drawn, smoke_tables

MODULES = {"train_by_train": train_by_train, "phase_diagram": phase_diagram}


@pytest.fixture(scope="module")
def tables():
    """The tables of the smoke settings, as they read back from their files."""
    return smoke_tables(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_claim_holds_and_the_figure_draws_cleanly(tables, name):
    fig = drawn(MODULES[name], tables[name])
    panels = [ax for ax in fig.axes if ax.get_xlabel()]
    assert len(panels) == {"train_by_train": 6, "phase_diagram": 2}[name]
    assert all(ax.get_lines() for ax in panels) and all(ax.get_ylabel() for ax in panels[:6:2])


TRAIN = {
    "tasks off the limit": (
        {"measured": lambda x: 1.2 * x},
        {"part": "n", "method": "oracle", "tasks": 10},
        "tasks against the limit",
    ),
    "too few tasks": (
        {"error": lambda x: x if x is None else 10 * x},
        {"data": "synthetic"},
        "too few tasks",
    ),
    "a train step on another law": (
        {"step_theory": lambda x: 0.98 * x},
        {"part": "T", "method": "train", "T": 100},
        "1/T law",
    ),
    "a validated step on another law": (
        {"step_theory": lambda x: 1.1 * x},
        {"part": "T", "method": "validation", "T": 100},
        "tau",
    ),
    "another step on the tasks": (
        {"step": lambda x: x and 1.2 * x},
        {"part": "T", "method": "train", "T": 100},
        "tuned on tasks, the train",
    ),
    "training loses to nothing": (
        {"measured": lambda x: x and 1.0, "at_step": lambda x: x and 1.0},
        {"part": "T", "method": "train", "T": 100},
        "loses to not training",
    ),
    "more gain than ridge": (
        {"theory": lambda x: x - 0.1},
        {"part": "sigma", "method": "oracle"},
        "gain outside",
    ),
    "no equality at one step": (
        {"theory": lambda x: x - 1e-4},
        {"part": "T", "method": "oracle", "T": 1},
        "no equality",
    ),
    "risk below its bound": (
        {"theory": lambda x: x / 3},
        {"part": "sigma", "method": "train"},
        "outside its bounds",
    ),
    "risk above its bound": (
        {"theory": lambda x: x + 0.01},
        {"part": "T", "method": "train", "T": 100},
        "outside its bounds",
    ),
    "a gap that falls with n": (
        {"ridge": lambda x: x / 2},
        {"part": "n", "method": "train", "n": 25},
        "rise and then",
    ),
    "the optimum as printed": (
        {"ridge": lambda x: 0.5},
        {"part": "n", "method": "validation", "n": 300},
        "not beaten",
    ),
    "training wins with few": (
        {"wins": lambda x: 0.1},
        {"data": "digits", "n": 40, "method": "train"},
        "few samples",
    ),
    "validation fails with few": (
        {"measured": lambda x: 1.5},
        {"data": "diabetes", "n": 12, "method": "validation"},
        "validation loses",
    ),
    "training fails with many": (
        {"measured": lambda x: 1.1 * x},
        {"data": "digits", "n": 1024, "method": "train"},
        "many samples",
    ),
}
PHASES = {
    "border of not training": ({"worse_than_zero": lambda x: 2 * x + 0.1}, {}, "not training"),
    "border of the fair split": ({"fair_split": lambda x: 2 * x}, {}, "fair split"),
    "border of the factor 2": ({"factor_two": lambda x: 2 * x}, {}, "factor 2"),
    "better than ridge": ({"theory": lambda x: x + 0.05}, {"reading": "split"}, "against ridge"),
    "far from ridge": ({"theory": lambda x: x - 0.05}, {"reading": "split"}, "against ridge"),
    "tasks off the limit": ({"measured": lambda x: x and x + 0.2}, {}, "tasks against the limit"),
    "too few tasks": ({"error": lambda x: x and 10 * x}, {}, "too wide"),
}


@pytest.mark.parametrize(
    "name, change, where, message",
    [
        pytest.param(name, *case, id=f"{name}: {label}")
        for name, cases in (("train_by_train", TRAIN), ("phase_diagram", PHASES))
        for label, case in cases.items()
    ],
)
def test_an_altered_table_fails(tables, name, change, where, message):
    with pytest.raises(AssertionError, match=message):
        MODULES[name].check(altered(tables[name], change, where))


def test_colours_of_the_map_keep_the_order_in_grey_and_tell_both_sides_apart():
    shades = phase_diagram.colours(np.linspace(-1, 1, 41))
    grey = shades @ [0.2126, 0.7152, 0.0722]
    assert ((0 <= shades) & (shades <= 1)).all()
    assert (np.diff(grey[:21]) > 0).all() and (np.diff(grey[20:]) < 0).all()
    assert (shades[:20, 2] > shades[:20, 0]).all() and (shades[21:, 0] > shades[21:, 2]).all()
    assert grey[-1] < grey[0] - 0.1


def test_a_column_of_equal_numbers_is_left_out_though_its_deviation_is_rounding():
    X = np.column_stack([np.full(6, 0.1), np.arange(6.0)])
    assert X[:, 0].std() > 0  # the mean of six 0.1 is not 0.1
    Z, y = train_by_train.standardised(np.vstack([X, [1.0, 9.0]]), np.arange(7.0), np.arange(6))
    assert Z.shape == (7, 1) and np.abs(Z).max() < 5 and y[:6].sum() == 0
